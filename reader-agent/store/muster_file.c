#include "reader-agent/store/muster_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/must.h"

#define MAGIC       "PGMUST1\n"
#define NOTE_PREFIX "muster-opened."

enum { MAGIC_SIZE = 8, HEAD_SIZE = MAGIC_SIZE + SEAL_KEY_SIZE, PATH_SIZE = 512 };
enum { NOTE_FILE_SIZE = 8 + MUSTER_NOTE_SIZE };

static enum err path_of(const char *dir, const char *file, char out[PATH_SIZE], struct fault *fault)
{
    int size = snprintf(out, PATH_SIZE, "%s/%s", dir, file);
    return size > 0 && size < PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
}

static enum err failed(const char *path, const char *call, struct fault *fault)
{
    enum err err = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_FULL
                   : errno == ENOENT                                    ? ERR_NOT_FOUND
                                                                        : ERR_IO;
    return fault_set(fault, err, "%s: %s: %s", path, call, strerror(errno));
}

/* What no name leads to any more is not to lie on free blocks with its key. */
static void wipe_head(int fd, size_t size)
{
    static const uint8_t none[HEAD_SIZE];
    if (size > 0 && size <= sizeof(none)) {
        (void)!pwrite(fd, none, size, 0);
        (void)!fdatasync(fd);
    }
}

/* The file stands whole under `name`, or not at all. `like` NULL: owned by whoever we are. */
static enum err write_whole(const char *dir, const char *name, struct bytes head, struct bytes body,
                            const struct stat *like, struct fault *fault)
{
    char path[PATH_SIZE];
    char fresh[PATH_SIZE];
    char fresh_name[96];
    (void)snprintf(fresh_name, sizeof(fresh_name), ".new-%s", name);
    TRY(path_of(dir, name, path, fault));
    TRY(path_of(dir, fresh_name, fresh, fault));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return failed(fresh, "open", fault);
    }
    bool done = file_write_all(fd, head) && file_write_all(fd, body) &&
                (like == NULL || fchown(fd, like->st_uid, like->st_gid) == 0 || errno == EPERM) &&
                fsync(fd) == 0 && rename(fresh, path) == 0;
    enum err err = done ? ERR_OK : failed(fresh, "write", fault);
    if (!done) {
        wipe_head(fd, head.size);
        (void)unlink(fresh);
    }
    (void)close(fd);
    TRY(err);
    return file_sync_directory(dir, fault);
}

/* The list that is replaced; -1: there is none. */
static int open_old(const char *dir)
{
    char path[PATH_SIZE];
    return path_of(dir, "muster", path, NULL) == ERR_OK
               ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
               : -1;
}

enum err muster_file_write(const char *dir, const Parkgate__MusterKept *kept,
                           const struct seal_key *key, struct fault *fault)
{
    uint8_t head[HEAD_SIZE] = MAGIC;
    size_t size = parkgate__muster_kept__get_packed_size(kept);
    if (size > MUSTER_FILE_MAX) {
        return fault_set(fault, ERR_FULL, "the list of who is inside is too long: %zu bytes", size);
    }
    uint8_t *body = malloc(size + 1);
    MUST(body != NULL);
    (void)parkgate__muster_kept__pack(kept, body);
    if (key != NULL) {
        memcpy(head + MAGIC_SIZE, key->bytes, SEAL_KEY_SIZE);
    }
    int old = open_old(dir);
    enum err err = write_whole(dir, "muster", BYTES_OF(head),
                               (struct bytes){.data = body, .size = size}, NULL, fault);
    if (old >= 0) {
        wipe_head(old, err == ERR_OK ? HEAD_SIZE : 0);
        (void)close(old);
    }
    seal_wipe(head, sizeof(head));
    free(body);
    return err;
}

enum err muster_file_set_key(const char *dir, const struct seal_key *key, struct fault *fault)
{
    static const struct seal_key none = {{0}};
    char path[PATH_SIZE];
    TRY(path_of(dir, "muster", path, fault));
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return failed(path, "open", fault);
    }
    bool done = pwrite(fd, key == NULL ? none.bytes : key->bytes, SEAL_KEY_SIZE, MAGIC_SIZE) ==
                    SEAL_KEY_SIZE &&
                fsync(fd) == 0;
    enum err err = done ? ERR_OK : failed(path, "write", fault);
    (void)close(fd);
    return err;
}

static enum err read_all(int fd, const char *path, uint8_t **ret, size_t *ret_size,
                         struct fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return failed(path, "stat", fault);
    }
    if (st.st_size < HEAD_SIZE || st.st_size > MUSTER_FILE_MAX + HEAD_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "%s: it is damaged", path);
    }
    size_t size = (size_t)st.st_size;
    size_t have = 0;
    uint8_t *data = malloc(size);
    MUST(data != NULL);
    while (have < size) {
        ssize_t got = read(fd, data + have, size - have);
        if (got <= 0) {
            free(data);
            return fault_set(fault, ERR_CORRUPT, "%s: it is damaged", path);
        }
        have += (size_t)got;
    }
    *ret = data;
    *ret_size = size;
    return ERR_OK;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= data[i];
    }
    return any == 0;
}

