/* Transactions, and records by key. */
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/store/internal.h"

static int begin_mdb(struct store *store, MDB_txn *parent, unsigned flags, MDB_txn **ret)
{
    int rc = mdb_txn_begin(store->env, parent, flags, ret);
    if (rc == MDB_MAP_RESIZED && store->live_txns == 0) {
        /* The owner grew the map; take its size over. */
        rc = mdb_env_set_mapsize(store->env, 0);
        return rc == 0 ? mdb_txn_begin(store->env, parent, flags, ret) : rc;
    }
    return rc;
}

static enum err begin(struct store *store, struct store_txn *parent, bool write,
                      struct store_txn **ret_txn, struct fault *fault)
{
    MUST(store->pid == getpid());
    struct store_txn *txn = calloc(1, sizeof(*txn));
    MUST(txn != NULL);
    int rc =
        begin_mdb(store, parent == NULL ? NULL : parent->mdb, write ? 0U : MDB_RDONLY, &txn->mdb);
    if (rc != 0) {
        free(txn);
        return store_fault(store, rc, "data.mdb", "begin", fault);
    }
    txn->store = store;
    txn->parent = parent;
    txn->write = write;
    store->live_txns++;
    if (parent != NULL) {
        parent->child = txn;
        txn->watched_before = store->watch.count;
        txn->watch_used_before = store->watch.used;
    } else if (write) {
        store->writing = true;
    }
    *ret_txn = txn;
    return ERR_OK;
}

enum err store_begin_read(struct store *store, struct store_txn **ret_txn, struct fault *fault)
{
    return begin(store, NULL, false, ret_txn, fault);
}

enum err store_begin_write(struct store *store, struct store_txn **ret_txn, struct fault *fault)
{
    MUST(!store->read_only && !store->writing);
    return begin(store, NULL, true, ret_txn, fault);
}

static enum err died_before(const struct store_txn *txn, struct fault *fault)
{
    return fault_set(fault, txn->dead, "store %s: the transaction failed before (%s)",
                     txn->store->dir, err_name(txn->dead));
}

enum err store_begin_child(struct store_txn *parent, struct store_txn **ret_txn,
                           struct fault *fault)
{
    MUST(parent->write && parent->child == NULL && parent->live_iters == 0);
    if (parent->dead != ERR_OK) {
        return died_before(parent, fault);
    }
    return begin(parent->store, parent, true, ret_txn, fault);
}

/* Takes the handle apart after LMDB's own is gone. */
static void forget(struct store_txn *txn)
{
    store_watch_end(txn);
    txn->store->live_txns--;
    if (txn->parent != NULL) {
        txn->parent->child = NULL;
    } else if (txn->write) {
        txn->store->writing = false;
    }
    free(txn);
}

/* No write of the whole family can be trusted any more. */
static void kill_family(struct store_txn *txn, enum err why)
{
    for (struct store_txn *one = txn; one != NULL; one = one->parent) {
        one->dead = why;
    }
}

/* Frees txn->mdb, whatever it returns. */
static int commit_mdb(const struct store_txn *txn)
{
    const struct store *store = txn->store;
    const struct clock *clock = clock_system();
    if (store->committed == NULL || txn->parent != NULL || txn->writes == 0) {
        return mdb_txn_commit(txn->mdb);
    }
    struct mono begun = clock->mono(clock->ctx);
    int rc = mdb_txn_commit(txn->mdb);
    store->committed(store->committed_ctx, clock->mono(clock->ctx).us - begun.us);
    return rc;
}

void store_time_commits(struct store *store, void (*committed)(void *ctx, int64_t us), void *ctx)
{
    store->committed = committed;
    store->committed_ctx = ctx;
}

enum err store_commit(struct store_txn **handle, struct fault *fault)
{
    struct store_txn *txn = *handle;
    MUST(txn != NULL && txn->child == NULL && txn->live_iters == 0);
    MUST(txn->store->pid == getpid());
    *handle = NULL;
    if (txn->dead != ERR_OK) {
        enum err dead = died_before(txn, fault);
        store_txn_destroy(&txn);
        return dead;
    }
    int rc = commit_mdb(txn);
    enum err err = rc == 0 ? ERR_OK : store_fault(txn->store, rc, "data.mdb", "commit", fault);
    if (err != ERR_OK) {
        kill_family(txn, err);
    } else if (txn->parent != NULL) {
        txn->parent->writes += txn->writes + 1;
    }
    forget(txn);
    return err;
}

void store_txn_destroy(struct store_txn **handle)
{
    struct store_txn *txn = *handle;
    if (txn == NULL) {
        return;
    }
    *handle = NULL;
    MUST(txn->live_iters == 0 && txn->child == NULL);
    if (txn->parent != NULL) {
        watch_back(txn);
    }
    mdb_txn_abort(txn->mdb);
    forget(txn);
}

