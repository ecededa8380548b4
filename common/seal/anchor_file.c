#include "common/seal/anchor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"

enum { PATH_SIZE = 1024, CHUNK = 2048 };

static enum err failed(const char *path, struct fault *fault)
{
    return fault_set(fault, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, "%s: %s", path,
                     strerror(errno));
}

/* --- adding --- */

static enum err put_aside(struct anchor_file *file, struct fault *fault)
{
    char old[PATH_SIZE];
    struct stat info;
    size_t max = file->max_bytes == 0 ? ANCHOR_FILE_BYTES : file->max_bytes;
    if (stat(file->path, &info) != 0 || (size_t)info.st_size < max) {
        return ERR_OK;
    }
    int size = snprintf(old, sizeof(old), "%s.old", file->path);
    if (size < 0 || (size_t)size >= sizeof(old) || rename(file->path, old) != 0) {
        return failed(file->path, fault);
    }
    file->key[0] = '\0';
    return ERR_OK;
}

/* A line that a power cut left half is ended, so that the next one is whole. */
static bool ends_in_a_line(int fd)
{
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);
    return size <= 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

static enum err add(int fd, const struct anchor_file *file, const char *key_line, const char *line,
                    struct fault *fault)
{
    char text[ANCHOR_KEY_LINE_SIZE + ANCHOR_LINE_SIZE + 4];
    int size = snprintf(text, sizeof(text), "%s%s%s%s\n", ends_in_a_line(fd) ? "" : "\n", key_line,
                        key_line[0] == '\0' ? "" : "\n", line);
    MUST(size > 0 && (size_t)size < sizeof(text));
    return write(fd, text, (size_t)size) == size && fdatasync(fd) == 0 ? ERR_OK
                                                                       : failed(file->path, fault);
}

enum err anchor_file_add(struct anchor_file *file, const struct sign_public *key, const char *line,
                         struct fault *fault)
{
    char key_line[ANCHOR_KEY_LINE_SIZE] = "";
    char id[SIGN_KEY_ID_SIZE] = "";
    MUST(strlen(line) < ANCHOR_LINE_SIZE);
    TRY(put_aside(file, fault));
    if (key != NULL) {
        sign_key_id(key, id);
    }
    if (key != NULL && strcmp(id, file->key) != 0) {
        anchor_key_to_line(key, key_line);
    }
    int fd = open(file->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return failed(file->path, fault);
    }
    enum err err = add(fd, file, key_line, line, fault);
    (void)close(fd);
    if (err == ERR_OK && key != NULL) {
        memcpy(file->key, id, sizeof(id));
    }
    return err;
}

/* --- reading --- */

static bool is_anchor(const char *line)
{
    struct anchor ignored;
    return anchor_from_line(line, &ignored);
}

/* The last anchor whose line ends in the chunk at `at`, or the first with `first`. */
static bool find_in_chunk(int fd, off_t at, bool first, char ret[ANCHOR_LINE_SIZE])
{
    char chunk[CHUNK + 1];
    ssize_t got = pread(fd, chunk, CHUNK, at);
    bool found = false;
    chunk[got > 0 ? got : 0] = '\0';
    for (char *line = chunk, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if ((size_t)(end - line) < ANCHOR_LINE_SIZE && is_anchor(line) && !(first && found)) {
            memcpy(ret, line, (size_t)(end - line) + 1);
            found = true;
        }
    }
    return found;
}

static off_t random_place(const struct entropy *entropy, off_t size)
{
    uint8_t drawn[8];
    entropy_fill(entropy, drawn, sizeof(drawn));
    struct reader r = reader_of(BYTES_OF(drawn));
    return (off_t)(reader_u64(&r) % (uint64_t)size);
}

enum err anchor_file_sample(const char *path, const struct entropy *entropy,
                            char ret_line[ANCHOR_SAMPLES_MAX][ANCHOR_LINE_SIZE], size_t *ret_count,
                            struct fault *fault)
{
    size_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : failed(path, fault);
    }
    off_t size = lseek(fd, 0, SEEK_END);
    off_t tail = size > CHUNK ? size - CHUNK : 0;
    if (size > 0 && find_in_chunk(fd, tail, false, ret_line[0])) {
        count = 1;
    }
    for (size_t i = 1; count > 0 && i < ANCHOR_SAMPLES_MAX; i++) {
        if (find_in_chunk(fd, random_place(entropy, size), true, ret_line[count]) &&
            strcmp(ret_line[count], ret_line[0]) != 0) {
            count++;
        }
    }
    (void)close(fd);
    *ret_count = count;
    return count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err take_line(char *line, enum err (*take)(void *ctx, const struct anchor *anchor),
                          void *ctx, size_t *bad)
{
    struct anchor anchor;
    struct sign_public key;
    line[strcspn(line, "\n")] = '\0';
    if (anchor_from_line(line, &anchor)) {
        return take(ctx, &anchor);
    }
    *bad += line[0] != '\0' && !anchor_key_from_line(line, &key);
    return ERR_OK;
}

enum err anchor_file_read(const char *path,
                          enum err (*take)(void *ctx, const struct anchor *anchor), void *ctx,
                          size_t *ret_bad, struct fault *fault)
{
    char line[CHUNK];
    size_t bad = 0;
    enum err err = ERR_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? ERR_NOT_FOUND : failed(path, fault);
    }
    while (err == ERR_OK && fgets(line, sizeof(line), file) != NULL) {
        err = take_line(line, take, ctx, &bad);
    }
    if (err == ERR_OK && ferror(file)) {
        err = failed(path, fault);
    }
    (void)fclose(file);
    *ret_bad = bad;
    return err;
}
