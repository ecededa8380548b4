/* recall_store: table `recall`: how far a recovery is (schema/record.proto, RecallRecord). */
#pragma once

#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The key of a gate's part; gate "": of the recovery itself. */
struct bytes recall_key(struct keybuf *key, const char *gate);
/* A row that waits to be confirmed: of `table`, of a holder; `row` is its own handle. */
struct recall_row {
    struct handle holder, row;
    uint32_t table;
};
struct bytes recall_row_key(struct keybuf *key, const struct recall_row *row);
/* What is before all of them, and, with a holder, before his. */
struct bytes recall_rows_prefix(struct keybuf *key, const struct handle *holder);
/* False: this is no key of one. */
bool recall_row_of_key(struct bytes key, struct recall_row *ret);
/* *ret NULL: there is none. Free with parkgate__recall_record__free_unpacked(). */
MUST_CHECK enum err recall_get(struct store_txn *txn, const char *gate,
                               Parkgate__RecallRecord **ret, struct fault *fault);
