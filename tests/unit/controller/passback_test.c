/* Goal: anti-passback does what docs/decision-rules.md says of R269, R273 and R279, at every gate,
 * to the microsecond, for whom it is meant, until it is forgiven. Method: a whole controller
 * without its shell; one rule is set, persons walk in and out, and each verdict's reason is
 * compared; the journal is replayed at the end of every test. */
#include "tests/unit/controller/presence_fixture.h"

static void hard_holds_at_every_gate_and_never_at_an_exit(void **state)
{
    struct park_day *d = *state;
    set_passback(d->w, "once", "yard", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
    assert_int_equal(asks(d, "a-in", LI), REASON_ANTI_PASSBACK);
    assert_int_equal(asks(d, "b-in", WANG), REASON_GRANTED);
    assert_int_equal(asks(d, "b-out", LI), REASON_EXIT);
    assert_int_equal(asks(d, "a-out", WANG), REASON_EXIT); /* outside already */
    walk(d, "b-out", LI);
    assert_int_equal(asks(d, "a-in", LI), REASON_GRANTED);
}

static void a_grant_that_was_not_taken_is_no_entry(void **state)
{
    struct park_day *d = *state;
    set_passback(d->w, "once", "yard", PASSBACK_MODE_HARD, 0);
    assert_int_equal(asks(d, "a-in", LI), REASON_GRANTED);
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED);
}

/* From outside of all its zones into one of them. */
static void the_rule_looks_at_entries_into_its_zones_only(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char *zones[2];
    set_passback(w, "once", "hall", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    walk(d, "a-hall", LI);
    assert_int_equal(asks(d, "a-in", LI), REASON_GRANTED); /* enters the yard, not the hall */
    assert_int_equal(asks(d, "a-hall", LI), REASON_ANTI_PASSBACK);
    assert_int_equal(asks(d, "a-depot", LI), REASON_GRANTED);
    Parkgate__ParkPassback group = passback_over_zones(zones, "hall", "depot", PASSBACK_MODE_HARD);
    rows_put(&w->rows, PARK_PASSBACK, "once", &group.base);
    park_apply(w);
    wait_a_little(w);
    assert_int_equal(asks(d, "a-depot", LI), REASON_ANTI_PASSBACK);
    group = passback_over_zones(zones, "hall", "yard", PASSBACK_MODE_HARD);
    rows_put(&w->rows, PARK_PASSBACK, "once", &group.base);
    park_apply(w);
    wait_a_little(w);
    assert_int_equal(asks(d, "a-hall", LI), REASON_GRANTED); /* from the yard: not from outside */
    assert_int_equal(asks(d, "a-in", LI), REASON_ANTI_PASSBACK);
}

static void soft_grants_and_notes(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    set_passback(d->w, "told", "yard", PASSBACK_MODE_SOFT, 0);
    walk(d, "a-in", LI);
    assert_int_equal(faults_of(d->w, "passback-soft", before), 0);
    uint64_t again = gate_badge(d->w, &d->b, "b-in", LI);
    assert_granted(d->w, again, REASON_GRANTED_PASSBACK);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "passback-soft", before), 1);
    assert_fault_says(d->w,
                      "lane b-in let somebody in who is inside already; was a badge passed back?",
                      "通道 b-in 放行了已在区域内的人员；请核查是否传卡");
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0"); /* of a moment */
    assert_int_equal(row_count(admin(d->w, "passback.list", NULL)), 0);
}

static void timed_ends_exactly_after_its_minutes(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "slow", "yard", PASSBACK_MODE_TIMED, 30);
    int64_t entered = w->now.us;
    gate_walk(w, &d->a, "a-in", LI);
    int64_t captured = entered + 5 * MS_US; /* gate_walk ends the turn between read and passage */
    world_pass(w, 10 * MINUTE_US);
    walk(d, "a-out", LI); /* wherever he is now */
    world_pass(w, captured + 30 * MINUTE_US - 1 - w->now.us);
    assert_denied(w, gate_badge(w, &d->b, "b-in", LI), REASON_PASSBACK_TIMED);
    world_pass(w, 1);
    assert_granted(w, gate_badge(w, &d->b, "b-in", LI), REASON_GRANTED);
    world_turn(w);
}

static void timed_looks_at_such_entries_only(void **state)
{
    struct park_day *d = *state;
    set_passback(d->w, "slow", "hall", PASSBACK_MODE_TIMED, 30);
    walk(d, "a-in", LI);
    assert_int_equal(asks(d, "a-hall", LI), REASON_GRANTED); /* was never in the hall */
    walk(d, "a-hall", LI);
    assert_int_equal(asks(d, "a-hall", LI), REASON_PASSBACK_TIMED);
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED);
    assert_int_equal(asks(d, "a-hall", WANG), REASON_GRANTED);
}

