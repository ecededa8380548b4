#include "tests/unit/controller/harness.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/app/batch.h"

/* --- the world --- */

int64_t at_shanghai(int32_t day, int hour, int minute)
{
    return (((int64_t)day * 24 + hour - 8) * 60 + minute) * MINUTE_US;
}

/* splitmix64: good enough to be all different, and the same for the same seed. */
static void draw(void *ctx, uint8_t *out, size_t size)
{
    struct world *w = ctx;
    for (size_t i = 0; i < size; i++) {
        uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
}

static const ProtobufCMessageDescriptor *descriptor_of(uint16_t kind)
{
    switch (kind) {
    case MESSAGE_WELCOME:
        return &parkgate__welcome__descriptor;
    case MESSAGE_HELLO_REFUSED:
        return &parkgate__hello_refused__descriptor;
    case MESSAGE_CONFIG:
        return &parkgate__config__descriptor;
    case MESSAGE_VERDICT:
        return &parkgate__verdict__descriptor;
    case MESSAGE_ACK:
        return &parkgate__ack__descriptor;
    case MESSAGE_COMMAND:
        return &parkgate__command__descriptor;
    case MESSAGE_HEARTBEAT:
        return &parkgate__heartbeat__descriptor;
    case MESSAGE_SUBJECTS:
        return &parkgate__subjects__descriptor;
    case MESSAGE_REKEY:
        return &parkgate__rekey__descriptor;
    case MESSAGE_COPY_PART:
        return &parkgate__copy_part__descriptor;
    case MESSAGE_EMERGENCY:
        return &parkgate__emergency__descriptor;
    case MESSAGE_RECALL:
        return &parkgate__recall__descriptor;
    case MESSAGE_MUSTER:
        return &parkgate__muster__descriptor;
    case MESSAGE_ANCHOR:
        return &parkgate__anchor__descriptor;
    case MESSAGE_REPLY:
    case MESSAGE_ENROLLED:
        return &parkgate__reply__descriptor;
    default:
        return NULL;
    }
}

static void keep_sent(void *ctx, enum port port, const struct link_peer *peer, struct bytes frame)
{
    struct world *w = ctx;
    struct envelope envelope;
    struct complaint c = {0};
    MUST(w->sent_count < SENT_MAX && envelope_read(frame, &envelope, &c));
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(envelope.kind);
    MUST(descriptor != NULL);
    ProtobufCMessage *body =
        protobuf_c_message_unpack(descriptor, NULL, envelope.body.size, envelope.body.data);
    MUST(body != NULL);
    w->sent[w->sent_count++] = (struct sent){.port = port,
                                             .peer = *peer,
                                             .version = envelope.version,
                                             .kind = envelope.kind,
                                             .sequence = envelope.sequence,
                                             .committed = head_of(w).sequence,
                                             .body = body};
    if (world_sees != NULL) {
        world_sees(&w->sent[w->sent_count - 1]);
    }
}

static enum err start_job(void *ctx, uint64_t job, const char *const args[], struct fault *fault)
{
    struct world *w = ctx;
    (void)fault;
    w->last_job = job;
    (void)snprintf(w->job_name, sizeof(w->job_name), "%s", args[0]);
    w->jobs++;
    return ERR_OK;
}

static void make_controller(struct world *w, const Parkgate__Genesis *genesis)
{
    struct fault fault = {0};
    struct turn_options options = {
        .store = w->store,
        .keys = w->keys,
        .entropy = &w->entropy,
        .gates_key = {.bytes = {9}},
        .index_keys = w->index_keys,
        .outlet = {.send = keep_sent, .job = start_job, .ctx = w},
        .zoneinfo = PARKGATE_SOURCE_DIR "/tests/data/zoneinfo",
        .in_work = &w->in_work,
        .genesis = genesis,
        .now = w->now,
        .mono = w->mono,
    };
    if (turn_create(&options, &w->ctl, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    turn_begin(w->ctl, w->now, w->mono);
}

static struct store *open_store(const char *dir, bool keys, size_t map_size)
{
    struct store *store = NULL;
    struct fault fault = {0};
    struct store_options options = {.dir = dir,
                                    .kind = keys ? KEY_STORE_KIND : CONTROLLER_STORE_KIND,
                                    .version = keys ? KEY_STORE_VERSION : CONTROLLER_STORE_VERSION,
                                    .tables = keys ? key_table_names : table_names,
                                    .table_count = keys ? KEY_TABLE_COUNT : TABLE_COUNT,
                                    .map_size = map_size,
                                    .create = true};
    if (store_open(&options, &store, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return store;
}

struct store *empty_store(const char *dir)
{
    return open_store(dir, false, (size_t)256 << 20);
}

struct world *world_open(const struct world_options *options)
{
    struct world *w = calloc(1, sizeof(*w));
    struct fault fault = {0};
    MUST(w != NULL);
    if (seal_init(&fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    const char *where = getenv("TMPDIR");
    (void)snprintf(w->dir, sizeof(w->dir), "%s/parkgate-controller-XXXXXX",
                   where == NULL || strlen(where) > 32 ? "/tmp" : where);
    assert_non_null(mkdtemp(w->dir));
    (void)snprintf(w->store_dir, sizeof(w->store_dir), "%s/store", w->dir);
    (void)snprintf(w->keys_dir, sizeof(w->keys_dir), "%s/keys", w->dir);
    size_t map_size = options->map_size == 0 ? (size_t)256 << 20 : options->map_size;
    w->store = open_store(w->store_dir, false, map_size);
    w->keys = open_store(w->keys_dir, true, map_size);
    w->random = options->seed == 0 ? 1 : options->seed;
    w->entropy = (struct entropy){.fill = draw, .ctx = w};
    w->now.us = options->start_us == 0 ? MORNING : options->start_us;
    w->mono.us = SECOND_US;
    w->admin = key_of(200);
    w->index_keys = (struct index_keys){.count = 1, .key = {{.bytes = {7}}}};
    rows_of_park(&w->rows, options->time_zone == NULL ? "Asia/Shanghai" : options->time_zone);
    Parkgate__Genesis genesis = PARKGATE__GENESIS__INIT;
    genesis.park = (char *)(uintptr_t) "park";
    genesis.admin_name = (char *)(uintptr_t) "root";
    genesis.admin_public = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = w->admin.bytes};
    genesis.n_row = w->rows.count;
    genesis.row = w->rows.row;
    make_controller(w, &genesis);
    return w;
}

void remove_tree(const char *path)
{
    char child[512];
    struct dirent *entry;
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (unlink(child) != 0) {
            remove_tree(child);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

void sent_forget(struct world *w)
{
    for (size_t i = 0; i < w->sent_count; i++) {
        protobuf_c_message_free_unpacked(w->sent[i].body, NULL);
    }
    w->sent_count = 0;
}

void forget_reply(struct world *w)
{
    if (w->reply != NULL) {
        parkgate__reply__free_unpacked(w->reply, NULL);
        w->reply = NULL;
    }
}

void world_close(struct world *w)
{
    turn_destroy(&w->ctl);
    store_destroy(&w->store);
    store_destroy(&w->keys);
    sent_forget(w);
    forget_reply(w);
    remove_tree(w->dir);
    free(w);
}

int world_setup(void **state)
{
    *state = world_open(&(struct world_options){0});
    return 0;
}

int world_teardown(void **state)
{
    world_close(*state);
    return 0;
}

void world_restart(struct world *w)
{
    turn_destroy(&w->ctl);
    make_controller(w, NULL);
}

void world_pass(struct world *w, int64_t us)
{
    w->now.us += us;
    w->mono.us += us;
    turn_begin(w->ctl, w->now, w->mono);
}

void world_turn(struct world *w)
{
    int64_t due_ms = batch_due_ms(w->ctl);
    world_pass(w, (due_ms > LIMIT_GROUP_COMMIT_MS ? due_ms : LIMIT_GROUP_COMMIT_MS) * MS_US);
    (void)turn_end(w->ctl);
    assert_int_equal(batch_due_ms(w->ctl), -1);
}

/* --- frames in --- */

struct link_key key_of(uint8_t number)
{
    struct link_key key = {
        .bytes = {number, 0xc0, 0xde}
    };
    return key;
}

struct link_peer peer_of(uint8_t number)
{
    return (struct link_peer){
        .id = {0, 1, 2, 3, number},
        .address = "192.0.2.7"
    };
}

void world_frame(struct world *w, enum port port, struct link_key key, struct link_peer peer,
                 struct bytes frame)
{
    turn_frame(w->ctl, port, &peer, &key, frame);
}

void gate_send(struct world *w, struct gate *gate, uint16_t kind, uint64_t sequence,
               const ProtobufCMessage *body)
{
    uint8_t frame[LIMIT_FRAME_BYTES];
    size_t size = envelope_write(gate->version, (enum message_kind)kind, sequence, body, frame,
                                 sizeof(frame));
    world_frame(w, PORT_AGENTS, gate->key, gate->peer, (struct bytes){.data = frame, .size = size});
}

/* --- enrolment and HELLO --- */

void gate_enrol(struct world *w, const char *name, struct link_key key)
{
    gate_use_code(w, name, key, note(admin(w, "agent.enroll", "gate", name, NULL), "code"));
}

void gate_use_code(struct world *w, const char *name, struct link_key key, const char *code)
{
    uint8_t frame[1024];
    char *args[] = {text_of("gate"), text_of("code")};
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    ProtobufCBinaryData values[] = {
        {.len = strlen(name), .data = (uint8_t *)(uintptr_t)name},
        {.len = strlen(code), .data = (uint8_t *)(uintptr_t)code},
    };
    request.verb = text_of("agent.join");
    request.n_arg = request.n_value = 2;
    request.arg = args;
    request.value = values;
    size_t size =
        envelope_write(PROTOCOL_VERSION, MESSAGE_ENROL, 1, &request.base, frame, sizeof(frame));
    world_frame(w, PORT_ENROL, key, peer_of(99), (struct bytes){.data = frame, .size = size});
    world_turn(w);
    const struct sent *answer = sent_last(w, MESSAGE_ENROLLED);
    assert_non_null(answer);
    assert_int_equal(((const Parkgate__Reply *)(const void *)answer->body)->error, 0);
}

Parkgate__Hello gate_hello_message(struct world *w, struct gate *gate)
{
    Parkgate__Hello hello = PARKGATE__HELLO__INIT;
    hello.store_id = (ProtobufCBinaryData){.len = sizeof(gate->store_id), .data = gate->store_id};
    hello.epoch = gate->epoch;
    hello.last_sequence = gate->sequence;
    if (gate->sequence > 0) {
        hello.last_digest =
            (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = gate->last_digest.bytes};
    }
    hello.version_oldest = 1;
    hello.version = gate->version;
    hello.gate = text_of(gate->name);
    hello.program = text_of("parkgate-agent test");
    hello.wall_us = w->now.us;
    return hello;
}

void gate_send_hello(struct world *w, struct gate *gate, const Parkgate__Hello *hello)
{
    gate_send(w, gate, MESSAGE_HELLO, 0, &hello->base);
    world_turn(w);
}

void gate_join(struct world *w, struct gate *gate, const char *name, uint8_t number)
{
    *gate = (struct gate){
        .name = name,
        .key = key_of(number),
        .peer = peer_of(number),
        .store_id = {number, 0x57},
        .version = PROTOCOL_VERSION
    };
    gate_enrol(w, name, gate->key);
    Parkgate__Hello hello = gate_hello_message(w, gate);
    gate_send_hello(w, gate, &hello);
    const struct sent *welcome = sent_last(w, MESSAGE_WELCOME);
    assert_non_null(welcome);
    gate->epoch = ((const Parkgate__Welcome *)(const void *)welcome->body)->epoch;
}

/* --- events --- */

uint64_t gate_event(struct world *w, struct gate *gate, Parkgate__Event *event)
{
    event->epoch = gate->epoch;
    event->sequence = ++gate->sequence;
    if (event->received_us == 0) {
        event->received_us = w->now.us;
    }
    if (event->captured_us == 0) {
        event->captured_us = event->received_us;
    }
    gate->last_size = envelope_write(gate->version, MESSAGE_EVENT, event->sequence, &event->base,
                                     gate->last_frame, sizeof(gate->last_frame));
    gate->last_digest = seal_hash_of((struct bytes){.data = gate->last_frame + ENVELOPE_SIZE,
                                                    .size = gate->last_size - ENVELOPE_SIZE});
    gate_again(w, gate);
    return event->sequence;
}

void gate_again(struct world *w, struct gate *gate)
{
    world_frame(w, PORT_AGENTS, gate->key, gate->peer,
                (struct bytes){.data = gate->last_frame, .size = gate->last_size});
}

uint64_t gate_badge(struct world *w, struct gate *gate, const char *lane, const char *uid_hex)
{
    uint8_t uid[BADGE_UID_MAX];
    char reader[48];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    MUST(bytes_from_hex(uid_hex, uid, strlen(uid_hex) / 2));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    event.credential = (ProtobufCBinaryData){.len = strlen(uid_hex) / 2, .data = uid};
    return gate_event(w, gate, &event);
}

uint64_t gate_plate(struct world *w, struct gate *gate, const char *lane, const char *plate,
                    const char *raw)
{
    char reader[48];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = CREDENTIAL_KIND_PLATE;
    event.credential =
        (ProtobufCBinaryData){.len = strlen(plate), .data = (uint8_t *)(uintptr_t)plate};
    event.raw = (ProtobufCBinaryData){.len = strlen(raw), .data = (uint8_t *)(uintptr_t)raw};
    return gate_event(w, gate, &event);
}

uint64_t gate_passage(struct world *w, struct gate *gate, const char *lane, uint64_t presentation,
                      uint32_t passage)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PASSAGE;
    event.lane = text_of(lane);
    event.presentation = presentation;
    event.passage = passage;
    return gate_event(w, gate, &event);
}

void gate_walk(struct world *w, struct gate *gate, const char *lane, const char *uid_hex)
{
    uint32_t outcome = 0;
    uint64_t shown = gate_badge(w, gate, lane, uid_hex);
    uint32_t reason = verdict_of(w, shown, &outcome);
    if (outcome != OUTCOME_GRANT) {
        fail_msg("%s at %s was denied: reason %u", uid_hex, lane, reason);
    }
    world_turn(w);
    uint64_t passed = gate_passage(w, gate, lane, shown, PASSAGE_PASSED);
    world_turn(w);
    assert_int_equal(answer_of(w, passed, NULL), ANSWER_APPLIED);
}

/* --- what left --- */

const struct sent *sent_last(const struct world *w, uint16_t kind)
{
    for (size_t i = w->sent_count; i > 0; i--) {
        if (w->sent[i - 1].kind == kind) {
            return &w->sent[i - 1];
        }
    }
    return NULL;
}

size_t sent_count(const struct world *w, uint16_t kind)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        count += w->sent[i].kind == kind;
    }
    return count;
}

static const Parkgate__Verdict *find_verdict(const struct world *w, uint64_t sequence)
{
    for (size_t i = w->sent_count; i > 0; i--) {
        const struct sent *sent = &w->sent[i - 1];
        const Parkgate__Verdict *verdict = (const void *)sent->body;
        if (sent->kind == MESSAGE_VERDICT && verdict->sequence == sequence) {
            return verdict;
        }
    }
    return NULL;
}

bool has_verdict(const struct world *w, uint64_t sequence)
{
    return find_verdict(w, sequence) != NULL;
}

uint32_t verdict_of(const struct world *w, uint64_t sequence, uint32_t *ret_outcome)
{
    const Parkgate__Verdict *verdict = find_verdict(w, sequence);
    if (verdict == NULL) {
        fail_msg("sequence %llu got no verdict", (unsigned long long)sequence);
        return 0;
    }
    *ret_outcome = verdict->outcome;
    return verdict->reason;
}

static size_t count_answers(const struct world *w, uint64_t sequence, uint32_t *ret_answer,
                            uint32_t *ret_error)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Ack *ack = (const void *)w->sent[i].body;
        for (size_t k = 0; w->sent[i].kind == MESSAGE_ACK && k < ack->n_sequence; k++) {
            if (ack->sequence[k] == sequence) {
                *ret_answer = ack->answer[k];
                *ret_error = ack->error[k];
                count++;
            }
        }
    }
    return count;
}

uint32_t answer_of(const struct world *w, uint64_t sequence, uint32_t *ret_error)
{
    uint32_t answer = 0;
    uint32_t error = 0;
    (void)count_answers(w, sequence, &answer, &error);
    if (ret_error != NULL) {
        *ret_error = error;
    }
    return answer;
}

size_t answers_to(const struct world *w, uint64_t sequence)
{
    uint32_t ignored = 0;
    return count_answers(w, sequence, &ignored, &ignored);
}
