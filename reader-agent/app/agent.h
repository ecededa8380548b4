/* agent: the daemon of a gate, and the joining of a new one. */
#pragma once

#include "common/base/launcher.h"

struct muster_page;

/* What all workers of one launcher share. */
struct agent_start {
    const char *dir;
    struct muster_page *page; /* NULL: there is none */
};

/* A page for agent_start. NULL: there is no memory for one; then a crash forgets what it is for. */
struct muster_page *agent_share_page(void);

/* Runs the gate of directory `dir` until it is told to stop. A worker of launcher_run: returns the
 * exit status. Says on standard error why it did not start, and what to do. */
int agent_run(const struct agent_start *start, struct launcher_link *launcher);

struct agent_join {
    const char *dir;
    const char *gate;
    const char *controller; /* endpoint for agents */
    const char *enrol;      /* endpoint for enrolment */
    const char *server_key; /* Z85 */
    const char *code;
};

/* Makes the directory and the key, asks the controller to be let in, writes agent.conf. The key
 * stays when the controller does not answer or refuses, so that the same command may be given
 * again. Returns an exit code of schema/errors.h; says in English and Chinese what happened. */
int agent_join(const struct agent_join *join);

struct device_test_options {
    const char *dir;
    const char *name;    /* of a reader, board or camera of this gate */
    const char *pulse;   /* a lane of that board to be opened once; NULL: none */
    bool yes;            /* whoever asked has agreed to that */
    const char *record;  /* where the trace goes; NULL: nowhere */
    const char *seconds; /* how long; NULL: DEVICE_TEST_SECONDS */
};

enum { DEVICE_TEST_SECONDS = 20, DEVICE_TEST_SECONDS_MAX = 600 };

/* Talks to one device in the agent's place and prints what it sees, step by step. The agent must
 * not run: two who ask one device hear half of it each. Call it first in main(), as launcher_run().
 * Returns an exit code: EXIT_DONE the device works, EXIT_REFUSED it does not, or may not be tested.
 */
int agent_test_device(const struct device_test_options *options);

/* Gives the running agent of directory `dir` a roster that was carried here, and says what it said.
 * Returns an exit code. */
int agent_carry(const char *dir, const char *file);

/* Prints what was put aside at the gate of directory `dir`: `what` is "list", or a number of it to
 * be opened, its bytes to standard output. Works beside the daemon. Returns an exit code; says on
 * standard error what is wrong. */
int agent_look_aside(const char *dir, const char *what);

/* Prints who is inside, as the muster post of directory `dir` knows it: counts, and names while an
 * emergency is on there, or with the muster key in the file `key_path` (NULL: none). Opened names
 * become an event. Works beside the daemon. Returns an exit code. */
int agent_look_muster(const char *dir, const char *key_path);
