/* Goal: what view libraries hand over waits sealed, once, and is gone when it is over; each key
 * sees its own. Method: the verbs of role library and of operators in one world; time is moved by
 * hand. */
#include "tests/unit/controller/harness.h"

#include "common/access/civil.h"
#include "common/facts/people_store.h"
#include "common/facts/watch_store.h"
#include "controller/app/dispositions.h"
#include "controller/app/park_sign.h"
#include "controller/app/turn.h"
#include "controller/store/disposition_store.h"
#include "schema/viid.pb-c.h"
#include "schema/watch.h"

static struct world *w;
static struct link_key library, other;
static struct wall start;

static void begin(void **state)
{
    w = *state;
    start = w->now;
    library = operator_key(w, 50, "library", NULL, NULL, NULL);
    other = operator_key(w, 51, "library", NULL, NULL, NULL);
}

static struct viid_row {
    uint8_t packed[512];
    ProtobufCBinaryData field;
} row;

static const ProtobufCBinaryData *row_of(const char *id, const char *title, int64_t days)
{
    Parkgate__ViidDisposition said = PARKGATE__VIID_DISPOSITION__INIT;
    said.id = text_of(id);
    said.title = text_of(title);
    said.value = text_of("渝D2S030");
    said.target = VIID_TARGET_VEHICLE;
    said.end_us = start.us + days * 86400 * INT64_C(1000000);
    row.field.len = parkgate__viid_disposition__pack(&said, row.packed);
    row.field.data = row.packed;
    return &row.field;
}

static const Parkgate__Reply *hand(struct link_key key, const char *id, const char *title)
{
    return ask_rows(w, key, "library.hand", row_of(id, title, 20), 1, "peer", "police", "id", id,
                    "operate", "set", NULL);
}

static size_t waiting(void)
{
    return row_count(admin(w, "disposition.list", NULL));
}

static void the_same_is_one(void **state)
{
    begin(state);
    (void)assert_done(hand(library, "D-1", "a"));
    (void)assert_done(hand(library, "D-1", "a"));
    uint64_t before = head_of(w).sequence;
    (void)assert_done(hand(library, "D-1", "a"));
    assert_int_equal(head_of(w).sequence, before);
    (void)assert_done(hand(library, "", "a")); /* without an id */
    (void)assert_done(hand(library, "", "a"));
    assert_int_equal(waiting(), 2);
}

static void another_key_has_its_own(void **state)
{
    begin(state);
    (void)assert_done(hand(library, "D-1", "a"));
    assert_refused(ask(w, other, "library.look", "peer", "police", "id", "D-1", NULL),
                   ERROR_VIID_UNKNOWN);
    assert_refused(ask(w, library, "library.look", "peer", "elsewhere", "id", "D-1", NULL),
                   ERROR_VIID_UNKNOWN);
    (void)assert_done(hand(other, "D-1", "a"));
    assert_int_equal(waiting(), 2);
    (void)assert_done(
        ask(w, other, "library.hand", "peer", "police", "id", "D-1", "operate", "withdraw", NULL));
    assert_int_equal(waiting(), 1);
}

static void a_bad_row_is_refused(void **state)
{
    begin(state);
    const Parkgate__Reply *reply = ask_rows(w, library, "library.hand", row_of("D-1", "a", -1), 1,
                                            "peer", "police", "id", "D-1", "operate", "set", NULL);
    assert_refused(reply, ERROR_VIID_ROW);
    reply = ask_rows(w, library, "library.hand", row_of("D-1", "a", 1), 1, "peer", "police", "id",
                     "D-2", "operate", "set", NULL);
    assert_refused(reply, ERROR_VIID_ROW);
    reply = ask_rows(w, library, "library.hand", row_of("D-1", "a\n", 1), 1, "peer", "police", "id",
                     "D-1", "operate", "set", NULL);
    assert_refused(reply, ERROR_VIID_ROW);
    assert_refused(
        ask(w, library, "library.hand", "peer", "police", "id", "D-1", "operate", "set", NULL),
        ERROR_VIID_ROW);
    assert_refused(
        ask(w, library, "library.hand", "peer", "police", "id", "D-1", "operate", "x", NULL),
        ERROR_ARG_BAD);
    assert_int_equal(waiting(), 0);
}

