/* Where a store lives: its directory, who may read it, and who owns it. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/store/internal.h"

/* A killed owner keeps its lock until the kernel has taken its memory apart. */
enum { OWNER_GOES_MS = 3000, OWNER_ASKED_EVERY_MS = 10 };

/* statfs(2) f_type of file systems that other hosts can write to, or whose locks and mmap are not
 * those of a local disk. */
static const struct {
    uint64_t type;
    const char *name;
} network_file_systems[] = {
    {0x6969,     "NFS"   },
    {0xff534d42, "CIFS"  },
    {0xfe534d42, "SMB2"  },
    {0x517b,     "SMB"   },
    {0x564c,     "NCP"   },
    {0x65735546, "FUSE"  },
    {0x01021997, "9P"    },
    {0x00c36400, "CEPH"  },
    {0x5346414f, "AFS"   },
    {0x6b414653, "kAFS"  },
    {0x73757245, "CODA"  },
    {0x7461636f, "OCFS2" },
    {0x01161970, "GFS2"  },
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"  },
    {0x19830326, "BeeGFS"},
    {0x786f4256, "vboxsf"},
};

/* tmpfs, ramfs, overlayfs */
static const uint64_t volatile_file_systems[] = {0x01021994, 0x858458f6, 0x794c7630};

const char *store_network_fs_name(uint64_t f_type)
{
    for (size_t i = 0; i < ARRAY_LEN(network_file_systems); i++) {
        if (network_file_systems[i].type == f_type) {
            return network_file_systems[i].name;
        }
    }
    return NULL;
}

bool store_fs_is_volatile(uint64_t f_type)
{
    for (size_t i = 0; i < ARRAY_LEN(volatile_file_systems); i++) {
        if (volatile_file_systems[i] == f_type) {
            return true;
        }
    }
    return false;
}

enum err place_fault(const char *path, const char *call, struct fault *fault)
{
    int why = errno;
    if (why == ENOSPC || why == EDQUOT) {
        return fault_set(fault, ERR_FULL, "%s: %s: storage full: %s; free some space", path, call,
                         strerror(why));
    }
    return fault_set(fault, ERR_IO, "%s: %s: %s", path, call, strerror(why));
}

void place_close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

bool place_file(const char *dir, const char *name, char out[STORE_PATH_SIZE])
{
    int size = snprintf(out, STORE_PATH_SIZE, "%s/%s", dir, name);
    return size > 0 && size < STORE_PATH_SIZE;
}

enum err place_sync(const char *dir, struct fault *fault)
{
    AUTO(place_close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return place_fault(dir, "open", fault);
    }
    return fsync(fd) == 0 ? ERR_OK : place_fault(dir, "fsync", fault);
}

enum err place_sync_parent(const char *path, struct fault *fault)
{
    char copy[STORE_PATH_SIZE];
    MUST(strlen(path) < sizeof(copy));
    memcpy(copy, path, strlen(path) + 1);
    return place_sync(dirname(copy), fault);
}

static enum err make_dir(const char *dir, struct fault *fault)
{
    if (mkdir(dir, 0700) == 0) {
        return place_sync_parent(dir, fault);
    }
    if (errno == EEXIST) {
        return ERR_OK;
    }
    if (errno == ENOENT) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "store %s: the directory above it does not exist; make it first", dir);
    }
    return place_fault(dir, "mkdir", fault);
}

static enum err no_store(const char *dir, struct fault *fault)
{
    return fault_set(fault, ERR_NOT_FOUND, "there is no store in %s", dir);
}

static enum err check_dir(struct store *store, struct fault *fault)
{
    struct stat info;
    if (stat(store->dir, &info) != 0) {
        return errno == ENOENT ? no_store(store->dir, fault)
                               : place_fault(store->dir, "stat", fault);
    }
    if (!S_ISDIR(info.st_mode)) {
        return fault_set(fault, ERR_REFUSED, "store %s is not a directory", store->dir);
    }
    if ((info.st_mode & 0077) != 0) {
        return fault_set(fault, ERR_REFUSED,
                         "store %s is open to other users (mode %04o); run: chmod 700 %s",
                         store->dir, (unsigned)(info.st_mode & 07777), store->dir);
    }
    store->device = info.st_dev;
    store->inode = info.st_ino;
    return ERR_OK;
}

static enum err system_fs_type(const char *dir, uint64_t *ret_type, struct fault *fault)
{
    struct statfs info;
    if (statfs(dir, &info) != 0) {
        return place_fault(dir, "statfs", fault);
    }
    *ret_type = (uint64_t)info.f_type & UINT32_MAX;
    return ERR_OK;
}

static enum err check_fs(struct store *store, const struct store_options *options,
                         struct fault *fault)
{
    uint64_t type = 0;
    TRY((options->fs_type != NULL ? options->fs_type : system_fs_type)(store->dir, &type, fault));
    const char *network = store_network_fs_name(type);
    if (network != NULL) {
        return fault_set(fault, ERR_REFUSED,
                         "store %s is on %s, a network or shared file system, where data would be "
                         "lost; move it to a local disk",
                         store->dir, network);
    }
    store->on_volatile_fs = store_fs_is_volatile(type);
    return ERR_OK;
}

