/* Goal: who comes with somebody is judged with him as docs/decision-rules.md says (R266 to R268,
 * R274): a plate and its driver, two persons, a visitor and the host. Method: a whole controller
 * without its shell and a clock that only the test moves; every test ends with a replay of its
 * journal, which must give the same tables. */
#include "controller/app/recount.h"
#include "tests/unit/controller/pairing_fixture.h"

/* --- plate and driver --- */

static void person_of_kind(struct park_day *d, const char *tenant, const char *kind,
                           const char *name, const char *uid, char out[HANDLE_TEXT_SIZE])
{
    (void)snprintf(
        out, HANDLE_TEXT_SIZE, "%s",
        note(admin(d->w, "person.add", "tenant", tenant, "kind", kind, "name", name, NULL),
             "person"));
    (void)admin(d->w, "badge.add", "person", out, "uid", uid, NULL);
}

#define ZHOU "04998877"
#define XU   "04aabbcc"

/* The page's example, minute by minute. */
static void a_booked_truck_enters_with_its_driver(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE], xu[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    person_of_kind(d, "acme", "driver", "Xu", XU, xu);
    book(d, zhou, "2026-03-03T14:00", "2026-03-03 16:00");
    denied(d, plate(d, "p-truck", TRUCK), REASON_NO_ASSIGNMENT); /* ten to eight */
    world_pass(d->w, at_shanghai(TUESDAY, 14, 0) - 1 - d->w->now.us);
    denied(d, plate(d, "p-truck", TRUCK), REASON_NO_ASSIGNMENT);
    later(d, 1);
    denied(d, plate(d, "p-truck", TRUCK), REASON_DRIVER_NEEDED);
    world_pass(d->w, at_shanghai(TUESDAY, 14, 20) - d->w->now.us);
    denied(d, plate(d, "p-truck", TRUCK), REASON_DRIVER_NEEDED);
    later(d, 4 * SECOND_US);
    granted(d, badge(d, "p-truck", ZHOU), REASON_GRANTED);
    world_pass(d->w, at_shanghai(TUESDAY, 14, 30) - d->w->now.us);
    (void)plate(d, "p-truck", TRUCK);
    denied(d, badge(d, "p-truck", XU), REASON_DRIVER_WRONG);
    denied(d, badge(d, "p-truck", "0a0b0c0d"), REASON_DRIVER_WRONG); /* nobody's badge */
    granted(d, badge(d, "p-truck", ZHOU), REASON_GRANTED);           /* the plate waited on */
    world_pass(d->w, at_shanghai(TUESDAY, 15, 0) - d->w->now.us);
    denied(d, badge(d, "p-truck", ZHOU), REASON_DRIVER_NEEDED); /* the other order */
    granted(d, plate(d, "p-truck", TRUCK), REASON_GRANTED);
    world_pass(d->w, at_shanghai(TUESDAY, 16, 0) - d->w->now.us);
    denied(d, plate(d, "p-truck", TRUCK), REASON_NO_ASSIGNMENT);
}

static void a_banned_or_suspended_driver_is_the_wrong_one(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    book(d, zhou, "2026-03-03", "2026-03-03");
    /* suspended by his own tenant, but booked by another: that ends at that tenant */
    (void)admin(d->w, "person.suspend", "person", zhou, "tenant", "beta", "reason", "x", NULL);
    (void)plate(d, "p-truck", TRUCK);
    granted(d, badge(d, "p-truck", ZHOU), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)admin(d->w, "person.suspend", "person", zhou, "tenant", "acme", "reason", "x", NULL);
    (void)plate(d, "p-truck", TRUCK);
    denied(d, badge(d, "p-truck", ZHOU), REASON_DRIVER_WRONG);
    (void)admin(d->w, "person.resume", "person", zhou, "tenant", "acme", "reason", "x", NULL);
    later(d, MINUTE_US);
    (void)admin(d->w, "badge.revoke", "uid", ZHOU, "reason", "lost", NULL);
    (void)plate(d, "p-truck", TRUCK);
    denied(d, badge(d, "p-truck", ZHOU), REASON_DRIVER_WRONG);
}

