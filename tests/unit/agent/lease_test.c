/* Goal: a lease shrinks when a clock is set, a box sleeps or is started anew, and nothing but the
 * controller stretches it. Method: walk the life of a lease by hand, with both clocks as values. */
#include "reader-agent/core/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)

static const uint8_t boot_one[LEASE_BOOT_SIZE] = {1};
static const uint8_t boot_two[LEASE_BOOT_SIZE] = {2};
static const struct wall noon = {.us = INT64_C(1770000000000000)};

static struct mono mono_at(int64_t hours)
{
    return (struct mono){.us = hours * HOUR_US};
}

static struct wall wall_at(int64_t hours)
{
    return (struct wall){.us = noon.us + hours * HOUR_US};
}

/* Renewed at hour 0 of the first boot. */
static struct gate_lease fresh(void)
{
    struct gate_lease lease;
    lease_begin(&lease, NULL, boot_one, mono_at(0), noon);
    lease_heard(&lease, mono_at(0), noon);
    lease_renew(&lease, mono_at(0), noon);
    return lease;
}

static int64_t spent_hours(const struct gate_lease *lease)
{
    return lease->now.spent_us / HOUR_US;
}

static void how_long_it_lasts(void **state)
{
    (void)state;
    assert_true(lease_length_us(0, false) == 24 * HOUR_US);
    assert_true(lease_length_us(72, false) == 72 * HOUR_US);
    assert_true(lease_length_us(500, false) == 72 * HOUR_US);
    assert_true(lease_length_us(0, true) == HOUR_US);
    assert_true(lease_length_us(72, true) == HOUR_US);
}

static void without_a_copy_it_is_over(void **state)
{
    (void)state;
    struct gate_lease lease;
    lease_begin(&lease, NULL, boot_one, mono_at(0), noon);
    assert_true(lease_left_us(&lease, 24 * HOUR_US) == 0);
    assert_int_equal(lease_state(&lease, 24, false, LEASE_POLICY_AUTHENTICATED), LEASE_OVER);
}

static void it_ends_by_the_lanes_policy(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, (struct mono){.us = 24 * HOUR_US - 1},
               (struct wall){.us = noon.us + 24 * HOUR_US - 1});
    assert_int_equal(lease_state(&lease, 24, false, LEASE_POLICY_DENY), LEASE_HOLDS);
    lease_pass(&lease, mono_at(24), wall_at(24));
    assert_int_equal(lease_state(&lease, 24, false, LEASE_POLICY_DENY), LEASE_OVER);
    assert_int_equal(lease_state(&lease, 24, false, LEASE_POLICY_AUTHENTICATED),
                     LEASE_AUTHENTICATED);
    lease_renew(&lease, mono_at(25), wall_at(25));
    assert_int_equal(lease_state(&lease, 24, false, LEASE_POLICY_DENY), LEASE_HOLDS);
}

static void a_clock_set_back_stretches_nothing(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, mono_at(10), wall_at(10));
    lease_pass(&lease, mono_at(11), wall_at(-1000));
    assert_true(spent_hours(&lease) == 11);
    lease_pass(&lease, mono_at(15), wall_at(-996));
    assert_true(spent_hours(&lease) == 15);
    assert_true(lease_wall(&lease, wall_at(-996)).us == wall_at(15).us);
    /* And back: not counted twice. */
    lease_pass(&lease, mono_at(16), wall_at(16));
    assert_true(spent_hours(&lease) == 16);
}

static void a_clock_set_forward_shrinks_it(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, mono_at(1), wall_at(30));
    assert_true(spent_hours(&lease) == 30);
    lease_pass(&lease, mono_at(2), wall_at(2));
    assert_true(spent_hours(&lease) == 31);
}

static void it_goes_on_over_a_restart(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, mono_at(3), wall_at(3));
    const struct lease_saved saved = lease.now;
    struct gate_lease again;
    lease_begin(&again, &saved, boot_one, mono_at(5), wall_at(3)); /* its wall clock stood still */
    assert_true(spent_hours(&again) == 5);
    assert_true(again.clock_known);
}

