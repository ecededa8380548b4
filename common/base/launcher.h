/* launcher: the tiny first process of a daemon. It forks the worker, and starts and restarts
 * helper programs for it, so that the worker itself never forks or executes anything.
 *
 * The worker is forked, without exec, before any store or socket exists. It dies with the launcher
 * (SIGKILL), so that a new launcher's worker can own the store. A worker that crashes is started
 * again; helpers go on meanwhile, because a board must answer exit buttons while the agent is dead.
 * Helpers outlive even a killed launcher; the next launcher's helper takes over by its device lock.
 *
 * Restarts: at once, then after 100 ms, doubling up to 5 s. A process that was up for 1 s waits at
 * most 100 ms, one that was up for 10 s begins anew.
 *
 * SIGTERM or SIGINT stops the worker (3 s, then SIGKILL), then the helpers (2 s, then SIGKILL).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/ids.h"

enum {
    LAUNCHER_HELPERS_MAX = 64,
    LAUNCHER_JOBS_MAX = 4,
    LAUNCHER_ARGS_MAX = 24,       /* of one program, its name included */
    LAUNCHER_ARG_BYTES = 4096,    /* of one program, all arguments with their NULs */
    LAUNCHER_OUTPUT_BYTES = 8192, /* the last that a job wrote to its standard output */
    LAUNCHER_WORKER_AGAIN = -1,   /* a worker's return: start me again */
};

/* The worker's end of its line to the launcher. */
struct launcher_link;

/* The daemon proper. What it returns (0 or more) is final: helpers are stopped and launcher_run
 * returns it. But a refusal (1 or more) while helpers run is none: they go on, since people leave
 * through them, and it is tried again. LAUNCHER_WORKER_AGAIN, a signal or an exit() from elsewhere
 * is a crash: it is started again. SIGTERM has its default meaning in it until it says otherwise. */
typedef int launcher_worker(void *ctx, struct launcher_link *link);

struct launcher_options {
    const char *helper_dir; /* where helper programs lie; NULL: beside the daemon's own file */
    const char *program;    /* name for log lines on standard error */
};

/* Runs until the worker is done or the launcher was told to stop. Call it first in main(): it makes
 * the process single-purpose and takes over its signals. Returns the exit status for main(). */
int launcher_run(const struct launcher_options *options, launcher_worker *worker, void *ctx);

/* Readable when launcher_turn has something to do. Borrowed. */
int launcher_fd(const struct launcher_link *link);

/* Wants a helper called `name` to run. argv[0] is the program's plain file name, NULL ends the
 * list; copied. The same name with the same arguments running is left alone (a STARTED report
 * comes all the same); with others it is stopped and started anew.
 * ERR_INPUT: too many or too long arguments, or a path as program. ERR_BUSY: the line is full, try
 * again. ERR_IO: the launcher is gone, end. The same for all that follow. */
MUST_CHECK enum err launcher_want(struct launcher_link *link, struct name name,
                                  const char *const argv[], struct fault *fault);

/* Stops a helper (SIGTERM, 2 s, SIGKILL) and forgets it. Unknown names are ignored. */
MUST_CHECK enum err launcher_drop(struct launcher_link *link, struct name name,
                                  struct fault *fault);

/* Kills a helper that hangs (SIGKILL); it is started again with the usual back-off. */
MUST_CHECK enum err launcher_restart(struct launcher_link *link, struct name name,
                                     struct fault *fault);

/* Everything wanted is said: helpers that an earlier worker wanted and this one did not are
 * stopped. */
MUST_CHECK enum err launcher_settle(struct launcher_link *link, struct fault *fault);

/* Runs a program once; its end comes as JOB_DONE with `job`. Killed when the worker ends. */
MUST_CHECK enum err launcher_job(struct launcher_link *link, uint64_t job, const char *const argv[],
                                 struct fault *fault);

enum launcher_report_kind {
    LAUNCHER_STARTED = 1,  /* a helper runs: name, pid */
    LAUNCHER_EXITED = 2,   /* a helper ended: name, pid, status; it will be started again */
    LAUNCHER_JOB_DONE = 3, /* job, status, output */
};

struct launcher_report {
    enum launcher_report_kind kind;
    struct name name;
    uint64_t job;
    pid_t pid;
    int status;         /* exit status; 128 + the signal's number; 255 could not be started */
    const char *output; /* with a NUL behind its end; valid during the call */
    uint32_t output_size;
};

typedef void launcher_heard(void *ctx, const struct launcher_report *report);

/* Takes all waiting reports, one call of `heard` each. Never blocks. ERR_IO: the launcher is gone.
 */
MUST_CHECK enum err launcher_turn(struct launcher_link *link, launcher_heard *heard, void *ctx,
                                  struct fault *fault);

/* Milliseconds before the next start, after `failures` quick deaths in a row, the last one after
 * `up_ms`. Pure; *failures is updated. */
uint32_t launcher_backoff_ms(uint32_t *failures, int64_t up_ms);
