/* people_store: persons, vehicles, their credentials and assignments, as records that are valid
 * now.
 *
 * All `ret_*` messages are the caller's: free with parkgate__..._free_unpacked(x, NULL).
 */
#pragma once

#include "common/base/ids.h"
#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

/* Copies 16 bytes of a record's field; anything else than 16 bytes is no handle: all zero. */
struct handle people_handle(const ProtobufCBinaryData *field);
ProtobufCBinaryData people_field(const struct handle *handle);

MUST_CHECK enum err people_holder(struct store_txn *txn, struct handle holder,
                                  Parkgate__HolderRecord **ret_record, struct fault *fault);
/* The handle under which the keyed hash of an identity number or plate is known, also when its
 * record is inert (an import that was not closed): a later import goes on with it. */
MUST_CHECK enum err people_handle_of_id(struct store_txn *txn, struct bytes id_hash,
                                        struct handle *ret_holder, struct fault *fault);
MUST_CHECK enum err people_credential(struct store_txn *txn, struct bytes hash,
                                      Parkgate__CredentialRecord **ret_record, struct fault *fault);
MUST_CHECK enum err people_credential_by_handle(struct store_txn *txn, struct handle credential,
                                                Parkgate__CredentialRecord **ret_record,
                                                struct fault *fault);
MUST_CHECK enum err people_assignment(struct store_txn *txn, struct handle person,
                                      struct handle assignment,
                                      Parkgate__AssignmentRecord **ret_record, struct fault *fault);

/* Assignments of a person that are not ended and touch the days [from_day, to_day]. More than
 * LIMIT_ASSIGNMENTS_PER_PERSON are refused when they are made; the first so many are given. */
struct people_assignments {
    size_t count;
    Parkgate__AssignmentRecord *items[LIMIT_ASSIGNMENTS_PER_PERSON];
};
MUST_CHECK enum err people_assignments(struct store_txn *txn, struct handle person,
                                       int32_t from_day, int32_t to_day,
                                       struct people_assignments *ret, struct fault *fault);
/* The same with those that a gate alone gave back (told_by): for what happened before. */
MUST_CHECK enum err people_assignments_told(struct store_txn *txn, struct handle person,
                                            int32_t from_day, int32_t to_day,
                                            struct people_assignments *ret, struct fault *fault);
void people_assignments_destroy(struct people_assignments *assignments);

/* False when nothing was ever said: not suspended. */
MUST_CHECK enum err people_tenant_suspended(struct store_txn *txn, struct name tenant,
                                            bool *ret_suspended, struct fault *fault);
/* Is `tenant` among those that suspended the holder? */
bool people_suspended_by(const Parkgate__HolderRecord *holder, const char *tenant);
