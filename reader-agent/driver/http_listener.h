/* http_listener: the port that cameras and terminals post their events to (libmicrohttpd).
 *
 * No thread and no wait: the agent's loop polls one descriptor and calls turn. Who posts is decided
 * by path, source address and account, never by what a body says of itself:
 *   405 a method it has no use for    404 no device has this path
 *   403 none of them has this source  401 wrong or no account where the device has one
 * The accounts are those of HTTP digest (MD5 or SHA-256, the device chooses; qop auth). A body is
 * counted here: over LIMIT_HTTP_BODY_BYTES is 413, as is a text part over LIMIT_HTTP_TEXT_BYTES.
 * The rest of the answers stand at http_body_finish. Refusals have no body, other answers the one
 * of the device's family (http_driver.h); none names the program; what libmicrohttpd itself cannot
 * read as HTTP gets its short error page, which names nothing either.
 *
 * The request of a camera whose answer opens its lane is suspended, never the loop: see replies.h.
 * Its answer follows in the turn after its ticket was settled.
 *
 * Bounds: LIMIT_HTTP_CONNECTIONS connections, HTTP_LISTENER_PER_SOURCE of one address, and
 * HTTP_LISTENER_REQUEST_MS from a connection's begin or last answer to its next answer, however
 * lively it trickles.
 *
 * To the operator, through sink.state: DEVICE_UP with a device's first understood post; DEVICE_DOWN
 * "camera NAME: body not understood" (or terminal) with a bad one, at most once a minute and
 * device, and DEVICE_UP with the next good one; notices of a terminal (exit button), at most one in
 * HTTP_DEVICES_NOTICE_MS.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/err.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/http_body.h"
#include "reader-agent/driver/replies.h"

enum {
    HTTP_LISTENER_PER_SOURCE = 32,
    HTTP_LISTENER_REQUEST_MS = 30000,
};

struct http_listener_config {
    const char *address;               /* numeric IPv4 or IPv6 to listen on */
    uint16_t port;                     /* 0: the system chooses, see http_listener_port */
    const char *cert_file, *key_file;  /* PEM; both or neither (NULL: plain HTTP) */
    const struct http_device *devices; /* copied */
    size_t device_count;
    struct driver_sink sink;
    struct replies *replies;       /* borrowed; NULL: no answer opens anything */
    const struct clock *clock;     /* borrowed, outlives the listener */
    const struct entropy *entropy; /* seeds the nonces; used within create only */
};

struct http_listener;

/* ERR_INPUT    a device or address is not usable: no path beginning with '/', a source that is no
 *              address ("any" off loopback), two devices with the same path, source and user, a
 *              driver that does not post; only one of the TLS files
 * ERR_REFUSED  the key file can be read by others
 * ERR_IO       the port or a file cannot be opened
 * The fault names the device. A change of devices is a new listener. */
MUST_CHECK enum err http_listener_create(const struct http_listener_config *config,
                                         struct http_listener **ret_listener, struct fault *fault);
/* Ends all connections; unfinished posts are dropped (their devices send again). */
void http_listener_destroy(struct http_listener **listener);

/* The descriptor to poll for reading. It never changes. */
int http_listener_fd(const struct http_listener *listener);
/* How long the loop may sleep before it calls turn without the descriptor being ready; -1 for
 * ever. To be asked before every poll. */
int http_listener_timeout_ms(struct http_listener *listener);
/* Serves what is ready and returns. Calls the sink. Not to be called from within the sink. */
void http_listener_turn(struct http_listener *listener);

/* Connections that are open now. */
size_t http_listener_connections(const struct http_listener *listener);
uint16_t http_listener_port(const struct http_listener *listener);
const struct http_counters *http_listener_counters(const struct http_listener *listener);
