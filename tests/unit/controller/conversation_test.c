/* Goal: HELLO, epochs, versions and bad frames are answered as schema/GRAMMAR.md says, and what
 * makes no sense changes nothing. Method: a whole controller without its shell; gates say HELLO
 * with right and wrong outboxes, and frames are bent byte by byte while the journal's head is
 * compared. */
#include "tests/unit/controller/harness.h"

static const Parkgate__Welcome *welcome_of(struct world *w)
{
    const struct sent *sent = sent_last(w, MESSAGE_WELCOME);
    assert_non_null(sent);
    return (const void *)sent->body;
}

static const Parkgate__HelloRefused *refused_of(struct world *w)
{
    const struct sent *sent = sent_last(w, MESSAGE_HELLO_REFUSED);
    assert_non_null(sent);
    return (const void *)sent->body;
}

static void new_gate_gets_epoch_one_and_its_rows(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    assert_int_equal(gate.epoch, 1);
    assert_int_equal(welcome_of(w)->version, PROTOCOL_VERSION);
    assert_int_equal(welcome_of(w)->applied, 0);
    assert_int_equal(welcome_of(w)->config_version, 1);
    assert_true(welcome_of(w)->wall_us > 0);
    const struct sent *sent = sent_last(w, MESSAGE_CONFIG);
    assert_non_null(sent);
    const Parkgate__Config *config = (const void *)sent->body;
    assert_int_equal(config->part, 1);
    assert_int_equal(config->parts, 1);
    assert_int_equal(config->n_row, (1 + 2 + 10 + 9 + 1) + (4 + 3 + 2 + 1 + 1));
    /* park, gates, lanes, its readers and board; zones, tenants, shifts, schedule, holiday */
    for (size_t i = 0; i < config->n_row; i++) {
        Parkgate__ParkRow *row =
            parkgate__park_row__unpack(NULL, config->row[i].len, config->row[i].data);
        assert_non_null(row);
        bool device = row->kind == PARK_READER || row->kind == PARK_BOARD;
        assert_true(!device || strncmp(row->name, "b-", 2) != 0); /* of others nothing */
        parkgate__park_row__free_unpacked(row, NULL);
    }
}

static void same_outbox_fits(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-in", "04010203");
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    hello.config_version = 1;
    sent_forget(w);
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(welcome_of(w)->epoch, gate.epoch);
    assert_int_equal(welcome_of(w)->applied, 1);
    assert_int_equal(sent_count(w, MESSAGE_CONFIG), 0); /* it has them */
    assert_int_equal(head_of(w).sequence, before);
}

static void more_in_the_outbox_fits(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    uint8_t digest[SEAL_HASH_SIZE] = {9};
    hello.last_sequence = 40; /* made while the controller was away */
    hello.last_digest = (ProtobufCBinaryData){.len = sizeof(digest), .data = digest};
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(welcome_of(w)->epoch, 1);
}

/* Each bends one thing of an outbox that held one event. */
static void wipe(Parkgate__Hello *hello)
{
    static uint8_t other[16] = {0xee};
    hello->store_id.data = other;
    hello->epoch = 0;
    hello->last_sequence = 0;
    hello->last_digest.len = 0;
}

/* An image of before: its last event is known, and there was one after it. */
static struct seal_hash digest_before;

static void go_back(Parkgate__Hello *hello)
{
    hello->last_sequence--;
    hello->last_digest.data = digest_before.bytes;
}

static void go_back_to_nothing(Parkgate__Hello *hello)
{
    hello->last_sequence = 0;
    hello->last_digest.len = 0;
}

static void change_digest(Parkgate__Hello *hello)
{
    static uint8_t other[SEAL_HASH_SIZE] = {0xdd};
    hello->last_digest.data = other;
}

static void other_store(Parkgate__Hello *hello)
{
    static uint8_t other[16] = {0xaa};
    hello->store_id.data = other;
}

static void other_epoch(Parkgate__Hello *hello)
{
    hello->epoch += 3;
}

