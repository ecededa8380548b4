/* pending_store: reads that wait at a lane for another one (docs/decision-rules.md, "the window").
 *
 * Table PENDING: one row a lane, direction and thing waited for. Written by the projection of
 * presentations alone, from what their entries say (EventEntry.pairing): so a replay gives the same
 * rows. A row outlives its window; who asks compares the times.
 */
#pragma once

#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

/* ERR_OK with *ret NULL: nothing was ever waited for here. Free with
 * parkgate__pending_read__free_unpacked(). */
MUST_CHECK enum err pending_get(struct store_txn *txn, struct name lane, uint32_t direction,
                                enum pending_wait wait, Parkgate__PendingRead **ret,
                                struct fault *fault);

/* What a presentation's entry does to the reads that wait at its lane (projections only). */
MUST_CHECK enum err pending_apply(struct store_txn *txn, const Parkgate__EventEntry *event,
                                  struct fault *fault);