enum err muster_file_read(const char *dir, struct muster_file *ret, struct fault *fault)
{
    char path[PATH_SIZE];
    uint8_t *data = NULL;
    size_t size = 0;
    TRY(path_of(dir, "muster", path, fault));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return failed(path, "open", fault);
    }
    enum err err = read_all(fd, path, &data, &size, fault);
    (void)close(fd);
    TRY(err);
    Parkgate__MusterKept *kept =
        memcmp(data, MAGIC, MAGIC_SIZE) == 0
            ? parkgate__muster_kept__unpack(NULL, size - HEAD_SIZE, data + HEAD_SIZE)
            : NULL;
    if (kept != NULL) {
        ret->open = !is_zero(data + MAGIC_SIZE, SEAL_KEY_SIZE);
        memcpy(ret->key.bytes, data + MAGIC_SIZE, SEAL_KEY_SIZE);
        ret->kept = kept;
    }
    seal_wipe(data, HEAD_SIZE);
    free(data);
    return kept != NULL ? ERR_OK : fault_set(fault, ERR_CORRUPT, "%s: it is damaged", path);
}

void muster_file_free(struct muster_file *file)
{
    seal_wipe(&file->key, sizeof(file->key));
    parkgate__muster_kept__free_unpacked(file->kept, NULL);
    *file = (struct muster_file){.open = false};
}

bool muster_file_remove(const char *dir)
{
    char path[PATH_SIZE];
    (void)!muster_file_set_key(dir, NULL, NULL);
    return path_of(dir, "muster", path, NULL) == ERR_OK && (unlink(path) == 0 || errno == ENOENT);
}

/* --- notes of openings --- */

enum err muster_note_write(const char *dir, const struct entropy *entropy, struct wall at,
                           const char *note, struct fault *fault)
{
    uint8_t id[8];
    char hex[2 * sizeof(id) + 1];
    char name[sizeof(NOTE_PREFIX) + sizeof(hex)];
    uint8_t body[NOTE_FILE_SIZE] = {0};
    struct stat st;
    struct writer w = writer_of(body, sizeof(body));
    if (stat(dir, &st) != 0) {
        return failed(dir, "stat", fault);
    }
    entropy_fill(entropy, id, sizeof(id));
    bytes_to_hex(BYTES_OF(id), hex, sizeof(hex));
    (void)snprintf(name, sizeof(name), "%s%s", NOTE_PREFIX, hex);
    writer_u64(&w, (uint64_t)at.us);
    (void)snprintf((char *)body + 8, MUSTER_NOTE_SIZE, "%s", note);
    return write_whole(dir, name, BYTES_OF(body), (struct bytes){0}, &st, fault);
}

static bool find_note(const char *dir, char ret_name[64])
{
    bool found = false;
    struct dirent *entry = NULL;
    DIR *open_dir = opendir(dir);
    while (open_dir != NULL && !found && (entry = readdir(open_dir)) != NULL) {
        size_t size = strlen(entry->d_name);
        found = size < 64 && strncmp(entry->d_name, NOTE_PREFIX, strlen(NOTE_PREFIX)) == 0;
        if (found) {
            memcpy(ret_name, entry->d_name, size + 1);
        }
    }
    if (open_dir != NULL) {
        (void)closedir(open_dir);
    }
    return found;
}

enum err muster_note_next(const char *dir, char ret_name[64], struct wall *ret_at,
                          char ret_note[MUSTER_NOTE_SIZE], struct fault *fault)
{
    char path[PATH_SIZE];
    uint8_t body[NOTE_FILE_SIZE] = {0};
    if (!find_note(dir, ret_name)) {
        return fault_set(fault, ERR_NOT_FOUND, "no names were opened");
    }
    TRY(path_of(dir, ret_name, path, fault));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return failed(path, "open", fault) == ERR_NOT_FOUND ? ERR_NOT_FOUND : ERR_IO;
    }
    ssize_t size = read(fd, body, sizeof(body));
    enum err err = size < 0                        ? failed(path, "read", fault)
                   : size == (ssize_t)sizeof(body) ? ERR_OK
                                                   : ERR_CORRUPT;
    (void)close(fd);
    if (err == ERR_CORRUPT) {
        return fault_set(fault, ERR_CORRUPT, "%s: it is damaged", path);
    }
    TRY(err);
    struct reader r = reader_of(BYTES_OF(body));
    ret_at->us = (int64_t)reader_u64(&r);
    memcpy(ret_note, body + 8, MUSTER_NOTE_SIZE - 1);
    ret_note[MUSTER_NOTE_SIZE - 1] = '\0';
    return ERR_OK;
}

void muster_note_remove(const char *dir, const char *name)
{
    char path[PATH_SIZE];
    if (path_of(dir, name, path, NULL) == ERR_OK) {
        (void)unlink(path);
    }
}
