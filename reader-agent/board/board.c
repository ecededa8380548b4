#include "reader-agent/board/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/board/board_inside.h"

enum {
    POLL_MS = 20, /* when the setup names none */
    WAIT_MOST_MS = 1000,
};

struct station_now board_now(const struct board *board)
{
    const struct clock *clock = board->ops.clock;
    return (struct station_now){.mono = clock->mono(clock->ctx), .wall = clock->wall(clock->ctx)};
}

/* What people read */

void board_say_up(struct board *board, const char *what)
{
    if (board->miss_told) {
        board_say_down(board, what); /* it answers, but an exit may be shut */
        return;
    }
    if (board->kept.latched) {
        what = "fire: its exits are held open until the key switch is turned";
    } else if (board->hold.exits != 0) {
        what = "emergency: its exits are held open";
    }
    board->ops.state(board->ops.ctx, DEVICE_UP, what);
}

void board_say_down(struct board *board, const char *what)
{
    if (board->hold.exits != 0 && !board->reached) {
        what = board->refuses ? "fire or emergency: it refuses to open an exit"
                              : "fire or emergency: no answer, its exits may be shut";
    }
    board->ops.state(board->ops.ctx, DEVICE_DOWN, what);
}

/* The line */

static void line_down(struct board *board, const struct fault *fault)
{
    struct station_now now = board_now(board);
    bus_close(board->bus);
    station_link(board->station, false, now);
    board->up = false;
    board->looked = false;
    board->connect_at = mono_after_ms(now.mono, board->connect_wait_ms);
    board->connect_wait_ms = board->connect_wait_ms * 2 < BOARD_CONNECT_MOST_MS
                                 ? board->connect_wait_ms * 2
                                 : BOARD_CONNECT_MOST_MS;
    board_say_down(board, fault->what);
}

/* After every call of the bus: one that broke it ends the connection for everybody. */
void board_check_line(struct board *board, const struct fault *fault)
{
    if (board->up && !bus_is_connected(board->bus)) {
        line_down(board, fault);
    }
}

static void connect_line(struct board *board)
{
    struct fault fault = {.code = ERR_OK};
    board->unit.broken = 0;
    if (!bus_is_connected(board->bus) && bus_connect(board->bus, &fault) != ERR_OK) {
        line_down(board, &fault);
        return;
    }
    if (opener_reset(&board->opener, board->bus, board_now(board).mono, &fault) == ERR_IO ||
        board_let_go(board, &fault) != ERR_OK) {
        line_down(board, &fault);
        return;
    }
    panel_reset(&board->panel);
    station_link(board->station, true, board_now(board));
    board->up = true;
    board->look_at = board_now(board).mono;
}

/* Callbacks of the station */

static enum err open_for_station(void *ctx, const struct helper_lane *lane, bool fresh)
{
    struct board *board = ctx;
    struct fault fault = {.code = ERR_OK};
    if (!bus_is_connected(board->bus)) {
        return ERR_REFUSED;
    }
    enum err err =
        opener_open(&board->opener, board->bus, lane, fresh, board_now(board).mono, &fault);
    if (err != ERR_OK) {
        log_warning("opening_failed", LOG_TEXT("lane", lane->name.text),
                    LOG_TEXT("why", fault.what));
        board_check_line(board, &fault);
    }
    return err;
}

static void shut_for_station(void *ctx, const struct helper_lane *lane)
{
    struct board *board = ctx;
    struct fault fault = {.code = ERR_OK};
    if (bus_is_connected(board->bus) &&
        opener_shut(&board->opener, board->bus, lane, &fault) == ERR_IO) {
        board_check_line(board, &fault);
    }
}

static void keep_open_for_station(void *ctx, const struct helper_lane *lane)
{
    struct board *board = ctx;
    opener_keep(&board->opener, lane, LANE_CLEAR_MS, board_now(board).mono);
}

