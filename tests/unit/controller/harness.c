#include "tests/unit/controller/harness.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/access/civil.h"
#include "controller/app/batch.h"
#include "controller/store/project.h"

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
}

static enum err start_job(void *ctx, uint64_t job, const char *const args[], struct fault *fault)
{
    struct world *w = ctx;
    (void)job;
    (void)args;
    (void)fault;
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
        .index_key = {.bytes = {7}},
        .outlet = { .send = keep_sent, .job = start_job, .ctx = w},
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
    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/parkgate-controller-XXXXXX");
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

static void remove_tree(const char *path)
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

static void forget_reply(struct world *w)
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
    world_pass(w, LIMIT_GROUP_COMMIT_MS * MS_US);
    (void)turn_end(w->ctl);
    assert_int_equal(batch_due_ms(w->ctl), -1);
}

/* --- the park --- */

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

void rows_add(struct park_rows *rows, uint32_t kind, const char *name, const ProtobufCMessage *body)
{
    uint8_t packed[4096];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    MUST(protobuf_c_message_get_packed_size(body) <= sizeof(packed));
    row.kind = kind;
    row.name = text_of(name);
    row.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed), .data = packed};
    size_t size = parkgate__park_row__get_packed_size(&row);
    MUST(rows->count < PARK_ROWS_MAX && rows->used + size <= PARK_BYTES_MAX);
    rows->row[rows->count++] = (ProtobufCBinaryData){.len = size, .data = rows->bytes + rows->used};
    rows->used += parkgate__park_row__pack(&row, rows->bytes + rows->used);
}

struct zone_row {
    const char *name, *parent, *schedule;
    uint32_t class, capacity;
};

static const struct zone_row zone_rows[] = {
    {"yard",   "",     "",            CREDENTIAL_CLASS_BEARER,        0},
    {"hall",   "yard", "",            CREDENTIAL_CLASS_UID_ONLY,      3},
    {"bonded", "yard", "",            CREDENTIAL_CLASS_AUTHENTICATED, 0},
    {"depot",  "yard", "depot-hours", CREDENTIAL_CLASS_BEARER,        0},
};

static void add_zones(struct park_rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(zone_rows); i++) {
        Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
        zone.parent = text_of(zone_rows[i].parent);
        zone.schedule = text_of(zone_rows[i].schedule);
        zone.title = text_of(zone_rows[i].name);
        zone.minimum_class = zone_rows[i].class;
        zone.capacity = zone_rows[i].capacity;
        rows_add(rows, PARK_ZONE, zone_rows[i].name, &zone.base);
    }
}

struct lane_row {
    const char *name, *gate, *zone, *outer;
    uint32_t direction, subject, coil;
    bool sensor;
};

static const struct lane_row lane_rows[] = {
    {"a-in",     "gate-a", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  0, true },
    {"a-out",    "gate-a", "yard",   "",     LANE_OUT,  SUBJECT_PERSONS,  1, true },
    {"a-hall",   "gate-a", "hall",   "yard", LANE_IN,   SUBJECT_PERSONS,  2, true },
    {"a-bonded", "gate-a", "bonded", "yard", LANE_IN,   SUBJECT_PERSONS,  3, true },
    {"a-depot",  "gate-a", "depot",  "yard", LANE_IN,   SUBJECT_PERSONS,  4, true },
    {"a-both",   "gate-a", "yard",   "",     LANE_BOTH, SUBJECT_PERSONS,  5, true },
    {"a-bare",   "gate-a", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  6, false},
    {"a-truck",  "gate-a", "yard",   "",     LANE_IN,   SUBJECT_VEHICLES, 7, true },
    {"b-in",     "gate-b", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  0, true },
    {"b-out",    "gate-b", "yard",   "",     LANE_OUT,  SUBJECT_PERSONS,  1, true },
};