static void the_strictest_rule_speaks(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "c-soft", "yard", PASSBACK_MODE_SOFT, 0);
    walk(d, "a-in", LI);
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED_PASSBACK);
    set_passback(w, "b-timed", "yard", PASSBACK_MODE_TIMED, 30);
    wait_a_little(w);
    assert_int_equal(asks(d, "b-in", LI), REASON_PASSBACK_TIMED);
    set_passback(w, "a-hard", "yard", PASSBACK_MODE_HARD, 0);
    wait_a_little(w);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
    world_pass(w, 31 * MINUTE_US);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
}

static void set_group(struct world *w, uint32_t kind, bool vehicles, const char *tenant)
{
    char *zones[2];
    char *tenants[] = {text_of(tenant)};
    Parkgate__ParkPassback rule = passback_over_zones(zones, "yard", NULL, PASSBACK_MODE_HARD);
    rule.kind = &kind;
    rule.n_kind = kind != 0;
    rule.vehicles = vehicles;
    rule.tenant = tenants;
    rule.n_tenant = tenant != NULL;
    rows_put(&w->rows, PARK_PASSBACK, "group", &rule.base);
    park_apply(w);
    wait_a_little(w);
}

static void it_is_for_whom_the_park_says(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    static const struct {
        uint32_t kind;
        bool vehicles;
        const char *tenant;
        bool li, zhao, truck; /* held; both persons are staff, of acme and beta; the truck acme's */
    } rows[] = {
        {0,              false, NULL,   true,  true,  true },
        {PERSON_STAFF,   false, NULL,   true,  true,  false},
        {PERSON_DAY,     false, NULL,   false, false, false},
        {0,              true,  NULL,   false, false, true },
        {PERSON_STAFF,   true,  NULL,   true,  true,  true },
        {0,              false, "beta", false, true,  false},
        {0,              false, "acme", true,  false, true },
        {PERSON_VISITOR, true,  "acme", false, false, true },
    };
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    walk(d, "a-in", LI);
    walk(d, "a-in", ZHAO);
    uint64_t truck = gate_plate(w, &d->a, "a-truck", "浙A12345", "");
    (void)gate_passage(w, &d->a, "a-truck", truck, PASSAGE_PASSED);
    wait_a_little(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t outcome = 0;
        print_message("row %zu\n", i);
        set_group(w, rows[i].kind, rows[i].vehicles, rows[i].tenant);
        assert_int_equal(asks(d, "b-in", LI), rows[i].li ? REASON_ANTI_PASSBACK : REASON_GRANTED);
        assert_int_equal(asks(d, "b-in", ZHAO),
                         rows[i].zhao ? REASON_ANTI_PASSBACK : REASON_GRANTED);
        truck = gate_plate(w, &d->a, "a-truck", "浙A12345", "");
        assert_int_equal(verdict_of(w, truck, &outcome),
                         rows[i].truck ? REASON_ANTI_PASSBACK : REASON_GRANTED);
        (void)gate_passage(w, &d->a, "a-truck", truck, PASSAGE_NOT_TAKEN);
        wait_a_little(w);
    }
}

/* --- forgiving --- */

static void forgiven_one_enters_and_begins_anew(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    walk(d, "a-in", WANG);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
    assert_string_equal(
        note(admin(w, "passback.forgive", "person", d->li, "reason", "sensor broken", NULL),
             "forgiven"),
        "1");
    assert_int_equal(asks(d, "b-in", WANG), REASON_ANTI_PASSBACK);
    walk(d, "b-in", LI);
    assert_int_equal(asks(d, "a-in", LI), REASON_ANTI_PASSBACK); /* a new beginning */
}

static void forgiven_all_enter_soft_and_timed_too(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "told", "yard", PASSBACK_MODE_SOFT, 0);
    set_passback(w, "slow", "yard", PASSBACK_MODE_TIMED, 30);
    walk(d, "a-in", LI);
    walk(d, "a-in", WANG);
    assert_int_equal(asks(d, "b-in", LI), REASON_PASSBACK_TIMED);
    assert_int_equal(asks(d, "b-in", WANG), REASON_PASSBACK_TIMED);
    assert_string_equal(
        note(admin(w, "passback.forgive", "all", "yes", "reason", "fire drill", NULL), "forgiven"),
        "2");
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED);
    assert_int_equal(asks(d, "b-in", WANG), REASON_GRANTED);
    walk(d, "b-in", LI);
    assert_int_equal(asks(d, "a-in", LI), REASON_PASSBACK_TIMED);
}

/* A passage captured at the very instant of the forgiving speaks, one before it does not. */
static void forgiving_speaks_of_passages_captured_before_it(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    uint64_t li = gate_badge(w, &d->a, "a-in", LI);
    uint64_t wang = gate_badge(w, &d->a, "a-in", WANG);
    world_turn(w);
    world_pass(w, 2 * SECOND_US);
    int64_t at = w->now.us; /* the turn's own 5 ms come after the request */
    (void)admin(w, "passback.forgive", "all", "yes", "reason", "drill", NULL);
    world_pass(w, SECOND_US);
    passes_at(d, &d->a, "a-in", li, at - 1);
    passes_at(d, &d->a, "a-in", wang, at);
    wait_a_little(w);
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED);
    assert_int_equal(asks(d, "b-in", WANG), REASON_ANTI_PASSBACK);
}

