/* Goal: the gate knows when to wait for the controller and when to decide at once. Method: drive
 * the state by hand over a clock of our own, in steps of the agent's tick. */
#include "reader-agent/core/link_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct mono at(int64_t ms)
{
    return (struct mono){.us = ms * 1000};
}

/* Everything that fell due from `from` to `to`, exclusive. */
static unsigned run(struct link_state *link, int64_t from_ms, int64_t to_ms, int *ret_hellos)
{
    unsigned due = LINK_DUE_NONE;
    for (int64_t ms = from_ms; ms < to_ms; ms += 250) {
        unsigned now = link_state_tick(link, at(ms));
        if (now & LINK_DUE_HELLO) {
            link_state_hello_sent(link, true, at(ms));
            (*ret_hellos)++;
        }
        due |= now;
    }
    return due;
}

static void hello_until_welcome(void **state)
{
    (void)state;
    struct link_state link;
    int hellos = 0;
    link_state_begin(&link, at(0));
    assert_false(link_state_answers(&link, at(0)));
    unsigned due = run(&link, 0, 4000, &hellos);
    assert_true(due & LINK_DUE_HELLO);
    assert_false(due & LINK_DUE_HEARTBEAT);
    assert_int_equal(hellos, 3); /* at 0, 1 and 3 s */
    link_state_welcomed(&link, at(4000));
    assert_true(link_state_answers(&link, at(4000)));
    hellos = 0;
    due = run(&link, 4000, 6000, &hellos);
    assert_int_equal(hellos, 0);
    assert_true(due & LINK_DUE_HEARTBEAT);
}

static void hello_that_was_not_sent_is_due_again_soon(void **state)
{
    (void)state;
    struct link_state link;
    link_state_begin(&link, at(0));
    for (int64_t ms = 0; ms < 3000; ms += LINK_HELLO_NOT_SENT_MS) {
        assert_true(link_state_tick(&link, at(ms)) & LINK_DUE_HELLO);
        link_state_hello_sent(&link, false, at(ms));
        assert_false(link_state_tick(&link, at(ms + 1)) & LINK_DUE_HELLO);
    }
}

static void six_seconds_of_silence(void **state)
{
    (void)state;
    struct link_state link;
    int hellos = 0;
    link_state_begin(&link, at(0));
    link_state_welcomed(&link, at(0));
    assert_true(link_state_answers(&link, at(LIMIT_SILENCE_MS - 1)));
    assert_false(link_state_answers(&link, at(LIMIT_SILENCE_MS)));
    unsigned due = run(&link, 0, LIMIT_SILENCE_MS, &hellos);
    assert_false(due & LINK_DUE_SILENT);
    assert_true(hellos > 0); /* it may have been started again */
    assert_true(link_state_tick(&link, at(LIMIT_SILENCE_MS)) & LINK_DUE_SILENT);
    assert_false(link_state_tick(&link, at(LIMIT_SILENCE_MS + 250)) & LINK_DUE_SILENT);
    /* being heard is not enough after that: WELCOME is */
    link_state_heard(&link, at(7000));
    assert_false(link_state_is_up(&link, at(7000)));
    link_state_welcomed(&link, at(7100));
    assert_true(link_state_answers(&link, at(7100)));
}

static void three_missed_deadlines(void **state)
{
    (void)state;
    struct link_state link;
    link_state_begin(&link, at(0));
    link_state_welcomed(&link, at(0));
    link_state_missed(&link);
    link_state_missed(&link);
    link_state_served(&link); /* not in a row */
    link_state_missed(&link);
    link_state_missed(&link);
    assert_true(link_state_answers(&link, at(100)));
    link_state_missed(&link);
    assert_false(link_state_answers(&link, at(100)));
    assert_true(link_state_is_up(&link, at(100))); /* events are still sent */
    link_state_welcomed(&link, at(200));           /* slow, and polite: no second chance */
    assert_false(link_state_answers(&link, at(200)));
    link_state_served(&link);
    assert_true(link_state_answers(&link, at(200)));
}

static void controller_that_forgot_us(void **state)
{
    (void)state;
    struct link_state link;
    link_state_begin(&link, at(0));
    link_state_welcomed(&link, at(0));
    for (int i = 0; i < 3; i++) {
        link_state_missed(&link);
    }
    link_state_unknown(&link);
    assert_true(link_state_tick(&link, at(LINK_HELLO_FIRST_MS)) & LINK_DUE_HELLO);
    link_state_welcomed(&link, at(1300));
    assert_true(link_state_answers(&link, at(1300)));
}

static void connection_is_renewed_with_a_back_off(void **state)
{
    (void)state;
    struct link_state link;
    link_state_begin(&link, at(0));
    int renewed = 0;
    for (int64_t ms = 0; ms < 100000; ms += 250) {
        renewed += (link_state_tick(&link, at(ms)) & LINK_DUE_RENEW) != 0;
    }
    assert_int_equal(renewed, 3); /* after 10, 30 and 70 s */
    link_state_refused(&link, at(100000));
    assert_false(link_state_tick(&link, at(100000)) & LINK_DUE_HELLO);
    assert_true(link_state_tick(&link, at(100000 + LINK_HELLO_LAST_MS)) & LINK_DUE_HELLO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_until_welcome),
        cmocka_unit_test(hello_that_was_not_sent_is_due_again_soon),
        cmocka_unit_test(six_seconds_of_silence),
        cmocka_unit_test(three_missed_deadlines),
        cmocka_unit_test(controller_that_forgot_us),
        cmocka_unit_test(connection_is_renewed_with_a_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
