/* power_record: an LD_PRELOAD library that keeps what a process writes to the data.mdb files of its
 * stores. POWER_LOG names the log; POWER_MDB_FLAGS is or-ed to the flags of mdb_env_open(), for the
 * negative control alone. Only the process that loaded it first records, not its children.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tests/campaigns/power/power_log.h"

enum { DESCRIPTORS_MAX = 1024 };

static struct {
    pid_t pid;
    int log; /* -1: nothing is recorded */
    size_t file_count;
    char names[POWER_FILES_MAX][POWER_NAME_MAX];
    struct {
        bool known, durable;
        uint8_t file;
    } fd[DESCRIPTORS_MAX];
} recorder = {.log = -1};

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("POWER_LOG");
    recorder.pid = getpid();
    if (path != NULL) {
        recorder.log = (int)syscall(SYS_openat, AT_FDCWD, path,
                                    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        MUST(recorder.log >= 0);
    }
}

static void put(const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        long wrote = syscall(SYS_write, recorder.log, at, size);
        MUST(wrote > 0);
        at += wrote;
        size -= (size_t)wrote;
    }
}

static void record(enum power_op op, uint8_t file, bool durable, uint64_t offset, const void *bytes,
                   size_t size)
{
    if (recorder.log >= 0 && getpid() == recorder.pid) {
        struct power_record head = {.offset = offset,
                                    .size = (uint32_t)size,
                                    .op = (uint8_t)op,
                                    .file = file,
                                    .durable = durable};
        int kept = errno;
        static const char zeros[8] = {0};
        put(&head, sizeof(head));
        put(bytes, size);
        put(zeros, (8 - size % 8) % 8); /* so that each record stands aligned */
        errno = kept;
    }
}

void power_mark(const void *bytes, size_t size)
{
    MUST(size <= POWER_MARK_MAX);
    record(POWER_MARK, 0, false, 0, bytes, size);
}

/* --- descriptors --- */

/* "store/data.mdb" of "/some/where/store/data.mdb"; NULL: no file of a store. */
static const char *store_file(const char *path)
{
    static const char *const wanted[] = {"/store/data.mdb", "/keys/data.mdb", "/copy/data.mdb"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        size_t tail = strlen(wanted[i]);
        if (size >= tail && strcmp(path + size - tail, wanted[i]) == 0) {
            return path + size - tail + 1;
        }
    }
    return NULL;
}

static uint8_t file_of(const char *name)
{
    for (size_t i = 0; i < recorder.file_count; i++) {
        if (strcmp(recorder.names[i], name) == 0) {
            return (uint8_t)i;
        }
    }
    MUST(recorder.file_count < POWER_FILES_MAX && strlen(name) < POWER_NAME_MAX);
    (void)snprintf(recorder.names[recorder.file_count], POWER_NAME_MAX, "%s", name);
    record(POWER_OPEN, (uint8_t)recorder.file_count, false, 0, name, strlen(name));
    return (uint8_t)recorder.file_count++;
}

static int opened(int fd, const char *path, int flags)
{
    const char *name = store_file(path);
    if (fd >= 0 && fd < DESCRIPTORS_MAX) {
        recorder.fd[fd].known = false;
        if (name != NULL && (flags & O_ACCMODE) != O_RDONLY) {
            recorder.fd[fd].file = file_of(name);
            recorder.fd[fd].durable = (flags & O_DSYNC) != 0;
            recorder.fd[fd].known = true;
        }
    }
    return fd;
}

static int open_real(int at, const char *path, int flags, mode_t mode)
{
    return opened((int)syscall(SYS_openat, at, path, flags, mode), path, flags);
}

/* Every name that glibc has for it. */
static mode_t mode_of(int flags, va_list list)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_real(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_real(AT_FDCWD, path, flags, mode);
}

static bool is_ours(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS_MAX && recorder.fd[fd].known;
}

int close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX) {
        recorder.fd[fd].known = false;
    }
    return (int)syscall(SYS_close, fd);
}

/* --- writes --- */

static ssize_t wrote(int fd, ssize_t size, off_t offset, const void *bytes)
{
    if (size > 0 && is_ours(fd)) {
        record(POWER_WRITE, recorder.fd[fd].file, recorder.fd[fd].durable, (uint64_t)offset, bytes,
               (size_t)size);
    }
    return size;
}

/* Where write() and writev() of this descriptor go. */
static off_t place(int fd)
{
    return is_ours(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    off_t at = place(fd);
    return wrote(fd, syscall(SYS_write, fd, bytes, size), at, bytes);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return wrote(fd, syscall(SYS_pwrite64, fd, bytes, size, offset), offset, bytes);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

/* Each part is a write of its own: the disk may take one and not the other. */
static ssize_t wrote_parts(int fd, ssize_t size, off_t offset, const struct iovec *parts, int count)
{
    ssize_t left = size;
    for (int i = 0; i < count && left > 0; i++) {
        ssize_t part = left < (ssize_t)parts[i].iov_len ? left : (ssize_t)parts[i].iov_len;
        (void)wrote(fd, part, offset, parts[i].iov_base);
        offset += part;
        left -= part;
    }
    return size;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    off_t at = place(fd);
    return wrote_parts(fd, syscall(SYS_writev, fd, parts, count), at, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return wrote_parts(fd, syscall(SYS_pwritev, fd, parts, count, offset, 0), offset, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

/* --- syncs --- */

static int synced(int fd, int status)
{
    if (status == 0 && is_ours(fd)) {
        record(POWER_SYNC, recorder.fd[fd].file, false, 0, "", 0);
    }
    return status;
}

int fsync(int fd)
{
    return synced(fd, (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    return synced(fd, (int)syscall(SYS_fdatasync, fd));
}

/* The negative control: a store that does not wait for its root page. */
int mdb_env_open(MDB_env *env, const char *path, unsigned int flags, mdb_mode_t mode)
{
    int (*real)(MDB_env *, const char *, unsigned int, mdb_mode_t) =
        (int (*)(MDB_env *, const char *, unsigned int, mdb_mode_t))(uintptr_t)dlsym(
            RTLD_NEXT, "mdb_env_open");
    const char *more = getenv("POWER_MDB_FLAGS");
    MUST(real != NULL);
    return real(env, path, more == NULL ? flags : flags | (unsigned)strtoul(more, NULL, 0), mode);
}
