/* Fuzzes what helpers and the agent find in their own small files at a start: a board's fire file
 * and its setup, and the lease. Whatever stands there, what is read is readable again as it was
 * read, and a lease that is read holds no time that runs backwards. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/board/fire_file.h"
#include "reader-agent/board/setup_file.h"
#include "reader-agent/store/lease_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEASE_BODY = 4 + 1 + 2 * LEASE_BOOT_SIZE + 4 * 8 }; /* lease_file.c */

static char dir[64];

/* `sum`: the check sums of its places of `place` bytes are put right. */
static void put(int fd, const uint8_t *data, size_t size, size_t place, bool sum)
{
    uint8_t bytes[SETUP_FILE_PLACE * PLACE_FILE_PLACES] = {0};
    size_t whole = place * PLACE_FILE_PLACES;
    size_t take = size < whole ? size : whole;
    memcpy(bytes, data, take);
    for (size_t p = 0; sum && p < PLACE_FILE_PLACES; p++) {
        uint64_t fnv = UINT64_C(14695981039346656037);
        uint8_t *at = bytes + p * place;
        for (size_t i = 0; i < place - sizeof(fnv); i++) {
            fnv = (fnv ^ at[i]) * UINT64_C(1099511628211);
        }
        struct writer w = writer_of(at + place - sizeof(fnv), sizeof(fnv));
        writer_u64(&w, fnv);
    }
    size_t length = sum ? whole : take;
    MUST(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length);
}

static void read_fire(int fd)
{
    uint8_t packed[FIRE_FILE_PLACE * PLACE_FILE_PLACES] = {0};
    uint64_t count = 0;
    uint64_t again_count = 0;
    struct fire_kept kept = fire_file_read(fd, &count);
    if (count == 0) {
        return;
    }
    fire_file_pack(&kept, count, packed);
    MUST(ftruncate(fd, 0) == 0 && pwrite(fd, packed, sizeof(packed), 0) == (ssize_t)sizeof(packed));
    struct fire_kept again = fire_file_read(fd, &again_count);
    MUST(again_count == count && again.latched == kept.latched && again.held == kept.held &&
         again.number == kept.number && again.order.number == kept.order.number &&
         again.order.lane_count == kept.order.lane_count);
}

static void read_setup(int fd)
{
    uint8_t packed[SETUP_FILE_PLACE * PLACE_FILE_PLACES] = {0};
    uint8_t repacked[SETUP_FILE_PLACE * PLACE_FILE_PLACES] = {0};
    struct helper_board setup;
    struct helper_board again;
    uint64_t count = 0;
    if (setup_file_read(fd, &setup, &count) != ERR_OK) {
        return;
    }
    MUST(setup.lane_count <= HELPER_LANES_PER_BOARD);
    setup_file_pack(&setup, count, packed);
    MUST(ftruncate(fd, 0) == 0 && pwrite(fd, packed, sizeof(packed), 0) == (ssize_t)sizeof(packed));
    MUST(setup_file_read(fd, &again, &count) == ERR_OK);
    /* What nobody uses (a fire input's sense without the input) is not kept; the rest is. */
    setup_file_pack(&again, count, repacked);
    MUST(memcmp(packed, repacked, sizeof(packed)) == 0);
}

/* With its hash put right. */
static void read_lease(const uint8_t *data, size_t size)
{
    char path[sizeof(dir) + sizeof("/lease")];
    struct lease_saved saved;
    uint8_t boot[LEASE_BOOT_SIZE] = {1};
    uint8_t file[LEASE_BODY + SEAL_HASH_SIZE] = {0};
    size_t length = size < LEASE_BODY ? size : sizeof(file);
    memcpy(file, data, size < LEASE_BODY ? size : LEASE_BODY);
    struct seal_hash hash = seal_hash_of((struct bytes){.data = file, .size = LEASE_BODY});
    memcpy(file + LEASE_BODY, hash.bytes, SEAL_HASH_SIZE);
    (void)snprintf(path, sizeof(path), "%s/lease", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, file, length) == (ssize_t)length);
    (void)close(fd);
    enum err err = lease_file_read(dir, &saved, NULL);
    MUST(err == ERR_OK || err == ERR_NOT_FOUND);
    if (err == ERR_OK) {
        struct gate_lease lease;
        lease_begin(&lease, &saved, boot, (struct mono){.us = 1}, (struct wall){.us = 1});
        int64_t length_us = lease_length_us(LIMIT_LEASE_HOURS, false);
        int64_t left_us = lease_left_us(&lease, length_us);
        lease_pass(&lease, (struct mono){.us = 2}, (struct wall){.us = 2});
        MUST(left_us <= length_us && lease_left_us(&lease, length_us) <= left_us);
    }
}

static void remove_dir(void)
{
    char path[sizeof(dir) + sizeof("/lease")];
    (void)snprintf(path, sizeof(path), "%s/lease", dir);
    (void)unlink(path);
    (void)rmdir(dir);
}

/* A byte: which file; with bit 7 the check sums of its places are put right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        MUST(seal_init(NULL) == ERR_OK);
        fd = memfd_create("kept", MFD_CLOEXEC);
        (void)snprintf(dir, sizeof(dir), "%s/kept-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        MUST(fd >= 0 && mkdtemp(dir) != NULL && atexit(remove_dir) == 0);
    }
    if (size < 1) {
        return 0;
    }
    size_t place = data[0] % 3 == 1 ? SETUP_FILE_PLACE : FIRE_FILE_PLACE;
    put(fd, data + 1, size - 1, place, (data[0] & 0x80) != 0);
    switch (data[0] % 3) {
    case 0:
        read_fire(fd);
        break;
    case 1:
        read_setup(fd);
        break;
    default:
        read_lease(data + 1, size - 1);
        break;
    }
    return 0;
}
