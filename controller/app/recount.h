/* recount: the headcount once more from the journal, by another way, against the tables.
 *
 * Shares no code with common/park/presence and the way it is stored: it takes every counted
 * passage of the journal, sorts them by holder and time, follows each holder with four variables,
 * and finds peaks by sorting all comings and goings. It needs memory for all passages (about 600
 * bytes each), so it runs in a process of its own on one read transaction (`parkgate headcount
 * verify`).
 */
#pragma once

#include "common/store/store.h"

enum { RECOUNT_LISTED_MAX = 100, RECOUNT_SCOPE_SIZE = 64, RECOUNT_FIELD_SIZE = 24 };

struct recount_difference {
    char scope[RECOUNT_SCOPE_SIZE]; /* "acme 2026-03-02", "zone yard", "zone yard 2026-03-02" (UTC)
                                     */
    char field[RECOUNT_FIELD_SIZE]; /* "persons", "peak_us", "kind_2", ... */
    int64_t table;
    int64_t recount;
};

struct recount_report {
    uint64_t entries;     /* of the journal */
    uint64_t passages;    /* of persons, counted */
    uint64_t figures;     /* compared */
    uint64_t differences; /* 0: all is equal. The first of them are listed */
    struct recount_difference listed[RECOUNT_LISTED_MAX];
};

/* Compares persons, entries, exits, unpaired, unsensed, kinds, present, peak and its time, and
 * entries and exits by quarter hour, of every tenant-day; persons inside of every tenant; present
 * of every zone, and its peak with time on every UTC day on which it changed. Figures that only one
 * side has are differences too.
 *
 * `store` may be read-only. Differences are an answer, not an error. ERR_CORRUPT: the journal
 * cannot be read. ERR_FULL: not enough memory. */
MUST_CHECK enum err recount_run(struct store *store, struct recount_report *ret_report,
                                struct fault *fault);

/* The same of a journal whose beginning was cut off: `base` has the tables of the newest checkpoint,
 * which holds entries up to `after`. Every figure must be what it says there, and what the passages
 * behind it change. Entries, exits and present of a tenant's days are compared by their sums of the
 * day, peaks as above where something changed. */
MUST_CHECK enum err recount_run_behind(struct store *store, struct store *base, uint64_t after,
                                       struct recount_report *ret_report, struct fault *fault);
