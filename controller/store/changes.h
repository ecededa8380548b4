/* changes: which rows of gates' copies each entry touched, and the digests of all of them.
 *
 * Table CHANGE is an index of the journal: it says where to look, not what was there. It reaches
 * LIMIT_CHANGES_KEPT entries back, is made anew by nothing, and is left out of `journal verify`.
 * COPY_DIGEST is a projection as any other. See common/facts/copy_rows.h.
 */
#pragma once

#include "common/facts/copy_rows.h"
#include "common/store/store.h"

/* Around the projection of one entry: begin, then record when it went well, then end. */
void changes_begin(struct store_txn *txn);
MUST_CHECK enum err changes_record(struct store_txn *txn, uint64_t sequence, struct fault *fault);
void changes_end(struct store_txn *txn);

/* Nothing is known of what entries up to *ret_floor touched; `head` is the journal's. */
MUST_CHECK enum err changes_floor(struct store_txn *txn, uint64_t head, uint64_t *ret_floor,
                                  struct fault *fault);
/* Says the floor of a store whose entries up to `floor` were written without this index. */
MUST_CHECK enum err changes_set_floor(struct store_txn *txn, uint64_t floor, struct fault *fault);

/* One touched row; `key` is borrowed for the call. */
typedef enum err change_visitor(void *ctx, enum table table, struct bytes key, struct fault *fault);
/* Visits what the entries above `after` touched, oldest first; a row comes as often as it was
 * touched. Ends behind the entry with which `limit` visits are reached; *ret_more then, and
 * *ret_upto is the last entry that was visited; else *ret_upto is the last that touched anything,
 * or `after`. The visitor must not write. */
MUST_CHECK enum err changes_walk(struct store_txn *txn, uint64_t after, size_t limit,
                                 change_visitor *visit, void *ctx, uint64_t *ret_upto,
                                 bool *ret_more, struct fault *fault);
