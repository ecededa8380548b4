/* Goal: of two boxes with one gate's key one is refused and both together are told, while a box
 * that comes back, or takes another's place, is welcomed and nothing is told. Method: a whole
 * controller without its shell; boxes with the same key speak by several connections, with the same
 * outbox and with others, and the clock decides who is heard when. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

enum { OTHER = 50, THIRD = 51 }; /* connections */

/* The same key by another connection; `store`: another outbox. */
static struct gate box_of(const struct gate *gate, uint8_t connection, uint8_t store)
{
    struct gate box = *gate;
    box.peer = peer_of(connection);
    if (store != 0) {
        memset(box.store_id, store, sizeof(box.store_id));
        box.epoch = 0;
        box.sequence = 0;
        box.last_size = 0;
    }
    return box;
}

/* It has taken the emergency of that number. */
static void say_hello_showing(struct world *w, struct gate *box, uint64_t number)
{
    Parkgate__Hello hello = gate_hello_message(w, box);
    hello.emergency = number;
    sent_forget(w);
    gate_send(w, box, MESSAGE_HELLO, 0, &hello.base);
    world_turn(w);
}

static void say_hello(struct world *w, struct gate *box)
{
    say_hello_showing(w, box, 0);
}

static bool is_peer(const struct sent *sent, const struct gate *box)
{
    return sent != NULL && memcmp(sent->peer.id, box->peer.id, sizeof(sent->peer.id)) == 0;
}

static void assert_welcomed(struct world *w, struct gate *box)
{
    say_hello(w, box);
    assert_int_equal(sent_count(w, MESSAGE_HELLO_REFUSED), 0);
    assert_true(is_peer(sent_last(w, MESSAGE_WELCOME), box));
    const Parkgate__Welcome *welcome = (const void *)sent_last(w, MESSAGE_WELCOME)->body;
    box->sequence = welcome->epoch == box->epoch ? box->sequence : 0;
    box->epoch = welcome->epoch;
}

static void assert_refused_box(struct world *w, struct gate *box)
{
    say_hello(w, box);
    assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
    const struct sent *sent = sent_last(w, MESSAGE_HELLO_REFUSED);
    assert_true(is_peer(sent, box));
    const Parkgate__HelloRefused *refused = (const void *)sent->body;
    assert_int_equal(refused->error, ERROR_GATE_TWICE);
    assert_string_equal(refused->arg[0], box->name);
    assert_string_equal(refused->arg[1], "6");
}

static void beat_showing(struct world *w, struct gate *box, uint64_t number)
{
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    message.wall_us = w->now.us;
    message.emergency = number;
    gate_send(w, box, MESSAGE_HEARTBEAT, 0, &message.base);
    world_turn(w);
}

static void beat(struct world *w, struct gate *box)
{
    beat_showing(w, box, 0);
}

/* Heartbeats of the box for so long. */
static void beats(struct world *w, struct gate *box, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        world_pass(w, SECOND_US);
        beat(w, box);
    }
}

static bool is_told(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "two-boxes") != SIZE_MAX;
}

/* --- a box that comes back, or takes another's place --- */

static void a_box_comes_back_at_once_however_often(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    uint32_t epoch = gate.epoch;
    for (uint8_t i = 0; i < 200; i++) { /* as fast as an agent says HELLO, and faster at first */
        struct gate back = box_of(&gate, (uint8_t)(20 + i), 0);
        assert_welcomed(w, &back);
        assert_int_equal(back.epoch, epoch);
        world_pass(w, i < GUARD_HELLOS / 2 ? 0 : SECOND_US);
    }
    assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 0);
    assert_int_equal(entries_of(w, ENTRY_FAULT, before), 0);
}

/* What the connection before had sent comes behind the HELLO of the new one: it changes nothing,
 * and its events are sent again. */
static void what_comes_late_by_the_old_connection_is_asked_for_again(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate back = box_of(&gate, OTHER, 0);
    assert_welcomed(w, &back);
    uint64_t before = head_of(w).sequence;
    uint64_t sequence = gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_RETRY);
    assert_false(has_verdict(w, sequence));
    assert_int_equal(head_of(w).sequence, before);
    sent_forget(w);
    (void)gate_badge(w, &back, "a-out", LI);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    assert_true(is_peer(sent_last(w, MESSAGE_ACK), &back));
    beats(w, &back, 20);
    assert_int_equal(faults_of(w, "two-boxes", 0), 0);
}

