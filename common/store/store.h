/* store: one LMDB environment, its tables and its transactions.
 *
 * A store is a directory (mode 0700) with LMDB's data.mdb and lock.mdb and a file `owner` that
 * the one writing process holds locked. Tables are named at open by a const array; a table is
 * afterwards its index in that array. Keys sort as bytes do (see keybuf.h).
 *
 * Caveats
 * - One store object per directory and process; a second one aborts. LMDB's file locks would break.
 * - Never across fork: open after it. A transaction begun in a forked child aborts.
 * - One thread. One write transaction at a time (children nest in it).
 * - After ERR_MAP_FULL, ERR_FULL, ERR_IO or ERR_CORRUPT from a write, the whole transaction is
 *   dead, parents too: every later call on it returns the same error. Destroy it; after
 *   ERR_MAP_FULL call store_grow() and redo the WHOLE batch.
 * - Nothing is durable, and nothing may be acknowledged, before store_commit() returned ERR_OK.
 * - store_commit() ends the transaction whatever it returns, and sets your handle to NULL.
 * - Bytes from a transaction (get, last, iterators) are borrowed: they live until that transaction
 *   ends or, in a write transaction, until the next put or delete. Copy what you keep.
 * - A read transaction that stays open makes the file grow without end: keep it under 100 ms and
 *   never across a wait. Files never shrink; store_copy() makes a compact one.
 * - A child transaction costs some 3 us: one per input, not one per record.
 * - LMDB has no page checksums and may abort the process on a damaged page. Messages put with
 *   store_put_message() carry a CRC; store_check() walks a store in a child process first.
 * - Always default sync: a commit costs two fsyncs. Batch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum {
    STORE_TABLES_MAX = 128,      /* tables in one store */
    STORE_KEY_MAX = 511,         /* bytes, LMDB's own bound; a key has at least 1 */
    STORE_VALUE_MAX = 64 * 1024, /* bytes of one record */
    STORE_UNPACK_MAX = 1 << 20,  /* heap bytes that one record's message may take */
    STORE_READERS_MAX = 64,      /* read transactions at one time, all processes */
    STORE_OPEN_MAX = 512,        /* stores that one process may have open: a simulated park has many */
    STORE_PATH_SIZE = 512,       /* of a store's directory, with the final NUL */
    STORE_KIND_SIZE = 32,        /* of a kind or table name, with the final NUL */
    STORE_USED_WARN_PERCENT = 80 /* map use at which the caller should raise a fault */
};

#define STORE_MAP_DEFAULT ((size_t)8 << 30) /* bytes of address space; the file is sparse */
#define STORE_MAP_MAX     ((size_t)1 << 40)

struct store;
struct store_txn;

struct store_options {
    const char *dir;           /* its parent must exist */
    const char *kind;          /* "controller", "person-keys", "agent": another kind is refused */
    uint32_t version;          /* of the layout of the tables; a newer one is refused */
    const char *const *tables; /* names; borrowed as long as the store lives */
    size_t table_count;        /* 1 to STORE_TABLES_MAX */
    size_t map_size;           /* bytes to begin with; 0: STORE_MAP_DEFAULT */
    bool create;               /* make directory and store when there is none */
    bool read_only;            /* for verify and backup processes: no owner lock, no write */
    bool may_lack; /* read-only: the last tables may be missing, as an older program left it */
    /* File system type of a directory, as statfs(2) f_type. NULL: ask statfs. For tests. */
    enum err (*fs_type)(const char *dir, uint64_t *ret_type, struct fault *fault);
};

/* Opens the store, or makes it when options->create is set and there is none.
 *
 * ERR_NOT_FOUND    there is no store in `dir` and `create` is not set (the fault says so too)
 * ERR_BUSY         another process owns it, and does so for 3 s more (a killed one may take its
 *                  time to go); the text names the process
 * ERR_REFUSED      network file system, or directory or file open to group or others
 * ERR_UNSUPPORTED  newer version, other kind, or an LMDB or protobuf-c that was not tested
 * ERR_CORRUPT      not a store, or damaged
 * ERR_FULL         the disk is full      ERR_IO  the system failed; the text says which call
 */
MUST_CHECK enum err store_open(const struct store_options *options, struct store **ret_store,
                               struct fault *fault);

