/* anchor_file: lines of anchor.h in a file that is only added to.
 *
 * When it has grown over its bound it becomes PATH.old, in place of an older one, and begins anew.
 * Each file names the keys of its lines. A line that was cut by a power cut is no line.
 */
#pragma once

#include "common/seal/anchor.h"

enum {
    ANCHOR_FILE_BYTES =
        64 << 20, /* at one anchor a minute, half a year; so long again in PATH.old */
};

struct anchor_file {
    const char *path;           /* borrowed */
    size_t max_bytes;           /* 0: ANCHOR_FILE_BYTES */
    char key[SIGN_KEY_ID_SIZE]; /* that this process named last in it; "" at first */
};

/* Adds a line, and before it that of the key when it was not the last (NULL: none). Durable on
 * ERR_OK. ERR_FULL, ERR_IO: at most a cut line was added. */
MUST_CHECK enum err anchor_file_add(struct anchor_file *file, const struct sign_public *key,
                                    const char *line, struct fault *fault);

/* The newest line, and up to three others of random places, for somebody who checks some of them.
 * ERR_NOT_FOUND: no file, or no line in it. ERR_IO. */
MUST_CHECK enum err anchor_file_sample(const char *path, const struct entropy *entropy,
                                       char ret_line[ANCHOR_SAMPLES_MAX][ANCHOR_LINE_SIZE],
                                       size_t *ret_count, struct fault *fault);

/* Calls `take` with each anchor of the file, in its order; what is no anchor and no key is counted
 * in *ret_bad. ERR_NOT_FOUND: no file. ERR_IO. */
MUST_CHECK enum err anchor_file_read(const char *path,
                                     enum err (*take)(void *ctx, const struct anchor *anchor),
                                     void *ctx, size_t *ret_bad, struct fault *fault);
