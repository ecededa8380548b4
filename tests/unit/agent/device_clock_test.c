/* Goal: a device's offset is found from its own posts, and neither a delayed post nor a clock that
 * is set misleads it for long. Method: posts with known errors and delays. */
#include "reader-agent/core/device_clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t second_us = 1000000;
static const int64_t base_us = INT64_C(1800000000) * 1000000;

/* A post captured at base + at_s by true time, by a clock that is error_us ahead, delay_us late. */
static void post(struct device_clock *clock, int64_t at_s, int64_t error_us, int64_t delay_us)
{
    struct wall captured = {.us = base_us + at_s * second_us + error_us};
    struct wall received = {.us = base_us + at_s * second_us + delay_us};
    device_clock_add(clock, captured, received);
}

static void unknown_until_three_agree(void **state)
{
    (void)state;
    struct device_clock clock = {0};
    int64_t offset = 0;
    post(&clock, 0, 90 * second_us, 200000);
    post(&clock, 10, 90 * second_us, 900000);
    assert_false(device_clock_offset(&clock, &offset));
    post(&clock, 20, 90 * second_us, 300000);
    assert_true(device_clock_offset(&clock, &offset));
    assert_int_equal(offset, -90 * second_us + 200000); /* the least delay is nearest the truth */
}

static void three_that_do_not_agree(void **state)
{
    (void)state;
    struct device_clock clock = {0};
    int64_t offset = 0;
    post(&clock, 0, 0, 0);
    post(&clock, 10, 0, 5 * second_us);
    post(&clock, 20, 0, 10 * second_us);
    assert_false(device_clock_offset(&clock, &offset));
    post(&clock, 30, 0, 5 * second_us + 100000);
    assert_false(device_clock_offset(&clock, &offset));
    post(&clock, 40, 0, 5 * second_us + 200000);
    assert_true(device_clock_offset(&clock, &offset));
}

static void one_delayed_post_changes_nothing(void **state)
{
    (void)state;
    struct device_clock clock = {0};
    int64_t offset = 0;
    for (int i = 0; i < 8; i++) {
        post(&clock, i, 3 * second_us, 100000);
    }
    post(&clock, 9, 3 * second_us, 60 * second_us);
    post(&clock, 10, 3 * second_us, 45 * second_us);
    assert_true(device_clock_offset(&clock, &offset));
    assert_int_equal(offset, -3 * second_us + 100000);
}

static void clock_that_is_set_is_found_with_the_third_post(void **state)
{
    (void)state;
    struct device_clock clock = {0};
    int64_t offset = 0;
    for (int i = 0; i < DEVICE_CLOCK_SAMPLES + 5; i++) {
        post(&clock, i, 0, 100000);
    }
    post(&clock, 100, -3600 * second_us, 100000);
    post(&clock, 110, -3600 * second_us, 150000);
    assert_true(device_clock_offset(&clock, &offset));
    assert_int_equal(offset, 100000);
    post(&clock, 120, -3600 * second_us, 200000);
    assert_true(device_clock_offset(&clock, &offset));
    assert_int_equal(offset, 3600 * second_us + 100000);
}

static void no_time_and_absurd_times_are_no_samples(void **state)
{
    (void)state;
    struct device_clock clock = {0};
    device_clock_add(&clock, (struct wall){.us = 0}, (struct wall){.us = base_us});
    device_clock_add(&clock, (struct wall){.us = INT64_MAX}, (struct wall){.us = -2});
    device_clock_add(&clock, (struct wall){.us = -base_us * 9}, (struct wall){.us = base_us});
    assert_int_equal(clock.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_until_three_agree),
        cmocka_unit_test(three_that_do_not_agree),
        cmocka_unit_test(one_delayed_post_changes_nothing),
        cmocka_unit_test(clock_that_is_set_is_found_with_the_third_post),
        cmocka_unit_test(no_time_and_absurd_times_are_no_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
