/* Goal: who may enter where and when is decided from the tables as docs/decision-rules.md says, and
 * nobody is kept from leaving. Method: a whole controller without its shell; operators change one
 * thing, a badge or plate is shown at a lane, and the verdict's reason is compared. */
#include "tests/unit/controller/day_fixture.h"

static void exit_is_always_granted(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "badge.revoke", "uid", WANG, "reason", "lost", NULL);
    (void)admin(d->w, "person.suspend", "person", d->li, "reason", "rules", NULL);
    (void)admin(d->w, "tenant.suspend", "name", "beta", "reason", "rent", NULL);
    static const char *const uids[] = {LI, WANG, ZHAO, "aabbccdd"};
    for (size_t i = 0; i < ARRAY_LEN(uids); i++) {
        assert_granted(d->w, gate_badge(d->w, &d->a, "a-out", uids[i]), REASON_EXIT);
        assert_granted(d->w, gate_badge(d->w, &d->a, "a-out", uids[i]), REASON_EXIT); /* again */
    }
    world_turn(d->w);
}

static void unknown_revoked_and_expired_badges_are_denied(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    assert_denied(w, gate_badge(w, &d->a, "a-in", "aabbccdd"), REASON_CREDENTIAL_UNKNOWN);
    (void)admin(w, "badge.revoke", "uid", WANG, "reason", "lost", NULL);
    assert_denied(w, gate_badge(w, &d->a, "a-in", WANG), REASON_CREDENTIAL_REVOKED);
    (void)admin(w, "badge.add", "person", d->zhao, "uid", "04999999", "until", "2026-03-03", NULL);
    assert_granted(w, gate_badge(w, &d->a, "a-in", "04999999"), REASON_GRANTED);
    world_pass(w, at_shanghai(TUESDAY + 1, 0, 0) - w->now.us - 10 * SECOND_US);
    assert_granted(w, gate_badge(w, &d->a, "a-in", "04999999"), REASON_GRANTED);
    world_pass(w, 10 * SECOND_US); /* the end is exclusive */
    assert_denied(w, gate_badge(w, &d->a, "a-in", "04999999"), REASON_CREDENTIAL_EXPIRED);
    world_turn(w);
}

static void repeat_holds_the_grant_and_ends_with_the_passage(void **state)
{
    struct park_day *d = *state;
    uint64_t first = gate_badge(d->w, &d->a, "a-in", LI);
    assert_granted(d->w, first, REASON_GRANTED);
    world_pass(d->w, 600 * MS_US);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_REPEAT);
    (void)gate_passage(d->w, &d->a, "a-in", first, PASSAGE_PASSED);
    world_pass(d->w, 400 * MS_US);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_REPEAT_PASSED);
    assert_granted(d->w, gate_badge(d->w, &d->b, "b-in", LI), REASON_GRANTED); /* another lane */
    world_pass(d->w, 4000 * MS_US);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "entries"), 1);
}

static void lane_states_rule_entries(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "lane.lock", "lane", "a-in", "reason", "works", NULL);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_LANE_LOCKED);
    (void)admin(d->w, "lane.free", "lane", "a-in", "reason", "drill", NULL);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_LANE_SET_FREE);
    uint64_t stranger = gate_badge(d->w, &d->a, "a-in", "aabbccdd");
    assert_granted(d->w, stranger, REASON_LANE_SET_FREE);
    (void)gate_passage(d->w, &d->a, "a-in", stranger, PASSAGE_PASSED); /* nobody that we know */
    world_turn(d->w);
    (void)admin(d->w, "lane.normal", "lane", "a-in", "reason", "over", NULL);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", "aabbccdd"), REASON_CREDENTIAL_UNKNOWN);
    assert_refused(ask(d->w, d->w->admin, "lane.lock", "lane", "a-out", "reason", "x", NULL),
                   ERROR_EXIT_LOCK);
    assert_refused(ask(d->w, d->w->admin, "lane.lock", "lane", "a-both", "reason", "x", NULL),
                   ERROR_EXIT_LOCK);
    assert_int_equal(figure(d, "acme", "entries"), 0);
}

