/* The controller: its state machine between the simulated links and disks, driven as its main.c
 * does. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/facts/tables.h"
#include "controller/app/turn.h"
#include "controller/journal/journal.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/errors.h"
#include "schema/operator.pb-c.h"
#include "tests/sim/list.h"
#include "tests/sim/memory_lmdb.h"
#include "tests/sim/park.h"
#include "tests/sim/sim.h"
#include "tests/unit/controller/agreed.h"

enum { TICK_US = 1000 * 1000, REPLY_FRAME = 65536 };

static struct {
    struct machine machine;
    struct store *store, *keys;
    struct controller *ctl; /* NULL: its process does not run */
    struct in_work in_work; /* outlives the process, not the power */
    uint64_t process;       /* number of it */
    bool commit_asked;
    unsigned starts_failed;
    uint64_t last_request;
    Parkgate__Reply *reply; /* to the last request; NULL: none came */
} c;

static const struct link_key admin_key = {
    .bytes = {200, 0xc0, 0xde}
};
static const struct link_peer admin_peer = {
    .id = {0, 255, 255, 255, 255}
};

struct machine *controller_machine(void)
{
    return &c.machine;
}

struct store *controller_store(void)
{
    return c.store;
}

struct store *controller_keys(void)
{
    return c.keys;
}

const struct park *controller_park(void)
{
    return c.ctl == NULL ? NULL : c.ctl->park;
}

static enum err open_one(bool keys, struct store **ret_store, struct fault *fault)
{
    char dir[SIM_PATH_SIZE + 16];
    (void)snprintf(dir, sizeof(dir), "%s/%s", c.machine.dir, keys ? "keys" : "store");
    struct store_options options = {.dir = dir,
                                    .kind = keys ? KEY_STORE_KIND : CONTROLLER_STORE_KIND,
                                    .version = keys ? KEY_STORE_VERSION : CONTROLLER_STORE_VERSION,
                                    .tables = keys ? key_table_names : table_names,
                                    .table_count = keys ? KEY_TABLE_COUNT : TABLE_COUNT,
                                    .map_size = (size_t)256 << 20,
                                    .create = true};
    return store_open(&options, ret_store, fault);
}

/* --- what leaves it --- */

static void tell_acks(const ProtobufCMessage *body, unsigned gate)
{
    const Parkgate__Ack *ack = (const Parkgate__Ack *)(const void *)body;
    for (size_t i = 0; i < ack->n_sequence; i++) {
        truth_answered(gate, ack->epoch, ack->sequence[i], ack->answer[i], ack->error[i]);
    }
}

static void look_at(const struct link_peer *peer, const struct envelope *envelope)
{
    unsigned gate = wire_of_peer(peer);
    if (envelope->kind != MESSAGE_ACK && envelope->kind != MESSAGE_VERDICT &&
        envelope->kind != MESSAGE_WELCOME) {
        return;
    }
    struct complaint complaint = {0};
    ProtobufCMessage *body = envelope_unpack(envelope, &complaint);
    MUST(body != NULL);
    if (gate < GATES_MAX && envelope->kind == MESSAGE_ACK) {
        tell_acks(body, gate);
    } else if (gate < GATES_MAX && envelope->kind == MESSAGE_WELCOME) {
        const Parkgate__Welcome *welcome = (const Parkgate__Welcome *)(const void *)body;
        truth_welcomed(gate, welcome->epoch, welcome->applied);
    } else if (gate < GATES_MAX) {
        const Parkgate__Verdict *verdict = (const Parkgate__Verdict *)(const void *)body;
        truth_verdict(gate, verdict->epoch, verdict->sequence, verdict->outcome);
    }
    protobuf_c_message_free_unpacked(body, NULL);
}

static void take_reply(const struct envelope *envelope)
{
    if ((envelope->kind == MESSAGE_REPLY || envelope->kind == MESSAGE_ENROLLED) &&
        envelope->sequence == c.last_request) {
        if (c.reply != NULL) {
            parkgate__reply__free_unpacked(c.reply, NULL);
        }
        c.reply = parkgate__reply__unpack(NULL, envelope->body.size, envelope->body.data);
    }
}