/* Closes it and gives the owner lock back. A live transaction aborts the process. */
void store_destroy(struct store **store);

/* Opens the store of `options` read-only in a child process, walks every record and ends, so that a
 * damaged page kills the child and not the caller. Call before any store, socket or thread exists.
 * ERR_CORRUPT: damaged; ERR_NOT_FOUND and others as store_open(). */
MUST_CHECK enum err store_check(const struct store_options *options, struct fault *fault);

/* Version that the store on disk carries: at most options->version. A store of an older one must be
 * migrated before it is used. */
uint32_t store_version(const struct store *store);
/* The last write of a migration: with this transaction the store carries `version`. */
MUST_CHECK enum err store_set_version(struct store_txn *txn, uint32_t version,
                                      struct fault *fault);
const char *store_dir(const struct store *store);
/* On tmpfs, ramfs or overlay, where a power cut or a container's end loses everything: log it. */
bool store_is_on_volatile_fs(const struct store *store);

/* The name of the network file system with this statfs f_type ("NFS"), or NULL if it is none. */
const char *store_network_fs_name(uint64_t f_type);
/* True for tmpfs, ramfs and overlay. */
bool store_fs_is_volatile(uint64_t f_type);

/* --- transactions --- */

/* ERR_FULL: all STORE_READERS_MAX reader slots are taken. ERR_IO: after "panic" the store must be
 * closed, opened again and verified. */
MUST_CHECK enum err store_begin_read(struct store *store, struct store_txn **ret_txn,
                                     struct fault *fault);
/* Aborts when a write transaction is live, or the store is read-only. */
MUST_CHECK enum err store_begin_write(struct store *store, struct store_txn **ret_txn,
                                      struct fault *fault);
/* A savepoint: what the child writes shows in `parent` after its commit, and is as if never written
 * after its destroy. Until then `parent` must not be used, and it must have no live iterator
 * (aborts). Not durable before the outermost commit. */
MUST_CHECK enum err store_begin_child(struct store_txn *parent, struct store_txn **ret_txn,
                                      struct fault *fault);

/* Ends *txn and sets it to NULL, whatever the answer. ERR_OK of an outermost write transaction:
 * everything in it is on disk. Any error: nothing of it is.
 * ERR_MAP_FULL  grow and redo      ERR_FULL  the disk is full; earlier commits are intact */
MUST_CHECK enum err store_commit(struct store_txn **txn, struct fault *fault);

/* Undoes *txn and sets it to NULL. Its iterators and child must have ended before (aborts), as they
 * do by themselves when all are AUTO variables. Accepts NULL in it. */
void store_txn_destroy(struct store_txn **txn);

/* --- records; `key` has 1 to STORE_KEY_MAX bytes, `value` at most STORE_VALUE_MAX (else abort) ---
 */

/* ret_value is borrowed. ERR_NOT_FOUND: no such key. */
MUST_CHECK enum err store_get(struct store_txn *txn, size_t table, struct bytes key,
                              struct bytes *ret_value, struct fault *fault);
/* Writes or overwrites. */
MUST_CHECK enum err store_put(struct store_txn *txn, size_t table, struct bytes key,
                              struct bytes value, struct fault *fault);
/* Writes a record whose key sorts after all others: fast. ERR_REFUSED: it does not; nothing is
 * written and the transaction lives. */
MUST_CHECK enum err store_put_append(struct store_txn *txn, size_t table, struct bytes key,
                                     struct bytes value, struct fault *fault);
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err store_del(struct store_txn *txn, size_t table, struct bytes key,
                              struct fault *fault);
/* Deletes every record of the table. */
MUST_CHECK enum err store_clear(struct store_txn *txn, size_t table, struct fault *fault);
/* The record with the greatest key; both borrowed, each may be NULL. ERR_NOT_FOUND: empty table. */
MUST_CHECK enum err store_last(struct store_txn *txn, size_t table, struct bytes *ret_key,
                               struct bytes *ret_value, struct fault *fault);
/* Number of records, in constant time. */
MUST_CHECK enum err store_count(struct store_txn *txn, size_t table, uint64_t *ret_count,
                                struct fault *fault);

/* --- watching: which records does a piece of work change? ---
 *
 * From store_watch_begin() on, puts and deletes of `txn` and its children in the watched tables are
 * remembered, each key once, with what stood there before. What a child wrote that is then
 * destroyed is forgotten. One watch at a time; store_clear() of a watched table aborts. The watch
 * ends with store_watch_end() or its transaction.
 */
