/* Goal: what only may be a hit is none before a named person confirmed it; rejected or not
 * confirmed in ten minutes its key is destroyed, and nothing of it leaves the park. Method: a whole
 * controller without its shell, listed plates and persons, reads that are like them, decisions as
 * the alert's hook tells them, and a clock that only the test moves. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/app/batch.h"
#include "controller/app/candidates.h"
#include "controller/store/alert_store.h"
#include "controller/store/candidate_store.h"
#include "controller/store/hit_store.h"

#define LISTED "浙A12345"
#define ALIKE  "浙A1Z345" /* 2 and Z */

static int begin(void **state)
{
    (void)pairs_setup(state);
    struct park_day *d = *state;
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    return 0;
}

#define CANDIDATE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, day_teardown)

static size_t hits(struct park_day *d)
{
    world_turn(d->w);
    return row_count(assert_done(ask(d->w, key_of(60), "watch.hits", "after", "0", NULL)));
}

static uint64_t rows_of(struct store *store, size_t table)
{
    uint64_t rows = 99;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

/* Open candidates; each has its key, and no key has none. */
static uint64_t candidates(struct park_day *d)
{
    world_turn(d->w);
    uint64_t open = rows_of(d->w->store, TABLE_CANDIDATE);
    assert_int_equal(rows_of(d->w->keys, KEY_TABLE_CANDIDATE), open);
    return open;
}

/* The newest alert of candidates; the caller frees it. */
static Parkgate__AlertRecord *newest_alert(struct park_day *d, const char *kind)
{
    struct store_txn *txn = NULL;
    Parkgate__AlertRecord *alert = NULL;
    uint64_t before = 0;
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    while (alert_before(txn, before, &alert, NULL) == ERR_OK && strcmp(alert->kind, kind) != 0) {
        before = alert->number;
        parkgate__alert_record__free_unpacked(alert, NULL);
        alert = NULL;
    }
    store_txn_destroy(&txn);
    return alert;
}

struct decided {
    const Parkgate__AlertRecord *alert;
    enum alert_decision decision;
};

static enum err decide_on(struct controller *ctl, void *ctx, struct fault *fault)
{
    const struct decided *decided = ctx;
    return candidate_decided(ctl, decided->alert, decided->decision, "guard-1", fault);
}

static void decide_newest(struct park_day *d, enum alert_decision decision)
{
    struct decided decided = {.alert = newest_alert(d, "watch-candidate"), .decision = decision};
    assert_non_null(decided.alert);
    batch_run(d->w->ctl, decide_on, &decided);
    world_turn(d->w);
    parkgate__alert_record__free_unpacked((Parkgate__AlertRecord *)(uintptr_t)decided.alert, NULL);
}

static void a_plate_that_looks_alike_is_a_candidate(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", ALIKE, NULL);
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, REVIEW));
    granted(d, plate(d, "a-truck", ALIKE), REASON_GRANTED); /* asks nobody to the desk */
    assert_int_equal(candidates(d), 1);
    assert_int_equal(hits(d), 0);
    Parkgate__AlertRecord *alert = newest_alert(d, "watch-candidate");
    assert_non_null(alert);
    assert_true(alert->candidate);
    assert_string_equal(alert->lane, "a-truck");
    assert_string_equal(alert->authority, STATION);
    assert_string_equal(alert->matcher, "plate");
    assert_null(strstr(alert->about, ALIKE));
    assert_null(strstr(alert->fold, ALIKE));
    parkgate__alert_record__free_unpacked(alert, NULL);
}

/* An entry that was renewed as often as it may be, with the longest case numbers, is compared with
 * as any other: what is kept of it is long, and stops nothing. */
static void one_that_was_renewed_often_is_looked_at(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1,
                     &(struct listed){.matcher = WATCH_MATCHER_PLATE,
                                      .action = NOTIFY,
                                      .plate = LISTED,
                                      .cases = LIMIT_WATCH_RENEWALS + 1});
    (void)plate(d, "a-truck", ALIKE);
    assert_int_equal(candidates(d), 1);
    later(d, 3 * MINUTE_US);
    (void)plate(d, "a-truck", LISTED);
    assert_int_equal(hits(d), 1);
}

static void other_plates_are_none(void **state)
{
    struct park_day *d = *state;
    static const char *const reads[] = {"浙A12346", "浙A1ZZ45", "沪A7Z345", "浙A1234", "浙B12345"};
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        later(d, 3 * MINUTE_US);
        (void)plate(d, "a-truck", reads[i]);
    }
    assert_int_equal(candidates(d), 0);
    later(d, 3 * MINUTE_US);
    (void)plate(d, "a-truck", LISTED); /* the plate itself is a hit */
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 1);
}

