#include "reader-agent/store/lease_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/file.h"
#include "common/seal/seal.h"

enum {
    LEASE_MAGIC = 0x504c5331, /* "PLS1" */
    LEASE_PATH_SIZE = 512,
    LEASE_BODY_SIZE = 4 + 1 + 2 * LEASE_BOOT_SIZE + 4 * 8,
    LEASE_FILE_SIZE = LEASE_BODY_SIZE + SEAL_HASH_SIZE,
};
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static enum err path_of(const char *dir, const char *file, char out[LEASE_PATH_SIZE],
                        struct fault *fault)
{
    int size = snprintf(out, LEASE_PATH_SIZE, "%s/%s", dir, file);
    return size > 0 && size < LEASE_PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
}

static enum err read_whole(const char *path, uint8_t *out, size_t size, size_t *ret_size,
                           struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? fault_set(fault, ERR_NOT_FOUND, "%s: there is none", path)
                               : file_fault(path, fault);
    }
    ssize_t got = read(fd, out, size);
    enum err err = got < 0 ? file_fault(path, fault) : ERR_OK;
    (void)close(fd);
    *ret_size = got < 0 ? 0 : (size_t)got;
    return err;
}

enum err lease_file_read(const char *dir, struct lease_saved *ret, struct fault *fault)
{
    char path[LEASE_PATH_SIZE];
    uint8_t bytes[LEASE_FILE_SIZE + 1];
    size_t size = 0;
    TRY(path_of(dir, "lease", path, fault));
    TRY(read_whole(path, bytes, sizeof(bytes), &size, fault));
    struct seal_hash hash = {{0}};
    if (size == LEASE_FILE_SIZE) {
        hash = seal_hash_of((struct bytes){.data = bytes, .size = LEASE_BODY_SIZE});
    }
    struct reader r = reader_of((struct bytes){.data = bytes, .size = size});
    bool damaged = size != LEASE_FILE_SIZE || reader_u32(&r) != LEASE_MAGIC ||
                   memcmp(hash.bytes, bytes + LEASE_BODY_SIZE, SEAL_HASH_SIZE) != 0;
    if (damaged) {
        return fault_set(fault, ERR_NOT_FOUND, "%s: it is damaged", path);
    }
    struct lease_saved saved = {.fresh_ever = reader_u8(&r) != 0};
    memcpy(saved.boot, reader_bytes(&r, LEASE_BOOT_SIZE).data, LEASE_BOOT_SIZE);
    memcpy(saved.heard, reader_bytes(&r, LEASE_BOOT_SIZE).data, LEASE_BOOT_SIZE);
    saved.at.us = (int64_t)reader_u64(&r);
    saved.high.us = (int64_t)reader_u64(&r);
    saved.counted.us = (int64_t)reader_u64(&r);
    saved.spent_us = (int64_t)reader_u64(&r);
    if (saved.at.us < 0 || saved.high.us < 0 || saved.counted.us < 0 || saved.spent_us < 0) {
        return fault_set(fault, ERR_NOT_FOUND, "%s: it is damaged", path);
    }
    *ret = saved;
    return ERR_OK;
}

enum err lease_file_write(const char *dir, const struct lease_saved *saved, struct fault *fault)
{
    char path[LEASE_PATH_SIZE];
    uint8_t bytes[LEASE_FILE_SIZE];
    struct writer w = writer_of(bytes, sizeof(bytes));
    TRY(path_of(dir, "lease", path, fault));
    writer_u32(&w, LEASE_MAGIC);
    writer_u8(&w, saved->fresh_ever);
    writer_bytes(&w, BYTES_OF(saved->boot));
    writer_bytes(&w, BYTES_OF(saved->heard));
    writer_u64(&w, (uint64_t)saved->at.us);
    writer_u64(&w, (uint64_t)saved->high.us);
    writer_u64(&w, (uint64_t)saved->counted.us);
    writer_u64(&w, (uint64_t)saved->spent_us);
    struct seal_hash hash = seal_hash_of(writer_view(&w));
    writer_bytes(&w, BYTES_OF(hash.bytes));
    return file_replace(path, 0600, writer_view(&w), fault);
}

enum err lease_boot_read(uint8_t ret_boot[LEASE_BOOT_SIZE], struct fault *fault)
{
    uint8_t text[64];
    size_t size = 0;
    TRY(read_whole(BOOT_ID_FILE, text, sizeof(text), &size, fault));
    struct seal_hash hash = seal_hash_of((struct bytes){.data = text, .size = size});
    memcpy(ret_boot, hash.bytes, LEASE_BOOT_SIZE);
    return ERR_OK;
}