struct store_change {
    size_t table;
    struct bytes key;
    bool was_there;      /* a record stood there before ... */
    struct bytes before; /* ... this one */
};
/* A set of tables, by their index. Zero-initialised: none. */
struct store_tables {
    uint64_t bits[STORE_TABLES_MAX / 64];
};
static inline void store_tables_add(struct store_tables *tables, size_t table)
{
    tables->bits[table / 64] |= UINT64_C(1) << table % 64;
}
static inline bool store_tables_has(const struct store_tables *tables, size_t table)
{
    return (tables->bits[table / 64] >> table % 64 & 1) != 0;
}
void store_watch_begin(struct store_txn *txn, struct store_tables tables);
/* In the order of the first write to each. Key and `before` are borrowed until the next put, delete
 * or the end of the watch. An index beyond the last aborts. */
size_t store_watch_count(const struct store_txn *txn);
struct store_change store_watch_at(const struct store_txn *txn, size_t index);
/* Does nothing where none was begun. */
void store_watch_end(struct store_txn *txn);

/* --- walking: begin, next until it says ERR_NOT_FOUND, end ---
 *
 *     AUTO(store_iter_end) struct store_iter iter = {0};
 *     TRY(store_iter_prefix(txn, TABLE_X, prefix, 200, &iter, fault));
 *     while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) { ... }
 *     if (err != ERR_NOT_FOUND) { return err; }
 *
 * The walk stays right when records of the table are put or deleted on the way: next goes to the
 * first key after (or before) the last one given. End the iterator before its transaction.
 */
struct store_iter {
    struct store_txn *txn; /* NULL: not begun, or ended */
    void *cursor;
    size_t table;
    uint64_t rows_left;
    uint64_t writes_seen;
    bool backward;
    bool started;
    bool done;
    bool cut; /* out: more rows were there when the limit was reached */
    uint16_t from_size, until_size, last_size;
    uint8_t from[STORE_KEY_MAX], until[STORE_KEY_MAX], last[STORE_KEY_MAX];
};

/* All keys that begin with `prefix` (empty: the whole table), ascending, at most `limit` rows. */
MUST_CHECK enum err store_iter_prefix(struct store_txn *txn, size_t table, struct bytes prefix,
                                      uint64_t limit, struct store_iter *iter, struct fault *fault);
/* All keys with from <= key < until, ascending; an empty bound is open. */
MUST_CHECK enum err store_iter_range(struct store_txn *txn, size_t table, struct bytes from,
                                     struct bytes until, uint64_t limit, struct store_iter *iter,
                                     struct fault *fault);
/* The same rows, descending. */
MUST_CHECK enum err store_iter_range_back(struct store_txn *txn, size_t table, struct bytes from,
                                          struct bytes until, uint64_t limit,
                                          struct store_iter *iter, struct fault *fault);
/* ERR_NOT_FOUND: no more rows, or the limit (see `cut`). Both results are borrowed. */
MUST_CHECK enum err store_iter_next(struct store_iter *iter, struct bytes *ret_key,
                                    struct bytes *ret_value, struct fault *fault);
void store_iter_end(struct store_iter *iter);

/* --- protobuf messages as records: a CRC-32 of key and message, then the packed message --- */

/* Packs and puts. The same message always gives the same bytes. ERR_INPUT: the packed message is
 * over STORE_VALUE_MAX; nothing is written and the transaction lives. */
MUST_CHECK enum err store_put_message(struct store_txn *txn, size_t table, struct bytes key,
                                      const ProtobufCMessage *message, struct fault *fault);
/* Gets and unpacks. *ret_message is owned by the caller: store_message_destroy(), or the generated
 * ..._free_unpacked(message, NULL). ERR_NOT_FOUND: no such key. ERR_CORRUPT: CRC or format. */
MUST_CHECK enum err store_get_message(struct store_txn *txn, size_t table, struct bytes key,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      ProtobufCMessage **ret_message, struct fault *fault);
/* Unpacks a record found by an iterator or store_last(); as store_get_message(). */
MUST_CHECK enum err store_unpack_message(struct bytes key, struct bytes value,
                                         const ProtobufCMessageDescriptor *descriptor,
                                         ProtobufCMessage **ret_message, struct fault *fault);
