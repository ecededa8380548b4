/* Goal: only live keys of the right role are heard, from the very commit that changes that on, and
 * a gate's box enrols once with the right code in time. Method: a whole controller without its
 * shell, frames under known, foreign, revoked and new keys, and a clock that only the test moves.
 */
#include "controller/store/key_store.h"
#include "tests/unit/controller/harness.h"

#define LI "04010203"

/* --- keys --- */

static void an_unknown_key_changes_nothing(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct journal_head before = head_of(w);
    uint64_t refused = w->ctl->frames_refused;
    gate.key = key_of(55);
    sent_forget(w);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    (void)gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    assert_int_equal(w->sent_count, 0);
    assert_int_equal(w->ctl->frames_refused, refused + 2);
    assert_refused(ask(w, key_of(55), "status", NULL), ERROR_KEY_UNKNOWN);
    assert_int_equal(error_exit(ERROR_KEY_UNKNOWN), EXIT_NOT_PERMITTED);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void an_operators_key_is_no_gate(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    struct journal_head before = head_of(w);
    gate.key = w->admin;
    sent_forget(w);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    (void)gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    assert_int_equal(w->sent_count, 0);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void the_judge_lets_each_key_to_its_port(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct link_key stranger = key_of(55);
    gate_join(w, &gate, "gate-a", 1);
    assert_true(turn_allows(w->ctl, PORT_AGENTS, &gate.key));
    assert_false(turn_allows(w->ctl, PORT_OPERATORS, &gate.key));
    assert_true(turn_allows(w->ctl, PORT_OPERATORS, &w->admin));
    assert_false(turn_allows(w->ctl, PORT_AGENTS, &w->admin));
    assert_false(turn_allows(w->ctl, PORT_AGENTS, &stranger));
    assert_false(turn_allows(w->ctl, PORT_OPERATORS, &stranger));
    assert_true(turn_allows(w->ctl, PORT_ENROL, &stranger));
    (void)admin(w, "agent.revoke", "gate", "gate-a", "reason", "stolen", NULL);
    assert_true(turn_allows(w->ctl, PORT_AGENTS, &gate.key)); /* it is told why */
}

static size_t gate_row_of(struct world *w, const char *gate)
{
    size_t row = row_with(admin(w, "agent.list", NULL), "gate", gate);
    assert_true(row != SIZE_MAX);
    return row;
}

static const char *gate_state(struct world *w, const char *gate)
{
    size_t row = gate_row_of(w, gate);
    return cell(w->reply, row, "state");
}

/* The request of ask(), but the turn stays open. */
static void revoke_in_the_open_batch(struct world *w, const char *verb, const char *arg,
                                     const char *value)
{
    uint8_t frame[1024];
    char *names[] = {(char *)(uintptr_t)arg, (char *)(uintptr_t) "reason"};
    ProtobufCBinaryData values[] = {
        {.len = strlen(value), .data = (uint8_t *)(uintptr_t)value    },
        {.len = 6,             .data = (uint8_t *)(uintptr_t) "stolen"},
    };
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    request.verb = (char *)(uintptr_t)verb;
    request.n_arg = request.n_value = 2;
    request.arg = names;
    request.value = values;
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, 9999, &request.base, frame,
                                 sizeof(frame));
    world_frame(w, PORT_OPERATORS, w->admin, peer_of(200),
                (struct bytes){.data = frame, .size = size});
}

static void check_revoked_under_traffic(struct world *w, const char *verb, const char *arg,
                                        const char *value)
{
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    uint64_t before = head_of(w).sequence;
    uint64_t first = gate_badge(w, &gate, "a-in", LI);
    revoke_in_the_open_batch(w, verb, arg, value);
    uint64_t second = gate_badge(w, &gate, "a-out", LI);
    uint64_t third = gate_passage(w, &gate, "a-in", first, PASSAGE_PASSED);
    world_turn(w);
    assert_int_equal(answer_of(w, first, NULL), ANSWER_APPLIED);
    assert_false(has_verdict(w, second));
    assert_int_equal(answers_to(w, second) + answers_to(w, third), 0);
    (void)gate_badge(w, &gate, "a-in", LI);
    world_turn(w);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 1);
    assert_string_equal(gate_state(w, "gate-a"), "quarantined");
    assert_int_equal(faults_of(w, "gate-quarantined", before), 1);
    assert_true(row_with(admin(w, "status", NULL), "fault", "gate-quarantined") != SIZE_MAX);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    sent_forget(w);
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
    const struct sent *refused = sent_last(w, MESSAGE_HELLO_REFUSED);
    assert_non_null(refused);
    assert_int_equal(((const Parkgate__HelloRefused *)(const void *)refused->body)->error,
                     ERROR_KEY_REVOKED);
    assert_refused(ask(w, w->admin, "lane.open", "lane", "a-in", "reason", "x", NULL),
                   ERROR_GATE_AWAY);
    gate_join(w, &gate, "gate-a", 2); /* a new box ends it */
    assert_string_equal(gate_state(w, "gate-a"), "online");
    assert_true(row_with(admin(w, "status", NULL), "fault", "gate-quarantined") == SIZE_MAX);
    assert_granted(w, gate_badge(w, &gate, "a-out", LI), REASON_EXIT);
    world_turn(w);
    (void)assert_replays(w);
}

