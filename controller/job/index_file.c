#include "controller/job/index_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"

static enum err read_private(const char *path, char *out, size_t size, struct fault *fault)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        enum err err = fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return err;
    }
    ssize_t got = -1;
    if ((info.st_mode & 077) == 0) {
        got = read(fd, out, size - 1);
    }
    (void)close(fd);
    if ((info.st_mode & 077) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s may be read by others; run: chmod 600 %s", path,
                         path);
    }
    if (got < 0) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    out[got] = '\0';
    return ERR_OK;
}

enum err index_file_read(const char *path, struct index_keys *ret_keys, struct fault *fault)
{
    char text[INDEX_KEYS_TEXT_SIZE + 16];
    TRY(read_private(path, text, sizeof(text), fault));
    bool good = index_keys_parse(text, ret_keys);
    seal_wipe(text, sizeof(text));
    return good ? ERR_OK
                : fault_set(fault, ERR_INPUT,
                            "%s: not 64 hex digits; it is made by parkgate init and kept in every "
                            "backup",
                            path);
}

static enum err beside(const char *path, const char *suffix, char out[PATH_MAX],
                       struct fault *fault)
{
    return snprintf(out, PATH_MAX, "%s%s", path, suffix) < PATH_MAX
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", path);
}

enum err index_file_write(const char *path, const struct index_keys *keys, struct fault *fault)
{
    char text[INDEX_KEYS_TEXT_SIZE];
    index_keys_text(keys, text);
    enum err err = file_replace(path, 0600, bytes_of_text(text), fault);
    seal_wipe(text, sizeof(text));
    return err;
}

enum err index_file_next(const char *path, struct index_keys *keys, struct fault *fault)
{
    char next[PATH_MAX];
    struct index_keys drawn;
    struct index_keys all = *keys;
    TRY(beside(path, ".next", next, fault));
    if (access(next, F_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    TRY(index_file_read(next, &drawn, fault));
    if (drawn.count != 1) {
        return fault_set(fault, ERR_INPUT, "%s: more than one key", next);
    }
    if (!index_keys_add(&all, &drawn.key[0])) {
        return fault_set(fault, ERR_FULL, "%s: %d keys already, and none of them may go", path,
                         INDEX_KEYS_MAX);
    }
    TRY(index_file_write(path, &all, fault));
    *keys = all;
    seal_wipe(&all, sizeof(all));
    seal_wipe(&drawn, sizeof(drawn));
    return ERR_OK;
}

void index_file_end_next(const char *path)
{
    char next[PATH_MAX];
    if (beside(path, ".next", next, NULL) == ERR_OK) {
        (void)unlink(next);
    }
}