/* The packed message inside such a record, borrowed from `value`. ERR_CORRUPT: CRC. */
MUST_CHECK enum err store_packed_message(struct bytes key, struct bytes value,
                                         struct bytes *ret_packed, struct fault *fault);
/* Frees and nulls. Accepts NULL in it. */
void store_message_destroy(ProtobufCMessage **message);

/* --- upkeep --- */

/* Doubles the map. No transaction may be live (aborts). ERR_FULL: already at STORE_MAP_MAX. */
MUST_CHECK enum err store_grow(struct store *store, struct fault *fault);

/* Frees reader slots of dead processes; call every 60 s. *ret_freed: how many. */
MUST_CHECK enum err store_check_readers(struct store *store, unsigned *ret_freed,
                                        struct fault *fault);

/* A compact copy as a new store directory (0700, data.mdb 0600), fsynced. The copy is one
 * consistent state; writers go on. Run it in a process of its own: it takes as long as the disk
 * does. ERR_REFUSED: `dir` exists already. */
MUST_CHECK enum err store_copy(struct store *store, const char *dir, struct fault *fault);

/* Puts the compact copy in `from_dir` (store_copy(), of this state exactly) in the place of the
 * store's own file: what was deleted is on no page any more. No transaction may be live, and no
 * other process may read the store (aborts; is not known). The old file stays as data.old until
 * store_wipe_old(). Any error but ERR_IO of the last moves: nothing has changed. */
MUST_CHECK enum err store_swap(struct store *store, const char *from_dir, struct fault *fault);

/* The same with a copy of a state of before: what was written since is brought to it first, in as
 * many steps as it takes. The caller knows which records those are (store_watch_begin()).
 *
 * What was deleted since the copy began stands on free pages of the new file, too. */
struct store_swap;
struct store_place {
    size_t table;
    struct bytes key;
};
/* Opens the copy. End it, or destroy it before the store. */
MUST_CHECK enum err store_swap_begin(struct store *store, const char *from_dir,
                                     struct store_swap **ret_swap, struct fault *fault);
/* Makes these records of the copy what the store has committed of them: written, or deleted. On an
 * error nothing of this call is in the copy. */
MUST_CHECK enum err store_swap_bring(struct store_swap *swap, const struct store_place *places,
                                     size_t count, struct fault *fault);
/* As store_swap(). Ends *swap and sets it to NULL, whatever the answer. */
MUST_CHECK enum err store_swap_end(struct store_swap **swap, struct fault *fault);
/* Gives the copy up; its files stay. Accepts NULL in it. */
void store_swap_destroy(struct store_swap **swap);

/* Writes zeros over what store_swap() left in `dir`, and removes it; also after a crash at any
 * point of it. Takes as long as the disk does. ERR_OK when there is nothing left. */
MUST_CHECK enum err store_wipe_old(const char *dir, struct fault *fault);
/* The same with any file. ERR_OK when there is none. */
MUST_CHECK enum err store_wipe_file(const char *path, struct fault *fault);

/* A file of `size` bytes beside the data, to be given up when the disk is full so that a last few
 * commits still fit. make: writes it unless there already; spend: deletes it.
 * ERR_NOT_FOUND from spend: it was spent before. */
MUST_CHECK enum err store_ballast_make(struct store *store, size_t size, struct fault *fault);
MUST_CHECK enum err store_ballast_spend(struct store *store, struct fault *fault);

struct store_stats {
    size_t map_size;   /* bytes */
    size_t used_bytes; /* of the map; pages once used stay used */
    unsigned used_percent;
    unsigned readers, readers_max;
    uint64_t commits; /* transaction number of the last commit */
    uint64_t steps;   /* records read, written, deleted or walked over since it was opened */
};

/* From now on tells how long each outermost commit that wrote something took, good or not, in
 * microseconds; the call comes from within store_commit(). NULL: no more. */
void store_time_commits(struct store *store, void (*committed)(void *ctx, int64_t us), void *ctx);

void store_stats_of(const struct store *store, struct store_stats *ret_stats);
/* Bytes that this process may still write to the file system of the store (statvfs). */
MUST_CHECK enum err store_disk_free(const struct store *store, uint64_t *ret_bytes,
                                    struct fault *fault);
