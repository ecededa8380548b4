/* erasure_store: persons and vehicles whose data are erased, and what an erasure takes from the
 * tables.
 *
 * Gone with its beginning: name and number (the holder's record becomes an empty one, marked
 * erased), credentials, assignments, clearances and their notices, visits or bookings to come, bans
 * that are over. Passages, attendance, look-ups stay under the handle for their own terms. */
#pragma once

#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: not erased. Free with parkgate__erasure_record__free_unpacked(). */
MUST_CHECK enum err erasure_get(struct store_txn *txn, struct handle holder,
                                Parkgate__ErasureRecord **ret, struct fault *fault);
/* The next one behind `after` (none: the first). ERR_NOT_FOUND: no more. */
MUST_CHECK enum err erasure_next(struct store_txn *txn, struct handle after,
                                 Parkgate__ErasureRecord **ret, struct fault *fault);

/* Those that have not ended, by their steps. */
struct erasure_place {
    uint32_t step; /* enum erasure_step */
    struct handle holder;
};
/* From *place (a step and no handle: before its first; all zero: before all) to the next one.
 * ERR_NOT_FOUND: no more, *place is as it was. */
MUST_CHECK enum err erasure_next_open(struct store_txn *txn, struct erasure_place *place,
                                      struct fault *fault);
/* The row of one of them; migration alone writes it elsewhere. */
MUST_CHECK enum err erasure_put_open(struct store_txn *txn, const Parkgate__ErasureRecord *record,
                                     struct fault *fault);
