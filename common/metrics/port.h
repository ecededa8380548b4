/* port: where a monitoring system reads this program's page: GET /metrics, and nothing else.
 *
 * Over libmicrohttpd, on the program's own loop: no thread, no wait. It only reads: another method
 * is 405, another path 404, a page that cannot be made now 503, each without a body. A page is made
 * at most once in METRICS_PORT_FRESH_MS, whoever asks how often.
 *
 * Bounds: METRICS_PORT_CONNECTIONS connections, one answer each, METRICS_PORT_REQUEST_MS from a
 * connection's begin to its end however lively it trickles, 8 KiB of headers.
 *
 * There is no TLS and no account here: it belongs on loopback. Who gives it another address lets
 * everybody there read names of gates, lanes and zones and how busy they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/metrics/metric.h"

enum {
    METRICS_PORT_CONNECTIONS = 4,
    METRICS_PORT_REQUEST_MS = 5000,
    METRICS_PORT_FRESH_MS = 1000,
};

struct metrics_port_options {
    const char *address; /* numeric IPv4 or IPv6 */
    uint16_t port;       /* 0: the system chooses, see metrics_port_number */
    /* Puts all figures. An error: this answer is 503, and the fault is logged. */
    enum err (*fill)(void *ctx, const struct metric_out *out, struct fault *fault);
    void *ctx;
};

struct metrics_port;

/* ERR_INPUT: no numeric address. ERR_IO: cannot listen there. ERR_FULL: no room in the loop. */
MUST_CHECK enum err metrics_port_create(struct loop *loop,
                                        const struct metrics_port_options *options,
                                        struct metrics_port **ret_port, struct fault *fault);
void metrics_port_destroy(struct metrics_port **port);
uint16_t metrics_port_number(const struct metrics_port *port);
/* Only this machine can reach it. */
bool metrics_port_is_local(const struct metrics_port *port);
