#include "reader-agent/core/lease.h"

#include <string.h>

#define HOUR_US INT64_C(3600000000)

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t since(int64_t now_us, int64_t before_us)
{
    int64_t gap = 0;
    return __builtin_sub_overflow(now_us, before_us, &gap) || gap < 0 ? 0 : gap;
}

/* What a boot counts as spent beside all that is known: what was lived since the last writing, and
 * was lost with the power. A clock that stands behind does not say how long the box was off. */
static int64_t not_saved_us(const struct lease_saved *saved, struct wall wall)
{
    if (saved == NULL) {
        return 0;
    }
    return wall.us < saved->counted.us ? HOUR_US : LEASE_WRITE_MS * INT64_C(1000);
}

void lease_begin(struct gate_lease *lease, const struct lease_saved *saved,
                 const uint8_t boot[LEASE_BOOT_SIZE], struct mono now, struct wall wall)
{
    *lease = (struct gate_lease){0};
    if (saved != NULL) {
        lease->now = *saved;
        lease->clock_known = memcmp(saved->heard, boot, LEASE_BOOT_SIZE) == 0;
    }
    if (saved == NULL || memcmp(saved->boot, boot, LEASE_BOOT_SIZE) != 0) {
        lease->now.at = now; /* the monotonic clock began anew: only the wall clock can tell */
        lease->now.spent_us = plus(lease->now.spent_us, not_saved_us(saved, wall));
    }
    memcpy(lease->now.boot, boot, LEASE_BOOT_SIZE);
    lease_pass(lease, now, wall);
}

/* The clock's time; while that stands back, what was lived since. */
static struct wall onward(struct wall before, int64_t lived_us, struct wall wall)
{
    int64_t lived_to_us = plus(before.us, lived_us);
    return (struct wall){.us = wall.us > lived_to_us ? wall.us : lived_to_us};
}

void lease_pass(struct gate_lease *lease, struct mono now, struct wall wall)
{
    struct lease_saved *is = &lease->now;
    int64_t lived_us = since(now.us, is->at.us);
    int64_t walled_us = since(wall.us, is->counted.us);
    is->spent_us = plus(is->spent_us, lived_us > walled_us ? lived_us : walled_us);
    is->at = now;
    is->counted = onward(is->counted, lived_us, wall);
    is->high = onward(is->high, lived_us, lease->clock_known ? wall : is->high);
}

void lease_heard(struct gate_lease *lease, struct mono now, struct wall wall)
{
    lease_pass(lease, now, wall);
    lease->now.high = lease->now.counted = wall;
    lease->clock_known = true;
    memcpy(lease->now.heard, lease->now.boot, LEASE_BOOT_SIZE);
}

void lease_distrust(struct gate_lease *lease, struct mono now, struct wall wall,
                    struct wall controller)
{
    lease_pass(lease, now, wall);
    lease->now.high = controller;
    lease->clock_known = false;
    memset(lease->now.heard, 0, LEASE_BOOT_SIZE);
}

void lease_renew(struct gate_lease *lease, struct mono now, struct wall wall)
{
    lease_pass(lease, now, wall);
    lease->now.counted = wall;
    lease->now.fresh_ever = true;
    lease->now.spent_us = 0;
}

void lease_carry(struct gate_lease *lease, int64_t spent_us)
{
    if (!lease->now.fresh_ever || spent_us < lease->now.spent_us) {
        lease->now.spent_us = spent_us;
    }
    lease->now.fresh_ever = true;
}

int64_t lease_length_us(uint32_t hours, bool high_risk)
{
    uint32_t most = hours == 0 ? LIMIT_LEASE_HOURS : hours;
    most = most > LIMIT_LEASE_HOURS_MAX ? LIMIT_LEASE_HOURS_MAX : most;
    most = high_risk && most > LIMIT_LEASE_RISK_HOURS ? LIMIT_LEASE_RISK_HOURS : most;
    return (int64_t)most * HOUR_US;
}

int64_t lease_left_us(const struct gate_lease *lease, int64_t length_us)
{
    return lease->now.fresh_ever ? since(length_us, lease->now.spent_us) : 0;
}

enum lease lease_state(const struct gate_lease *lease, uint32_t hours, bool high_risk,
                       enum lease_policy policy)
{
    if (high_risk && !lease->clock_known) {
        return LEASE_OVER;
    }
    if (lease_left_us(lease, lease_length_us(hours, high_risk)) > 0) {
        return LEASE_HOLDS;
    }
    return policy == LEASE_POLICY_AUTHENTICATED && lease->now.fresh_ever ? LEASE_AUTHENTICATED
                                                                         : LEASE_OVER;
}

struct wall lease_wall(const struct gate_lease *lease, struct wall wall)
{
    bool behind = wall.us < lease->now.high.us;
    return !lease->clock_known || behind ? lease->now.high : wall;
}
