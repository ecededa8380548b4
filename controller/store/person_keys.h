/* person_keys: the keys that personal data is sealed under, in an environment of their own.
 *
 * A holder's key opens what is kept of one person or vehicle; a day key opens the unmatched reads
 * of one UTC day; an entry's key opens what one entry of the watch list says. An authority's key
 * makes hashes of identity numbers. Destroying a key erases what it sealed, while journal and counts stay whole.
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
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err person_key_delete(struct store_txn *txn, struct handle holder,
                                      struct fault *fault);
MUST_CHECK enum err day_key_get(struct store_txn *txn, int32_t day, struct seal_key *ret_key,
                                struct fault *fault);
/* Those of the days before this one. */
MUST_CHECK enum err day_keys_delete(struct store_txn *txn, int32_t before, unsigned *ret_deleted,
                                    struct fault *fault);
MUST_CHECK enum err day_key_put(struct store_txn *txn, int32_t day, const struct seal_key *key,
                                struct fault *fault);
MUST_CHECK enum err watch_key_get(struct store_txn *txn, struct handle entry,
                                  struct seal_key *ret_key, struct fault *fault);
MUST_CHECK enum err watch_key_put(struct store_txn *txn, struct handle entry,
                                  const struct seal_key *key, struct fault *fault);
/* ERR_NOT_FOUND: it was destroyed before. */
MUST_CHECK enum err watch_key_destroy(struct store_txn *txn, struct handle entry,
                                      struct fault *fault);

/* Of one candidate, until somebody decided. ERR_NOT_FOUND at a second destroying. */
MUST_CHECK enum err candidate_key_get(struct store_txn *txn, struct handle candidate,
                                      struct seal_key *ret_key, struct fault *fault);
MUST_CHECK enum err candidate_key_put(struct store_txn *txn, struct handle candidate,
                                      const struct seal_key *key, struct fault *fault);
MUST_CHECK enum err candidate_key_destroy(struct store_txn *txn, struct handle candidate,
                                          struct fault *fault);

/* Of one authority: `matching` is the station's as well, `own` is the park's alone. Who has the one
 * without the other learns nothing from the hashes that are kept. A replaced matching key begins a
 * new generation, with the same `own`. Wipe it when done. */
struct authority_keys {
    struct seal_key matching, own;
};
MUST_CHECK enum err authority_keys_get(struct store_txn *txn, const char *authority,
                                       uint32_t generation, struct authority_keys *ret_keys,
                                       struct fault *fault);
MUST_CHECK enum err authority_keys_put(struct store_txn *txn, const char *authority,
                                       uint32_t generation, const struct authority_keys *keys,
                                       struct fault *fault);
/* ERR_NOT_FOUND: it was destroyed before. */
MUST_CHECK enum err authority_keys_destroy(struct store_txn *txn, const char *authority,
                                           uint32_t generation, struct fault *fault);