static void unread_characters_count_as_one_each(void **state)
{
    struct park_day *d = *state;
    static const struct {
        const char *read;
        uint64_t candidates;
    } rows[] = {
        {"浙A1?345", 1},
        {"?A1234?",   1},
        {"沪A1?345", 1},
        {"浙A???45", 0}
    };
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)gate_plate(d->w, &d->a, "a-truck", rows[i].read, rows[i].read);
        assert_int_equal(candidates(d), rows[i].candidates);
        later(d, 11 * MINUTE_US);
        turn_tick(d->w->ctl);
        assert_int_equal(candidates(d), 0);
    }
}

static void one_that_stays_is_one_candidate(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    for (int i = 0; i < 4; i++) {
        (void)plate(d, "a-truck", ALIKE);
        later(d, MINUTE_US);
    }
    assert_int_equal(candidates(d), 1);
    (void)plate(d, "p-leave", ALIKE);
    assert_int_equal(candidates(d), 2);
}

static void a_confirmed_one_is_the_stations_hit(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    later(d, 5 * MINUTE_US);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 1);
    const Parkgate__Reply *reply = ask(d->w, key_of(60), "watch.hits", "after", "0", NULL);
    assert_string_equal(cell(reply, 0, "how"), "confirmed");
    assert_string_equal(cell(reply, 0, "id"), "entry-1");
    assert_string_equal(cell(reply, 0, "lane"), "a-truck");
    decide_newest(d, ALERT_IS_TRUE); /* told twice it is the same one */
    assert_int_equal(hits(d), 1);
}

static void a_rejected_one_is_gone(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    assert_int_equal(candidates(d), 1);
    decide_newest(d, ALERT_IS_FALSE);
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 0);
}

static void what_nobody_confirms_lapses_in_ten_minutes(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    later(d, 10 * MINUTE_US - SECOND_US);
    turn_tick(d->w->ctl);
    assert_int_equal(candidates(d), 1);
    later(d, SECOND_US);
    turn_tick(d->w->ctl);
    assert_int_equal(candidates(d), 0);
    decide_newest(d, ALERT_IS_TRUE); /* too late */
    assert_int_equal(hits(d), 0);
}

static void damage(struct park_day *d, size_t table)
{
    struct bytes key;
    struct bytes value;
    struct keybuf kept;
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    world_turn(d->w);
    assert_int_equal(store_begin_write(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, 1, &iter, NULL), ERR_OK);
    assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_OK);
    keybuf_begin(&kept);
    keybuf_bytes(&kept, key);
    store_iter_end(&iter);
    assert_int_equal(store_put(txn, table, keybuf_view(&kept), bytes_of_text("??"), NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* Nobody can tell what it would be: its key goes as any other's, and no other's is kept by it. */
static void one_that_is_damaged_lapses_as_the_others(void **state)
{
    static const size_t tables[] = {TABLE_CANDIDATE, TABLE_CANDIDATE_AT, TABLE_CANDIDATE_LEAD,
                                    TABLE_CANDIDATE_DUE};
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    (void)plate(d, "p-leave", ALIKE);
    assert_int_equal(candidates(d), 2);
    damage(d, TABLE_CANDIDATE);
    later(d, 10 * MINUTE_US);
    turn_tick(d->w->ctl);
    assert_int_equal(candidates(d), 0);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        assert_int_equal(rows_of(d->w->store, tables[i]), 0);
    }
}

/* A guard's word on it ends it; a hit it cannot become. */
static void a_damaged_one_is_no_hit(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    assert_int_equal(candidates(d), 1);
    damage(d, TABLE_CANDIDATE);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 0);
}

/* So many as may be open, of other entries, at other lanes. */
static void fill_up(struct park_day *d, unsigned count)
{
    watch_begin(d->w);
    for (unsigned i = 0; i < count; i++) {
        uint8_t packed[128];
        struct handle handle = {
            {1, (uint8_t)(i >> 8), (uint8_t)i}
        };
        struct handle entry = {
            {2, (uint8_t)(i >> 8), (uint8_t)i}
        };
        struct seal_key key;
        Parkgate__WatchHit hit = PARKGATE__WATCH_HIT__INIT;
        Parkgate__Candidate candidate = PARKGATE__CANDIDATE__INIT;
        hit.entry = people_field(&entry);
        hit.lane = text_of("a-out");
        candidate.candidate = candidate.lead = people_field(&handle);
        candidate.step = CANDIDATE_RAISED;
        candidate.raised_us = d->w->now.us;
        candidate.hit.len = parkgate__watch_hit__pack(&hit, packed);
        candidate.hit.data = packed;
        assert_int_equal(controller_candidate_key(d->w->ctl, handle, true, &key, NULL), ERR_OK);
        watch_record(d->w, ENTRY_WATCH_CANDIDATE, &candidate.base);
    }
    assert_int_equal(store_commit(&d->w->ctl->keys_txn, NULL), ERR_OK);
    watch_end(d->w);
}

