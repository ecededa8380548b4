/* recount_figures: what the journal says, as sorted lists. For recount only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/store/store.h"

/* A growing array of rows of one size. Zero-initialised but for row_size. */
struct pile {
    void *rows;
    size_t count, room, row_size;
};

/* A zeroed row at the end. NULL: no memory. */
void *pile_add(struct pile *pile);
void pile_clear(struct pile *pile);

enum recount_what { WHAT_ENTRY, WHAT_EXIT, WHAT_UNPAIRED, WHAT_UNSENSED };

/* Something that a tenant's day counts. */
struct tally {
    const char *tenant;
    int32_t day;
    enum recount_what what;
    uint32_t holder; /* number of the holder */
    int64_t at_us;
    uint64_t journal;
    uint32_t kind;
};

/* Somebody comes (+1) into or goes (-1) out of a tenant's day or a zone. */
struct edge {
    bool is_zone;
    const char *name;
    int32_t day; /* zones: 0 */
    int64_t at_us;
    uint64_t journal;
    int by;
};

struct recount_figures {
    uint64_t entries, passages;
    struct pile texts;   /* char *: names and zone paths, each once */
    struct pile tallies; /* struct tally, by tenant, day, what, holder, time */
    struct pile edges;   /* struct edge, by zone or not, name, day, time, journal, going first */
};

/* Reads the whole journal. On an error too, `figures` must be cleared. */
MUST_CHECK enum err recount_figures_read(struct store_txn *txn, struct recount_figures *figures,
                                         struct fault *fault);
/* What entries behind `after` change of what `base` has, the tables as of that entry: who passed
 * since is followed by the passages that `base` keeps of him (`without`), and by these and the new
 * ones (`with`). The texts of both are owned by `with`. On an error too, both must be cleared. */
MUST_CHECK enum err recount_figures_behind(struct store_txn *txn, struct store_txn *base,
                                           uint64_t after, struct recount_figures *without,
                                           struct recount_figures *with, struct fault *fault);
void recount_figures_clear(struct recount_figures *figures);
