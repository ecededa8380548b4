/* beats: when the newest heartbeats were sent, so that an answer that comes late is still one.
 *
 * Functional core: times come in as values. An answer names the heartbeat by the wall clock that
 * stood in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

enum { BEATS_KEPT = 16 }; /* answers that are half a minute late are known */

struct beat {
    struct wall said; /* 0: none */
    struct mono sent;
};

struct beats {
    struct beat items[BEATS_KEPT];
    size_t next;
};

/* In place of the oldest. */
void beats_sent(struct beats *beats, struct wall said, struct mono sent);
/* False: none of them said so. *ret: when it was sent; the longest ago where several did. */
bool beats_asked(const struct beats *beats, struct wall said, struct mono *ret);