static void restored_outboxes_get_a_new_epoch_and_a_fault(void **state)
{
    struct world *w = *state;
    static void (*const bends[])(Parkgate__Hello *) = {
        wipe, go_back, go_back_to_nothing, change_digest, other_store, other_epoch};
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    for (size_t i = 0; i < ARRAY_LEN(bends); i++) {
        (void)gate_badge(w, &gate, "a-in", "04010203");
        digest_before = gate.last_digest;
        (void)gate_badge(w, &gate, "a-in", "04010204");
        world_turn(w);
        uint64_t before = head_of(w).sequence;
        Parkgate__Hello hello = gate_hello_message(w, &gate);
        bends[i](&hello);
        if (bends[i] == go_back || bends[i] == go_back_to_nothing) {
            gate.peer = peer_of((uint8_t)(100 + i)); /* its agent was started anew */
        }
        gate_send_hello(w, &gate, &hello);
        /* an epoch that neither side has used */
        uint32_t used = hello.epoch > gate.epoch ? hello.epoch : gate.epoch;
        assert_int_equal(welcome_of(w)->epoch, used + 1);
        assert_int_equal(welcome_of(w)->applied, 0);
        assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 1);
        assert_int_equal(faults_of(w, "outbox-restored", before), 1);
        gate.epoch = welcome_of(w)->epoch;
        gate.sequence = 0;
        memcpy(gate.store_id, hello.store_id.data, sizeof(gate.store_id));
    }
    (void)assert_replays(w);
}

/* Of a live connection: an outbox does not go back below a running agent, and what it told of in
 * this epoch must not be told of in another. */
static void a_hello_that_events_overtook_orders_no_epoch(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-in", "04010203");
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    struct seal_hash digest = gate.last_digest;
    hello.last_digest.data = digest.bytes;
    (void)gate_badge(w, &gate, "a-in", "04010204");
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(welcome_of(w)->epoch, gate.epoch);
    assert_int_equal(welcome_of(w)->applied, gate.sequence);
    assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 0);
    assert_int_equal(faults_of(w, "outbox-restored", before), 0);
}

/* The agent repeats HELLO while the first one is still on its way. */
static void a_repeated_hello_gets_the_epoch_ordered_before(void **state)
{
    struct world *w = *state;
    static uint8_t other[16] = {0xaa};
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-in", "04010203");
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    hello.store_id.data = other;
    gate_send(w, &gate, MESSAGE_HELLO, 0, &hello.base);
    gate_send(w, &gate, MESSAGE_HELLO, 0, &hello.base); /* in the same batch */
    world_turn(w);
    hello.last_sequence++; /* it went on reading */
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(welcome_of(w)->epoch, gate.epoch + 1);
    assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 1);
    assert_int_equal(faults_of(w, "outbox-restored", before), 1);
    gate.epoch++;
    gate.sequence = 0;
    memcpy(gate.store_id, other, sizeof(other));
    (void)gate_badge(w, &gate, "a-in", "04010203");
    world_turn(w);
    gate_send_hello(w, &gate, &hello); /* an event of that epoch came: this is another outbox */
    assert_int_equal(welcome_of(w)->epoch, gate.epoch + 1);
    assert_int_equal(entries_of(w, ENTRY_AGENT_EPOCH, before), 2);
}

static void clocks_of_any_number_are_survived(void **state)
{
    struct world *w = *state;
    static const int64_t times[] = {INT64_MIN, INT64_MAX};
    struct gate gate;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        Parkgate__Hello hello = gate_hello_message(w, &gate);
        hello.wall_us = beat.wall_us = times[i];
        gate_send_hello(w, &gate, &hello);
        gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        world_turn(w);
        assert_true(row_with(admin(w, "status", NULL), "fault", "clock-off") != SIZE_MAX);
    }
}

