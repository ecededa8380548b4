/* What common/store asks of the file system rather than of LMDB. */
#include "common/store/store.h"

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
