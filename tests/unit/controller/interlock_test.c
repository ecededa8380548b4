/* Goal: interlocked lanes and the first person of the day do what docs/decision-rules.md says of
 * R275 and R261; none of the rules of presence holds an exit. Method: a whole controller without
 * its shell; one rule is set, persons walk, and each verdict's reason is compared; the journal is
 * replayed at the end of every test. */
#include "tests/unit/controller/presence_fixture.h"

/* --- R275: interlock --- */

static void lock_each_other(struct world *w, const char *a, const char *b)
{
    const char *const pair[][2] = {
        {a, b},
        {b, a}
    };
    for (size_t i = 0; i < ARRAY_LEN(pair); i++) {
        Parkgate__ParkLane *lane =
            (void *)rows_get(&w->rows, PARK_LANE, pair[i][0], &parkgate__park_lane__descriptor);
        char *kept = lane->interlock;
        lane->interlock = text_of(pair[i][1]);
        rows_put(&w->rows, PARK_LANE, pair[i][0], &lane->base);
        lane->interlock = kept;
        parkgate__park_lane__free_unpacked(lane, NULL);
    }
    park_apply(w);
}

static void one_lane_opens_while_the_other_is_shut(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    lock_each_other(w, "a-in", "b-in");
    uint64_t li = shows(d, "a-in", LI);
    assert_granted(w, li, REASON_GRANTED);
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK);
    assert_granted(w, shows(d, "a-in", ZHAO), REASON_GRANTED); /* not its own way */
    assert_granted(w, shows(d, "b-out", WANG), REASON_EXIT);
    (void)gate_passage(w, &d->a, "a-in", li, PASSAGE_PASSED);
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK); /* Zhao's stands open */
    world_pass(w, 5 * SECOND_US);
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK);
    world_pass(w, 1);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    assert_denied(w, shows(d, "a-in", LI), REASON_INTERLOCK);
    world_turn(w);
}

static void report_at(struct park_day *d, uint32_t passage, int64_t captured_us)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PASSAGE;
    event.lane = text_of("a-in");
    event.passage = passage;
    event.captured_us = captured_us;
    (void)gate_event(d->w, &d->a, &event);
}

static void a_lane_held_open_locks_the_other(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    lock_each_other(w, "a-in", "b-in");
    world_pass(w, MINUTE_US);
    int64_t now = w->now.us;
    report_at(d, PASSAGE_HELD, now - 20 * SECOND_US);
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK);
    report_at(d, PASSAGE_HELD_ENDED, now - 10 * SECOND_US);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    wait_a_little(w);
    report_at(d, PASSAGE_HELD, now - 15 * SECOND_US); /* came late: the end is newer */
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

/* The number of the command by which the guard opens it. */
static uint64_t guard_opens(struct world *w, const char *lane)
{
    sent_forget(w);
    (void)admin(w, "lane.open", "lane", lane, "reason", "seen", NULL);
    return ((const Parkgate__Command *)(void *)sent_last(w, MESSAGE_COMMAND)->body)
        ->command_sequence;
}

/* What a guard opens stands open, too. */
static void a_guards_opening_locks_the_other(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    lock_each_other(w, "a-in", "b-in");
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_COMMAND;
    event.lane = text_of("a-in");
    event.command_sequence = guard_opens(w, "a-in");
    event.command_result = COMMAND_DONE;
    uint64_t opened = gate_event(w, &d->a, &event);
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK);
    (void)gate_passage(w, &d->a, "a-in", opened, PASSAGE_PASSED);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    wait_a_little(w);
    Parkgate__Event refused = PARKGATE__EVENT__INIT;
    refused.kind = EVENT_COMMAND;
    refused.lane = text_of("a-in");
    refused.command_sequence = guard_opens(w, "a-in");
    refused.command_result = COMMAND_REFUSED;
    (void)gate_event(w, &d->a, &refused);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

