/* Goal: what view libraries hand over waits sealed, once, and is gone when it is over; each key
 * sees its own. Method: the verbs of role library and of operators in one world; time is moved by
 * hand. */
#include "tests/unit/controller/harness.h"

#include "controller/app/dispositions.h"
#include "controller/app/turn.h"
#include "schema/viid.pb-c.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_same_is_one),      WORLD_TEST(another_key_has_its_own),
        WORLD_TEST(a_bad_row_is_refused), WORLD_TEST(what_is_over_cannot_be_read),
        WORLD_TEST(its_end_ends_it),      WORLD_TEST(a_withdrawal_twice_is_one),
        WORLD_TEST(a_change_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
