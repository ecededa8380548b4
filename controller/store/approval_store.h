/* approval_store: what one person asked for and another one decides. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: no such number. Free with parkgate__approval_record__free_unpacked(). */
MUST_CHECK enum err approval_get(struct store_txn *txn, uint64_t number,
                                 Parkgate__ApprovalRecord **ret_record, struct fault *fault);

/* The newest request's number; 0: there is none. */
MUST_CHECK enum err approval_last(struct store_txn *txn, uint64_t *ret_number, struct fault *fault);

/* Behind *ret_number lie the newest requests that were asked at `asked_us` or later, and no other:
 * at most APPROVALS_LOOKED_AT of them. */
enum { APPROVALS_LOOKED_AT = 4096 };
MUST_CHECK enum err approval_before(struct store_txn *txn, int64_t asked_us, uint64_t *ret_number,
                                    struct fault *fault);

/* The next request after `number` (0: the first), oldest first. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err approval_next(struct store_txn *txn, uint64_t number,
                                  Parkgate__ApprovalRecord **ret_record, struct fault *fault);