static void a_new_boot_does_not_know_the_time(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, mono_at(3), wall_at(3));
    const struct lease_saved saved = lease.now;
    struct gate_lease again;
    /* By the wall clock 20 hours went by; its monotonic clock begins anew. */
    lease_begin(&again, &saved, boot_two, mono_at(0), wall_at(23));
    assert_false(again.clock_known);
    assert_true(spent_hours(&again) == 23);
    assert_true(lease_wall(&again, wall_at(23)).us == wall_at(3).us);
    lease_pass(&again, mono_at(1), wall_at(24));
    assert_true(spent_hours(&again) == 24);
    assert_true(lease_wall(&again, wall_at(24)).us == wall_at(4).us);
    /* A flat battery: the wall clock says nothing, what was spent stays, and an hour more. */
    lease_begin(&again, &saved, boot_two, mono_at(0), (struct wall){0});
    assert_true(spent_hours(&again) == 4);
    assert_true(lease_wall(&again, (struct wall){0}).us == wall_at(3).us);
    /* Still unknown after another restart in that boot, until the controller is heard. */
    const struct lease_saved second = again.now;
    lease_begin(&again, &second, boot_two, mono_at(1), (struct wall){0});
    assert_false(again.clock_known);
    lease_heard(&again, mono_at(1), wall_at(40));
    assert_true(again.clock_known);
    assert_true(lease_wall(&again, wall_at(40)).us == wall_at(40).us);
    const struct lease_saved third = again.now;
    lease_begin(&again, &third, boot_two, mono_at(2), wall_at(41));
    assert_true(again.clock_known);
}

/* Boots as often as somebody pulls the plug; each saves what it begins with. */
static int64_t spent_after_boots(struct lease_saved saved, int boots, struct wall wall)
{
    struct gate_lease lease;
    for (int i = 0; i < boots; i++) {
        const uint8_t boot[LEASE_BOOT_SIZE] = {3, (uint8_t)i, (uint8_t)(i >> 8)};
        lease_begin(&lease, &saved, boot, mono_at(0), wall);
        saved = lease.now;
    }
    return saved.spent_us;
}

static void no_number_of_power_cuts_keeps_it_alive(void **state)
{
    (void)state;
    const struct gate_lease lease = fresh();
    /* The wall clock is kept and goes on: a minute each, as much as may not have been written. */
    assert_true(spent_after_boots(lease.now, 10, noon) == 10 * LEASE_WRITE_MS * INT64_C(1000));
    assert_true(spent_after_boots(lease.now, 24 * 60, noon) >= 24 * HOUR_US);
    /* It stands behind: nobody knows how long the box was off. */
    assert_true(spent_after_boots(lease.now, 24, (struct wall){0}) >= 24 * HOUR_US);
    /* A process that is started anew within one boot costs nothing: its clock went on. */
    struct gate_lease again;
    const struct lease_saved saved = lease.now;
    lease_begin(&again, &saved, boot_one, mono_at(0), noon);
    assert_true(again.now.spent_us == 0);
}

static void high_risk_needs_a_known_clock(void **state)
{
    (void)state;
    const struct gate_lease lease = fresh();
    const struct lease_saved saved = lease.now;
    struct gate_lease again;
    assert_int_equal(lease_state(&lease, 24, true, LEASE_POLICY_AUTHENTICATED), LEASE_HOLDS);
    lease_begin(&again, &saved, boot_two, mono_at(0), noon);
    assert_int_equal(lease_state(&again, 24, true, LEASE_POLICY_AUTHENTICATED), LEASE_OVER);
    assert_int_equal(lease_state(&again, 24, true, LEASE_POLICY_DENY), LEASE_OVER);
    assert_int_equal(lease_state(&again, 24, false, LEASE_POLICY_DENY), LEASE_HOLDS);
    lease_heard(&again, mono_at(0), noon);
    assert_int_equal(lease_state(&again, 24, true, LEASE_POLICY_DENY), LEASE_HOLDS);
}

static void a_clock_far_from_the_controllers_is_not_known(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_distrust(&lease, mono_at(1), wall_at(9), wall_at(1));
    assert_false(lease.clock_known);
    assert_true(lease_wall(&lease, wall_at(9)).us == wall_at(1).us);
    lease_renew(&lease, mono_at(1), wall_at(9));
    assert_false(lease.clock_known);
    assert_true(spent_hours(&lease) == 0);
    lease_heard(&lease, mono_at(2), wall_at(2));
    assert_true(lease.clock_known);
}

static void a_carried_roster_gives_its_age(void **state)
{
    (void)state;
    struct gate_lease lease = fresh();
    lease_pass(&lease, mono_at(30), wall_at(30));
    lease_carry(&lease, 2 * HOUR_US);
    assert_true(spent_hours(&lease) == 2);
    lease_carry(&lease, 5 * HOUR_US);
    assert_true(spent_hours(&lease) == 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_long_it_lasts),
        cmocka_unit_test(without_a_copy_it_is_over),
        cmocka_unit_test(it_ends_by_the_lanes_policy),
        cmocka_unit_test(a_clock_set_back_stretches_nothing),
        cmocka_unit_test(a_clock_set_forward_shrinks_it),
        cmocka_unit_test(it_goes_on_over_a_restart),
        cmocka_unit_test(a_new_boot_does_not_know_the_time),
        cmocka_unit_test(no_number_of_power_cuts_keeps_it_alive),
        cmocka_unit_test(high_risk_needs_a_known_clock),
        cmocka_unit_test(a_clock_far_from_the_controllers_is_not_known),
        cmocka_unit_test(a_carried_roster_gives_its_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
