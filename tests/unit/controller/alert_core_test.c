/* Goal: no step of an alert is skipped, limits escalate along the list and then stop, candidates
 * lapse, repeats are counted. Method: every state by every step; limits walked second by second;
 * the table of kinds row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "controller/core/alert.h"
#include "controller/core/alert_kind.h"
#include "schema/limits.h"

#define S INT64_C(1000000)

static const struct alert_rule rule = {
    .limit_s = {60, 180, 300},
      .reactivate_s = 60, .levels = 3
};
static struct wall at_s(int64_t seconds)
{
    return (struct wall){1000 * S + seconds * S};
}

static struct alert in_state(enum alert_state state, bool candidate)
{
    static const enum alert_step way[] = {ALERT_STEP_ACKNOWLEDGE, ALERT_STEP_DISPATCH};
    struct alert alert = alert_raised(&rule, candidate, false, at_s(0));
    for (size_t i = 0; i < ARRAY_LEN(way) && alert.state < state; i++) {
        assert_true(alert_step(&alert, way[i], &rule, at_s(0), &alert));
    }
    if (state == ALERT_REJECTED) {
        assert_true(alert_step(&alert, ALERT_STEP_REJECT, &rule, at_s(0), &alert));
    } else if (state > ALERT_DISPATCHED) {
        assert_true(alert_step(&alert, ALERT_STEP_CONFIRM, &rule, at_s(0), &alert));
    }
    if (state == ALERT_CLOSED) {
        assert_true(alert_step(&alert, ALERT_STEP_CLOSE, &rule, at_s(0), &alert));
    }
    assert_int_equal(alert.state, state);
    return alert;
}

/* 0: refused. */
static enum alert_state wanted(enum alert_state from, enum alert_step step)
{
    static const enum alert_state table[][ALERT_STEP_HANDOVER + 1] = {
        [ALERT_RAISED] = {[ALERT_STEP_ACKNOWLEDGE] = ALERT_ACKNOWLEDGED},
        [ALERT_ACKNOWLEDGED] =
            {[ALERT_STEP_DISPATCH] = ALERT_DISPATCHED,      [ALERT_STEP_HANDOVER] = ALERT_ACKNOWLEDGED},
        [ALERT_DISPATCHED] = {[ALERT_STEP_CONFIRM] = ALERT_CONFIRMED,
                          [ALERT_STEP_REJECT] = ALERT_REJECTED,
                          [ALERT_STEP_HANDOVER] = ALERT_DISPATCHED},
        [ALERT_CONFIRMED] =
            {[ALERT_STEP_CLOSE] = ALERT_CLOSED,          [ALERT_STEP_HANDOVER] = ALERT_CONFIRMED},
        [ALERT_REJECTED] =
            {[ALERT_STEP_CLOSE] = ALERT_CLOSED,                                             [ALERT_STEP_HANDOVER] = ALERT_REJECTED},
        [ALERT_CLOSED] = {0},
    };
    return table[from][step];
}

static void no_step_is_skipped(void **state)
{
    (void)state;
    for (enum alert_state from = ALERT_RAISED; from <= ALERT_CLOSED; from++) {
        for (enum alert_step step = ALERT_STEP_RAISE; step <= ALERT_STEP_HANDOVER; step++) {
            struct alert alert = in_state(from, false);
            struct alert next = alert;
            bool made = alert_step(&alert, step, &rule, at_s(5), &next);
            assert_int_equal(made, wanted(from, step) != 0);
            assert_int_equal(next.state, made ? wanted(from, step) : from);
            assert_true(made || memcmp(&next, &alert, sizeof(next)) == 0);
        }
    }
}