/* ERR_NOT_FOUND: there is no such file. */
static enum err check_file(const char *dir, const char *name, struct fault *fault)
{
    struct stat info;
    char path[STORE_PATH_SIZE];
    MUST(place_file(dir, name, path));
    if (stat(path, &info) != 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : place_fault(path, "stat", fault);
    }
    if ((info.st_mode & 0077) != 0) {
        return fault_set(fault, ERR_REFUSED,
                         "%s can be read by other users (mode %04o); run: chmod 600 %s", path,
                         (unsigned)(info.st_mode & 07777), path);
    }
    return ERR_OK;
}

/* Did a making that was cut short leave only a beginning? LMDB writes two pages before the first
 * commit, and no commit leaves so few. */
static bool is_beginning(const char *dir)
{
    struct stat info;
    char path[STORE_PATH_SIZE];
    MUST(place_file(dir, "data.mdb", path));
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_size <= 2 * (off_t)sysconf(_SC_PAGESIZE);
}

enum err place_clear(struct store *store, struct fault *fault)
{
    char path[STORE_PATH_SIZE];
    MUST(place_file(store->dir, "data.mdb", path));
    if (is_beginning(store->dir) && unlink(path) != 0) {
        return place_fault(path, "unlink", fault);
    }
    return ERR_OK;
}

static enum err check_files(struct store *store, bool may_be_new, struct fault *fault)
{
    static const char *const others[] = {"lock.mdb", "owner", "ballast"};
    enum err data = check_file(store->dir, "data.mdb", fault);
    if (data == ERR_OK && is_beginning(store->dir)) {
        data = ERR_NOT_FOUND;
    }
    store->is_new = data == ERR_NOT_FOUND;
    if (data == ERR_NOT_FOUND && !may_be_new) {
        return no_store(store->dir, fault);
    }
    if (data != ERR_OK && data != ERR_NOT_FOUND) {
        return data;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        enum err other = check_file(store->dir, others[i], fault);
        if (other != ERR_OK && other != ERR_NOT_FOUND) {
            return other;
        }
    }
    return ERR_OK;
}

static enum err somebody_owns_it(const struct store *store, int fd, struct fault *fault)
{
    char text[16] = {0};
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    long pid = got > 0 ? strtol(text, NULL, 10) : 0;
    if (pid <= 0) {
        return fault_set(fault, ERR_BUSY, "store %s is owned by another process; stop it first",
                         store->dir);
    }
    return fault_set(fault, ERR_BUSY, "store %s is owned by process %ld; stop it first", store->dir,
                     pid);
}

/* False with errno EWOULDBLOCK: its owner is still there at the end of the time. */
static bool lock_within(int fd, int64_t ms)
{
    const struct clock *clock = clock_system();
    struct mono end = mono_after_ms(clock->mono(clock->ctx), ms);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || !mono_before(clock->mono(clock->ctx), end)) {
            return false;
        }
        (void)poll(NULL, 0, OWNER_ASKED_EVERY_MS);
    }
    return true;
}

enum err place_own(struct store *store, struct fault *fault)
{
    char path[STORE_PATH_SIZE];
    char text[16];
    MUST(place_file(store->dir, "owner", path));
    store->owner_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->owner_fd < 0) {
        return place_fault(path, "open", fault);
    }
    if (!lock_within(store->owner_fd, OWNER_GOES_MS)) {
        return errno == EWOULDBLOCK ? somebody_owns_it(store, store->owner_fd, fault)
                                    : place_fault(path, "flock", fault);
    }
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    MUST(size > 0 && (size_t)size < sizeof(text));
    /* The lock is what counts; a pid that cannot be written (disk full) only costs a hint. */
    if (ftruncate(store->owner_fd, 0) == 0) {
        ssize_t written = pwrite(store->owner_fd, text, (size_t)size, 0);
        (void)written;
    }
    return ERR_OK;
}

enum err place_enter(struct store *store, const struct store_options *options, struct fault *fault)
{
    char longest[STORE_PATH_SIZE];
    if (!place_file(options->dir, "data.mdb", longest)) {
        return fault_set(fault, ERR_INPUT, "store directory: the path has over %d characters",
                         STORE_PATH_SIZE - 10);
    }
    memcpy(store->dir, options->dir, strlen(options->dir) + 1);
    bool create = options->create && !options->read_only;
    if (create) {
        TRY(make_dir(store->dir, fault));
    }
    TRY(check_dir(store, fault));
    TRY(check_fs(store, options, fault));
    return check_files(store, create, fault);
}

void place_leave(struct store *store)
{
    place_close_fd(&store->owner_fd);
    store->owner_fd = -1;
}
