/* Goal: what the park keeps of alerts and of who is listed ends at its term and at the need, what
 * is open stays, and numbers and figures are as if it were there. Method: a whole controller with
 * an authority's entries, reads at the gates, a clock that only the test moves by minutes and
 * months; every journal is replayed. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/app/alert_feed.h"
#include "controller/app/alerts.h"
#include "controller/app/batch.h"
#include "controller/app/hits.h"
#include "controller/store/alert_store.h"
#include "controller/store/hit_store.h"
#include "tests/unit/controller/retention_fixture.h"

#define LISTED "浙A12345"

static struct link_key station, security, second, plain;

static int begin(void **state)
{
    (void)pairs_setup(state);
    struct park_day *d = *state;
    station = operator_key(d->w, 60, "station", NULL, NULL, NULL);
    security = operator_key(d->w, 61, "security", NULL, NULL, NULL);
    second = operator_key(d->w, 63, "security", NULL, NULL, NULL);
    plain = operator_key(d->w, 62, "operator", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", LISTED, NULL);
    (void)admin(d->w, "retention.set", "class", "persons", "days", "365", "reason", "x", NULL);
    return 0;
}

#define RETENTION_TEST(name) cmocka_unit_test_setup_teardown(name, begin, day_teardown)

static struct handle list_plate(struct park_day *d, int days)
{
    struct listed one = *PLATE_ENTRY(LISTED, NOTIFY);
    one.until_us = d->w->now.us + days * DAY_US;
    return watch_list(d->w, 1, &one);
}

static void pass_by(struct park_day *d)
{
    (void)plate(d, "a-truck", LISTED);
    world_turn(d->w);
}

/* --- alerts --- */

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

/* Its number, and the one that people say. */
struct known {
    uint64_t number;
    char label[24];
};

static struct known raise_at(struct park_day *d, const char *lane)
{
    struct known known;
    struct store_txn *txn = NULL;
    Parkgate__AlertRecord *record = NULL;
    struct raised raised = {.lane = lane};
    batch_run(d->w->ctl, raise_it, &raised);
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_get(txn, raised.number, &record, NULL), ERR_OK);
    known.number = raised.number;
    (void)snprintf(known.label, sizeof(known.label), "%llu",
                   (unsigned long long)alert_label(record));
    parkgate__alert_record__free_unpacked(record, NULL);
    store_txn_destroy(&txn);
    return known;
}

static void close_alert(struct park_day *d, const char *number)
{
    static const char *const verbs[] = {"alert.ack", "alert.dispatch", "alert.confirm",
                                        "alert.close"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        (void)assert_done(ask(d->w, security, verbs[i], "alert", number, "to", "guard-1", "reason",
                              "seen", NULL));
    }
}

/* All cells of the month's figures. */
static void figures(struct park_day *d, char out[static 4096])
{
    size_t used = 0;
    const Parkgate__Reply *reply = assert_done(
        ask(d->w, security, "alert.stats", "from", "2026-03", "until", "2026-03", NULL));
    out[0] = '\0';
    assert_true(row_count(reply) > 0);
    for (size_t i = 0; i < reply->n_cell; i++) {
        used += (size_t)snprintf(out + used, 4096 - used, "%.*s|", (int)reply->cell[i].len,
                                 (const char *)reply->cell[i].data);
    }
}

static size_t feed(struct world *w, uint64_t after, char out[static 8192])
{
    size_t size = 0;
    uint64_t next = 0;
    struct store_txn *txn = NULL;
    world_turn(w);
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_feed_lines(txn, after, out, 8191, &size, &next, NULL), ERR_OK);
    store_txn_destroy(&txn);
    out[size] = '\0';
    return size;
}

static bool is_there(struct park_day *d, const char *number)
{
    return ask(d->w, security, "alert.show", "alert", number, NULL)->error == ERROR_NONE;
}

/* Rows of a table whose key begins with the alert's number. */
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

