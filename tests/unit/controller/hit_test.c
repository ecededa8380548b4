/* Goal: an exact match asks to the guard's desk or says nothing, the station gets its hits and
 * nothing else, and nobody else can tell. Method: a whole controller without its shell, entries put
 * into its tables as bundles do, reads at the gates, and the station's own question; every test
 * ends with a replay of its journal. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/store/hidden_store.h"
#include "controller/store/hit_store.h"

#define reviewed(d, read) assert_verdict((d)->w, read, OUTCOME_REVIEW, REASON_GUARD_CHECK)

static struct link_key station;

static int begin(void **state)
{
    (void)pairs_setup(state);
    struct park_day *d = *state;
    station = operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    return 0;
}

#define HIT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, day_teardown)

/* What was written over is in no replay. */
static int damaged_teardown(void **state)
{
    struct park_day *d = *state;
    world_close(d->w);
    return 0;
}

#define DAMAGED_TEST(name) cmocka_unit_test_setup_teardown(name, begin, damaged_teardown)

static const Parkgate__Reply *hits(struct park_day *d, const char *after)
{
    world_turn(d->w);
    return assert_done(ask(d->w, station, "watch.hits", "after", after, NULL));
}

static void assert_hits(struct park_day *d, size_t count)
{
    assert_int_equal(row_count(hits(d, "0")), count);
}

/* --- what the lane does --- */

static void a_review_entry_asks_to_the_desk_at_entries_alone(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, REVIEW));
    (void)watch_list(d->w, 2, PERSON_ENTRY(d->wang, REVIEW));
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI));
    reviewed(d, gate_badge(d->w, &d->b, "b-in", LI));
    reviewed(d, gate_badge(d->w, &d->a, "a-in", WANG));
    granted(d, gate_badge(d->w, &d->a, "a-in", ZHAO), REASON_GRANTED);
    granted(d, gate_badge(d->w, &d->a, "a-out", LI), REASON_EXIT);
    granted(d, gate_badge(d->w, &d->a, "a-out", WANG), REASON_EXIT);
    (void)admin(d->w, "lane.free", "lane", "a-in", "reason", "x", NULL);
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_LANE_SET_FREE);
}

static void a_notify_entry_changes_no_verdict(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, NOTIFY));
    (void)watch_list(d->w, 2, PERSON_ENTRY(d->wang, NOTIFY));
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    assert_hits(d, 2);
}

/* Whoever would be denied is denied for that. */
static void a_denial_stays_what_it_is(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, BADGE_ENTRY("0a0b0c0d", REVIEW));
    (void)watch_list(d->w, 2, BADGE_ENTRY(LI, REVIEW));
    denied(d, gate_badge(d->w, &d->a, "a-in", "0a0b0c0d"), REASON_CREDENTIAL_UNKNOWN);
    (void)admin(d->w, "person.suspend", "person", d->li, "reason", "x", NULL);
    denied(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_PERSON_SUSPENDED);
    assert_hits(d, 2); /* they were at the gate */
}

/* The other read of a pair counts, too, in either order. */
static void a_listed_truck_or_driver_is_asked_with_the_second_read(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL);
    (void)watch_list(d->w, 1, PLATE_ENTRY(TRUCK, REVIEW));
    denied(d, plate(d, "p-truck", TRUCK), REASON_DRIVER_NEEDED);
    reviewed(d, badge(d, "p-truck", LI));
    later(d, MINUTE_US);
    denied(d, badge(d, "p-truck", LI), REASON_DRIVER_NEEDED);
    reviewed(d, plate(d, "p-truck", TRUCK));
    assert_hits(d, 1); /* all of it within one approach */
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", "浙C33333", NULL);
    (void)watch_list(d->w, 2, PERSON_ENTRY(d->wang, REVIEW));
    later(d, MINUTE_US);
    denied(d, badge(d, "p-truck", WANG), REASON_DRIVER_NEEDED);
    reviewed(d, plate(d, "p-truck", "浙C33333"));
    later(d, MINUTE_US);
    denied(d, plate(d, "p-truck", "浙C33333"), REASON_DRIVER_NEEDED);
    reviewed(d, badge(d, "p-truck", WANG));
}

