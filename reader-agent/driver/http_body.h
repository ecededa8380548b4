/* http_body: one device push from its first byte to its answer, without a socket.
 *
 * Holds at most one text part and HTTP_BODY_READINGS parsed readings. Nothing is handed to the sink
 * before the whole body has arrived within its bounds, so that a body that is cut off, too large or
 * refused changes nothing. A bad part does not stop the good ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/http_driver.h"

/* What was counted since start. Append only. */
enum http_count {
    HTTP_COUNT_READINGS,     /* handed to the sink and taken */
    HTTP_COUNT_NOTICES,      /* shown to the operator, not presentations */
    HTTP_COUNT_FOREIGN,      /* events of other kinds */
    HTTP_COUNT_FAILED,       /* strangers and failed checks at a terminal */
    HTTP_COUNT_UNUSABLE,     /* passes with a credential this driver cannot take */
    HTTP_COUNT_BAD,          /* text parts or bodies that were not understood: put aside */
    HTTP_COUNT_TOO_LARGE,    /* answered 413 */
    HTTP_COUNT_WRONG_METHOD, /* answered 405 */
    HTTP_COUNT_WRONG_PATH,   /* answered 404 */
    HTTP_COUNT_WRONG_SOURCE, /* answered 403 */
    HTTP_COUNT_WRONG_DIGEST, /* answered 401 although an account was named */
    HTTP_COUNT_NOT_STORED,   /* answered 503: the sink had no room */
    HTTP_COUNT_NOT_KNOWN,    /* the sink does not know the reader */
    HTTP_COUNT_CUT_OFF,      /* the connection ended, or was ended, within a post */
    HTTP_COUNT_MISREAD,      /* reads of a reader's line with a wrong parity or length */
    HTTP_COUNT_BOUNCED,      /* the same bits of a reader's line again, within WIEGAND_BOUNCE_MS */
    HTTP_COUNTS
};

struct http_counters {
    uint64_t of[HTTP_COUNTS];
};

/* The stable lower-case name of a counter, for logs and metrics: "wrong-digest". */
const char *http_count_name(enum http_count count);

struct http_body;

/* content_type may be NULL (a bare text is then expected); declared_size 0: not known. `call` is
 * copied, what it borrows and the counters outlive the body. NULL: no memory. */
struct http_body *http_body_create(const struct http_call *call, const char *content_type,
                                   uint64_t declared_size, struct http_counters *counters);
void http_body_destroy(struct http_body **body);

/* The next bytes. False: a bound is passed, the answer is 413 and the rest need not be read. */
bool http_body_feed(struct http_body *body, struct bytes piece);

/* The body is whole: reads it, hands nothing over yet. What it came to, borrowed; NULL: a bound is
 * passed. To be called once, before http_body_finish. */
const struct http_parsed *http_body_read(struct http_body *body);
/* A text that is the same for the same bare body and hardly for another: for one that names no id.
 */
void http_body_digest(const struct http_body *body, char out[DEVICE_FINGERPRINT_SIZE]);
/* Gives the first live reading a ticket of replies.h, 0 included, and where it has no id of its
 * device the body's digest. */
void http_body_ticket(struct http_body *body, uint64_t ticket);

/* Hands what was read to the sink. To be called once. The status:
 * 200  every reading is durable, and so is what was not understood: put aside
 * 403  the sink does not know this reader
 * 413  a bound is passed; nothing was handed over
 * 503  a reading could not be stored: the device sends all of it again, repeats are told apart */
struct http_outcome http_body_finish(struct http_body *body, const struct driver_sink *sink);
