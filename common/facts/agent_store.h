/* agent_store: what the controller knows of each gate's outbox.
 *
 * Applied sequences are kept as ranges per (key, epoch), each event with its digest, so that
 * re-delivery changes nothing and a changed event is found.
 */
#pragma once

#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: the gate never enrolled. Free with parkgate__agent_record__free_unpacked(). */
MUST_CHECK enum err agent_get(struct store_txn *txn, const char *gate,
                              Parkgate__AgentRecord **ret_record, struct fault *fault);

/* The one of the next gate behind *at (empty: the first), which is moved. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err agent_next(struct store_txn *txn, struct name *at,
                               Parkgate__AgentRecord **ret_record, struct fault *fault);

/* The event as applied or refused before. ERR_NOT_FOUND: it never came. */
MUST_CHECK enum err agent_event(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                                uint64_t sequence, Parkgate__EventIndex **ret_index,
                                struct fault *fault);

/* Highest n such that all of 1..n is applied or refused for good; 0: not even the first. */
MUST_CHECK enum err agent_applied_up_to(struct store_txn *txn, struct bytes public_key,
                                        uint32_t epoch, uint64_t *ret_up_to, struct fault *fault);
/* The highest sequence of the epoch that is applied, whatever is missing below; 0: none. */
MUST_CHECK enum err agent_applied_highest(struct store_txn *txn, struct bytes public_key,
                                          uint32_t epoch, uint64_t *ret_highest,
                                          struct fault *fault);

/* Adds one sequence to the ranges (projections only). */
MUST_CHECK enum err agent_mark_applied(struct store_txn *txn, struct bytes public_key,
                                       uint32_t epoch, uint64_t sequence, struct fault *fault);

/* Key of TABLE_EVENT and, with `sequence` as first of a range, of TABLE_APPLIED. */
struct bytes agent_event_key(struct keybuf *key, struct bytes public_key, uint32_t epoch,
                             uint64_t sequence);

/* Key of TABLE_GRANT. */
struct bytes agent_grant_key(struct keybuf *key, const char *lane, uint32_t direction,
                             struct bytes credential);
