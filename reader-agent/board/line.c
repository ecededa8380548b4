#include "reader-agent/board/line.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/board/bus.h"

struct seat {
    struct line *line;
    size_t index;
    struct board *board;
    bool burned; /* its input said fire when it was judged last */
    bool again;  /* a fire of before the start, not confirmed by a look yet: then it is said anew */
};

struct line {
    struct line_ops ops;
    size_t count;
    struct seat seats[HELPER_BOARDS_PER_BUS];
    bool latched;
    uint64_t number; /* of the newest order when it latched */
    size_t next[2];  /* who comes first among boards without a fire input, and with one */
    size_t heard;    /* turns of boards with a fire input since another had one, or the agent */
    bool agent_had;  /* of those others' turns the last */
};

/* What boards say */

static bool say_for_board(void *ctx, const struct helper_message *message)
{
    const struct seat *seat = ctx;
    return seat->line->ops.say(seat->line->ops.ctx, seat->index, message);
}

static void state_of_board(void *ctx, enum device_state state, const char *what)
{
    const struct seat *seat = ctx;
    seat->line->ops.state(seat->line->ops.ctx, seat->index, state, what);
}

static bool keep_for_board(void *ctx, const struct fire_kept *kept)
{
    const struct seat *seat = ctx;
    return seat->line->ops.keep(seat->line->ops.ctx, seat->index, kept);
}

static struct bus *neighbour_of_board(void *ctx, const struct helper_board *setup)
{
    const struct seat *seat = ctx;
    for (size_t i = 0; i < seat->line->count; i++) {
        struct bus *bus = i == seat->index ? NULL : board_bus(seat->line->seats[i].board);
        if (bus != NULL && bus_serves(bus, setup)) {
            return bus;
        }
    }
    return NULL;
}

/* Fire */

static bool is_burning(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (board_fire(line->seats[i].board).burning) {
            return true;
        }
    }
    return false;
}

/* Said of a board with a fire input, and true of its whole line. */
static bool may_broadcast(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (board_fire(line->seats[i].board).broadcast) {
            return true;
        }
    }
    return false;
}

/* A broadcast for an earlier board opened these, too. */
static bool was_called(const struct line *line, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (board_is_to_release(line->seats[i].board) &&
            board_same_coils(line->seats[index].board, line->seats[i].board)) {
            return true;
        }
    }
    return false;
}

/* All exits that are to be open and are not known to be. */
static void release_exits(struct line *line)
{
    bool broadcast = may_broadcast(line);
    for (size_t i = 0; i < line->count && broadcast; i++) {
        if (board_is_to_release(line->seats[i].board) && !was_called(line, i)) {
            board_release_everywhere(line->seats[i].board);
        }
    }
    for (size_t i = 0; i < line->count; i++) {
        if (board_is_to_release(line->seats[i].board)) {
            board_release(line->seats[i].board);
        }
    }
    for (size_t i = 0; i < line->count; i++) {
        board_settle_fire(line->seats[i].board);
    }
}

static void latch(struct line *line, bool latched, uint64_t number)
{
    line->latched = latched;
    line->number = number;
    for (size_t i = 0; i < line->count; i++) {
        board_latch(line->seats[i].board, latched, number);
    }
}

static uint64_t newest_order(const struct line *line)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < line->count; i++) {
        uint64_t number = board_kept(line->seats[i].board)->order.number;
        newest = number > newest ? number : newest;
    }
    return newest;
}

/* A person's key said that it is over, after it began. */
static bool is_ended(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct helper_release *order = &board_kept(line->seats[i].board)->order;
        if (order->end && order->number > line->number) {
            return true;
        }
    }
    return false;
}

static void report_inputs(struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        struct seat *seat = &line->seats[i];
        struct board_fire fire = board_fire(seat->board);
        bool burning = fire.burning;
        if (burning != seat->burned || (burning && fire.looked && seat->again)) {
            seat->burned = burning;
            seat->again = false;
            board_report_fire(seat->board, burning ? FIRE_ON : FIRE_INPUT_ENDED, true, false);
        }
    }
}

/* An order ended it, but it burns: whoever said so hears of it again. */
static void say_again(struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (board_fire(line->seats[i].board).burning) {
            board_report_fire(line->seats[i].board, FIRE_ON, true, false);
        }
    }
}

static void reset(struct line *line, bool by_key)
{
    log_event("fire_reset", LOG_TEXT("by", by_key ? "key switch" : "order"));
    for (size_t i = 0; i < line->count; i++) {
        if (board_kept(line->seats[i].board)->told) {
            board_report_fire(line->seats[i].board, FIRE_RESET, by_key, false);
        }
    }
    latch(line, false, newest_order(line));
    for (size_t i = 0; i < line->count; i++) {
        board_settle_fire(line->seats[i].board);
    }
}

static bool any_to_release(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (board_is_to_release(line->seats[i].board)) {
            return true;
        }
    }
    return false;
}

/* At the look before: a key that is turned while it burns, and held, ends nothing. */
static bool has_burned(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (line->seats[i].burned) {
            return true;
        }
    }
    return false;
}

