/* quarantine_store: how many refused events of each gate are kept aside. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* All zeros where none was refused. */
MUST_CHECK enum err quarantine_sum(struct store_txn *txn, const char *gate,
                                   Parkgate__QuarantineSum *ret_sum, struct fault *fault);

/* An event was refused; unless it is `unkept`, it gets a row (projections only). */
MUST_CHECK enum err quarantine_add(struct store_txn *txn, uint64_t journal,
                                   const Parkgate__EventRefused *refused, struct fault *fault);
/* Counts it alone, for a store that has the row already (migrations only). */
MUST_CHECK enum err quarantine_count(struct store_txn *txn, const Parkgate__EventRefused *refused,
                                     struct fault *fault);
