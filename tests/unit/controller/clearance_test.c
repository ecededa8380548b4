/* Goal: a zone's clearances are held, missing or over to the microsecond, and the tenant is told
 * 30, 7 and 1 days before. Method: a whole controller without its shell; a zone that asks for one
 * clearance, a worker, a clock that only the test moves. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

/* The standard park with a zone `lab` in the yard that asks for `forklift` and `induction`. */
static void add_lab(struct world *w)
{
    Parkgate__ParkClearance clearance = PARKGATE__PARK_CLEARANCE__INIT;
    Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    char *wanted[] = {text_of("forklift"), text_of("induction")};
    char version[24];
    rows_of_park(&w->rows, "Asia/Shanghai");
    clearance.title = text_of("Forklift");
    rows_add(&w->rows, PARK_CLEARANCE, "forklift", &clearance.base);
    rows_add(&w->rows, PARK_CLEARANCE, "induction", &clearance.base);
    zone.parent = text_of("yard");
    zone.n_clearance = 2;
    zone.clearance = wanted;
    rows_add(&w->rows, PARK_ZONE, "lab", &zone.base);
    lane.gate = text_of("gate-a");
    lane.direction = LANE_IN;
    lane.zone = text_of("lab");
    lane.outer_zone = text_of("yard");
    lane.open_ms = 500;
    lane.pass_ms = 5000;
    rows_add(&w->rows, PARK_LANE, "a-lab", &lane.base);
    const Parkgate__Reply *staged =
        assert_done(ask_rows(w, w->admin, "park.stage", w->rows.row, w->rows.count, NULL));
    char stage[24];
    (void)snprintf(stage, sizeof(stage), "%s", note(staged, "stage"));
    (void)snprintf(version, sizeof(version), "%llu",
                   (unsigned long long)w->ctl->park->config_version);
    (void)admin(w, "park.commit", "stage", stage, "config_version", version, NULL);
}

struct lab {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
};

static struct lab begin(void **state)
{
    struct lab lab = {.w = *state};
    add_lab(lab.w);
    gate_join(lab.w, &lab.gate, "gate-a", 1);
    person_with_badge(lab.w, "acme", "Li Wei", LI, "day", lab.li);
    return lab;
}

static uint64_t read_at(struct lab *lab, const char *lane)
{
    uint64_t sequence = gate_badge(lab->w, &lab->gate, lane, LI);
    world_turn(lab->w);
    return sequence;
}

static void hold(struct lab *lab, const char *clearance, const char *from, const char *until)
{
    (void)admin(lab->w, "clearance.add", "person", lab->li, "clearance", clearance, "from", from,
                "until", until, "document", "D-1", NULL);
}

static void each_clearance_of_the_zone_is_needed(void **state)
{
    struct lab lab = begin(state);
    assert_granted(lab.w, read_at(&lab, "a-in"), REASON_GRANTED); /* the yard asks for none */
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_MISSING);
    hold(&lab, "forklift", "2026-03-01", "2026-03-31");
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_MISSING);
    hold(&lab, "induction", "2026-03-01", "2026-03-31");
    assert_granted(lab.w, read_at(&lab, "a-lab"), REASON_GRANTED);
    (void)admin(lab.w, "clearance.remove", "person", lab.li, "clearance", "forklift", "reason",
                "lost it", NULL);
    world_pass(lab.w, 10 * SECOND_US);
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_MISSING);
    (void)assert_replays(lab.w);
}

static void it_holds_from_its_begin_to_before_its_end(void **state)
{
    struct lab lab = begin(state);
    hold(&lab, "induction", "2026-03-01", "2026-03-31");
    hold(&lab, "forklift", "2026-03-04", "2026-03-04");
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_MISSING);
    assert_string_equal(cell(admin(lab.w, "clearance.list", "person", lab.li, NULL), 0, "state"),
                        "not-yet");
    world_pass(lab.w, at_shanghai(TUESDAY + 1, 8, 0) - lab.w->now.us);
    assert_granted(lab.w, read_at(&lab, "a-lab"), REASON_GRANTED);
    world_pass(lab.w, at_shanghai(TUESDAY + 2, 7, 59) - lab.w->now.us);
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_EXPIRED);
    assert_string_equal(cell(admin(lab.w, "clearance.list", "person", lab.li, NULL), 0, "state"),
                        "expired");
    hold(&lab, "forklift", "2026-03-04", "2026-03-05"); /* renewed */
    assert_granted(lab.w, read_at(&lab, "a-lab"), REASON_GRANTED);
}

static void missing_is_said_before_expired(void **state)
{
    struct lab lab = begin(state);
    hold(&lab, "forklift", "2026-03-01", "2026-03-02");
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_MISSING);
    hold(&lab, "induction", "2026-03-01", "2026-03-31");
    assert_denied(lab.w, read_at(&lab, "a-lab"), REASON_CLEARANCE_EXPIRED);
}

