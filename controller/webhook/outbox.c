#include "controller/webhook/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/must.h"

enum { NUMBER_SIZE = 32 };

static enum err path_of(const char *dir, const char *name, char out[OUTBOX_PATH_SIZE],
                        struct fault *fault)
{
    int size = snprintf(out, OUTBOX_PATH_SIZE, "%s/%s", dir, name);
    return size > 0 && size < OUTBOX_PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
}

enum err outbox_read(const char *dir, uint64_t *ret_seq, bool *ret_there, struct fault *fault)
{
    char path[OUTBOX_PATH_SIZE];
    unsigned long long seq = 0;
    char behind = 0;
    TRY(path_of(dir, "cursor", path, fault));
    FILE *file = fopen(path, "re");
    *ret_there = file != NULL;
    if (file == NULL) {
        return errno == ENOENT ? ERR_OK : file_fault(path, fault);
    }
    bool good = fscanf(file, "%20llu%c", &seq, &behind) == 2 && behind == '\n';
    (void)fclose(file);
    if (!good) {
        return fault_set(fault, ERR_INPUT,
                         "%s: no number; correct it, or remove it to begin with what comes now",
                         path);
    }
    *ret_seq = seq;
    return ERR_OK;
}

enum err outbox_write(const char *dir, uint64_t seq, struct fault *fault)
{
    char path[OUTBOX_PATH_SIZE];
    char text[NUMBER_SIZE];
    TRY(path_of(dir, "cursor", path, fault));
    (void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)seq);
    return file_replace(path, 0600, bytes_of_text(text), fault);
}

enum err outbox_dead(const char *dir, struct bytes line, struct fault *fault)
{
    char path[OUTBOX_PATH_SIZE];
    TRY(path_of(dir, "dead-letters", path, fault));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && file_write_all(fd, line) && file_write_all(fd, bytes_of_text("\n")) &&
                fsync(fd) == 0;
    enum err err = good ? ERR_OK : file_fault(path, fault);
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}