/* What the gate did counts, not what it should have done. */
static void a_gate_that_acts_otherwise(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    lock_each_other(w, "a-in", "b-in");
    uint64_t li = shows(d, "a-in", LI);
    Parkgate__Event acted = PARKGATE__EVENT__INIT;
    acted.kind = EVENT_ACTED;
    acted.lane = text_of("a-in");
    acted.presentation = li;
    acted.outcome = OUTCOME_DENY + 1;
    acted.reason = REASON_CONTROLLER_SILENT;
    acted.verdict_source = SOURCE_AGENT;
    assert_denied(w, shows(d, "b-in", WANG), REASON_INTERLOCK);
    (void)gate_event(w, &d->a, &acted);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

/* --- R261: first person --- */

/* Recorded as the controller does it, in a batch of its own. */
static void clear_person(struct world *w, const char *person, int64_t from, int64_t until)
{
    struct handle handle;
    Parkgate__ClearanceRecord body = PARKGATE__CLEARANCE_RECORD__INIT;
    assert_true(handle_from_text(person, &handle));
    body.person = (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = handle.bytes};
    body.clearance = text_of("leader");
    body.from_us = from;
    body.until_us = until;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    assert_int_equal(controller_record(w->ctl, ENTRY_CLEARANCE, "root", &body.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&w->ctl->txn, NULL), ERR_OK);
}

static void wait_for_leader(struct world *w, const char *name)
{
    Parkgate__ParkZone *zone = zone_row(w, name);
    char *kept = zone->first_clearance;
    zone->first_person = true;
    zone->first_clearance = text_of("leader");
    Parkgate__ParkClearance leader = PARKGATE__PARK_CLEARANCE__INIT;
    rows_put(&w->rows, PARK_CLEARANCE, "leader", &leader.base);
    rows_put(&w->rows, PARK_ZONE, name, &zone->base);
    zone->first_clearance = kept;
    parkgate__park_zone__free_unpacked(zone, NULL);
    park_apply(w);
}

static void a_zone_waits_each_day_for_its_first_person(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    wait_for_leader(w, "hall");
    clear_person(w, d->wang, MORNING - 60 * MINUTE_US, 0);
    assert_int_equal(asks(d, "a-hall", LI), REASON_FIRST_PERSON_MISSING);
    assert_int_equal(asks(d, "a-in", LI), REASON_GRANTED); /* the yard waits for nobody */
    uint64_t wang = shows(d, "a-hall", WANG);
    assert_granted(w, wang, REASON_GRANTED);
    assert_denied(w, shows(d, "a-hall", LI), REASON_FIRST_PERSON_MISSING); /* the passage opens */
    (void)gate_passage(w, &d->a, "a-hall", wang, PASSAGE_PASSED);
    assert_granted(w, shows(d, "a-hall", LI), REASON_GRANTED);
    wait_a_little(w);
    walk(d, "a-out", WANG); /* it stays open without him */
    assert_int_equal(asks(d, "a-hall", LI), REASON_GRANTED);
    world_pass(w, at_shanghai(TUESDAY + 1, 0, 0) - w->now.us - 1);
    assert_int_equal(asks(d, "a-hall", ZHAO), REASON_GRANTED);
    world_pass(w, 10 * SECOND_US);
    assert_int_equal(asks(d, "a-hall", ZHAO), REASON_FIRST_PERSON_MISSING);
    assert_int_equal(asks(d, "a-hall", WANG), REASON_GRANTED);
}

static void only_a_clearance_valid_at_the_time_opens(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    wait_for_leader(w, "hall");
    int64_t until = w->now.us + 60 * SECOND_US;
    clear_person(w, d->wang, 0, until);
    uint64_t wang = shows(d, "a-hall", WANG);
    uint64_t none = shows(d, "a-hall", WANG); /* a repeat opens nothing */
    assert_granted(w, wang, REASON_GRANTED);
    assert_denied(w, none, REASON_REPEAT);
    world_turn(w);
    world_pass(w, MINUTE_US);
    passes_at(d, &d->a, "a-hall", wang, until); /* just over */
    assert_int_equal(asks(d, "a-hall", LI), REASON_FIRST_PERSON_MISSING);
    assert_int_equal(asks(d, "a-hall", WANG), REASON_FIRST_PERSON_MISSING);
}

/* A passage of yesterday that comes today opens yesterday. */
static void a_late_passage_opens_its_own_day(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    wait_for_leader(w, "hall");
    clear_person(w, d->wang, 0, 0);
    uint64_t wang = shows(d, "a-hall", WANG);
    int64_t walked = w->now.us;
    world_turn(w);
    world_pass(w, 24 * 60 * MINUTE_US);
    passes_at(d, &d->a, "a-hall", wang, walked);
    assert_int_equal(asks(d, "a-hall", LI), REASON_FIRST_PERSON_MISSING);
}

static void a_vehicle_waits_for_the_first_person(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    wait_for_leader(w, "yard");
    clear_person(w, d->wang, 0, 0);
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_FIRST_PERSON_MISSING);
    walk(d, "b-in", WANG);
    assert_granted(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_GRANTED);
    world_turn(w);
}

