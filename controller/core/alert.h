/* alert: a hit or a fault that a named person carries to its end, as a pure state machine.
 *
 *     raised -> acknowledged -> dispatched -> confirmed | rejected -> closed
 *
 * No step is skipped. Each of the first three steps has a limit, counted from the step before; when
 * it passes, the next one of those who are told is told (escalation), and the limit runs again
 * until the list is at its end. A repeat of the same cause is counted, not raised. A candidate is
 * closed by its rejection, and by itself when nobody confirmed it in time.
 *
 * What an alert is about is the shell's; an alert never has an effect at a lane.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "schema/kinds.h"

struct alert {
    enum alert_state state;
    enum alert_decision decision;
    bool candidate;
    bool lasting; /* its cause lasts until it is said to have ended */
    uint32_t count, level, levels;
    uint32_t late;           /* bits by enum alert_limit */
    struct wall raised, due; /* due.us 0: nothing is waited for */
    struct wall last;        /* the newest repeat, or the raising */
    struct wall acknowledged, dispatched, decided, closed, ended; /* .us 0: not yet */
};

/* Seconds; a limit of 0 is none. */
struct alert_rule {
    uint32_t limit_s[ALERT_LIMIT_COUNT];
    uint32_t reactivate_s;
    uint32_t levels; /* how many are told, one after the other; at least 1 */
};

struct alert alert_raised(const struct alert_rule *rule, bool candidate, bool lasting,
                          struct wall now);

/* What becomes of the same cause coming again. `last`: its newest alert; NULL: it never had one. */
enum alert_again {
    ALERT_AGAIN_RAISE,  /* a new alert */
    ALERT_AGAIN_COUNTS, /* alert_repeated() of the one there is; closed ones stay closed */
};
enum alert_again alert_again(const struct alert *last, const struct alert_rule *rule, bool lasting,
                             struct wall now);
struct alert alert_repeated(const struct alert *alert, bool lasting, struct wall now);

/* A person's step: acknowledge, dispatch, confirm, reject, close, handover. False: not from this
 * state; *ret is untouched. */
bool alert_step(const struct alert *alert, enum alert_step step, const struct alert_rule *rule,
                struct wall now, struct alert *ret);

/* What time does: escalation or lapse. False: nothing is due. */
bool alert_time(const struct alert *alert, const struct alert_rule *rule, struct wall now,
                enum alert_step *ret_step, struct alert *ret);

/* Its cause ended by itself. */
struct alert alert_ended(const struct alert *alert, struct wall now);

/* How long the step took that ends with `limit`, in milliseconds; never below 0. */
uint64_t alert_took_ms(const struct alert *alert, enum alert_limit limit);

/* "raised", ...; "unknown" for what is none. */
const char *alert_state_word(uint32_t state);
const char *alert_step_word(uint32_t step);
/* "", "confirmed", "rejected", "lapsed". */
const char *alert_decision_word(uint32_t decision);
