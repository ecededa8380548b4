/* Goal: the headcount that people ask for is right over midnight, night shifts, breaks and a change
 * of the clocks, from badges at lanes to the answer of the verb. Method: a whole controller in
 * Berlin over the night of 29 March 2026, in which 02:00 becomes 03:00, and in Shanghai over two
 * days; all figures are written here by hand, and the recount must give the same. */
#include "tests/unit/controller/harness.h"

#include "common/access/civil.h"
#include "controller/app/recount.h"

#define LI   "04010203"
#define WANG "04010204"
#define ZHAO "04010205"

enum { SATURDAY = 20540 }; /* 2026-03-28 */

static void recount_is_equal(struct world *w)
{
    static struct recount_report report;
    struct fault fault = {0};
    if (recount_run(w->store, &report, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    if (report.differences > 0) {
        fail_msg("%s %s: %lld, recounted %lld", report.listed[0].scope, report.listed[0].field,
                 (long long)report.listed[0].table, (long long)report.listed[0].recount);
    }
}

/* Local time of the park; a minute over 1440 is of the days after. */
static void at(struct world *w, int32_t day, int hour, int minute)
{
    int64_t us = civil_to_wall(&w->ctl->tz, day + hour / 24, (hour % 24) * 60 + minute).us;
    assert_true(us >= w->now.us);
    world_pass(w, us - w->now.us);
}

struct figures {
    const char *date, *tenant;
    int persons, entries, exits, present, peak;
};

static void check_figures(struct world *w, const struct figures *want)
{
    static const char *const columns[] = {"persons", "entries", "exits", "present", "peak"};
    const int numbers[] = {want->persons, want->entries, want->exits, want->present, want->peak};
    const Parkgate__Reply *reply =
        admin(w, "headcount.show", "date", want->date, "tenant", want->tenant, NULL);
    assert_int_equal(row_count(reply), 1);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (strtol(cell(reply, 0, columns[i]), NULL, 10) != numbers[i]) {
            fail_msg("%s %s: %s %s, not %d", want->tenant, want->date, cell(reply, 0, columns[i]),
                     columns[i], numbers[i]);
        }
    }
}

static void why(struct world *w, const char *person, const char *date, const char *row,
                const char *shift)
{
    const Parkgate__Reply *reply = admin(w, "headcount.why", "person", person, "date", date, "reason", "x", NULL);
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "row"), row);
    assert_string_equal(cell(reply, 0, "shift"), shift);
}

static void night_shift_over_midnight_and_a_break(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = world_open(&(struct world_options){.start_us = at_shanghai(TUESDAY, 21, 30)});
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "night", li);
    at(w, TUESDAY, 21, 55);
    gate_walk(w, &gate, "a-in", LI);
    check_figures(w, &(struct figures){"2026-03-03", "acme", 1, 1, 0, 1, 1});
    at(w, TUESDAY, 24, 0);
    check_figures(
        w, &(struct figures){"2026-03-03", "acme", 1, 1, 0, 1, 1}); /* inside over midnight */
    check_figures(w, &(struct figures){"2026-03-04", "acme", 0, 0, 0, 0, 0});
    at(w, TUESDAY, 24, 30);
    gate_walk(w, &gate, "a-out", LI);
    at(w, TUESDAY, 24, 40);
    gate_walk(w, &gate, "a-in", LI);
    at(w, TUESDAY, 30, 10);
    gate_walk(w, &gate, "a-out", LI);
    at(w, TUESDAY, 30, 30); /* back from a break at 06:30, past the cut hour */
    gate_walk(w, &gate, "a-in", LI);
    at(w, TUESDAY, 31, 2);
    gate_walk(w, &gate, "a-out", LI);
    check_figures(w, &(struct figures){"2026-03-03", "acme", 1, 3, 3, 0, 1});
    check_figures(w, &(struct figures){"2026-03-04", "acme", 0, 0, 0, 0, 0});
    why(w, li, "2026-03-03", "in-shift", "night");
    at(w, TUESDAY, 31, 5); /* forgot something */
    gate_walk(w, &gate, "a-in", LI);
    check_figures(w, &(struct figures){"2026-03-04", "acme", 1, 1, 0, 1, 1});
    why(w, li, "2026-03-04", "cut-hour", "night");
    recount_is_equal(w);
    (void)assert_replays(w);
    world_close(w);
}