static void each_step_has_its_time_and_its_limit(void **state)
{
    (void)state;
    struct alert alert = alert_raised(&rule, false, false, at_s(0));
    assert_int_equal(alert.due.us, at_s(60).us);
    assert_true(alert_step(&alert, ALERT_STEP_ACKNOWLEDGE, &rule, at_s(20), &alert));
    assert_int_equal(alert.due.us, at_s(200).us); /* counted from the step before */
    assert_int_equal(alert_took_ms(&alert, ALERT_LIMIT_ACKNOWLEDGE), 20000);
    assert_true(alert_step(&alert, ALERT_STEP_HANDOVER, &rule, at_s(100), &alert));
    assert_int_equal(alert.due.us, at_s(200).us); /* another hand, the same limit */
    assert_true(alert_step(&alert, ALERT_STEP_DISPATCH, &rule, at_s(201), &alert));
    assert_int_equal(alert.late, 1U << ALERT_LIMIT_DISPATCH);
    assert_int_equal(alert.due.us, at_s(501).us);
    assert_true(alert_step(&alert, ALERT_STEP_CONFIRM, &rule, at_s(501), &alert));
    assert_int_equal(alert.late, 1U << ALERT_LIMIT_DISPATCH); /* just in time */
    assert_int_equal(alert.due.us, 0);
    assert_int_equal(alert.decision, ALERT_IS_TRUE);
    assert_true(alert_step(&alert, ALERT_STEP_CLOSE, &rule, at_s(9999), &alert));
    assert_int_equal(alert.closed.us, at_s(9999).us);
}

static void limits_escalate_along_the_list_and_then_stop(void **state)
{
    (void)state;
    struct alert alert = alert_raised(&rule, false, false, at_s(0));
    uint32_t escalations = 0;
    for (int64_t second = 0; second < 4000; second++) {
        struct alert next;
        enum alert_step step;
        if (alert_time(&alert, &rule, at_s(second), &step, &next)) {
            assert_int_equal(step, ALERT_STEP_ESCALATE);
            assert_int_equal(second, 60 * (escalations + 1));
            assert_int_equal(next.level, alert.level + 1);
            alert = next;
            escalations++;
        }
    }
    assert_int_equal(escalations, rule.levels - 1);
    assert_int_equal(alert.due.us, 0);
    assert_int_equal(alert.late, 1U << ALERT_LIMIT_ACKNOWLEDGE);
    /* The next step's limit runs and is marked, and nobody is left to be told. */
    assert_true(alert_step(&alert, ALERT_STEP_ACKNOWLEDGE, &rule, at_s(4000), &alert));
    assert_int_equal(alert.due.us, at_s(4180).us);
    enum alert_step step;
    assert_true(alert_time(&alert, &rule, at_s(4180), &step, &alert));
    assert_int_equal(alert.level, 2);
    assert_int_equal(alert.due.us, 0);
    assert_false(alert_time(&alert, &rule, at_s(99999), &step, &alert));
}

static void candidates_lapse_from_every_state_before_a_decision(void **state)
{
    (void)state;
    for (enum alert_state from = ALERT_RAISED; from <= ALERT_CONFIRMED; from++) {
        struct alert alert = in_state(from, true);
        enum alert_step step = ALERT_STEP_RAISE;
        while (alert_time(&alert, &rule, at_s(LIMIT_CANDIDATE_S - 1), &step, &alert)) {
            assert_int_equal(step, ALERT_STEP_ESCALATE);
        }
        bool lapsed = alert_time(&alert, &rule, at_s(LIMIT_CANDIDATE_S), &step, &alert);
        assert_int_equal(lapsed, from < ALERT_CONFIRMED);
        assert_int_equal(alert.state, lapsed ? ALERT_CLOSED : ALERT_CONFIRMED);
        assert_int_equal(alert.decision, lapsed ? ALERT_HAS_LAPSED : ALERT_IS_TRUE);
        assert_int_equal(alert.due.us, 0);
    }
}

static void a_candidate_that_is_rejected_is_closed(void **state)
{
    (void)state;
    struct alert alert = in_state(ALERT_DISPATCHED, true);
    assert_true(alert_step(&alert, ALERT_STEP_REJECT, &rule, at_s(9), &alert));
    assert_int_equal(alert.state, ALERT_CLOSED);
    assert_int_equal(alert.decision, ALERT_IS_FALSE);
    assert_int_equal(alert.closed.us, at_s(9).us);
    assert_int_equal(alert.due.us, 0);
}

