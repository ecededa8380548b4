/* Walking a table. A walk remembers the last key it gave and, when the transaction has written
 * since, finds its place again by that key. */
#include <string.h>

#include "common/base/must.h"
#include "common/store/internal.h"

static struct bytes bound(const uint8_t *data, uint16_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static uint16_t keep_bound(struct bytes key, uint8_t out[STORE_KEY_MAX])
{
    MUST(key.size <= STORE_KEY_MAX);
    if (key.size > 0) {
        memcpy(out, key.data, key.size);
    }
    return (uint16_t)key.size;
}

static enum err begin(struct store_txn *txn, size_t table, struct bytes from, struct bytes until,
                      uint64_t limit, struct store_iter *iter, struct fault *fault)
{
    MDB_cursor *cursor = NULL;
    TRY(store_txn_ready(txn, table, fault));
    int rc = mdb_cursor_open(txn->mdb, txn->store->dbis[table], &cursor);
    if (rc != 0) {
        return store_fault(txn->store, rc, txn->store->table_names[table], "cursor", fault);
    }
    iter->txn = txn;
    iter->cursor = cursor;
    iter->table = table;
    iter->rows_left = limit;
    iter->backward = false;
    iter->started = false;
    iter->done = false;
    iter->cut = false;
    iter->from_size = keep_bound(from, iter->from);
    iter->until_size = keep_bound(until, iter->until);
    iter->last_size = 0;
    txn->live_iters++;
    return ERR_OK;
}

/* The first key after all that begin with `prefix`: cut trailing 0xff, count the last byte up.
 * Nothing left: there is no such key, the bound is open. */
static struct bytes after_prefix(struct bytes prefix, uint8_t out[STORE_KEY_MAX])
{
    size_t size = keep_bound(prefix, out);
    while (size > 0 && out[size - 1] == 0xff) {
        size--;
    }
    if (size > 0) {
        out[size - 1]++;
    }
    return (struct bytes){.data = out, .size = size};
}

enum err store_iter_prefix(struct store_txn *txn, size_t table, struct bytes prefix, uint64_t limit,
                           struct store_iter *iter, struct fault *fault)
{
    uint8_t after[STORE_KEY_MAX];
    return begin(txn, table, prefix, after_prefix(prefix, after), limit, iter, fault);
}

enum err store_iter_range(struct store_txn *txn, size_t table, struct bytes from,
                          struct bytes until, uint64_t limit, struct store_iter *iter,
                          struct fault *fault)
{
    return begin(txn, table, from, until, limit, iter, fault);
}

enum err store_iter_range_back(struct store_txn *txn, size_t table, struct bytes from,
                               struct bytes until, uint64_t limit, struct store_iter *iter,
                               struct fault *fault)
{
    TRY(begin(txn, table, from, until, limit, iter, fault));
    iter->backward = true;
    return ERR_OK;
}

static int first_at_or_after(struct store_iter *iter, struct bytes at, MDB_val *key, MDB_val *value)
{
    if (at.size == 0) {
        return mdb_cursor_get(iter->cursor, key, value, MDB_FIRST);
    }
    *key = to_val(at);
    return mdb_cursor_get(iter->cursor, key, value, MDB_SET_RANGE);
}

static int last_before(struct store_iter *iter, struct bytes at, MDB_val *key, MDB_val *value)
{
    if (at.size > 0) {
        *key = to_val(at);
        int rc = mdb_cursor_get(iter->cursor, key, value, MDB_SET_RANGE);
        if (rc != MDB_NOTFOUND) {
            return rc != 0 ? rc : mdb_cursor_get(iter->cursor, key, value, MDB_PREV);
        }
    }
    return mdb_cursor_get(iter->cursor, key, value, MDB_LAST);
}

static int step_forward(struct store_iter *iter, MDB_val *key, MDB_val *value)
{
    struct bytes last = bound(iter->last, iter->last_size);
    if (!iter->started) {
        return first_at_or_after(iter, bound(iter->from, iter->from_size), key, value);
    }
    if (iter->writes_seen == iter->txn->writes) {
        return mdb_cursor_get(iter->cursor, key, value, MDB_NEXT);
    }
    int rc = first_at_or_after(iter, last, key, value);
    if (rc == 0 && bytes_equal(from_val(*key), last)) {
        rc = mdb_cursor_get(iter->cursor, key, value, MDB_NEXT);
    }
    return rc;
}

static int step_back(struct store_iter *iter, MDB_val *key, MDB_val *value)
{
    if (!iter->started) {
        return last_before(iter, bound(iter->until, iter->until_size), key, value);
    }
    if (iter->writes_seen == iter->txn->writes) {
        return mdb_cursor_get(iter->cursor, key, value, MDB_PREV);
    }
    return last_before(iter, bound(iter->last, iter->last_size), key, value);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool is_inside(const struct store_iter *iter, struct bytes key)
{
    if (iter->backward) {
        return iter->from_size == 0 || compare(key, bound(iter->from, iter->from_size)) >= 0;
    }
    return iter->until_size == 0 || compare(key, bound(iter->until, iter->until_size)) < 0;
}

enum err store_iter_next(struct store_iter *iter, struct bytes *ret_key, struct bytes *ret_value,
                         struct fault *fault)
{
    MDB_val key = {0};
    MDB_val value = {0};
    MUST(iter->txn != NULL);
    TRY(store_txn_ready(iter->txn, iter->table, fault));
    if (iter->done) {
        return ERR_NOT_FOUND;
    }
    iter->txn->store->steps++;
    int rc = iter->backward ? step_back(iter, &key, &value) : step_forward(iter, &key, &value);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return store_fault(iter->txn->store, rc, iter->txn->store->table_names[iter->table], "walk",
                           fault);
    }
    bool found = rc == 0 && is_inside(iter, from_val(key));
    iter->cut = found && iter->rows_left == 0;
    if (!found || iter->cut) {
        iter->done = true;
        return ERR_NOT_FOUND;
    }
    iter->rows_left--;
    iter->started = true;
    iter->writes_seen = iter->txn->writes;
    iter->last_size = keep_bound(from_val(key), iter->last);
    *ret_key = from_val(key);
    *ret_value = from_val(value);
    return ERR_OK;
}

void store_iter_end(struct store_iter *iter)
{
    if (iter->txn == NULL) {
        return;
    }
    mdb_cursor_close(iter->cursor);
    iter->txn->live_iters--;
    iter->txn = NULL;
    iter->cursor = NULL;
}

enum err store_last(struct store_txn *txn, size_t table, struct bytes *ret_key,
                    struct bytes *ret_value, struct fault *fault)
{
    static const struct bytes open = {.data = NULL, .size = 0};
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter;
    iter.txn = NULL;
    TRY(store_iter_range_back(txn, table, open, open, 1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    if (ret_key != NULL) {
        *ret_key = key;
    }
    if (ret_value != NULL) {
        *ret_value = value;
    }
    return ERR_OK;
}
