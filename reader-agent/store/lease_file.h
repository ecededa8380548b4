/* lease_file: what is kept of the lease over a restart, in DIR/lease: one small file, replaced as a
 * whole. Losing it ends the lease and stretches nothing. */
#pragma once

#include "common/base/err.h"
#include "reader-agent/core/lease.h"

/* ERR_NOT_FOUND: there is none, or it is damaged. ERR_IO. */
MUST_CHECK enum err lease_file_read(const char *dir, struct lease_saved *ret, struct fault *fault);
/* On disk when it returns. ERR_FULL, ERR_IO: the one before it stands. */
MUST_CHECK enum err lease_file_write(const char *dir, const struct lease_saved *saved,
                                     struct fault *fault);
/* The name of this boot of the machine. ERR_IO: the system does not say. */
MUST_CHECK enum err lease_boot_read(uint8_t ret_boot[LEASE_BOOT_SIZE], struct fault *fault);
