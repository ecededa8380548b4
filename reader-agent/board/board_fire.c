#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/board/board_inside.h"

enum {
    HOLD_AGAIN_MS = 500,         /* a held coil is written again, whatever switched it off */
    HOLD_AGAIN_SHARED_MS = 1000, /* ... that of a board with neighbours */
    HOLD_SOON_MS = 50,   /* ... while a flash-on may end in off, or when it did not answer */
    HOLD_MISSES = 2,     /* until it missed so often; then it is named */
    HOLD_RETRY_MS = 400, /* ... and asked again so often */
};

enum err board_let_go(struct board *board, struct fault *fault)
{
    uint32_t over = board->released & ~board->hold.exits;
    for (size_t i = 0; over >> i != 0; i++) {
        if ((over >> i & 1) == 0 || i >= board->setup.lane_count) {
            continue;
        }
        if (opener_let_go(&board->opener, board->bus, i, board_now(board).mono, fault) == ERR_IO) {
            return ERR_IO;
        }
        station_release(board->station, i, false);
        board->released &= ~(UINT32_C(1) << i);
    }
    if (board->released == 0 && board->kept.held) {
        board->kept.held = false;
        board->to_keep = true;
    }
    return ERR_OK;
}

/* Does an exit of `setup` have this coil? */
static bool is_exit_of(const struct helper_board *setup, uint16_t coil)
{
    for (size_t i = 0; i < setup->lane_count; i++) {
        if (setup->lanes[i].open_coil == coil && setup->lanes[i].direction != LANE_IN) {
            return true;
        }
    }
    return false;
}

void board_move_held(struct board *board, const struct helper_board *setup)
{
    for (size_t i = 0; i < board->setup.lane_count; i++) {
        const struct helper_lane *lane = &board->setup.lanes[i];
        struct fault fault = {.code = ERR_OK};
        if ((board->released >> i & 1) == 0) {
            continue;
        }
        if (!is_exit_of(setup, lane->open_coil) && board_has_line(board, &fault) &&
            opener_let_go(&board->opener, board->bus, i, board_now(board).mono, &fault) == ERR_IO) {
            log_error("exit_left_open", LOG_TEXT("lane", lane->name.text),
                      LOG_TEXT("why", fault.what));
        }
    }
    board->released = hold_moved(board->released, &board->setup, setup);
}

void board_hold_anew(struct board *board)
{
    board->hold = hold_of(&board->setup, board->kept.latched, &board->kept.order);
    if (board->kept.held && board->released == 0) {
        /* Held by a process before this one: all its exits may be open. */
        board->released = hold_of(&board->setup, true, &board->kept.order).exits;
    }
    board->released |= board->hold.exits;
    for (size_t i = 0; i < board->setup.lane_count; i++) {
        bool released = (board->released >> i & 1) != 0;
        if (released) {
            opener_hold(&board->opener, i);
        }
        station_release(board->station, i, released);
    }
    if (board->hold.exits != 0 && !board->kept.held) {
        board->kept.held = true;
        board->to_keep = true;
    }
    board->reached = false;
    board->miss_told = board->miss_told && board->hold.exits != 0;
    board->hold_at = board_now(board).mono;
}

void board_take_order(struct board *board, const struct helper_release *order)
{
    /* The agent may have lost its count; nobody is kept in by that. */
    if (order->number < board->kept.order.number && order->state == EMERGENCY_NONE) {
        return;
    }
    board->kept.order = *order;
    board->to_keep = true;
    if (board->has_setup) {
        board_hold_anew(board);
    }
    board->ops.judge(board->ops.ctx);
}

void board_note_fire(struct board *board, const struct sensed *sensed)
{
    const struct helper_board *setup = &board->setup;
    board->fire.looked = true;
    board->fire.burning =
        setup->fire.present && sensed->levels[setup->fire.number] == setup->fire_closes;
    bool level = setup->reset.present && sensed->levels[setup->reset.number];
    board->fire.key = level && board->key_known && !board->key_level;
    board->key_level = level;
    board->key_known = true;
    board->ops.judge(board->ops.ctx);
    board->fire.key = false;
}

void board_remember(struct board *board, const struct fire_kept *kept)
{
    board->kept = *kept;
    board->fire.burning = kept->latched && kept->told && !kept->ended;
}

const struct fire_kept *board_kept(const struct board *board)
{
    return &board->kept;
}

struct board_fire board_fire(const struct board *board)
{
    return board->fire;
}

void board_latch(struct board *board, bool latched, uint64_t number)
{
    board->kept.latched = latched;
    board->kept.number = number;
    board->kept.told = board->kept.told && latched;
    board->kept.ended = board->kept.ended && latched;
    board->to_keep = true;
    if (board->has_setup) {
        board_hold_anew(board);
    }
}