static void a_standing_permission_names_drivers_or_none(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE], xu[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    person_of_kind(d, "acme", "driver", "Xu", XU, xu);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", "浙B22222", "drivers", zhou, NULL);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", "浙C33333", NULL);
    static const struct {
        const char *plate, *driver;
        uint32_t outcome, reason;
    } rows[] = {
        {"浙B22222", ZHOU, OUTCOME_GRANT, REASON_GRANTED     }, /* named */
        {"浙B22222", XU,   OUTCOME_DENY,  REASON_DRIVER_WRONG},
        {"浙C33333", XU,   OUTCOME_GRANT, REASON_GRANTED     }, /* nobody is named: of its tenant */
        {"浙C33333", ZHOU, OUTCOME_DENY,  REASON_DRIVER_WRONG},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        later(d, MINUTE_US);
        (void)plate(d, "p-truck", rows[i].plate);
        assert_verdict(d->w, badge(d, "p-truck", rows[i].driver), rows[i].outcome, rows[i].reason);
        later(d, MINUTE_US);
        (void)badge(d, "p-truck", rows[i].driver);
        assert_verdict(d->w, plate(d, "p-truck", rows[i].plate), rows[i].outcome, rows[i].reason);
    }
    granted(d, plate(d, "a-truck", "浙C33333"),
            REASON_GRANTED); /* a lane that asks for no driver */
}

static void a_driver_is_inside_with_his_truck_and_leaves_with_it(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    book(d, zhou, "2026-03-03", "2026-03-03");
    (void)plate(d, "p-truck", TRUCK);
    uint64_t read = badge(d, "p-truck", ZHOU);
    world_turn(d->w);
    (void)gate_passage(d->w, &d->a, "p-truck", read, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "present"), 1); /* for whom he comes, not his own tenant */
    const Parkgate__Reply *why =
        admin(d->w, "headcount.why", "person", zhou, "date", "2026-03-03", "reason", "x", NULL);
    assert_string_equal(cell(why, 0, "row"), "invited");
    assert_int_equal(row_count(admin(d->w, "who", "tenant", "acme", NULL)), 1);
    later(d, MINUTE_US);
    uint64_t leaves = plate(d, "p-leave", TRUCK);
    world_turn(d->w);
    (void)gate_passage(d->w, &d->a, "p-leave", leaves, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "present"), 0);
    assert_int_equal(figure(d, "acme", "exits"), 1);
    struct recount_report report;
    struct fault fault = {0};
    assert_int_equal(recount_run(d->w->store, &report, &fault), ERR_OK);
    assert_int_equal(report.differences, 0);
    assert_int_equal(report.passages, 2);
}

static void a_driver_who_left_on_foot_does_not_leave_twice(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    book(d, zhou, "2026-03-03", "2026-03-03");
    (void)plate(d, "p-truck", TRUCK);
    uint64_t read = badge(d, "p-truck", ZHOU);
    (void)gate_passage(d->w, &d->a, "p-truck", read, PASSAGE_PASSED);
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-out", ZHOU);
    later(d, MINUTE_US);
    uint64_t leaves = plate(d, "p-leave", TRUCK);
    (void)gate_passage(d->w, &d->a, "p-leave", leaves, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "exits"), 1);
    struct recount_report report;
    struct fault fault = {0};
    assert_int_equal(recount_run(d->w->store, &report, &fault), ERR_OK);
    assert_int_equal(report.differences, 0);
}

/* A read of the plain JSON that is a plate's and could not be read. */
static void a_vehicle_without_a_plate_is_told_so(void **state)
{
    struct park_day *d = *state;
    static const struct {
        const char *raw;
        uint32_t reason;
    } rows[] = {
        {"无车牌", REASON_NO_PLATE      },
        {"unknown",   REASON_PLATE_NOT_READ},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = EVENT_PRESENTATION;
        event.lane = text_of("p-truck");
        event.reader = text_of("p-truck-reader");
        event.raw = (ProtobufCBinaryData){.len = strlen(rows[i].raw),
                                          .data = (uint8_t *)text_of(rows[i].raw)};
        denied(d, gate_event(d->w, &d->a, &event), rows[i].reason);
    }
}

static void a_driver_who_came_back_on_foot_stays_inside(void **state)
{
    struct park_day *d = *state;
    char zhou[HANDLE_TEXT_SIZE];
    person_of_kind(d, "acme", "driver", "Zhou", ZHOU, zhou);
    (void)admin(d->w, "assignment.add", "person", zhou, "tenant", "acme", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    book(d, zhou, "2026-03-03", "2026-03-03");
    (void)plate(d, "p-truck", TRUCK);
    uint64_t read = badge(d, "p-truck", ZHOU);
    (void)gate_passage(d->w, &d->a, "p-truck", read, PASSAGE_PASSED);
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-out", ZHOU);
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-in", ZHOU);
    later(d, MINUTE_US);
    uint64_t leaves = plate(d, "p-leave", TRUCK);
    (void)gate_passage(d->w, &d->a, "p-leave", leaves, PASSAGE_PASSED);
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "who", NULL), "inside"), "1");
    struct recount_report report;
    struct fault fault = {0};
    assert_int_equal(recount_run(d->w->store, &report, &fault), ERR_OK);
    assert_int_equal(report.differences, 0);
}

