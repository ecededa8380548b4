#include "controller/core/alert.h"

#include "common/base/must.h"
#include "schema/limits.h"

#define US_PER_S INT64_C(1000000)

/* --- time --- */

static struct wall after_s(struct wall from, uint32_t seconds)
{
    return (struct wall){from.us + (int64_t)seconds * US_PER_S};
}

/* The limit that runs in a state. False: none does. */
static bool limit_of(enum alert_state state, enum alert_limit *ret)
{
    switch (state) {
    case ALERT_RAISED:
        *ret = ALERT_LIMIT_ACKNOWLEDGE;
        return true;
    case ALERT_ACKNOWLEDGED:
        *ret = ALERT_LIMIT_DISPATCH;
        return true;
    case ALERT_DISPATCHED:
        *ret = ALERT_LIMIT_DECIDE;
        return true;
    default:
        return false;
    }
}

static bool is_undecided(const struct alert *alert)
{
    return alert->state < ALERT_CONFIRMED;
}

static struct wall lapses(const struct alert *alert)
{
    return after_s(alert->raised, LIMIT_CANDIDATE_S);
}

/* When time has something to say next; `from`: where the limit of the present state counts from. */
static struct wall due_after(const struct alert *alert, const struct alert_rule *rule,
                             struct wall from)
{
    enum alert_limit limit = ALERT_LIMIT_ACKNOWLEDGE;
    struct wall due = {0};
    if (limit_of(alert->state, &limit) && rule->limit_s[limit] > 0) {
        due = after_s(from, rule->limit_s[limit]);
    }
    if (alert->candidate && is_undecided(alert) &&
        (due.us == 0 || wall_before(lapses(alert), due))) {
        due = lapses(alert);
    }
    return due;
}

/* --- beginning, repeats --- */

struct alert alert_raised(const struct alert_rule *rule, bool candidate, bool lasting,
                          struct wall now)
{
    struct alert alert = {.state = ALERT_RAISED,
                          .candidate = candidate,
                          .lasting = lasting,
                          .count = 1,
                          .levels = rule->levels,
                          .raised = now,
                          .last = now};
    MUST(rule->levels > 0);
    alert.due = due_after(&alert, rule, now);
    return alert;
}

/* A cause that lasts is never lost in a closed alert; a momentary one is, for a while. */
enum alert_again alert_again(const struct alert *last, const struct alert_rule *rule, bool lasting,
                             struct wall now)
{
    if (last == NULL) {
        return ALERT_AGAIN_RAISE;
    }
    bool soon = wall_before(now, after_s(last->closed, rule->reactivate_s));
    return last->state != ALERT_CLOSED || (soon && !lasting) ? ALERT_AGAIN_COUNTS
                                                             : ALERT_AGAIN_RAISE;
}

struct alert alert_repeated(const struct alert *alert, bool lasting, struct wall now)
{
    struct alert next = *alert;
    next.count += next.count < UINT32_MAX;
    next.last = now;
    next.lasting = lasting;
    if (lasting) {
        next.ended = (struct wall){0};
    }
    return next;
}

struct alert alert_ended(const struct alert *alert, struct wall now)
{
    struct alert next = *alert;
    next.lasting = false;
    next.ended = now;
    return next;
}

/* --- steps of persons --- */

struct transition {
    enum alert_state from;
    enum alert_step step;
    enum alert_state to;
};

static const struct transition transitions[] = {
    {ALERT_RAISED,       ALERT_STEP_ACKNOWLEDGE, ALERT_ACKNOWLEDGED},
    {ALERT_ACKNOWLEDGED, ALERT_STEP_DISPATCH,    ALERT_DISPATCHED  },
    {ALERT_DISPATCHED,   ALERT_STEP_CONFIRM,     ALERT_CONFIRMED   },
    {ALERT_DISPATCHED,   ALERT_STEP_REJECT,      ALERT_REJECTED    },
    {ALERT_CONFIRMED,    ALERT_STEP_CLOSE,       ALERT_CLOSED      },
    {ALERT_REJECTED,     ALERT_STEP_CLOSE,       ALERT_CLOSED      },
    {ALERT_ACKNOWLEDGED, ALERT_STEP_HANDOVER,    ALERT_ACKNOWLEDGED},
    {ALERT_DISPATCHED,   ALERT_STEP_HANDOVER,    ALERT_DISPATCHED  },
    {ALERT_CONFIRMED,    ALERT_STEP_HANDOVER,    ALERT_CONFIRMED   },
    {ALERT_REJECTED,     ALERT_STEP_HANDOVER,    ALERT_REJECTED    },
};

