/* Goal: the worst case that apply judges by is the sum that its header gives, and grows with all
 * that makes a bus slower. Method: figures worked out by hand, and one change after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/access/fire_time.h"
#include "schema/limits.h"

static struct fire_bus serial(uint32_t baud, uint16_t boards)
{
    struct fire_bus bus = {.rtu = true, .baud = baud, .count = boards};
    for (uint16_t i = 0; i < boards; i++) {
        bus.boards[i] = (struct fire_board){
            .has_fire_input = i == 0, .has_counters = true, .inputs = 16, .runs = 1, .poll_ms = 20};
    }
    return bus;
}

static void bytes_take_their_time_on_the_wire(void **state)
{
    (void)state;
    assert_int_equal(fire_wire_ms(0, 100), 0);
    assert_int_equal(fire_wire_ms(9600, 8), 12); /* 11.5 characters of 10 bits */
    assert_int_equal(fire_wire_ms(115200, 8), 1);
    assert_int_equal(fire_write_wait_ms(0), LIMIT_FIRE_UNIT_MS);
    assert_int_equal(fire_write_wait_ms(9600), 16 + LIMIT_FIRE_UNIT_MS);
}

static void a_slow_line_cannot_answer_in_time(void **state)
{
    (void)state;
    assert_true(fire_baud_is_enough(0));
    assert_true(fire_baud_is_enough(9600));
    assert_true(fire_baud_is_enough(4800));
    assert_false(fire_baud_is_enough(2400));
    assert_false(fire_baud_is_enough(1200));
}

static void a_board_on_tcp_has_three_waits_and_a_poll(void **state)
{
    (void)state;
    const struct fire_bus bus = {
        .count = 1, .boards = {{.has_fire_input = true, .inputs = 32, .runs = 1, .poll_ms = 20}}};
    assert_int_equal(fire_worst_ms(&bus), 20 + 300 + 300 + 50);
}

static void a_serial_bus_is_worked_out_by_hand(void **state)
{
    (void)state;
    struct fire_bus bus = serial(19200, 4);
    /* levels: 6 + 6 wire; counters: 6 + 22 wire; write: 8 wire. */
    assert_int_equal(fire_worst_ms(&bus), 20 + (112 + 128) + 112 + 4 * 58);
}

static void what_is_slower_takes_longer(void **state)
{
    (void)state;
    struct fire_bus base = serial(19200, 4);
    uint32_t before = fire_worst_ms(&base);
    struct fire_bus changed = base;
    changed.baud = 9600;
    assert_true(fire_worst_ms(&changed) > before);
    changed = base;
    changed.boards[0].poll_ms = 200;
    assert_int_equal(fire_worst_ms(&changed), before + 180);
    changed = base;
    changed.boards[2].runs = 3;
    assert_int_equal(fire_worst_ms(&changed), before + 2 * 58);
    changed = base;
    changed.boards[2].in_runs = 2; /* a board may refuse to write both at once: 6 + 6 wire, 10 its own */
    assert_int_equal(fire_worst_ms(&changed), before + 2 * 22);
    changed = base;
    changed.boards[1].has_fire_input = true;
    assert_int_equal(fire_worst_ms(&changed), before + 112);
    changed = serial(19200, 5);
    assert_int_equal(fire_worst_ms(&changed), before + 58);
    assert_true(before <= LIMIT_FIRE_MS);
    changed = serial(9600, FIRE_BOARDS_MAX);
    assert_true(fire_worst_ms(&changed) > LIMIT_FIRE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_take_their_time_on_the_wire),
        cmocka_unit_test(a_slow_line_cannot_answer_in_time),
        cmocka_unit_test(a_board_on_tcp_has_three_waits_and_a_poll),
        cmocka_unit_test(a_serial_bus_is_worked_out_by_hand),
        cmocka_unit_test(what_is_slower_takes_longer),
    };
    return cmocka_run_group_tests_name("fire_time", tests, NULL, NULL);
}