static void closed_alerts_end_and_figures_stay(void **state)
{
    struct park_day *d = *state;
    char before[4096];
    char after[4096];
    char lines[8192];
    struct known closed = raise_at(d, "a-in");
    struct known open = raise_at(d, "a-out");
    close_alert(d, closed.label);
    days_on(d->w, 180);
    run(d->w);
    figures(d, before); /* the open one has been told of to the last by now */
    assert_true(is_there(d, closed.label));
    assert_int_equal(rows_under(d, TABLE_ALERT_STEP, closed.number), 5);
    assert_true(feed(d->w, 0, lines) > 0 && strstr(lines, "news-lost") == NULL);
    uint64_t folds = rows_of(d->w, TABLE_ALERT_FOLD);
    days_on(d->w, 1);
    run(d->w);
    assert_false(is_there(d, closed.label));
    assert_true(is_there(d, open.label));
    assert_int_equal(rows_under(d, TABLE_ALERT_STEP, closed.number), 0);
    assert_int_equal(rows_under(d, TABLE_ALERT_NEWS, closed.number), 0);
    assert_int_equal(rows_of(d->w, TABLE_ALERT_FOLD), folds - 1);
    figures(d, after);
    assert_string_equal(after, before);
    /* receivers outside: one that was away so long is told that it missed some */
    assert_true(feed(d->w, 0, lines) > 0 && strstr(lines, "news-lost") != NULL);
    assert_true(feed(d->w, open.number, lines) > 0);
    close_alert(d, open.label); /* it is handled to its end still */
    struct known again = raise_at(d, "a-in");
    days_on(d->w, 181);
    run(d->w);
    assert_false(is_there(d, open.label));
    assert_true(is_there(d, again.label));
    (void)assert_replays(d->w);
}

/* The newest alert of this kind that is open, as text. */
static const char *open_alert(struct park_day *d, const char *kind)
{
    const Parkgate__Reply *list = assert_done(ask(d->w, security, "alert.list", NULL));
    return cell(list, row_with(list, "kind", kind), "alert");
}

/* The year is over, its alerts are gone; its figures say what they said. */
static void figures_of_a_year_stay(void **state)
{
    char number[24];
    struct park_day *d = *state;
    (void)list_plate(d, 30);
    pass_by(d);
    (void)snprintf(number, sizeof(number), "%s", open_alert(d, "watch-hit"));
    close_alert(d, number);
    days_on(d->w, 305);
    run(d->w);
    assert_false(is_there(d, number));
    const Parkgate__Reply *year =
        assert_done(ask(d->w, plain, "alert.stats", "year", "2026", NULL));
    size_t row = row_with(year, "kind", "watch-hit");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(year, row, "raised"), "1");
    assert_string_equal(cell(year, row, "confirmed"), "1");
}

/* --- hits --- */

static void hits_end_and_their_numbers_go_on(void **state)
{
    struct park_day *d = *state;
    (void)list_plate(d, 400);
    pass_by(d);
    later(d, 10 * MINUTE_US);
    pass_by(d);
    days_on(d->w, 150);
    pass_by(d);
    days_on(d->w, 30);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 3);
    days_on(d->w, 1);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 1);
    const Parkgate__Reply *reply =
        assert_done(ask(d->w, station, "watch.hits", "after", "0", NULL));
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "number"), "3");
    assert_string_equal(note(reply, "after"), "3");
    pass_by(d);
    reply = assert_done(ask(d->w, station, "watch.hits", "after", "3", NULL));
    assert_string_equal(cell(reply, 0, "number"), "4");
    days_on(d->w, 181);
    run(d->w);
    reply = assert_done(ask(d->w, station, "watch.hits", "after", "0", NULL));
    assert_int_equal(row_count(reply), 0);
    assert_string_equal(note(reply, "after"), "4"); /* whoever asks on asks for what comes */
    pass_by(d);
    reply = assert_done(ask(d->w, station, "watch.hits", "after", "4", NULL));
    assert_string_equal(cell(reply, 0, "number"), "5");
    (void)assert_replays(d->w);
}

/* --- where and when --- */

