/* What goes wrong, and when: each kind by itself, by chance, until the world is to come to rest. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/memory_lmdb.h"
#include "tests/sim/sim.h"

enum fault_name {
    AGENT_KILLED,
    AGENT_DIES_AT_WORK,
    GATE_POWER,
    GATE_DISK_LOST,
    CONTROLLER_KILLED,
    CONTROLLER_DIES_AT_WORK,
    CONTROLLER_POWER,
    LINE_BREAKS,
    LINE_CUT,
    LINE_CUT_LONG,
    LINE_ONE_WAY,
    LINE_SLOW,
    LINE_LOSES,
    LINE_DOUBLES,
    LINE_OVERTAKES,
    BOARD_KILLED,
    BOARD_MUTE,
    CLOCK_JUMPS,
    CLOCK_DRIFTS,
    GATE_HANGS,
    CONTROLLER_HANGS,
    GATE_DISK_FULL,
    GATE_DISK_FAILS,
    CONTROLLER_DISK_FULL,
    CONTROLLER_DISK_FAILS,
    MAP_FULL,
    FIRE,
    FAULT_NAMES
};

enum { LONG_HOURS = 20 };
#define SICK_US (2 * MINUTE)

static struct {
    struct random chance;
    uint64_t counts[FAULT_NAMES];
    unsigned weights[FAULT_NAMES]; /* of this seed: some kinds are left out, so that others stand
                                      alone */
    int64_t pause;                 /* on average */
} f;

static const struct {
    const char *name;
    unsigned weight;
} kinds[FAULT_NAMES] = {
    [AGENT_KILLED] = {"agent killed",            6 },
    [AGENT_DIES_AT_WORK] = {"agent dies at work",      12},
    [GATE_POWER] = {"gate's power",            4 },
    [GATE_DISK_LOST] = {"gate's disk lost",        1 },
    [CONTROLLER_KILLED] = {"controller killed",       4 },
    [CONTROLLER_DIES_AT_WORK] = {"controller dies at work", 8 },
    [CONTROLLER_POWER] = {"controller's power",      3 },
    [LINE_BREAKS] = {"line breaks",             14},
    [LINE_CUT] = {"line cut",                10},
    [LINE_CUT_LONG] = {"line cut for long",       1 },
    [LINE_ONE_WAY] = {"line one way",            6 },
    [LINE_SLOW] = {"line slow",               6 },
    [LINE_LOSES] = {"line loses frames",       3 },
    [LINE_DOUBLES] = {"line doubles frames",     4 },
    [LINE_OVERTAKES] = {"frames overtake",         4 },
    [BOARD_KILLED] = {"board process killed",    3 },
    [BOARD_MUTE] = {"board mute",              5 },
    [CLOCK_JUMPS] = {"clock jumps",             2 },
    [CLOCK_DRIFTS] = {"clock drifts",            2 },
    [GATE_HANGS] = {"gate hangs",              5 },
    [CONTROLLER_HANGS] = {"controller hangs",        4 },
    [GATE_DISK_FULL] = {"gate's disk full",        2 },
    [GATE_DISK_FAILS] = {"gate's disk fails",       2 },
    [CONTROLLER_DISK_FULL] = {"controller's disk full",  2 },
    [CONTROLLER_DISK_FAILS] = {"controller's disk fails", 2 },
    [MAP_FULL] = {"map full",                3 },
    [FIRE] = {"fire",                    2 },
};

static enum disk_fate judge(void *ctx, const char *path)
{
    struct machine *machine = machine_of_path(path);
    (void)ctx;
    if (machine == NULL) {
        return DISK_WORKS;
    }
    if (machine->dying) {
        return DISK_DIES;
    }
    if (!machine_effect(machine)) {
        return machine->dying && random_chance(&f.chance, 500) ? DISK_DIES_DONE : DISK_DIES;
    }
    if (machine->disk_fails > 0) {
        machine->disk_fails--;
        return DISK_FAILS;
    }
    return machine->disk_full ? DISK_FULL : DISK_WORKS;
}

struct machine *machine_of_path(const char *path)
{
    struct machine *controller = controller_machine();
    if (strncmp(path, controller->dir, strlen(controller->dir)) == 0) {
        return controller;
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        struct machine *machine = gate_machine(i);
        size_t size = strlen(machine->dir);
        if (strncmp(path, machine->dir, size) == 0 && path[size] == '/') {
            return machine;
        }
    }
    return NULL;
}