/* Exits first; whoever wants to know of it comes after. */
static void judge(void *ctx)
{
    const struct seat *seat = ctx;
    struct line *line = seat->line;
    bool burning = is_burning(line);
    bool began = burning && !line->latched;
    bool key = board_fire(seat->board).key && !has_burned(line);
    if (began) {
        latch(line, true, newest_order(line));
    }
    if (any_to_release(line)) {
        release_exits(line);
    }
    if (began) {
        log_warning("fire", LOG_TEXT("board", board_fire(seat->board).burning ? "its input" : ""));
    }
    report_inputs(line);
    if (line->latched && burning && is_ended(line)) {
        latch(line, true, newest_order(line)); /* it burns still: that end is no end */
        say_again(line);
    } else if (line->latched && !burning && (key || is_ended(line))) {
        reset(line, key);
    } else {
        board_settle_fire(seat->board);
    }
}

/* Making */

struct line *line_create(const struct name *names, const struct fire_kept *kept, size_t count,
                         struct line_ops ops)
{
    struct line *line = calloc(1, sizeof(*line));
    MUST(line != NULL && count >= 1 && count <= HELPER_BOARDS_PER_BUS);
    line->ops = ops;
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = &line->seats[i];
        *seat = (struct seat){.line = line, .index = i};
        seat->board = board_create((struct board_ops){.say = say_for_board,
                                                      .state = state_of_board,
                                                      .neighbour = neighbour_of_board,
                                                      .judge = judge,
                                                      .keep = keep_for_board,
                                                      .clock = ops.clock,
                                                      .ctx = seat},
                                   names[i]);
        line->latched = line->latched || kept[i].latched;
        line->number = kept[i].number > line->number ? kept[i].number : line->number;
        board_remember(seat->board, &kept[i]);
        seat->burned = board_fire(seat->board).burning;
        line->count++;
    }
    for (size_t i = 0; i < count && line->latched; i++) {
        board_latch(line->seats[i].board, true, line->number);
        if (kept[i].told) {
            /* Reports died with the process before: said again, whoever knows it loses nothing.
             * They are marked late: it may be over for long, and a look says more. */
            line->seats[i].again = true;
            board_report_fire(line->seats[i].board, FIRE_ON, true, true);
            if (kept[i].ended) {
                board_report_fire(line->seats[i].board, FIRE_INPUT_ENDED, true, true);
            }
        }
    }
    return line;
}

void line_destroy(struct line **line)
{
    if (*line != NULL) {
        for (size_t i = 0; i < (*line)->count; i++) {
            board_destroy(&(*line)->seats[i].board);
        }
        free(*line);
        *line = NULL;
    }
}

struct board *line_board(struct line *line, size_t index)
{
    MUST(index < line->count);
    return line->seats[index].board;
}

/* Turns */

/* The next board from `next` on, with a fire input or without, whose turn is due; count: none. */
static size_t find_due(const struct line *line, bool hears)
{
    for (size_t k = 0; k < line->count; k++) {
        size_t i = (line->next[hears ? 1 : 0] + k) % line->count;
        const struct board *board = line->seats[i].board;
        if (board_fire(board).hears == hears && board_wait_ms(board) <= 0) {
            return i;
        }
    }
    return line->count;
}

static size_t count_hearing(const struct line *line)
{
    size_t count = 0;
    for (size_t i = 0; i < line->count; i++) {
        count += board_fire(line->seats[i].board).hears ? 1 : 0;
    }
    return count;
}

/* All boards with a fire input had their turn since somebody else had one, or need none now. */
static bool is_others_turn(const struct line *line)
{
    return line->heard >= count_hearing(line) || find_due(line, true) == line->count;
}

bool line_take_turn_for_agent(struct line *line)
{
    bool other_waits = find_due(line, false) < line->count;
    if (!is_others_turn(line) || (line->agent_had && other_waits)) {
        return false;
    }
    line->agent_had = true;
    line->heard = 0;
    return true;
}

void line_turn(struct line *line)
{
    size_t hearing = find_due(line, true);
    size_t other = find_due(line, false);
    bool others = is_others_turn(line) && other < line->count;
    size_t index = hearing < line->count && !others ? hearing : other;
    if (index == line->count) {
        return;
    }
    line->heard = index == hearing ? line->heard + 1 : 0;
    line->agent_had = line->agent_had && index == hearing;
    line->next[index == hearing ? 1 : 0] = (index + 1) % line->count;
    board_turn(line->seats[index].board);
}

int64_t line_wait_ms(const struct line *line)
{
    int64_t wait_ms = board_wait_ms(line->seats[0].board);
    for (size_t i = 1; i < line->count; i++) {
        int64_t other_ms = board_wait_ms(line->seats[i].board);
        wait_ms = other_ms < wait_ms ? other_ms : wait_ms;
    }
    return wait_ms;
}

bool line_has_reports(const struct line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        if (board_has_reports(line->seats[i].board)) {
            return true;
        }
    }
    return false;
}

bool line_is_latched(const struct line *line)
{
    return line->latched;
}
