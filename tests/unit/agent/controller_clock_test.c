/* Goal: an order of the controller is never good for longer than it says, however clocks run, jump
 * or are set. Method: readings and orders as values; then random ways, delays and steps against the
 * true age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "reader-agent/core/controller_clock.h"
#include "schema/limits.h"

#define MS INT64_C(1000)
#define S  INT64_C(1000000)

static struct mono mono(int64_t us)
{
    return (struct mono){.us = us};
}

static struct wall wall(int64_t us)
{
    return (struct wall){.us = us};
}

static const int64_t T = 1790000000 * S;

static void left_shrinks_from_the_issue(void **state)
{
    (void)state;
    struct controller_clock clock = {0};
    controller_clock_heard(&clock, mono(10 * S), mono(10 * S + 10 * MS), wall(T));
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(10 * S)), 2000);
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(10 * S + 500 * MS)), 1500);
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(12 * S - MS)), 1);
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(12 * S)), 0);
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(1000 * S)), 0);
    assert_int_equal(controller_clock_left_ms(&clock, T, 500, mono(10 * S + 400 * MS)), 100);
    assert_int_equal(controller_clock_left_ms(&clock, T, 600000, mono(10 * S)), LIMIT_COMMAND_MS);
}

static void without_a_clock_nothing_is_good(void **state)
{
    (void)state;
    struct controller_clock clock = {0};
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(0)), 0);
    controller_clock_heard(&clock, mono(0), mono(MS), wall(T));
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(0)), 2000);
    assert_int_equal(controller_clock_left_ms(&clock, T + 3 * S, 2000, mono(0)), 0); /* to come */
    assert_int_equal(controller_clock_left_ms(&clock, INT64_MAX, 2000, mono(0)), 0);
    assert_int_equal(controller_clock_left_ms(&clock, INT64_MIN, 2000, mono(0)), 0);
    controller_clock_forget(&clock);
    assert_int_equal(controller_clock_left_ms(&clock, T, 2000, mono(0)), 0);
    /* the version before says no time: from its receipt on */
    assert_int_equal(controller_clock_left_ms(&clock, 0, 700, mono(0)), 700);
}

static void the_sharpest_reading_is_kept_until_it_ages(void **state)
{
    (void)state;
    struct controller_clock clock = {0};
    controller_clock_heard(&clock, mono(0), mono(10 * MS), wall(T));
    controller_clock_heard(&clock, mono(2 * S), mono(2 * S + 900 * MS), wall(T + 2 * S + 450 * MS));
    assert_int_equal(clock.span_us, 10 * MS);
    controller_clock_heard(&clock, mono(4 * S), mono(4 * S + 20 * MS), wall(T + 4 * S));
    assert_int_equal(clock.span_us, 20 * MS); /* four seconds on, this will do */
    controller_clock_heard(&clock, mono(5 * S), mono(4 * S), wall(T)); /* heard before asked */
    controller_clock_heard(&clock, mono(5 * S), mono(5 * S), wall(INT64_MAX));
    assert_int_equal(clock.span_us, 20 * MS);
}

static void a_step_of_its_clock_is_taken_at_once(void **state)
{
    (void)state;
    struct controller_clock clock = {0};
    controller_clock_heard(&clock, mono(0), mono(10 * MS), wall(T));
    controller_clock_heard(&clock, mono(S), mono(S + 800 * MS), wall(T - 3600 * S));
    assert_int_equal(
        controller_clock_left_ms(&clock, T - 3600 * S + 800 * MS, 2000, mono(S + 800 * MS)), 2000);
    /* what it issued before it was set back lies in the future now: good for nothing */
    assert_int_equal(controller_clock_left_ms(&clock, T + S, 2000, mono(S + 800 * MS)), 0);
}

static void never_younger_than_it_is(void **state)
{
    (void)state;
    enum { ROUNDS = 200000 };
    uint64_t x = 88172645463325252ULL;
    size_t live = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct controller_clock clock = {0};
        int64_t now = 0;
        int64_t ahead = T;
        for (int i = 0; i < 4; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            int64_t out = (int64_t)(x % 400) * MS;
            int64_t back = (int64_t)(x >> 20) % 400 * MS;
            now += (int64_t)(x >> 40) % 3000 * MS;
            controller_clock_heard(&clock, mono(now), mono(now + out + back),
                                   wall(now + out + ahead));
            now += out + back;
        }
        int64_t age = (int64_t)(x >> 10) % 4000 * MS;
        uint32_t left = controller_clock_left_ms(&clock, now + ahead - age, 2000, mono(now));
        assert_true((int64_t)left <= (age >= 2 * S ? 0 : 2000 - age / MS + 1));
        live += left > 0;
    }
    print_message("%d orders of random age, %zu good\n", ROUNDS, live);
    assert_true(live > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(left_shrinks_from_the_issue),
        cmocka_unit_test(without_a_clock_nothing_is_good),
        cmocka_unit_test(the_sharpest_reading_is_kept_until_it_ages),
        cmocka_unit_test(a_step_of_its_clock_is_taken_at_once),
        cmocka_unit_test(never_younger_than_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
