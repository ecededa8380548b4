/* Goal: a gate that decides alone asks whom the park has checked to its guard, as the controller
 * does, and nobody at an exit. Method: a gate of a small park with a copy; the share of its zone is
 * changed as a new park would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

static int make(void **state)
{
    *state = gate_world_open(false);
    return 0;
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    gate_world_close(&world);
    return 0;
}

static void assert_decides(struct gate_world *world, const char *lane, enum outcome outcome,
                           enum reason reason)
{
    struct verdict verdict = {0};
    assert_true(gate_world_decide(world, lane, 0, &verdict));
    assert_int_equal(verdict.outcome, outcome);
    assert_int_equal(verdict.reason, reason);
}

static void a_share_of_all_is_everybody_at_entries(void **state)
{
    struct gate_world *world = *state;
    assert_decides(world, "in", OUTCOME_GRANT, REASON_GRANTED);
    world->gate->copy.park->zones[0].spot_check = SPOT_CHECK_WHOLE;
    assert_decides(world, "in", OUTCOME_REVIEW, REASON_GUARD_CHECK);
    assert_decides(world, "in", OUTCOME_REVIEW, REASON_GUARD_CHECK);
    assert_decides(world, "out", OUTCOME_GRANT, REASON_EXIT);
    world->gate->copy.park->zones[0].spot_check = 0;
    assert_decides(world, "in", OUTCOME_GRANT, REASON_GRANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_share_of_all_is_everybody_at_entries, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
