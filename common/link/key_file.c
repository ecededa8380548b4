/* Key files: written once, read with suspicion. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

#include "common/base/bytes.h"
#include "common/base/must.h"
#include "common/link/key.h"
#include "common/seal/seal.h"

enum { KEY_FILE_MAX = 1024 };

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum err file_fault(const char *path, const char *call, struct fault *fault)
{
    return fault_set(fault, ERR_IO, "%s: %s: %s", path, call, strerror(errno));
}

static enum err sync_parent(const char *path, struct fault *fault)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof(copy)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", path);
    }
    memcpy(copy, path, strlen(path) + 1);
    AUTO(close_fd) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? ERR_OK : file_fault(path, "fsync of its directory", fault);
}

static enum err write_new(const char *path, mode_t mode, struct bytes text, struct fault *fault)
{
    AUTO(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST) {
        return fault_set(fault, ERR_REFUSED, "%s exists already; a key is never overwritten", path);
    }
    if (fd < 0) {
        return file_fault(path, "open", fault);
    }
    if (write(fd, text.data, text.size) != (ssize_t)text.size || fchmod(fd, mode) != 0 ||
        fsync(fd) != 0) {
        enum err err = file_fault(path, "write", fault);
        (void)unlink(path);
        return err;
    }
    return sync_parent(path, fault);
}

enum err link_key_pair_write(const char *path, const struct link_key_pair *pair,
                             struct fault *fault)
{
    char public_z85[LINK_KEY_Z85_SIZE];
    char secret_z85[LINK_KEY_Z85_SIZE];
    char text[KEY_FILE_MAX];
    link_key_to_z85(pair->public_key, public_z85);
    link_key_to_z85(pair->secret_key, secret_z85);
    int size = snprintf(text, sizeof(text),
                        "# A secret key: it stays on this machine and is read by nobody else.\n"
                        "public = %s\nsecret = %s\n",
                        public_z85, secret_z85);
    MUST(size > 0 && (size_t)size < sizeof(text));
    enum err err = write_new(path, 0600, bytes_of_text(text), fault);
    seal_wipe(text, sizeof(text));
    seal_wipe(secret_z85, sizeof(secret_z85));
    return err;
}

enum err link_key_write(const char *path, struct link_key key, struct fault *fault)
{
    char z85[LINK_KEY_Z85_SIZE];
    char text[KEY_FILE_MAX];
    link_key_to_z85(key, z85);
    int size = snprintf(text, sizeof(text), "public = %s\n", z85);
    MUST(size > 0 && (size_t)size < sizeof(text));
    return write_new(path, 0644, bytes_of_text(text), fault);
}

/* What a key file holds. */
struct content {
    struct link_key_pair pair;
    bool has_public, has_secret;
    mode_t mode;
};

static void content_destroy(struct content *content)
{
    link_key_pair_destroy(&content->pair);
}

/* `WORD = Z85`, the 40 characters being the end of the line. */
static bool take_line(const char *line, const char *word, struct link_key *ret_key)
{
    size_t size = strlen(word);
    if (strncmp(line, word, size) != 0 || strncmp(line + size, " = ", 3) != 0) {
        return false;
    }
    return link_key_from_z85(line + size + 3, ret_key);
}

static enum err parse(const char *path, char *text, struct content *content, struct fault *fault)
{
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }
        if (!content->has_public && take_line(line, "public", &content->pair.public_key)) {
            content->has_public = true;
        } else if (!content->has_secret && take_line(line, "secret", &content->pair.secret_key)) {
            content->has_secret = true;
        } else {
            return fault_set(fault, ERR_INPUT,
                             "%s is no key file; it needs a line: public = (40 characters)", path);
        }
    }
    return ERR_OK;
}

static enum err read_text(const char *path, char text[KEY_FILE_MAX], mode_t *ret_mode,
                          struct fault *fault)
{
    struct stat info;
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return fault_set(fault, ERR_NOT_FOUND, "%s: no such key file", path);
    }
    if (fd < 0 || fstat(fd, &info) != 0) {
        return file_fault(path, "open", fault);
    }
    ssize_t size = read(fd, text, KEY_FILE_MAX);
    if (size < 0) {
        return file_fault(path, "read", fault);
    }
    if (size == KEY_FILE_MAX || memchr(text, '\0', (size_t)size) != NULL) {
        return fault_set(fault, ERR_INPUT, "%s is no key file", path);
    }
    text[size] = '\0';
    *ret_mode = info.st_mode & 07777;
    return ERR_OK;
}

static enum err check_mode(const char *path, mode_t mode, struct fault *fault)
{
    if ((mode & 0077) != 0) {
        return fault_set(fault, ERR_REFUSED,
                         "%s can be read by other users (mode %04o); run: chmod 600 %s", path,
                         (unsigned)mode, path);
    }
    return ERR_OK;
}

static enum err read_content(const char *path, struct content *content, struct fault *fault)
{
    char text[KEY_FILE_MAX];
    enum err err = read_text(path, text, &content->mode, fault);
    if (err == ERR_OK) {
        err = parse(path, text, content, fault);
    }
    seal_wipe(text, sizeof(text));
    return err;
}

static bool belong_together(const struct link_key_pair *pair)
{
    char public_z85[LINK_KEY_Z85_SIZE];
    char secret_z85[LINK_KEY_Z85_SIZE];
    struct link_key derived;
    link_key_to_z85(pair->secret_key, secret_z85);
    int rc = zmq_curve_public(public_z85, secret_z85);
    seal_wipe(secret_z85, sizeof(secret_z85));
    return rc == 0 && link_key_from_z85(public_z85, &derived) &&
           link_key_equal(derived, pair->public_key);
}

enum err link_key_pair_read(const char *path, struct link_key_pair *ret_pair, struct fault *fault)
{
    AUTO(content_destroy) struct content content = {.has_public = false};
    TRY(read_content(path, &content, fault));
    TRY(check_mode(path, content.mode, fault));
    if (!content.has_public || !content.has_secret) {
        return fault_set(fault, ERR_INPUT, "%s lacks its public or its secret key", path);
    }
    if (!belong_together(&content.pair)) {
        return fault_set(fault, ERR_INPUT,
                         "%s: public and secret key do not belong together; restore the file",
                         path);
    }
    *ret_pair = content.pair;
    return ERR_OK;
}

enum err link_key_read(const char *path, struct link_key *ret_key, struct fault *fault)
{
    AUTO(content_destroy) struct content content = {.has_public = false};
    TRY(read_content(path, &content, fault));
    if (content.has_secret) {
        TRY(check_mode(path, content.mode, fault));
    }
    if (!content.has_public) {
        return fault_set(fault, ERR_INPUT, "%s holds no public key", path);
    }
    *ret_key = content.pair.public_key;
    return ERR_OK;
}
