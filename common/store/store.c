#include "common/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/store/internal.h"

/* The LMDB versions that this room was tested with. 0.9.27 to 0.9.31 have a race on open. */
static const struct {
    int major, minor, patch;
} tested_versions[] = {
    {0, 9, 24},
};

static const uint32_t oldest_protobuf_c = 1004001; /* CVE-2022-48468 is fixed from here on */

/* Directories that this process has open, so that a second open is caught before it would break
 * LMDB's file locks. The one mutable state of this room. */
static struct {
    bool taken;
    dev_t device;
    ino_t inode;
} open_dirs[STORE_OPEN_MAX];

static const char meta_table[] = "store";
static const char kind_key[] = "kind";
static const char version_key[] = "version";

static void register_dir(struct store *store)
{
    size_t free_slot = STORE_OPEN_MAX;
    for (size_t i = 0; i < STORE_OPEN_MAX; i++) {
        if (!open_dirs[i].taken) {
            free_slot = i;
            continue;
        }
        /* One environment object per process and directory (lmdb.h, Caveats). */
        MUST(open_dirs[i].device != store->device || open_dirs[i].inode != store->inode);
    }
    MUST(free_slot < STORE_OPEN_MAX);
    open_dirs[free_slot].taken = true;
    open_dirs[free_slot].device = store->device;
    open_dirs[free_slot].inode = store->inode;
    store->registered = true;
}

static void unregister_dir(struct store *store)
{
    for (size_t i = 0; store->registered && i < STORE_OPEN_MAX; i++) {
        if (open_dirs[i].taken && open_dirs[i].device == store->device &&
            open_dirs[i].inode == store->inode) {
            open_dirs[i].taken = false;
        }
    }
}

static enum err check_libraries(struct fault *fault)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    if (protobuf_c_version_number() < oldest_protobuf_c) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "protobuf-c %s is too old, 1.4.1 is needed; run: apt-get install "
                         "libprotobuf-c1",
                         protobuf_c_version());
    }
    (void)mdb_version(&major, &minor, &patch);
    for (size_t i = 0; i < ARRAY_LEN(tested_versions); i++) {
        if (tested_versions[i].major == major && tested_versions[i].minor == minor &&
            tested_versions[i].patch == patch) {
            return ERR_OK;
        }
    }
    return fault_set(fault, ERR_UNSUPPORTED,
                     "LMDB %d.%d.%d was not tested; install liblmdb0 0.9.24 (Debian 12)", major,
                     minor, patch);
}

static enum err open_environment(struct store *store, const struct store_options *options,
                                 struct fault *fault)
{
    size_t map_size = options->map_size != 0 ? options->map_size : STORE_MAP_DEFAULT;
    unsigned flags = MDB_NOTLS | (options->read_only ? MDB_RDONLY : 0U);
    MDB_envinfo info;
    int rc = mdb_env_create(&store->env);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(store->env, STORE_TABLES_MAX + 1);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(store->env, STORE_READERS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_open(store->env, store->dir, flags, 0600);
    }
    /* LMDB leaves the roots of a new file to the first commit, whose other pages may be on the disk
     * before them. */
    if (rc == 0 && store->is_new && !options->read_only) {
        rc = mdb_env_sync(store->env, 1);
    }
    if (rc == 0) {
        rc = mdb_env_info(store->env, &info);
    }
    /* After the open, because a map that grew in an earlier life is kept in the file. */
    if (rc == 0 && info.me_mapsize < map_size) {
        rc = mdb_env_set_mapsize(store->env, map_size);
    }
    return rc == 0 ? ERR_OK : store_fault(store, rc, "data.mdb", "open", fault);
}

