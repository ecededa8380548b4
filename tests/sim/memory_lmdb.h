/* memory_lmdb: LMDB's own calls over memory, so that the room common/store runs as it is.
 *
 * A disk is what an environment's directory holds; it outlives the environments that are opened on
 * it, as a file does. Every state of it is a tree that shares with the one before what did not
 * change, so a snapshot, a crash and a nested transaction cost nothing. Committed is synced, unless
 * the environment was opened with MDB_NOSYNC or MDB_NOMETASYNC: then a power cut takes what LMDB
 * would lose.
 *
 * Only what common/store calls exists here. One thread.
 */
#pragma once

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes of a commit that wrote something. */
enum disk_fate {
    DISK_WORKS = 0,
    DISK_FULL,      /* ENOSPC; nothing of it is there */
    DISK_FAILS,     /* EIO; nothing of it is there, and the environment must be opened again */
    DISK_DIES,      /* the process ends before it: nothing of it is there */
    DISK_DIES_DONE, /* the process ends after it, and nobody was told */
};

/* Asked before each outermost commit that wrote something. `path` is the environment's directory.
 */
typedef enum disk_fate disk_judge(void *ctx, const char *path);
void memory_lmdb_judge(disk_judge *judge, void *ctx);
/* Told after each such commit that succeeded. */
void memory_lmdb_watch(void (*committed)(void *ctx, const char *path), void *ctx);

/* The Nth put from now on finds its map full, once; 0: none does. */
void memory_lmdb_map_full(uint64_t after_puts);

/* Takes from every disk in the directory `prefix` what was not synced. */
void memory_lmdb_power_cut(const char *prefix);
/* Empties every disk in the directory `prefix`. No environment may be open on it. */
void memory_lmdb_wipe(const char *prefix);

/* SHA-256 is dear: FNV-1a over every name, key and value of the disk at `path`. */
uint64_t memory_lmdb_digest(const char *path, uint64_t sum);
/* Records of all disks. */
uint64_t memory_lmdb_records(void);