static void what_is_over_cannot_be_read(void **state)
{
    begin(state);
    (void)assert_done(hand(library, "D-1", "a"));
    const Parkgate__Reply *list = admin(w, "disposition.list", NULL);
    char number[24];
    (void)snprintf(number, sizeof(number), "%s", cell(list, 0, "disposition"));
    size_t fields =
        row_count(admin(w, "disposition.show", "disposition", number, "reason", "x", NULL));
    (void)admin(w, "disposition.refuse", "disposition", number, "reason", "no order", NULL);
    const Parkgate__Reply *shown =
        admin(w, "disposition.show", "disposition", number, "reason", "x", NULL);
    assert_true(row_count(shown) < fields);
    for (size_t i = 0; i < row_count(shown); i++) {
        assert_string_not_equal(cell(shown, i, "field"), "value");
    }
    assert_refused(
        ask(w, w->admin, "disposition.refuse", "disposition", number, "reason", "x", NULL),
        ERROR_VIID_STATE);
}

static void its_end_ends_it(void **state)
{
    begin(state);
    (void)assert_done(hand(library, "D-1", "a"));
    world_pass(w, 19 * INT64_C(86400000000));
    turn_tick(w->ctl);
    world_turn(w);
    assert_int_equal(waiting(), 1);
    world_pass(w, 2 * INT64_C(86400000000));
    turn_tick(w->ctl);
    world_turn(w);
    assert_int_equal(waiting(), 0);
    const Parkgate__Reply *list = admin(w, "disposition.list", "all", "yes", NULL);
    assert_string_equal(cell(list, 0, "state"), "ended");
    assert_string_equal(
        note(assert_done(ask(w, library, "library.look", "peer", "police", "id", "D-1", NULL)),
             "status"),
        "2");
}

static void a_withdrawal_twice_is_one(void **state)
{
    begin(state);
    assert_refused(
        ask(w, library, "library.hand", "peer", "police", "id", "D-9", "operate", "withdraw", NULL),
        ERROR_VIID_UNKNOWN);
    (void)assert_done(hand(library, "D-1", "a"));
    for (int i = 0; i < 2; i++) {
        (void)assert_done(ask(w, library, "library.hand", "peer", "police", "id", "D-1", "operate",
                              "withdraw", NULL));
        assert_int_equal(waiting(), 0);
    }
    (void)assert_done(hand(library, "D-1", "a")); /* sent anew it is another one */
    assert_int_equal(waiting(), 1);
}

static void a_change_begins_anew(void **state)
{
    begin(state);
    (void)assert_done(hand(library, "D-1", "a"));
    (void)assert_done(hand(library, "D-1", "b"));
    const Parkgate__Reply *list = admin(w, "disposition.list", NULL);
    assert_int_equal(row_count(list), 1);
    assert_string_equal(cell(list, 0, "state"), "pending");
}

/* --- to an entry of the watch list, and its hits --- */

static struct link_key officer;

/* An authority that the park signs for, and a second person. */
static void begin_entering(void **state)
{
    struct sign_public ours;
    char hex[2 * sizeof(ours.bytes) + 1];
    begin(state);
    ours = park_sign_public(w->ctl);
    bytes_to_hex(BYTES_OF(ours.bytes), hex, sizeof(hex));
    agreed(w, "authority.add", "name", "east-viid", "title", "T", "public",
                "0000000000000000000000000000000000000000000000000000000000000a01", "sign", hex,
                "reason", "x", NULL);
    agreed(w, "authority.add", "name", "own-signed", "title", "T", "public",
                "0000000000000000000000000000000000000000000000000000000000000a02", "sign",
                "0000000000000000000000000000000000000000000000000000000000000a03", "reason", "x",
                NULL);
    officer = operator_key(w, 52, "security", NULL, NULL, NULL);
    (void)assert_done(hand(library, "D-1", "a"));
}

