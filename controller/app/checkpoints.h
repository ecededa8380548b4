/* checkpoints: the journal's tables at one entry, signed; and cutting off what lies far behind one.
 *
 *   checkpoint   a job replays the journal, compares every table and writes them down (a snapshot,
 *                job/snapshot.h); the park signs its digest, and the journal keeps that (entry
 *                CHECKPOINT). Then older snapshots are removed. The newest one is made anew before
 *                it is LIMIT_CHECKPOINT_DAYS old, so that it never holds what tables dropped longer
 *                ago than that. One that cannot be made raises `checkpoint-failed`, and is tried
 *                again a day later.
 *   truncation   two persons ask for it (entry TRUNCATION, asked); a job looks whether checkpoint,
 *                snapshot and chain are what they were; then it is on record (began) where the
 *                journal begins, and entries go in slices between batches, over restarts too (ended)
 *
 * What is refused: entries younger than LIMIT_JOURNAL_DAYS, or behind no checkpoint, or in no
 * backup that was made, or that retention has not walked over; while somebody is held (hold.add),
 * or the controller recovers. A hold that begins later stops the slices until it ends. A job for
 * which the launcher has no place now is begun a minute later. The tables say how far it is; what
 * is in struct checkpointing is soft.
 */
#pragma once

#include "controller/app/request.h"

enum {
    CHECKPOINT_JOB_REFUSED = 255, /* with no word: the launcher has no place for it */
    CHECKPOINT_LOOK_MS = 60000, /* is one due, is a truncation asked for? */
    CHECKPOINT_AGAIN_MS = 86400000, /* one that cannot be made reads the whole journal each time */
    CHECKPOINT_TIDY_AGAIN_MS = 3600000,
    TRUNCATION_SLICE_MS = 50,
    TRUNCATION_SLICE_ROWS = 200,
};

/* The job's number when no operator waits for it. */
#define CHECKPOINT_JOB (UINT64_C(1) << 61)

/* Once a second. */
void checkpoints_tick(struct controller *ctl);
/* At a turn's end: a slice, if one is due and no batch is open. Milliseconds until the next; -1:
 * none. */
int64_t checkpoints_turn(struct controller *ctl);
/* The end of a job; false: it was not ours. */
bool checkpoints_job_done(struct controller *ctl, uint64_t job, int status, const char *output);
/* The job `checkpoint` that this key asked for ended well: it is signed and recorded. */
void checkpoints_made(struct controller *ctl, const char *actor, const char *output);