/* I6, and what ends by itself. */
static void what_does_not_act_matches_nothing(void **state)
{
    struct park_day *d = *state;
    struct listed over = *BADGE_ENTRY(LI, REVIEW);
    struct listed later_on = *BADGE_ENTRY(WANG, REVIEW);
    over.until_us = d->w->now.us;
    later_on.from_us = d->w->now.us + MINUTE_US;
    (void)watch_list(d->w, 1, &over);
    (void)watch_list(d->w, 2, &later_on);
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    assert_hits(d, 0);
    later(d, 2 * MINUTE_US);
    reviewed(d, gate_badge(d->w, &d->a, "a-in", WANG));
    watch_authority_is(d->w, "key-60", true);
    later(d, MINUTE_US);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    watch_authority_is(d->w, "key-60", false);
    later(d, MINUTE_US);
    reviewed(d, gate_badge(d->w, &d->a, "a-in", WANG));
}

/* --- what the station gets --- */

static void a_hit_says_where_and_when_and_nothing_of_the_person(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, NOTIFY));
    int64_t at_us = d->w->now.us;
    (void)gate_badge(d->w, &d->a, "a-in", LI);
    const Parkgate__Reply *reply = hits(d, "0");
    assert_int_equal(row_count(reply), 1);
    static const char *const columns[] = {"number", "id",      "at_us", "gate",
                                          "lane",   "matcher", "how",   "test"};
    assert_int_equal(reply->n_column, ARRAY_LEN(columns));
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        assert_string_equal(reply->column[i], columns[i]);
    }
    char at[32];
    (void)snprintf(at, sizeof(at), "%lld", (long long)at_us);
    assert_string_equal(cell(reply, 0, "number"), "1");
    assert_string_equal(cell(reply, 0, "id"), "entry-1");
    assert_string_equal(cell(reply, 0, "at_us"), at);
    assert_string_equal(cell(reply, 0, "gate"), "gate-a");
    assert_string_equal(cell(reply, 0, "lane"), "a-in");
    assert_string_equal(cell(reply, 0, "matcher"), "badge");
    assert_string_equal(cell(reply, 0, "how"), "exact");
    assert_string_equal(cell(reply, 0, "test"), "no");
    assert_int_equal(row_count(hits(d, "1")), 0);
}

/* Later passages of a day are a number that stays in the park. */
static void a_person_is_one_hit_a_business_day(void **state)
{
    struct park_day *d = *state;
    struct handle entry = watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    for (int i = 0; i < 4; i++) {
        gate_walk(d->w, &d->a, i % 2 == 0 ? "a-in" : "a-out", LI);
        later(d, 60 * MINUTE_US);
    }
    assert_hits(d, 1);
    struct store_txn *txn = NULL;
    Parkgate__WatchDay *day = NULL;
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(hit_day_get(txn, entry, TUESDAY, &day, NULL), ERR_OK);
    assert_non_null(day);
    assert_int_equal(day->hits, 4);
    assert_int_equal(day->told, 1);
    parkgate__watch_day__free_unpacked(day, NULL);
    store_txn_destroy(&txn);
}

/* A night shift is one business day, though it goes over midnight. */
static void a_night_is_one_business_day(void **state)
{
    struct park_day *d = *state;
    char wu[HANDLE_TEXT_SIZE];
    person_with_badge(d->w, "acme", "Wu Qi", "04050607", "night", wu);
    (void)watch_list(d->w, 1, PERSON_ENTRY(wu, NOTIFY));
    world_pass(d->w, at_shanghai(TUESDAY, 21, 50) - d->w->now.us);
    gate_walk(d->w, &d->a, "a-in", "04050607");
    world_pass(d->w, at_shanghai(TUESDAY + 1, 0, 30) - d->w->now.us);
    gate_walk(d->w, &d->a, "a-out", "04050607");
    later(d, 30 * MINUTE_US);
    gate_walk(d->w, &d->a, "a-in", "04050607");
    world_pass(d->w, at_shanghai(TUESDAY + 1, 7, 10) - d->w->now.us);
    gate_walk(d->w, &d->a, "a-out", "04050607");
    assert_hits(d, 1);
    world_pass(d->w, at_shanghai(TUESDAY + 1, 21, 50) - d->w->now.us);
    gate_walk(d->w, &d->a, "a-in", "04050607");
    assert_hits(d, 2);
}