static bool say_for_station(void *ctx, const struct helper_message *message)
{
    const struct board *board = ctx;
    return board->ops.say(board->ops.ctx, message);
}

/* Setup */

static void widen(struct range *range, struct helper_number input)
{
    if (!input.present) {
        return;
    }
    if (range->count == 0) {
        *range = (struct range){.first = input.number, .count = 1};
        return;
    }
    uint16_t last = (uint16_t)(range->first + range->count - 1);
    uint16_t first = input.number < range->first ? input.number : range->first;
    last = input.number > last ? input.number : last;
    *range = (struct range){.first = first, .count = (uint16_t)(last - first + 1)};
}

static struct range inputs_of(const struct helper_board *setup)
{
    struct range range = {.count = 0};
    for (size_t i = 0; i < setup->lane_count; i++) {
        widen(&range, setup->lanes[i].passage);
        widen(&range, setup->lanes[i].tamper);
        widen(&range, setup->lanes[i].button);
        widen(&range, setup->lanes[i].held);
        widen(&range, setup->lanes[i].crush);
        widen(&range, setup->lanes[i].manual);
    }
    widen(&range, setup->fire);
    widen(&range, setup->reset);
    /* A board without inputs is looked at all the same: is it there? */
    return range.count > 0 ? range : (struct range){.first = 0, .count = 1};
}

static void drop_bus(struct board *board)
{
    if (board->bus != NULL) {
        opener_release(&board->opener, board->bus);
        station_link(board->station, false, board_now(board));
        board->up = false;
        bus_forget(board->bus, &board->unit);
        bus_destroy(&board->bus);
    }
}

static bool is_input_seen(struct helper_number input)
{
    return !input.present || input.number < STATION_INPUTS_MAX;
}

void board_configure(struct board *board, const struct helper_board *setup)
{
    struct fault fault = {.code = ERR_OK};
    if (board->has_setup && helper_board_equal(&board->setup, setup)) {
        return;
    }
    struct bus *shared = board->ops.neighbour(board->ops.ctx, setup);
    struct bus *bus = shared != NULL ? bus_share(shared) : NULL;
    if (!is_input_seen(setup->fire) || !is_input_seen(setup->reset) ||
        (bus == NULL && bus_create(setup, &bus, &fault) != ERR_OK) ||
        station_configure(board->station, setup, &fault) != ERR_OK) {
        bus_destroy(&bus);
        log_error("board_setup_refused", LOG_TEXT("why", fault.what));
        board->ops.state(board->ops.ctx, DEVICE_DOWN, fault.what);
        return;
    }
    board_move_held(board, setup);
    drop_bus(board);
    board->bus = bus;
    board->setup = *setup;
    board->has_setup = true;
    board->has_counters = setup->has_counters;
    board->opener = opener_of(setup, board_now(board).mono);
    board->panel = panel_of(setup);
    board->inputs = inputs_of(setup);
    board->looked = false;
    board->unit = (struct bus_unit){.unit = setup->unit, .alone = setup->bus_boards <= 1};
    board->fire =
        (struct board_fire){.hears = setup->fire.present,
                            .burning = setup->fire.present && board->fire.burning,
                            .broadcast = setup->transport == HELPER_RTU && setup->fire_broadcast};
    board->key_known = false;
    board->connect_wait_ms = BOARD_CONNECT_FIRST_MS;
    board->connect_at = board_now(board).mono;
    board_hold_anew(board);
}

struct board *board_create(struct board_ops ops, struct name name)
{
    struct board *board = calloc(1, sizeof(*board));
    MUST(board != NULL);
    board->ops = ops;
    board->name = name;
    board->station = station_create((struct station_ops){.open = open_for_station,
                                                         .shut = shut_for_station,
                                                         .keep_open = keep_open_for_station,
                                                         .say = say_for_station,
                                                         .ctx = board});
    return board;
}

