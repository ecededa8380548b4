/* watch_change: one change of a bundle: an entry to add, renew or withdraw. */
#pragma once

#include "common/watch/watch_entry.h"

struct watch_change {
    uint32_t number; /* in the bundle, from 1 */
    enum watch_change_kind kind;
    /* add: all of it; renew: id, applicant, case_number, legal_basis, end; withdraw: id */
    struct watch_entry entry;
    struct bytes packed; /* add: the entry as it was signed; borrowed from what was read */
};

/* Reads a packed WatchChange and checks all that can be known of it alone. */
bool watch_change_read(struct bytes packed, struct watch_place place, struct watch_change *ret,
                       struct complaint *c);
/* The one form of it, into `out`; returns its size. `packed` of the change is not looked at. */
size_t watch_change_write(const struct watch_change *change, uint8_t out[LIMIT_WATCH_ENTRY_BYTES]);

/* What the park knows of an entry that is to be renewed. */
struct watch_history {
    enum watch_matcher matcher;
    struct wall end;
    uint32_t renewals;
    const char *const *cases; /* every case number it ever had */
    size_t case_count;
};

/* May it be renewed so? It must still run, must run longer afterwards, at most watch_entry_days()
 * from when the bundle was made, and needs a new case number from its second renewal on. Case
 * numbers that people would take for the same are the same (watch_text_case). */
bool watch_renewal_check(const struct watch_change *change, const struct watch_history *history,
                         struct wall made, struct complaint *c);