/* --- two persons --- */

static void two_enter_together_then_each_alone(void **state)
{
    struct park_day *d = *state;
    gate_walk(d->w, &d->a, "a-in", LI);
    gate_walk(d->w, &d->a, "a-in", WANG);
    denied(d, badge(d, "p-vault", LI), REASON_PARTNER_NEEDED);
    denied(d, badge(d, "p-vault", LI), REASON_PARTNER_NEEDED); /* oneself is no partner */
    later(d, 9 * SECOND_US);
    granted(d, badge(d, "p-vault", WANG), REASON_GRANTED);
    denied(d, badge(d, "p-vault", LI), REASON_PARTNER_NEEDED); /* granted, not yet inside */
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-in", ZHAO);
    (void)badge(d, "p-vault", LI);
    later(d, 10 * SECOND_US); /* the window is over */
    denied(d, badge(d, "p-vault", ZHAO), REASON_PARTNER_NEEDED);
    uint64_t read = badge(d, "p-vault", LI);
    granted(d, read, REASON_GRANTED); /* he is the partner of Zhao, who waited */
    (void)gate_passage(d->w, &d->a, "p-vault", read, PASSAGE_PASSED);
    later(d, MINUTE_US);
    granted(d, badge(d, "p-vault", ZHAO), REASON_GRANTED); /* somebody is inside */
}

static void two_persons_with_two_credentials_each(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, badge(d, "p-safe", LI), REASON_SECOND_NEEDED);
    denied(d, pin(d, "p-safe", LI_PIN), REASON_PARTNER_NEEDED);
    denied(d, badge(d, "p-safe", WANG), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-safe", WANG_PIN), REASON_GRANTED);
    Parkgate__EventEntry *entry = newest_event(d);
    assert_int_equal(entry->partner.len, HANDLE_SIZE);
    parkgate__event_entry__free_unpacked(entry, NULL);
}

/* --- visits --- */

#define GUEST "0412ab34"

static void expect_guest(struct park_day *d, const char *from, const char *until,
                         char out[HANDLE_TEXT_SIZE])
{
    (void)snprintf(out, HANDLE_TEXT_SIZE, "%s",
                   note(admin(d->w, "visitor.add", "tenant", "acme", "host", d->li, "name", "Guo",
                              "from", from, "until", until, NULL),
                        "person"));
    (void)admin(d->w, "badge.add", "person", out, "uid", GUEST, NULL);
}

static void a_visit_stands_in_place_of_an_assignment(void **state)
{
    struct park_day *d = *state;
    char guest[HANDLE_TEXT_SIZE];
    expect_guest(d, "2026-03-03T08:00", "2026-03-03T09:00", guest);
    denied(d, badge(d, "a-in", GUEST), REASON_NO_ASSIGNMENT); /* ten to eight */
    world_pass(d->w, at_shanghai(TUESDAY, 8, 0) - d->w->now.us);
    gate_walk(d->w, &d->a, "a-in", GUEST);
    assert_int_equal(figure(d, "acme", "persons"), 1);
    const Parkgate__Reply *why =
        admin(d->w, "headcount.why", "person", guest, "date", "2026-03-03", "reason", "x", NULL);
    assert_string_equal(cell(why, 0, "row"), "invited");
    world_pass(d->w, at_shanghai(TUESDAY, 9, 0) - d->w->now.us);
    granted(d, badge(d, "a-out", GUEST), REASON_EXIT);
    denied(d, badge(d, "a-in", GUEST), REASON_NO_ASSIGNMENT);
}

