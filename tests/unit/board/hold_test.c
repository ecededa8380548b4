/* Goal: what fire holds open belongs to exits, also when the lanes of the board change meanwhile.
 * Method: setups by hand, before and after. */
#include "reader-agent/board/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct helper_lane in_lane = {.name = {"in"}, .direction = LANE_IN, .open_coil = 0};
static const struct helper_lane out_lane = {.name = {"out"}, .direction = LANE_OUT, .open_coil = 1};
static const struct helper_lane both_lane = {
    .name = {"both"}, .direction = LANE_BOTH, .open_coil = 2};

static void exits_open_and_entries_close(void **state)
{
    (void)state;
    static const struct helper_release quiet = {.state = EMERGENCY_NONE};
    const struct helper_board setup = {
        .lane_count = 3, .lanes = {in_lane, out_lane, both_lane}
    };
    struct hold hold = hold_of(&setup, true, &quiet);
    assert_int_equal(hold.exits, 6);
    assert_int_equal(hold.entries, 5);
    hold = hold_of(&setup, false, &quiet);
    assert_int_equal(hold.exits | hold.entries, 0);
}

static void held_lanes_move_by_name(void **state)
{
    (void)state;
    const struct helper_board before = {
        .lane_count = 2, .lanes = {out_lane, both_lane}
    };
    const struct helper_board after = {
        .lane_count = 3, .lanes = {in_lane, out_lane, both_lane}
    };
    assert_int_equal(hold_moved(1, &before, &after), 2);
    assert_int_equal(hold_moved(3, &before, &after), 6);
    assert_int_equal(hold_moved(6, &after, &before), 3);
}

static void what_is_no_exit_any_more_has_no_bit(void **state)
{
    (void)state;
    struct helper_lane turned = out_lane;
    turned.direction = LANE_IN;
    const struct helper_board before = {
        .lane_count = 2, .lanes = {out_lane, both_lane}
    };
    const struct helper_board gone = {.lane_count = 1, .lanes = {both_lane}};
    const struct helper_board entry = {
        .lane_count = 2, .lanes = {turned, both_lane}
    };
    assert_int_equal(hold_moved(3, &before, &gone), 1);
    assert_int_equal(hold_moved(1, &before, &gone), 0);
    assert_int_equal(hold_moved(3, &before, &entry), 2);
    assert_int_equal(hold_moved(UINT32_MAX, &before, &gone), 1); /* bits of no lane */
}

static void a_lane_of_another_name_at_the_same_coil_is_the_same_door(void **state)
{
    (void)state;
    struct helper_lane renamed = out_lane;
    renamed.name = (struct name){"way"};
    const struct helper_board before = {
        .lane_count = 2, .lanes = {out_lane, both_lane}
    };
    const struct helper_board after = {
        .lane_count = 2, .lanes = {both_lane, renamed}
    };
    assert_int_equal(hold_moved(1, &before, &after), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exits_open_and_entries_close),
        cmocka_unit_test(held_lanes_move_by_name),
        cmocka_unit_test(what_is_no_exit_any_more_has_no_bit),
        cmocka_unit_test(a_lane_of_another_name_at_the_same_coil_is_the_same_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
