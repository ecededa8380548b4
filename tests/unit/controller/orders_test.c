/* Goal: a gate that says "opened by staff" is believed only where staff ordered that, for this
 * lane, about this read, and once; else nobody is let in by its word and it is told. Method: a
 * whole controller without its shell and a gate whose box lies; faults, entries and who is inside
 * are looked at. */
#include "tests/unit/controller/day_fixture.h"

#include "common/facts/tables.h"

#define STRANGER "0badbad1" /* without an assignment */
#define OTHER    "0badbad2"

struct orders {
    struct park_day *d;
    struct world *w;
    char person[HANDLE_TEXT_SIZE], other[HANDLE_TEXT_SIZE];
};

static struct orders orders_of(void **state)
{
    struct orders o = {.d = *state};
    o.w = o.d->w;
    person_with_badge(o.w, "acme", "Ma Hong", STRANGER, NULL, o.person);
    person_with_badge(o.w, "acme", "Gu Lin", OTHER, NULL, o.other);
    return o;
}

/* A read that is denied. */
static uint64_t shows(struct orders *o, const char *uid)
{
    uint64_t read = gate_badge(o->w, &o->d->a, "a-in", uid);
    world_turn(o->w);
    assert_denied(o->w, read, REASON_NO_ASSIGNMENT);
    return read;
}

/* The guard opens for the newest read, or for none; the command's number. */
static uint64_t order(struct orders *o, const char *lane, bool for_the_read)
{
    char journal[24];
    (void)snprintf(journal, sizeof(journal), "%llu", (unsigned long long)head_of(o->w).sequence);
    sent_forget(o->w);
    if (for_the_read) {
        (void)admin(o->w, "lane.open", "lane", lane, "reason", "seen", "presentation", journal,
                    NULL);
    } else {
        (void)admin(o->w, "lane.open", "lane", lane, "reason", "seen", NULL);
    }
    return ((const Parkgate__Command *)(void *)sent_last(o->w, MESSAGE_COMMAND)->body)
        ->command_sequence;
}

/* The gate says that it was done, and somebody passes. */
static void says_done(struct orders *o, uint64_t number, const char *lane, uint64_t read)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_COMMAND;
    event.lane = text_of(lane);
    event.command_sequence = number;
    event.command_result = COMMAND_DONE;
    event.presentation = read;
    world_pass(o->w, 100 * MS_US);
    uint64_t opened = gate_event(o->w, &o->d->a, &event);
    (void)gate_passage(o->w, &o->d->a, lane, opened, PASSAGE_PASSED);
    world_turn(o->w);
    assert_int_equal(answer_of(o->w, opened, NULL), ANSWER_APPLIED); /* it is on record */
}

static bool is_inside(struct orders *o, const char *person)
{
    return row_with(admin(o->w, "who", NULL), "person", person) != SIZE_MAX;
}

static void assert_not_believed(struct orders *o, uint64_t number, const char *lane, uint64_t read)
{
    uint64_t before = head_of(o->w).sequence;
    says_done(o, number, lane, read);
    assert_int_equal(faults_of(o->w, "not-ordered", before), 1);
    assert_false(is_inside(o, o->person));
    assert_false(is_inside(o, o->other));
}

static void what_nobody_ordered_lets_nobody_in(void **state)
{
    struct orders o = orders_of(state);
    uint64_t read = shows(&o, STRANGER);
    assert_not_believed(&o, 1, "a-in", read);
    assert_not_believed(&o, 1, "a-in", 0);
    assert_not_believed(&o, 0, "a-in", read);
    assert_not_believed(&o, UINT64_MAX, "a-in", read);
    const Parkgate__Reply *reply = admin(o.w, "events", "kind", "command-result", NULL);
    bool told = false;
    for (size_t row = 0; row < row_count(reply); row++) {
        told = told || strstr(cell(reply, row, "text"), "1 done, not ordered") != NULL;
    }
    assert_true(told);
    (void)assert_replays(o.w);
}