/* At a lane of both directions the reader says which; the passage goes the way of its read. */
static void lane_of_both_directions(void **state)
{
    struct park_day *d = *state;
    static uint8_t uid[] = {0x04, 1, 2, 3};
    static uint8_t stranger[] = {0xaa, 0xbb, 0xcc, 0xdd};
    gate_walk(d->w, &d->a, "a-both", LI);
    assert_int_equal(figure(d, "acme", "present"), 1);
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t) "a-both";
    read.reader = (char *)(uintptr_t) "a-both-exit";
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential = (ProtobufCBinaryData){.len = sizeof(stranger), .data = stranger};
    Parkgate__Event leaving = read;
    assert_granted(d->w, gate_event(d->w, &d->a, &read), REASON_EXIT);
    leaving.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    uint64_t shown = gate_event(d->w, &d->a, &leaving);
    assert_granted(d->w, shown, REASON_EXIT); /* no repeat of the way in */
    (void)gate_passage(d->w, &d->a, "a-both", shown, PASSAGE_PASSED);
    world_turn(d->w);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-both", "aabbccdd"), REASON_CREDENTIAL_UNKNOWN);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "present"), 0);
    assert_int_equal(figure(d, "acme", "exits"), 1);
}

static void zone_full_until_somebody_leaves(void **state)
{
    struct park_day *d = *state;
    static const char *const uids[] = {LI, WANG, ZHAO};
    struct world *w = d->w;
    person_with_badge(w, "acme", "Sun Yu", "04070707", "day", NULL);
    for (size_t i = 0; i < ARRAY_LEN(uids); i++) {
        gate_walk(w, &d->a, "a-in", uids[i]);
        gate_walk(w, &d->a, "a-hall", uids[i]);
    }
    assert_denied(w, gate_badge(w, &d->a, "a-hall", "04070707"), REASON_ZONE_FULL);
    gate_walk(w, &d->a, "a-out", LI);
    assert_granted(w, gate_badge(w, &d->a, "a-hall", "04070707"), REASON_GRANTED);
    world_turn(w);
    const Parkgate__Reply *zone = admin(w, "headcount.show", "zone", "hall", NULL);
    assert_string_equal(cell(zone, 0, "present"), "2");
    assert_string_equal(cell(zone, 0, "peak"), "3");
}

static void zone_class_schedule_and_permission(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char nobody[HANDLE_TEXT_SIZE];
    assert_denied(w, gate_badge(w, &d->a, "a-bonded", LI), REASON_CLASS_TOO_WEAK);
    static uint8_t uid[] = {0x04, 0x03, 0x02, 0x01, 0x00, 0xaa, 0xbb}; /* Zhao, authenticated */
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t) "a-bonded";
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_AUTHENTICATED;
    read.proof = CARD_PROOF_GIVEN;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    /* beta has yard, and bonded lies in it */
    assert_granted(w, gate_event(w, &d->a, &read), REASON_GRANTED);
    person_with_badge(w, "solo", "Hu", "04080808", "day", nobody);
    assert_denied(w, gate_badge(w, &d->a, "a-in", "04080808"), REASON_ZONE_NOT_ALLOWED);
    person_with_badge(w, "acme", "Qian", "04090909", NULL, NULL);
    assert_denied(w, gate_badge(w, &d->a, "a-in", "04090909"), REASON_NO_ASSIGNMENT);
    person_with_badge(w, "acme", "Ma", "040a0a0a", "night", NULL);
    /* a night worker early: row A3, assigned for the day all the same */
    assert_granted(w, gate_badge(w, &d->a, "a-in", "040a0a0a"), REASON_GRANTED);
    world_turn(w);
}

static void suspended_persons_and_tenants(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    (void)admin(w, "person.suspend", "person", d->li, "reason", "rules", NULL);
    assert_denied(w, gate_badge(w, &d->a, "a-in", LI), REASON_PERSON_SUSPENDED);
    (void)admin(w, "person.resume", "person", d->li, "reason", "done", NULL);
    assert_granted(w, gate_badge(w, &d->a, "a-in", LI), REASON_GRANTED);
    (void)admin(w, "tenant.suspend", "name", "acme", "reason", "rent", NULL);
    assert_denied(w, gate_badge(w, &d->a, "a-in", WANG), REASON_TENANT_SUSPENDED);
    assert_granted(w, gate_badge(w, &d->a, "a-in", ZHAO), REASON_GRANTED);
    (void)admin(w, "tenant.resume", "name", "acme", "reason", "paid", NULL);
    assert_granted(w, gate_badge(w, &d->a, "a-in", WANG), REASON_GRANTED);
    world_turn(w);
    assert_refused(ask(w, w->admin, "tenant.resume", "name", "acme", "reason", "x", NULL),
                   ERROR_SAME_STATE);
    assert_refused(ask(w, w->admin, "person.suspend", "person", d->li, "tenant", "nobody", "reason",
                       "x", NULL),
                   ERROR_NOT_FOUND);
}