static void add_reader(struct park_rows *rows, const struct lane_row *lane)
{
    char name[48];
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = text_of(lane->name);
    reader.driver = lane->subject == SUBJECT_VEHICLES ? DRIVER_HIK_ANPR : DRIVER_NFC;
    reader.device = text_of("any");
    reader.direction = lane->direction == LANE_BOTH ? LANE_IN : LANE_NO_DIRECTION;
    (void)snprintf(name, sizeof(name), "%s-reader", lane->name);
    rows_add(rows, PARK_READER, name, &reader.base);
    if (lane->direction == LANE_BOTH) {
        reader.direction = LANE_OUT;
        (void)snprintf(name, sizeof(name), "%s-exit", lane->name);
        rows_add(rows, PARK_READER, name, &reader.base);
    }
}

static void add_lanes(struct park_rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(lane_rows); i++) {
        const struct lane_row *from = &lane_rows[i];
        Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
        lane.gate = text_of(from->gate);
        lane.direction = from->direction;
        lane.subject = from->subject;
        lane.zone = text_of(from->zone);
        lane.outer_zone = text_of(from->outer);
        lane.board = text_of(strcmp(from->gate, "gate-a") == 0 ? "board-a" : "board-b");
        lane.open_coil = from->coil;
        lane.open_ms = 3000;
        lane.pass_ms = 5000;
        lane.has_passage_input = from->sensor;
        lane.passage_input = from->coil;
        rows_add(rows, PARK_LANE, from->name, &lane.base);
        add_reader(rows, from);
    }
}

static void add_gates(struct park_rows *rows)
{
    static const char *const names[][2] = {
        {"gate-a", "board-a"},
        {"gate-b", "board-b"}
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Parkgate__ParkGate gate = PARKGATE__PARK_GATE__INIT;
        Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
        gate.title = text_of(names[i][0]);
        rows_add(rows, PARK_GATE, names[i][0], &gate.base);
        board.gate = text_of(names[i][0]);
        board.transport = text_of("tcp");
        board.address = text_of("127.0.0.1:502");
        board.poll_ms = 20;
        board.shortest_pulse_ms = 100;
        rows_add(rows, PARK_BOARD, names[i][1], &board.base);
    }
}

static void add_tenants(struct park_rows *rows)
{
    static const char *const zones[] = {"yard", "hall", "depot", "bonded"};
    static const struct {
        const char *name;
        size_t zones;
        uint32_t cut;
    } tenants[] = {
        {"acme", 4, 360},
        {"beta", 3, 240},
        {"solo", 0, 360}
    };
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
        tenant.title = text_of(tenants[i].name);
        tenant.zone = (char **)(uintptr_t)zones;
        tenant.n_zone = tenants[i].zones;
        tenant.cut_minute = tenants[i].cut;
        rows_add(rows, PARK_TENANT, tenants[i].name, &tenant.base);
    }
}

static void add_times(struct park_rows *rows)
{
    Parkgate__ParkShift day = PARKGATE__PARK_SHIFT__INIT;
    Parkgate__ParkShift night = PARKGATE__PARK_SHIFT__INIT;
    Parkgate__ParkSchedule hours = PARKGATE__PARK_SCHEDULE__INIT;
    Parkgate__ParkHoliday holiday = PARKGATE__PARK_HOLIDAY__INIT;
    uint32_t days = 0x1f;
    uint32_t from = 6 * 60;
    uint32_t until = 22 * 60;
    day.start_minute = 8 * 60;
    day.end_minute = 17 * 60;
    night.start_minute = 22 * 60;
    night.end_minute = 7 * 60;
    day.early_minutes = night.early_minutes = 30;
    rows_add(rows, PARK_SHIFT, "day", &day.base);
    rows_add(rows, PARK_SHIFT, "night", &night.base);
    hours.n_days = hours.n_start_minute = hours.n_end_minute = 1;
    hours.days = &days;
    hours.start_minute = &from;
    hours.end_minute = &until;
    rows_add(rows, PARK_SCHEDULE, "depot-hours", &hours.base);
    MUST(civil_date_parse(bytes_of_text("2026-05-01"), &holiday.date));
    holiday.title = text_of("Labour Day");
    rows_add(rows, PARK_HOLIDAY, "2026-05-01", &holiday.base);
}