enum err store_txn_ready(struct store_txn *txn, size_t table, struct fault *fault)
{
    MUST(txn != NULL && txn->child == NULL && table < txn->store->table_count);
    return txn->dead == ERR_OK ? ERR_OK : died_before(txn, fault);
}

static void check_key(struct bytes key)
{
    MUST(key.size > 0 && key.size <= STORE_KEY_MAX);
}

static enum err table_fault(struct store_txn *txn, int rc, size_t table, const char *what,
                            struct fault *fault)
{
    return store_fault(txn->store, rc, txn->store->table_names[table], what, fault);
}

/* A failed write leaves LMDB's transaction unusable. */
static enum err write_failed(struct store_txn *txn, int rc, size_t table, const char *what,
                             struct fault *fault)
{
    enum err err = table_fault(txn, rc, table, what, fault);
    kill_family(txn, err);
    return err;
}

enum err store_get(struct store_txn *txn, size_t table, struct bytes key, struct bytes *ret_value,
                   struct fault *fault)
{
    check_key(key);
    TRY(store_txn_ready(txn, table, fault));
    txn->store->steps++;
    MDB_val name = to_val(key);
    MDB_val value;
    int rc = mdb_get(txn->mdb, txn->store->dbis[table], &name, &value);
    if (rc == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (rc != 0) {
        return table_fault(txn, rc, table, "get", fault);
    }
    *ret_value = from_val(value);
    return ERR_OK;
}

static enum err put(struct store_txn *txn, size_t table, struct bytes key, MDB_val *value,
                    unsigned flags, struct fault *fault)
{
    check_key(key);
    MUST(txn->write && value->mv_size <= STORE_VALUE_MAX);
    TRY(store_txn_ready(txn, table, fault));
    txn->store->steps++;
    if (watch_wants(txn, table)) {
        TRY(watch_note(txn, table, key, fault));
    }
    MDB_val name = to_val(key);
    int rc = mdb_put(txn->mdb, txn->store->dbis[table], &name, value, flags);
    if (rc == MDB_KEYEXIST) {
        return fault_set(fault, ERR_REFUSED, "store %s: %s: append: the key does not sort last",
                         txn->store->dir, txn->store->table_names[table]);
    }
    if (rc != 0) {
        return write_failed(txn, rc, table, "put", fault);
    }
    txn->writes++;
    return ERR_OK;
}

enum err store_put(struct store_txn *txn, size_t table, struct bytes key, struct bytes value,
                   struct fault *fault)
{
    MDB_val data = to_val(value);
    return put(txn, table, key, &data, 0, fault);
}

enum err store_put_append(struct store_txn *txn, size_t table, struct bytes key, struct bytes value,
                          struct fault *fault)
{
    MDB_val data = to_val(value);
    return put(txn, table, key, &data, MDB_APPEND, fault);
}

enum err store_reserve(struct store_txn *txn, size_t table, struct bytes key, size_t size,
                       unsigned flags, uint8_t **ret_room, struct fault *fault)
{
    MDB_val data = {.mv_size = size, .mv_data = NULL};
    TRY(put(txn, table, key, &data, flags | MDB_RESERVE, fault));
    *ret_room = data.mv_data;
    return ERR_OK;
}

enum err store_del(struct store_txn *txn, size_t table, struct bytes key, struct fault *fault)
{
    check_key(key);
    MUST(txn->write);
    TRY(store_txn_ready(txn, table, fault));
    txn->store->steps++;
    if (watch_wants(txn, table)) {
        TRY(watch_note(txn, table, key, fault));
    }
    MDB_val name = to_val(key);
    int rc = mdb_del(txn->mdb, txn->store->dbis[table], &name, NULL);
    if (rc == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (rc != 0) {
        return write_failed(txn, rc, table, "delete", fault);
    }
    txn->writes++;
    return ERR_OK;
}

enum err store_clear(struct store_txn *txn, size_t table, struct fault *fault)
{
    MUST(txn->write && !watch_wants(txn, table));
    TRY(store_txn_ready(txn, table, fault));
    int rc = mdb_drop(txn->mdb, txn->store->dbis[table], 0);
    if (rc != 0) {
        return write_failed(txn, rc, table, "clear", fault);
    }
    txn->writes++;
    return ERR_OK;
}

enum err store_count(struct store_txn *txn, size_t table, uint64_t *ret_count, struct fault *fault)
{
    MDB_stat stat;
    TRY(store_txn_ready(txn, table, fault));
    int rc = mdb_stat(txn->mdb, txn->store->dbis[table], &stat);
    if (rc != 0) {
        return table_fault(txn, rc, table, "stat", fault);
    }
    *ret_count = stat.ms_entries;
    return ERR_OK;
}