/* One more is not raised, and that is told; what is open is found and decided all the same. */
static void only_so_many_are_open(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)watch_list(d->w, 2, PLATE_ENTRY("沪C12345", NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    fill_up(d, LIMIT_CANDIDATES_OPEN - 1);
    assert_int_equal(candidates(d), LIMIT_CANDIDATES_OPEN);
    assert_null(newest_alert(d, "alert-flood"));
    later(d, MINUTE_US);
    (void)plate(d, "a-truck", ALIKE); /* the same again */
    assert_int_equal(candidates(d), LIMIT_CANDIDATES_OPEN);
    assert_null(newest_alert(d, "alert-flood"));
    (void)plate(d, "a-truck", "沪C1Z345");
    assert_int_equal(candidates(d), LIMIT_CANDIDATES_OPEN);
    Parkgate__AlertRecord *alert = newest_alert(d, "alert-flood");
    assert_non_null(alert);
    assert_string_equal(alert->about, "watch-candidate");
    parkgate__alert_record__free_unpacked(alert, NULL);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(hits(d), 1);
    later(d, 3 * MINUTE_US);
    (void)plate(d, "a-truck", "沪C1Z345"); /* there is room again */
    assert_int_equal(candidates(d), LIMIT_CANDIDATES_OPEN);
    later(d, 10 * MINUTE_US); /* and all lapse, in slices */
    turn_tick(d->w->ctl);
    uint64_t left = candidates(d);
    assert_true(left < LIMIT_CANDIDATES_OPEN && left > LIMIT_CANDIDATES_OPEN - 100);
    for (int i = 0; i < 40; i++) {
        turn_tick(d->w->ctl);
    }
    assert_int_equal(candidates(d), 0);
    assert_int_equal(rows_of(d->w->store, TABLE_CANDIDATE_AT), 0);
    assert_int_equal(rows_of(d->w->store, TABLE_CANDIDATE_LEAD), 0);
    assert_int_equal(rows_of(d->w->store, TABLE_CANDIDATE_DUE), 0);
}

/* However many are open: a read that is like as many as are told of one, again and again. The least
 * time is printed, and held against what only a walk of all of them misses. */
static void many_open_ones_make_no_read_long(void **state)
{
    enum { TRIES = 5, MOST_US = 100000 };
    struct park_day *d = *state;
    const struct clock *clock = clock_system();
    int64_t least = INT64_MAX;
    for (uint64_t number = 1; number <= WATCH_FOUND_MAX; number++) {
        (void)watch_list(d->w, number, PLATE_ENTRY(LISTED, NOTIFY));
    }
    fill_up(d, LIMIT_CANDIDATES_OPEN - 2 * WATCH_FOUND_MAX);
    for (int i = 0; i < TRIES; i++) {
        struct mono before = clock->mono(clock->ctx);
        (void)plate(d, "a-truck", ALIKE);
        world_turn(d->w);
        int64_t took = clock->mono(clock->ctx).us - before.us;
        least = took < least ? took : least;
        later(d, SECOND_US);
    }
    assert_int_equal(candidates(d), LIMIT_CANDIDATES_OPEN - WATCH_FOUND_MAX);
    print_message("a read like %d: %lld us\n", WATCH_FOUND_MAX, (long long)least);
    assert_true(least < MOST_US);
}

/* I6: what does not act any more is told to nobody, confirmed or not. */
static void an_entry_that_ended_meanwhile_is_no_hit(void **state)
{
    struct park_day *d = *state;
    struct listed ends = *PLATE_ENTRY(LISTED, NOTIFY);
    ends.until_us = d->w->now.us + 5 * MINUTE_US;
    (void)watch_list(d->w, 1, &ends);
    (void)plate(d, "a-truck", ALIKE);
    later(d, 6 * MINUTE_US);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(hits(d), 0);
    (void)watch_list(d->w, 2, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    world_turn(d->w);
    watch_authority_is(d->w, "key-60", true);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(hits(d), 0);
    assert_int_equal(candidates(d), 0);
    (void)plate(d, "p-leave", ALIKE);
    assert_int_equal(candidates(d), 0);
}

static void a_face_alone_is_a_candidate(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "face.attach", "person", d->li, "subject", "li-1", "consent", "c1", "purpose",
                "entry", NULL);
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, REVIEW));
    granted(d, face(d, "a-in", "li-1"), REASON_GRANTED);
    assert_int_equal(candidates(d), 1);
    assert_int_equal(hits(d), 0);
    decide_newest(d, ALERT_IS_TRUE);
    assert_int_equal(hits(d), 1);
    later(d, 60 * MINUTE_US);
    (void)face(d, "a-out", "li-1"); /* the day's hit was told: there is nothing to confirm */
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 1);
}