/* --- what ends by itself --- */

static void board_answers(void *ctx, uint64_t gate, uint64_t b)
{
    (void)ctx;
    (void)b;
    board_mute((unsigned)gate, false);
}

static void disk_has_room(void *ctx, uint64_t gate, uint64_t b)
{
    (void)b;
    struct machine *machine =
        gate == GATES_MAX ? controller_machine() : gate_machine((unsigned)gate);
    (void)ctx;
    machine->disk_full = false;
    machine->sick_until = sim.now + SICK_US;
}

static void line_is_fast(void *ctx, uint64_t gate, uint64_t b)
{
    (void)ctx;
    (void)b;
    wire_slow((unsigned)gate, 0);
}

/* It must die soon: what was meant to be at work may have nothing to do. */
static void die_now(void *ctx, uint64_t gate, uint64_t b)
{
    (void)ctx;
    (void)b;
    struct machine *machine =
        gate == GATES_MAX ? controller_machine() : gate_machine((unsigned)gate);
    machine->effects_left = 0;
}

static int64_t for_a_while(int64_t most)
{
    return random_between(&f.chance, 100 * MS, random_between(&f.chance, SECOND, most));
}

static void jump(struct machine *machine)
{
    static const int64_t most[] = {2 * SECOND, 10 * SECOND, 10 * MINUTE};
    int64_t by = most[random_below(&f.chance, 3)];
    machine->offset += random_between(&f.chance, -by, by);
}

static void drift(struct machine *machine)
{
    int64_t wall = machine_wall(machine).us;
    machine->set = sim.now;
    machine->offset = wall - sim.now;
    machine->drift_ppm = random_between(&f.chance, -100, 100);
}

static void do_gate(enum fault_name name, unsigned gate)
{
    struct machine *machine = gate_machine(gate);
    switch (name) {
    case AGENT_KILLED:
        gate_crash(gate, false);
        break;
    case AGENT_DIES_AT_WORK:
        machine->effects_left = (unsigned)random_between(&f.chance, 1, 40);
        sim_after(30 * SECOND, die_now, NULL, gate, 0);
        break;
    case GATE_POWER:
        board_crash(gate, true);
        gate_crash(gate, true);
        break;
    case GATE_DISK_LOST:
        if (fire_is_open(gate) || arm_is_held(gate, 1)) {
            break; /* what it held and what it said would be forgotten for good */
        }
        board_crash(gate, true);
        gate_crash(gate, true);
        gate_wipe(gate);
        board_forget(gate);
        truth_wiped(gate);
        break;
    case BOARD_KILLED:
        board_crash(gate, false);
        break;
    case FIRE:
        fire_begin(gate, for_a_while(5 * MINUTE));
        break;
    case BOARD_MUTE:
        board_mute(gate, true);
        sim_after(for_a_while(MINUTE), board_answers, NULL, gate, 0);
        break;
    case CLOCK_JUMPS:
        jump(machine);
        break;
    case CLOCK_DRIFTS:
        drift(machine);
        break;
    case GATE_HANGS:
        machine->stalled_until = sim.now + for_a_while(20 * SECOND);
        break;
    case GATE_DISK_FULL:
        machine->disk_full = true;
        machine->sick_until = INT64_MAX;
        sim_after(for_a_while(5 * MINUTE), disk_has_room, NULL, gate, 0);
        break;
    case GATE_DISK_FAILS:
        machine->disk_fails = (unsigned)random_between(&f.chance, 1, 3);
        machine->sick_until = INT64_MAX; /* nobody says when it will fail */
        break;
    default:
        break;
    }
}

static void do_line(enum fault_name name, unsigned gate)
{
    switch (name) {
    case LINE_BREAKS:
        wire_break(gate);
        break;
    case LINE_CUT:
        wire_cut(gate, sim.now + for_a_while(5 * MINUTE), 3);
        break;
    case LINE_CUT_LONG:
        wire_cut(gate, sim.now + random_between(&f.chance, HOUR, 100 * HOUR), 3);
        break;
    case LINE_ONE_WAY:
        wire_cut(gate, sim.now + for_a_while(2 * MINUTE), 1 + (unsigned)random_below(&f.chance, 2));
        break;
    case LINE_LOSES:
        wire_is_odd(gate, sim.now + for_a_while(5 * MINUTE), WIRE_LOSES);
        break;
    case LINE_DOUBLES:
        wire_is_odd(gate, sim.now + for_a_while(5 * MINUTE), WIRE_DOUBLES);
        break;
    case LINE_OVERTAKES:
        wire_is_odd(gate, sim.now + for_a_while(5 * MINUTE), WIRE_OVERTAKES | WIRE_DOUBLES);
        break;
    case LINE_SLOW:
        wire_slow(gate, random_between(&f.chance, 10 * MS, 2 * SECOND));
        sim_after(for_a_while(5 * MINUTE), line_is_fast, NULL, gate, 0);
        break;
    default:
        break;
    }
}

