/* view: what facts are gathered from: tables, the park, the time. Both daemons have one: the
 * controller its own tables, a gate its copy of them. */
#pragma once

#include "common/base/clock.h"
#include "common/base/tz.h"
#include "common/facts/field.h"
#include "common/park/park.h"
#include "common/seal/seal.h"
#include "common/store/store.h"

enum { VIEW_WATCH_HASHES_MAX = 8 };

struct facts_view {
    struct store_txn *txn; /* of a store with the tables of tables.h */
    const struct park *park;
    const struct tz_table *tz;
    struct wall now;
    /* Keyed hashes: of a credential by kind and canonical bytes; of a PIN by its holder and digits.
     */
    struct seal_hash (*credential_hash)(const void *ctx, uint32_t kind, struct bytes canonical);
    struct seal_hash (*pin_hash)(const void *ctx, struct handle holder, struct bytes digits);
    /* All hashes under which an entry of the watch list for such a credential may stand, and how many;
     * NULL: credential_hash() alone. */
    size_t (*watch_hashes)(const void *ctx, uint32_t kind, struct bytes canonical,
                           struct seal_hash out[VIEW_WATCH_HASHES_MAX]);
    const void *ctx;
    /* Table PASSAGE is there. Without it timed anti-passback takes any passage within its minutes
     * for an entry: stricter, never laxer. */
    bool has_passages;
    /* Table PRESENCE is there. Without it (a gate that holds counts only) what a rule asks of one
     * person's place takes its strictest value: everybody is where he must not be, and nobody where
     * he should. */
    bool has_presence;
    /* A gate that does not know the time: whatever has a schedule counts as closed. */
    bool clock_unknown;
    /* It is of the past, given back by a gate: what gates alone told of assignments counts, too. */
    bool recalled;
};