void board_report_fire(struct board *board, enum fire_change change, bool on, bool late)
{
    bool ended = change == FIRE_INPUT_ENDED;
    if ((change == FIRE_ON && !board->kept.told) ||
        ((change == FIRE_ON || ended) && board->kept.ended != ended)) {
        board->kept.told = true;
        board->kept.ended = ended;
        board->to_keep = true;
    }
    station_report_fire(board->station, board->name, change, on, late, board_now(board));
}

bool board_is_to_release(const struct board *board)
{
    return board->has_setup && board->hold.exits != 0 && !board->reached &&
           (board->misses == 0 || !mono_before(board_now(board).mono, board->hold_at));
}

void board_release_everywhere(struct board *board)
{
    struct fault fault = {.code = ERR_OK};
    if (board_has_line(board, &fault)) {
        opener_release_everywhere(&board->opener, board->bus);
    }
}

/* A board that took it: not later than its own timer may switch an exit off. */
static uint32_t written_again_ms(const struct board *board)
{
    uint32_t again_ms = board->unit.alone ? HOLD_AGAIN_MS : HOLD_AGAIN_SHARED_MS;
    int64_t flash_ms = opener_flash_wait_ms(&board->opener, board_now(board).mono);
    if (flash_ms < 0 || flash_ms >= again_ms) {
        return again_ms;
    }
    return flash_ms > HOLD_SOON_MS ? (uint32_t)flash_ms : HOLD_SOON_MS;
}

void board_release(struct board *board)
{
    struct fault fault = {.code = ERR_OK};
    enum err err = board_has_line(board, &fault)
                       ? opener_release_held(&board->opener, board->bus, &fault)
                       : ERR_IO;
    board->reached = err == ERR_OK;
    board->refuses = err == ERR_REFUSED;
    uint32_t again_ms = board->reached ? written_again_ms(board) : HOLD_RETRY_MS;
    if (board->reached) {
        board->misses = 0;
    } else if (board->misses < HOLD_MISSES) {
        board->misses++;
        again_ms = HOLD_SOON_MS;
    }
    board->hold_at = mono_after_ms(board_now(board).mono, again_ms);
}

/* It answered the release: there is no reason to wait for the rest of the back-off. People who were
 * told that its exits may be shut are told that they are open. */
static void note_reached(struct board *board)
{
    bool miss_told = board->miss_told;
    board->miss_told = false;
    if (miss_told && board->up && board->looked) {
        board_say_up(board, "");
    }
    if (!board->up) {
        board->connect_wait_ms = BOARD_CONNECT_FIRST_MS;
        board->connect_at = board_now(board).mono;
    }
}

void board_settle_fire(struct board *board)
{
    if (!board->has_setup) {
        return;
    }
    bus_address(board->bus, &board->unit);
    station_close_entries(board->station, board->hold.entries, board_now(board));
    if (board->misses == HOLD_MISSES && !board->miss_told) {
        board->miss_told = true;
        board_report_fire(board, FIRE_UNREACHED, false, false);
        board_say_down(board, "");
    } else if (board->reached && board->hold.exits != 0) {
        note_reached(board);
    }
    unsigned shows = (board->kept.latched ? 2U : 0U) + (board->hold.exits != 0 ? 1U : 0U);
    bool known = board->hold.exits == 0 || board->reached;
    if (shows != board->shows && known && board->up && board->looked) {
        board->shows = shows;
        board_say_up(board, "");
    }
    if (board->to_keep && board->ops.keep(board->ops.ctx, &board->kept)) {
        board->to_keep = false;
    }
}

void board_tend_hold(struct board *board)
{
    struct fault fault = {.code = ERR_OK};
    if (board->to_keep && board->ops.keep(board->ops.ctx, &board->kept)) {
        board->to_keep = false;
    }
    if (board->hold.exits != 0 && !mono_before(board_now(board).mono, board->hold_at)) {
        board_release(board);
        board_settle_fire(board);
    }
    if (board->up && (board->released & ~board->hold.exits) != 0 &&
        board_let_go(board, &fault) != ERR_OK) {
        board_check_line(board, &fault);
    }
}

bool board_same_coils(const struct board *a, const struct board *b)
{
    for (size_t i = 0; i < a->setup.lane_count; i++) {
        if ((a->hold.exits >> i & 1) != 0 && !opener_is_held(&b->opener, &a->setup.lanes[i])) {
            return false;
        }
    }
    return true;
}

struct bus *board_bus(const struct board *board)
{
    return board->bus;
}