/* It did not notice that its connection was made anew. */
static void a_heartbeat_by_a_new_connection_is_answered_say_hello(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate back = box_of(&gate, OTHER, 0);
    sent_forget(w);
    beat(w, &back);
    assert_int_equal(sent_count(w, MESSAGE_HEARTBEAT), 0);
    assert_true(is_peer(sent_last(w, MESSAGE_ACK), &back));
    const Parkgate__Ack *ack = (const void *)sent_last(w, MESSAGE_ACK)->body;
    assert_int_equal(ack->epoch, gate.epoch);
    assert_int_equal(ack->n_answer, 1);
    assert_int_equal(ack->answer[0], ANSWER_RETRY);
    assert_int_equal(ack->sequence[0], 0);
    assert_welcomed(w, &back);
}

static void a_replaced_box_waits_until_the_old_one_is_silent(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    beats(w, &gate, 3);
    struct gate new_box = box_of(&gate, OTHER, 0xaa);
    assert_refused_box(w, &new_box);
    beat(w, &gate); /* sent before it was switched off */
    world_pass(w, 4 * SECOND_US);
    assert_refused_box(w, &new_box);
    assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 0);
    world_pass(w, 3 * SECOND_US);
    assert_welcomed(w, &new_box);
    assert_int_equal(new_box.epoch, gate.epoch + 1);
    beats(w, &new_box, 20);
    assert_int_equal(faults_of(w, "two-boxes", 0), 0);
}

/* A store that was wiped under a running box: the connection is its own. */
static void the_same_connection_may_change_its_outbox(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate wiped = gate;
    memset(wiped.store_id, 0xaa, sizeof(wiped.store_id));
    wiped.epoch = 0;
    assert_welcomed(w, &wiped);
    assert_int_equal(wiped.epoch, gate.epoch + 1);
    beats(w, &wiped, 20);
    assert_int_equal(faults_of(w, "two-boxes", 0), 0);
}

/* --- a stolen key --- */

static void a_thief_is_refused_and_both_are_told(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    struct gate thief = box_of(&gate, OTHER, 0xaa);
    thief.epoch = gate.epoch;
    assert_refused_box(w, &thief);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(faults_of(w, "two-boxes", before), i < 6 ? 0 : 1);
        world_pass(w, SECOND_US);
        beat(w, &gate);
    }
    assert_true(is_told(w));
    uint64_t sequence = gate_badge(w, &thief, "a-out", LI);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_RETRY);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 0);
    sent_forget(w);
    (void)gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    assert_true(is_peer(sent_last(w, MESSAGE_ACK), &gate));
    (void)assert_replays(w);
}

/* Nothing but HELLO is taken from a connection that has no session: neither what is to be sent
 * there, nor a key, nor what is told of devices. */
static void what_a_thief_says_is_not_the_gates_word(void **state)
{
    struct world *w = *state;
    struct gate gate;
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    Parkgate__Rekey rekey = PARKGATE__REKEY__INIT;
    struct link_key drawn = key_of(77);
    char *board = (char *)(uintptr_t) "a-board";
    uint32_t down = DEVICE_DOWN;
    gate_join(w, &gate, "gate-a", 1);
    admin(w, "agent.rekey", "gate", "gate-a", "reason", "yearly", NULL);
    struct journal_head before = head_of(w);
    struct gate thief = box_of(&gate, OTHER, 0);
    message.wall_us = w->now.us - 3600 * SECOND_US;
    message.outbox_permille = 1000;
    message.n_device = message.n_state = 1;
    message.device = &board;
    message.state = &down;
    gate_send(w, &thief, MESSAGE_HEARTBEAT, 0, &message.base);
    rekey.gate = (char *)(uintptr_t) "gate-a";
    rekey.gate_key = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = drawn.bytes};
    gate_send(w, &thief, MESSAGE_REKEY, 0, &rekey.base);
    Parkgate__CopyHave have = PARKGATE__COPY_HAVE__INIT;
    gate_send(w, &thief, MESSAGE_COPY_HAVE, 0, &have.base);
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    gate_send(w, &thief, MESSAGE_RECALL, 0, &recall.base);
    world_turn(w);
    assert_int_equal(head_of(w).sequence, before.sequence);
    sent_forget(w);
    admin(w, "lane.open", "lane", "a-in", "reason", "guest", NULL);
    assert_true(is_peer(sent_last(w, MESSAGE_COMMAND), &gate));
}

/* It came first, while the gate was cut off: then the gate is refused, and told of. */
static void a_thief_who_came_first_is_told_when_the_gate_is_back(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    world_pass(w, 10 * SECOND_US);
    struct gate thief = box_of(&gate, OTHER, 0xaa);
    assert_welcomed(w, &thief);
    uint64_t before = head_of(w).sequence;
    struct gate back = box_of(&gate, THIRD, 0);
    for (int i = 0; i < 4; i++) {
        beats(w, &thief, 2);
        assert_refused_box(w, &back);
    }
    beats(w, &thief, 2);
    assert_int_equal(faults_of(w, "two-boxes", before), 1);
}

