/* delivery: what a line of the alert socket becomes, and what a receiver's answer means: pure.
 *
 * The body of a post is the line itself. It is signed:
 *
 *     X-Parkgate-Delivery: 120                        the line's seq; a retry keeps it
 *     X-Parkgate-Signature: t=1767225600,v1=<hex>     HMAC-SHA-256 over "t" "." body
 *
 * Delivered is what was answered with 2xx. What was answered with 4xx, but 408 and 429, tries in a
 * row is a dead letter; everything else is tried again for as long as it takes, so that an outage
 * loses nothing. Order is kept: the next one waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/seal/seal.h"

enum {
    DELIVERY_LINE_MAX = 1024,
    DELIVERY_SIGNATURE_SIZE = 128,
    DELIVERY_TRIES = 5,        /* refused so often: a dead letter */
    DELIVERY_BACKOFF_MS = 500, /* after the first failure; doubles up to the next */
    DELIVERY_BACKOFF_MAX_MS = 60000,
};

/* The seq of a line: {"seq":N,... False: no line of the alert socket. */
bool delivery_seq(struct bytes line, uint64_t *ret_seq);

/* The line that says where a receiver begins that has no cursor: nothing to be told. */
bool delivery_is_begin(struct bytes line);

/* "t=SECONDS,v1=HEX" for this body. */
void delivery_sign(const struct seal_key *secret, struct wall now, struct bytes body,
                   char out[DELIVERY_SIGNATURE_SIZE]);

/* The seconds of a Retry-After header's value, as far as it is a number; 0: none, at most 3600. */
uint32_t delivery_retry_after_s(struct bytes value);

enum delivery_end { DELIVERY_DONE, DELIVERY_AGAIN, DELIVERY_DEAD };
/* What follows a try. `status`: of the answer, 0: there was none. `failures`: tries before this one
 * that failed; `refusals`: those of them in a row, this one with them when it is one, that were
 * refused for good. *ret_wait_ms: before the next try. */
enum delivery_end delivery_judge(long status, uint32_t retry_after_s, uint32_t failures,
                                 uint32_t *refusals, int64_t *ret_wait_ms);