static enum err meta_get(struct store *store, MDB_txn *txn, MDB_dbi meta, const char *key,
                         struct bytes *ret_value, struct fault *fault)
{
    MDB_val name = to_val(bytes_of_text(key));
    MDB_val value;
    int rc = mdb_get(txn, meta, &name, &value);
    if (rc == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    *ret_value = rc == 0 ? from_val(value) : (struct bytes){.data = NULL, .size = 0};
    return rc == 0 ? ERR_OK : store_fault(store, rc, meta_table, "get", fault);
}

static int put_version(MDB_txn *txn, MDB_dbi meta, uint32_t version)
{
    uint8_t number[4];
    struct writer w = writer_of(number, sizeof(number));
    writer_u32(&w, version);
    MDB_val value = to_val(writer_view(&w));
    MDB_val name = to_val(bytes_of_text(version_key));
    return mdb_put(txn, meta, &name, &value, 0);
}

static enum err stamp(struct store *store, MDB_txn *txn, MDB_dbi meta,
                      const struct store_options *options, struct fault *fault)
{
    MDB_val kind = to_val(bytes_of_text(options->kind));
    MDB_val kind_name = to_val(bytes_of_text(kind_key));
    int rc = mdb_put(txn, meta, &kind_name, &kind, 0);
    if (rc == 0) {
        rc = put_version(txn, meta, options->version);
    }
    store->version = options->version;
    return rc == 0 ? ERR_OK : store_fault(store, rc, meta_table, "put", fault);
}

static enum err check_stamp(struct store *store, struct bytes kind, struct bytes version,
                            const struct store_options *options, struct fault *fault)
{
    struct reader r = reader_of(version);
    store->version = reader_u32(&r);
    if (!bytes_equal(kind, bytes_of_text(options->kind))) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "store %s is of kind \"%.*s\", not \"%s\"; name the right directory",
                         store->dir,
                         (int)(kind.size < STORE_KIND_SIZE ? kind.size : STORE_KIND_SIZE),
                         (const char *)kind.data, options->kind);
    }
    if (!reader_done(&r)) {
        return fault_set(fault, ERR_CORRUPT,
                         "store %s: its version number is damaged; restore a backup", store->dir);
    }
    if (store->version > options->version) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "store %s has version %u, this program knows %u; install the newer "
                         "program",
                         store->dir, store->version, options->version);
    }
    return ERR_OK;
}

/* An environment with tables but without our stamp is somebody else's. */
static enum err refuse_foreign_tables(struct store *store, MDB_txn *txn, struct fault *fault)
{
    MDB_dbi unnamed;
    MDB_stat stat;
    int rc = mdb_dbi_open(txn, NULL, 0, &unnamed);
    if (rc == 0) {
        rc = mdb_stat(txn, unnamed, &stat);
    }
    if (rc != 0) {
        return store_fault(store, rc, "data.mdb", "stat", fault);
    }
    if (stat.ms_entries != 0) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "%s/data.mdb is not a store of this program; name the right directory",
                         store->dir);
    }
    return ERR_OK;
}

static enum err open_meta(struct store *store, MDB_txn *txn, const struct store_options *options,
                          struct fault *fault)
{
    MDB_dbi meta;
    struct bytes kind;
    struct bytes version = {.data = NULL, .size = 0};
    int rc = mdb_dbi_open(txn, meta_table, 0, &meta);
    if (rc == MDB_NOTFOUND) {
        TRY(refuse_foreign_tables(store, txn, fault));
        if (options->read_only || !options->create) {
            return fault_set(fault, ERR_NOT_FOUND, "there is no store in %s", store->dir);
        }
        rc = mdb_dbi_open(txn, meta_table, MDB_CREATE, &meta);
        return rc == 0 ? stamp(store, txn, meta, options, fault)
                       : store_fault(store, rc, meta_table, "create", fault);
    }
    if (rc != 0) {
        return store_fault(store, rc, meta_table, "open", fault);
    }
    enum err err = meta_get(store, txn, meta, kind_key, &kind, fault);
    if (err == ERR_OK) {
        err = meta_get(store, txn, meta, version_key, &version, fault);
    }
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_CORRUPT, "store %s has no kind or version; restore a backup",
                         store->dir);
    }
    return err == ERR_OK ? check_stamp(store, kind, version, options, fault) : err;
}

static enum err open_tables_in(struct store *store, MDB_txn *txn,
                               const struct store_options *options, struct fault *fault)
{
    TRY(open_meta(store, txn, options, fault));
    for (size_t i = 0; i < store->table_count; i++) {
        const char *name = store->table_names[i];
        MUST(name != NULL && strlen(name) < STORE_KIND_SIZE && strcmp(name, meta_table) != 0);
        int rc = mdb_dbi_open(txn, name, options->read_only ? 0 : MDB_CREATE, &store->dbis[i]);
        if (rc == MDB_NOTFOUND && options->may_lack) {
            store->table_count = i; /* tables are only ever added behind the last one */
            break;
        }
        if (rc == MDB_NOTFOUND) {
            return fault_set(fault, ERR_UNSUPPORTED,
                             "store %s lacks the table \"%s\"; let its daemon start once first",
                             store->dir, name);
        }
        if (rc != 0) {
            return store_fault(store, rc, name, "open", fault);
        }
    }
    return ERR_OK;
}

static enum err open_tables(struct store *store, const struct store_options *options,
                            struct fault *fault)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, options->read_only ? MDB_RDONLY : 0U, &txn);
    if (rc != 0) {
        return store_fault(store, rc, "data.mdb", "begin", fault);
    }
    enum err err = open_tables_in(store, txn, options, fault);
    if (err != ERR_OK) {
        mdb_txn_abort(txn);
        return err;
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? ERR_OK : store_fault(store, rc, "data.mdb", "commit", fault);
}

