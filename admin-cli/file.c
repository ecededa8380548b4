#include "admin-cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"

static char *refuse_read(FILE *file, char *text, const char *path, const char *why,
                         struct complaint *c)
{
    (void)complain(c, ERROR_FILE_OPEN, path, why, NULL, NULL);
    free(text);
    if (file != NULL) {
        (void)fclose(file);
    }
    return NULL;
}

char *file_read(const char *path, size_t max, size_t *ret_size, struct complaint *c)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return refuse_read(NULL, NULL, path, strerror(errno), c);
    }
    char *text = NULL;
    size_t size = 0;
    size_t capacity = 0;
    for (;;) {
        if (size + 1 >= capacity) {
            capacity = capacity == 0 ? 16384 : capacity * 2;
            text = realloc(text, capacity);
            MUST(text != NULL);
        }
        size_t got = fread(text + size, 1, capacity - size - 1, file);
        size += got;
        if (size > max) {
            return refuse_read(file, text, path, "it is too large", c);
        }
        if (got == 0) {
            break;
        }
    }
    if (ferror(file)) {
        return refuse_read(file, text, path, strerror(errno), c);
    }
    (void)fclose(file);
    text[size] = '\0';
    *ret_size = size;
    return text;
}

bool file_make(const char *path, unsigned mode, struct bytes content, struct complaint *c)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return complain(c, ERROR_DIR_MAKE, path, strerror(errno), NULL, NULL);
    }
    size_t done = 0;
    while (done < content.size) {
        ssize_t wrote = write(fd, content.data + done, content.size - done);
        if (wrote < 0 && errno != EINTR) {
            break;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    bool good = done == content.size && fsync(fd) == 0;
    int error = errno;
    good = close(fd) == 0 && good;
    return good || complain(c, ERROR_DIR_MAKE, path, strerror(error), NULL, NULL);
}
