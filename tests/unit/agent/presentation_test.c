/* Goal: a lane opens only behind a durable verdict, and no failing disk shuts an exit. Method: walk
 * every path of one presentation for every kind of read, verdict and commit result, and compare the
 * step with the rule it must keep; then the table's bounds and deadlines by hand. */
#include "reader-agent/core/presentation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct name lane_name(void)
{
    struct name name = {0};
    assert_true(name_from_text("north-1", &name));
    return name;
}

static struct facts facts_of(enum direction direction, enum freshness freshness, bool history,
                             bool locked)
{
    return (struct facts){.presentation = PRESENTATION_READ,
                          .direction = direction,
                          .freshness = freshness,
                          .history = history,
                          .mode = locked ? LANE_MODE_LOCKED : LANE_MODE_NORMAL,
                          .admits_unknown_clock = true};
}

static bool is_live_exit(const struct facts *facts)
{
    return facts->direction == DIRECTION_OUT && !facts->history &&
           facts->freshness != FRESHNESS_STALE;
}

/* Calls `check` with every read there is. Returns how many. */
static int each_read(void (*check)(const struct facts *facts))
{
    int count = 0;
    for (int direction = 0; direction < 2; direction++) {
        for (int freshness = 0; freshness < 3; freshness++) {
            for (int flags = 0; flags < 4; flags++) {
                struct facts facts = facts_of((enum direction)direction, (enum freshness)freshness,
                                              (flags & 1) != 0, (flags & 2) != 0);
                check(&facts);
                count++;
            }
        }
    }
    return count;
}

static void check_own(const struct facts *facts)
{
    struct verdict verdict = presentation_own_verdict(facts);
    assert_int_equal(verdict.outcome == OUTCOME_GRANT, is_live_exit(facts));
    bool never_opens = facts->history || facts->freshness == FRESHNESS_STALE;
    assert_true(presentation_is_own(facts, false));
    assert_int_equal(presentation_is_own(facts, true), never_opens);
}

static void own_verdict_grants_live_exits_only(void **state)
{
    (void)state;
    assert_int_equal(each_read(check_own), 24);
}

static void check_act(const struct facts *facts)
{
    for (int outcome = 0; outcome <= OUTCOME_GRANT; outcome++) {
        struct verdict verdict = {.outcome = (enum outcome)outcome, .reason = REASON_GRANTED};
        enum step step = presentation_act(facts, &verdict, true);
        assert_int_equal(step, outcome == OUTCOME_GRANT ? STEP_OPEN : STEP_SHOW);
        verdict = (struct verdict){.outcome = (enum outcome)outcome, .reason = REASON_GRANTED};
        step = presentation_act(facts, &verdict, false);
        assert_int_equal(step, is_live_exit(facts) ? STEP_OPEN_LATE : STEP_SHOW);
        assert_int_equal(verdict.outcome == OUTCOME_GRANT, is_live_exit(facts));
        if (is_live_exit(facts)) {
            assert_int_equal(verdict.reason, REASON_AGENT_ERROR);
        }
    }
}

static void nothing_but_a_live_exit_opens_without_a_commit(void **state)
{
    (void)state;
    assert_int_equal(each_read(check_act), 24);
}

static struct presentation_row *waiting(struct presentations *table, const struct facts *facts,
                                        uint64_t sequence, int64_t now_ms)
{
    struct presentation_row *row = presentation_begin(table, lane_name(), lane_name(), facts, LIMIT_ANSWER_MS);
    assert_non_null(row);
    struct grant_id id = {.epoch = 1, .sequence = sequence};
    assert_int_equal(presentation_stored(row, true, id, (struct mono){.us = now_ms * 1000}),
                     STEP_ASK);
    return row;
}

static void controllers_verdict_in_time(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts facts = facts_of(DIRECTION_IN, FRESHNESS_LIVE, false, false);
    struct presentation_row *row = waiting(&table, &facts, 7, 0);
    struct grant_id id = {.epoch = 1, .sequence = 7};
    assert_ptr_equal(presentation_find(&table, id), row);
    assert_null(presentation_find(&table, (struct grant_id){.epoch = 2, .sequence = 7}));
    struct verdict grant = {.outcome = OUTCOME_GRANT, .reason = REASON_GRANTED};
    assert_int_equal(presentation_answered(row, grant), STEP_COMMIT);
    /* a second one, or a deadline, changes nothing any more */
    struct verdict deny = {.outcome = OUTCOME_DENY, .reason = REASON_PARK_BAN};
    assert_int_equal(presentation_answered(row, deny), STEP_NONE);
    assert_null(presentation_due(&table, (struct mono){.us = 1000000}));
    assert_int_equal(presentation_committed(row, true), STEP_OPEN);
    assert_int_equal(row->verdict.reason, REASON_GRANTED);
    assert_int_equal(presentation_count(&table), 0);
    assert_null(presentation_find(&table, id));
}

