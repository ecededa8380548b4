/* watch_identity: identity numbers as authorities name them. Each is hashed under an authority's
 * matching key, as its station does it, and again under a key that the park alone has: a station
 * that gets to see a journal cannot try numbers on it. */
#pragma once

#include "common/watch/watch_entry.h"
#include "controller/app/controller.h"
#include "controller/store/person_keys.h"

/* What is kept of an authority's identity hash, and of the park's own sums. */
struct seal_hash watch_own_hash(const struct authority_keys *keys, const char *what,
                                struct bytes value);
/* Its keys of now. ERR_NOT_FOUND: they were lost with the person-key environment. */
MUST_CHECK enum err watch_authority_keys(struct controller *ctl,
                                         const Parkgate__AuthorityRecord *authority,
                                         struct authority_keys *ret, struct fault *fault);

/* Its hash as this authority would name it. False: no identity number. */
bool watch_identity_hash(const struct authority_keys *keys, const char *id_number,
                         struct seal_hash *ret);
/* An identity number as each authority would name it; in the order of their names. */
struct watch_hashes {
    size_t count;
    struct seal_hash items[LIMIT_AUTHORITIES];
};
/* `id_number` in normal form; empty: none, and no hashes. The same work whoever is listed. */
MUST_CHECK enum err watch_hashes_of(struct controller *ctl, const char *id_number,
                                    struct watch_hashes *ret, struct fault *fault);

/* The next authority behind *at (empty: the first), which is moved. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err watch_next_authority(struct store_txn *txn, struct name *at,
                                         Parkgate__AuthorityRecord **ret, struct fault *fault);
