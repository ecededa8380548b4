/* copy_rows: what a gate's copy holds of the tables that decisions read, row by row.
 *
 * The copy has the tables of tables.h. Rows of the replicated ones come from the controller without
 * anything personal: a row names the fields that it keeps (an allow-list: what a record gains later
 * stays out until it is named here), names, numbers, reasons, documents and sealed bytes are not
 * among them. Both daemons run this file: the controller to tell a row, the gate to take it, both
 * to sum up the digest by which they know that they hold the same.
 *
 * A gate whose lanes' rules ask for nobody's place holds counts only: see copy_class.h.
 *
 * Four things are a gate's own:
 * - Its credentials stand under hashes made with a key of its own, so a credential's row is told
 *   and summed up under its handle; the hash travels in the told value and is no part of the sum.
 * - Tables CREDENTIAL_OF and CREDENTIAL_ID are derived by the gate. PINs are not copied.
 * - Its entries of the watch list for plates and badges stand under such hashes, too, and are told
 *   under matcher and entry; TABLE_WATCH_ID says there under which. Only entries that ask somebody to
 *   the guard's desk are told, and none for whom the roster does not know.
 * - What its own events changed since (GRANT, PENDING, EVENT, and rows laid over these): not here.
 */
#pragma once

#include "common/base/ids.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/agent.pb-c.h"

enum { COPY_WATCH_KEY_SIZE = 1 + HANDLE_SIZE };

/* A row as gates are told it. */
struct copy_row {
    enum table table;
    size_t key_size, value_size;
    uint8_t key[STORE_KEY_MAX];
    uint8_t value[STORE_VALUE_MAX]; /* packed record, stripped */
};

/* The replicated tables, in the order in which a snapshot tells them. */
extern const enum table copy_tables[];
extern const size_t copy_table_count;
bool copy_replicates(uint32_t table);

/* What is told of the row that stands under `key` as `value`, in the controller's tables or in a
 * copy. `table` must be replicated (aborts). ERR_NOT_FOUND: nothing is told of it (a PIN, or what a
 * gate alone gave back). ERR_CORRUPT: the record is damaged. */
MUST_CHECK enum err copy_row_of(enum table table, struct bytes key, struct bytes value,
                                struct copy_row *ret, struct fault *fault);
/* The same for a row looked up by the key that gates know it by. ERR_NOT_FOUND: there is none (any
 * more): `gone`. */
MUST_CHECK enum err copy_row_get(struct store_txn *txn, enum table table, struct bytes told_key,
                                 struct copy_row *ret, struct fault *fault);

/* --- the digest: the sum of SHA-256 over table, key and value of each told row, in four lanes
 * modulo 2^64, so that the order of rows does not matter and a change is two additions --- */

struct copy_digest {
    uint64_t lanes[4];
    uint64_t rows;
};

void copy_digest_add(struct copy_digest *digest, const struct copy_row *row);
void copy_digest_subtract(struct copy_digest *digest, const struct copy_row *row);
bool copy_digest_equal(const struct copy_digest *a, const struct copy_digest *b);
/* As on the wire: CopyPart.digest. */
struct seal_hash copy_digest_bytes(const struct copy_digest *digest);
/* False: not 32 bytes. */
bool copy_digest_from_bytes(struct bytes bytes, uint64_t rows, struct copy_digest *ret);

/* --- a walk over all rows in slices: for a snapshot, and to sum up anew --- */

struct copy_place { /* all zero: at the beginning */
    size_t table;   /* index in copy_tables */
    size_t key_size;
    uint8_t key[STORE_KEY_MAX]; /* of the last row visited */
};

/* `row` is borrowed for the call; `stored_key` is the key it stands under here. */
typedef enum err copy_visitor(void *ctx, const struct copy_row *row, struct bytes stored_key,
                              struct fault *fault);
/* Visits at most `limit` records from `place` on and moves it; *ret_more: there may be others.
 * The visitor must not write to the table it is shown. Its error ends the walk and is given back.
 * ERR_CORRUPT: a record is damaged; `place` is behind it, so the walk can go on. */
MUST_CHECK enum err copy_walk(struct store_txn *txn, struct copy_place *place, size_t limit,
                              copy_visitor *visit, void *ctx, bool *ret_more, struct fault *fault);
/* A visitor that adds each row to the struct copy_digest `ctx`. */
enum err copy_visit_digest(void *ctx, const struct copy_row *row, struct bytes stored_key,
                           struct fault *fault);

/* --- hashes of credentials --- */

/* The key of one gate and one generation of its copy; from the controller's key for gates. */
struct seal_key copy_credential_key(const struct seal_key *gates, const char *gate,
                                    uint64_t generation);
/* What a credential stands under in the copy whose key this is. */
struct seal_hash copy_credential_hash(const struct seal_key *key, uint32_t kind,
                                      struct bytes canonical);
/* Puts the hash into a credential's told value. Not all have one: its holder's key may be
 * destroyed; then no read will ever find it. */
void copy_row_add_hash(struct copy_row *row, const struct seal_hash *hash);

/* --- at the gate --- */

/* Is this a row that a copy may hold? ERR_INPUT: unknown table, a key that does not have its
 * table's shape, a value that is no record of it or of another key, a PIN; the fault says which. */
MUST_CHECK enum err copy_row_check(const Parkgate__CopyRow *told, struct fault *fault);
/* Takes a row in: checks it, writes or deletes it, keeps CREDENTIAL_OF and CREDENTIAL_ID true and
 * moves `digest` on. ERR_INPUT as copy_row_check(), nothing is written then; ERR_CORRUPT: the row
 * that stood there is damaged: begin the copy anew. */
MUST_CHECK enum err copy_row_take(struct store_txn *txn, const Parkgate__CopyRow *told,
                                  struct copy_digest *digest, struct fault *fault);
