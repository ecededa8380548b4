/* chain_walk: chain_check over the journal of a store, whole or with its beginning cut off. */
#pragma once

#include "common/store/store.h"
#include "controller/journal/chain_check.h"

/* Begins a check where the journal begins, by the tables: the truncation, the keys that the park
 * signed with, the newest checkpoint. `anchors` as chain_check_begin(). */
MUST_CHECK enum err chain_walk_begin(struct store_txn *txn, struct chain_check *check,
                                     struct kept_anchor *anchors, size_t count,
                                     struct fault *fault);
/* Adds all entries from there on, up to this one at most. `ret_newest_us` (may be NULL): the latest
 * time that one of them has. */
MUST_CHECK enum err chain_walk(struct store_txn *txn, struct chain_check *check, uint64_t upto,
                               int64_t *ret_newest_us, struct fault *fault);
/* Is the whole journal the one that every anchor in `anchor_dir` was made of, as the audit asks?
 * ERR_CORRUPT: not; the fault says what was found. */
MUST_CHECK enum err chain_walk_whole(struct store_txn *txn, const char *anchor_dir,
                                     struct fault *fault);