/* As a guard does it, from the alert on: sees the raw read beside the entry, and carries it to its
 * end. Nothing opens. */
static void a_guard_compares_and_confirms(void **state)
{
    struct park_day *d = *state;
    char number[24];
    struct link_key guard = operator_key(d->w, 62, "guard", NULL, "a-truck", NULL);
    struct link_key other = operator_key(d->w, 63, "guard", NULL, "a-in", NULL);
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, REVIEW));
    (void)gate_plate(d->w, &d->a, "a-truck", ALIKE, "浙A·1Z345");
    world_turn(d->w);
    sent_forget(d->w);
    const Parkgate__Reply *list = assert_done(ask(d->w, guard, "alert.list", NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   cell(list, row_with(list, "kind", "watch-candidate"), "alert"));
    list = assert_done(ask(d->w, other, "alert.list", NULL));
    assert_int_equal(row_with(list, "kind", "watch-candidate"), SIZE_MAX);
    assert_int_not_equal(ask(d->w, other, "watch.candidate", "alert", number, NULL)->error, 0);
    const Parkgate__Reply *shown =
        assert_done(ask(d->w, guard, "watch.candidate", "alert", number, NULL));
    assert_string_equal(note(shown, "how"), "plate");
    assert_string_equal(note(shown, "read"), "浙A·1Z345");
    assert_string_equal(note(shown, "listed"), LISTED);
    assert_string_equal(note(shown, "differences"), "1");
    assert_string_equal(note(shown, "contact"), CONTACT);
    shown = assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    assert_string_equal(note(shown, "read"), "浙A·1Z345");
    assert_string_equal(note(shown, "listed"), LISTED);
    (void)assert_done(ask(d->w, guard, "alert.ack", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.dispatch", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.confirm", "alert", number, "reason", "it is", NULL));
    assert_int_equal(hits(d), 1);
    assert_int_equal(candidates(d), 0);
    assert_string_equal(
        note(assert_done(ask(d->w, guard, "watch.candidate", "alert", number, NULL)), "how"),
        "none");
    assert_int_equal(sent_count(d->w, MESSAGE_COMMAND), 0);
    assert_int_equal(sent_count(d->w, MESSAGE_VERDICT), 0);
}

