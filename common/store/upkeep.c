/* What keeps a store healthy: growth, readers, copies, ballast, a check in a child process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/store/internal.h"

static enum err env_fault(const struct store *store, int rc, const char *what, struct fault *fault)
{
    return store_fault(store, rc, "data.mdb", what, fault);
}

enum err store_grow(struct store *store, struct fault *fault)
{
    MDB_envinfo info;
    MUST(store->live_txns == 0 && !store->read_only);
    int rc = mdb_env_info(store->env, &info);
    if (rc == 0 && info.me_mapsize > STORE_MAP_MAX / 2) {
        return fault_set(fault, ERR_FULL, "store %s: the map is as large as it may be; archive",
                         store->dir);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(store->env, info.me_mapsize * 2);
    }
    return rc == 0 ? ERR_OK : env_fault(store, rc, "grow", fault);
}

enum err store_check_readers(struct store *store, unsigned *ret_freed, struct fault *fault)
{
    int freed = 0;
    int rc = mdb_reader_check(store->env, &freed);
    if (rc != 0) {
        return env_fault(store, rc, "reader check", fault);
    }
    *ret_freed = (unsigned)freed;
    return ERR_OK;
}

void store_stats_of(const struct store *store, struct store_stats *ret_stats)
{
    MDB_envinfo info;
    MDB_stat stat;
    MUST(mdb_env_info(store->env, &info) == 0 && mdb_env_stat(store->env, &stat) == 0);
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    *ret_stats = (struct store_stats){
        .map_size = info.me_mapsize,
        .used_bytes = used,
        .used_percent = (unsigned)(used / (info.me_mapsize / 100)),
        .readers = info.me_numreaders,
        .readers_max = info.me_maxreaders,
        .commits = info.me_last_txnid,
        .steps = store->steps,
    };
}

enum err store_disk_free(const struct store *store, uint64_t *ret_bytes, struct fault *fault)
{
    struct statvfs info;
    if (statvfs(store->dir, &info) != 0) {
        return place_fault(store->dir, "statvfs", fault);
    }
    *ret_bytes = (uint64_t)info.f_bavail * info.f_frsize;
    return ERR_OK;
}

static enum err copy_into(struct store *store, const char *path, struct fault *fault)
{
    AUTO(place_close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return place_fault(path, "open", fault);
    }
    int rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
    if (rc != 0) {
        return env_fault(store, rc, "copy", fault);
    }
    return fsync(fd) == 0 ? ERR_OK : place_fault(path, "fsync", fault);
}

/* A read transaction that ends at once: takes over a map that the owner has grown meanwhile. */
static enum err follow_map_size(struct store *store, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    return store_begin_read(store, &txn, fault);
}

enum err store_copy(struct store *store, const char *dir, struct fault *fault)
{
    char path[STORE_PATH_SIZE];
    if (!place_file(dir, "data.mdb", path)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
    }
    if (mkdir(dir, 0700) != 0) {
        return errno == EEXIST
                   ? fault_set(fault, ERR_REFUSED, "%s exists already; name a new directory", dir)
                   : place_fault(dir, "mkdir", fault);
    }
    enum err err = follow_map_size(store, fault);
    if (err == ERR_OK) {
        err = copy_into(store, path, fault);
    }
    if (err != ERR_OK) {
        (void)unlink(path);
        (void)rmdir(dir);
        return err;
    }
    TRY(place_sync(dir, fault));
    return place_sync_parent(dir, fault);
}

static void ballast_path(const struct store *store, char out[STORE_PATH_SIZE])
{
    MUST(place_file(store->dir, "ballast", out));
}

static enum err fill(const char *path, int fd, size_t size, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return place_fault(path, "stat", fault);
    }
    if ((size_t)info.st_size >= size) {
        return ERR_OK;
    }
    errno = posix_fallocate(fd, 0, (off_t)size);
    if (errno != 0) {
        enum err err = place_fault(path, "fallocate", fault);
        (void)unlink(path);
        return err;
    }
    return fsync(fd) == 0 ? ERR_OK : place_fault(path, "fsync", fault);
}