/* The disk was copied, so both have the same outbox. */
static void two_with_one_outbox_are_told(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate copy = box_of(&gate, OTHER, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(faults_of(w, "two-boxes", 0), 0);
        assert_welcomed(w, &copy);
        world_pass(w, SECOND_US);
        assert_welcomed(w, &gate);
        world_pass(w, SECOND_US);
    }
    assert_welcomed(w, &copy);
    assert_int_equal(faults_of(w, "two-boxes", 0), 1);
}

static void it_is_told_until_the_key_ends(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate thief = box_of(&gate, OTHER, 0xaa);
    assert_refused_box(w, &thief);
    beats(w, &gate, 7);
    assert_true(is_told(w));
    beats(w, &gate, 100); /* the thief is silent now: the key is still stolen */
    assert_true(is_told(w));
    gate_enrol(w, "gate-a", key_of(9));
    assert_false(is_told(w));
}

/* The own box comes back meanwhile, and is not kept waiting by what the thief used up. */
static void a_flood_of_a_thief_keeps_nobody_from_coming_back(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct gate thief = box_of(&gate, OTHER, 0);
    uint64_t before = head_of(w).sequence;
    size_t answered = 0;
    for (int i = 0; i < 500; i++) {
        memset(thief.store_id, i % 200 + 1, sizeof(thief.store_id));
        thief.store_id[0] = 0xff;
        say_hello(w, &thief);
        answered += sent_count(w, MESSAGE_HELLO_REFUSED);
    }
    assert_in_range(answered, GUARD_RIVALS, GUARD_RIVALS + 10);
    assert_int_equal(head_of(w).sequence, before);
    struct gate back = box_of(&gate, THIRD, 0);
    assert_welcomed(w, &back);
}

/* Who has the session has not the alarm: the box that is refused is told what holds, and what the
 * other one shows is not the gate's word. */
static void a_thief_does_not_keep_the_alarm_from_the_gate(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    world_pass(w, 10 * SECOND_US);
    struct gate thief = box_of(&gate, OTHER, 0xaa);
    assert_welcomed(w, &thief);
    struct gate back = box_of(&gate, THIRD, 0);
    assert_refused_box(w, &back);
    assert_int_equal(sent_count(w, MESSAGE_EMERGENCY), 0);
    admin(w, "emergency.start", "reason", "gas", NULL);
    const Parkgate__Emergency *told = (const void *)sent_last(w, MESSAGE_EMERGENCY)->body;
    uint64_t number = told->number;
    for (int i = 0; i < GUARD_RIVALS + 10; i++) { /* whatever the thief has used up */
        say_hello(w, &back);
        assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
        assert_int_equal(sent_count(w, MESSAGE_EMERGENCY), 1);
        assert_true(is_peer(sent_last(w, MESSAGE_EMERGENCY), &back));
        told = (const void *)sent_last(w, MESSAGE_EMERGENCY)->body;
        assert_int_equal(told->number, number);
        assert_int_equal(told->state, EMERGENCY_EVACUATION);
    }
    for (int i = 0; i < 7; i++) {
        world_pass(w, SECOND_US);
        beat_showing(w, &thief, number);
    }
    assert_true(is_told(w));
    const Parkgate__Reply *show = admin(w, "emergency.show", NULL);
    assert_string_equal(cell(show, row_with(show, "gate", "gate-a"), "taken"), "no");
    say_hello_showing(w, &back, number);
    assert_int_equal(sent_count(w, MESSAGE_EMERGENCY), 0);
    admin(w, "emergency.end", "reason", "over", NULL);
    say_hello(w, &back);
    assert_int_equal(sent_count(w, MESSAGE_EMERGENCY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_box_comes_back_at_once_however_often),
        WORLD_TEST(what_comes_late_by_the_old_connection_is_asked_for_again),
        WORLD_TEST(a_heartbeat_by_a_new_connection_is_answered_say_hello),
        WORLD_TEST(a_replaced_box_waits_until_the_old_one_is_silent),
        WORLD_TEST(the_same_connection_may_change_its_outbox),
        WORLD_TEST(a_thief_is_refused_and_both_are_told),
        WORLD_TEST(what_a_thief_says_is_not_the_gates_word),
        WORLD_TEST(a_thief_who_came_first_is_told_when_the_gate_is_back),
        WORLD_TEST(two_with_one_outbox_are_told),
        WORLD_TEST(it_is_told_until_the_key_ends),
        WORLD_TEST(a_flood_of_a_thief_keeps_nobody_from_coming_back),
        WORLD_TEST(a_thief_does_not_keep_the_alarm_from_the_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
