/* http_account: HTTP digest (RFC 7616, qop auth) of one device's account, by libmicrohttpd.
 *
 * Caveats. The digest covers path and method, not the body: who can change packets on the way can
 * change events; that is what TLS is for. Two connections of one device that are challenged within
 * the same second get the same nonce; the later one may have to answer a second challenge.
 */
#pragma once

#include <stdbool.h>

#include <microhttpd.h>

#include "reader-agent/driver/driver.h"

enum http_account {
    HTTP_ACCOUNT_GOOD,  /* the right one, or the device has none */
    HTTP_ACCOUNT_NONE,  /* none was named */
    HTTP_ACCOUNT_WRONG, /* another, or a wrong password */
    HTTP_ACCOUNT_STALE, /* the nonce is not ours any more; the next try may be right */
};

/* The request's algorithm, MD5 or SHA-256, is the client's choice. */
enum http_account http_account_check(struct MHD_Connection *connection,
                                     const struct http_device *device);

/* Queues 401 with a challenge for each algorithm. `stale`: the client need not ask its user. */
enum MHD_Result http_account_challenge(struct MHD_Connection *connection, bool stale);

/* A response without a body. NULL: no memory. */
struct MHD_Response *http_account_empty(void);