static const Parkgate__Reply *enter(const char *authority, const char *value, const char *until)
{
    return ask(w, w->admin, "disposition.enter", "disposition", "1", "authority", authority,
               "category", "court-order", "case", "A-2026-17", "basis", "CPL 82", "value", value,
               "applicant", "Li Wei", "contact", "duty desk", "until", until, NULL);
}

static const Parkgate__Reply *confirm(const char *value)
{
    return ask(w, officer, "disposition.confirm", "disposition", "1", "value", value, NULL);
}

static const char *until_days(int days)
{
    static char text[CIVIL_DATE_SIZE];
    civil_date_format((int32_t)(w->now.us / 86400000000) + days, text);
    return text;
}

static void only_what_the_park_signs(void **state)
{
    begin_entering(state);
    assert_refused(enter("own-signed", "渝D2S030", until_days(5)), ERROR_VIID_AUTHORITY);
    assert_refused(enter("nobody", "渝D2S030", until_days(5)), ERROR_NOT_FOUND);
    assert_refused(enter("east-viid", "渝D2S", until_days(5)), ERROR_ARG_BAD);
    assert_refused(confirm("渝D2S030"), ERROR_VIID_STATE);
    (void)admin(w, "authority.suspend", "name", "east-viid", "reason", "x", NULL);
    assert_refused(enter("east-viid", "渝D2S030", until_days(5)), ERROR_AUTHORITY_SUSPENDED);
}

static void another_person_and_the_same_value(void **state)
{
    begin_entering(state);
    (void)assert_done(enter("east-viid", "渝D2S030", until_days(5)));
    assert_refused(
        ask(w, w->admin, "disposition.confirm", "disposition", "1", "value", "渝D2S030", NULL),
        ERROR_VIID_SAME_PERSON);
    assert_refused(confirm("渝D2S031"), ERROR_VIID_VALUE);
    assert_string_equal(note(assert_done(confirm("渝D2S030")), "state"), "acting");
    assert_refused(confirm("渝D2S030"), ERROR_VIID_STATE);
    assert_refused(hand(library, "D-1", "other"), ERROR_VIID_ACTS);
    (void)assert_done(hand(library, "D-1", "a"));
    (void)assert_replays(w);
}

/* What changed after it was entered must be entered anew. */
static void a_change_voids_what_was_entered(void **state)
{
    begin_entering(state);
    (void)assert_done(enter("east-viid", "渝D2S030", until_days(5)));
    (void)assert_done(hand(library, "D-1", "b"));
    assert_refused(confirm("渝D2S030"), ERROR_VIID_STATE);
}

static void a_person_waits_for_the_countersignature(void **state)
{
    begin_entering(state);
    (void)assert_done(enter("east-viid", "11010519491231002X", until_days(5)));
    assert_string_equal(note(assert_done(confirm("11010519491231002X")), "state"), "waiting");
    assert_int_equal(row_count(assert_done(ask(w, officer, "watch.list", "waiting", "yes", NULL))),
                     1);
}

static void tell_hit(struct handle entry, uint64_t number)
{
    Parkgate__WatchHit hit = PARKGATE__WATCH_HIT__INIT;
    hit.entry = people_field(&entry);
    hit.authority = text_of("east-viid");
    hit.at_us = w->now.us;
    hit.matcher = WATCH_MATCHER_PLATE;
    hit.number = number;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    assert_int_equal(controller_record(w->ctl, ENTRY_WATCH_HIT, "", &hit.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&w->ctl->txn, NULL), ERR_OK);
    w->ctl->txn = NULL;
}

static size_t due(struct link_key key, const char *peer)
{
    return row_count(assert_done(ask(w, key, "library.due", "peer", peer, NULL)));
}

