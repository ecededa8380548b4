/* journal: the one ordered, hash-chained list of everything that changed what is remembered.
 *
 * An entry is input and outcome (schema/record.proto). Record: 32 bytes chain hash, then the packed
 * Entry; hash = SHA-256(hash of the entry before, packed Entry); before the first stand 32 zeros.
 * The storage stays behind this interface: it is a table of the controller's store today.
 */
#pragma once

#include "common/base/clock.h"
#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

struct journal_head {
    uint64_t sequence; /* of the newest entry; 0: empty */
    struct seal_hash hash;
    struct wall time;
};

/* An empty journal has sequence 0 and an all-zero hash. */
MUST_CHECK enum err journal_head(struct store_txn *txn, struct journal_head *ret_head,
                                 struct fault *fault);

/* The oldest entry that is there; 0: the journal is empty. */
MUST_CHECK enum err journal_first(struct store_txn *txn, uint64_t *ret_sequence,
                                  struct fault *fault);

/* Appends entry under the next sequence; writes entry->sequence. Durable when the transaction is
 * committed. ERR_INPUT: over STORE_VALUE_MAX; nothing is written. */
MUST_CHECK enum err journal_append(struct store_txn *txn, Parkgate__Entry *entry,
                                   struct fault *fault);

/* The packed entry as stored, borrowed from the transaction. ERR_NOT_FOUND: no such sequence. */
MUST_CHECK enum err journal_read(struct store_txn *txn, uint64_t sequence, struct bytes *ret_packed,
                                 struct seal_hash *ret_hash, struct fault *fault);

/* The hash an entry must carry. */
struct seal_hash journal_hash(struct seal_hash before, struct bytes packed);

/* The table's index; set once by the program that lays out the store. */
extern const size_t journal_table;
