/* line: the boards of one bus, each in its turn, and fire before all else.
 *
 * Fire is a level of a fire input, seen by the look that every board has at its poll. Then at once:
 * a broadcast where the park allows it, each board's exits, LIMIT_FIRE_UNIT_MS at most for each
 * write, then closed entries, reports and the file. No agent, no file and no answer of a board
 * stands before any exit of another. The state holds for the whole bus until the key switch is
 * turned, or a person's key ends it through the agent (RELEASE), while no input says fire.
 *
 * A board that cannot be read is neither fire nor quiet: what was seen last holds. So neither the
 * loss nor the return of a line opens or closes anything.
 *
 * Order of turns: boards with a fire input first; whenever all of those had theirs, one of the
 * others, or one message of the agent. So no display, no mute neighbour and no order comes between
 * fire and its look more than once, and none costs more than one wait for an answer (bus.h).
 */
#pragma once

#include "reader-agent/board/board.h"

struct line;

/* As struct board_ops, with the index of the board. */
struct line_ops {
    bool (*say)(void *ctx, size_t board, const struct helper_message *message);
    void (*state)(void *ctx, size_t board, enum device_state state, const char *what);
    bool (*keep)(void *ctx, size_t board, const struct fire_kept *kept);
    const struct clock *clock;
    void *ctx;
};

/* `kept` is what processes before this one left, one a board. */
struct line *line_create(const struct name *names, const struct fire_kept *kept, size_t count,
                         struct line_ops ops);
void line_destroy(struct line **line);

/* Its index-th board, for what the agent says. */
struct board *line_board(struct line *line, size_t index);

/* One message of the agent may be heard now, and that was the turn of one; false: a board comes
 * first. */
MUST_CHECK bool line_take_turn_for_agent(struct line *line);
/* The board whose turn it is has it. */
void line_turn(struct line *line);
int64_t line_wait_ms(const struct line *line);
bool line_has_reports(const struct line *line);
/* Fire, not reset yet. */
bool line_is_latched(const struct line *line);
