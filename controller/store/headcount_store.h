/* headcount_store: what a passage changes in the headcount tables, and what they answer.
 *
 * Tables PASSAGE, PRESENCE, INSIDE, ATTENDANCE, DAY, MOVE, QUARTER, ZONE_NOW. The rules are pure
 * and stand in controller/core/presence.h: what a person's state is after a passage, and which
 * changes of counts that makes. This room looks up the passage's neighbours in time and writes.
 */
#pragma once

#include "common/access/civil.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* Applies one counted passage (entry->counts). Presence follows the passage that is latest by
 * captured time (journal sequence breaks ties); one that comes late changes its day's history, peak,
 * hours and revision, and never who is inside now. Deterministic: the tables depend on the entries
 * alone. */
MUST_CHECK enum err headcount_apply(struct store_txn *txn, uint64_t journal,
                                    const Parkgate__EventEntry *entry, struct fault *fault);

struct headcount_peak {
    int32_t count;
    struct wall at; /* us 0: none */
};

/* Highest number of persons of `tenant` inside at one time, among those counted for `day`. */
MUST_CHECK enum err headcount_tenant_peak(struct store_txn *txn, struct name tenant, int32_t day,
                                          struct headcount_peak *ret_peak, struct fault *fault);
/* Of a zone (its inner zones included) within [from, until). */
MUST_CHECK enum err headcount_zone_peak(struct store_txn *txn, struct name zone, struct wall from,
                                        struct wall until, struct headcount_peak *ret_peak,
                                        struct fault *fault);
