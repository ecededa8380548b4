/* calls: requests to view libraries over libcurl, one at a time for each peer, without blocking.
 *
 * The address is ours (configured), never one that a message brought. https checks certificate and
 * name. No redirect is followed and no proxy used.
 */
#pragma once

#include "common/base/err.h"
#include "controller/viid/settings.h"
#include "controller/viid/upper.h"

enum { CALLS_ANSWER_BYTES = 65536, CALLS_WAIT_FDS = 4 };

struct calls;

/* `answered` gets each call's end, by the peer's place in settings, from calls_turn() only; what
 * the answer borrows is valid during the call. ERR_IO: libcurl does not start. */
MUST_CHECK enum err calls_create(const struct viid_settings *settings,
                                 void (*answered)(void *ctx, size_t peer,
                                                  const struct upper_answer *answer),
                                 void *ctx, struct calls **ret_calls, struct fault *fault);
void calls_destroy(struct calls **calls);
/* Nothing of this peer is under way. */
void calls_make(struct calls *calls, size_t peer, const struct upper_call *call);
void calls_turn(struct calls *calls);
/* Sleeps until something is to be done for a call, one of `fds` (negative ones are left out) is
 * readable, or the time is over. */
void calls_wait(struct calls *calls, const int *fds, size_t count, int64_t wait_ms);
