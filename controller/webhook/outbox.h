/* outbox: how far the receiver has come, and what it refused for good; two files of a directory.
 *
 * `cursor` holds the seq of the last line that is done with, as text; it is replaced whole (write,
 * fsync, rename, fsync of the directory). `dead-letters` gets each refused line, only added to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum { OUTBOX_PATH_SIZE = 512 };

/* *ret_there false: there is no cursor yet. ERR_INPUT: the file is no number. ERR_IO. */
MUST_CHECK enum err outbox_read(const char *dir, uint64_t *ret_seq, bool *ret_there,
                                struct fault *fault);
/* Durable when it returns ERR_OK. */
MUST_CHECK enum err outbox_write(const char *dir, uint64_t seq, struct fault *fault);
MUST_CHECK enum err outbox_dead(const char *dir, struct bytes line, struct fault *fault);
