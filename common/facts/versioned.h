/* versioned: records that a staged import may replace without touching what is valid.
 *
 * Holder, credential and assignment records, and those of the watch list, carry `stage` (the import
 * or bundle that wrote them; 0: valid at once) and `previous` (the record that is valid while that
 * one is not closed). Closing an import is one record in TABLE_STAGE; no row is written again.
 */
#pragma once

#include "common/facts/tables.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

enum versioned_kind {
    VERSIONED_HOLDER,
    VERSIONED_CREDENTIAL,
    VERSIONED_ASSIGNMENT,
    VERSIONED_WATCH,
    VERSIONED_WATCH_MATCH,
    VERSIONED_WATCH_TARGET,
};

/* The record that is valid now under `key`. ERR_NOT_FOUND: none, or only an inert one.
 * Free with store_message_destroy(). */
MUST_CHECK enum err versioned_get(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                                  ProtobufCMessage **ret_record, struct fault *fault);

/* The same for a record found by an iterator. */
MUST_CHECK enum err versioned_resolve(struct store_txn *txn, enum versioned_kind kind,
                                      struct bytes key, struct bytes value,
                                      ProtobufCMessage **ret_record, struct fault *fault);

/* Writes `record`; when its stage is not 0, what is valid now is kept inside as previous, and on
 * top of that what other imports wrote that are open. `record` itself is not changed. */
MUST_CHECK enum err versioned_put(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                                  ProtobufCMessage *record, struct fault *fault);

/* The record written last under `key`, inert or not. ERR_NOT_FOUND: none. */
MUST_CHECK enum err versioned_newest(struct store_txn *txn, enum versioned_kind kind,
                                     struct bytes key, ProtobufCMessage **ret_record,
                                     struct fault *fault);

/* Is there anything under `key`, inert or not? */
MUST_CHECK enum err versioned_exists(struct store_txn *txn, enum versioned_kind kind,
                                     struct bytes key, bool *ret_exists, struct fault *fault);
