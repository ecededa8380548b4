/* checkpoint_store: checkpoints of the journal, and where its beginning was cut off.
 *
 * Tables `checkpoint` and `truncation`. What a truncation removes are entries alone: tables stay as
 * the journal once gave them, and the newest checkpoint's snapshot says what that was.
 */
#pragma once

#include "common/facts/tables.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

enum { CHECKPOINT_FIRST_VERSION = 5 }; /* of the store: the first that had checkpoints */

/* The newest one. ERR_NOT_FOUND: there is none. Free with ..._free_unpacked(). */
MUST_CHECK enum err checkpoint_newest(struct store_txn *txn, Parkgate__CheckpointRecord **ret,
                                      struct fault *fault);
/* The next one below `before`, newest first (UINT64_MAX: the newest). ERR_NOT_FOUND: no more. */
MUST_CHECK enum err checkpoint_before(struct store_txn *txn, uint64_t before,
                                      Parkgate__CheckpointRecord **ret, struct fault *fault);
/* ERR_NOT_FOUND: there is none. Free with ..._free_unpacked(). */
MUST_CHECK enum err truncation_get(struct store_txn *txn, enum truncation_row row,
                                   Parkgate__TruncationRecord **ret, struct fault *fault);
