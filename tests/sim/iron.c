/* Boards of iron and arms behind them: what reader-agent/board/bus.h calls, without a wire.
 *
 * A relay is a coil, or a flash-on register that switches it off again by itself, whatever was
 * written to the coil meanwhile. An arm lets one person through for each time its relay is switched
 * on, and everybody while fire holds it; one who goes close behind turns it once more. Every turn
 * is an edge of the lane's counter, which goes on while nobody looks. A mute board answers nobody,
 * and does nothing. */
#include "reader-agent/board/bus.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/outer.h"
#include "tests/sim/park.h"
#include "tests/sim/sim.h"

enum { BUTTON_HELD_MS = 200, KEY_HELD_MS = 300, FLASH_UNIT_MS = 100 };

struct arm {
    bool on, held;       /* the coil; by a release */
    int64_t flash_until; /* 0: no flash-on runs */
    bool used;           /* the one turn of this pulse is gone */
    uint16_t turns, presses;
    int64_t pressed_until;
};

struct iron {
    struct arm arms[LANES_A_GATE];
    bool mute, fire;
    int64_t key_until;
    int64_t opened_until; /* the exit was seen open then */
};

struct bus {
    unsigned gate;
    int owners;
    bool connected;
};

static struct iron irons[GATES_MAX];

void iron_reset(void)
{
    memset(irons, 0, sizeof(irons));
}

static bool is_on(struct arm *arm)
{
    if (arm->flash_until != 0 && sim.now >= arm->flash_until) {
        arm->flash_until = 0;
        arm->on = false;
        arm->held = false;
    }
    return arm->on;
}

static void switch_on(unsigned gate, unsigned lane, int64_t flash_us)
{
    struct arm *arm = &irons[gate].arms[lane];
    arm->used = arm->used && is_on(arm);
    arm->on = true;
    if (flash_us > 0) {
        int64_t until = sim.now + flash_us;
        arm->flash_until = until > arm->flash_until ? until : arm->flash_until;
    }
    outer_relay_on(gate, lane);
}

/* --- people at it --- */

bool arm_is_free(unsigned gate, unsigned lane)
{
    struct arm *arm = &irons[gate].arms[lane];
    return is_on(arm) && (arm->held || !arm->used);
}

bool arm_is_held(unsigned gate, unsigned lane)
{
    struct arm *arm = &irons[gate].arms[lane];
    return is_on(arm) && arm->held;
}

void arm_turn(unsigned gate, unsigned lane, unsigned person, bool sure, bool tailgates)
{
    struct arm *arm = &irons[gate].arms[lane];
    arm->turns++;
    arm->used = true;
    sure = sure && outer_board_sees(gate) && !irons[gate].mute;
    (void)truth_turned(gate, lane, person, sure, tailgates);
    outer_board_look_soon(gate);
}

void arm_press(unsigned gate, unsigned lane)
{
    struct arm *arm = &irons[gate].arms[lane];
    arm->presses++;
    arm->pressed_until = sim.now + BUTTON_HELD_MS * MS;
    outer_board_look_soon(gate);
}

void iron_mute(unsigned gate, bool mute)
{
    irons[gate].mute = mute;
}

bool iron_is_mute(unsigned gate)
{
    return irons[gate].mute;
}

void iron_fire(unsigned gate, bool fire)
{
    irons[gate].fire = fire;
    outer_board_look_soon(gate);
}

bool iron_burns(unsigned gate)
{
    return irons[gate].fire;
}

void iron_turn_key(unsigned gate)
{
    irons[gate].key_until = sim.now + KEY_HELD_MS * MS;
    outer_board_look_soon(gate);
}

/* --- the bus --- */

/* A gate has one board, and its port is its number. */
enum err bus_create(const struct helper_board *setup, struct bus **ret_bus, struct fault *fault)
{
    const char *colon = strrchr(setup->address, ':');
    (void)fault;
    struct bus *bus = calloc(1, sizeof(*bus));
    MUST(bus != NULL && colon != NULL);
    *bus = (struct bus){.gate = (unsigned)strtoul(colon + 1, NULL, 10) - PARK_PORT, .owners = 1};
    *ret_bus = bus;
    return ERR_OK;
}

struct bus *bus_share(struct bus *bus)
{
    bus->owners++;
    return bus;
}

void bus_destroy(struct bus **bus)
{
    if (*bus != NULL && --(*bus)->owners == 0) {
        free(*bus);
    }
    *bus = NULL;
}