static void the_list_shows_who_was_refused_until_he_is_in(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    walk(d, "a-in", WANG);
    assert_int_equal(row_count(admin(w, "passback.list", NULL)), 0);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
    assert_int_equal(asks(d, "b-in", WANG), REASON_ANTI_PASSBACK);
    const Parkgate__Reply *list = admin(w, "passback.list", NULL);
    assert_int_equal(row_count(list), 2);
    size_t row = row_with(list, "person", d->li);
    assert_int_not_equal(row, SIZE_MAX);
    assert_string_equal(cell(list, row, "tenant"), "acme");
    assert_string_equal(cell(list, row, "lane"), "b-in");
    assert_string_equal(cell(list, row, "reason"), "anti-passback");
    assert_string_equal(cell(list, row, "zone"), "yard");
    assert_true(strtoll(cell(list, row, "since_us"), NULL, 10) < w->now.us);
    (void)admin(w, "passback.forgive", "person", d->wang, "reason", "sensor", NULL);
    list = admin(w, "passback.list", NULL);
    assert_int_equal(row_count(list), 1);
    walk(d, "b-out", LI);
    assert_int_equal(row_count(admin(w, "passback.list", NULL)), 1); /* left, not gone in */
    walk(d, "b-in", LI);
    assert_int_equal(row_count(admin(w, "passback.list", NULL)), 0);
}

static void bad_requests_to_forgive_change_nothing(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    uint64_t before = head_of(w).sequence;
    const Parkgate__Reply *reply = ask(w, w->admin, "passback.forgive", "reason", "x", NULL);
    assert_refused(reply, ERROR_ARG_MISSING);
    assert_string_equal(reply->error_arg[0], "person");
    reply = ask(w, w->admin, "passback.forgive", "person", "Li", "reason", "x", NULL);
    assert_refused(reply, ERROR_ARG_BAD);
    assert_string_equal(reply->error_arg[2], "32 hex digits");
    reply = ask(w, w->admin, "passback.forgive", "person", "00112233445566778899aabbccddeeff",
                "reason", "x", NULL);
    assert_refused(reply, ERROR_NOT_FOUND);
    reply =
        ask(w, w->admin, "passback.forgive", "person", d->li, "all", "yes", "reason", "x", NULL);
    assert_refused(reply, ERROR_ARG_BAD);
    assert_string_equal(reply->error_arg[2], "give a person or all, not both");
    assert_refused(ask(w, w->admin, "passback.forgive", "person", d->li, NULL),
                   ERROR_REASON_NEEDED);
    assert_refused(ask(w, w->admin, "passback.forgive", "all", "yes", NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, w->admin, "passback.list", "after", "zz", NULL), ERROR_ARG_BAD);
    assert_int_equal(entries_of(w, ENTRY_FORGIVE, before), 0);
}

/* --- time and order --- */

/* The exit's report comes late: as soon as it is there, presence is as it was. */
static void a_late_exit_report_frees_the_way(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    uint64_t shown = gate_badge(w, &d->b, "b-out", LI);
    int64_t left = w->now.us;
    world_turn(w);
    world_pass(w, 5 * MINUTE_US);
    assert_int_equal(asks(d, "a-in", LI), REASON_ANTI_PASSBACK);
    passes_at(d, &d->b, "b-out", shown, left + SECOND_US);
    wait_a_little(w);
    assert_int_equal(asks(d, "a-in", LI), REASON_GRANTED);
}

static void a_restart_forgets_nothing(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    walk(d, "a-in", LI);
    walk(d, "a-in", WANG);
    (void)admin(w, "passback.forgive", "person", d->wang, "reason", "sensor", NULL);
    world_restart(w);
    Parkgate__Hello hello = gate_hello_message(w, &d->b);
    gate_send_hello(w, &d->b, &hello);
    assert_int_equal(asks(d, "b-in", LI), REASON_ANTI_PASSBACK);
    assert_int_equal(asks(d, "b-in", WANG), REASON_GRANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(hard_holds_at_every_gate_and_never_at_an_exit),
        DAY_TEST(a_grant_that_was_not_taken_is_no_entry),
        DAY_TEST(the_rule_looks_at_entries_into_its_zones_only),
        DAY_TEST(soft_grants_and_notes),
        DAY_TEST(timed_ends_exactly_after_its_minutes),
        DAY_TEST(timed_looks_at_such_entries_only),
        DAY_TEST(the_strictest_rule_speaks),
        DAY_TEST(it_is_for_whom_the_park_says),
        DAY_TEST(forgiven_one_enters_and_begins_anew),
        DAY_TEST(forgiven_all_enter_soft_and_timed_too),
        DAY_TEST(forgiving_speaks_of_passages_captured_before_it),
        DAY_TEST(the_list_shows_who_was_refused_until_he_is_in),
        DAY_TEST(bad_requests_to_forgive_change_nothing),
        DAY_TEST(a_late_exit_report_frees_the_way),
        DAY_TEST(a_restart_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
