/* A machine: its clock, its random source, and what becomes of its commits. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/memory_lmdb.h"
#include "tests/sim/sim.h"

struct machine *machine_now;

struct wall machine_wall(const struct machine *machine)
{
    int64_t drifted = (sim.now - machine->set) / 1000000 * machine->drift_ppm;
    return (struct wall){.us = sim.now + machine->offset + drifted};
}

struct mono machine_mono(const struct machine *machine)
{
    return (struct mono){.us = sim.now - machine->booted + SECOND};
}

static struct wall read_wall(void *ctx)
{
    return machine_wall(ctx);
}

static struct mono read_mono(void *ctx)
{
    return machine_mono(ctx);
}

static void fill(void *ctx, uint8_t *out, size_t size)
{
    struct machine *machine = ctx;
    while (size > 0) {
        uint64_t word = random_next(&machine->random);
        size_t some = size < sizeof(word) ? size : sizeof(word);
        memcpy(out, &word, some);
        out += some;
        size -= some;
    }
}

void machine_init(struct machine *machine, const char *name, uint64_t stream)
{
    *machine = (struct machine){.booted = sim.now, .set = sim.now};
    (void)snprintf(machine->name, sizeof(machine->name), "%s", name);
    (void)snprintf(machine->dir, sizeof(machine->dir), "%.160s/%.15s", sim.dir, name);
    struct random seed = {.state = sim.plan.seed * UINT64_C(0x9e3779b97f4a7c15) + stream};
    machine->random.state = random_next(&seed);
    machine->clock = (struct clock){.wall = read_wall, .mono = read_mono, .ctx = machine};
    machine->entropy = (struct entropy){.fill = fill, .ctx = machine};
}

bool machine_effect(struct machine *machine)
{
    if (!machine->on || machine->dying) {
        return false;
    }
    if (machine->effects_left > 0 && --machine->effects_left == 0) {
        machine->dying = true;
        sim_say("%s dies in the middle of its work", machine->name);
        return false;
    }
    return true;
}