static void send_frame(void *ctx, enum port port, const struct link_peer *peer, struct bytes frame)
{
    struct envelope envelope;
    struct complaint complaint = {0};
    (void)ctx;
    if (!machine_effect(&c.machine)) {
        return;
    }
    MUST(envelope_read(frame, &envelope, &complaint));
    if (port == PORT_STATIONS) {
        station_hears(peer, frame);
        return;
    }
    if (port != PORT_AGENTS) {
        take_reply(&envelope);
        return;
    }
    look_at(peer, &envelope);
    wire_to_gate(peer, frame);
}

static enum err start_job(void *ctx, uint64_t job, const char *const args[], struct fault *fault)
{
    (void)ctx;
    (void)job;
    (void)args;
    return fault_set(fault, ERR_UNSUPPORTED, "a simulation starts no process");
}

/* --- turns --- */

static void tick(void *ctx, uint64_t process, uint64_t b);
static void commit_due(void *ctx, uint64_t process, uint64_t b);

static bool enter(void)
{
    if (c.ctl == NULL || !c.machine.on || c.machine.dying) {
        return false;
    }
    machine_now = &c.machine;
    turn_begin(c.ctl, machine_wall(&c.machine), machine_mono(&c.machine));
    return true;
}

static void bury(void)
{
    machine_now = &c.machine;
    c.machine.dying = true;
    turn_destroy(&c.ctl);
    store_destroy(&c.keys);
    store_destroy(&c.store);
    machine_now = NULL;
    c.machine.on = false;
    c.machine.dying = false;
    c.machine.effects_left = 0;
    c.process++;
    c.commit_asked = false;
    wires_controller_gone();
}

static void start_again(void *ctx, uint64_t process, uint64_t b)
{
    (void)ctx;
    (void)b;
    if (!c.machine.on && process == c.process) {
        controller_begin(false);
    }
}

static void leave(void)
{
    int64_t due_ms = turn_end(c.ctl);
    machine_now = NULL;
    if (c.machine.dying || turn_is_over(c.ctl)) {
        sim_note("controller dies", c.machine.dying, 0);
        bury();
        sim_after(random_between(&sim.chance, 50 * MS, 2 * SECOND), start_again, NULL, c.process,
                  0);
        return;
    }
    if (due_ms >= 0 && !c.commit_asked) {
        c.commit_asked = true;
        sim_after(due_ms * MS, commit_due, NULL, c.process, 0);
    }
    list_look();
    if (due_ms < 0) {
        truth_check();
    }
}

static void commit_due(void *ctx, uint64_t process, uint64_t b)
{
    (void)ctx;
    (void)b;
    if (process != c.process) {
        return;
    }
    if (sim.now < c.machine.stalled_until) {
        sim_at(c.machine.stalled_until, commit_due, NULL, process, 0);
        return;
    }
    c.commit_asked = false;
    if (enter()) {
        leave();
    }
}

static void tick(void *ctx, uint64_t process, uint64_t b)
{
    (void)ctx;
    (void)b;
    if (process != c.process) {
        return;
    }
    bool hangs = sim.now < c.machine.stalled_until;
    sim_at(hangs ? c.machine.stalled_until : sim.now + TICK_US, tick, NULL, process, 0);
    if (!hangs && enter()) {
        turn_tick(c.ctl);
        leave();
    }
}

void controller_rest(void)
{
    if (enter()) {
        leave();
    }
}

void controller_frame(const struct link_peer *peer, const struct link_key *key, struct bytes frame)
{
    struct envelope envelope;
    struct complaint complaint = {0};
    if (!enter()) {
        return;
    }
    if (envelope_read(frame, &envelope, &complaint) && envelope.kind == MESSAGE_EVENT) {
        unsigned gate = wire_of_peer(peer);
        if (gate < GATES_MAX) {
            truth_delivered(gate, envelope.body);
        }
    }
    turn_frame(c.ctl, PORT_AGENTS, peer, key, frame);
    leave();
}

