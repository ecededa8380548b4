#include "tests/campaigns/calls/failing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/must.h"

enum kind { KIND_NONE, KIND_WRITE, KIND_SYNC, KIND_OPEN, KIND_MALLOC };

static struct {
    enum kind kind;
    int error;
    bool hit;
    uint64_t nth, count, times;
    char once[256]; /* "": whenever it is armed */
} failing;

static const char *const kind_names[] = {"", "write", "sync", "open", "malloc"};

/* glibc's own, behind the names that stand here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void failing_arm(const char *kind, uint64_t nth, int error, uint64_t times)
{
    failing.kind = KIND_NONE;
    failing.count = 0;
    failing.hit = false;
    failing.nth = nth;
    failing.times = times;
    failing.error = error;
    for (size_t i = 1; i < ARRAY_LEN(kind_names); i++) {
        if (strcmp(kind, kind_names[i]) == 0) {
            failing.kind = (enum kind)i;
        }
    }
    MUST(failing.kind != KIND_NONE);
}

uint64_t failing_disarm(bool *ret_hit)
{
    failing.kind = KIND_NONE;
    *ret_hit = failing.hit;
    return failing.count;
}

/* FAILING=KIND:NTH:ERRNO:FILE */
__attribute__((constructor)) static void begin(void)
{
    char kind[16];
    unsigned long long nth = 0;
    int error = 0;
    const char *text = getenv("FAILING");
    if (text != NULL) {
        MUST(sscanf(text, "%15[^:]:%llu:%d:%255s", kind, &nth, &error, failing.once) == 4);
        failing_arm(kind, nth, error, 1);
    }
}

static bool fails(enum kind kind)
{
    if (failing.kind != kind) {
        return false;
    }
    if (failing.once[0] != '\0' && kind != KIND_MALLOC &&
        syscall(SYS_access, failing.once, F_OK) != 0) {
        return false;
    }
    uint64_t number = ++failing.count;
    if (number < failing.nth || number - failing.nth >= failing.times) {
        return false;
    }
    if (failing.once[0] != '\0' && syscall(SYS_unlink, failing.once) != 0) {
        failing.kind = KIND_NONE;
        return false;
    }
    failing.hit = true;
    errno = failing.error;
    return true;
}

static bool write_fails(int fd)
{
    struct stat stat;
    int kept = errno;
    if (failing.kind != KIND_WRITE || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        errno = kept;
        return false;
    }
    errno = kept;
    return fails(KIND_WRITE);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return write_fails(fd) ? -1 : syscall(SYS_write, fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_fails(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_fails(fd) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return write_fails(fd) ? -1 : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int fsync(int fd)
{
    return fails(KIND_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(KIND_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static mode_t mode_of(int flags, va_list list)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

static int open_real(int at, const char *path, int flags, mode_t mode)
{
    return fails(KIND_OPEN) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode);
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

int openat(int at, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_real(at, path, flags, mode);
}

void *malloc(size_t size)
{
    return fails(KIND_MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(KIND_MALLOC) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(KIND_MALLOC) ? NULL : __libc_realloc(old, size);
}
