/* quarantine_store: how many refused events of each box are kept aside. They never become fewer: a
 * box with a new identity begins anew. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* Of `gate`'s box with the identity `public_key` as many are kept as may be. */
MUST_CHECK enum err quarantine_is_full(struct store_txn *txn, const char *gate,
                                       struct bytes public_key, bool *ret_full,
                                       struct fault *fault);

/* An event was refused; unless it is `unkept`, it gets a row (projections only). */
MUST_CHECK enum err quarantine_add(struct store_txn *txn, uint64_t journal,
                                   const Parkgate__EventRefused *refused, struct fault *fault);
/* Counts it alone, for a store that has the row already (migrations only). */
MUST_CHECK enum err quarantine_count(struct store_txn *txn, const Parkgate__EventRefused *refused,
                                     struct fault *fault);
