/* agent: the daemon of a gate, and the joining of a new one. */
#pragma once

#include "common/base/launcher.h"

/* Runs the gate of directory `dir` until it is told to stop. A worker of launcher_run: returns the
 * exit status. Says on standard error why it did not start, and what to do. */
int agent_run(const char *dir, struct launcher_link *launcher);

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

/* Prints what was put aside at the gate of directory `dir`: `what` is "list", or a number of it to
 * be opened, its bytes to standard output. Works beside the daemon. Returns an exit code; says on
 * standard error what is wrong. */
int agent_look_aside(const char *dir, const char *what);