static void do_controller(enum fault_name name)
{
    struct machine *machine = controller_machine();
    switch (name) {
    case CONTROLLER_KILLED:
        controller_crash(false);
        break;
    case CONTROLLER_DIES_AT_WORK:
        machine->effects_left = (unsigned)random_between(&f.chance, 1, 100);
        sim_after(30 * SECOND, die_now, NULL, GATES_MAX, 0);
        break;
    case CONTROLLER_POWER:
        controller_crash(true);
        break;
    case CONTROLLER_HANGS:
        machine->stalled_until = sim.now + for_a_while(20 * SECOND);
        break;
    case CONTROLLER_DISK_FULL:
        machine->disk_full = true;
        sim_after(for_a_while(2 * MINUTE), disk_has_room, NULL, GATES_MAX, 0);
        break;
    case CONTROLLER_DISK_FAILS:
        machine->disk_fails = (unsigned)random_between(&f.chance, 1, 3);
        break;
    case MAP_FULL:
        memory_lmdb_map_full(random_below(&f.chance, 500) + 1);
        break;
    default:
        break;
    }
}

static void something(void *ctx, uint64_t a, uint64_t b)
{
    (void)ctx;
    (void)a;
    (void)b;
    if (sim.healing) {
        return;
    }
    unsigned sum = 0;
    for (size_t i = 0; i < FAULT_NAMES; i++) {
        sum += f.weights[i];
    }
    uint64_t drawn = random_below(&f.chance, sum);
    enum fault_name name = (enum fault_name)0;
    while (drawn >= f.weights[name]) {
        drawn -= f.weights[name];
        name = (enum fault_name)(name + 1);
    }
    unsigned gate = (unsigned)random_below(&f.chance, sim.plan.gates);
    f.counts[name]++;
    sim_note(kinds[name].name, gate, 0);
    do_gate(name, gate);
    do_line(name, gate);
    do_controller(name);
    sim_after(random_between(&f.chance, f.pause / 10, 2 * f.pause), something, NULL, 0, 0);
}

void faults_begin(void)
{
    memset(&f, 0, sizeof(f));
    f.chance.state = sim.plan.seed ^ UINT64_C(0x6661756c74);
    memory_lmdb_judge(judge, NULL);
    memory_lmdb_map_full(0);
    if (sim.plan.calm) {
        return;
    }
    for (size_t i = 0; i < FAULT_NAMES; i++) {
        f.weights[i] = random_chance(&f.chance, 600) ? kinds[i].weight : 0;
    }
    f.weights[LINE_BREAKS] += 1;
    f.weights[LINE_CUT_LONG] += sim.plan.hours > LONG_HOURS ? 10 : 0;
    f.pause = random_between(&f.chance, 5 * SECOND, 5 * MINUTE) / (sim.plan.gates > 5 ? 5 : 1);
    f.pause *= sim.plan.hours > LONG_HOURS ? 5 : 1;
    sim_after(f.pause, something, NULL, 0, 0);
}

void faults_end(void)
{
    memory_lmdb_map_full(0);
    wires_heal();
    boards_heal();
    for (unsigned i = 0; i <= sim.plan.gates; i++) {
        struct machine *machine = i == sim.plan.gates ? controller_machine() : gate_machine(i);
        machine->disk_full = false;
        machine->disk_fails = 0;
        machine->effects_left = 0;
        machine->stalled_until = 0;
    }
}

const char *faults_count(void)
{
    static char text[64];
    uint64_t sum = 0;
    for (size_t i = 0; i < FAULT_NAMES; i++) {
        sum += f.counts[i];
    }
    (void)snprintf(text, sizeof(text), "%llu faults", (unsigned long long)sum);
    return text;
}
