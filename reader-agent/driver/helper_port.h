/* helper_port: the agent's end of its helper programs: one Unix socket that all helpers connect to.
 *
 * Never blocks, single thread. The agent's loop watches helper_port_fd() and calls
 * helper_port_turn() when it is readable, and at least every HELPER_HEARTBEAT_MS / 2.
 *
 * It also looks after the processes: a wanted helper that is not heard for HELPER_SILENCE_MS, or
 * does not say HELLO within HELPER_HELLO_MS, is killed and started again by the launcher, and
 * reported lost: within LIMIT_READER_DOWN_MS of its trouble whatever the trouble is.
 *
 * Who may connect: processes of the agent's own user, or of `helper_user`, whose HELLO names a
 * wanted helper and its own process id. A second one of the same name replaces the first, as it
 * holds the device's lock.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/ids.h"
#include "common/base/launcher.h"
#include "schema/helper.h"

enum { HELPER_HELLO_MS = 4000 }; /* a takeover of the device lock takes up to 2 s of it */

struct helper_port;

struct helper_port_options {
    const char *run_dir; /* exists, of the agent's user; holds "helpers.sock" and device locks */
    const char *helper_user; /* user the helpers drop to when the agent is root; NULL: "nobody" */
    struct launcher_link *link; /* borrowed; NULL: processes are somebody else's care */
    const struct clock *clock;  /* borrowed */
};

/* One driver's ear. Drivers register by program: readers hear HELPER_NFC, the actuator
 * HELPER_BOARD. `self` is given back as first parameter. */
struct helper_ear {
    enum helper_program program;
    /* HELLO was right and WELCOME is sent. */
    void (*joined)(void *self, struct name name);
    /* Connected, then gone or silent; or wanted and not there. `what`: a plain word. Called once
     * for each change. */
    void (*lost)(void *self, struct name name, const char *what);
    void (*message)(void *self, struct name name, const struct helper_message *message);
    void *self;
};

/* ERR_IO: the socket cannot be made; the fault says where. An old socket file is replaced. As root
 * the run directory is opened for passing through (o+x): the helpers are somebody else. */
MUST_CHECK enum err helper_port_create(const struct helper_port_options *options,
                                       struct helper_port **ret_port, struct fault *fault);
/* Helpers are not stopped: they connect again to the next port on that path. */
void helper_port_destroy(struct helper_port **port);

/* Copied. One ear a program. */
void helper_port_listen(struct helper_port *port, struct helper_ear ear);

/* Borrowed; readable when helper_port_turn has something to do. */
int helper_port_fd(const struct helper_port *port);
void helper_port_turn(struct helper_port *port);

/* Wants the helper `name` of that program to run; `device` is the reader's connstring (NULL for a
 * board). Again with another device: it is started anew. ERR_FULL: LIMIT_HELPERS_PER_AGENT.
 * ERR_REFUSED: a helper of the other program has that name. */
MUST_CHECK enum err helper_port_want(struct helper_port *port, enum helper_program program,
                                     struct name name, const char *device, struct fault *fault);
/* The helper `name` of that program is served by the process of `carrier` (helper_port_want), which
 * has it on its command line (--with); wanted before it. ERR_FULL, ERR_REFUSED as there. */
MUST_CHECK enum err helper_port_carry(struct helper_port *port, enum helper_program program,
                                      struct name name, struct name carrier, struct fault *fault);

/* Ignored when not wanted. */
void helper_port_drop(struct helper_port *port, struct name name);
/* All wanted helpers have been named: the launcher stops those of an earlier worker. */
void helper_port_settle(struct helper_port *port);

/* ERR_NOT_FOUND: no such helper is connected. ERR_BUSY: its buffer is full, it will be found
 * silent soon. Nothing is queued here. */
MUST_CHECK enum err helper_port_send(struct helper_port *port, struct name name,
                                     const struct helper_message *message, struct fault *fault);

/* Forward one report of launcher_turn() here. Ignored when it is about no helper of ours. */
void helper_port_process(struct helper_port *port, const struct launcher_report *report);