static void old_epoch_is_answered_retry(void **state)
{
    struct world *w = *state;
    struct gate gate;
    uint32_t error = 0;
    gate_join(w, &gate, "gate-a", 1);
    gate.epoch = 9;
    uint64_t before = head_of(w).sequence;
    uint64_t sequence = gate_badge(w, &gate, "a-out", "04010203");
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_RETRY);
    assert_int_equal(error, ERROR_EPOCH_WRONG);
    assert_false(has_verdict(w, sequence));
    assert_int_equal(head_of(w).sequence, before);
}

static void event_before_hello_is_answered_retry(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    world_restart(w);
    uint64_t before = head_of(w).sequence;
    uint64_t sequence = gate_badge(w, &gate, "a-out", "04010203");
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_RETRY);
    assert_int_equal(head_of(w).sequence, before);
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    gate_again(w, &gate);
    assert_granted(w, sequence, REASON_EXIT);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
}

static void foreign_gate_name_is_refused(void **state)
{
    struct world *w = *state;
    struct gate a;
    gate_join(w, &a, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    a.name = "gate-b";
    Parkgate__Hello hello = gate_hello_message(w, &a);
    sent_forget(w);
    gate_send_hello(w, &a, &hello);
    assert_int_equal(refused_of(w)->error, ERROR_GATE_NOT_YOURS);
    assert_string_equal(refused_of(w)->arg[0], "gate-b");
    assert_string_equal(refused_of(w)->arg[1], "gate-a");
    assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
    assert_int_equal(head_of(w).sequence, before);
}

/* --- versions --- */

static void highest_common_version_is_chosen(void **state)
{
    struct world *w = *state;
    struct gate gate;
    static const struct {
        uint32_t oldest, newest, chosen; /* 0: refused */
    } rows[] = {
        {1, 1,   1},
        {1, 2,   2},
        {2, 2,   2},
        {1, 9,   2},
        {2, 300, 2},
        {3, 9,   0},
        {0, 0,   0}
    };
    gate_join(w, &gate, "gate-a", 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Parkgate__Hello hello = gate_hello_message(w, &gate);
        hello.version_oldest = rows[i].oldest;
        hello.version = rows[i].newest;
        sent_forget(w);
        gate_send_hello(w, &gate, &hello);
        if (rows[i].chosen == 0) {
            assert_int_equal(refused_of(w)->error, ERROR_FRAME_VERSION);
            assert_int_equal(sent_count(w, MESSAGE_WELCOME), 0);
        } else {
            assert_int_equal(welcome_of(w)->version, rows[i].chosen);
            assert_int_equal(sent_last(w, MESSAGE_WELCOME)->version, rows[i].chosen);
        }
    }
}

/* A version-1 agent does not know `direction` (26) and `presentation_epoch` (28), and says a field
 * that we do not know: 1000, of three bytes. */
static uint64_t event_of_version_1(struct world *w, struct gate *gate, const uint8_t uid[4])
{
    static const uint8_t unknown[] = {0xc2, 0x3e, 0x03, 'o', 'l', 'd'}; /* 1000 << 3 | 2 */
    uint8_t body[512];
    uint8_t frame[1024];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.epoch = gate->epoch;
    event.sequence = ++gate->sequence;
    event.kind = EVENT_PRESENTATION;
    event.lane = (char *)(uintptr_t) "a-in";
    event.reader = (char *)(uintptr_t) "a-in-reader";
    event.received_us = event.captured_us = w->now.us;
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    event.credential = (ProtobufCBinaryData){.len = 4, .data = (uint8_t *)(uintptr_t)uid};
    size_t size = parkgate__event__pack(&event, body);
    memcpy(body + size, unknown, sizeof(unknown));
    size += sizeof(unknown);
    size = envelope_wrap(1, MESSAGE_EVENT, event.sequence,
                         (struct bytes){.data = body, .size = size}, frame, sizeof(frame));
    world_frame(w, PORT_AGENTS, gate->key, gate->peer, (struct bytes){.data = frame, .size = size});
    return event.sequence;
}

static void version_1_agent_works_and_unknown_fields_survive(void **state)
{
    struct world *w = *state;
    struct gate gate;
    static const uint8_t uid[4] = {0x04, 1, 2, 3};
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", "04010203", "day", NULL);
    gate.version = 1;
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    hello.version = 1;
    gate_send_hello(w, &gate, &hello);
    assert_int_equal(welcome_of(w)->version, 1);
    uint64_t sequence = event_of_version_1(w, &gate, uid);
    assert_granted(w, sequence, REASON_GRANTED);
    assert_int_equal(sent_last(w, MESSAGE_VERDICT)->version, 1);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(sent_last(w, MESSAGE_ACK)->version, 1);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    static const uint8_t kept[] = {0xc2, 0x3e, 0x03, 'o', 'l', 'd'};
    assert_int_equal(entry->unknown_fields.len, sizeof(kept));
    assert_memory_equal(entry->unknown_fields.data, kept, sizeof(kept));
    parkgate__event_entry__free_unpacked(entry, NULL);
    (void)assert_replays(w);
}

/* --- frames --- */

struct bad_frame {
    const char *what;
    size_t size;
    size_t at; /* this byte becomes `value` */
    uint8_t value;
};

static void bad_frames_change_nothing_and_are_counted(void **state)
{
    struct world *w = *state;
    struct gate gate;
    static const struct bad_frame rows[] = {
        {"empty envelope",     1,  0,  'P'            },
        {"truncated envelope", 15, 0,  'P'            },
        {"magic",              64, 0,  'X'            },
        {"reserved",           64, 3,  1              },
        {"version 0",          64, 2,  0              },
        {"version 3",          64, 2,  3              },
        {"version 255",        64, 2,  255            },
        {"kind 99",            64, 5,  99             },
        {"kind 511",           64, 4,  1              },
        {"a welcome",          64, 5,  MESSAGE_WELCOME},
        {"a request",          64, 5,  MESSAGE_REQUEST},
        {"an enrolment",       64, 5,  MESSAGE_ENROL  },
        {"cut body",           30, 0,  'P'            },
        {"garbage body",       64, 16, 0xff           },
        {"group in body",      64, 16, 0x0b           },
    };
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-in", "04010203");
    world_turn(w);
    gate.last_frame[15]++; /* as if it were the next sequence */
    struct journal_head before = head_of(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t frame[64];
        uint64_t refused = w->ctl->frames_refused;
        memcpy(frame, gate.last_frame, sizeof(frame));
        frame[rows[i].at] = rows[i].value;
        sent_forget(w);
        world_frame(w, PORT_AGENTS, gate.key, gate.peer,
                    (struct bytes){.data = frame, .size = rows[i].size});
        world_turn(w);
        if (w->ctl->frames_refused != refused + 1 || w->sent_count != 0) {
            fail_msg("%s: refused %llu, answered %zu", rows[i].what,
                     (unsigned long long)(w->ctl->frames_refused - refused), w->sent_count);
        }
    }
    struct journal_head after = head_of(w);
    assert_int_equal(after.sequence, before.sequence);
    assert_memory_equal(after.hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void every_cut_of_a_good_frame_is_survived(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-in", "04010203");
    world_turn(w);
    uint64_t applied = head_of(w).sequence;
    for (size_t size = 0; size < gate.last_size; size++) {
        world_frame(w, PORT_AGENTS, gate.key, gate.peer,
                    (struct bytes){.data = gate.last_frame, .size = size});
        world_frame(w, PORT_OPERATORS, w->admin, peer_of(200),
                    (struct bytes){.data = gate.last_frame, .size = size});
        world_frame(w, PORT_ENROL, key_of(77), peer_of(77),
                    (struct bytes){.data = gate.last_frame, .size = size});
        world_turn(w);
        sent_forget(w);
    }
    /* A cut between two fields is a whole message: another content under a known sequence. None is
     * applied. */
    assert_int_equal(entries_of(w, ENTRY_EVENT, applied), 0);
    (void)assert_replays(w);
}

static void full_frame_of_64_kib_and_an_event_over_4_kib(void **state)
{
    struct world *w = *state;
    struct gate gate;
    static uint8_t frame[LIMIT_FRAME_BYTES];
    uint32_t error = 0;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    memset(frame, 0, sizeof(frame));
    memcpy(frame, "PG\2\0\0\5", 6);
    world_frame(w, PORT_AGENTS, gate.key, gate.peer, BYTES_OF(frame));
    world_turn(w);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    static uint8_t text[252] = {250, 1}; /* its length, 250, in front */
    ProtobufCMessageUnknownField many[20];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = (ProtobufCMessageUnknownField){.tag = 1000,
                                                 .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                                 .len = sizeof(text),
                                                 .data = text};
    }
    event.kind = EVENT_TAMPER;
    event.lane = (char *)(uintptr_t) "a-in";
    event.base.unknown_fields = many;
    event.base.n_unknown_fields = ARRAY_LEN(many);
    uint64_t sequence = gate_event(w, &gate, &event);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_FRAME_OVERSIZED);
    assert_int_equal(head_of(w).sequence, before + 2); /* kept aside, and its fault */
}

/* --- heartbeats and silence --- */

static void heartbeats_are_answered_and_silence_is_a_fault(void **state)
{
    struct world *w = *state;
    struct gate gate;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    beat.wall_us = w->now.us;
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    const Parkgate__Heartbeat *reply = (const void *)sent_last(w, MESSAGE_HEARTBEAT)->body;
    assert_int_equal(reply->echo_us, beat.wall_us);
    uint64_t before = head_of(w).sequence;
    world_pass(w, LIMIT_SILENCE_MS * MS_US + MS_US);
    turn_tick(w->ctl);
    world_turn(w);
    turn_tick(w->ctl);
    world_turn(w);
    assert_int_equal(faults_of(w, "gate-away", before), 1);
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "state"), "away");
    beat.wall_us = w->now.us;
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    assert_int_equal(faults_of(w, "gate-away", before), 2); /* begun and ended */
    assert_string_equal(note(admin(w, "status", NULL), "open_faults"), "0");
    assert_string_equal(cell(admin(w, "agent.list", NULL), 0, "state"), "online");
}

