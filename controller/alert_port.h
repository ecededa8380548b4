/* alert_port: a local Unix socket that tells alerts, one line of JSON each
 * (controller/app/alert_feed.h).
 *
 * Whoever connects says first, in one line, where to begin: "after N" behind journal sequence N, or
 * "now", which is answered by a line of event "begin". From then on lines come as alerts are
 * raised, escalated and closed; what the receiver has dealt with it keeps by its `seq`. The
 * socket's mode is 0600: who may read it may know of alerts. At most ALERT_PORT_CLIENTS at a time;
 * who does not read is dropped when ALERT_PORT_BYTES wait for him.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/loop.h"

enum { ALERT_PORT_CLIENTS = 8, ALERT_PORT_BYTES = 32 * 1024 };

struct alert_port;

struct alert_port_options {
    const char *path;
    /* Whole lines behind `after`, and how far that reaches. */
    enum err (*lines)(void *ctx, uint64_t after, char *out, size_t capacity, size_t *ret_size,
                      uint64_t *ret_after, struct fault *fault);
    /* A line that says where "now" is. */
    enum err (*now)(void *ctx, char *out, size_t capacity, size_t *ret_size, uint64_t *ret_after,
                    struct fault *fault);
    void *ctx;
};

/* ERR_INPUT: the path is too long. ERR_IO: it cannot be made. */
MUST_CHECK enum err alert_port_create(struct loop *loop, const struct alert_port_options *options,
                                      struct alert_port **ret_port, struct fault *fault);
void alert_port_destroy(struct alert_port **port);

/* Tells each one who is connected what is new; call now and then. */
void alert_port_turn(struct alert_port *port);
