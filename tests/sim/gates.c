/* The gates' daemons: begun and ended as a launcher does, their loops turned when something is due.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "tests/sim/list.h"
#include "tests/sim/memory_lmdb.h"
#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum {
    RESTART_MS = 100,
    QUIET_US = 10 * 1000 * 1000,
    QUIET_TICK_MS = 1250,
    MANY_GATES = 10,
    MANY_TICK_MS = 3750
};

struct box {
    unsigned number;
    struct machine machine;
    struct gate *gate; /* NULL: its process does not run */
    uint64_t wakes;    /* the newest wake-up asked for; older ones are void */
    int64_t wake_at;
    uint64_t reads;
    int64_t said_at; /* helpers' words keep their order */
    int64_t heard_at;
    unsigned starts_failed;
    int64_t up_since;
    bool has_files;
    struct link_key_pair keys;
};

static struct box boxes[GATES_MAX];

unsigned outer_gate_now(void)
{
    for (unsigned i = 0; i < GATES_MAX; i++) {
        if (machine_now == &boxes[i].machine) {
            return i;
        }
    }
    must_fail("a gate's code runs", __FILE__, __LINE__);
}

struct machine *gate_machine(unsigned gate)
{
    return &boxes[gate].machine;
}

const struct link_key *gate_key(unsigned gate)
{
    return &boxes[gate].keys.public_key;
}

/* --- files --- */

/* Of its number alone: what is played must not hang on what was drawn. */
static void make_keys(struct box *box)
{
    struct random random = {.state = box->number};
    char secret[LINK_KEY_Z85_SIZE];
    char public[LINK_KEY_Z85_SIZE];
    for (size_t i = 0; i < LINK_KEY_SIZE; i++) {
        box->keys.secret_key.bytes[i] = (uint8_t)random_next(&random);
    }
    link_key_to_z85(box->keys.secret_key, secret);
    MUST(zmq_curve_public(public, secret) == 0 && link_key_from_z85(public, &box->keys.public_key));
}

static int forget_file(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    const char *name = path + where->base;
    (void)info;
    return kind == FTW_F && strcmp(name, "agent.key") != 0 && strcmp(name, "agent.conf") != 0
               ? unlink(path)
               : 0;
}

/* What it wrote beside its stores is lost. */
static void forget_files(const struct box *box)
{
    MUST(nftw(box->machine.dir, forget_file, 16, FTW_PHYS) == 0);
}

/* Files of a gate do not depend on the seed; they are made once. */
static void make_files(struct box *box)
{
    struct settings settings = {.controller = {0}};
    struct fault fault = {0};
    char path[SIM_PATH_SIZE + 16];
    MUST(mkdir(box->machine.dir, 0700) == 0);
    (void)snprintf(settings.gate.text, sizeof(settings.gate.text), "g%u", box->number);
    (void)snprintf(settings.controller, sizeof(settings.controller), "tcp://127.0.0.1:7401");
    link_key_to_z85(box->keys.public_key, settings.server_key);
    (void)snprintf(settings.metrics_address, sizeof(settings.metrics_address), "127.0.0.1");
    (void)snprintf(path, sizeof(path), "%s/agent.key", box->machine.dir);
    if (link_key_pair_write(path, &box->keys, &fault) != ERR_OK ||
        settings_write(box->machine.dir, &settings, &fault) != ERR_OK) {
        sim_fail("start", "gate %u: %s", box->number, fault.what);
    }
    box->has_files = true;
}

void gates_reset(void)
{
    for (unsigned i = 0; i < GATES_MAX; i++) {
        struct box *box = &boxes[i];
        if (box->gate != NULL) {
            machine_now = &box->machine;
            gate_end(&box->gate);
            machine_now = NULL;
        }
        box->machine.on = false;
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        struct box *box = &boxes[i];
        char name[16];
        (void)snprintf(name, sizeof(name), "g%u", i);
        machine_init(&box->machine, name, 1000 + i);
        box->number = i;
        box->wakes++;
        box->wake_at = INT64_MAX;
        box->reads = 0;
        box->said_at = 0;
        box->heard_at = 0;
        box->starts_failed = 0;
        if (!box->has_files) {
            make_keys(box);
            make_files(box);
        }
        forget_files(box);
    }
}

/* --- running --- */

static void wake(void *ctx, uint64_t number, uint64_t b);

static void ask_for_wake(struct box *box)
{
    int64_t due = outer_loop_next(box->gate->loop);
    if (due == INT64_MAX) {
        return;
    }
    int64_t at = due - machine_mono(&box->machine).us + sim.now;
    at = at < sim.now ? sim.now : at;
    if (at < box->wake_at || box->wake_at < sim.now) {
        box->wake_at = at;
        sim_at(at, wake, box, ++box->wakes, 0);
    }
}

static void start_again(void *ctx, uint64_t booted, uint64_t b)
{
    struct box *box = ctx;
    (void)b;
    if (!box->machine.on && (uint64_t)box->machine.booted == booted) {
        gate_boot(box->number);
    }
}

