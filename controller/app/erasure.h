/* erasure: what `person erase` begins is brought to its end, over restarts too.
 *
 *   asked       the roster forgets the person, terminals are ordered to delete the face, one entry
 *               (ERASURE_BEGAN); gates' copies follow with the next round
 *   keys gone   his key is deleted, the person-key environment rewritten whole by a job; what was
 *               written meanwhile is brought to the copy, the copy swapped in, the old file written
 *               over by another job, which does the same to every backup of the last
 *               LIMIT_BACKUP_KEYS_DAYS that is where it was written (ERASURE_KEY_GONE)
 *   ended       every enrolled gate's copy has come past the beginning, or its box has none; every
 *               terminal has confirmed (ERASURE_ENDED)
 *
 * Every other key that a commit takes from the environment has it rewritten in the same way,
 * ERASURE_LATER_MS after the last time at the latest (batch.c looks at each commit).
 *
 * Each step can be done again. While the environment is rewritten no other job is started, and it
 * waits for those that run: a backup either has the key whole, and is then rewritten too, or not.
 */
#pragma once

#include "controller/app/request.h"

enum {
    ERASURE_AGAIN_MS = 5000,   /* after a job that failed, or keys that came meanwhile */
    ERASURE_LOOK_MS = 10000,   /* who has confirmed by now? */
    ERASURE_LATER_MS = 600000, /* where no person waits for it: the file is rewritten so often */
    ERASURE_DAILY_MS = 86400000, /* where there are backups, whose keys live for their days */
    ERASURE_ROWS = 200,        /* erasures looked at in one slice */
    ERASURE_BRING = 1000,      /* keys brought to the copy in one turn */
};
/* What has begun so long ago, and whose key is not gone, is told. */
#define ERASURE_LATE_US (INT64_C(3600) * 1000000)

/* The job's number: no operator waits for it. */
#define ERASURE_JOB (UINT64_C(1) << 62)

/* Begins it; the caller has looked whether it may be. ret_last_day may be NULL. */
MUST_CHECK enum err erasure_begin(struct controller *ctl, struct handle holder, const char *actor,
                                  const char *reason, int32_t *ret_last_day, struct fault *fault);
/* Does nothing stand against it: not inside, not banned, not held? */
MUST_CHECK enum err erasure_is_free(struct controller *ctl, struct handle holder, bool *ret,
                                    struct fault *fault);

/* Keys were deleted: the same for who knows it before the commit. */
void erasure_keys_deleted(struct controller *ctl);

/* Is the environment being rewritten? Then no job may be started. */
bool erasure_holds_jobs(const struct controller *ctl);

/* Once a second. */
void erasure_tick(struct controller *ctl);
/* At a turn's end: what was written since a copy was made is brought to it. Returns in how many
 * milliseconds it wants to be called again; negative: never. */
int64_t erasure_turn(struct controller *ctl);
/* Gives up what is under way; the next start begins it again. */
void erasure_end(struct controller *ctl);

/* The end of a job; false: it was not ours. */
bool erasure_job_done(struct controller *ctl, uint64_t job, int status, const char *output);
