/* place_file: a small file that a board's helper keeps beside its lock, in two places that are
 * written in turn, each with a number and a checksum. Both were there before: a write that a power
 * cut tears leaves the one before, and a full disk refuses none. Whoever writes is scribe.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/base/ids.h"

enum { PLACE_FILE_PLACES = 2, PLACE_FILE_EXTRA = 20 };

struct place_file {
    const char *ending; /* of its name, "fire" */
    uint32_t magic;
    uint32_t size; /* of a place */
};

/* Opens or makes `run_dir`/`name`.ending at its full size, or for reading alone where the disk
 * takes nothing, or not at all: then *ret_fd is -1, which reads as empty. Each is told in the log,
 * none is a reason to stop. ERR_INPUT: the path is too long. */
MUST_CHECK enum err place_file_open(const struct place_file *file, const char *run_dir,
                                    struct name name, int *ret_fd, struct fault *fault);

/* The bytes of the `count`-th write (from 1), `file->size` of them, for the place
 * place_file_offset() says. `body` has file->size - PLACE_FILE_EXTRA bytes at most. */
void place_file_pack(const struct place_file *file, uint64_t count, struct bytes body,
                     uint8_t *out);
uint32_t place_file_offset(const struct place_file *file, uint64_t count);

/* The newest place of `fd` that `take` can use; *ret_count is its number, 0: there is none. `take`
 * gets the body with the zeros behind it. */
void place_file_read(const struct place_file *file, int fd,
                     bool (*take)(void *ctx, struct bytes body), void *ctx, uint64_t *ret_count);
