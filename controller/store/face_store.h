/* face_store: which persons have a face attached, and how many there are, now and ever. */
#pragma once

#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The one row; all zero when there never was a face. Free with store_message_destroy() by way of
 * parkgate__face_count_record__free_unpacked(). */
MUST_CHECK enum err face_count_get(struct store_txn *txn, Parkgate__FaceCountRecord **ret,
                                   struct fault *fault);

/* Has this person a face attached? */
MUST_CHECK enum err face_is_attached(struct store_txn *txn, struct handle person, bool *ret,
                                     struct fault *fault);

/* --- projections --- */

/* What a credential's new record says of faces; of other kinds nothing. */
MUST_CHECK enum err face_count_credential(struct store_txn *txn,
                                          const Parkgate__CredentialRecord *record, int64_t time_us,
                                          struct fault *fault);
/* The face is forgotten with its holder. ERR_OK when there is none under this hash. */
MUST_CHECK enum err face_forget(struct store_txn *txn, struct bytes hash, struct fault *fault);