static void repeats_are_counted_until_the_threshold_after_closing(void **state)
{
    (void)state;
    assert_int_equal(alert_again(NULL, &rule, false, at_s(0)), ALERT_AGAIN_RAISE);
    for (enum alert_state from = ALERT_RAISED; from < ALERT_CLOSED; from++) {
        struct alert alert = in_state(from, false);
        assert_int_equal(alert_again(&alert, &rule, false, at_s(99999)), ALERT_AGAIN_COUNTS);
        struct alert next = alert_repeated(&alert, false, at_s(7));
        assert_int_equal(next.count, 2);
        assert_int_equal(next.last.us, at_s(7).us);
        assert_int_equal(next.state, from);
        assert_int_equal(next.due.us, alert.due.us);
    }
    struct alert closed = in_state(ALERT_CLOSED, false);
    assert_int_equal(alert_again(&closed, &rule, false, at_s(59)), ALERT_AGAIN_COUNTS);
    assert_int_equal(alert_repeated(&closed, false, at_s(59)).state, ALERT_CLOSED);
    assert_int_equal(alert_again(&closed, &rule, false, at_s(60)), ALERT_AGAIN_RAISE);
    /* What lasts is raised anew at once: nobody would hear of it otherwise. */
    assert_int_equal(alert_again(&closed, &rule, true, at_s(1)), ALERT_AGAIN_RAISE);
}

static void the_end_of_a_cause_closes_nothing(void **state)
{
    (void)state;
    struct alert alert = alert_raised(&rule, false, true, at_s(0));
    struct alert ended = alert_ended(&alert, at_s(3));
    assert_int_equal(ended.state, ALERT_RAISED);
    assert_int_equal(ended.ended.us, at_s(3).us);
    assert_false(ended.lasting);
    assert_int_equal(ended.due.us, alert.due.us);
    struct alert again = alert_repeated(&ended, true, at_s(4));
    assert_true(again.lasting);
    assert_int_equal(again.ended.us, 0);
}

static void the_table_of_kinds_is_whole(void **state)
{
    (void)state;
    size_t count = 0;
    const struct alert_kind *kinds = alert_kind_table(&count);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(alert_kind(kinds[i].word), &kinds[i]); /* no word stands twice */
        assert_true(kinds[i].priority >= ALERT_PRIORITY_MOST &&
                    kinds[i].priority <= ALERT_PRIORITY_LEAST);
        assert_true(strlen(kinds[i].title) > 0 && strlen(kinds[i].title_zh) > 0);
        assert_true(strlen(kinds[i].procedure) > 0 && strlen(kinds[i].procedure_zh) > 0);
        assert_true(strlen(kinds[i].procedure) <= LIMIT_TEXT_BYTES);
    }
    assert_false(alert_kind_exists("no-such-kind"));
    assert_string_equal(alert_kind("no-such-kind")->word, "other");
    assert_true(alert_watch_hit->secret && alert_watch_candidate->secret);
    assert_false(alert_flood->secret);
}

static void words_have_no_gaps(void **state)
{
    (void)state;
    for (uint32_t i = ALERT_RAISED; i <= ALERT_CLOSED; i++) {
        assert_string_not_equal(alert_state_word(i), "unknown");
    }
    for (uint32_t i = ALERT_STEP_RAISE; i <= ALERT_STEP_HANDOVER; i++) {
        assert_string_not_equal(alert_step_word(i), "unknown");
    }
    assert_string_equal(alert_state_word(0), "unknown");
    assert_string_equal(alert_state_word(7), "unknown");
    assert_string_equal(alert_step_word(12), "unknown");
    assert_string_equal(alert_decision_word(ALERT_HAS_LAPSED), "lapsed");
    assert_string_equal(alert_decision_word(4), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_step_is_skipped),
        cmocka_unit_test(each_step_has_its_time_and_its_limit),
        cmocka_unit_test(limits_escalate_along_the_list_and_then_stop),
        cmocka_unit_test(candidates_lapse_from_every_state_before_a_decision),
        cmocka_unit_test(a_candidate_that_is_rejected_is_closed),
        cmocka_unit_test(repeats_are_counted_until_the_threshold_after_closing),
        cmocka_unit_test(the_end_of_a_cause_closes_nothing),
        cmocka_unit_test(the_table_of_kinds_is_whole),
        cmocka_unit_test(words_have_no_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