static void a_plate_is_one_hit_an_approach(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PLATE_ENTRY(TRUCK, NOTIFY));
    denied(d, plate(d, "a-truck", TRUCK),
           REASON_CREDENTIAL_UNKNOWN); /* nobody's, and at the gate */
    later(d, 30 * SECOND_US);
    (void)plate(d, "a-truck", TRUCK); /* it still stands there */
    assert_hits(d, 1);
    (void)plate(d, "p-leave", TRUCK);
    assert_hits(d, 2);
    later(d, 3 * MINUTE_US);
    (void)plate(d, "p-leave", TRUCK);
    assert_hits(d, 3);
}

static bool says(const Parkgate__Reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_note; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whoever handles the alert reads what the station wants done and whom to call; nobody else does,
 * and nobody once the entry's key is destroyed. */
static void the_guard_reads_what_to_do_and_whom_to_call(void **state)
{
    struct park_day *d = *state;
    char number[24];
    struct link_key guard = operator_key(d->w, 62, "guard", NULL, "a-in", NULL);
    struct link_key other = operator_key(d->w, 63, "guard", NULL, "b-in", NULL);
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, REVIEW));
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI));
    world_turn(d->w);
    const Parkgate__Reply *list = assert_done(ask(d->w, guard, "alert.list", NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   cell(list, row_with(list, "kind", "watch-hit"), "alert"));
    const Parkgate__Reply *shown =
        assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    assert_string_equal(note(shown, "instruction"),
                        watch_instruction_en(WATCH_INSTRUCTION_CHECK_DOCUMENT));
    assert_string_equal(note(shown, "instruction_zh"),
                        watch_instruction_zh(WATCH_INSTRUCTION_CHECK_DOCUMENT));
    assert_string_equal(note(shown, "contact"), CONTACT);
    assert_int_not_equal(ask(d->w, other, "alert.show", "alert", number, NULL)->error, 0);
    assert_int_not_equal(ask(d->w, d->w->admin, "alert.show", "alert", number, NULL)->error, 0);
    watch_swept(d->w, 1);
    shown = assert_done(ask(d->w, guard, "alert.show", "alert", number, NULL));
    assert_false(says(shown, "contact") || says(shown, "instruction"));
}

/* A plate that belongs to nobody proves the path. */
static void a_test_entry_is_marked(void **state)
{
    struct park_day *d = *state;
    struct listed test = *PLATE_ENTRY("浙A00000", NOTIFY);
    test.test = true;
    (void)watch_list(d->w, 1, &test);
    (void)plate(d, "a-truck", "浙A00000");
    assert_string_equal(cell(hits(d, "0"), 0, "test"), "yes");
    (void)watch_list(d->w, 2, PLATE_ENTRY(TRUCK, NOTIFY));
    (void)plate(d, "a-truck", TRUCK);
    world_turn(d->w);
    struct link_key auditor = operator_key(d->w, 64, "auditor", NULL, NULL, NULL);
    const Parkgate__Reply *stats = assert_done(ask(d->w, auditor, "alert.stats", NULL));
    size_t row = row_with(stats, "matcher", "test"); /* counted apart */
    assert_string_equal(cell(stats, row, "kind"), "watch-hit");
    assert_string_equal(cell(stats, row, "raised"), "1");
    assert_string_equal(cell(stats, row_with(stats, "matcher", "plate"), "raised"), "1");
}

/* --- late events --- */

static uint64_t offline_badge(struct park_day *d, const char *uid, int64_t ago_us)
{
    uint8_t bytes[BADGE_UID_MAX];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of("a-in");
    event.reader = text_of("a-in-reader");
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    MUST(bytes_from_hex(uid, bytes, strlen(uid) / 2));
    event.credential = (ProtobufCBinaryData){.len = strlen(uid) / 2, .data = bytes};
    event.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    event.captured_us = event.received_us = d->w->now.us - ago_us;
    event.outcome = OUTCOME_GRANT + 1;
    event.reason = REASON_GRANTED;
    event.verdict_source = SOURCE_AGENT;
    event.offline = true;
    return gate_event(d->w, &d->a, &event);
}

/* What a gate decided alone is found when the event arrives; nothing is found of the time before
 * the entry acted. */
static void a_late_event_is_a_hit_if_its_entry_acted_then(void **state)
{
    struct park_day *d = *state;
    later(d, 60 * MINUTE_US);
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, NOTIFY));
    (void)offline_badge(d, LI, 5 * MINUTE_US); /* captured before anybody looked for him */
    assert_hits(d, 0);
    later(d, 30 * MINUTE_US);
    (void)offline_badge(d, LI, 20 * MINUTE_US);
    assert_hits(d, 1);
    watch_authority_is(d->w, "key-60", true);
    (void)offline_badge(d, WANG, 20 * MINUTE_US);
    assert_hits(d, 1);
}