static void who_works_for_two_enters_for_the_other(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    (void)admin(w, "assignment.add", "person", d->li, "tenant", "beta", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    (void)admin(w, "person.suspend", "person", d->li, "tenant", "acme", "reason", "rules", NULL);
    assert_granted(w, gate_badge(w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(w);
    (void)admin(w, "tenant.suspend", "name", "beta", "reason", "rent", NULL);
    assert_denied(w, gate_badge(w, &d->b, "b-in", LI), REASON_PERSON_SUSPENDED);
    (void)admin(w, "person.resume", "person", d->li, "tenant", "acme", "reason", "done", NULL);
    assert_granted(w, gate_badge(w, &d->b, "b-in", LI), REASON_GRANTED);
    world_turn(w);
}

/* --- vehicles --- */

static void vehicle_enters_by_its_exact_plate(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", "until", "2026-03-03",
                NULL);
    uint64_t shown = gate_plate(w, &d->a, "a-truck", "浙A12345", "浙A·12345");
    assert_granted(w, shown, REASON_GRANTED);
    (void)gate_passage(w, &d->a, "a-truck", shown, PASSAGE_PASSED);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12346", ""), REASON_CREDENTIAL_UNKNOWN);
    world_turn(w);
    assert_int_equal(figure(d, "acme", "persons"), 0); /* a truck is nobody */
    assert_string_equal(note(admin(w, "who", NULL), "inside"), "0");
    world_pass(w, 24 * 60 * MINUTE_US);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_NO_ASSIGNMENT);
    (void)admin(w, "vehicle.remove", "plate", "浙A12345", "reason", "sold", NULL);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_CREDENTIAL_UNKNOWN);
    world_turn(w);
}

static void vehicle_zones_and_suspension(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    const char *vehicle =
        note(admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", "zones", "hall", NULL),
             "vehicle");
    char handle[HANDLE_TEXT_SIZE];
    (void)snprintf(handle, sizeof(handle), "%s", vehicle);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_ZONE_NOT_ALLOWED);
    (void)admin(w, "vehicle.remove", "vehicle", handle, "reason", "sold", NULL);
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    (void)admin(w, "tenant.suspend", "name", "acme", "reason", "rent", NULL);
    assert_denied(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_TENANT_SUSPENDED);
    world_turn(w);
}

static void no_plate_and_plate_not_read(void **state)
{
    struct park_day *d = *state;
    assert_denied(d->w, gate_plate(d->w, &d->a, "a-truck", "", "无车牌"), REASON_NO_PLATE);
    assert_denied(d->w, gate_plate(d->w, &d->a, "a-truck", "", "unknown"), REASON_PLATE_NOT_READ);
    assert_denied(d->w, gate_plate(d->w, &d->a, "a-truck", "", ""), REASON_PLATE_NOT_READ);
    assert_denied(d->w, gate_plate(d->w, &d->a, "a-truck", "ABC 123", "ABC 123"),
                  REASON_CREDENTIAL_UNKNOWN); /* a foreign plate matches nobody */
    world_turn(d->w);
}

/* Labour Day closes what has a schedule; its own hours would have been open. */
static void schedules_and_holidays_close_the_depot(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    static const struct {
        int32_t day;
        int hour;
        uint32_t reason;
    } rows[] = {
        {TUESDAY,      10, REASON_GRANTED        },
        {TUESDAY,      22, REASON_OUT_OF_SCHEDULE},
        {TUESDAY + 4,  10, REASON_OUT_OF_SCHEDULE}, /* a Saturday */
        {TUESDAY + 58, 10, REASON_GRANTED        }, /* 30 April */
        {TUESDAY + 59, 10, REASON_HOLIDAY        },
        {TUESDAY + 59, 23, REASON_OUT_OF_SCHEDULE},
    };
    (void)admin(w, "assignment.add", "person", d->li, "tenant", "acme", "shift", "day", "from",
                "2026-04-01", "to", "2026-05-31", NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t outcome = 0;
        world_pass(w, at_shanghai(rows[i].day, rows[i].hour, 0) - w->now.us);
        assert_int_equal(verdict_of(w, gate_badge(w, &d->a, "a-depot", LI), &outcome),
                         rows[i].reason);
        world_turn(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(exit_is_always_granted),
        DAY_TEST(unknown_revoked_and_expired_badges_are_denied),
        DAY_TEST(repeat_holds_the_grant_and_ends_with_the_passage),
        DAY_TEST(lane_states_rule_entries),
        DAY_TEST(lane_of_both_directions),
        DAY_TEST(zone_full_until_somebody_leaves),
        DAY_TEST(zone_class_schedule_and_permission),
        DAY_TEST(suspended_persons_and_tenants),
        DAY_TEST(who_works_for_two_enters_for_the_other),
        DAY_TEST(vehicle_enters_by_its_exact_plate),
        DAY_TEST(vehicle_zones_and_suspension),
        DAY_TEST(no_plate_and_plate_not_read),
        DAY_TEST(schedules_and_holidays_close_the_depot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
