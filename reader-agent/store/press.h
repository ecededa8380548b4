/* press: the event of each press of an exit button, so that the passage behind it finds it again
 * after a restart. The last PRESSES_KEPT of a lane are kept.
 */
#pragma once

#include "reader-agent/store/batch.h"

enum { PRESSES_KEPT = 64 };

/* Where the press's event was put; it may have moved since (outbox_moved). ERR_NOT_FOUND: unknown.
 */
MUST_CHECK enum err press_get(struct agent_store *store, struct name lane, uint64_t press,
                              struct grant_id *ret_id, struct fault *fault);
/* For batch.c. */
MUST_CHECK enum err press_put(struct store_txn *txn, struct name lane, uint64_t press,
                              struct grant_id id, struct fault *fault);