static Parkgate__WatchDay *day_of(struct park_day *d, struct handle entry)
{
    struct store_txn *txn = NULL;
    Parkgate__WatchDay *day = NULL;
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(hit_day_get(txn, entry, TUESDAY, &day, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_non_null(day);
    return day;
}

static void assert_day(struct park_day *d, struct handle entry, const char *lane, uint64_t count)
{
    Parkgate__WatchDay *day = day_of(d, entry);
    assert_string_equal(day->lane, lane);
    assert_int_equal(day->last_us != 0, lane[0] != '\0');
    assert_int_equal(day->hits, count);
    parkgate__watch_day__free_unpacked(day, NULL);
}

static void where_and_when_ends_with_the_approach(void **state)
{
    struct park_day *d = *state;
    struct handle entry = list_plate(d, 30);
    pass_by(d);
    assert_day(d, entry, "a-truck", 1);
    later(d, (HIT_APPROACH_S - 5) * SECOND_US);
    tick(d->w);
    pass_by(d); /* the same approach */
    assert_day(d, entry, "a-truck", 1);
    later(d, 5 * SECOND_US);
    tick(d->w);
    assert_day(d, entry, "", 1);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_NEAR), 0);
    pass_by(d);
    assert_day(d, entry, "a-truck", 2);
    later(d, (HIT_APPROACH_S + 1) * SECOND_US);
    pass_by(d); /* before anybody looked: of the newest alone it is said where */
    assert_int_equal(rows_of(d->w, TABLE_WATCH_NEAR), 1);
    tick(d->w);
    assert_day(d, entry, "a-truck", 3);
    world_restart(d->w);
    later(d, (HIT_APPROACH_S + 1) * SECOND_US);
    tick(d->w);
    assert_day(d, entry, "", 3);
    (void)assert_replays(d->w);
}

/* Days on which somebody came are kept for events that come late, and no longer. */
static void days_end_after_a_month_and_with_the_entry(void **state)
{
    struct park_day *d = *state;
    (void)list_plate(d, 400);
    for (int day = 0; day < 3; day++) {
        pass_by(d);
        days_on(d->w, 1);
    }
    days_on(d->w, HIT_DAYS_KEPT - 3);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_DAY), 3);
    days_on(d->w, 2);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_DAY), 1);
    watch_swept(d->w, 1);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_DAY), 0);
    (void)assert_replays(d->w);
}

/* A withdrawn entry's days go with the next run. */
static void days_of_an_entry_that_acts_no_more_end(void **state)
{
    struct park_day *d = *state;
    (void)list_plate(d, 5);
    pass_by(d);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_DAY), 1);
    days_on(d->w, 6);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_DAY), 0);
    (void)assert_replays(d->w);
}

/* Whether the station was told of that day nobody knows any more: it is not told twice. */
static void of_a_forgotten_day_nobody_is_told(void **state)
{
    struct park_day *d = *state;
    struct listed one = *PERSON_ENTRY(d->li, NOTIFY);
    one.until_us = d->w->now.us + 80 * DAY_US;
    (void)watch_list(d->w, 1, &one);
    (void)badge(d, "p-pin", LI);
    world_turn(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 1);
    days_on(d->w, 40);
    run(d->w);
    (void)gate_read(d, "p-pin", CREDENTIAL_KIND_BADGE, LI, 40 * DAY_US - MINUTE_US);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 1);
    (void)gate_read(d, "p-pin", CREDENTIAL_KIND_BADGE, LI, 20 * DAY_US);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 2); /* of a day that is known still: late */
    (void)assert_replays(d->w);
}

/* --- keys that candidates left --- */

static void a_key_without_its_candidate_ends(void **state)
{
    struct park_day *d = *state;
    struct seal_key key = {{7}};
    struct handle nobodys = {{0xcc}};
    struct store_txn *keys = NULL;
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", "浙A1Z345", NULL);
    (void)list_plate(d, 30);
    (void)plate(d, "a-truck", "浙A1Z345");
    world_turn(d->w);
    assert_int_equal(store_begin_write(d->w->keys, &keys, NULL), ERR_OK);
    assert_int_equal(candidate_key_put(keys, nobodys, &key, NULL), ERR_OK);
    assert_int_equal(store_commit(&keys, NULL), ERR_OK);
    assert_int_equal(rows_in(d->w->keys, KEY_TABLE_CANDIDATE), 2);
    run(d->w);
    assert_int_equal(rows_in(d->w->keys, KEY_TABLE_CANDIDATE), 1);
    assert_int_equal(rows_of(d->w, TABLE_CANDIDATE), 1);
    assert_string_equal(shown_of(d->w, security, "candidates", "removed"), "1");
}

/* --- who sees it --- */

static void an_operator_learns_nothing_of_hits_by_their_end(void **state)
{
    static const char *const hidden[] = {"alerts", "hits", "candidates", "dispositions"};
    struct park_day *d = *state;
    (void)list_plate(d, 30);
    pass_by(d);
    days_on(d->w, 181);
    uint64_t before = head_of(d->w).sequence;
    run(d->w);
    assert_int_equal(entries_of(d->w, ENTRY_WATCH_RETENTION, before) > 0, 1);
    assert_string_equal(shown_of(d->w, security, "hits", "removed"), "2"); /* and its day */
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        assert_string_equal(shown_of(d->w, plain, hidden[i], "removed"), "");
        assert_string_equal(shown_of(d->w, plain, hidden[i], "removed_ever"), "");
    }
    const Parkgate__Reply *reply = assert_done(ask(d->w, plain, "events", "count", "100", NULL));
    assert_int_equal(row_with(reply, "kind", "watch-retention"), SIZE_MAX);
    assert_true(row_with(reply, "kind", "retention") != SIZE_MAX);
}

