#include "controller/job/replay_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/tables.h"

static const char ending[] = ".verify-XXXXXX";

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* On the store's own directory, which nobody else locks (its owner locks a file in it): one that is
 * being made has no owner yet, and must not be taken for one that was left. */
static enum err lock_place(const char *store, int *ret_fd, struct fault *fault)
{
    *ret_fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd >= 0 && flock(*ret_fd, LOCK_EX) == 0
               ? ERR_OK
               : fault_set(fault, ERR_IO, "verify: cannot lock %s: %s", store, strerror(errno));
}

enum err replay_copy_make(const char *store, char out[STORE_PATH_SIZE], struct store **ret,
                          struct fault *fault)
{
    AUTO(close_fd) int lock = -1;
    struct store_options options = {.dir = out,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .create = true};
    int size = snprintf(out, STORE_PATH_SIZE, "%s%s", store, ending);
    if (size < 0 || size >= STORE_PATH_SIZE) {
        out[0] = '\0';
        return fault_set(fault, ERR_INPUT, "verify: %s: the path is too long", store);
    }
    enum err err = lock_place(store, &lock, fault);
    if (err == ERR_OK && mkdtemp(out) == NULL) {
        err = fault_set(fault, ERR_IO, "verify: cannot make %s: %s", out, strerror(errno));
    }
    if (err != ERR_OK) {
        out[0] = '\0';
        return err;
    }
    return store_open(&options, ret, fault);
}

/* --- removing --- */

static bool remove_dir(const char *dir)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[STORE_PATH_SIZE + 16];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
    return rmdir(dir) == 0;
}

void replay_copy_remove(const char *dir)
{
    if (dir[0] != '\0') {
        (void)remove_dir(dir);
    }
}

/* Does anybody hold the lock of the store in it? One without an owner was left before it had it. */
static bool is_owned(const char *dir)
{
    char path[STORE_PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/owner", dir);
    AUTO(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
}

/* `prefix` of a path's last part: is `name` one of its directories? */
static bool is_copy(const char *name, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(name, prefix, size) == 0 && strlen(name) == size + strlen("XXXXXX");
}

static enum err sweep(DIR *dir, const char *parent, const char *prefix, unsigned *ret_removed,
                      struct fault *fault)
{
    struct dirent *entry;
    enum err err = ERR_OK;
    while ((entry = readdir(dir)) != NULL) {
        char path[STORE_PATH_SIZE];
        if (!is_copy(entry->d_name, prefix) ||
            snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) >= (int)sizeof(path) ||
            is_owned(path)) {
            continue;
        }
        if (remove_dir(path)) {
            ++*ret_removed;
        } else {
            err = fault_set(fault, ERR_IO, "%s, which a killed job left, cannot be removed: %s",
                            path, strerror(errno));
        }
    }
    return err;
}

enum err replay_copy_sweep(const char *store, unsigned *ret_removed, struct fault *fault)
{
    char path[STORE_PATH_SIZE]; /* the store's parent, and what their names begin with */
    const char *prefix = path;
    const char *parent = ".";
    AUTO(close_fd) int lock = -1;
    *ret_removed = 0;
    int size = snprintf(path, sizeof(path), "%s%.*s", store,
                        (int)(sizeof(ending) - sizeof("XXXXXX")), ending);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        return fault_set(fault, ERR_INPUT, "verify: %s: the path is too long", store);
    }
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
        prefix = slash + 1;
        parent = slash == path ? "/" : path;
    }
    TRY(lock_place(store, &lock, fault));
    DIR *dir = opendir(parent);
    if (dir == NULL) {
        return fault_set(fault, ERR_IO, "%s: %s", parent, strerror(errno));
    }
    enum err err = sweep(dir, parent, prefix, ret_removed, fault);
    (void)closedir(dir);
    return err;
}
