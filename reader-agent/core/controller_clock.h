/* controller_clock: what time it is at the controller, and how much is left of what it issued.
 *
 * Functional core: times come in as values. The gate's own wall clock is not looked at, so that
 * nobody can make an order live longer by setting it. The controller's time comes with WELCOME and
 * with heartbeats that answer ours; it was read somewhere between our asking and our hearing, and
 * is taken as read when we asked: so an order is thought older than it is, never younger.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

struct controller_clock {
    bool known;
    int64_t ahead_us; /* its time less our monotonic time, at most */
    int64_t span_us;  /* between asking and hearing, of the reading that is kept */
    struct mono kept; /* when it was taken */
};

/* The controller said `said`: asked at `asked`, heard at `heard`. A reading with a longer way than
 * the one that is kept takes its place as that grows old. */
void controller_clock_heard(struct controller_clock *clock, struct mono asked, struct mono heard,
                            struct wall said);
/* Nothing is known any more: another connection begins. */
void controller_clock_forget(struct controller_clock *clock);

/* Milliseconds that an order issued at `issued_us` of the controller's clock, for `lasts_ms`, is
 * still good for; 0: no more, or issued in a future that cannot be, or the clock is not known.
 * issued_us 0: a controller of the version before, which says no time: `lasts_ms` from now. */
uint32_t controller_clock_left_ms(const struct controller_clock *clock, int64_t issued_us,
                                  uint32_t lasts_ms, struct mono now);