static void early_margin_and_cut_hour(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = world_open(&(struct world_options){.start_us = at_shanghai(TUESDAY, 5, 50)});
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", li);
    at(w, TUESDAY, 5, 59); /* before acme's cut hour: Monday's business day */
    gate_walk(w, &gate, "a-in", LI);
    at(w, TUESDAY, 6, 10);
    gate_walk(w, &gate, "a-out", LI);
    check_figures(w, &(struct figures){"2026-03-02", "acme", 1, 1, 1, 0, 1});
    at(w, TUESDAY, 7, 29);
    gate_walk(w, &gate, "a-in", LI);
    at(w, TUESDAY, 7, 31);
    why(w, li, "2026-03-03", "cut-hour", "day");
    gate_walk(w, &gate, "a-out", LI);
    at(w, TUESDAY, 7, 40);
    gate_walk(w, &gate, "a-in", LI); /* in the margin: the shift's, the first entry names the row */
    check_figures(w, &(struct figures){"2026-03-03", "acme", 1, 2, 1, 1, 1});
    recount_is_equal(w);
    world_close(w);
}

static void two_tenants_for_one_person_on_one_day(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = world_open(&(struct world_options){0});
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", li);
    (void)admin(w, "assignment.add", "person", li, "tenant", "beta", "shift", "night", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    gate_walk(w, &gate, "a-in", LI);
    at(w, TUESDAY, 17, 5);
    gate_walk(w, &gate, "a-out", LI);
    at(w, TUESDAY, 21, 40);
    gate_walk(w, &gate, "a-in", LI);
    check_figures(w, &(struct figures){"2026-03-03", "acme", 1, 1, 1, 0, 1});
    check_figures(w, &(struct figures){"2026-03-03", "beta", 1, 1, 0, 1, 1});
    const Parkgate__Reply *who = admin(w, "who", NULL);
    assert_int_equal(row_count(who), 1);
    assert_string_equal(cell(who, 0, "tenant"), "beta");
    at(w, TUESDAY, 19 + 24, 0);
    gate_walk(w, &gate, "a-out", LI);
    check_figures(w, &(struct figures){"2026-03-03", "beta", 1, 1, 1, 0, 1});
    recount_is_equal(w);
    (void)assert_replays(w);
    world_close(w);
}

/* Both tenants have the same shift; the one that suspended the person gets no entry of it. */
static void a_suspending_tenant_counts_nobody(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = world_open(&(struct world_options){0});
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", li);
    (void)admin(w, "assignment.add", "person", li, "tenant", "beta", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    (void)admin(w, "person.suspend", "person", li, "tenant", "acme", "reason", "dispute", NULL);
    gate_walk(w, &gate, "a-in", LI);
    check_figures(w, &(struct figures){"2026-03-03", "acme", 0, 0, 0, 0, 0});
    check_figures(w, &(struct figures){"2026-03-03", "beta", 1, 1, 0, 1, 1});
    recount_is_equal(w);
    world_close(w);
}

static void without_an_assignment_it_is_undeclared(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = world_open(&(struct world_options){0});
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "beta", "Li Wei", LI, NULL, li);
    (void)admin(w, "lane.free", "lane", "a-in", "reason", "drill", NULL);
    at(w, TUESDAY, 24 + 3, 30); /* beta's day begins at 04:00 */
    gate_walk(w, &gate, "a-in", LI);
    check_figures(w, &(struct figures){"2026-03-03", "beta", 1, 1, 0, 1, 1});
    why(w, li, "2026-03-03", "undeclared", "");
    recount_is_equal(w);
    world_close(w);
}

/* The night in which the clocks go forward: 28 to 29 March 2026. */
static struct world *berlin(struct gate *gate)
{
    struct world *w =
        world_open(&(struct world_options){.start_us = INT64_C(1774724400) * SECOND_US, /* 20:00 */
                                           .time_zone = "Europe/Berlin"});
    gate_join(w, gate, "gate-a", 1);
    return w;
}

static void night_shift_over_the_change_of_clocks(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct gate gate;
    struct world *w = berlin(&gate);
    (void)state;
    person_with_badge(w, "acme", "Li Wei", LI, "night", li);
    person_with_badge(w, "acme", "Wang Fang", WANG, "night", NULL);
    at(w, SATURDAY, 21, 31);
    gate_walk(w, &gate, "a-in", LI);
    at(w, SATURDAY, 21, 32);
    int64_t start = w->now.us;
    gate_walk(w, &gate, "a-in", WANG);
    at(w, SATURDAY, 24 + 1, 30);
    gate_walk(w, &gate, "a-out", WANG);
    at(w, SATURDAY, 24 + 3, 30); /* an hour of the wall clock does not exist */
    assert_int_equal(w->now.us - start, (5 * 60 - 2) * MINUTE_US);
    gate_walk(w, &gate, "a-in", WANG);
    at(w, SATURDAY, 24 + 6, 59); /* still the shift of the 28th */
    gate_walk(w, &gate, "a-out", LI);
    gate_walk(w, &gate, "a-out", WANG);
    check_figures(w, &(struct figures){"2026-03-28", "acme", 2, 3, 3, 0, 2});
    check_figures(w, &(struct figures){"2026-03-29", "acme", 0, 0, 0, 0, 0});
    const Parkgate__Reply *hours =
        admin(w, "headcount.show", "date", "2026-03-28", "tenant", "acme", "by", "hour", NULL);
    assert_true(row_with(hours, "hour", "2026-03-28 21:00") != SIZE_MAX);
    assert_true(row_with(hours, "hour", "2026-03-29 01:00") != SIZE_MAX);
    assert_true(row_with(hours, "hour", "2026-03-29 02:00") == SIZE_MAX);
    size_t row = row_with(hours, "hour", "2026-03-29 03:00");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(hours, row, "entries"), "1");
    assert_string_equal(cell(hours, row, "peak"), "2");
    recount_is_equal(w);
    (void)assert_replays(w);
    world_close(w);
}