enum err store_open(const struct store_options *options, struct store **ret_store,
                    struct fault *fault)
{
    MUST(options->dir != NULL && options->kind != NULL && options->tables != NULL);
    MUST(options->table_count > 0 && options->table_count <= STORE_TABLES_MAX);
    MUST(strlen(options->kind) < STORE_KIND_SIZE && options->map_size <= STORE_MAP_MAX);
    unsigned freed = 0;
    TRY(check_libraries(fault));
    AUTO(store_destroy) struct store *store = calloc(1, sizeof(*store));
    MUST(store != NULL);
    store->owner_fd = -1;
    store->pid = getpid();
    store->read_only = options->read_only;
    store->table_names = options->tables;
    store->table_count = options->table_count;
    TRY(place_enter(store, options, fault));
    register_dir(store);
    if (!options->read_only) {
        TRY(place_own(store, fault));
        TRY(place_clear(store, fault));
    }
    TRY(open_environment(store, options, fault));
    TRY(store_check_readers(store, &freed, fault));
    TRY(open_tables(store, options, fault));
    if (!options->read_only) {
        TRY(place_sync(store->dir, fault));
    }
    *ret_store = store;
    store = NULL;
    return ERR_OK;
}

void store_destroy(struct store **store)
{
    if (*store == NULL) {
        return;
    }
    MUST((*store)->live_txns == 0 && (*store)->pid == getpid());
    if ((*store)->env != NULL) {
        mdb_env_close((*store)->env);
    }
    unregister_dir(*store);
    watch_free(*store);
    place_leave(*store);
    free(*store);
    *store = NULL;
}

uint32_t store_version(const struct store *store)
{
    return store->version;
}

enum err store_set_version(struct store_txn *txn, uint32_t version, struct fault *fault)
{
    MDB_dbi meta;
    MUST(txn->write && txn->parent == NULL && txn->child == NULL);
    int rc = mdb_dbi_open(txn->mdb, meta_table, 0, &meta);
    if (rc == 0) {
        rc = put_version(txn->mdb, meta, version);
    }
    if (rc != 0) {
        txn->dead = store_fault(txn->store, rc, meta_table, "put", fault);
        return txn->dead;
    }
    txn->writes++;
    txn->store->version = version;
    return ERR_OK;
}

const char *store_dir(const struct store *store)
{
    return store->dir;
}

bool store_is_on_volatile_fs(const struct store *store)
{
    return store->on_volatile_fs;
}

/* Each answer of LMDB that means something to a caller; all others are ERR_IO. A full disk shows as
 * ENOSPC on ext4 and as EIO on tmpfs or after a short write. */
static const struct {
    int rc;
    enum err code;
    const char *remedy;
} meanings[] = {
    {MDB_MAP_FULL,         ERR_MAP_FULL,    "the map is full; grow it and redo the whole batch"    },
    {MDB_READERS_FULL,     ERR_FULL,        "all reader slots are taken; end some reports"         },
    {ENOSPC,               ERR_FULL,        "storage full; free some space"                        },
    {EDQUOT,               ERR_FULL,        "storage full; raise the quota"                        },
    {EFBIG,                ERR_FULL,        "storage full; raise the file size limit"              },
    {EIO,                  ERR_FULL,        "storage full, or the disk fails; see the kernel's log"},
    {MDB_CORRUPTED,        ERR_CORRUPT,     "damaged; restore a backup"                            },
    {MDB_PAGE_NOTFOUND,    ERR_CORRUPT,     "damaged; restore a backup"                            },
    {MDB_INVALID,          ERR_CORRUPT,     "not an LMDB file, or damaged; restore a backup"       },
    {MDB_BAD_TXN,          ERR_CORRUPT,     "the transaction failed before"                        },
    {MDB_BAD_VALSIZE,      ERR_CORRUPT,     "impossible size of a key or value"                    },
    {MDB_VERSION_MISMATCH, ERR_UNSUPPORTED, "written by another LMDB"                              },
    {MDB_INCOMPATIBLE,     ERR_UNSUPPORTED, "written by another program"                           },
    {MDB_PANIC,            ERR_IO,          "a write failed for good; close, open and verify"      },
    {EACCES,               ERR_IO,          "check owner and mode of the directory and its files"  },
    {ENOMEM,               ERR_IO,          "no memory, or too little address space for the map"   },
};

enum err store_fault(const struct store *store, int rc, const char *where, const char *what,
                     struct fault *fault)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (meanings[i].rc == rc) {
            return fault_set(fault, meanings[i].code, "store %s: %s: %s: %s (%s)", store->dir,
                             where, what, meanings[i].remedy, mdb_strerror(rc));
        }
    }
    return fault_set(fault, ERR_IO, "store %s: %s: %s: %s", store->dir, where, what,
                     mdb_strerror(rc));
}
