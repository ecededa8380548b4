/* bus: a Modbus line through libmodbus 3.1.6, TCP or RTU, and the boards (units) on it. Every call
 * goes to the unit addressed last and is bounded by what common/access/fire_time.h says.
 *
 * Errors of all calls: ERR_REFUSED  the board answered that it cannot do that (a Modbus exception);
 * nothing was changed. ERR_IO  no answer, or a broken one: it may have been done or not. On a
 * TCP line the connection is then closed; a serial line stays open for BUS_BROKEN_MAX such errors
 * running, since one spoilt byte there is ordinary.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schema/helper.h"

enum { BUS_BROKEN_MAX = 3 };

struct bus;

/* One board on a bus. */
struct bus_unit {
    uint8_t unit;
    bool alone; /* nobody else on its bus: it may take its time */
    int broken; /* errors running */
    bool mute;  /* it left a call of this turn without an answer */
};

/* Does not connect. ERR_INPUT: the address is not numeric "host:port", "[v6]:port" or a device. */
MUST_CHECK enum err bus_create(const struct helper_board *setup, struct bus **ret_bus,
                               struct fault *fault);
/* Boards of one bus share it: a second owner, who destroys it, too. */
struct bus *bus_share(struct bus *bus);
/* The last owner closes it. */
void bus_destroy(struct bus **bus);
/* Does this setup mean the same line? */
bool bus_serves(const struct bus *bus, const struct helper_board *setup);

/* The calls below are for this unit from now on. Borrowed until the next one, or until
 * bus_forget(). */
void bus_address(struct bus *bus, struct bus_unit *unit);
/* The same, and a turn of this unit begins: a unit that leaves one call without an answer is not
 * called again before its next turn (ERR_IO at once), so that a turn costs one such wait. A release
 * is called all the same. */
void bus_begin_turn(struct bus *bus, struct bus_unit *unit);
void bus_forget(struct bus *bus, const struct bus_unit *unit);

MUST_CHECK enum err bus_connect(struct bus *bus, struct fault *fault);
bool bus_is_connected(const struct bus *bus);
void bus_close(struct bus *bus);

/* Levels of `count` discrete inputs from `first` on, one byte each. */
MUST_CHECK enum err bus_read_levels(struct bus *bus, uint16_t first, uint16_t count, uint8_t *out,
                                    struct fault *fault);
/* Input registers. */
MUST_CHECK enum err bus_read_inputs(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                                    struct fault *fault);
/* Holding registers. */
MUST_CHECK enum err bus_read_holding(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                                     struct fault *fault);
MUST_CHECK enum err bus_write_coil(struct bus *bus, uint16_t coil, bool on, struct fault *fault);
MUST_CHECK enum err bus_write_register(struct bus *bus, uint16_t address, uint16_t value,
                                       struct fault *fault);
MUST_CHECK enum err bus_write_registers(struct bus *bus, uint16_t first, uint16_t count,
                                        const uint16_t *values, struct fault *fault);

/* Fire. Switches `count` coils from `first` on, waiting LIMIT_FIRE_UNIT_MS at most. A unit that
 * does not answer is not given up: its neighbours wait. */
MUST_CHECK enum err bus_release(struct bus *bus, uint16_t first, uint16_t count,
                                struct fault *fault);
/* The same to all units of a serial line at once; on TCP nothing. Nobody answers; returns when it
 * is on the wire. */
void bus_release_all(struct bus *bus, uint16_t first, uint16_t count);
