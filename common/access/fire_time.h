/* fire_time: how long it takes at worst from fire at an input to the last open exit of a bus. Pure.
 *
 * parkgate-board waits no longer for an answer than these functions say, and looks at its fire
 * inputs in the order that fire_worst_ms() supposes; `parkgate apply` refuses what is too slow. So
 * the sum holds for every exit whose own board answers, whatever its neighbours do.
 *
 *   until it is seen   poll of the fire input
 *                    + one other turn on the bus, which just began: a board's look, its writes that
 *                      are due, or an order of the agent. At most one call of a turn goes without
 * an answer (reader-agent/board/bus.h); what is answered fits in the rest of what two calls may
 * take
 *                    + a look at each fire input of the bus
 *   until it is open   for each board: a write for each run of neighbouring exits' coils, and, as a
 *                      board may refuse to write several at once, each coil of a run by itself
 *
 * On a serial line each call also takes the time its bytes need: 10 bits a byte, and 3.5 characters
 * of silence before each frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    FIRE_BOARDS_MAX = 16,     /* of one bus */
    FIRE_LOOK_ALONE_MS = 300, /* waited for an answer of a board that has its line to itself */
    FIRE_LOOK_MS = 100,       /* ... of one that has neighbours */
    FIRE_ANSWER_MS = 10,      /* a serial board's own time, least: slower lines are refused */
};

struct fire_board {
    bool has_fire_input;
    bool has_counters;
    uint16_t inputs;  /* that are looked at */
    uint16_t runs;    /* of neighbouring coils of exits; 0: it drives none */
    uint16_t in_runs; /* coils of exits in runs of two or more */
    uint32_t poll_ms;
};

struct fire_bus {
    bool rtu;
    uint32_t baud;
    uint16_t count;
    struct fire_board boards[FIRE_BOARDS_MAX];
};

/* Time of `bytes` on a serial line of `baud`, rounded up; 0 on TCP (`baud` 0). */
uint32_t fire_wire_ms(uint32_t baud, uint32_t bytes);

/* How long parkgate-board waits for the answer of a look, and of a write that releases. */
uint32_t fire_look_wait_ms(bool alone, uint32_t baud, uint32_t request, uint32_t answer);
uint32_t fire_write_wait_ms(uint32_t baud);

/* The answer to a release fits into its time at this speed. True for TCP. */
bool fire_baud_is_enough(uint32_t baud);

uint32_t fire_worst_ms(const struct fire_bus *bus);
