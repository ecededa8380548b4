/* Goal: a histogram's figures are true within their bucket, and a turn's gauges are those of that
 * turn. Method: every bucket's edges, quantiles of known series against the sorted series, and
 * turns with known commits. */
#include "controller/core/gauges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "schema/limits.h"

static void test_each_time_is_in_its_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < GAUGES_BUCKETS; i++) {
        struct gauges_times times = {0};
        uint64_t first = i == 0 ? 0 : gauges_bucket_end_us(i - 1);
        uint64_t end = gauges_bucket_end_us(i);
        assert_true(first < end);
        assert_true(end - first == 1 || (end - first) * GAUGES_PER_OCTAVE <= first);
        gauges_add(&times, (int64_t)first);
        gauges_add(&times, (int64_t)end - 1);
        assert_int_equal(times.bucket[i], 2);
        gauges_add(&times, (int64_t)end);
        assert_int_equal(times.bucket[i + 1], 1);
        assert_int_equal(gauges_below(&times, end), 2);
    }
}

static void test_what_is_too_long_or_negative_is_counted(void **state)
{
    (void)state;
    struct gauges_times times = {0};
    gauges_add(&times, INT64_MAX);
    gauges_add(&times, -5);
    assert_int_equal(times.bucket[GAUGES_BUCKETS - 1], 1);
    assert_int_equal(times.bucket[0], 1);
    assert_int_equal(times.count, 2);
    assert_true(gauges_bucket_end_us(GAUGES_BUCKETS - 1) == UINT64_MAX);
    assert_true(gauges_quantile_us(&times, 1000) == INT64_MAX);
}

static void test_powers_of_two_are_ends(void **state)
{
    (void)state;
    struct gauges_times times = {0};
    for (int64_t us = 0; us < 5000; us++) {
        gauges_add(&times, us);
    }
    for (uint64_t end = 1; end <= 4096; end *= 2) {
        assert_int_equal(gauges_below(&times, end), end);
    }
}

static void test_quantiles_are_at_most_an_eighth_high(void **state)
{
    (void)state;
    struct gauges_times times = {0};
    assert_int_equal(gauges_quantile_us(&times, 500), 0);
    for (int64_t us = 10000; us >= 1; us--) {
        gauges_add(&times, us);
    }
    for (unsigned permille = 1; permille <= 1000; permille++) {
        uint64_t exact = permille * 10; /* of 1 to 10,000 */
        uint64_t said = gauges_quantile_us(&times, permille);
        assert_true(said >= exact && said - exact <= exact / GAUGES_PER_OCTAVE);
    }
    assert_int_equal(gauges_quantile_us(&times, 1000), 10000);
    assert_int_equal(times.sum_us, 10000 * 10001 / 2);
}

static void test_since_is_the_difference(void **state)
{
    (void)state;
    struct gauges_times times = {0};
    gauges_add(&times, 900000);
    struct gauges_times before = times;
    for (int i = 0; i < 100; i++) {
        gauges_add(&times, 40);
    }
    struct gauges_times since = gauges_since(&times, &before);
    assert_int_equal(since.count, 100);
    assert_int_equal(since.sum_us, 4000);
    assert_in_range(gauges_quantile_us(&since, 990), 40, 45);
    assert_in_range(since.max_us, 40, 45);
    since = gauges_since(&times, &times);
    assert_int_equal(since.count, 0);
    assert_int_equal(gauges_quantile_us(&since, 990), 0);
}

static void test_a_turn_is_late_without_its_commits(void **state)
{
    (void)state;
    int64_t limit_us = LIMIT_TURN_MS * 1000;
    struct gauges gauges = {0};
    gauges_commit(&gauges, 30000);
    gauges_commit(&gauges, 20000);
    gauges_turn_end(&gauges, 50000 + limit_us);
    assert_int_equal(gauges.turns_late, 0);
    assert_int_equal(gauges.turn.max_us, 50000 + limit_us);
    assert_int_equal(gauges.turn_work.max_us, limit_us);
    assert_int_equal(gauges.commit.count, 2);
    gauges_turn_end(&gauges, limit_us + 1); /* the commits before were not of this turn */
    assert_int_equal(gauges.turns_late, 1);
    assert_int_equal(gauges.turn_work.max_us, limit_us + 1);
    assert_int_equal(gauges.turn.count, 2);
}

static void test_the_largest_turn_is_kept(void **state)
{
    (void)state;
    static const unsigned inputs[] = {2, 5, 1};
    static const unsigned rows[] = {200, 0, 7};
    struct gauges gauges = {0};
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        for (unsigned k = 0; k < inputs[i]; k++) {
            gauges_input(&gauges);
        }
        gauges_rows(&gauges, rows[i]);
        gauges_turn_end(&gauges, 10);
    }
    assert_int_equal(gauges.turn_inputs_max, 5);
    assert_int_equal(gauges.turn_rows_max, 200);
    assert_int_equal(gauges.rows, 207);
    assert_int_equal(gauges.turn_inputs, 0);
    assert_int_equal(gauges.turn_rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_time_is_in_its_bucket),
        cmocka_unit_test(test_what_is_too_long_or_negative_is_counted),
        cmocka_unit_test(test_powers_of_two_are_ends),
        cmocka_unit_test(test_quantiles_are_at_most_an_eighth_high),
        cmocka_unit_test(test_since_is_the_difference),
        cmocka_unit_test(test_a_turn_is_late_without_its_commits),
        cmocka_unit_test(test_the_largest_turn_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