/* Bundle 1's entry was staged by its chunk, and its bundle closed an hour later: it acts since
 * then. A bundle that renews it later changes nothing of that. */
static void an_entry_acts_since_its_bundle_was_closed(void **state)
{
    struct park_day *d = *state;
    Parkgate__WatchRecord *record = NULL;
    uint8_t packed[512];
    uint32_t kind = WATCH_CHANGE_ADD;
    struct handle handle = {{0xee}};
    Parkgate__WatchBundle bundle = PARKGATE__WATCH_BUNDLE__INIT;
    Parkgate__WatchSlice slice = PARKGATE__WATCH_SLICE__INIT;
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, NOTIFY));
    handle.bytes[15] = 1;
    for (uint64_t number = 2; number <= 3; number++) { /* 2 adds it (anew), 3 renews it */
        watch_begin(d->w);
        assert_int_equal(watch_entry(d->w->ctl->txn, handle, &record, NULL), ERR_OK);
        bundle.authority = slice.authority = close.authority = text_of(STATION);
        bundle.number = slice.number = close.number = record->number = number;
        bundle.stage = record->stage = number + 1000000;
        record->since_us = number == 2 ? d->w->now.us : record->since_us;
        record->added = 2;
        free(record->previous.data); /* what is kept inside is the table's own */
        record->previous = (ProtobufCBinaryData){0};
        ProtobufCBinaryData row = {.data = packed,
                                   .len = parkgate__watch_record__pack(record, packed)};
        kind = number == 2 ? WATCH_CHANGE_ADD : WATCH_CHANGE_RENEW;
        slice.n_kind = slice.n_record = slice.first = 1;
        slice.kind = &kind;
        slice.record = &row;
        watch_record(d->w, ENTRY_WATCH_BEGIN, &bundle.base);
        watch_record(d->w, ENTRY_WATCH_SLICE, &slice.base);
        watch_end(d->w);
        parkgate__watch_record__free_unpacked(record, NULL);
        later(d, 60 * MINUTE_US);
        watch_begin(d->w);
        watch_record(d->w, ENTRY_WATCH_CLOSE, &close.base);
        watch_end(d->w);
        later(d, 30 * MINUTE_US);
        if (number == 2) {
            (void)offline_badge(d, LI, 60 * MINUTE_US); /* staged then, and not closed */
            assert_hits(d, 0);
        }
    }
    (void)offline_badge(d, LI, 100 * MINUTE_US); /* after bundle 2 was closed, before 3 was */
    assert_hits(d, 1);
}

static void a_late_event_of_another_day_is_that_days_hit(void **state)
{
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    later(d, DAY_US + MINUTE_US);
    (void)gate_badge(d->w, &d->a, "a-in", LI);
    assert_hits(d, 1);
    (void)offline_badge(d, LI, DAY_US);
    assert_hits(d, 2);
    (void)offline_badge(d, LI, DAY_US - 10 * MINUTE_US);
    assert_hits(d, 2);
}

/* --- faces --- */

/* A face alone is no exact match: it asks nobody to the desk, and is no hit before somebody
 * confirmed it. */
static void a_face_alone_is_no_hit(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "face.attach", "person", d->li, "subject", "li-1", "consent", "c1", "purpose",
                "entry", NULL);
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, REVIEW));
    assert_verdict(d->w, face(d, "a-in", "li-1"), OUTCOME_GRANT, REASON_GRANTED);
    assert_hits(d, 0);
    later(d, MINUTE_US);
    (void)badge(d, "p-face", LI);
    reviewed(d, face(d, "p-face", "li-1")); /* beside the badge it is the person */
    assert_hits(d, 1);
}

/* Nor beside the plate of what he drives, whichever of the two comes first. */
static void a_drivers_face_is_no_hit(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "face.attach", "person", d->li, "subject", "li-1", "consent", "c1", "purpose",
                "entry", NULL);
    book(d, d->li, "2026-03-02", "2026-03-03");
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, REVIEW));
    (void)plate(d, "p-truck", TRUCK);
    assert_verdict(d->w, face(d, "p-truck", "li-1"), OUTCOME_GRANT, REASON_GRANTED);
    later(d, 30 * MINUTE_US);
    (void)face(d, "p-truck", "li-1");
    assert_verdict(d->w, plate(d, "p-truck", TRUCK), OUTCOME_GRANT, REASON_GRANTED);
    assert_hits(d, 0);
    later(d, 30 * MINUTE_US);
    (void)plate(d, "p-truck", TRUCK);
    reviewed(d, badge(d, "p-truck", LI)); /* the badge is the person */
    assert_hits(d, 1);
}