static uint64_t lanes_standing_open(struct orders *o)
{
    uint64_t lanes = 0;
    struct store_txn *txn = NULL;
    world_turn(o->w);
    assert_int_equal(store_begin_read(o->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_STANDING, &lanes, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return lanes;
}

/* Else one key takes as many places of a limited zone as it likes. */
static void what_nobody_ordered_takes_no_place(void **state)
{
    struct orders o = orders_of(state);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_COMMAND;
    event.lane = text_of("a-in");
    event.command_sequence = 7;
    event.command_result = COMMAND_DONE;
    uint64_t before = lanes_standing_open(&o);
    (void)gate_event(o.w, &o.d->a, &event);
    assert_int_equal(lanes_standing_open(&o), before);
    event.command_sequence = order(&o, "a-in", false);
    (void)gate_event(o.w, &o.d->a, &event);
    assert_int_equal(lanes_standing_open(&o), before + 1);
    (void)assert_replays(o.w);
}

static void what_was_ordered_is_no_fault(void **state)
{
    struct orders o = orders_of(state);
    uint64_t before = head_of(o.w).sequence;
    says_done(&o, order(&o, "a-in", false), "a-in", 0);
    uint64_t read = shows(&o, STRANGER);
    says_done(&o, order(&o, "a-in", true), "a-in", read);
    assert_true(is_inside(&o, o.person));
    gate_again(o.w, &o.d->a); /* sent again, it is the same */
    world_turn(o.w);
    uint64_t number = order(&o, "a-in", false);
    world_restart(o.w); /* it comes late, after a restart */
    Parkgate__Hello hello = gate_hello_message(o.w, &o.d->a);
    gate_send_hello(o.w, &o.d->a, &hello);
    world_pass(o.w, 3600 * SECOND_US);
    says_done(&o, number, "a-in", 0);
    assert_int_equal(faults_of(o.w, "not-ordered", before), 0);
    (void)assert_replays(o.w);
}

static void an_order_is_for_one_lane_one_read_and_once(void **state)
{
    struct orders o = orders_of(state);
    uint64_t other = shows(&o, OTHER);
    uint64_t read = shows(&o, STRANGER);
    uint64_t number = order(&o, "a-in", true);
    assert_not_believed(&o, number, "a-in", other);
    assert_not_believed(&o, number, "a-in", 0);
    assert_not_believed(&o, number, "a-both", read);
    uint64_t plain = order(&o, "a-in", false);
    assert_not_believed(&o, plain, "a-in", read);
    says_done(&o, plain, "a-in", 0);
    assert_not_believed(&o, plain, "a-in", 0); /* the second time */
    says_done(&o, number, "a-in", read);
    assert_true(is_inside(&o, o.person));
    (void)assert_replays(o.w);
}

/* A box whose outbox began anew tells again what was not answered: the same order of the same read.
 */
static void an_order_survives_a_new_epoch(void **state)
{
    struct orders o = orders_of(state);
    struct gate *gate = &o.d->a;
    int64_t shown_us = o.w->now.us;
    (void)shows(&o, STRANGER);
    uint64_t number = order(&o, "a-in", true);
    struct gate before = *gate;
    Parkgate__Hello hello = gate_hello_message(o.w, gate);
    hello.last_sequence--; /* an image of before */
    gate->peer = peer_of(99);
    gate_send_hello(o.w, gate, &hello);
    const Parkgate__Welcome *welcome = (const void *)sent_last(o.w, MESSAGE_WELCOME)->body;
    assert_int_equal(welcome->epoch, before.epoch + 1);
    gate->epoch = welcome->epoch;
    gate->sequence = 0;
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    static const uint8_t uid[] = {0x0b, 0xad, 0xba, 0xd1};
    read.kind = EVENT_PRESENTATION;
    read.lane = text_of("a-in");
    read.reader = text_of("a-in-reader");
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = (uint8_t *)uid};
    read.captured_us = read.received_us = shown_us;
    uint64_t again = gate_event(o.w, gate, &read);
    uint64_t from = head_of(o.w).sequence;
    says_done(&o, number, "a-in", again);
    assert_int_equal(faults_of(o.w, "not-ordered", from), 0);
    assert_true(is_inside(&o, o.person));
}

/* A restored controller goes on above what its gates have taken; a gate that says much has no order
 * by that. */
static void a_number_that_the_gate_raised_is_no_order(void **state)
{
    struct orders o = orders_of(state);
    uint64_t read = shows(&o, STRANGER);
    Parkgate__Hello hello = gate_hello_message(o.w, &o.d->a);
    hello.command_sequence = 1000;
    gate_send_hello(o.w, &o.d->a, &hello);
    assert_not_believed(&o, 1000, "a-in", read);
    assert_not_believed(&o, 7, "a-in", read);
    assert_int_equal(order(&o, "a-in", false), 1001);
}

static void orders_are_kept_until_others_came(void **state)
{
    struct orders o = orders_of(state);
    struct store_txn *txn = NULL;
    uint64_t rows = 0;
    uint64_t first = order(&o, "a-in", false);
    for (int i = 0; i < LIMIT_COMMANDS_KEPT - 1; i++) {
        (void)order(&o, "a-in", false);
    }
    uint64_t before = head_of(o.w).sequence;
    says_done(&o, first, "a-in", 0);
    assert_int_equal(faults_of(o.w, "not-ordered", before), 0);
    (void)order(&o, "a-in", false);
    assert_not_believed(&o, first, "a-in", 0);
    assert_int_equal(store_begin_read(o.w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_COMMAND, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(rows, LIMIT_COMMANDS_KEPT);
    (void)assert_replays(o.w);
}

/* What was refused or came too late opened nothing: it is marked, and nobody is called. */
static void what_opened_nothing_is_only_marked(void **state)
{
    struct orders o = orders_of(state);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_COMMAND;
    event.lane = text_of("a-in");
    event.command_sequence = 5;
    event.command_result = COMMAND_EXPIRED;
    uint64_t before = head_of(o.w).sequence;
    (void)gate_event(o.w, &o.d->a, &event);
    world_turn(o.w);
    assert_int_equal(faults_of(o.w, "not-ordered", before), 0);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(o.w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    assert_true(entry->not_ordered);
    parkgate__event_entry__free_unpacked(entry, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(what_nobody_ordered_lets_nobody_in),
        DAY_TEST(what_nobody_ordered_takes_no_place),
        DAY_TEST(what_was_ordered_is_no_fault),
        DAY_TEST(an_order_is_for_one_lane_one_read_and_once),
        DAY_TEST(an_order_survives_a_new_epoch),
        DAY_TEST(a_number_that_the_gate_raised_is_no_order),
        DAY_TEST(orders_are_kept_until_others_came),
        DAY_TEST(what_opened_nothing_is_only_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