static void agent_revoke_under_traffic(void **state)
{
    check_revoked_under_traffic(*state, "agent.revoke", "gate", "gate-a");
}

/* --- a gate's next key --- */

static void offer_key(struct world *w, struct gate *gate, uint8_t number)
{
    uint8_t frame[256];
    struct link_key offered = key_of(number);
    Parkgate__Rekey message = PARKGATE__REKEY__INIT;
    message.gate = (char *)(uintptr_t) "gate-a";
    message.gate_key = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = offered.bytes};
    size_t size =
        envelope_write(gate->version, MESSAGE_REKEY, 0, &message.base, frame, sizeof(frame));
    world_frame(w, PORT_AGENTS, gate->key, gate->peer, (struct bytes){.data = frame, .size = size});
    world_turn(w);
}

static bool is_live(struct world *w, uint8_t number)
{
    struct link_key key = key_of(number);
    struct fault fault = {0};
    Parkgate__KeyRecord *record = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, &fault), ERR_OK);
    if (key_get(txn, BYTES_OF(key.bytes), &record, &fault) != ERR_OK) {
        return false;
    }
    bool live = record->revoked_us == 0;
    parkgate__key_record__free_unpacked(record, NULL);
    return live;
}

static void a_box_draws_one_key_an_order(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    offer_key(w, &gate, 40); /* nobody asked it to */
    assert_false(is_live(w, 40));
    (void)admin(w, "agent.rekey", "gate", "gate-a", "reason", "yearly", NULL);
    offer_key(w, &gate, 41);
    offer_key(w, &gate, 42);
    offer_key(w, &gate, 41);
    assert_true(is_live(w, 41));
    assert_false(is_live(w, 42));
    (void)assert_replays(w);
}

/* It may have kept those of earlier orders: none outlives the one that it speaks with. */
static void a_box_has_one_key_when_it_speaks_with_the_new_one(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    for (uint8_t number = 41; number <= 42; number++) {
        (void)admin(w, "agent.rekey", "gate", "gate-a", "reason", "yearly", NULL);
        offer_key(w, &gate, number);
    }
    assert_true(is_live(w, 1) && is_live(w, 41) && is_live(w, 42));
    gate.key = key_of(41);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    assert_true(is_live(w, 41));
    assert_false(is_live(w, 1) || is_live(w, 42));
    (void)admin(w, "agent.revoke", "gate", "gate-a", "reason", "stolen", NULL);
    assert_false(is_live(w, 41));
    (void)assert_replays(w);
}

static void key_revoke_of_a_gate_under_traffic(void **state)
{
    check_revoked_under_traffic(*state, "key.revoke", "name", "gate:gate-a");
}

static void a_revoked_operator_is_told_and_does_nothing(void **state)
{
    struct world *w = *state;
    struct link_key key = operator_key(w, 30, "operator", NULL, NULL, NULL);
    (void)assert_done(ask(w, key, "tenant.suspend", "name", "beta", "reason", "rent", NULL));
    (void)admin(w, "key.revoke", "name", "key-30", "reason", "left", NULL);
    struct journal_head before = head_of(w);
    assert_refused(ask(w, key, "tenant.resume", "name", "beta", "reason", "x", NULL),
                   ERROR_KEY_REVOKED);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
    size_t row = row_with(admin(w, "key.list", NULL), "name", "key-30");
    assert_string_equal(cell(w->reply, row, "state"), "revoked");
    (void)operator_key(w, 31, "operator", NULL, NULL, NULL);
    char hex[LINK_KEY_HEX_SIZE];
    link_key_to_hex(key, hex); /* a revoked key never comes back */
    assert_refused(
        ask(w, w->admin, "key.add", "name", "again", "public", hex, "role", "operator", NULL),
        ERROR_EXISTS);
}