/* Its park may be newer than the gate's, and call the lane an entry. */
static void no_verdict_holds_a_live_exit(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts facts = facts_of(DIRECTION_OUT, FRESHNESS_LIVE, false, false);
    struct presentation_row *row = waiting(&table, &facts, 7, 0);
    struct verdict deny = {.outcome = OUTCOME_DENY, .reason = REASON_PARK_BAN};
    assert_int_equal(presentation_answered(row, deny), STEP_COMMIT);
    assert_int_equal(presentation_committed(row, true), STEP_OPEN);
    assert_int_equal(row->verdict.reason, REASON_EXIT);
    assert_int_equal(row->source, SOURCE_AGENT);
}

static void deadline_makes_the_agent_decide(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts in = facts_of(DIRECTION_IN, FRESHNESS_LIVE, false, false);
    struct facts out = facts_of(DIRECTION_OUT, FRESHNESS_LIVE, false, false);
    (void)waiting(&table, &in, 1, 1000);
    (void)waiting(&table, &out, 2, 1100);
    struct mono next = {0};
    assert_true(presentation_next_deadline(&table, &next));
    assert_int_equal(next.us, (1000 + LIMIT_ANSWER_MS) * 1000);
    assert_null(presentation_due(&table, (struct mono){.us = next.us - 1}));

    struct presentation_row *row = presentation_due(&table, next);
    assert_non_null(row);
    assert_int_equal(row->id.sequence, 1);
    assert_int_equal(row->source, SOURCE_AGENT);
    assert_int_equal(row->verdict.reason, REASON_CONTROLLER_SILENT);
    struct verdict late = {.outcome = OUTCOME_GRANT, .reason = REASON_GRANTED};
    assert_int_equal(presentation_answered(row, late), STEP_NONE);
    assert_int_equal(presentation_committed(row, true), STEP_SHOW);

    assert_null(presentation_due(&table, next));
    row = presentation_due(&table, (struct mono){.us = (1100 + LIMIT_ANSWER_MS) * 1000});
    assert_non_null(row);
    assert_int_equal(presentation_committed(row, true), STEP_OPEN);
    assert_int_equal(row->verdict.reason, REASON_EXIT);
    assert_false(presentation_next_deadline(&table, &next));
}

static void event_that_is_not_stored(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts in = facts_of(DIRECTION_IN, FRESHNESS_LIVE, false, false);
    struct facts out = facts_of(DIRECTION_OUT, FRESHNESS_LIVE, false, false);
    struct grant_id none = {0};
    struct presentation_row *row = presentation_begin(&table, lane_name(), lane_name(), &in, LIMIT_ANSWER_MS);
    assert_int_equal(presentation_stored(row, false, none, (struct mono){0}), STEP_SHOW);
    assert_int_equal(row->verdict.outcome, OUTCOME_DENY);
    row = presentation_begin(&table, lane_name(), lane_name(), &out, LIMIT_ANSWER_MS);
    assert_int_equal(presentation_stored(row, false, none, (struct mono){0}), STEP_OPEN_LATE);
    assert_int_equal(row->verdict.reason, REASON_AGENT_ERROR);
    assert_int_equal(presentation_count(&table), 0);
}

static void verdict_whose_commit_failed_is_the_agents(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts in = facts_of(DIRECTION_IN, FRESHNESS_LIVE, false, false);
    struct presentation_row *row = waiting(&table, &in, 1, 0);
    struct verdict grant = {.outcome = OUTCOME_GRANT, .reason = REASON_GRANTED};
    assert_int_equal(presentation_answered(row, grant), STEP_COMMIT);
    assert_int_equal(presentation_committed(row, false), STEP_SHOW);
    assert_int_equal(row->verdict.outcome, OUTCOME_DENY);
    assert_int_equal(row->source, SOURCE_AGENT);
}

static void table_is_bounded_and_rows_move(void **state)
{
    (void)state;
    static struct presentations table;
    memset(&table, 0, sizeof(table));
    struct facts in = facts_of(DIRECTION_IN, FRESHNESS_LIVE, false, false);
    for (uint64_t i = 0; i < PRESENTATIONS_MAX; i++) {
        (void)waiting(&table, &in, i + 1, 0);
    }
    assert_null(presentation_begin(&table, lane_name(), lane_name(), &in, LIMIT_ANSWER_MS));
    assert_int_equal(presentation_count(&table), PRESENTATIONS_MAX);
    struct grant_id from = {.epoch = 1, .sequence = 3};
    struct grant_id to = {.epoch = 2, .sequence = 1};
    presentation_moved(&table, from, to);
    assert_null(presentation_find(&table, from));
    assert_non_null(presentation_find(&table, to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_verdict_grants_live_exits_only),
        cmocka_unit_test(nothing_but_a_live_exit_opens_without_a_commit),
        cmocka_unit_test(controllers_verdict_in_time),
        cmocka_unit_test(no_verdict_holds_a_live_exit),
        cmocka_unit_test(deadline_makes_the_agent_decide),
        cmocka_unit_test(event_that_is_not_stored),
        cmocka_unit_test(verdict_whose_commit_failed_is_the_agents),
        cmocka_unit_test(table_is_bounded_and_rows_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
