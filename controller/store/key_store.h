/* key_store: the live key table, looked at for every message. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* By public key (32 bytes), revoked ones too. ERR_NOT_FOUND: never known. */
MUST_CHECK enum err key_get(struct store_txn *txn, struct bytes public_key,
                            Parkgate__KeyRecord **ret_record, struct fault *fault);
/* The live key of this name. */
MUST_CHECK enum err key_by_name(struct store_txn *txn, const char *name,
                                Parkgate__KeyRecord **ret_record, struct fault *fault);