void board_destroy(struct board **board)
{
    if (*board != NULL) {
        drop_bus(*board);
        station_destroy(&(*board)->station);
        free(*board);
        *board = NULL;
    }
}

void board_hear(struct board *board, const struct helper_message *message)
{
    struct station_now now = board_now(board);
    if (board->bus != NULL) {
        bus_begin_turn(board->bus, &board->unit);
    }
    if (message->kind == HELPER_SAYS_RELEASE) {
        board_take_order(board, &message->release);
    } else if (helper_says_board(message)) {
        board_configure(board, &message->board);
    } else if (message->kind == HELPER_SAYS_WATCH) {
        board->watched = true;
        board->seen.kind = (enum helper_kind)0;
    } else if (message->kind == HELPER_SAYS_INDICATE) {
        panel_show(&board->panel, station_find_lane(board->station, message->indicate.lane),
                   &message->indicate, now.mono);
    } else {
        station_hear(board->station, message, now);
    }
}

void board_agent_up(struct board *board)
{
    board->watched = false; /* who watched is gone */
    station_agent_up(board->station, board_now(board));
}

/* Looking */

static enum err read_levels(struct board *board, struct sensed *sensed, struct fault *fault)
{
    uint8_t levels[STATION_INPUTS_MAX];
    TRY(bus_read_levels(board->bus, board->inputs.first, board->inputs.count, levels, fault));
    for (size_t i = 0; i < board->inputs.count; i++) {
        sensed->levels[board->inputs.first + i] = levels[i] != 0;
    }
    return ERR_OK;
}

static enum err read_counters(struct board *board, struct sensed *sensed, struct fault *fault)
{
    if (!board->has_counters) {
        return ERR_OK;
    }
    enum err err =
        bus_read_inputs(board->bus, (uint16_t)(board->setup.counter_base + board->inputs.first),
                        board->inputs.count, &sensed->counters[board->inputs.first], fault);
    if (err == ERR_REFUSED) {
        /* Configured wrongly. Levels miss short pulses, but exit buttons must work. */
        log_warning("board_without_counters", LOG_NUM("poll_ms", board->setup.poll_ms));
        board->has_counters = false;
        return ERR_OK;
    }
    sensed->has_counters = err == ERR_OK;
    return err;
}

static void tell_first_look(struct board *board)
{
    char what[HELPER_WORD_SIZE] = "";
    if (!board->has_counters) {
        (void)snprintf(what, sizeof(what), "no edge counters: inputs are polled every %u ms",
                       board->setup.poll_ms > 0 ? board->setup.poll_ms : POLL_MS);
    }
    board->looked = true;
    board->connect_wait_ms = BOARD_CONNECT_FIRST_MS;
    board_say_up(board, what);
}

static void tell_news(struct board *board)
{
    struct station_counts counts = station_counts(board->station);
    if (counts.restarts != board->counts.restarts) {
        board_say_up(board, "the board began anew: its counters jumped");
    }
    if (counts.reports_lost != board->counts.reports_lost) {
        board_say_up(board, "reports were lost: the agent was away too long");
    }
    board->counts = counts;
}

/* To a device test: what the inputs are, when it changed. */
static void tell_levels(struct board *board, const struct sensed *sensed)
{
    struct helper_message message = {.kind = HELPER_SAYS_LEVELS,
                                     .levels = {.has_counters = sensed->has_counters}};
    size_t end = (size_t)board->inputs.first + board->inputs.count;
    for (size_t i = board->inputs.first; i < end && i < HELPER_LEVELS; i++) {
        message.levels.looked |= UINT64_C(1) << i;
        message.levels.levels |= (uint64_t)(sensed->levels[i] ? 1 : 0) << i;
        message.levels.edges[i] = sensed->counters[i];
    }
    bool same =
        board->seen.kind == message.kind && board->seen.levels.levels == message.levels.levels &&
        memcmp(board->seen.levels.edges, message.levels.edges, sizeof(message.levels.edges)) == 0;
    if (!same && board->ops.say(board->ops.ctx, &message)) {
        board->seen = message;
    }
}