void rows_of_park(struct park_rows *rows, const char *time_zone)
{
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    rows->count = 0;
    rows->used = 0;
    site.title = text_of("The park");
    site.time_zone = text_of(time_zone);
    rows_add(rows, PARK_SITE, "park", &site.base);
    add_zones(rows);
    add_gates(rows);
    add_lanes(rows);
    add_tenants(rows);
    add_times(rows);
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
        .id = {0, 1, 2, 3, number}
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
    uint8_t frame[1024];
    char *args[] = {text_of("gate"), text_of("code")};
    char code[32];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    (void)snprintf(code, sizeof(code), "%s",
                   note(admin(w, "agent.enroll", "gate", name, NULL), "code"));
    ProtobufCBinaryData values[] = {
        {.len = strlen(name), .data = (uint8_t *)(uintptr_t)name},
        {.len = strlen(code), .data = (uint8_t *)code           },
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

/* --- operators --- */

static const Parkgate__Reply *put_question(struct world *w, struct link_key key, const char *verb,
                                           const ProtobufCBinaryData *rows, size_t count,
                                           va_list pairs)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    char *names[LIMIT_ARGS_PER_REQUEST];
    ProtobufCBinaryData values[LIMIT_ARGS_PER_REQUEST];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    size_t pair_count = 0;
    for (const char *name = va_arg(pairs, const char *); name != NULL;
         name = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        names[pair_count] = text_of(name);
        values[pair_count++] =
            (ProtobufCBinaryData){.len = strlen(value), .data = (uint8_t *)(uintptr_t)value};
    }
    request.verb = text_of(verb);
    request.n_arg = request.n_value = pair_count;
    request.arg = names;
    request.value = values;
    request.row = (ProtobufCBinaryData *)(uintptr_t)rows;
    request.n_row = count;
    request.version = 1;
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++w->last_request,
                                 &request.base, frame, sizeof(frame));
    world_frame(w, PORT_OPERATORS, key, peer_of(key.bytes[0]),
                (struct bytes){.data = frame, .size = size});
    world_turn(w);
    forget_reply(w);
    const struct sent *sent = sent_last(w, MESSAGE_REPLY);
    if (sent == NULL || sent->sequence != w->last_request) {
        return NULL;
    }
    uint8_t *packed = malloc(protobuf_c_message_get_packed_size(sent->body) + 1);
    MUST(packed != NULL);
    size = protobuf_c_message_pack(sent->body, packed);
    w->reply = parkgate__reply__unpack(NULL, size, packed);
    free(packed);
    return w->reply;
}

const Parkgate__Reply *ask(struct world *w, struct link_key key, const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    const Parkgate__Reply *reply = put_question(w, key, verb, NULL, 0, pairs);
    va_end(pairs);
    return reply;
}

const Parkgate__Reply *ask_rows(struct world *w, struct link_key key, const char *verb,
                                const ProtobufCBinaryData *rows, size_t count, ...)
{
    va_list pairs;
    va_start(pairs, count);
    const Parkgate__Reply *reply = put_question(w, key, verb, rows, count, pairs);
    va_end(pairs);
    return reply;
}

const Parkgate__Reply *assert_done(const Parkgate__Reply *reply)
{
    assert_non_null(reply);
    if (reply->error != 0) {
        struct complaint c = {.number = (enum error_number)reply->error};
        char sentence[512];
        for (size_t i = 0; i < reply->n_error_arg && i < ERROR_ARGS; i++) {
            (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", reply->error_arg[i]);
        }
        error_sentence_en(&c, sentence, sizeof(sentence));
        fail_msg("refused: %u %s", reply->error, sentence);
    }
    return reply;
}

static const char *keep_text(const ProtobufCBinaryData *value)
{
    static char kept[16][4096];
    static size_t at;
    at = (at + 1) % ARRAY_LEN(kept);
    MUST(value->len < sizeof(kept[0]));
    if (value->len > 0) {
        memcpy(kept[at], value->data, value->len);
    }
    kept[at][value->len] = '\0';
    return kept[at];
}

const char *note(const Parkgate__Reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_note; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            return keep_text(&reply->note_value[i]);
        }
    }
    fail_msg("there is no note %s", name);
    return "";
}

size_t row_count(const Parkgate__Reply *reply)
{
    return reply->n_column == 0 ? 0 : reply->n_cell / reply->n_column;
}