/* --- holds --- */

static void hold(struct park_day *d, const char *who)
{
    char number[24];
    (void)snprintf(number, sizeof(number), "%s",
                   note(admin(d->w, "hold.add", "person", who, "reason", "x", "document", "D-7",
                              "until", "2026-12-31", NULL),
                        "approval"));
    (void)assert_done(ask(d->w, security, "approval.grant", "approval", number, NULL));
    (void)assert_done(ask(d->w, second, "approval.grant", "approval", number, NULL));
}

/* Rows of events that say of whom they were. */
static size_t named_events(struct world *w)
{
    size_t count = 0;
    struct bytes key;
    struct bytes value;
    struct store_txn *txn = NULL;
    world_turn(w);
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    struct store_iter iter = {0};
    assert_int_equal(
        store_iter_prefix(txn, TABLE_EVENT, (struct bytes){0}, UINT64_MAX, &iter, NULL), ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        assert_int_equal(
            store_unpack_message(key, value, &parkgate__event_index__descriptor, &message, NULL),
            ERR_OK);
        count += ((const Parkgate__EventIndex *)(const void *)message)->companion.len > 0;
        store_message_destroy(&message);
    }
    store_iter_end(&iter);
    store_txn_destroy(&txn);
    return count;
}

/* A truck's read names its driver: who holds the driver keeps it. */
static void a_held_companions_read_stays(void **state)
{
    char number[24];
    struct park_day *d = *state;
    (void)plate(d, "p-truck", LISTED);
    uint64_t read = badge(d, "p-truck", LI);
    granted(d, read, REASON_GRANTED);
    (void)gate_passage(d->w, &d->a, "p-truck", read, 1);
    world_turn(d->w);
    size_t named = named_events(d->w);
    assert_true(named > 0);
    hold(d, d->li);
    days_on(d->w, 181);
    run(d->w);
    assert_int_equal(named_events(d->w), named);
    (void)snprintf(number, sizeof(number), "%s", cell(admin(d->w, "hold.list", NULL), 0, "hold"));
    (void)admin(d->w, "hold.end", "hold", number, "reason", "closed", NULL);
    run(d->w);
    assert_int_equal(named_events(d->w), 0);
    assert_int_equal(rows_of(d->w, TABLE_PASSAGE), 0);
    (void)assert_replays(d->w);
}

/* What is held of him is also that he was met, and the alert about it. */
static void hits_and_alerts_of_who_is_held_stay(void **state)
{
    char number[24];
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    (void)badge(d, "p-pin", LI);
    world_turn(d->w);
    (void)snprintf(number, sizeof(number), "%s", open_alert(d, "watch-hit"));
    close_alert(d, number);
    hold(d, d->li);
    days_on(d->w, 181);
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 1);
    (void)assert_done(ask(d->w, security, "alert.show", "alert", number, NULL));
    days_on(d->w, 180); /* the hold has ended */
    run(d->w);
    assert_int_equal(rows_of(d->w, TABLE_WATCH_HIT), 0);
    assert_refused(ask(d->w, security, "alert.show", "alert", number, NULL), ERROR_NOT_FOUND);
    (void)assert_replays(d->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RETENTION_TEST(closed_alerts_end_and_figures_stay),
        RETENTION_TEST(figures_of_a_year_stay),
        RETENTION_TEST(hits_end_and_their_numbers_go_on),
        RETENTION_TEST(where_and_when_ends_with_the_approach),
        RETENTION_TEST(days_end_after_a_month_and_with_the_entry),
        RETENTION_TEST(days_of_an_entry_that_acts_no_more_end),
        RETENTION_TEST(of_a_forgotten_day_nobody_is_told),
        RETENTION_TEST(a_key_without_its_candidate_ends),
        RETENTION_TEST(an_operator_learns_nothing_of_hits_by_their_end),
        RETENTION_TEST(a_held_companions_read_stays),
        RETENTION_TEST(hits_and_alerts_of_who_is_held_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
