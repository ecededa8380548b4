/* sign_key_store: with which keys the park signed, and on which branch of its journal it is. Table
 * `meta`: "sign_key", u64 journal sequence -> SignKeyRecord; "branch" -> 8 bytes, "restored" ->
 * u64.
 */
#pragma once

#include "common/seal/anchor.h"
#include "common/store/store.h"

/* The one it signs with by the journal. ERR_NOT_FOUND: none was recorded yet. */
MUST_CHECK enum err sign_key_newest(struct store_txn *txn, struct sign_public *ret_key,
                                    struct fault *fault);
/* The one with this id. ERR_NOT_FOUND: it was never the park's. */
MUST_CHECK enum err sign_key_find(struct store_txn *txn, const char *id,
                                  struct sign_public *ret_key, struct fault *fault);
/* All of them, oldest first: *at is the journal sequence of the one before, to begin with 0, and
 * becomes that of this one. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err sign_key_next(struct store_txn *txn, uint64_t *at, struct sign_public *ret_key,
                                  struct fault *fault);
/* The last entry of the backup that the newest RESTORED speaks of. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err restored_backup(struct store_txn *txn, uint64_t *ret_sequence,
                                    struct fault *fault);
/* What the newest RESTORED drew; before the first, how the store's id begins. */
MUST_CHECK enum err journal_branch(struct store_txn *txn, uint8_t ret_branch[ANCHOR_BRANCH_SIZE],
                                   struct fault *fault);
