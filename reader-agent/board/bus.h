/* bus: one Modbus board through libmodbus 3.1.6, TCP or RTU. Every call is bounded by
 * BUS_ANSWER_MS.
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

enum { BUS_ANSWER_MS = 300, BUS_BROKEN_MAX = 3 };

struct bus;

/* Does not connect. ERR_INPUT: the address is not numeric "host:port", "[v6]:port" or a device. */
MUST_CHECK enum err bus_create(const struct helper_board *setup, struct bus **ret_bus,
                               struct fault *fault);
void bus_destroy(struct bus **bus);

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