/* A face says who it may be; a document that was shown decides, and its kind is on record. */
static void a_person_is_confirmed_by_a_document(void **state)
{
    struct park_day *d = *state;
    char number[24];
    struct link_key guard = operator_key(d->w, 62, "guard", NULL, "a-in", NULL);
    (void)admin(d->w, "face.attach", "person", d->li, "subject", "li-1", "consent", "c1", "purpose",
                "entry", NULL);
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    (void)face(d, "a-in", "li-1");
    world_turn(d->w);
    const Parkgate__Reply *list = assert_done(ask(d->w, guard, "alert.list", NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   cell(list, row_with(list, "kind", "watch-candidate"), "alert"));
    const Parkgate__Reply *shown =
        assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    char command[64];
    (void)snprintf(command, sizeof(command), "parkgate watch candidate %s", number);
    assert_string_equal(note(shown, "compare"), command);
    assert_string_equal(note(shown, "documents"), ALERT_DOCUMENTS);
    assert_string_equal(note(shown, "how"), "face");
    (void)assert_done(ask(d->w, guard, "alert.ack", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.dispatch", "alert", number, NULL));
    static const char *const none[] = {"", "card", "id-card passport", "330102199001011234"};
    assert_refused(ask(d->w, guard, "alert.confirm", "alert", number, "reason", "it is", NULL),
                   ERROR_ALERT_DOCUMENT);
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_refused(ask(d->w, guard, "alert.confirm", "alert", number, "reason", "it is",
                           "document", none[i], NULL),
                       ERROR_ALERT_DOCUMENT);
    }
    assert_int_equal(hits(d), 0);
    (void)assert_done(ask(d->w, guard, "alert.confirm", "alert", number, "reason", "it is",
                          "document", "passport", NULL));
    assert_int_equal(hits(d), 1);
    shown = assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    assert_string_equal(cell(shown, row_with(shown, "step", "confirmed"), "shown_document"), "passport");
    (void)assert_replays(d->w);
}

static void a_guard_rejects(void **state)
{
    struct park_day *d = *state;
    char number[24];
    struct link_key guard = operator_key(d->w, 62, "guard", NULL, "a-truck", NULL);
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    world_turn(d->w);
    const Parkgate__Reply *list = assert_done(ask(d->w, guard, "alert.list", NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   cell(list, row_with(list, "kind", "watch-candidate"), "alert"));
    (void)assert_done(ask(d->w, guard, "alert.ack", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.dispatch", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.reject", "alert", number, "reason", "a Z", NULL));
    assert_int_equal(candidates(d), 0);
    assert_int_equal(hits(d), 0);
}

/* The newest candidate's alert, as the guard of its lane sees it. */
static void assert_closed_as(struct park_day *d, struct link_key guard, const char *decision)
{
    char number[24];
    world_turn(d->w);
    const Parkgate__Reply *reply =
        assert_done(ask(d->w, guard, "alert.list", "kind", "watch-candidate", "all", "yes", NULL));
    assert_int_equal(row_count(reply), 1);
    (void)snprintf(number, sizeof(number), "%s", cell(reply, 0, "alert"));
    reply = assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    assert_string_equal(note(reply, "state"), "closed");
    assert_string_equal(note(reply, "decision"), decision);
    assert_string_equal(note(reply, "how"), "none"); /* nothing of it is left */
}

static void its_alert_closes_as_rejected_or_lapsed(void **state)
{
    struct park_day *d = *state;
    char number[24];
    struct link_key guard = operator_key(d->w, 62, "guard", NULL, "a-truck", NULL);
    struct link_key other = operator_key(d->w, 63, "guard", NULL, "p-leave", NULL);
    (void)watch_list(d->w, 1, PLATE_ENTRY(LISTED, NOTIFY));
    (void)plate(d, "a-truck", ALIKE);
    (void)plate(d, "p-leave", ALIKE);
    world_turn(d->w);
    const Parkgate__Reply *list = assert_done(ask(d->w, guard, "alert.list", NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   cell(list, row_with(list, "kind", "watch-candidate"), "alert"));
    (void)assert_done(ask(d->w, guard, "alert.ack", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.dispatch", "alert", number, NULL));
    (void)assert_done(ask(d->w, guard, "alert.reject", "alert", number, "reason", "a Z", NULL));
    assert_closed_as(d, guard, "rejected");
    later(d, 10 * MINUTE_US);
    for (int i = 0; i < 3; i++) {
        turn_tick(d->w->ctl);
    }
    assert_int_equal(candidates(d), 0);
    assert_closed_as(d, other, "lapsed");
    assert_closed_as(d, guard, "rejected");
    assert_int_equal(hits(d), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CANDIDATE_TEST(a_plate_that_looks_alike_is_a_candidate),
        CANDIDATE_TEST(one_that_was_renewed_often_is_looked_at),
        CANDIDATE_TEST(other_plates_are_none),
        CANDIDATE_TEST(unread_characters_count_as_one_each),
        CANDIDATE_TEST(one_that_stays_is_one_candidate),
        CANDIDATE_TEST(a_confirmed_one_is_the_stations_hit),
        CANDIDATE_TEST(a_rejected_one_is_gone),
        CANDIDATE_TEST(what_nobody_confirms_lapses_in_ten_minutes),
        CANDIDATE_TEST(one_that_is_damaged_lapses_as_the_others),
        CANDIDATE_TEST(a_damaged_one_is_no_hit),
        CANDIDATE_TEST(only_so_many_are_open),
        CANDIDATE_TEST(many_open_ones_make_no_read_long),
        CANDIDATE_TEST(an_entry_that_ended_meanwhile_is_no_hit),
        CANDIDATE_TEST(a_face_alone_is_a_candidate),
        CANDIDATE_TEST(a_guard_compares_and_confirms),
        CANDIDATE_TEST(a_person_is_confirmed_by_a_document),
        CANDIDATE_TEST(a_guard_rejects),
        CANDIDATE_TEST(its_alert_closes_as_rejected_or_lapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
