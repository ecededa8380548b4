/* waiters: operators whose reply comes later: they follow events, or wait for a job's end. */
#pragma once

#include "controller/app/request.h"

enum { WAITERS_MAX = LIMIT_OPERATORS, WAITER_FRAME_BYTES = 8192 };

struct waiters *waiters_create(void);
void waiters_destroy(struct waiters **waiters);

/* Keeps the request and asks it again when the journal has grown, or after LIMIT_FOLLOW_MS for the
 * last time (waiters_is_last_time). False: no room, answer now. */
bool waiters_follow(struct controller *ctl, struct request *request);
bool waiters_is_last_time(const struct controller *ctl);

/* A job for the request begins once its batch is committed (waiters_start_jobs); its reply is made
 * of the job's output. Up to three arguments, and NULL. False: refused. */
bool waiters_start_job(struct controller *ctl, struct request *request, const char *const args[]);
/* At a turn's end: what a committed batch ordered begins. */
void waiters_start_jobs(struct controller *ctl);
/* What this input of the open batch did is undone, with NULL all of it: its jobs do not begin. */
void waiters_undone(struct controller *ctl, const struct input *input);

struct waiters_load {
    size_t waiting, jobs; /* operators whose reply comes later; of them, those with a job */
};
struct waiters_load waiters_load_of(const struct waiters *waiters);

/* The journal grew, or time went by: asks again what is due. */
void waiters_turn(struct controller *ctl, bool journal_grew);

/* A job ended. Its output: lines `name=value` become notes, lines with tabs rows under the columns
 * that a first line `columns=a,b,c` names, a line `failed=text` the refusal. */
void waiters_job_done(struct controller *ctl, uint64_t job, int status, const char *output);
