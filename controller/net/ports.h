/* ports: the controller's sockets (agents, operators, enrolment, stations) and the ZAP judge before
 * them.
 *
 * Knows nothing of stores and decisions: frames and keys go to the callbacks.
 */
#pragma once

#include "common/base/loop.h"
#include "common/link/link.h"
#include "common/link/zap.h"

enum { PORTS_COUNT = 4, PORTS_FRAMES_A_TURN = 128 };

struct ports_options {
    const struct link_key_pair *keys;
    const char *endpoints[PORTS_COUNT]; /* empty: this port is not opened */
    /* One frame of a port, borrowed for the call. */
    void (*frame)(void *ctx, int port, const struct link_msg *msg);
    /* Is there time for one more frame of this port in this turn? Asked before each. */
    bool (*more)(void *ctx, int port);
    /* May this key connect to the port? */
    bool (*allow)(void *ctx, int port, const struct link_key *key);
    void *ctx;
};

struct ports;

/* Proves the judge, then binds, then joins the loop. Errors as link_server_bind(). */
MUST_CHECK enum err ports_create(struct loop *loop, const struct ports_options *options,
                                 struct ports **ret_ports, struct fault *fault);
void ports_destroy(struct ports **ports);
/* Where a port really listens (a "*" in the endpoint was filled in); "" when it is not open. */
const char *ports_endpoint(const struct ports *ports, int port);
/* Had the port nothing more when it was last received from? */
bool ports_drained(const struct ports *ports, int port);
/* Hands a frame to a peer; one that is gone or busy loses it. */
void ports_send(struct ports *ports, int port, const struct link_peer *peer, struct bytes frame);