/* --- rows that cannot be read --- */

/* All rows of these tables are what no program wrote. */
static void damage(struct park_day *d, size_t table)
{
    struct bytes key;
    struct bytes value;
    struct keybuf kept[8];
    size_t count = 0;
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    world_turn(d->w);
    assert_int_equal(store_begin_write(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, 8, &iter, NULL), ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        keybuf_begin(&kept[count]);
        keybuf_bytes(&kept[count++], key);
    }
    store_iter_end(&iter);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(store_put(txn, table, keybuf_view(&kept[i]), bytes_of_text("??"), NULL),
                         ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static uint64_t rows_of(struct park_day *d, size_t table)
{
    uint64_t count = 0;
    struct store_txn *txn = NULL;
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &count, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return count;
}

/* Who passes is granted as ever, and so is who passes in the same batch. */
static void a_damaged_row_of_the_list_stops_nobody(void **state)
{
    static const size_t tables[] = {TABLE_WATCH_DAY, TABLE_WATCH, TABLE_WATCH_TARGET,
                                    TABLE_WATCH_MATCH};
    struct park_day *d = *state;
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    (void)watch_list(d->w, 2, BADGE_ENTRY(WANG, NOTIFY));
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    assert_hits(d, 1);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        uint64_t before = rows_of(d, TABLE_EVENT);
        damage(d, tables[i]);
        later(d, 60 * MINUTE_US);
        granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
        granted(d, gate_badge(d->w, &d->a, "a-out", LI), REASON_EXIT);
        granted(d, gate_badge(d->w, &d->a, "a-in", ZHAO), REASON_GRANTED);
        granted(d, gate_badge(d->w, &d->a, "a-out", ZHAO), REASON_EXIT);
        assert_int_equal(rows_of(d, TABLE_EVENT), before + 4); /* and recorded */
    }
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    assert_int_equal(rows_of(d, TABLE_WATCH_HIT), 1);
}

/* Numbers of what is shown go on, and are as the journal says. */
static void a_damaged_count_of_hidden_entries_is_made_up(void **state)
{
    struct park_day *d = *state;
    uint64_t before = 0;
    uint64_t after = 0;
    uint64_t head = 0;
    struct store_txn *txn = NULL;
    (void)watch_list(d->w, 1, BADGE_ENTRY(LI, NOTIFY));
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    later(d, 60 * MINUTE_US);
    granted(d, gate_badge(d->w, &d->a, "a-out", LI), REASON_EXIT);
    turn_tick(d->w->ctl);
    world_turn(d->w);
    head = head_of(d->w).sequence;
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(hidden_shown(txn, head, &before, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_true(before < head);
    damage(d, TABLE_HIDDEN);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(hidden_shown(txn, head, &after, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HIT_TEST(a_review_entry_asks_to_the_desk_at_entries_alone),
        HIT_TEST(a_notify_entry_changes_no_verdict),
        HIT_TEST(a_denial_stays_what_it_is),
        HIT_TEST(a_listed_truck_or_driver_is_asked_with_the_second_read),
        HIT_TEST(what_does_not_act_matches_nothing),
        HIT_TEST(a_hit_says_where_and_when_and_nothing_of_the_person),
        HIT_TEST(a_person_is_one_hit_a_business_day),
        HIT_TEST(a_night_is_one_business_day),
        HIT_TEST(a_plate_is_one_hit_an_approach),
        HIT_TEST(the_guard_reads_what_to_do_and_whom_to_call),
        HIT_TEST(a_test_entry_is_marked),
        HIT_TEST(a_late_event_is_a_hit_if_its_entry_acted_then),
        HIT_TEST(an_entry_acts_since_its_bundle_was_closed),
        HIT_TEST(a_late_event_of_another_day_is_that_days_hit),
        HIT_TEST(a_face_alone_is_no_hit),
        HIT_TEST(a_drivers_face_is_no_hit),
        DAMAGED_TEST(a_damaged_row_of_the_list_stops_nobody),
        DAMAGED_TEST(a_damaged_count_of_hidden_entries_is_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
