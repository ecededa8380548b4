/* scribe: writes a board's small files in a process of its own, so that a disk that hangs or is
 * full holds up no exit. What it was given it writes even if its parent is killed; it ends with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

struct scribe;

/* Forks: call it before anything is held that must go with the parent, a device lock above all.
 * `fds` are the files by index; they stay the caller's for reading. `user`: becomes that user when
 * started as root; NULL stays. ERR_IO: no process. */
MUST_CHECK enum err scribe_start(const int *fds, uint8_t count, const char *user,
                                 struct scribe **ret_scribe, struct fault *fault);
void scribe_destroy(struct scribe **scribe);

/* `data` (at most SCRIBE_BYTES) to `offset` of file `index`, made durable. Never waits. False: it
 * has too much to do, its disk hangs, or there is no scribe (NULL); nothing will be written. */
enum { SCRIBE_BYTES = 4096 };
MUST_CHECK bool scribe_write(struct scribe *scribe, uint8_t index, uint32_t offset,
                             struct bytes data);
