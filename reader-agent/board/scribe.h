/* scribe: writes a board's small files in a process of its own, so that a disk that hangs or is
 * full holds up no exit. What it was given it writes even if its parent is killed, and again each
 * second while the disk does not take it; it ends with its parent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"

enum { SCRIBE_BYTES = 4096, SCRIBE_FILES_MAX = 32, SCRIBE_RETRY_MS = 1000 };

struct scribe;

/* Forks: call it before anything is held that must go with the parent, a device lock above all.
 * `fds` are `count` files (at most SCRIBE_FILES_MAX) by index; they stay the caller's, and open
 * while there is the scribe. `user`: becomes that user when started as root; NULL stays. Never
 * fails: a process that could not be made is made by scribe_tend(). */
struct scribe *scribe_start(const int *fds, uint8_t count, const char *user, struct mono now);
void scribe_destroy(struct scribe **scribe);

/* `data` (at most SCRIBE_BYTES) to `offset` of file `index`, made durable; what was given for that
 * file before need not be. Never waits. False: it has too much to do, or its disk hangs: nothing
 * will be written. Without a process: true, the next one writes it. */
MUST_CHECK bool scribe_write(struct scribe *scribe, uint8_t index, uint32_t offset,
                             struct bytes data);
/* A process that died is followed by another, which is given the newest of each file again, and
 * what it has no room for at the next call; at most one in SCRIBE_RETRY_MS. It holds none of our
 * locks. */
void scribe_tend(struct scribe *scribe, struct mono now);
