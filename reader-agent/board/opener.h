/* opener: how a relay is switched on for a while.
 *
 * With flash-on registers by one write, so that a crash never leaves a lane open. Boards without
 * them, and boards that refuse the register they were said to have, get their coil switched on now
 * and off by time: late by at most a poll, and switched off at every (re)connect.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "reader-agent/board/bus.h"

enum { OPENER_FLASH_UNIT_MS = 100, OPENER_FLASH_UNITS_MAX = 600 };

struct opener_coil {
    uint16_t coil;
    bool on; /* switched on by us, to be switched off at `off_at` */
    struct mono off_at;
};

struct opener {
    bool has_flash;
    uint16_t flash_base;
    uint8_t count;
    struct opener_coil coils[HELPER_LANES_PER_BOARD];
};

struct opener opener_of(const struct helper_board *setup);

/* `fresh`: the coil goes off first, so that a new pulse begins. Errors as bus.h says. */
MUST_CHECK enum err opener_open(struct opener *opener, struct bus *bus,
                                const struct helper_lane *lane, bool fresh, struct mono now,
                                struct fault *fault);
/* After each connect: without flash-on (or where the board cannot read it back) all coils go off.
 * Switches nothing on. */
MUST_CHECK enum err opener_reset(struct opener *opener, struct bus *bus, struct fault *fault);
/* Switches off what is due; what fails stays due. */
void opener_tick(struct opener *opener, struct bus *bus, struct mono now);
/* Switches off all that we hold on: before the program ends. */
void opener_release(struct opener *opener, struct bus *bus);
/* Until opener_tick has something to do; -1 never. */
int64_t opener_wait_ms(const struct opener *opener, struct mono now);
