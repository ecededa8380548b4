/* backups: which copies of the park were made. Entry BACKUP is recorded when one is asked for, so
 * that an erasure finds its directory; a second one when the job ended well, with the last entry
 * that the copy has. What is cut off the journal must be in such a one (truncation.c). */
#pragma once

#include "controller/app/request.h"

/* The job `backup` into `dir` ended well, and printed `output`. */
void backups_made(struct controller *ctl, const char *dir, const char *output);
/* The last entry that any whole copy has; 0: there is none. */
MUST_CHECK enum err backups_hold_upto(struct store_txn *txn, uint64_t *ret, struct fault *fault);