static void mark_time(struct alert *alert, struct wall now)
{
    switch (alert->state) {
    case ALERT_ACKNOWLEDGED:
        alert->acknowledged = now;
        break;
    case ALERT_DISPATCHED:
        alert->dispatched = now;
        break;
    case ALERT_CONFIRMED:
    case ALERT_REJECTED:
        alert->decided = now;
        alert->decision = alert->state == ALERT_CONFIRMED ? ALERT_IS_TRUE : ALERT_IS_FALSE;
        break;
    default:
        alert->closed = now;
        break;
    }
}

/* A limit that passed and whose escalation did not come first is late all the same. */
static void mark_late(enum alert_state before, const struct alert_rule *rule, struct alert *next)
{
    enum alert_limit limit = ALERT_LIMIT_ACKNOWLEDGE;
    if (limit_of(before, &limit) && rule->limit_s[limit] > 0 &&
        alert_took_ms(next, limit) > (uint64_t)rule->limit_s[limit] * 1000) {
        next->late |= 1U << limit;
    }
}

bool alert_step(const struct alert *alert, enum alert_step step, const struct alert_rule *rule,
                struct wall now, struct alert *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
        if (transitions[i].from != alert->state || transitions[i].step != step) {
            continue;
        }
        struct alert next = *alert;
        next.state = transitions[i].to;
        if (next.state != alert->state) {
            mark_time(&next, now);
            mark_late(alert->state, rule, &next);
            next.due = due_after(&next, rule, now);
        }
        if (next.candidate && next.state == ALERT_REJECTED) {
            next.state = ALERT_CLOSED;
            next.closed = now;
        }
        *ret = next;
        return true;
    }
    return false;
}

/* --- what time does --- */

static bool lapse(const struct alert *alert, struct wall now, enum alert_step *ret_step,
                  struct alert *ret)
{
    if (!alert->candidate || !is_undecided(alert) || wall_before(now, lapses(alert))) {
        return false;
    }
    *ret = *alert;
    ret->state = ALERT_CLOSED;
    ret->decision = ALERT_HAS_LAPSED;
    ret->closed = now;
    ret->due = (struct wall){0};
    *ret_step = ALERT_STEP_LAPSE;
    return true;
}

bool alert_time(const struct alert *alert, const struct alert_rule *rule, struct wall now,
                enum alert_step *ret_step, struct alert *ret)
{
    enum alert_limit limit = ALERT_LIMIT_ACKNOWLEDGE;
    if (alert->due.us == 0 || wall_before(now, alert->due) || alert->state == ALERT_CLOSED) {
        return false;
    }
    if (lapse(alert, now, ret_step, ret)) {
        return true;
    }
    if (!limit_of(alert->state, &limit)) {
        return false;
    }
    *ret = *alert;
    *ret_step = ALERT_STEP_ESCALATE;
    ret->late |= 1U << limit;
    ret->level += alert->level + 1 < alert->levels;
    ret->due = due_after(ret, rule, now);
    if (ret->level + 1 >= ret->levels) { /* the list is at its end: nobody is left to be told */
        ret->due = ret->candidate ? lapses(ret) : (struct wall){0};
    }
    return true;
}

/* --- for statistics and people --- */

uint64_t alert_took_ms(const struct alert *alert, enum alert_limit limit)
{
    const struct wall at[] = {alert->raised, alert->acknowledged, alert->dispatched,
                              alert->decided};
    int64_t us = at[limit + 1].us - at[limit].us;
    return us > 0 ? (uint64_t)us / 1000 : 0;
}

const char *alert_state_word(uint32_t state)
{
    static const char *const words[] = {"",          "raised",   "acknowledged", "dispatched",
                                        "confirmed", "rejected", "closed"};
    return state > 0 && state < ARRAY_LEN(words) ? words[state] : "unknown";
}

const char *alert_step_word(uint32_t step)
{
    static const char *const words[] = {"",           "raised",    "repeated",    "acknowledged",
                                        "dispatched", "confirmed", "rejected",    "closed",
                                        "escalated",  "lapsed",    "cause-ended", "handed-over"};
    return step > 0 && step < ARRAY_LEN(words) ? words[step] : "unknown";
}

const char *alert_decision_word(uint32_t decision)
{
    static const char *const words[] = {"", "confirmed", "rejected", "lapsed"};
    return decision < ARRAY_LEN(words) ? words[decision] : "unknown";
}
