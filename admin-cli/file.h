/* file: whole small files in and out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "schema/errors.h"

/* Reads at most `max` bytes into a fresh NUL-terminated buffer, to be freed. NULL: *c says why. */
char *file_read(const char *path, size_t max, size_t *ret_size, struct complaint *c);
/* Makes a new file with these rights, writes and syncs it. False: *c says why (ERROR_DIR_MAKE). */
bool file_make(const char *path, unsigned mode, struct bytes content, struct complaint *c);
