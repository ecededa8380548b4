/* internal: what the files of this room share. Not for others. */
#pragma once

#include <lmdb.h>
#include <sys/types.h>

#include "common/store/store.h"

/* What a watch remembers (watch.c). Places in `bytes` are offsets: it moves when it grows. */
struct watched {
    size_t table;
    uint32_t hash;
    bool was_there;
    size_t key_at, key_size, before_at, before_size;
};

struct watch {
    const struct store_txn *owner; /* NULL: none is begun */
    struct store_tables tables;
    struct watched *rows;
    size_t count, capacity;
    uint8_t *bytes;
    size_t used, size;
    uint32_t *slots; /* a hash table of row numbers + 1; 0 free */
    size_t slot_count;
};

struct store {
    MDB_env *env;
    MDB_dbi dbis[STORE_TABLES_MAX];
    const char *const *table_names;
    size_t table_count;
    char dir[STORE_PATH_SIZE];
    dev_t device; /* identity of the directory, for the one-per-process rule */
    ino_t inode;
    bool registered;
    int owner_fd; /* holds the lock; -1: read-only, or not yet */
    pid_t pid;    /* the process that opened it */
    uint32_t version;
    bool read_only;
    bool on_volatile_fs;
    bool is_new;  /* there was none, or only the beginning of one */
    bool writing; /* an outermost write transaction is live */
    unsigned live_txns;
    uint64_t steps;                           /* see struct store_stats */
    void (*committed)(void *ctx, int64_t us); /* NULL: nobody asks how long commits take */
    void *committed_ctx;
    struct watch watch;
};

struct store_txn {
    MDB_txn *mdb;
    struct store *store;
    struct store_txn *parent;
    struct store_txn *child; /* live; this one must not be used meanwhile */
    bool write;
    enum err dead;   /* not ERR_OK: a write failed, every later call gives this */
    uint64_t writes; /* changes so far, so that iterators know when to seek again */
    unsigned live_iters;
    size_t watched_before, watch_used_before; /* of a child: what the watch knew when it began */
};

/* The fault for LMDB's `rc`; `where` is the table or file, `what` the call. */
enum err store_fault(const struct store *store, int rc, const char *where, const char *what,
                     struct fault *fault);

/* Aborts on misuse; returns the error that killed the transaction, or ERR_OK. */
MUST_CHECK enum err store_txn_ready(struct store_txn *txn, size_t table, struct fault *fault);

/* A put that gives the room to write `size` bytes into, in *ret_room. Flags: 0 or MDB_APPEND. */
MUST_CHECK enum err store_reserve(struct store_txn *txn, size_t table, struct bytes key,
                                  size_t size, unsigned flags, uint8_t **ret_room,
                                  struct fault *fault);

/* watch.c. `note`: a record of a watched table is about to be written or deleted. `back`: a child
 * is undone. */
MUST_CHECK enum err watch_note(struct store_txn *txn, size_t table, struct bytes key,
                               struct fault *fault);
void watch_back(struct store_txn *child);
void watch_free(struct store *store);

static inline bool watch_wants(const struct store_txn *txn, size_t table)
{
    return store_tables_has(&txn->store->watch.tables, table);
}

/* Directory, file modes and owner lock (place.c). `place_enter` fills dir, device, inode and
 * on_volatile_fs, and makes the directory when asked to; `place_own` takes the owner lock. */
MUST_CHECK enum err place_enter(struct store *store, const struct store_options *options,
                                struct fault *fault);
MUST_CHECK enum err place_own(struct store *store, struct fault *fault);
/* Removes what a making that was cut short left of data.mdb; by the owner alone. */
MUST_CHECK enum err place_clear(struct store *store, struct fault *fault);
void place_leave(struct store *store);
MUST_CHECK enum err place_sync(const char *dir, struct fault *fault);
/* Syncs the directory that holds `path`. */
MUST_CHECK enum err place_sync_parent(const char *path, struct fault *fault);
/* dir/name into out; false: too long. */
bool place_file(const char *dir, const char *name, char out[STORE_PATH_SIZE]);
void place_close_fd(const int *fd);
/* The fault for a failed system call on `path`, from errno. */
enum err place_fault(const char *path, const char *call, struct fault *fault);

static inline MDB_val to_val(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static inline struct bytes from_val(MDB_val val)
{
    return (struct bytes){.data = val.mv_data, .size = val.mv_size};
}