static void keys_that_make_no_sense_are_not_added(void **state)
{
    struct world *w = *state;
    char hex[LINK_KEY_HEX_SIZE];
    char admin_hex[LINK_KEY_HEX_SIZE];
    link_key_to_hex(key_of(40), hex);
    link_key_to_hex(w->admin, admin_hex);
    struct journal_head before = head_of(w);
    static const struct {
        const char *name, *role, *tenant, *lanes, *hours;
        uint32_t error;
    } rows[] = {
        {"k",    "agent",    "",       "",             "",            ERROR_ARG_BAD    },
        {"k",    "king",     "",       "",             "",            ERROR_ARG_BAD    },
        {"k",    "tenant",   "",       "",             "",            ERROR_ARG_MISSING},
        {"k",    "agency",   "",       "",             "",            ERROR_ARG_MISSING},
        {"k",    "tenant",   "nobody", "",             "",            ERROR_NOT_FOUND  },
        {"k",    "guard",    "",       "",             "",            ERROR_ARG_MISSING},
        {"k",    "guard",    "",       "a-in,nowhere", "",            ERROR_NOT_FOUND  },
        {"k",    "guard",    "",       "a-in",         "8-17",        ERROR_ARG_BAD    },
        {"k",    "guard",    "",       "a-in",         "25:00-26:00", ERROR_ARG_BAD    },
        {"K!",   "operator", "",       "",             "",            ERROR_ARG_BAD    },
        {"root", "operator", "",       "",             "",            ERROR_EXISTS     },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const Parkgate__Reply *reply =
            ask(w, w->admin, "key.add", "name", rows[i].name, "public", hex, "role", rows[i].role,
                "tenant", rows[i].tenant, "lanes", rows[i].lanes, "hours", rows[i].hours, NULL);
        if (reply->error != rows[i].error) {
            fail_msg("row %zu: error %u", i, reply->error);
        }
    }
    assert_refused(
        ask(w, w->admin, "key.add", "name", "k", "public", "abc", "role", "operator", NULL),
        ERROR_ARG_BAD);
    assert_refused(
        ask(w, w->admin, "key.add", "name", "k", "public", admin_hex, "role", "operator", NULL),
        ERROR_EXISTS);
    assert_refused(ask(w, w->admin, "key.revoke", "name", "root", "reason", "x", NULL),
                   ERROR_ARG_BAD); /* nobody locks himself out */
    assert_refused(ask(w, w->admin, "key.revoke", "name", "nobody", "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

/* --- enrolment --- */

static const char *new_code(struct world *w, const char *gate)
{
    return note(admin(w, "agent.enroll", "gate", gate, NULL), "code");
}

static uint32_t join(struct world *w, uint8_t number, const char *gate, const char *code)
{
    uint8_t frame[1024];
    char *names[] = {(char *)(uintptr_t) "gate", (char *)(uintptr_t) "code"};
    ProtobufCBinaryData values[] = {
        {.len = strlen(gate), .data = (uint8_t *)(uintptr_t)gate},
        {.len = strlen(code), .data = (uint8_t *)(uintptr_t)code},
    };
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    request.verb = (char *)(uintptr_t) "agent.join";
    request.n_arg = request.n_value = 2;
    request.arg = names;
    request.value = values;
    size_t size =
        envelope_write(PROTOCOL_VERSION, MESSAGE_ENROL, 4, &request.base, frame, sizeof(frame));
    sent_forget(w);
    world_frame(w, PORT_ENROL, key_of(number), peer_of(number),
                (struct bytes){.data = frame, .size = size});
    world_turn(w);
    const struct sent *answer = sent_last(w, MESSAGE_ENROLLED);
    assert_non_null(answer);
    assert_int_equal(answer->sequence, 4);
    return ((const Parkgate__Reply *)(const void *)answer->body)->error;
}

static void the_right_code_works_once(void **state)
{
    struct world *w = *state;
    const char *code = new_code(w, "gate-a");
    assert_int_equal(strlen(code), 11);
    assert_int_equal(join(w, 1, "gate-a", code), 0);
    uint64_t before = head_of(w).sequence;
    assert_int_equal(join(w, 2, "gate-a", code), ERROR_ENROL_CODE);
    assert_int_equal(entries_of(w, ENTRY_KEY, before), 0);
    assert_string_equal(gate_state(w, "gate-a"), "away");
    assert_string_equal(gate_state(w, "gate-b"), "not-enrolled");
}

static void five_wrong_codes_void_it(void **state)
{
    struct world *w = *state;
    const char *code = new_code(w, "gate-a");
    for (int i = 0; i < LIMIT_ENROL_TRIES - 1; i++) {
        assert_int_equal(join(w, 1, "gate-a", "WRONG-WRONG"), ERROR_ENROL_CODE);
    }
    assert_int_equal(join(w, 1, "gate-a", code), 0); /* four may be wrong */
    code = new_code(w, "gate-a");
    for (int i = 0; i < LIMIT_ENROL_TRIES; i++) {
        assert_int_equal(join(w, 2, "gate-a", "WRONG-WRONG"), ERROR_ENROL_CODE);
    }
    assert_int_equal(join(w, 2, "gate-a", code), ERROR_ENROL_CODE);
    uint64_t head = head_of(w).sequence;
    assert_int_equal(join(w, 2, "gate-a", code), ERROR_ENROL_CODE);
    assert_int_equal(head_of(w).sequence, head); /* a void code fills no journal */
}

static void a_code_ends_after_fifteen_minutes(void **state)
{
    struct world *w = *state;
    const char *code = new_code(w, "gate-a");
    int64_t expires = strtoll(note(w->reply, "expires_us"), NULL, 10);
    world_pass(w, expires - w->now.us - (LIMIT_GROUP_COMMIT_MS + 1) * MS_US);
    assert_int_equal(join(w, 1, "gate-a", code), 0);
    code = new_code(w, "gate-a");
    expires = strtoll(note(w->reply, "expires_us"), NULL, 10);
    assert_true(expires - w->now.us <= 15 * MINUTE_US);
    world_pass(w, expires - w->now.us);
    assert_int_equal(join(w, 2, "gate-a", code), ERROR_ENROL_CODE);
}

static void codes_of_other_gates_and_replaced_ones_are_wrong(void **state)
{
    struct world *w = *state;
    const char *a = new_code(w, "gate-a");
    const char *b = new_code(w, "gate-b");
    assert_int_equal(join(w, 1, "gate-a", b), ERROR_ENROL_CODE);
    assert_int_equal(join(w, 1, "gate-b", a), ERROR_ENROL_CODE);
    assert_int_equal(join(w, 1, "nowhere", a), ERROR_ENROL_CODE);
    assert_int_equal(join(w, 1, "", a), ERROR_ENROL_CODE);
    const char *newer = new_code(w, "gate-a");
    assert_int_equal(join(w, 1, "gate-a", a), ERROR_ENROL_CODE);
    assert_int_equal(join(w, 1, "gate-a", newer), 0);
    assert_refused(ask(w, w->admin, "agent.enroll", "gate", "nowhere", NULL), ERROR_NOT_FOUND);
}

static void a_known_key_does_not_become_a_gate(void **state)
{
    struct world *w = *state;
    (void)operator_key(w, 30, "operator", NULL, NULL, NULL);
    struct gate gate;
    gate_join(w, &gate, "gate-b", 2);
    const char *code = new_code(w, "gate-a");
    uint64_t before = head_of(w).sequence;
    (void)join(w, 30, "gate-a", code);
    code = new_code(w, "gate-a");
    (void)join(w, 2, "gate-a", code);
    assert_int_equal(entries_of(w, ENTRY_KEY, before), 0);
    (void)assert_done(ask(w, key_of(30), "status", NULL));             /* still an operator */
    assert_granted(w, gate_badge(w, &gate, "b-out", LI), REASON_EXIT); /* still gate-b */
    world_turn(w);
}

static void a_new_box_ends_the_former_key(void **state)
{
    struct world *w = *state;
    struct gate old;
    struct gate new;
    gate_join(w, &old, "gate-a", 1);
    gate_join(w, &new, "gate-a", 2);
    assert_int_equal(new.epoch, old.epoch + 1); /* epochs rise over boxes */
    uint64_t before = head_of(w).sequence;
    (void)gate_badge(w, &old, "a-out", LI);
    world_turn(w);
    assert_int_equal(head_of(w).sequence, before);
    assert_string_equal(gate_state(w, "gate-a"), "online");
    assert_granted(w, gate_badge(w, &new, "a-out", LI), REASON_EXIT);
    world_turn(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_unknown_key_changes_nothing),
        WORLD_TEST(an_operators_key_is_no_gate),
        WORLD_TEST(the_judge_lets_each_key_to_its_port),
        WORLD_TEST(agent_revoke_under_traffic),
        WORLD_TEST(a_box_draws_one_key_an_order),
        WORLD_TEST(a_box_has_one_key_when_it_speaks_with_the_new_one),
        WORLD_TEST(key_revoke_of_a_gate_under_traffic),
        WORLD_TEST(a_revoked_operator_is_told_and_does_nothing),
        WORLD_TEST(keys_that_make_no_sense_are_not_added),
        WORLD_TEST(the_right_code_works_once),
        WORLD_TEST(five_wrong_codes_void_it),
        WORLD_TEST(a_code_ends_after_fifteen_minutes),
        WORLD_TEST(codes_of_other_gates_and_replaced_ones_are_wrong),
        WORLD_TEST(a_known_key_does_not_become_a_gate),
        WORLD_TEST(a_new_box_ends_the_former_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
