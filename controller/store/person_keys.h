/* person_keys: the keys that personal data is sealed under, in an environment of their own.
 *
 * A holder's key opens what is kept of one person or vehicle; a day key opens the unmatched reads
 * of one UTC day. Destroying a key erases what it sealed, while journal and counts stay whole.
 */
#pragma once

#include "common/base/ids.h"
#include "common/seal/seal.h"
#include "common/store/store.h"

/* ERR_NOT_FOUND: none, or destroyed. */
MUST_CHECK enum err person_key_get(struct store_txn *txn, struct handle holder,
                                   struct seal_key *ret_key, struct fault *fault);
MUST_CHECK enum err person_key_put(struct store_txn *txn, struct handle holder,
                                   const struct seal_key *key, struct fault *fault);
MUST_CHECK enum err day_key_get(struct store_txn *txn, int32_t day, struct seal_key *ret_key,
                                struct fault *fault);
MUST_CHECK enum err day_key_put(struct store_txn *txn, int32_t day, const struct seal_key *key,
                                struct fault *fault);
