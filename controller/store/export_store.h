/* export_store: files that left, by when they are to be deleted, and who said that they are. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: no such number. Free with parkgate__export_record__free_unpacked(). */
MUST_CHECK enum err export_get(struct store_txn *txn, uint64_t number,
                               Parkgate__ExportRecord **ret, struct fault *fault);
/* The next one behind `number`. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err export_next(struct store_txn *txn, uint64_t number,
                                Parkgate__ExportRecord **ret, struct fault *fault);
