/* Goal: limits of zones and tenants, their alerts, crowds, the first person of the day and
 * interlocks do what docs/decision-rules.md says of R261, R270 to R272 and R275, to the
 * microsecond, and hold no exit. Method: a whole controller without its shell; one rule is set,
 * persons walk, and each verdict's reason is compared; the journal is replayed at the end of every
 * test. */
#include "tests/unit/controller/presence_fixture.h"

#include "common/store/keybuf.h"

#define SUN  "04070707"
#define QIAN "04090909"

/* --- R270: zones --- */

static void the_last_place_is_given_once(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_zone(w, "yard", 2);
    walk(d, "a-in", ZHAO);
    uint64_t li = shows(d, "a-in", LI);
    assert_granted(w, li, REASON_GRANTED);
    assert_denied(w, shows(d, "b-in", WANG), REASON_ZONE_FULL); /* in the same batch */
    world_turn(w);
    assert_denied(w, shows(d, "b-in", WANG), REASON_ZONE_FULL);
    (void)gate_passage(w, &d->a, "a-in", li, PASSAGE_NOT_TAKEN);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

/* The lane's pass time is 5 s: exactly so long a grant still stands. */
static void a_grant_stands_open_for_the_pass_time(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_zone(w, "yard", 1);
    assert_granted(w, shows(d, "a-in", LI), REASON_GRANTED);
    world_pass(w, 5 * SECOND_US);
    assert_denied(w, shows(d, "b-in", WANG), REASON_ZONE_FULL);
    world_pass(w, 1);
    assert_granted(w, shows(d, "b-in", ZHAO), REASON_GRANTED);
    world_turn(w);
}

static void a_grant_counts_persons_each_once(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_zone(w, "yard", 1);
    assert_granted(w, shows(d, "a-in", LI), REASON_GRANTED);
    assert_granted(w, shows(d, "b-in", LI), REASON_GRANTED); /* he himself is not in his way */
    limit_zone(w, "yard", 2);
    assert_granted(w, shows(d, "a-both", WANG), REASON_GRANTED); /* Li at two lanes is one */
    assert_denied(w, shows(d, "b-in", ZHAO), REASON_ZONE_FULL);
    world_turn(w);
}

static void a_grant_to_leave_takes_no_place(void **state)
{
    struct park_day *d = *state;
    limit_zone(d->w, "yard", 1);
    assert_granted(d->w, shows(d, "a-out", LI), REASON_EXIT); /* was outside all the time */
    assert_granted(d->w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(d->w);
}

/* Who is counted inside and has a grant open is one person; and is held like everybody. */
static void who_is_inside_already_is_counted_once_and_held(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_zone(w, "yard", 2);
    walk(d, "a-in", LI);
    assert_granted(w, shows(d, "b-in", LI), REASON_GRANTED);
    assert_granted(w, shows(d, "a-in", WANG), REASON_GRANTED);
    wait_a_little(w);
    walk(d, "a-in", WANG);
    assert_denied(w, shows(d, "b-in", LI), REASON_ZONE_FULL);
    world_turn(w);
}

static void of_the_zones_entered_the_fullest_speaks(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->capacity = 3;
    zone_put(w, "yard", yard);
    limit_zone(w, "hall", 1);
    walk(d, "a-in", LI);
    walk(d, "a-hall", LI);
    assert_int_equal(asks(d, "a-in", WANG), REASON_GRANTED); /* 1 of 3, and not into the hall */
    walk(d, "a-in", WANG);
    assert_int_equal(asks(d, "a-hall", WANG), REASON_ZONE_FULL);
    walk(d, "a-in", ZHAO);
    assert_int_equal(asks(d, "b-in", LI), REASON_ZONE_FULL);
}

/* One lane into two zones at once: whichever of them is full speaks. */
static void each_zone_entered_at_once_is_asked(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkLane *lane =
        (void *)rows_get(&w->rows, PARK_LANE, "b-in", &parkgate__park_lane__descriptor);
    char *kept = lane->zone;
    lane->zone = text_of("hall");
    rows_put(&w->rows, PARK_LANE, "b-in", &lane->base);
    lane->zone = kept;
    parkgate__park_lane__free_unpacked(lane, NULL);
    limit_zone(w, "yard", 3);
    limit_zone(w, "hall", 1);
    walk(d, "b-in", LI);
    assert_int_equal(asks(d, "b-in", WANG), REASON_ZONE_FULL); /* the hall */
    limit_zone(w, "hall", 3);
    assert_int_equal(asks(d, "b-in", WANG), REASON_GRANTED);
    limit_zone(w, "yard", 1);
    assert_int_equal(asks(d, "b-in", ZHAO), REASON_ZONE_FULL); /* the yard */
}

static void a_vehicle_is_not_held_by_limits(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->crowd_per_minute = 1;
    zone_put(w, "yard", yard);
    limit_zone(w, "yard", 1);
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    uint64_t truck = gate_plate(w, &d->a, "a-truck", "浙A12345", "");
    assert_granted(w, truck, REASON_GRANTED);
    assert_granted(w, shows(d, "a-in", LI), REASON_GRANTED); /* nor does it take a place */
    (void)gate_passage(w, &d->a, "a-truck", truck, PASSAGE_PASSED);
    wait_a_little(w);
    walk(d, "a-in", LI);
    assert_granted(w, gate_plate(w, &d->a, "a-truck", "浙A12345", ""), REASON_GRANTED);
    world_turn(w);
}

/* --- alerts --- */

enum { CROWD = 10 };

static void crew_uid(size_t i, char out[16])
{
    (void)snprintf(out, 16, "0466%04zx", i);
}

static void hire_crew(struct park_day *d)
{
    char uid[16];
    for (size_t i = 0; i < CROWD; i++) {
        crew_uid(i, uid);
        person_with_badge(d->w, "acme", "Crew", uid, "day", NULL);
    }
}

static bool is_open(struct world *w, const char *word)
{
    char id[64];
    (void)snprintf(id, sizeof(id), "%s:yard", word);
    struct store_txn *txn = NULL;
    struct bytes value;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_text(&key, id);
    enum err err = store_get(txn, TABLE_FAULT, keybuf_view(&key), &value, NULL);
    store_txn_destroy(&txn);
    return err == ERR_OK;
}

static void assert_alerts(struct world *w, size_t inside, bool filling, bool nearly, bool over)
{
    if (is_open(w, "zone-filling") != filling || is_open(w, "zone-nearly-full") != nearly ||
        is_open(w, "zone-over") != over) {
        fail_msg("with %zu inside: filling %d, nearly full %d, over %d", inside,
                 is_open(w, "zone-filling"), is_open(w, "zone-nearly-full"),
                 is_open(w, "zone-over"));
    }
}

/* Of 10: alerts at 5 and 8, soft limit 6. The first ends at 4 (45 percent is 4.5), the second at 7.
 */
static void alerts_begin_at_their_marks_and_end_below(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char uid[16];
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->capacity_soft = 6;
    yard->alert_first = 50;
    yard->alert_second = 80;
    zone_put(w, "yard", yard);
    limit_zone(w, "yard", CROWD);
    hire_crew(d);
    uint64_t before = head_of(w).sequence;
    for (size_t i = 0; i < CROWD; i++) {
        crew_uid(i, uid);
        walk(d, "a-in", uid);
        assert_alerts(w, i + 1, i + 1 >= 5, i + 1 >= 8, i + 1 > 6);
        if (i + 1 == 5) {
            assert_fault_says(w, "zone yard is filling: it has reached its first alert mark",
                              "区域 yard 人数上升：已达第一预警线");
        } else if (i + 1 == 7) {
            assert_fault_says(w,
                              "zone yard is over its soft limit; let people out before more go in",
                              "区域 yard 超过软性上限；请先疏导再放行");
        } else if (i + 1 == 8) {
            assert_fault_says(w, "zone yard is nearly full: it has reached its second alert mark",
                              "区域 yard 即将满员：已达第二预警线");
        }
    }
    assert_int_equal(asks(d, "b-in", LI), REASON_ZONE_FULL);
    for (size_t i = 0; i < CROWD; i++) {
        size_t left = CROWD - i - 1;
        crew_uid(i, uid);
        walk(d, "a-out", uid);
        assert_alerts(w, left, left > 4, left > 7, left > 6);
    }
    assert_int_equal(faults_of(w, "zone-filling", before), 2); /* begun once, ended once */
    assert_int_equal(faults_of(w, "zone-nearly-full", before), 2);
    assert_int_equal(faults_of(w, "zone-over", before), 2);
}

/* 25 percent of 40 are 10; it ends at 20 percent, which are 8, and does not flicker at 9. */
static void an_alert_does_not_flicker_at_its_mark(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char uid[16];
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->alert_first = 25;
    zone_put(w, "yard", yard);
    limit_zone(w, "yard", 40);
    hire_crew(d);
    for (size_t i = 0; i < CROWD; i++) {
        crew_uid(i, uid);
        walk(d, "a-in", uid);
    }
    crew_uid(0, uid);
    walk(d, "a-out", uid);
    assert_alerts(w, 9, true, false, false);
    crew_uid(1, uid);
    walk(d, "a-out", uid);
    assert_alerts(w, 8, false, false, false);
}

/* Without a hard limit the soft one is what the percents are of; entries go on. */
static void a_soft_limit_alone_has_alerts_and_refuses_nobody(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    yard->capacity_soft = 2;
    yard->alert_first = 100;
    zone_put(w, "yard", yard);
    park_apply(w);
    walk(d, "a-in", LI);
    assert_alerts(w, 1, false, false, false);
    walk(d, "a-in", WANG);
    assert_alerts(w, 2, true, false, false);
    walk(d, "a-in", ZHAO);
    assert_alerts(w, 3, true, false, true);
}

static void alerts_follow_a_change_of_the_park(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    Parkgate__ParkZone *yard = zone_row(w, "yard");
    walk(d, "a-in", LI);
    walk(d, "a-in", WANG);
    yard->capacity_soft = 1;
    yard->alert_first = 50;
    yard->alert_second = 100;
    rows_put(&w->rows, PARK_ZONE, "yard", &yard->base);
    park_apply(w);
    assert_alerts(w, 2, true, true, true);
    yard->capacity_soft = yard->alert_first = yard->alert_second = 0;
    zone_put(w, "yard", yard);
    park_apply(w);
    assert_alerts(w, 2, false, false, false);
}

/* --- R271: tenants --- */

static void a_tenant_is_full_until_somebody_leaves(void **state)
{
    struct park_day *d = *state;
    limit_tenant(d->w, "acme", 1);
    walk(d, "a-in", LI);
    assert_int_equal(asks(d, "b-in", WANG), REASON_TENANT_FULL);
    assert_int_equal(asks(d, "b-in", ZHAO), REASON_GRANTED); /* beta's */
    assert_int_equal(asks(d, "a-hall", LI), REASON_GRANTED); /* is counted already */
    assert_int_equal(asks(d, "a-out", LI), REASON_EXIT);
    walk(d, "a-out", LI);
    assert_int_equal(asks(d, "b-in", WANG), REASON_GRANTED);
}

static void a_tenants_last_place_is_given_once(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_tenant(w, "acme", 1);
    uint64_t li = shows(d, "a-in", LI);
    assert_granted(w, li, REASON_GRANTED);
    assert_denied(w, shows(d, "b-in", WANG), REASON_TENANT_FULL);
    assert_granted(w, shows(d, "b-in", ZHAO), REASON_GRANTED);
    (void)gate_passage(w, &d->a, "a-in", li, PASSAGE_NOT_TAKEN);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

/* It is the tenant for whom the entry counts, not the badge's. */
static void the_limit_is_of_the_tenant_that_the_entry_is_for(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_tenant(w, "beta", 1);
    person_with_badge(w, "acme", "Sun Yu", SUN, NULL, NULL);
    char sun[HANDLE_TEXT_SIZE];
    person_with_badge(w, "acme", "Qian", QIAN, NULL, sun);
    (void)admin(w, "assignment.add", "person", sun, "tenant", "beta", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    walk(d, "a-in", ZHAO);
    assert_int_equal(asks(d, "b-in", QIAN), REASON_TENANT_FULL);
    assert_int_equal(asks(d, "b-in", LI), REASON_GRANTED);
    walk(d, "a-out", ZHAO);
    uint64_t qian = shows(d, "b-in", QIAN);
    assert_granted(w, qian, REASON_GRANTED);
    assert_denied(w, shows(d, "a-in", ZHAO), REASON_TENANT_FULL); /* it stands open for beta */
    world_turn(w);
}

/* --- R272: crowd --- */

static void limit_crowd(struct world *w, const char *name, uint32_t crowd)
{
    Parkgate__ParkZone *zone = zone_row(w, name);
    zone->crowd_per_minute = crowd;
    zone_put(w, name, zone);
    park_apply(w);
}

static void an_entry_counts_for_less_than_a_minute(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_crowd(w, "yard", 1);
    uint64_t shown = shows(d, "a-in", LI);
    world_turn(w);
    int64_t passed = w->now.us;
    (void)gate_passage(w, &d->a, "a-in", shown, PASSAGE_PASSED);
    world_turn(w);
    world_pass(w, passed + MINUTE_US - 1 - w->now.us);
    assert_denied(w, shows(d, "b-in", WANG), REASON_CROWD_LIMIT);
    world_pass(w, 1);
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

static void grants_standing_open_count_and_exits_do_not(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_crowd(w, "yard", 2);
    walk(d, "a-in", LI);
    walk(d, "a-out", LI);
    uint64_t wang = shows(d, "a-in", WANG);
    assert_granted(w, wang, REASON_GRANTED);
    assert_denied(w, shows(d, "b-in", ZHAO), REASON_CROWD_LIMIT);
    assert_granted(w, shows(d, "b-out", ZHAO), REASON_EXIT);
    (void)gate_passage(w, &d->a, "a-in", wang, PASSAGE_NOT_TAKEN);
    assert_granted(w, shows(d, "b-in", ZHAO), REASON_GRANTED);
    world_turn(w);
}

/* Passages that Part 3 counts: neither strangers, nor who was forced, nor one of an hour ago. */
static void only_entries_of_the_last_minute_that_count(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_crowd(w, "yard", 1);
    (void)admin(w, "lane.free", "lane", "a-in", "reason", "drill", NULL);
    uint64_t stranger = shows(d, "a-in", "aabbccdd");
    (void)gate_passage(w, &d->a, "a-in", stranger, PASSAGE_PASSED);
    (void)gate_passage(w, &d->a, "a-in", 0, PASSAGE_FORCED);
    uint64_t li = shows(d, "b-in", LI);
    int64_t walked = w->now.us;
    assert_granted(w, li, REASON_GRANTED);
    world_turn(w);
    world_pass(w, 60 * MINUTE_US);
    passes_at(d, &d->b, "b-in", li, walked); /* reported late */
    assert_granted(w, shows(d, "b-in", WANG), REASON_GRANTED);
    world_turn(w);
}

static void entries_are_counted_in_any_order(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    limit_crowd(w, "yard", 2);
    uint64_t li = shows(d, "a-in", LI);
    uint64_t wang = shows(d, "b-in", WANG);
    int64_t walked = w->now.us;
    world_turn(w);
    world_pass(w, 20 * SECOND_US);
    passes_at(d, &d->b, "b-in", wang, walked + 10 * SECOND_US);
    passes_at(d, &d->a, "a-in", li, walked + SECOND_US);
    assert_denied(w, shows(d, "b-in", ZHAO), REASON_CROWD_LIMIT);
    world_pass(w, walked + 61 * SECOND_US - w->now.us);
    assert_granted(w, shows(d, "b-in", ZHAO), REASON_GRANTED);
    world_turn(w);
    world_pass(w, 5 * MINUTE_US); /* old entries are dropped by the next one */
    walk(d, "a-in", LI);
    struct store_txn *txn = NULL;
    uint64_t rows = 0;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_CROWD, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(rows, 1);
}

/* A batch that finds the map full is done again; what it gave away it gives away once. */
static void a_batch_done_again_gives_the_last_place_once(void **state)
{
    (void)state;
    struct world *w = world_open(&(struct world_options){.map_size = 768 << 10});
    struct gate a;
    struct gate b;
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    person_with_badge(w, "acme", "Wang Fang", WANG, "day", NULL);
    gate_join(w, &a, "gate-a", 1);
    gate_join(w, &b, "gate-b", 2);
    limit_zone(w, "yard", 1);
    struct store_stats stats;
    store_stats_of(w->store, &stats);
    size_t began = stats.map_size;
    size_t rounds = 0;
    for (; rounds < 400 && stats.map_size == began; rounds++) {
        sent_forget(w);
        uint64_t li = gate_badge(w, &a, "a-in", LI);
        assert_granted(w, li, REASON_GRANTED);
        assert_denied(w, gate_badge(w, &b, "b-in", WANG), REASON_ZONE_FULL);
        (void)gate_passage(w, &a, "a-in", li, PASSAGE_PASSED);
        uint64_t out = gate_badge(w, &a, "a-out", LI);
        (void)gate_passage(w, &a, "a-out", out, PASSAGE_PASSED);
        world_turn(w);
        world_pass(w, MINUTE_US);
        store_stats_of(w->store, &stats);
    }
    print_message("the map grew in round %zu\n", rounds);
    assert_true(stats.map_size > began);
    (void)assert_replays(w);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(the_last_place_is_given_once),
        DAY_TEST(a_grant_stands_open_for_the_pass_time),
        DAY_TEST(a_grant_counts_persons_each_once),
        DAY_TEST(who_is_inside_already_is_counted_once_and_held),
        DAY_TEST(of_the_zones_entered_the_fullest_speaks),
        DAY_TEST(a_grant_to_leave_takes_no_place),
        DAY_TEST(each_zone_entered_at_once_is_asked),
        DAY_TEST(a_vehicle_is_not_held_by_limits),
        DAY_TEST(alerts_begin_at_their_marks_and_end_below),
        DAY_TEST(an_alert_does_not_flicker_at_its_mark),
        DAY_TEST(a_soft_limit_alone_has_alerts_and_refuses_nobody),
        DAY_TEST(alerts_follow_a_change_of_the_park),
        DAY_TEST(a_tenant_is_full_until_somebody_leaves),
        DAY_TEST(a_tenants_last_place_is_given_once),
        DAY_TEST(the_limit_is_of_the_tenant_that_the_entry_is_for),
        DAY_TEST(an_entry_counts_for_less_than_a_minute),
        DAY_TEST(grants_standing_open_count_and_exits_do_not),
        DAY_TEST(only_entries_of_the_last_minute_that_count),
        DAY_TEST(entries_are_counted_in_any_order),
        cmocka_unit_test(a_batch_done_again_gives_the_last_place_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
