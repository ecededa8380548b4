/* Goal: a controller whose own clock went back says so, over a restart as well, and no longer than
 * that holds. Method: a whole controller without its shell, whose clock the test sets. */
#include "tests/unit/controller/harness.h"

#include <signal.h>
#include <sys/resource.h>

static bool is_told(struct world *w)
{
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
    return row_with(admin(w, "status", NULL), "fault", "controller-clock") != SIZE_MAX;
}

static void a_clock_that_goes_on_is_no_fault(void **state)
{
    struct world *w = *state;
    assert_false(is_told(w));
    world_pass(w, 3600 * SECOND_US);
    assert_false(is_told(w));
    w->now.us -= SECOND_US / 2;
    assert_false(is_told(w));
}

static void set_back_it_is_told_until_it_is_there_again(void **state)
{
    struct world *w = *state;
    assert_false(is_told(w));
    w->now.us -= 3600 * SECOND_US;
    assert_true(is_told(w));
    world_pass(w, 3000 * SECOND_US);
    assert_true(is_told(w));
    world_pass(w, 700 * SECOND_US);
    assert_false(is_told(w));
    (void)assert_replays(w);
}

static void a_start_before_the_newest_entry_is_told(void **state)
{
    struct world *w = *state;
    assert_false(is_told(w));
    w->now.us -= 3600 * SECOND_US; /* while the controller was down */
    world_restart(w);
    assert_true(is_told(w));
    world_pass(w, 3700 * SECOND_US);
    assert_false(is_told(w));
}

/* The time before was the wrong one: somebody puts the clock right and starts it again. */
static void a_start_that_finds_nothing_newer_ends_it(void **state)
{
    struct world *w = *state;
    world_pass(w, INT64_C(86400) * 3650 * SECOND_US);
    assert_false(is_told(w));
    w->now.us -= INT64_C(86400) * 3650 * SECOND_US;
    assert_true(is_told(w));
    world_restart(w);
    assert_false(is_told(w));
}

static struct rlimit before_full;

static void fill_disk(void)
{
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before_full), 0);
    struct rlimit small = {.rlim_cur = 8192, .rlim_max = before_full.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)fflush(NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

static void tick_on_a_full_disk(struct world *w)
{
    fill_disk();
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before_full), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
}

/* A dead RTC battery and a full disk are one night. */
static void what_a_full_disk_did_not_take_is_told_later(void **state)
{
    struct world *w = *state;
    assert_false(is_told(w));
    w->now.us -= 3600 * SECOND_US;
    tick_on_a_full_disk(w);
    assert_true(is_told(w));
    world_pass(w, 3700 * SECOND_US);
    tick_on_a_full_disk(w);
    assert_false(is_told(w));
    (void)assert_replays(w);
}

/* What stands in the journal since is of the wrong time: the runbook says so. */
static void a_restart_ends_the_alarm_and_not_the_error(void **state)
{
    struct world *w = *state;
    assert_false(is_told(w));
    w->now.us -= 3600 * SECOND_US;
    world_restart(w);
    assert_true(is_told(w));
    world_restart(w);
    assert_false(is_told(w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clock_that_goes_on_is_no_fault, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(set_back_it_is_told_until_it_is_there_again, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_start_before_the_newest_entry_is_told, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_start_that_finds_nothing_newer_ends_it, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_a_full_disk_did_not_take_is_told_later, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_restart_ends_the_alarm_and_not_the_error, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