/* --- all of it at once --- */

static void the_list_of_zones_shows_them(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->capacity = 9;
    yard->capacity_soft = 8;
    yard->crowd_per_minute = 5;
    zone_put(w, "yard", yard);
    wait_for_leader(w, "yard");
    clear_person(w, d->wang, 0, 0);
    const Parkgate__Reply *list = admin(w, "zone.list", NULL);
    assert_string_equal(cell(list, row_with(list, "zone", "yard"), "started"), "no");
    walk(d, "a-in", WANG);
    assert_granted(w, shows(d, "a-in", LI), REASON_GRANTED);
    list = admin(w, "zone.list", NULL);
    size_t row = row_with(list, "zone", "yard");
    assert_string_equal(cell(list, row, "inside"), "1");
    assert_string_equal(cell(list, row, "standing"), "1");
    assert_string_equal(cell(list, row, "capacity"), "9");
    assert_string_equal(cell(list, row, "soft"), "8");
    assert_string_equal(cell(list, row, "crowd"), "1");
    assert_string_equal(cell(list, row, "crowd_limit"), "5");
    assert_string_equal(cell(list, row, "started"), "yes");
    assert_string_equal(cell(list, row_with(list, "zone", "hall"), "started"), "");
    assert_int_equal(row_count(list), 4);
}

/* Every rule of this page at once, each of them against him: nobody is kept from leaving. */
static void nobody_is_kept_from_leaving(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    static const char *const exits[] = {"a-out", "b-out"};
    static const char *const uids[] = {LI, WANG, ZHAO, "aabbccdd"};
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->crowd_per_minute = 1;
    zone_put(w, "yard", yard);
    limit_zone(w, "yard", 1);
    limit_tenant(w, "acme", 1);
    walk(d, "a-in", LI);
    wait_for_leader(w, "yard");
    lock_each_other(w, "a-in", "b-in");
    set_passback(w, "slow", "yard", PASSBACK_MODE_TIMED, 60);
    set_passback(w, "once", "yard", PASSBACK_MODE_HARD, 0);
    for (size_t i = 0; i < ARRAY_LEN(uids); i++) {
        for (size_t k = 0; k < ARRAY_LEN(exits); k++) {
            assert_granted(w, shows(d, exits[k], uids[i]), REASON_EXIT);
        }
    }
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    static uint8_t uid[] = {0x04, 1, 2, 3};
    read.kind = EVENT_PRESENTATION;
    read.lane = text_of("a-both");
    read.reader = text_of("a-both-exit");
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    assert_granted(w, gate_event(w, &d->a, &read), REASON_EXIT);
    world_turn(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(one_lane_opens_while_the_other_is_shut),
        DAY_TEST(a_lane_held_open_locks_the_other),
        DAY_TEST(a_guards_opening_locks_the_other),
        DAY_TEST(a_gate_that_acts_otherwise),
        DAY_TEST(a_zone_waits_each_day_for_its_first_person),
        DAY_TEST(only_a_clearance_valid_at_the_time_opens),
        DAY_TEST(a_late_passage_opens_its_own_day),
        DAY_TEST(a_vehicle_waits_for_the_first_person),
        DAY_TEST(the_list_of_zones_shows_them),
        DAY_TEST(nobody_is_kept_from_leaving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
