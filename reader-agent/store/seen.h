/* seen: the last SEEN_RING_SIZE event ids of each device, as keyed hashes.
 *
 * Durable, so that a device that posts again after our restart is not counted twice.
 */
#pragma once

#include "reader-agent/store/batch.h"

MUST_CHECK enum err seen_has(struct agent_store *store, struct name reader,
                             const uint8_t hash[SEEN_HASH_SIZE], bool *ret_seen,
                             struct fault *fault);
/* For batch.c. Drops the oldest of this reader when the ring is full. */
MUST_CHECK enum err seen_put(struct store_txn *txn, struct name reader,
                             const uint8_t hash[SEEN_HASH_SIZE], struct fault *fault);
