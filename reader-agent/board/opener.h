/* opener: how a relay is switched on for a while.
 *
 * With flash-on registers by one write, so that a crash never leaves a lane open. Boards without
 * them, and boards that refuse the register they were said to have, get their coil switched on now
 * and off by time: late by at most a poll, and switched off at every (re)connect.
 *
 * A lane with a guard (a rising bollard; any lane with an anti-crush input) is another matter: what
 * stands there when a flash-on ends by itself is crushed. Its coil is switched on and stays on,
 * whoever dies, until opener_close() switches it off right after a look at its inputs. What an
 * earlier process left on is treated the same; nothing switches it off unlooked.
 *
 * An exit that is held (fire, evacuation) has its coil on and stays so whatever else is asked for:
 * no flash-on, which would end in off; no closing by time, at a connect or at the program's end.
 * A flash-on that began before may end in off all the same: opener_flash_wait_ms() says when.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "reader-agent/board/bus.h"

enum {
    OPENER_FLASH_UNIT_MS = 100,
    OPENER_FLASH_UNITS_MAX = 600,
    OPENER_FLASH_SLACK_MS = 300, /* a board's own timer may be late by so much */
};

/* A board's own timer switches a coil off at some time between these. */
struct opener_flash {
    struct mono from;
    struct mono until;
};

struct opener_coil {
    uint16_t coil;
    bool on; /* switched on by us, to be switched off at `off_at` */
    bool guarded;
    bool held;        /* open until let go */
    bool refused;     /* the board refused to hold it open */
    uint32_t pass_ms; /* guarded: what an earlier process opened may be on the way for so long */
    struct mono off_at;
    struct opener_flash flash; /* both zero: none runs */
};

struct opener {
    bool has_flash;
    uint16_t flash_base;
    uint8_t count;
    struct opener_coil coils[HELPER_LANES_PER_BOARD];
};

/* Flash-ons of a process before this one may run from `now` on. */
struct opener opener_of(const struct helper_board *setup, struct mono now);

/* It must not close on what stands there. */
bool opener_guards(const struct helper_lane *lane);

/* Opens all held exits, neighbouring coils by one write. ERR_REFUSED: all were tried, and the board
 * refuses at least one. ERR_IO: it does not answer, which ends it; it may have opened some. */
MUST_CHECK enum err opener_release_held(struct opener *opener, struct bus *bus,
                                        struct fault *fault);
/* The same by a broadcast to all units of the serial line. */
void opener_release_everywhere(const struct opener *opener, struct bus *bus);
/* The index-th lane's exit is held from now on; nothing is written yet. */
void opener_hold(struct opener *opener, size_t index);
bool opener_is_held(const struct opener *opener, const struct helper_lane *lane);
/* Until a held exit may be shut by a flash-on that runs still; 0: it may be now; -1: none runs. */
int64_t opener_flash_wait_ms(const struct opener *opener, struct mono now);
/* It is held no more: switched off, with a guard as soon as nothing stands there. ERR_IO: it may be
 * open still. */
MUST_CHECK enum err opener_let_go(struct opener *opener, struct bus *bus, size_t index,
                                  struct mono now, struct fault *fault);
/* Ends a pulse that runs, but of no lane with a guard and no held one. */
MUST_CHECK enum err opener_shut(struct opener *opener, struct bus *bus,
                                const struct helper_lane *lane, struct fault *fault);

/* A held lane is open already: ERR_OK, nothing is written. `fresh`: the coil goes off first, so
 * that a new pulse begins. Errors as bus.h says. */
MUST_CHECK enum err opener_open(struct opener *opener, struct bus *bus,
                                const struct helper_lane *lane, bool fresh, struct mono now,
                                struct fault *fault);
/* After each connect: without flash-on (or where the board cannot read it back) all coils go off
 * but those with a guard, which are taken for open. Switches nothing on. */
MUST_CHECK enum err opener_reset(struct opener *opener, struct bus *bus, struct mono now,
                                 struct fault *fault);
/* The lane with a guard stays open for `ms` at least. */
void opener_keep(struct opener *opener, const struct helper_lane *lane, uint32_t ms,
                 struct mono now);
/* Switches off what is due, but no lane with a guard; what fails stays due. */
void opener_tick(struct opener *opener, struct bus *bus, struct mono now);
/* The same for lanes with a guard. Only right after a look, whose opener_keep() came before. */
void opener_close(struct opener *opener, struct bus *bus, struct mono now);
/* Switches off all that we hold on, but no lane with a guard: before the program ends. */
void opener_release(struct opener *opener, struct bus *bus);
/* Until opener_tick has something to do; -1 never. */
int64_t opener_wait_ms(const struct opener *opener, struct mono now);
