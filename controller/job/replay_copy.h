/* replay_copy: the directory beside the store in which a job rebuilds tables, STORE.verify-XXXXXX.
 *
 * A job that is killed leaves it, with all that the tables held. Who has one holds the lock of the
 * store in it; one that nobody holds is removed by the next job that makes one, by the job
 * `checkpoint-tidy`, and at the controller's start. Making and removing exclude each other.
 */
#pragma once

#include "common/store/store.h"

/* Makes the directory, its name into `out`, and opens an empty store in it. On an error `out` is
 * what to remove, or "". ERR_IO, ERR_INPUT (the path is too long), and what store_open() gives. */
MUST_CHECK enum err replay_copy_make(const char *store, char out[STORE_PATH_SIZE],
                                     struct store **ret, struct fault *fault);
/* Removes one of one's own, its store closed before. "": none. */
void replay_copy_remove(const char *dir);
/* Removes all that nobody has; *ret_removed: how many. ERR_IO: one stays, the fault names it; the
 * others went. */
MUST_CHECK enum err replay_copy_sweep(const char *store, unsigned *ret_removed,
                                      struct fault *fault);