static void a_visitor_enters_with_the_host(void **state)
{
    struct park_day *d = *state;
    char guest[HANDLE_TEXT_SIZE];
    expect_guest(d, "2026-03-03", "2026-03-03", guest);
    gate_walk(d->w, &d->a, "a-in", GUEST);
    gate_walk(d->w, &d->a, "a-in", LI);
    gate_walk(d->w, &d->a, "a-in", WANG);
    denied(d, badge(d, "p-lab", GUEST), REASON_ESCORT_NEEDED);
    granted(d, badge(d, "p-lab", WANG), REASON_GRANTED); /* of the tenant, but not the host */
    denied(d, badge(d, "p-lab", GUEST), REASON_ESCORT_NEEDED);
    later(d, MINUTE_US);
    uint64_t host = badge(d, "p-lab", LI);
    granted(d, host, REASON_GRANTED);
    later(d, 10 * SECOND_US - 1);
    granted(d, badge(d, "p-lab", GUEST), REASON_GRANTED);
    later(d, 6 * SECOND_US); /* the grant's window is over, and nobody went in */
    denied(d, badge(d, "p-lab", GUEST), REASON_ESCORT_NEEDED);
    (void)gate_passage(d->w, &d->a, "p-lab", host, PASSAGE_PASSED);
    granted(d, badge(d, "p-lab", GUEST), REASON_GRANTED); /* the host is inside */
}

static void a_host_who_did_not_go_in_escorts_nobody(void **state)
{
    struct park_day *d = *state;
    char guest[HANDLE_TEXT_SIZE];
    expect_guest(d, "2026-03-03", "2026-03-03", guest);
    gate_walk(d->w, &d->a, "a-in", GUEST);
    uint64_t host = badge(d, "p-lab", LI);
    granted(d, host, REASON_GRANTED);
    (void)gate_passage(d->w, &d->a, "p-lab", host, PASSAGE_NOT_TAKEN);
    denied(d, badge(d, "p-lab", GUEST), REASON_ESCORT_NEEDED);
}

static void a_cancelled_visit_or_booking_lets_nobody_in(void **state)
{
    struct park_day *d = *state;
    char visit[HANDLE_TEXT_SIZE], booking[HANDLE_TEXT_SIZE], zhou[HANDLE_TEXT_SIZE];
    person_of_kind(d, "beta", "driver", "Zhou", ZHOU, zhou);
    const Parkgate__Reply *reply =
        admin(d->w, "visitor.add", "tenant", "acme", "host", d->li, "name", "Guo", "from",
              "2026-03-03", "until", "2026-03-03", NULL);
    (void)snprintf(visit, sizeof(visit), "%s", note(reply, "visit"));
    (void)admin(d->w, "badge.add", "person", note(reply, "person"), "uid", GUEST, NULL);
    reply = admin(d->w, "booking.add", "tenant", "acme", "plate", TRUCK, "driver", zhou, "zone",
                  "yard", "from", "2026-03-03", "until", "2026-03-03", NULL);
    (void)snprintf(booking, sizeof(booking), "%s", note(reply, "booking"));
    assert_int_equal(row_count(admin(d->w, "visitor.list", "tenant", "acme", NULL)), 1);
    assert_int_equal(row_count(admin(d->w, "booking.list", "tenant", "acme", NULL)), 1);
    assert_int_equal(row_count(admin(d->w, "booking.list", "tenant", "beta", NULL)), 0);
    granted(d, badge(d, "a-in", GUEST), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)admin(d->w, "visitor.cancel", "visit", visit, "reason", "ill", NULL);
    (void)admin(d->w, "booking.cancel", "booking", booking, "reason", "ill", NULL);
    denied(d, badge(d, "a-in", GUEST), REASON_NO_ASSIGNMENT);
    denied(d, plate(d, "p-truck", TRUCK), REASON_NO_ASSIGNMENT);
    assert_int_equal(row_count(admin(d->w, "visitor.list", "tenant", "acme", NULL)), 0);
    assert_int_equal(row_count(admin(d->w, "booking.list", "tenant", "acme", NULL)), 0);
    assert_refused(ask(d->w, d->w->admin, "visitor.cancel", "visit", visit, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_booked_truck_enters_with_its_driver),
        PAIR_TEST(a_banned_or_suspended_driver_is_the_wrong_one),
        PAIR_TEST(a_standing_permission_names_drivers_or_none),
        PAIR_TEST(a_driver_is_inside_with_his_truck_and_leaves_with_it),
        PAIR_TEST(a_driver_who_left_on_foot_does_not_leave_twice),
        PAIR_TEST(a_vehicle_without_a_plate_is_told_so),
        PAIR_TEST(a_driver_who_came_back_on_foot_stays_inside),
        PAIR_TEST(two_enter_together_then_each_alone),
        PAIR_TEST(two_persons_with_two_credentials_each),
        PAIR_TEST(a_visit_stands_in_place_of_an_assignment),
        PAIR_TEST(a_visitor_enters_with_the_host),
        PAIR_TEST(a_host_who_did_not_go_in_escorts_nobody),
        PAIR_TEST(a_cancelled_visit_or_booking_lets_nobody_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
