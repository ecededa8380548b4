/* event_effects: what an event changes in the tables that decisions read, by what its entry says.
 *
 * Tables EVENT, GRANT, PENDING, STANDING, CROWD, STARTED and PASSBACK: the controller's projection,
 * and what a gate lays over its copy for its own events. Reads and writes tables and nothing else:
 * no clock, no park, no decision. Where a holder is: presence_now.h at the gate, headcount_store at
 * the controller.
 */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* `journal` is the sequence of the event's entry; a gate gives numbers of its own. Errors as the
 * store's. */
MUST_CHECK enum err event_effects_apply(struct store_txn *txn, uint64_t journal,
                                        const Parkgate__EventEntry *event, struct fault *fault);
/* Tables EVENT, GRANT and PENDING alone: of an own event whose rest a gate's copy has already. */
MUST_CHECK enum err event_effects_reads(struct store_txn *txn, uint64_t journal,
                                        const Parkgate__EventEntry *event, struct fault *fault);
/* Of a store of version 4: says of the grants that stand by this event when the gate acted, where
 * that was late (decide_acted_on()). Called for the journal's events in their order. */
MUST_CHECK enum err event_effects_mark_late(struct store_txn *txn, uint64_t journal,
                                            const Parkgate__EventEntry *event, struct fault *fault);