enum err store_ballast_make(struct store *store, size_t size, struct fault *fault)
{
    char path[STORE_PATH_SIZE];
    MUST(!store->read_only && size > 0 && size <= STORE_MAP_MAX);
    ballast_path(store, path);
    AUTO(place_close_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return place_fault(path, "open", fault);
    }
    TRY(fill(path, fd, size, fault));
    return place_sync(store->dir, fault);
}

enum err store_ballast_spend(struct store *store, struct fault *fault)
{
    char path[STORE_PATH_SIZE];
    MUST(!store->read_only);
    ballast_path(store, path);
    if (unlink(path) == 0) {
        return ERR_OK;
    }
    return errno == ENOENT ? ERR_NOT_FOUND : place_fault(path, "unlink", fault);
}

/* Reads a byte of each piece: every page of it is touched. */
static uint64_t touch(const MDB_val *value)
{
    enum { PIECE = 512 }; /* no system has smaller pages */
    const uint8_t *data = value->mv_data;
    uint64_t sum = 0;
    for (size_t i = 0; i < value->mv_size; i += PIECE) {
        sum += data[i];
    }
    return value->mv_size == 0 ? 0 : sum + data[value->mv_size - 1];
}

/* By LMDB's own cursor: a million records are walked while somebody waits at the lane. */
static enum err walk_table(struct store_txn *txn, size_t table, uint64_t *sum, struct fault *fault)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_open(txn->mdb, txn->store->dbis[table], &cursor);
    if (rc != 0) {
        return store_fault(txn->store, rc, txn->store->table_names[table], "cursor", fault);
    }
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        *sum += touch(&key) + touch(&value);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND
               ? ERR_OK
               : store_fault(txn->store, rc, txn->store->table_names[table], "walk", fault);
}

static enum err walk_all(const struct store_options *options, struct fault *fault)
{
    volatile uint64_t kept = 0;
    uint64_t sum = 0;
    struct store_options reading = *options;
    reading.read_only = true;
    reading.may_lack = true; /* the next open makes what this program added */
    AUTO(store_destroy) struct store *store = NULL;
    TRY(store_open(&reading, &store, fault));
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(store, &txn, fault));
    for (size_t i = 0; i < store->table_count; i++) {
        TRY(walk_table(txn, i, &sum, fault));
    }
    kept = sum;
    (void)kept;
    return ERR_OK;
}

__attribute__((noreturn)) static void check_in_child(const struct store_options *options, int to)
{
    static const struct rlimit no_core = {0};
    struct fault fault = {0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(SIGABRT, SIG_DFL);
    fault.code = walk_all(options, &fault);
    ssize_t written = write(to, &fault, sizeof(fault)); /* below PIPE_BUF: whole or not at all */
    _exit(written == (ssize_t)sizeof(fault) ? 0 : 1);
}

static ssize_t read_fault(int from, struct fault *ret_said)
{
    ssize_t got = 0;
    do {
        got = read(from, ret_said, sizeof(*ret_said));
    } while (got < 0 && errno == EINTR);
    return got;
}

static enum err wait_for_check(const struct store_options *options, pid_t child, int from,
                               struct fault *fault)
{
    int status = 0;
    struct fault said = {0};
    ssize_t got = read_fault(from, &said);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (got != (ssize_t)sizeof(said)) {
        return fault_set(fault, ERR_CORRUPT,
                         "store %s is damaged: reading it all ended a test process (status %d); "
                         "restore a backup",
                         options->dir, status);
    }
    if (said.code != ERR_OK && fault != NULL) {
        *fault = said;
    }
    return said.code;
}

enum err store_check(const struct store_options *options, struct fault *fault)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return place_fault(options->dir, "pipe", fault);
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        check_in_child(options, ends[1]);
    }
    (void)close(ends[1]);
    enum err err = child < 0 ? place_fault(options->dir, "fork", fault)
                             : wait_for_check(options, child, ends[0], fault);
    (void)close(ends[0]);
    return err;
}
