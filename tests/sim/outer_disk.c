/* What common/store asks of the file system rather than of LMDB. */
#include "common/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader-agent/store/lease_file.h"
#include "tests/sim/sim.h"

enum err __wrap_store_check(const struct store_options *options, struct fault *fault);
enum err __wrap_store_ballast_make(struct store *store, size_t size, struct fault *fault);
enum err __wrap_store_ballast_spend(struct store *store, struct fault *fault);
enum err __wrap_store_disk_free(const struct store *store, uint64_t *ret_bytes,
                                struct fault *fault);

enum err __wrap_lease_boot_read(uint8_t ret_boot[LEASE_BOOT_SIZE], struct fault *fault);

/* Every power-up of a simulated box is a boot of its own. */
enum err __wrap_lease_boot_read(uint8_t ret_boot[LEASE_BOOT_SIZE], struct fault *fault)
{
    (void)fault;
    MUST(machine_now != NULL);
    memset(ret_boot, 0x5a, LEASE_BOOT_SIZE);
    memcpy(ret_boot, &machine_now->booted, sizeof(machine_now->booted));
    return ERR_OK;
}

/* --- the file of a copy's parts: opened anew for each delivery, and nothing of it outlives one ---
 */

struct parts {
    char *bytes;
    size_t size, room;
    off64_t at;
};

static ssize_t read_parts(void *cookie, char *out, size_t size)
{
    struct parts *parts = cookie;
    size_t left = (size_t)parts->at < parts->size ? parts->size - (size_t)parts->at : 0;
    size_t some = size < left ? size : left;
    memcpy(out, parts->bytes + parts->at, some);
    parts->at += (off64_t)some;
    return (ssize_t)some;
}

static ssize_t write_parts(void *cookie, const char *bytes, size_t size)
{
    struct parts *parts = cookie;
    size_t end = (size_t)parts->at + size;
    if (end > parts->room) {
        parts->room = 2 * end;
        parts->bytes = realloc(parts->bytes, parts->room);
        MUST(parts->bytes != NULL);
    }
    memcpy(parts->bytes + parts->at, bytes, size);
    parts->at += (off64_t)size;
    parts->size = end > parts->size ? end : parts->size;
    return (ssize_t)size;
}

static int seek_parts(void *cookie, off64_t *offset, int whence)
{
    struct parts *parts = cookie;
    off64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? parts->at : (off64_t)parts->size;
    parts->at = from + *offset;
    *offset = parts->at;
    return 0;
}

static int close_parts(void *cookie)
{
    struct parts *parts = cookie;
    free(parts->bytes);
    free(parts);
    return 0;
}

FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    const char *end = strrchr(path, '/');
    if (end == NULL || strcmp(end, "/parts") != 0) {
        return fopen(path, mode);
    }
    struct parts *parts = calloc(1, sizeof(*parts));
    MUST(parts != NULL);
    return fopencookie(parts, "w+",
                       (cookie_io_functions_t){read_parts, write_parts, seek_parts, close_parts});
}

/* --- stores --- */

/* It forks, and there are no pages that could be damaged. */
enum err __wrap_store_check(const struct store_options *options, struct fault *fault)
{
    (void)options;
    (void)fault;
    return ERR_OK;
}

enum err __wrap_store_ballast_make(struct store *store, size_t size, struct fault *fault)
{
    const struct machine *machine = machine_of_path(store_dir(store));
    (void)size;
    return machine != NULL && machine->disk_full
               ? fault_set(fault, ERR_FULL, "the simulated disk is full")
               : ERR_OK;
}

/* What it gives is gone at once: a full disk of the simulation stays full. */
enum err __wrap_store_ballast_spend(struct store *store, struct fault *fault)
{
    (void)store;
    (void)fault;
    return ERR_OK;
}

enum err __wrap_store_disk_free(const struct store *store, uint64_t *ret_bytes, struct fault *fault)
{
    const struct machine *machine = machine_of_path(store_dir(store));
    (void)fault;
    *ret_bytes = machine != NULL && machine->disk_full ? 0 : UINT64_C(1) << 36;
    return ERR_OK;
}