static void bury(struct box *box)
{
    truth_agent_gone(box->number);
    machine_now = &box->machine;
    box->machine.dying = true; /* nothing of its end leaves it */
    gate_end(&box->gate);
    machine_now = NULL;
    box->machine.on = false;
    box->machine.dying = false;
    box->machine.effects_left = 0;
    box->wakes++;
    box->wake_at = INT64_MAX;
}

/* After each piece of work of a gate. */
static void settle(struct box *box)
{
    machine_now = NULL;
    if (box->machine.dying) {
        sim_note("agent dies", box->number, 0);
        bury(box);
        sim_after(RESTART_MS * MS + random_between(&sim.chance, 0, 3 * SECOND), start_again, box,
                  (uint64_t)box->machine.booted, 0);
        return;
    }
    ask_for_wake(box);
}

static bool enter(struct box *box)
{
    if (box->gate == NULL || !box->machine.on || box->machine.dying) {
        return false;
    }
    machine_now = &box->machine;
    return true;
}

void gate_turn(unsigned gate)
{
    struct box *box = &boxes[gate];
    if (enter(box)) {
        outer_loop_turn(box->gate->loop, false);
        settle(box);
    }
}

static void wake(void *ctx, uint64_t number, uint64_t b)
{
    struct box *box = ctx;
    (void)b;
    if (number != box->wakes || box->gate == NULL) {
        return;
    }
    box->wake_at = INT64_MAX;
    if (sim.now < box->machine.stalled_until) {
        box->wake_at = box->machine.stalled_until;
        sim_at(box->wake_at, wake, box, ++box->wakes, 0);
        return;
    }
    gate_turn(box->number);
    if (box->gate != NULL && sim.now - box->heard_at > QUIET_US) {
        /* Nobody is there: its ticks come as if the machine were busy with other things. */
        int64_t tick_ms = sim.plan.gates > MANY_GATES ? MANY_TICK_MS : QUIET_TICK_MS;
        outer_loop_put_off(box->gate->loop, GATE_TICK_MS, tick_ms - GATE_TICK_MS);
        box->wake_at = INT64_MAX;
        ask_for_wake(box);
    }
}

void gate_boot(unsigned gate)
{
    struct box *box = &boxes[gate];
    struct fault fault = {0};
    MUST(box->gate == NULL);
    box->machine.on = true;
    machine_now = &box->machine;
    box->gate = gate_create(box->machine.dir, &box->machine.clock, &box->machine.entropy, NULL);
    enum err err = gate_begin(box->gate, &fault);
    machine_now = NULL;
    bool can = !box->machine.dying && !box->machine.disk_full;
    if (err != ERR_OK && can && ++box->starts_failed > 5) {
        sim_fail("start", "gate %u does not start: %s", gate, fault.what);
    }
    if (err != ERR_OK) {
        sim_say("gate %u did not start: %s", gate, fault.what);
        box->machine.dying = true;
    } else {
        box->starts_failed = 0;
        box->up_since = sim.now;
    }
    settle(box);
}

void gate_crash(unsigned gate, bool power)
{
    struct box *box = &boxes[gate];
    sim_note(power ? "gate loses power" : "agent is killed", gate, 0);
    if (box->gate != NULL) {
        bury(box);
    }
    if (power) {
        memory_lmdb_power_cut(box->machine.dir);
        box->machine.booted = sim.now;
    }
    int64_t away = power ? random_between(&sim.chance, SECOND, 30 * SECOND)
                         : random_between(&sim.chance, 100 * MS, 5 * SECOND);
    sim_after(away, start_again, box, (uint64_t)box->machine.booted, 0);
}

void gate_wipe(unsigned gate)
{
    struct box *box = &boxes[gate];
    MUST(box->gate == NULL);
    sim_note("gate loses its disk", gate, 0);
    memory_lmdb_wipe(box->machine.dir);
    forget_files(box);
}

/* --- looking at it --- */

bool gate_look(unsigned gate, struct gate_facts *ret_facts)
{
    struct box *box = &boxes[gate];
    if (box->gate == NULL) {
        return false;
    }
    const struct agent_state *state = agent_store_state(box->gate->store);
    *ret_facts = (struct gate_facts){
        .epoch = state->epoch,
        .last_sequence = state->last_sequence,
        .applied = state->applied,
        .config_version = state->config_version,
        .linked = link_state_is_up(&box->gate->link_state, machine_mono(&box->machine))};
    return outbox_depth(box->gate->store, &ret_facts->pending, NULL) == ERR_OK;
}

struct gate_decision gate_decision_of(unsigned gate, struct grant_id id)
{
    struct box *box = &boxes[gate];
    struct gate_decision decision = {0};
    struct outbox_event event;
    struct acted acted;
    struct grant_id moved = id;
    if (box->gate == NULL) {
        decision.dead = true;
        return decision;
    }
    if (outbox_moved(box->gate->store, id, &moved, NULL) != ERR_OK) {
        moved = id;
    }
    decision.found = outbox_get(box->gate->store, moved, &event, NULL) == ERR_OK;
    decision.kind = decision.found ? event.kind : 0;
    decision.acted = outbox_acted(box->gate->store, moved, &acted, NULL) == ERR_OK;
    decision.outcome = decision.acted ? acted.outcome : 0;
    decision.own = decision.acted && acted.source == SOURCE_AGENT;
    return decision;
}