void controller_station(const struct link_peer *peer, const struct link_key *key,
                        struct bytes frame)
{
    if (sim.now >= c.machine.stalled_until && enter()) {
        if (turn_allows(c.ctl, PORT_STATIONS, key)) {
            turn_frame(c.ctl, PORT_STATIONS, peer, key, frame);
        }
        leave();
    }
}

bool controller_lets_in(const struct link_key *key)
{
    return c.ctl != NULL && turn_allows(c.ctl, PORT_AGENTS, key);
}

/* --- begin and end --- */

void controller_begin(bool with_genesis)
{
    struct fault fault = {0};
    uint8_t *room = NULL;
    Parkgate__Genesis *genesis = with_genesis ? park_genesis(&admin_key, &room) : NULL;
    c.machine.on = true;
    machine_now = &c.machine;
    in_work_started(&c.in_work);
    enum err err = open_one(false, &c.store, &fault);
    err = err == ERR_OK ? open_one(true, &c.keys, &fault) : err;
    struct turn_options options = {
        .store = c.store,
        .keys = c.keys,
        .entropy = &c.machine.entropy,
        .index_keys = {.count = 1,        .key = {{.bytes = {7}}}},
        .gates_key = {.bytes = {9}     },
        .outlet = {.send = send_frame, .job = start_job                       },
        .zoneinfo = PARKGATE_SOURCE_DIR "/tests/data/zoneinfo",
        .in_work = &c.in_work,
        .genesis = genesis,
        .now = machine_wall(&c.machine),
        .mono = machine_mono(&c.machine),
    };
    err = err == ERR_OK ? turn_create(&options, &c.ctl, &fault) : err;
    machine_now = NULL;
    free(room);
    if (err != ERR_OK) {
        if (with_genesis || ++c.starts_failed > 5 || sim.healing) {
            sim_fail("start", "the controller does not start: %s", fault.what);
        }
        bury();
        sim_after(SECOND, start_again, NULL, c.process, 0);
        return;
    }
    c.starts_failed = 0;
    truth_controller_back();
    list_look();
    sim_after(TICK_US, tick, NULL, c.process, 0);
}

void controller_crash(bool power)
{
    sim_note(power ? "controller loses power" : "controller is killed", 0, 0);
    if (c.ctl != NULL) {
        bury();
    }
    c.process++;
    if (power) {
        memory_lmdb_power_cut(c.machine.dir);
        c.machine.booted = sim.now;
        c.in_work = (struct in_work){0};
    }
    sim_after(random_between(&sim.chance, 50 * MS, power ? 60 * SECOND : 5 * SECOND), start_again,
              NULL, c.process, 0);
}

void controller_reset(void)
{
    if (c.ctl != NULL) {
        machine_now = &c.machine;
        c.machine.dying = true;
        turn_destroy(&c.ctl);
        store_destroy(&c.keys);
        store_destroy(&c.store);
        machine_now = NULL;
    }
    if (c.reply != NULL) {
        parkgate__reply__free_unpacked(c.reply, NULL);
    }
    uint64_t process = c.process + 1;
    memset(&c, 0, sizeof(c));
    c.process = process;
    machine_init(&c.machine, "controller", 1);
    (void)mkdir(c.machine.dir, 0700);
}

/* --- operators --- */

static unsigned put_question(enum port port, enum message_kind kind, const struct link_key *key,
                             const Parkgate__Request *request)
{
    static uint8_t frame[REPLY_FRAME];
    if (c.reply != NULL) {
        parkgate__reply__free_unpacked(c.reply, NULL);
        c.reply = NULL;
    }
    size_t size = envelope_write(PROTOCOL_VERSION, kind, ++c.last_request, &request->base, frame,
                                 sizeof(frame));
    if (!enter()) {
        return UINT32_MAX;
    }
    turn_frame(c.ctl, port, &admin_peer, key, (struct bytes){.data = frame, .size = size});
    /* Asked and answered at one moment: the batch is committed at once. */
    turn_begin(c.ctl, machine_wall(&c.machine),
               mono_after_ms(machine_mono(&c.machine), LIMIT_GROUP_COMMIT_MS));
    leave();
    return c.reply == NULL ? UINT32_MAX : c.reply->error;
}