static void a_clock_that_is_off_is_a_fault_until_it_is_right(void **state)
{
    struct world *w = *state;
    struct gate gate;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    beat.wall_us = w->now.us - 1500 * MS_US;
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    size_t row = row_with(admin(w, "status", NULL), "fault", "clock-off");
    assert_true(row != SIZE_MAX);
    beat.wall_us = w->now.us;
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    assert_true(row_with(admin(w, "status", NULL), "fault", "clock-off") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(new_gate_gets_epoch_one_and_its_rows),
        WORLD_TEST(same_outbox_fits),
        WORLD_TEST(more_in_the_outbox_fits),
        WORLD_TEST(restored_outboxes_get_a_new_epoch_and_a_fault),
        WORLD_TEST(a_hello_that_events_overtook_orders_no_epoch),
        WORLD_TEST(a_repeated_hello_gets_the_epoch_ordered_before),
        WORLD_TEST(clocks_of_any_number_are_survived),
        WORLD_TEST(old_epoch_is_answered_retry),
        WORLD_TEST(event_before_hello_is_answered_retry),
        WORLD_TEST(foreign_gate_name_is_refused),
        WORLD_TEST(highest_common_version_is_chosen),
        WORLD_TEST(version_1_agent_works_and_unknown_fields_survive),
        WORLD_TEST(bad_frames_change_nothing_and_are_counted),
        WORLD_TEST(every_cut_of_a_good_frame_is_survived),
        WORLD_TEST(full_frame_of_64_kib_and_an_event_over_4_kib),
        WORLD_TEST(heartbeats_are_answered_and_silence_is_a_fault),
        WORLD_TEST(a_clock_that_is_off_is_a_fault_until_it_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