static void the_day_after_the_change_counts_for_itself(void **state)
{
    struct gate gate;
    struct world *w = berlin(&gate);
    (void)state;
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    person_with_badge(w, "beta", "Zhao Lei", ZHAO, "day", NULL);
    at(w, SATURDAY, 24 + 3, 59);
    gate_walk(w, &gate, "a-in", ZHAO); /* beta's cut hour is 04:00 local */
    at(w, SATURDAY, 24 + 4, 5);
    gate_walk(w, &gate, "a-out", ZHAO);
    at(w, SATURDAY, 24 + 7, 30);
    gate_walk(w, &gate, "a-in", LI);
    gate_walk(w, &gate, "a-in", ZHAO);
    check_figures(w, &(struct figures){"2026-03-28", "beta", 1, 1, 1, 0, 1});
    check_figures(w, &(struct figures){"2026-03-29", "beta", 1, 1, 0, 1, 1});
    check_figures(w, &(struct figures){"2026-03-29", "acme", 1, 1, 0, 1, 1});
    recount_is_equal(w);
    world_close(w);
}

static void kinds_zones_and_a_restart(void **state)
{
    struct gate gate;
    struct world *w = world_open(&(struct world_options){0});
    char driver[HANDLE_TEXT_SIZE];
    (void)state;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    (void)snprintf(
        driver, sizeof(driver), "%s",
        note(admin(w, "person.add", "tenant", "acme", "kind", "driver", "name", "Wu", NULL),
             "person"));
    (void)admin(w, "badge.add", "person", driver, "uid", WANG, NULL);
    (void)admin(w, "assignment.add", "person", driver, "tenant", "acme", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    gate_walk(w, &gate, "a-in", LI);
    gate_walk(w, &gate, "a-hall", LI);
    gate_walk(w, &gate, "a-in", WANG);
    world_restart(w);
    check_figures(w, &(struct figures){"2026-03-03", "acme", 2, 2, 0, 2, 2});
    const Parkgate__Reply *kinds = admin(w, "headcount.show", "tenant", "acme", "by", "kind", NULL);
    assert_string_equal(cell(kinds, row_with(kinds, "kind", "staff"), "persons"), "1");
    assert_string_equal(cell(kinds, row_with(kinds, "kind", "driver"), "persons"), "1");
    assert_string_equal(cell(admin(w, "headcount.show", "zone", "yard", NULL), 0, "present"), "2");
    assert_string_equal(cell(admin(w, "headcount.show", "zone", "hall", NULL), 0, "present"), "1");
    const Parkgate__Reply *who = admin(w, "who", "zone", "hall", NULL);
    assert_int_equal(row_count(who), 1);
    assert_string_equal(cell(who, 0, "zone"), "yard/hall");
    recount_is_equal(w);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(night_shift_over_midnight_and_a_break),
        cmocka_unit_test(early_margin_and_cut_hour),
        cmocka_unit_test(two_tenants_for_one_person_on_one_day),
        cmocka_unit_test(a_suspending_tenant_counts_nobody),
        cmocka_unit_test(without_an_assignment_it_is_undeclared),
        cmocka_unit_test(night_shift_over_the_change_of_clocks),
        cmocka_unit_test(the_day_after_the_change_counts_for_itself),
        cmocka_unit_test(kinds_zones_and_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
