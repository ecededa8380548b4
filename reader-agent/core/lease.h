/* lease: how long has the gate been alone, and may it still decide?
 *
 * Functional core: times come in as values. The time since the copy was last known to be the
 * controller's is counted by the monotonic clock within one boot, and by the wall clock beside it
 * and over boots; the longer of the two holds, so that a clock that is set can shorten a lease and
 * never stretch it. A wall time below the highest one known counts as no time at all.
 *
 * A box that was started anew does not know what time it is until the controller has been heard.
 * Until then nobody enters a zone of high risk, and elsewhere only reads of class authenticated
 * (decide.h, R192); and each boot counts as spent what may have been lived and not written, an hour
 * when the wall clock stands behind, so that no number of power cuts keeps a lease alive.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/decide.h"
#include "common/base/clock.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum {
    LEASE_BOOT_SIZE = 16,
    LEASE_WRITE_MS = 60000, /* it is saved so often, and at each start */
};

/* What is kept of it over a restart. */
struct lease_saved {
    bool fresh_ever;
    uint8_t boot[LEASE_BOOT_SIZE];  /* in which this was saved */
    uint8_t heard[LEASE_BOOT_SIZE]; /* in which the controller was heard last */
    struct mono at;                 /* of that boot */
    struct wall high;               /* the highest wall time known to be right */
    struct wall counted;            /* the highest that was counted, right or not */
    int64_t spent_us;               /* then */
};

struct gate_lease {
    struct lease_saved now; /* as of the last call; to be saved as it is */
    bool clock_known;
};

/* `saved` NULL: nothing is known, the lease is over. What it makes of `saved` is to be saved at
 * once, or the next boot would not know of this one. */
void lease_begin(struct gate_lease *lease, const struct lease_saved *saved,
                 const uint8_t boot[LEASE_BOOT_SIZE], struct mono now, struct wall wall);
/* Time goes on; call it before asking. */
void lease_pass(struct gate_lease *lease, struct mono now, struct wall wall);
/* The controller was heard: the wall clock is taken to be right from now on, also when that is
 * behind the highest one known. */
void lease_heard(struct gate_lease *lease, struct mono now, struct wall wall);
/* The controller was heard, and its clock is so far from ours that ours is not trusted: it counts
 * as not known, and the controller's time as the highest. */
void lease_distrust(struct gate_lease *lease, struct mono now, struct wall wall,
                    struct wall controller);
/* The copy is the controller's now. What is known of the clock stays. */
void lease_renew(struct gate_lease *lease, struct mono now, struct wall wall);
/* What a carried roster gives: at most as if it had been renewed `spent_us` ago. */
void lease_carry(struct gate_lease *lease, int64_t spent_us);

/* How long it lasts: `hours` of the park (0: the default), an hour into a zone of high risk. */
int64_t lease_length_us(uint32_t hours, bool high_risk);
/* Microseconds that are left of it; 0: over. */
int64_t lease_left_us(const struct gate_lease *lease, int64_t length_us);
/* The fact for a lane with this policy in a park with a lease of so many hours. */
enum lease lease_state(const struct gate_lease *lease, uint32_t hours, bool high_risk,
                       enum lease_policy policy);
/* The time to judge validity by: the wall clock, never behind the highest known; that one alone
 * while the clock is not known. */
struct wall lease_wall(const struct gate_lease *lease, struct wall wall);
