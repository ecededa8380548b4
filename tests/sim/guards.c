/* Guards: they acknowledge, send somebody, confirm or reject, and close; late, or never. Now and
 * then one wants to make a step before its time. */
#include <stdio.h>

#include "schema/errors.h"
#include "tests/sim/alarms.h"
#include "tests/sim/list.h"

enum {
    LOOKS_S = 7,
    NEVER_PER_MILLE = 200,
    LEAVES_PER_MILLE = 700, /* for the next look */
    SKIPS_PER_MILLE = 30,
    TRUE_PER_MILLE = 400,
};

static struct {
    struct random chance;
    size_t from; /* all before are closed, or nobody's */
} g;

static const struct link_key guard = {
    .bytes = {202, 0x97, 0x4d}
};

void guards_reset(void)
{
    g.chance.state = sim.plan.seed ^ UINT64_C(0x677561726473);
    g.from = 0;
}

static const char *const verbs[] = {
    [ALERT_STEP_ACKNOWLEDGE] = "alert.ack", [ALERT_STEP_DISPATCH] = "alert.dispatch",
    [ALERT_STEP_CONFIRM] = "alert.confirm", [ALERT_STEP_REJECT] = "alert.reject",
    [ALERT_STEP_CLOSE] = "alert.close",
};

/* The guard of the first gate has its alerts, the officer all. */
static void make(size_t place, enum alert_step step)
{
    char number[24];
    struct alarm *alarm = alarm_at(place);
    bool own = alarm->gate[0] == 'g' && alarm->gate[1] == '0' && random_chance(&g.chance, 500);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)alarm->label);
    bool may = alarm_may(alarm, step);
    alarm->asked[step] = true;
    unsigned error =
        controller_ask_as(own ? &guard : officer_key(), NULL, NULL, 0, verbs[step], "alert", number,
                          step >= ALERT_STEP_CONFIRM ? "reason" : NULL, "looked", "document",
                          "passport", NULL);
    alarm = alarm_at(place); /* more may have been raised */
    bool busy = error == UINT32_MAX || error == ERROR_STORE_FULL || error == ERROR_TRY_LATER;
    if (error != 0 && may && !own && !busy) {
        sim_fail("alert", "step %d of %s was refused: error %u", (int)step, number, error);
    }
    /* Once the journal was looked at it is not asked any more; without an answer it may be done. */
    if (error == 0 && alarm->asked[step]) {
        alarm->claimed[step] = true;
    } else if (error != UINT32_MAX) {
        alarm->asked[step] = false;
    }
}

static enum alert_step next_of(const struct alarm *alarm)
{
    if (random_chance(&g.chance, SKIPS_PER_MILLE)) {
        return (enum alert_step)random_between(&g.chance, ALERT_STEP_ACKNOWLEDGE, ALERT_STEP_CLOSE);
    }
    switch (alarm->state) {
    case ALERT_RAISED:
        return ALERT_STEP_ACKNOWLEDGE;
    case ALERT_ACKNOWLEDGED:
        return ALERT_STEP_DISPATCH;
    case ALERT_DISPATCHED:
        return random_chance(&g.chance, TRUE_PER_MILLE) ? ALERT_STEP_CONFIRM : ALERT_STEP_REJECT;
    default:
        return ALERT_STEP_CLOSE;
    }
}

static bool is_cared_for(size_t place)
{
    struct alarm *alarm = alarm_at(place);
    if (!alarm->has_guard) {
        alarm->has_guard = true;
        alarm->forgotten = random_chance(&g.chance, NEVER_PER_MILLE);
    }
    return !alarm->forgotten && alarm->state != ALERT_CLOSED;
}

static void look(void *ctx, uint64_t a, uint64_t b)
{
    (void)ctx;
    (void)a;
    (void)b;
    if (sim.healing) {
        return;
    }
    while (g.from < alarms_count() && !is_cared_for(g.from)) {
        g.from++;
    }
    for (size_t i = g.from; i < alarms_count(); i++) {
        if (is_cared_for(i) && !random_chance(&g.chance, LEAVES_PER_MILLE)) {
            make(i, next_of(alarm_at(i)));
        }
    }
    sim_after(random_between(&g.chance, SECOND, 2 * LOOKS_S * SECOND), look, NULL, 0, 0);
}

void guards_begin(void)
{
    char hex[LINK_KEY_HEX_SIZE];
    bytes_to_hex(BYTES_OF(guard.bytes), hex, sizeof(hex));
    unsigned error = controller_ask(NULL, NULL, 0, "key.add", "name", "guard", "public", hex,
                                    "role", "guard", "lanes", "g0-in,g0-out", NULL);
    if (error != 0) {
        sim_fail("start", "the guard's key: error %u", error);
    }
    sim_after(MINUTE, look, NULL, 0, 0);
}