/* A neighbour may have broken the line that we share. */
bool board_has_line(struct board *board, struct fault *fault)
{
    bus_address(board->bus, &board->unit);
    return bus_is_connected(board->bus) || bus_connect(board->bus, fault) == ERR_OK;
}

static void look(struct board *board)
{
    struct sensed sensed;
    struct fault fault = {.code = ERR_OK};
    memset(&sensed, 0, sizeof(sensed));
    uint32_t poll_ms = board->setup.poll_ms > 0 ? board->setup.poll_ms : POLL_MS;
    board->look_at = mono_after_ms(board_now(board).mono, poll_ms);
    enum err err = read_levels(board, &sensed, &fault);
    if (err == ERR_OK) {
        board_note_fire(board, &sensed);
        err = board_has_line(board, &fault) ? read_counters(board, &sensed, &fault) : ERR_IO;
    }
    if (err == ERR_REFUSED) {
        line_down(board, &fault);
        return;
    }
    if (err != ERR_OK) {
        board_check_line(board, &fault);
        return;
    }
    if (!board->looked) {
        tell_first_look(board);
    }
    station_sense(board->station, &sensed, board_now(board));
    opener_close(&board->opener, board->bus, board_now(board).mono);
    if (board->watched) {
        tell_levels(board, &sensed);
    }
    tell_news(board);
}

static void show_a_piece(struct board *board)
{
    struct fault fault = {.code = ERR_OK};
    if (panel_is_pending(&board->panel) &&
        panel_step(&board->panel, board->bus, &fault) == ERR_IO) {
        board_check_line(board, &fault);
    }
}

void board_turn(struct board *board)
{
    static const struct fault no_answer = {.code = ERR_IO, .what = "the board does not answer"};
    struct fault fault = {.code = ERR_OK};
    struct station_now now = board_now(board);
    if (!board->has_setup) {
        station_tick(board->station, now);
        return;
    }
    bus_begin_turn(board->bus, &board->unit);
    board_tend_hold(board);
    station_tick(board->station, now);
    panel_tick(&board->panel, now.mono);
    if (!board->up) {
        if (!mono_before(now.mono, board->connect_at)) {
            connect_line(board);
        }
        return;
    }
    if (!board_has_line(board, &fault)) {
        line_down(board, &fault);
        return;
    }
    opener_tick(&board->opener, board->bus, now.mono);
    if (bus_is_connected(board->bus) && !mono_before(now.mono, board->look_at)) {
        look(board);
    } else if (bus_is_connected(board->bus)) {
        show_a_piece(board);
    }
    board_check_line(board, &no_answer);
}

static int64_t sooner(int64_t wait_ms, int64_t other_ms)
{
    return other_ms >= 0 && other_ms < wait_ms ? other_ms : wait_ms;
}

static int64_t until_ms(struct mono at, struct mono now)
{
    return mono_before(now, at) ? (at.us - now.us + 999) / 1000 : 0;
}

int64_t board_wait_ms(const struct board *board)
{
    struct mono now = board_now(board).mono;
    int64_t wait_ms = sooner(WAIT_MOST_MS, station_wait_ms(board->station, now));
    if (!board->has_setup) {
        return wait_ms;
    }
    if (board->hold.exits != 0) {
        wait_ms = sooner(wait_ms, until_ms(board->hold_at, now));
    }
    if (!board->up) {
        return sooner(wait_ms, until_ms(board->connect_at, now));
    }
    wait_ms = sooner(wait_ms, until_ms(board->look_at, now));
    wait_ms = sooner(wait_ms, opener_wait_ms(&board->opener, now));
    return panel_is_pending(&board->panel) ? 0 : wait_ms;
}

bool board_has_reports(const struct board *board)
{
    return station_counts(board->station).reports_waiting > 0;
}