static void hits_are_due_until_they_are_told(void **state)
{
    struct handle entry;
    begin_entering(state);
    (void)assert_done(enter("east-viid", "渝D2S030", until_days(5)));
    assert_true(handle_from_text(note(assert_done(confirm("渝D2S030")), "entry"), &entry));
    assert_int_equal(due(library, "police"), 0);
    tell_hit(entry, 1);
    tell_hit(entry, 2);
    assert_int_equal(due(library, "police"), 2);
    assert_int_equal(due(library, "elsewhere"), 0);
    assert_int_equal(due(other, "police"), 0);
    const Parkgate__Reply *reply =
        assert_done(ask(w, library, "library.due", "peer", "police", NULL));
    assert_string_equal(cell(reply, 0, "disposition"), "D-1");
    assert_string_equal(cell(reply, 0, "plate"), "渝D2S030");
    assert_string_equal(cell(reply, 0, "notice"), "1");
    assert_refused(ask(w, other, "library.sent", "peer", "police", "notice", "1", NULL),
                   ERROR_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        (void)assert_done(ask(w, library, "library.sent", "peer", "police", "notice", "1", NULL));
        assert_int_equal(due(library, "police"), 1);
    }
    (void)assert_done(ask(w, library, "library.sent", "peer", "police", "notice", "2", NULL));
    tell_hit(entry, 3);
    reply = assert_done(ask(w, library, "library.due", "peer", "police", NULL));
    assert_string_equal(cell(reply, 0, "notice"), "3"); /* no number comes twice */
    (void)assert_replays(w);
}

static void a_withdrawal_ends_entry_and_notices(void **state)
{
    struct handle entry;
    Parkgate__WatchRecord *record = NULL;
    begin_entering(state);
    (void)assert_done(enter("east-viid", "渝D2S030", until_days(5)));
    assert_true(handle_from_text(note(assert_done(confirm("渝D2S030")), "entry"), &entry));
    tell_hit(entry, 1);
    (void)assert_done(ask(w, library, "library.hand", "peer", "police", "id", "D-1", "operate",
                          "withdraw", NULL));
    assert_int_equal(due(library, "police"), 0);
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    assert_int_equal(watch_entry(w->ctl->txn, entry, &record, NULL), ERR_OK);
    assert_int_equal(record->state, WATCH_STATE_WITHDRAWN);
    parkgate__watch_record__free_unpacked(record, NULL);
    store_txn_destroy(&w->ctl->txn);
    (void)assert_replays(w);
}

/* However many notices are due of one that is over: nobody is told them, a turn drops a few. */
static void what_is_over_is_dropped_in_slices(void **state)
{
    enum { MANY = 230 };
    struct handle entry;
    Parkgate__DispositionNotice *notice = NULL;
    struct store_txn *txn = NULL;
    begin_entering(state);
    (void)assert_done(enter("east-viid", "渝D2S030", until_days(5)));
    assert_true(handle_from_text(note(assert_done(confirm("渝D2S030")), "entry"), &entry));
    for (uint64_t number = 1; number <= MANY; number++) {
        tell_hit(entry, number);
    }
    assert_true(due(library, "police") > 0);
    uint64_t before = head_of(w).sequence;
    (void)assert_done(ask(w, library, "library.hand", "peer", "police", "id", "D-1", "operate",
                          "withdraw", NULL));
    assert_true(entries_of(w, ENTRY_DISPOSITION_NOTICE, before) < 100);
    assert_int_equal(due(library, "police"), 0);
    for (int i = 0; i < 6; i++) {
        before = head_of(w).sequence;
        world_pass(w, SECOND_US);
        turn_tick(w->ctl);
        world_turn(w);
        assert_true(entries_of(w, ENTRY_DISPOSITION_NOTICE, before) < 100);
    }
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(disposition_next_due(txn, 0, &notice, NULL), ERR_NOT_FOUND);
    store_txn_destroy(&txn);
    (void)assert_replays(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_same_is_one),
        WORLD_TEST(another_key_has_its_own),
        WORLD_TEST(a_bad_row_is_refused),
        WORLD_TEST(what_is_over_cannot_be_read),
        WORLD_TEST(its_end_ends_it),
        WORLD_TEST(a_withdrawal_twice_is_one),
        WORLD_TEST(a_change_begins_anew),
        WORLD_TEST(only_what_the_park_signs),
        WORLD_TEST(another_person_and_the_same_value),
        WORLD_TEST(a_change_voids_what_was_entered),
        WORLD_TEST(a_person_waits_for_the_countersignature),
        WORLD_TEST(hits_are_due_until_they_are_told),
        WORLD_TEST(a_withdrawal_ends_entry_and_notices),
        WORLD_TEST(what_is_over_is_dropped_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