static void take_note(const char *name, char *out, size_t size)
{
    for (size_t i = 0; name != NULL && c.reply != NULL && i < c.reply->n_note; i++) {
        if (strcmp(c.reply->note[i], name) == 0) {
            (void)snprintf(out, size, "%.*s", (int)c.reply->note_value[i].len,
                           (const char *)c.reply->note_value[i].data);
        }
    }
}

static unsigned ask_pairs(const struct link_key *key, const char *note, char *ret_note,
                          size_t note_size, const char *verb, va_list *pairs)
{
    char *names[LIMIT_ARGS_PER_REQUEST];
    ProtobufCBinaryData values[LIMIT_ARGS_PER_REQUEST];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    size_t count = 0;
    for (const char *name = va_arg(*pairs, const char *); name != NULL;
         name = va_arg(*pairs, const char *)) {
        const char *value = va_arg(*pairs, const char *);
        names[count] = (char *)(uintptr_t)name;
        values[count++] =
            (ProtobufCBinaryData){.len = strlen(value), .data = (uint8_t *)(uintptr_t)value};
    }
    request.verb = (char *)(uintptr_t)verb;
    request.n_arg = request.n_value = count;
    request.arg = names;
    request.value = values;
    request.version = 1;
    unsigned error = put_question(PORT_OPERATORS, MESSAGE_REQUEST, key, &request);
    take_note(note, ret_note, note_size);
    return error;
}

unsigned controller_ask(const char *note, char *ret_note, size_t note_size, const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    unsigned error = ask_pairs(&admin_key, note, ret_note, note_size, verb, &pairs);
    va_end(pairs);
    return error;
}

unsigned controller_ask_as(const struct link_key *key, const char *note, char *ret_note,
                           size_t note_size, const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    unsigned error = ask_pairs(key, note, ret_note, note_size, verb, &pairs);
    va_end(pairs);
    return error;
}

unsigned controller_agreed(const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    if (!enter()) {
        va_end(pairs);
        return UINT32_MAX;
    }
    unsigned error = agreed_carry_out(c.ctl, "root", verb, &pairs);
    turn_begin(c.ctl, machine_wall(&c.machine),
               mono_after_ms(machine_mono(&c.machine), LIMIT_GROUP_COMMIT_MS));
    leave();
    va_end(pairs);
    return error;
}

const struct link_key *controller_admin(void)
{
    return &admin_key;
}

void controller_enrol(unsigned gate, const char *code)
{
    char name[16];
    char *args[] = {(char *)(uintptr_t) "gate", (char *)(uintptr_t) "code"};
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    (void)snprintf(name, sizeof(name), "g%u", gate);
    ProtobufCBinaryData values[] = {
        {.len = strlen(name), .data = (uint8_t *)name           },
        {.len = strlen(code), .data = (uint8_t *)(uintptr_t)code},
    };
    request.verb = (char *)(uintptr_t) "agent.join";
    request.n_arg = request.n_value = 2;
    request.arg = args;
    request.value = values;
    unsigned error = put_question(PORT_ENROL, MESSAGE_ENROL, gate_key(gate), &request);
    if (error != 0) {
        sim_fail("start", "gate %u is not let in: error %u", gate, error);
    }
}

struct journal_place controller_head(void)
{
    struct journal_head head = {0};
    struct journal_place place = {0};
    struct store_txn *txn = NULL;
    if (c.store != NULL && store_begin_read(c.store, &txn, NULL) == ERR_OK) {
        MUST(journal_head(txn, &head, NULL) == ERR_OK);
        store_txn_destroy(&txn);
    }
    place.sequence = head.sequence;
    memcpy(place.hash, head.hash.bytes, sizeof(place.hash));
    return place;
}