const char *cell(const Parkgate__Reply *reply, size_t row, const char *column)
{
    for (size_t i = 0; i < reply->n_column; i++) {
        if (strcmp(reply->column[i], column) == 0 && row < row_count(reply)) {
            return keep_text(&reply->cell[row * reply->n_column + i]);
        }
    }
    fail_msg("there is no cell %s in row %zu of %zu", column, row, row_count(reply));
    return "";
}

size_t row_with(const Parkgate__Reply *reply, const char *column, const char *value)
{
    for (size_t i = 0; i < row_count(reply); i++) {
        if (strcmp(cell(reply, i, column), value) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

struct link_key operator_key(struct world *w, uint8_t number, const char *role, const char *tenant,
                             const char *lanes, const char *hours)
{
    struct link_key key = key_of(number);
    char hex[LINK_KEY_HEX_SIZE];
    char name[32];
    link_key_to_hex(key, hex);
    (void)snprintf(name, sizeof(name), "key-%u", number);
    (void)admin(w, "key.add", "name", name, "public", hex, "role", role, "tenant",
                tenant == NULL ? "" : tenant, "lanes", lanes == NULL ? "" : lanes, "hours",
                hours == NULL ? "" : hours, NULL);
    return key;
}

void person_with_badge(struct world *w, const char *tenant, const char *name, const char *uid,
                       const char *shift, char out[HANDLE_TEXT_SIZE])
{
    char person[HANDLE_TEXT_SIZE];
    (void)snprintf(
        person, sizeof(person), "%s",
        note(admin(w, "person.add", "tenant", tenant, "kind", "staff", "name", name, NULL),
             "person"));
    (void)admin(w, "badge.add", "person", person, "uid", uid, NULL);
    if (shift != NULL) {
        (void)admin(w, "assignment.add", "person", person, "tenant", tenant, "shift", shift, "from",
                    "2026-03-02", "to", "2026-03-31", NULL);
    }
    if (out != NULL) {
        memcpy(out, person, sizeof(person));
    }
}

/* --- the journal --- */

static struct store_txn *begin_read(struct store *store)
{
    struct store_txn *txn = NULL;
    struct fault fault = {0};
    if (store_begin_read(store, &txn, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return txn;
}

struct journal_head head_of(struct world *w)
{
    struct journal_head head;
    struct store_txn *txn = begin_read(w->store);
    assert_int_equal(journal_head(txn, &head, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return head;
}

static Parkgate__Entry *read_entry(struct store_txn *txn, uint64_t sequence)
{
    struct bytes packed;
    struct seal_hash hash;
    assert_int_equal(journal_read(txn, sequence, &packed, &hash, NULL), ERR_OK);
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    assert_non_null(entry);
    return entry;
}

size_t entries_of(struct world *w, uint32_t kind, uint64_t after)
{
    size_t count = 0;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = after + 1; i <= last; i++) {
        Parkgate__Entry *entry = read_entry(txn, i);
        count += entry->kind == kind;
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    return count;
}

ProtobufCMessage *newest_entry(struct world *w, uint32_t kind,
                               const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *body = NULL;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = last; i > 0 && body == NULL; i--) {
        Parkgate__Entry *entry = read_entry(txn, i);
        if (entry->kind == kind) {
            body = protobuf_c_message_unpack(descriptor, NULL, entry->body.len, entry->body.data);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    assert_non_null(body);
    return body;
}

size_t faults_of(struct world *w, const char *word, uint64_t after)
{
    size_t count = 0;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = after + 1; i <= last; i++) {
        Parkgate__Entry *entry = read_entry(txn, i);
        if (entry->kind == ENTRY_FAULT) {
            Parkgate__FaultRecord *fault =
                parkgate__fault_record__unpack(NULL, entry->body.len, entry->body.data);
            assert_non_null(fault);
            count += strcmp(fault->word, word) == 0;
            parkgate__fault_record__free_unpacked(fault, NULL);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    return count;
}

/* --- replay --- */

void tables_digest(struct store *store, char out[TABLE_DIGEST_SIZE])
{
    struct seal_hasher hasher;
    struct store_txn *txn = begin_read(store);
    seal_hasher_begin(&hasher);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        struct bytes key;
        struct bytes value;
        struct store_iter iter = {0};
        if (table == TABLE_JOURNAL) {
            continue;
        }
        seal_hasher_add(&hasher, bytes_of_text(table_names[table]));
        assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, UINT64_MAX, &iter, NULL),
                         ERR_OK);
        while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
            uint8_t sizes[8];
            struct writer sizes_writer = writer_of(sizes, sizeof(sizes));
            writer_u32(&sizes_writer, (uint32_t)key.size);
            writer_u32(&sizes_writer, (uint32_t)value.size);
            seal_hasher_add(&hasher, BYTES_OF(sizes));
            seal_hasher_add(&hasher, key);
            seal_hasher_add(&hasher, value);
        }
        store_iter_end(&iter);
    }
    struct seal_hash hash = seal_hasher_end(&hasher);
    bytes_to_hex(BYTES_OF(hash.bytes), out, TABLE_DIGEST_SIZE);
    store_txn_destroy(&txn);
}

uint64_t replay_into(struct store *from, struct store *to)
{
    struct fault fault = {0};
    struct journal_head head;
    struct seal_hash chain = {{0}};
    struct store_txn *write = NULL;
    struct store_txn *read = begin_read(from);
    assert_int_equal(journal_head(read, &head, &fault), ERR_OK);
    assert_int_equal(store_begin_write(to, &write, &fault), ERR_OK);
    for (uint64_t i = 1; i <= head.sequence; i++) {
        struct bytes packed;
        struct seal_hash hash;
        assert_int_equal(journal_read(read, i, &packed, &hash, &fault), ERR_OK);
        chain = journal_hash(chain, packed);
        assert_memory_equal(chain.bytes, hash.bytes, SEAL_HASH_SIZE);
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        assert_non_null(entry);
        assert_int_equal(entry->sequence, i);
        if (project_entry(write, entry, &fault) != ERR_OK) {
            fail_msg("entry %llu: %s", (unsigned long long)i, fault.what);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    assert_int_equal(store_commit(&write, &fault), ERR_OK);
    store_txn_destroy(&read);
    return head.sequence;
}

static void assert_same_table(struct store_txn *a, struct store_txn *b, size_t table)
{
    struct bytes a_key;
    struct bytes a_value;
    struct bytes b_key;
    struct bytes b_value;
    struct store_iter left = {0};
    struct store_iter right = {0};
    size_t row = 0;
    assert_int_equal(store_iter_prefix(a, table, (struct bytes){0}, UINT64_MAX, &left, NULL),
                     ERR_OK);
    assert_int_equal(store_iter_prefix(b, table, (struct bytes){0}, UINT64_MAX, &right, NULL),
                     ERR_OK);
    for (;; row++) {
        enum err a_err = store_iter_next(&left, &a_key, &a_value, NULL);
        enum err b_err = store_iter_next(&right, &b_key, &b_value, NULL);
        if (a_err != b_err) {
            fail_msg("table %s: one ends at row %zu", table_names[table], row);
        }
        if (a_err != ERR_OK) {
            break;
        }
        if (!bytes_equal(a_key, b_key) || !bytes_equal(a_value, b_value)) {
            char hex[2 * STORE_KEY_MAX + 1];
            bytes_to_hex(a_key, hex, sizeof(hex));
            fail_msg("table %s, key %s: another %s", table_names[table], hex,
                     bytes_equal(a_key, b_key) ? "value" : "key");
        }
    }
    store_iter_end(&left);
    store_iter_end(&right);
}

void assert_same_tables(struct store *a, struct store *b)
{
    struct store_txn *left = begin_read(a);
    struct store_txn *right = begin_read(b);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (table != TABLE_JOURNAL) {
            assert_same_table(left, right, table);
        }
    }
    store_txn_destroy(&left);
    store_txn_destroy(&right);
}

uint64_t assert_replays(struct world *w)
{
    char dir[96];
    (void)snprintf(dir, sizeof(dir), "%s/replay", w->dir);
    struct store *copy = empty_store(dir);
    uint64_t entries = replay_into(w->store, copy);
    assert_same_tables(w->store, copy);
    store_destroy(&copy);
    remove_tree(dir);
    return entries;
}
