#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err file_fault(const char *path, struct fault *fault)
{
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return fault_set(fault, full ? ERR_FULL : ERR_IO, "%s: %s", path, strerror(errno));
}

bool file_write_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t wrote = write(fd, bytes.data, bytes.size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        bytes.data += wrote;
        bytes.size -= (size_t)wrote;
    }
    return true;
}

enum err file_sync_directory(const char *dir, struct fault *fault)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : file_fault(dir, fault);
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}

enum err file_sync_directory_of(const char *path, struct fault *fault)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? snprintf(dir, sizeof(dir), ".")
                             : snprintf(dir, sizeof(dir), "%.*s/", (int)(slash - path), path);
    return size > 0 && (size_t)size < sizeof(dir)
               ? file_sync_directory(dir, fault)
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", path);
}

/* fd >= 0; closed. What could not be written whole goes again. */
static enum err fill(int fd, const char *path, struct bytes bytes, struct fault *fault)
{
    bool good = file_write_all(fd, bytes) && fsync(fd) == 0;
    enum err err = good ? ERR_OK : file_fault(path, fault);
    if (close(fd) != 0 && err == ERR_OK) {
        err = file_fault(path, fault);
    }
    if (err != ERR_OK) {
        (void)unlink(path);
    }
    return err;
}

enum err file_write_new(const char *path, mode_t mode, struct bytes bytes, struct fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return errno == EEXIST ? fault_set(fault, ERR_REFUSED, "%s: there is such a file", path)
                               : file_fault(path, fault);
    }
    TRY(fill(fd, path, bytes, fault));
    return file_sync_directory_of(path, fault);
}

enum err file_replace(const char *path, mode_t mode, struct bytes bytes, struct fault *fault)
{
    char fresh[PATH_MAX];
    int size = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (size < 0 || (size_t)size >= sizeof(fresh)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", path);
    }
    (void)unlink(fresh); /* by its mode and owner it may be anybody's */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return file_fault(fresh, fault);
    }
    TRY(fill(fd, fresh, bytes, fault));
    if (rename(fresh, path) != 0) {
        enum err err = file_fault(path, fault);
        (void)unlink(fresh);
        return err;
    }
    return file_sync_directory_of(path, fault);
}