bool bus_serves(const struct bus *bus, const struct helper_board *setup)
{
    (void)bus;
    (void)setup;
    return false;
}

void bus_address(struct bus *bus, struct bus_unit *unit)
{
    (void)bus;
    (void)unit;
}

void bus_begin_turn(struct bus *bus, struct bus_unit *unit)
{
    (void)bus;
    (void)unit;
}

void bus_forget(struct bus *bus, const struct bus_unit *unit)
{
    (void)bus;
    (void)unit;
}

static enum err answer(struct bus *bus, struct fault *fault)
{
    if (!bus->connected || irons[bus->gate].mute) {
        bus->connected = false;
        return fault_set(fault, ERR_IO, "simulated: no answer");
    }
    return ERR_OK;
}

enum err bus_connect(struct bus *bus, struct fault *fault)
{
    bus->connected = true;
    return answer(bus, fault);
}

bool bus_is_connected(const struct bus *bus)
{
    return bus->connected;
}

void bus_close(struct bus *bus)
{
    bus->connected = false;
}

static bool level_of(const struct iron *iron, uint16_t input)
{
    switch (input) {
    case PARK_BUTTON_INPUT:
        return sim.now < iron->arms[1].pressed_until;
    case PARK_FIRE_INPUT:
        return !iron->fire; /* the loop is closed while all is well */
    case PARK_RESET_INPUT:
        return sim.now < iron->key_until;
    default:
        return false;
    }
}

enum err bus_read_levels(struct bus *bus, uint16_t first, uint16_t count, uint8_t *out,
                         struct fault *fault)
{
    TRY(answer(bus, fault));
    outer_board_looks(bus->gate);
    for (uint16_t i = 0; i < count; i++) {
        out[i] = level_of(&irons[bus->gate], (uint16_t)(first + i));
    }
    return ERR_OK;
}

enum err bus_read_inputs(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                         struct fault *fault)
{
    const struct iron *iron = &irons[bus->gate];
    TRY(answer(bus, fault));
    for (uint16_t i = 0; i < count; i++) {
        unsigned input = (unsigned)first + i - PARK_COUNTERS;
        out[i] = input < LANES_A_GATE         ? iron->arms[input].turns
                 : input == PARK_BUTTON_INPUT ? iron->arms[1].presses
                                              : 0;
    }
    struct wall now = machine_wall(gate_machine(bus->gate));
    for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
        truth_sensed(bus->gate, lane, now);
    }
    return ERR_OK;
}

enum err bus_read_holding(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                          struct fault *fault)
{
    (void)first;
    TRY(answer(bus, fault));
    memset(out, 0, count * sizeof(*out));
    return ERR_OK;
}

enum err bus_write_coil(struct bus *bus, uint16_t coil, bool on, struct fault *fault)
{
    TRY(answer(bus, fault));
    MUST(coil < LANES_A_GATE);
    if (on) {
        switch_on(bus->gate, coil, 0);
        return ERR_OK;
    }
    irons[bus->gate].arms[coil].on = false;
    irons[bus->gate].arms[coil].held = false;
    irons[bus->gate].arms[coil].flash_until = 0;
    return ERR_OK;
}

enum err bus_write_register(struct bus *bus, uint16_t address, uint16_t value, struct fault *fault)
{
    TRY(answer(bus, fault));
    MUST(address >= PARK_FLASH && address < PARK_FLASH + LANES_A_GATE);
    switch_on(bus->gate, address - PARK_FLASH, value * FLASH_UNIT_MS * MS);
    return ERR_OK;
}

enum err bus_write_registers(struct bus *bus, uint16_t first, uint16_t count,
                             const uint16_t *values, struct fault *fault)
{
    (void)first;
    (void)count;
    (void)values;
    return answer(bus, fault);
}

enum err bus_release(struct bus *bus, uint16_t first, uint16_t count, struct fault *fault)
{
    TRY(answer(bus, fault));
    for (uint16_t i = first; i < first + count; i++) {
        MUST(i < LANES_A_GATE);
        struct arm *arm = &irons[bus->gate].arms[i];
        (void)is_on(arm);
        arm->on = arm->held = true;
        truth_released(bus->gate, i);
    }
    return ERR_OK;
}

void bus_release_all(struct bus *bus, uint16_t first, uint16_t count)
{
    (void)!bus_release(bus, first, count, NULL);
}
