/* device_lock: one process a device, also across agents that were killed.
 *
 * A helper outlives a killed agent. The next agent's helper for the same device takes over: it
 * finds the lock held, sends SIGTERM to the holder (whose pid is the file's content), waits, and
 * sends SIGKILL to one that hangs.
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"

enum { DEVICE_LOCK_WAIT_MS = 2000 };

/* Takes `run_dir`/`name`.lock for the life of the process (the descriptor is never closed).
 * `take_over`: ask a holder to go; without, a held lock is refused at once.
 * On a disk that takes nothing it holds without its pid, or where no file can be made without a
 * lock at all; the log says so. ERR_BUSY: somebody holds it and stays; the fault names its pid.
 * ERR_IO: no such directory or no permission. */
MUST_CHECK enum err device_lock_take(const char *run_dir, const char *name, bool take_over,
                                     struct fault *fault);
