/* http_calls: requests to one terminal over libcurl, one at a time in each slot, without blocking.
 *
 * HTTP digest only, never basic. https checks the terminal's certificate and name. No redirect is
 * followed and no proxy used: the address in the park file is the only one that is spoken to.
 */
#pragma once

#include "common/base/err.h"
#include "reader-agent/terminal/work.h"

struct http_calls;

/* `answered` gets each request's end, from within http_calls_turn() only; the body is valid during
 * the call. ERR_IO: libcurl does not start. */
MUST_CHECK enum err http_calls_create(void (*answered)(void *ctx, enum work_slot slot,
                                                       const struct isapi_answer *answer),
                                      void *ctx, struct http_calls **ret_calls,
                                      struct fault *fault);
void http_calls_destroy(struct http_calls **calls);

/* Gives up what is under way, without an answer, and speaks to `terminal` from now on. */
void http_calls_aim(struct http_calls *calls, const struct helper_terminal *terminal);
/* The slot must be free. */
void http_calls_ask(struct http_calls *calls, enum work_slot slot,
                    const struct isapi_request *request, int64_t timeout_ms);
void http_calls_turn(struct http_calls *calls);
/* Sleeps until something is to be done for a request, `fds` (negative ones are left out) are
 * readable, or the time is over. ret_ready[i]: fds[i] is readable. */
void http_calls_wait(struct http_calls *calls, const int *fds, size_t count, int64_t wait_ms,
                     bool *ret_ready);