static void a_bad_clearance_is_refused(void **state)
{
    struct lab lab = begin(state);
    assert_refused(
        ask(lab.w, lab.w->admin, "clearance.add", "person", lab.li, "clearance", "juggling", NULL),
        ERROR_NOT_FOUND);
    assert_refused(ask(lab.w, lab.w->admin, "clearance.add", "person", lab.li, "clearance",
                       "forklift", "from", "2026-03-05", "until", "2026-03-04", NULL),
                   ERROR_ARG_BAD);
    struct link_key acme = operator_key(lab.w, 61, "tenant", "acme", NULL, NULL);
    assert_refused(
        ask(lab.w, acme, "clearance.add", "person", lab.li, "clearance", "forklift", NULL),
        ERROR_VERB_NOT_PERMITTED);
    struct link_key beta = operator_key(lab.w, 62, "tenant", "beta", NULL, NULL);
    assert_refused(ask(lab.w, beta, "clearance.list", "person", lab.li, NULL), ERROR_NOT_FOUND);
    assert_int_equal(
        row_count(assert_done(ask(lab.w, acme, "clearance.list", "person", lab.li, NULL))), 0);
}

/* --- notices --- */

static void tick(struct world *w)
{
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    (void)turn_end(w->ctl);
}

/* At noon of a day counted from Tuesday; what acme is told then. */
static size_t told_on(struct lab *lab, int day)
{
    int64_t to = at_shanghai(TUESDAY + day, 12, 0) - lab->w->now.us;
    if (to > 0) {
        world_pass(lab->w, to);
    }
    tick(lab->w);
    tick(lab->w); /* nothing twice */
    return row_count(admin(lab->w, "notice.list", "tenant", "acme", NULL));
}

static void the_tenant_is_told_30_7_and_1_days_before(void **state)
{
    struct lab lab = begin(state);
    hold(&lab, "forklift", "2026-03-01", "2026-04-11"); /* ends on 2026-04-12: day 40 */
    assert_int_equal(told_on(&lab, 9), 0);
    assert_int_equal(told_on(&lab, 10), 1);
    assert_string_equal(cell(lab.w->reply, 0, "days"), "30");
    assert_int_equal(told_on(&lab, 32), 1);
    assert_int_equal(told_on(&lab, 33), 2);
    assert_int_equal(told_on(&lab, 38), 2);
    assert_int_equal(told_on(&lab, 39), 3);
    assert_int_equal(told_on(&lab, 40), 0); /* over: nothing to renew in time */
    struct link_key beta = operator_key(lab.w, 62, "tenant", "beta", NULL, NULL);
    assert_int_equal(row_count(assert_done(ask(lab.w, beta, "notice.list", NULL))), 0);
    (void)assert_replays(lab.w);
}

static void one_recorded_late_is_told_at_once(void **state)
{
    struct lab lab = begin(state);
    tick(lab.w);
    hold(&lab, "forklift", "2026-03-01", "2026-03-07");
    assert_int_equal(told_on(&lab, 0), 1);
    assert_string_equal(cell(lab.w->reply, 0, "days"), "7");
}

static void a_renewed_one_is_not_told_of(void **state)
{
    struct lab lab = begin(state);
    hold(&lab, "forklift", "2026-03-01", "2026-04-11");
    hold(&lab, "forklift", "2026-03-01", "2027-04-11");
    assert_int_equal(told_on(&lab, 20), 0);
}

static void many_are_told_in_slices(void **state)
{
    struct lab lab = begin(state);
    for (int i = 0; i < 120; i++) {
        char name[24];
        char uid[16];
        char handle[HANDLE_TEXT_SIZE];
        (void)snprintf(name, sizeof(name), "P%d", i);
        (void)snprintf(uid, sizeof(uid), "0500%04x", i);
        person_with_badge(lab.w, "acme", name, uid, NULL, handle);
        (void)admin(lab.w, "clearance.add", "person", handle, "clearance", "forklift", "until",
                    "2026-03-05", NULL);
        sent_forget(lab.w);
    }
    uint64_t before = head_of(lab.w).sequence;
    tick(lab.w);
    assert_int_equal(entries_of(lab.w, ENTRY_NOTICE, before), 50);
    tick(lab.w);
    tick(lab.w);
    tick(lab.w);
    assert_int_equal(entries_of(lab.w, ENTRY_NOTICE, before), 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_clearance_of_the_zone_is_needed),
        WORLD_TEST(it_holds_from_its_begin_to_before_its_end),
        WORLD_TEST(missing_is_said_before_expired),
        WORLD_TEST(a_bad_clearance_is_refused),
        WORLD_TEST(the_tenant_is_told_30_7_and_1_days_before),
        WORLD_TEST(one_recorded_late_is_told_at_once),
        WORLD_TEST(a_renewed_one_is_not_told_of),
        WORLD_TEST(many_are_told_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
