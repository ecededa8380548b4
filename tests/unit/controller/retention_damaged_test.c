/* Goal: a row that cannot be read ends no class of retention: it goes, or stays where the law wants
 * it, and what lies behind it ends at its term; a replay has the same. Method: a whole controller
 * whose clock the test moves by months, and rows of its store that the test writes over. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/app/alerts.h"
#include "controller/app/batch.h"
#include "tests/unit/controller/retention_fixture.h"

#define LISTED "浙A12345"

static int begin(void **state)
{
    (void)pairs_setup(state);
    struct park_day *d = *state;
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    (void)operator_key(d->w, 61, "security", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)admin(d->w, "retention.set", "class", "persons", "days", "365", "reason", "x", NULL);
    return 0;
}

#define DAMAGED_TEST(name) cmocka_unit_test_setup_teardown(name, begin, day_teardown)

static void refuse_an_event(struct park_day *d)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = 99;
    (void)gate_event(d->w, &d->a, &event);
}

static void a_refused_event_goes_and_the_walk_goes_on(void **state)
{
    struct park_day *d = *state;
    refuse_an_event(d);
    refuse_an_event(d);
    days_on(d->w, 5);
    refuse_an_event(d);
    assert_int_equal(rows_of(d->w, TABLE_QUARANTINE), 3);
    damage_first(d->w, TABLE_QUARANTINE);
    days_on(d->w, 26);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_QUARANTINE), 1);
}

/* Its days are not known: it goes at once. */
static void attendance_goes_and_the_walk_goes_on(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "retention.set", "class", "attendance", "days", "400", "basis", "wages",
                "reason", "x", NULL);
    gate_walk(d->w, &d->a, "a-in", LI);
    gate_walk(d->w, &d->a, "a-in", WANG);
    assert_int_equal(rows_of(d->w, TABLE_ATTENDANCE), 2);
    damage_first(d->w, TABLE_ATTENDANCE);
    days_on(d->w, 181);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_ATTENDANCE), 1);
}

static void what_an_event_was_of_goes(void **state)
{
    struct park_day *d = *state;
    gate_walk(d->w, &d->a, "a-in", LI);
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-out", LI);
    uint64_t events = rows_of(d->w, TABLE_EVENT);
    damage_first(d->w, TABLE_EVENT);
    days_on(d->w, 181);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_PASSAGE), 0);
    assert_int_equal(rows_of(d->w, TABLE_EVENT), events - 1);
}

static size_t rows_under(struct park_day *d, size_t table, uint64_t number)
{
    size_t count = 0;
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, number);
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_iter_prefix(txn, table, keybuf_view(&prefix), UINT64_MAX, &iter, NULL),
                     ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        count++;
    }
    store_iter_end(&iter);
    store_txn_destroy(&txn);
    return count;
}

struct raised {
    const char *lane;
    uint64_t number;
};

static enum err raise_it(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct raised *raised = ctx;
    struct alert_news news = {.kind = alert_kind("tailgated"),
                              .about = raised->lane,
                              .gate = "gate-a",
                              .lane = raised->lane};
    return alert_raise(ctl, &news, &raised->number, fault);
}

static void an_alert_goes_with_its_steps(void **state)
{
    struct park_day *d = *state;
    struct raised first = {.lane = "a-in"};
    struct raised open = {.lane = "a-out"};
    batch_run(d->w->ctl, raise_it, &first);
    batch_run(d->w->ctl, raise_it, &open);
    assert_true(open.number > first.number);
    damage_first(d->w, TABLE_ALERT);
    assert_int_equal(rows_under(d, TABLE_ALERT_STEP, first.number), 1);
    run(d->w);
    assert_int_equal(rows_under(d, TABLE_ALERT, first.number), 0);
    assert_int_equal(rows_under(d, TABLE_ALERT_STEP, first.number), 0);
    assert_int_equal(rows_under(d, TABLE_ALERT, open.number), 1);
    assert_int_equal(rows_under(d, TABLE_ALERT_STEP, open.number), 1);
}

static void a_hit_goes_and_the_walk_goes_on(void **state)
{
    struct park_day *d = *state;
    struct listed one = *PLATE_ENTRY(LISTED, NOTIFY);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", LISTED, NULL);
    one.until_us = d->w->now.us + 400 * DAY_US;
    (void)watch_list(d->w, 1, &one);
    for (int i = 0; i < 2; i++) {
        (void)plate(d, "a-truck", LISTED);
        world_turn(d->w);
        later(d, 10 * MINUTE_US);
    }
    days_on(d->w, 150);
    (void)plate(d, "a-truck", LISTED);
    damage_first(d->w, TABLE_WATCH_HIT);
    days_on(d->w, 31);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 1);
}

/* A class that cannot be done at all keeps no other from its term. */
static void the_classes_behind_one_are_done(void **state)
{
    struct world *w = *state;
    (void)admin(w, "retention.set", "class", "alerts", "days", "200", "basis", "x", "reason", "x",
                NULL);
    run(w);
    struct wall before = w->ctl->retaining.ran[RETAIN_ALERTS];
    damage_first(w, TABLE_RETENTION); /* the row of alerts: how long they are kept */
    days_on(w, 1);
    run(w);
    assert_int_equal(w->ctl->retaining.ran[RETAIN_ALERTS].us, before.us);
    assert_true(w->ctl->retaining.ran[RETAIN_PASSAGES].us > before.us);
    assert_true(w->ctl->retaining.ran[RETAIN_EXPORTS].us > before.us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGED_TEST(a_refused_event_goes_and_the_walk_goes_on),
        DAMAGED_TEST(attendance_goes_and_the_walk_goes_on),
        DAMAGED_TEST(what_an_event_was_of_goes),
        DAMAGED_TEST(an_alert_goes_with_its_steps),
        DAMAGED_TEST(a_hit_goes_and_the_walk_goes_on),
        WORLD_TEST(the_classes_behind_one_are_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
