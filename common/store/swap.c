/* A store rewritten whole. LMDB leaves what was deleted on free pages until they are used again; a
 * compact copy has none of it. The copy is made in a process of its own (store_copy()); here its
 * files take the place of the old ones, and what the old file held is written over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/store/internal.h"

static const char old_name[] = "data.old";

struct store_swap {
    struct store *store;
    char dir[STORE_PATH_SIZE]; /* of the copy */
    MDB_env *env;              /* opened in it */
    MDB_dbi dbis[STORE_TABLES_MAX];
};

/* --- the new environment --- */

static int open_dbis(const struct store *store, MDB_env *env, MDB_dbi *dbis)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, 0, &txn);
    for (size_t i = 0; rc == 0 && i < store->table_count; i++) {
        rc = mdb_dbi_open(txn, store->table_names[i], MDB_CREATE, &dbis[i]);
    }
    if (txn == NULL || rc != 0) {
        if (txn != NULL) {
            mdb_txn_abort(txn);
        }
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* All that can fail is done before a file is moved. *ret_env NULL: nothing is open. */
static int open_new(const struct store *store, const char *dir, MDB_env **ret_env, MDB_dbi *dbis)
{
    MDB_envinfo info;
    MDB_env *env = NULL;
    int rc = mdb_env_info(store->env, &info);
    if (rc == 0) {
        rc = mdb_env_create(&env);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(env, STORE_TABLES_MAX + 1);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(env, STORE_READERS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(env, info.me_mapsize);
    }
    if (rc == 0) {
        rc = mdb_env_open(env, dir, MDB_NOTLS, 0600);
    }
    if (rc == 0) {
        rc = open_dbis(store, env, dbis);
    }
    if (rc != 0 && env != NULL) {
        mdb_env_close(env);
        env = NULL;
    }
    *ret_env = env;
    return rc;
}

enum err store_swap_begin(struct store *store, const char *from_dir, struct store_swap **ret_swap,
                          struct fault *fault)
{
    char data[STORE_PATH_SIZE];
    MUST(!store->read_only && store->pid == getpid());
    if (!place_file(from_dir, "data.mdb", data)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", from_dir);
    }
    struct store_swap *swap = calloc(1, sizeof(*swap));
    MUST(swap != NULL);
    swap->store = store;
    (void)snprintf(swap->dir, sizeof(swap->dir), "%s", from_dir);
    int rc = open_new(store, from_dir, &swap->env, swap->dbis);
    if (rc != 0) {
        enum err err = store_fault(store, rc, from_dir, "open", fault);
        free(swap);
        return err;
    }
    *ret_swap = swap;
    return ERR_OK;
}

void store_swap_destroy(struct store_swap **swap)
{
    if (*swap != NULL) {
        mdb_env_close((*swap)->env);
        free(*swap);
        *swap = NULL;
    }
}

/* --- what was written since --- */

static int bring_one(const struct store_swap *swap, MDB_txn *from, MDB_txn *to,
                     const struct store_place *place)
{
    MDB_val value;
    MDB_val key = to_val(place->key);
    MUST(place->table < swap->store->table_count);
    int rc = mdb_get(from, swap->store->dbis[place->table], &key, &value);
    if (rc == 0) {
        return mdb_put(to, swap->dbis[place->table], &key, &value, 0);
    }
    if (rc == MDB_NOTFOUND) {
        rc = mdb_del(to, swap->dbis[place->table], &key, NULL);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int bring_all(const struct store_swap *swap, MDB_txn *from, const struct store_place *places,
                     size_t count)
{
    MDB_txn *to = NULL;
    int rc = mdb_txn_begin(swap->env, NULL, 0, &to);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = bring_one(swap, from, to, &places[i]);
    }
    if (rc == 0) {
        return mdb_txn_commit(to);
    }
    if (to != NULL) {
        mdb_txn_abort(to);
    }
    return rc;
}

/* A compact file needs more pages while it is written to. */
static int grow_copy(const struct store_swap *swap)
{
    MDB_envinfo info;
    int rc = mdb_env_info(swap->env, &info);
    if (rc == 0 && info.me_mapsize > STORE_MAP_MAX / 2) {
        return MDB_MAP_FULL;
    }
    return rc == 0 ? mdb_env_set_mapsize(swap->env, info.me_mapsize * 2) : rc;
}

enum err store_swap_bring(struct store_swap *swap, const struct store_place *places, size_t count,
                          struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(swap->store, &txn, fault));
    int rc = bring_all(swap, txn->mdb, places, count);
    while (rc == MDB_MAP_FULL && (rc = grow_copy(swap)) == 0) {
        rc = bring_all(swap, txn->mdb, places, count);
    }
    return rc == 0 ? ERR_OK : store_fault(swap->store, rc, swap->dir, "bring", fault);
}

/* --- the files --- */

static enum err move(const char *from_dir, const char *to_dir, const char *name,
                     struct fault *fault)
{
    char from[STORE_PATH_SIZE];
    char to[STORE_PATH_SIZE];
    MUST(place_file(from_dir, name, from) && place_file(to_dir, name, to));
    return rename(from, to) == 0 ? ERR_OK : place_fault(to, "rename", fault);
}

/* The old data keep a name until they are written over: a second link first, so that at no moment
 * there is no data.mdb. */
static enum err keep_old(const char *dir, struct fault *fault)
{
    char data[STORE_PATH_SIZE];
    char old[STORE_PATH_SIZE];
    MUST(place_file(dir, "data.mdb", data) && place_file(dir, old_name, old));
    if (link(data, old) != 0) {
        return place_fault(old, "link", fault);
    }
    return place_sync(dir, fault);
}

static enum err take_place(struct store *store, const char *from_dir, struct fault *fault)
{
    TRY(store_wipe_old(store->dir, fault)); /* of a swap that was cut short */
    TRY(keep_old(store->dir, fault));
    TRY(move(from_dir, store->dir, "data.mdb", fault));
    TRY(move(from_dir, store->dir, "lock.mdb", fault));
    (void)rmdir(from_dir);
    TRY(place_sync(store->dir, fault));
    return place_sync_parent(store->dir, fault);
}

enum err store_swap_end(struct store_swap **swap, struct fault *fault)
{
    struct store *store = (*swap)->store;
    MUST(store->live_txns == 0 && store->pid == getpid());
    enum err err = take_place(store, (*swap)->dir, fault);
    if (err == ERR_OK) {
        MDB_env *old = store->env;
        store->env = (*swap)->env;
        (*swap)->env = old;
        memcpy(store->dbis, (*swap)->dbis, sizeof(store->dbis));
    }
    store_swap_destroy(swap);
    return err;
}

enum err store_swap(struct store *store, const char *from_dir, struct fault *fault)
{
    struct store_swap *swap = NULL;
    TRY(store_swap_begin(store, from_dir, &swap, fault));
    return store_swap_end(&swap, fault);
}

/* --- what the old one held --- */

static enum err write_over(const char *path, off_t size, struct fault *fault)
{
    static const uint8_t zeros[65536];
    AUTO(place_close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return place_fault(path, "open", fault);
    }
    for (off_t at = 0; at < size;) {
        size_t piece = size - at < (off_t)sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros);
        ssize_t written = pwrite(fd, zeros, piece, at);
        if (written <= 0) {
            return place_fault(path, "write", fault);
        }
        at += written;
    }
    return fdatasync(fd) == 0 ? ERR_OK : place_fault(path, "fdatasync", fault);
}

enum err store_wipe_file(const char *path, struct fault *fault)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? ERR_OK : place_fault(path, "stat", fault);
    }
    if (S_ISREG(info.st_mode)) {
        TRY(write_over(path, info.st_size, fault));
    }
    return unlink(path) == 0 ? ERR_OK : place_fault(path, "unlink", fault);
}

enum err store_wipe_old(const char *dir, struct fault *fault)
{
    char data[STORE_PATH_SIZE];
    char old[STORE_PATH_SIZE];
    struct stat data_info;
    struct stat old_info;
    if (!place_file(dir, "data.mdb", data) || !place_file(dir, old_name, old)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
    }
    if (lstat(old, &old_info) != 0) {
        return errno == ENOENT ? ERR_OK : place_fault(old, "stat", fault);
    }
    if (lstat(data, &data_info) != 0) {
        return place_fault(data, "stat", fault);
    }
    bool is_the_data = data_info.st_dev == old_info.st_dev && data_info.st_ino == old_info.st_ino;
    if (is_the_data) { /* cut short between the two names: nothing was swapped */
        return unlink(old) == 0 ? place_sync(dir, fault) : place_fault(old, "unlink", fault);
    }
    TRY(store_wipe_file(old, fault));
    return place_sync(dir, fault);
}
