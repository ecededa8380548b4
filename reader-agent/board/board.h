/* board: one board of a bus, in its turn: what is released before what is opened, an opening before
 * a look at the inputs, a look before a display. Blocks for one turn of a board at most, see
 * common/access/fire_time.h. Whoever owns the boards of a bus (line.h) says when it is whose turn.
 */
#pragma once

#include "common/base/clock.h"
#include "reader-agent/board/fire_file.h"
#include "schema/helper.h"

struct board;
struct bus;

struct board_ops {
    bool (*say)(void *ctx, const struct helper_message *message);
    /* The board came up, went down, or has news in a plain word. */
    void (*state)(void *ctx, enum device_state state, const char *what);
    /* The bus of a neighbour that serves this setup, or NULL. */
    struct bus *(*neighbour)(void *ctx, const struct helper_board *setup);
    /* Its fire or reset input, or the order it keeps, has news: judge them now, before all else. */
    void (*judge)(void *ctx);
    /* Make it durable, soon. False: ask again later. */
    bool (*keep)(void *ctx, const struct fire_kept *kept);
    const struct clock *clock;
    void *ctx;
};

struct board *board_create(struct board_ops ops, struct name name);
/* Switches off what it holds on by coil, but nothing that fire or evacuation holds. */
void board_destroy(struct board **board);

/* What was kept by a process before this one; before the first setup. */
void board_remember(struct board *board, const struct fire_kept *kept);
const struct fire_kept *board_kept(const struct board *board);

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

/* Fire */

struct board_fire {
    bool hears;   /* it has a fire input */
    bool burning; /* as it was seen last, by a process before this one, too */
    bool looked;  /* its input was seen by this process */
    bool key;     /* the key switch was turned at the last look */
    bool broadcast;
};
struct board_fire board_fire(const struct board *board);
/* The bus latched, or was reset (`number`: of the newest order then). Writes nothing yet, but says
 * what the board is to hold from now on. */
void board_latch(struct board *board, bool latched, uint64_t number);
/* This board's own part in it, for its reports. */
void board_report_fire(struct board *board, enum fire_change change, bool on, bool late);
/* Is there an exit to be held that is not known to be open, and is it time to try (again)? A board
 * that is mute takes LIMIT_FIRE_UNIT_MS of the line for each try, from its neighbours' looks. */
bool board_is_to_release(const struct board *board);
/* The raw write to all units for what this board holds. */
void board_release_everywhere(struct board *board);
/* Opens what is to be held: LIMIT_FIRE_UNIT_MS at most for each run of coils; a board that does not
 * answer is done with the first. */
void board_release(struct board *board);
/* After all boards had their turn: closes entries, tells who did not answer, keeps what is new. */
void board_settle_fire(struct board *board);
bool board_same_coils(const struct board *a, const struct board *b);
struct bus *board_bus(const struct board *board);
