/* file: small files that are there whole or not at all, also after a power cut.
 *
 * What is written is synced before it gets its name, and its directory after it. Errors name the
 * path and the system's word: ERR_FULL for a full disk, quota or limit of the file's size, else
 * ERR_IO.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/* errno as a fault: "path: what the system says". Reads errno; call it first. */
enum err file_fault(const char *path, struct fault *fault);

/* All of it, through signals and short writes. False: errno says why. */
bool file_write_all(int fd, struct bytes bytes);

/* Makes names in it durable. */
MUST_CHECK enum err file_sync_directory(const char *dir, struct fault *fault);
/* The directory that `path` lies in. */
MUST_CHECK enum err file_sync_directory_of(const char *path, struct fault *fault);

/* A file that was not there before. ERR_REFUSED: there is one. On any other error none is left. */
MUST_CHECK enum err file_write_new(const char *path, mode_t mode, struct bytes bytes,
                                   struct fault *fault);

/* Puts it in the place of what has that name, if anything has. It is written beside it as
 * "<path>.new" first, over what a killed process left there. On an error the old file stands. */
MUST_CHECK enum err file_replace(const char *path, mode_t mode, struct bytes bytes,
                                 struct fault *fault);