int64_t gate_up_since(unsigned gate)
{
    return boxes[gate].gate == NULL ? INT64_MAX : boxes[gate].up_since;
}

uint64_t gate_copy_sequence(unsigned gate)
{
    const struct box *box = &boxes[gate];
    return box->gate == NULL ? 0 : copy_store_about(box->gate->copy.store)->sequence;
}

/* --- what its helpers say --- */

struct said {
    enum { SAID_JOINED, SAID_MESSAGE, SAID_LOST } what;
    enum helper_program program;
    struct name name;
    struct helper_message message;
};

static void hear(void *ctx, uint64_t gate, uint64_t booted)
{
    struct said *said = ctx;
    struct box *box = &boxes[gate];
    if (box->gate != NULL && sim.now < box->machine.stalled_until) {
        sim_at_owned(box->machine.stalled_until, hear, said, gate, booted);
        return;
    }
    box->heard_at = sim.now;
    if (enter(box)) {
        if (said->what == SAID_JOINED) {
            outer_port_joined((unsigned)gate, said->program, said->name);
        } else if (said->what == SAID_LOST) {
            outer_port_lost((unsigned)gate, said->name, "its process ended");
        } else {
            outer_port_heard((unsigned)gate, said->name, &said->message);
        }
        outer_loop_turn(box->gate->loop, true);
        settle(box);
    }
    free(said);
}

static int64_t in_order(unsigned gate, int64_t after_us)
{
    int64_t at = sim.now + after_us;
    struct box *box = &boxes[gate];
    box->said_at = at > box->said_at ? at : box->said_at;
    return box->said_at;
}

static struct said *said_of(struct name name)
{
    struct said *said = calloc(1, sizeof(*said));
    MUST(said != NULL);
    said->name = name;
    return said;
}

void outer_say_joined(unsigned gate, enum helper_program program, struct name name,
                      int64_t after_us)
{
    struct said *said = said_of(name);
    said->what = SAID_JOINED;
    said->program = program;
    sim_at_owned(in_order(gate, after_us), hear, said, gate, 0);
}

void outer_say_lost(unsigned gate, struct name name, int64_t after_us)
{
    struct said *said = said_of(name);
    said->what = SAID_LOST;
    sim_at_owned(in_order(gate, after_us), hear, said, gate, 0);
}

void outer_say(unsigned gate, struct name name, const struct helper_message *message,
               int64_t after_us)
{
    struct said *said = said_of(name);
    said->what = SAID_MESSAGE;
    said->message = *message;
    sim_at_owned(in_order(gate, after_us), hear, said, gate, 0);
}

/* A driver of cameras hands it over; which one, nobody asks. */
static void read_plate(void *ctx, uint64_t gate, uint64_t plate)
{
    struct box *box = &boxes[gate];
    struct fault fault = {0};
    struct reading reading = {.kind = CREDENTIAL_KIND_PLATE,
                              .cclass = CREDENTIAL_CLASS_BEARER,
                              .live_by_read = true,
                              .captured = machine_wall(&box->machine)};
    const char *text = plate_text((unsigned)plate);
    (void)ctx;
    if (box->gate != NULL && sim.now < box->machine.stalled_until) {
        sim_at(box->machine.stalled_until, read_plate, NULL, gate, plate);
        return;
    }
    (void)snprintf(reading.reader.text, sizeof(reading.reader.text), "g%u-truck-reader",
                   (unsigned)gate);
    reading.id_size = (uint8_t)strlen(text);
    memcpy(reading.id, text, reading.id_size);
    box->heard_at = sim.now;
    if (enter(box)) {
        struct driver_sink sink = readings_sink(box->gate);
        (void)sink.reading(sink.ctx, &reading, &fault);
        outer_loop_turn(box->gate->loop, true);
        settle(box);
    }
}

void gate_show_plate(unsigned gate, unsigned plate)
{
    sim_note("plate", gate, plate);
    read_plate(NULL, gate, plate);
}

void gate_show_card(unsigned gate, unsigned lane, const uint8_t *uid, size_t size)
{
    struct box *box = &boxes[gate];
    struct name reader = {.text = ""};
    struct helper_message message = {.kind = HELPER_SAYS_READ};
    (void)snprintf(reader.text, sizeof(reader.text), "g%u-%s-reader", gate,
                   lane == 0 ? "in" : "out");
    message.read.sequence = ++box->reads;
    message.read.captured = machine_wall(&box->machine);
    message.read.uid_size = (uint8_t)size;
    memcpy(message.read.uid, uid, size);
    outer_say(gate, reader, &message, random_between(&sim.chance, 200, 3 * MS));
}
