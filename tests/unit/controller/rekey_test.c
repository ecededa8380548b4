/* Goal: a gate's key is replaced only when it was asked for, and its events are the same events
 * under the new key. Method: a whole controller without its shell; one gate that draws another key.
 */
#include "controller/app/rekey.h"
#include "tests/unit/controller/harness.h"

#define LI "04010203"

enum { NEXT = 90, STRANGER = 91 };

static struct gate begin(struct world *w)
{
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    return gate;
}

static void offer(struct world *w, struct gate *gate, const struct link_key *key)
{
    Parkgate__Rekey message = PARKGATE__REKEY__INIT;
    message.gate = text_of(gate->name);
    message.gate_key =
        (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = (uint8_t *)(uintptr_t)key->bytes};
    gate_send(w, gate, MESSAGE_REKEY, 0, &message.base);
    world_turn(w);
}

static bool is_told_back(const struct world *w, const struct link_key *key)
{
    const struct sent *sent = sent_last(w, MESSAGE_REKEY);
    const Parkgate__Rekey *message = sent == NULL ? NULL : (const void *)sent->body;
    return message != NULL && message->gate_key.len == LINK_KEY_SIZE &&
           memcmp(message->gate_key.data, key->bytes, LINK_KEY_SIZE) == 0;
}

/* Asked for, offered, known, and spoken with. */
static void rekey(struct world *w, struct gate *gate, uint8_t number)
{
    struct link_key next = key_of(number);
    (void)admin(w, "agent.rekey", "gate", gate->name, "reason", "yearly", NULL);
    const struct sent *order = sent_last(w, MESSAGE_REKEY);
    assert_non_null(order);
    assert_true(((const Parkgate__Rekey *)(const void *)order->body)->draw);
    offer(w, gate, &next);
    assert_true(is_told_back(w, &next));
    gate->key = next;
    Parkgate__Hello hello = gate_hello_message(w, gate);
    gate_send_hello(w, gate, &hello);
}

static void an_event_is_the_same_under_the_new_key(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    uint64_t read = gate_badge(w, &gate, "a-in", LI);
    world_turn(w);
    assert_granted(w, read, REASON_GRANTED);
    uint32_t epoch = gate.epoch;
    rekey(w, &gate, NEXT);
    const Parkgate__Welcome *welcome = (const void *)sent_last(w, MESSAGE_WELCOME)->body;
    assert_int_equal(welcome->epoch, epoch);
    assert_int_equal(welcome->applied, read);
    uint64_t before = head_of(w).sequence;
    gate_again(w, &gate); /* the answer was lost: it comes once more, by the new key */
    world_turn(w);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 0);
    assert_int_equal(answer_of(w, read, NULL), ANSWER_APPLIED);
    uint64_t passage = gate_passage(w, &gate, "a-in", read, PASSAGE_PASSED);
    world_turn(w);
    assert_int_equal(answer_of(w, passage, NULL), ANSWER_APPLIED);
    (void)assert_replays(w);
}

static void the_old_key_ends_with_the_first_word_of_the_new_one(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    struct gate old = gate;
    rekey(w, &gate, NEXT);
    assert_int_equal(faults_of(w, "outbox-restored", 0), 0);
    sent_forget(w);
    uint64_t before = head_of(w).sequence;
    (void)gate_badge(w, &old, "a-in", LI);
    world_turn(w);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 0);
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "state"), "online");
    rekey(w, &gate, NEXT + 10); /* and again: the identity stays the first one */
    assert_granted(w, gate_badge(w, &gate, "a-in", LI), REASON_GRANTED);
}

static void nobody_offers_a_key_unasked(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    struct link_key stranger = key_of(STRANGER);
    uint64_t refused = w->ctl->frames_refused;
    uint64_t before = head_of(w).sequence;
    offer(w, &gate, &stranger);
    assert_false(is_told_back(w, &stranger));
    assert_int_equal(w->ctl->frames_refused, refused + 1);
    assert_int_equal(head_of(w).sequence, before);
}

static void a_key_that_is_somebodys_is_not_taken(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    (void)admin(w, "agent.rekey", "gate", "gate-a", "reason", "x", NULL);
    sent_forget(w);
    offer(w, &gate, &w->admin);
    assert_int_equal(sent_count(w, MESSAGE_REKEY), 0);
    assert_done(ask(w, w->admin, "journal.head", NULL));
}

static void a_revocation_ends_both_keys(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    struct link_key next = key_of(NEXT);
    (void)admin(w, "agent.rekey", "gate", "gate-a", "reason", "x", NULL);
    offer(w, &gate, &next);
    assert_true(is_told_back(w, &next));
    (void)admin(w, "agent.revoke", "gate", "gate-a", "reason", "stolen", NULL);
    gate.key = next;
    sent_forget(w);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "state"), "quarantined");
}

static void a_gate_that_is_away_cannot(void **state)
{
    struct world *w = *state;
    assert_refused(ask(w, w->admin, "agent.rekey", "gate", "gate-b", "reason", "x", NULL),
                   ERROR_GATE_AWAY);
    assert_refused(ask(w, w->admin, "agent.rekey", "gate", "gate-z", "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, w->admin, "agent.rekey", "gate", "gate-b", NULL), ERROR_REASON_NEEDED);
}

static void the_controllers_next_key_is_told_until_it_is_kept(void **state)
{
    struct world *w = *state;
    struct gate gate = begin(w);
    struct link_key next = key_of(NEXT);
    Parkgate__Rekey kept = PARKGATE__REKEY__INIT;
    sent_forget(w);
    rekey_server_next(w->ctl, next);
    assert_int_equal(sent_count(w, MESSAGE_REKEY), 1);
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "server_key"), "waiting");
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(sent_count(w, MESSAGE_REKEY), 2); /* said again */
    kept.gate = text_of("gate-a");
    kept.server_key = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = next.bytes};
    gate_send(w, &gate, MESSAGE_REKEY, 0, &kept.base);
    world_turn(w);
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "server_key"), "kept");
    (void)assert_replays(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_event_is_the_same_under_the_new_key),
        WORLD_TEST(the_old_key_ends_with_the_first_word_of_the_new_one),
        WORLD_TEST(nobody_offers_a_key_unasked),
        WORLD_TEST(a_key_that_is_somebodys_is_not_taken),
        WORLD_TEST(a_revocation_ends_both_keys),
        WORLD_TEST(a_gate_that_is_away_cannot),
        WORLD_TEST(the_controllers_next_key_is_told_until_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
