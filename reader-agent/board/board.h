/* board: one turn of parkgate-board: the line to its board, in the right order. An opening comes
 * before a look at the inputs, a look before a display. Blocks for one Modbus call at most between
 * two looks at the agent. */
#pragma once

#include "common/base/clock.h"
#include "schema/helper.h"

struct board;

struct board_ops {
    bool (*say)(void *ctx, const struct helper_message *message);
    /* The line came up, went down, or has news in a plain word. */
    void (*state)(void *ctx, enum device_state state, const char *what);
    const struct clock *clock;
    void *ctx;
};

struct board *board_create(struct board_ops ops);
/* Switches off what it holds on by coil. */
void board_destroy(struct board **board);

/* Takes a setup; the same as before changes nothing, another address connects anew. A setup that
 * cannot work is told as DEVICE_DOWN and leaves the one before in force. */
void board_configure(struct board *board, const struct helper_board *setup);
void board_hear(struct board *board, const struct helper_message *message);
void board_agent_up(struct board *board);

/* What is due now. */
void board_turn(struct board *board);
/* Until the next turn is due. */
int64_t board_wait_ms(const struct board *board);

/* Reports that the agent has not acknowledged yet: they are lost with this process. */
bool board_has_reports(const struct board *board);
