/* hold_store: whose records are kept past their term, by whose order and until when. */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* A hold in force at `when` for this person or vehicle, the one that ends last. ERR_NOT_FOUND:
 * none. Free with parkgate__hold_record__free_unpacked(). */
MUST_CHECK enum err hold_on_holder(struct store_txn *txn, struct handle holder, struct wall when,
                                   Parkgate__HoldRecord **ret, struct fault *fault);
MUST_CHECK enum err hold_is_on(struct store_txn *txn, struct handle holder, struct wall when,
                               bool *ret, struct fault *fault);
MUST_CHECK enum err hold_get(struct store_txn *txn, uint64_t number, Parkgate__HoldRecord **ret,
                             struct fault *fault);
/* The next one behind `number`. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err hold_next(struct store_txn *txn, uint64_t number, Parkgate__HoldRecord **ret,
                              struct fault *fault);
