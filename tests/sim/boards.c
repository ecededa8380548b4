/* Helper processes of a gate, its board and its arms. The board's lanes are the daemon's own
 * (reader-agent/board/station): here stand its line to the agent, its looks at the inputs, and the
 * iron.
 *
 * An arm lets one person through for each pulse of its relay; one who goes close behind turns it
 * once more. Every turn is an edge of the lane's counter, which goes on while nobody looks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader-agent/board/opener.h"
#include "reader-agent/board/station.h"
#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum {
    POLL_MS = 20,
    BUSY_POLL_MS = 100,
    BUSY_MS = 7000,
    HELPERS_A_GATE = 3,
    SHORT_US = 200,
    LONG_US = 1500,
    BUTTON_HELD_MS = 200,
};

struct arm {
    int64_t free_until; /* the relay is on, or the arm not yet used up */
    bool used;          /* the one turn of this pulse is gone */
    uint16_t turns, presses;
    int64_t pressed_until;
};

struct board_box {
    unsigned number;
    struct station *station; /* NULL: its process does not run */
    struct name name;
    bool joined; /* the agent knows it */
    bool has_setup;
    struct helper_board setup;
    bool mute;
    bool linked;
    uint64_t generation; /* of the process */
    int64_t busy_until;
    uint64_t wakes;
    int64_t wake_at;
    enum pulse_why why; /* what it does now, for the truth */
    struct grant_id grant;
    struct arm arms[LANES_A_GATE];
};

static struct board_box boards[GATES_MAX];
static struct random chance;

static struct station_now now_of(const struct board_box *board)
{
    const struct machine *machine = gate_machine(board->number);
    return (struct station_now){.mono = machine_mono(machine), .wall = machine_wall(machine)};
}

static void ask_for_wake(struct board_box *board);

/* --- the iron --- */

static unsigned lane_of_name(struct name lane)
{
    const char *dash = strchr(lane.text, '-');
    return dash != NULL && strcmp(dash, "-out") == 0 ? 1 : 0;
}

bool arm_is_free(unsigned gate, unsigned lane)
{
    const struct arm *arm = &boards[gate].arms[lane];
    return sim.now < arm->free_until && !arm->used;
}

/* The board looks at its inputs every POLL_MS; nothing else need wake it. */
static void look_soon(struct board_box *board)
{
    board->busy_until = sim.now + BUSY_MS * MS;
    int64_t at = sim.now + random_between(&chance, 1 * MS, POLL_MS * MS);
    if (board->wake_at <= sim.now || at < board->wake_at) {
        board->wake_at = at;
        board->wakes++;
        ask_for_wake(board);
    }
}

void arm_turn(unsigned gate, unsigned lane, unsigned person, bool sure, bool tailgates)
{
    struct board_box *board = &boards[gate];
    struct arm *arm = &board->arms[lane];
    arm->turns++;
    arm->used = true;
    sure = sure && board->station != NULL && board->linked && !board->mute;
    (void)truth_turned(gate, lane, person, sure, tailgates);
    look_soon(board);
}

void arm_press(unsigned gate, unsigned lane)
{
    struct board_box *board = &boards[gate];
    board->arms[lane].presses++;
    board->arms[lane].pressed_until = sim.now + BUTTON_HELD_MS * MS;
    look_soon(board);
}

/* --- what the station calls --- */

static enum err open_lane(void *ctx, const struct helper_lane *setup, bool fresh)
{
    struct board_box *board = ctx;
    unsigned lane = lane_of_name(setup->name);
    struct arm *arm = &board->arms[lane];
    if (!board->linked) {
        return ERR_REFUSED;
    }
    if (board->mute) {
        return ERR_IO; /* nobody answered: this board did not hear it */
    }
    int64_t until = sim.now + setup->open_ms * MS;
    bool runs = sim.now < arm->free_until;
    arm->used = arm->used && runs && !fresh;
    arm->free_until = until > arm->free_until ? until : arm->free_until;
    board->busy_until = sim.now + BUSY_MS * MS;
    truth_pulsed(board->number, lane, board->why, board->grant);
    return ERR_OK;
}

static void keep_open(void *ctx, const struct helper_lane *lane)
{
    (void)ctx;
    (void)lane;
}

static bool say(void *ctx, const struct helper_message *message)
{
    struct board_box *board = ctx;
    if (!board->joined) {
        return false;
    }
    outer_say(board->number, board->name, message, random_between(&chance, SHORT_US, LONG_US));
    return true;
}

/* --- looking --- */

static void read_inputs(const struct board_box *board, struct sensed *sensed)
{
    *sensed = (struct sensed){.has_counters = true};
    for (size_t i = 0; i < board->setup.lane_count; i++) {
        const struct helper_lane *lane = &board->setup.lanes[i];
        const struct arm *arm = &board->arms[lane_of_name(lane->name)];
        if (lane->passage.present) {
            sensed->counters[lane->passage.number] = arm->turns;
        }
        if (lane->button.present) {
            sensed->counters[lane->button.number] = arm->presses;
            sensed->levels[lane->button.number] = sim.now < arm->pressed_until;
        }
    }
}

static void look(struct board_box *board)
{
    struct sensed sensed;
    if (board->mute || !board->has_setup) {
        return;
    }
    read_inputs(board, &sensed);
    struct station_now now = now_of(board);
    for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
        truth_sensed(board->number, lane, now.wall);
    }
    board->why = PULSE_NEXT;
    station_sense(board->station, &sensed, now);
}

static void tick(struct board_box *board)
{
    board->why = PULSE_ALONE;
    station_tick(board->station, now_of(board));
    board->why = PULSE_NONE;
}

static void wake(void *ctx, uint64_t number, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (number != board->wakes || board->station == NULL) {
        return;
    }
    board->wake_at = 0;
    tick(board);
    if (board->linked) {
        look(board);
    }
    board->why = PULSE_NONE;
    int64_t wait_ms = station_wait_ms(board->station, now_of(board).mono);
    bool busy = sim.now < board->busy_until;
    if (busy && wait_ms > BUSY_POLL_MS) {
        wait_ms = BUSY_POLL_MS;
    }
    if (busy || wait_ms < STATION_RESEND_MS || station_counts(board->station).reports_waiting > 0 ||
        !board->linked) {
        board->wake_at = sim.now + (wait_ms < 1 ? 1 : wait_ms) * MS;
        board->wakes++;
        ask_for_wake(board);
    }
}

static void ask_for_wake(struct board_box *board)
{
    sim_at(board->wake_at, wake, board, board->wakes, 0);
}

/* --- the line to the board --- */

static void line_notices(void *ctx, uint64_t generation, uint64_t up)
{
    struct board_box *board = ctx;
    if (board->station == NULL || generation != board->generation || board->linked == (up != 0) ||
        board->mute == (up != 0) || !board->has_setup) {
        return;
    }
    struct helper_message state = {
        .kind = HELPER_SAYS_STATE,
        .state = {.state = up ? DEVICE_UP : DEVICE_DOWN, .what = "simulated"}
    };
    board->linked = up != 0;
    station_link(board->station, board->linked, now_of(board));
    (void)say(board, &state);
    look_soon(board);
}

void board_mute(unsigned gate, bool mute)
{
    struct board_box *board = &boards[gate];
    sim_note(mute ? "board is mute" : "board answers", gate, 0);
    board->mute = mute;
    if (mute) {
        truth_unseen(gate);
    }
    sim_after(random_between(&chance, POLL_MS * MS, 1500 * MS), line_notices, board,
              board->generation, mute ? 0 : 1);
}

static void begin_process(struct board_box *board)
{
    board->station = station_create(
        (struct station_ops){.open = open_lane, .keep_open = keep_open, .say = say, .ctx = board});
    board->generation++;
    board->has_setup = false;
    board->linked = false;
    board->joined = false;
    board->wake_at = 0;
    board->wakes++;
}

static void join_again(void *ctx, uint64_t generation, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (board->generation == generation && !board->joined) {
        outer_say_joined(board->number, HELPER_BOARD, board->name, SHORT_US);
    }
}

void board_crash(unsigned gate)
{
    struct board_box *board = &boards[gate];
    if (board->station == NULL) {
        return;
    }
    sim_note("board process ends", gate, 0);
    truth_unsure(gate);
    station_destroy(&board->station);
    if (board->joined) {
        outer_say_lost(gate, board->name, SHORT_US);
    }
    begin_process(board);
    sim_after(random_between(&chance, 100 * MS, 3 * SECOND), join_again, board, board->generation,
              0);
}

void boards_heal(void)
{
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (boards[i].mute) {
            board_mute(i, false);
        }
    }
}

void boards_reset(void)
{
    chance.state = sim.plan.seed ^ UINT64_C(0x626f617264);
    for (unsigned i = 0; i < GATES_MAX; i++) {
        struct board_box *board = &boards[i];
        uint64_t generation = board->generation + 1;
        uint64_t wakes = board->wakes + 1;
        station_destroy(&board->station);
        *board = (struct board_box){.number = i, .generation = generation, .wakes = wakes};
        (void)snprintf(board->name.text, sizeof(board->name.text), "g%u-board", i);
    }
}

/* --- the agent's end --- */

void outer_helper_wanted(unsigned gate, enum helper_program program, struct name name)
{
    struct board_box *board = &boards[gate];
    if (program == HELPER_BOARD) {
        if (board->station == NULL) {
            begin_process(board);
        }
        sim_after(random_between(&chance, 2 * MS, 200 * MS), join_again, board, board->generation,
                  0);
        return;
    }
    static const struct helper_message up = {
        .kind = HELPER_SAYS_STATE, .state = {.state = DEVICE_UP, .what = "simulated"}
    };
    int64_t after = random_between(&chance, 2 * MS, 100 * MS);
    outer_say_joined(gate, program, name, after);
    outer_say(gate, name, &up, after);
}

static void configure(struct board_box *board, const struct helper_board *setup)
{
    struct fault fault = {0};
    if (board->has_setup && helper_board_equal(&board->setup, setup)) {
        return;
    }
    if (station_configure(board->station, setup, &fault) != ERR_OK) {
        sim_fail("board", "its setup is refused: %s", fault.what);
    }
    if (board->linked) {
        station_link(board->station, false, now_of(board));
        board->linked = false;
    }
    board->setup = *setup;
    board->has_setup = true;
    sim_after(random_between(&chance, 5 * MS, 50 * MS), line_notices, board, board->generation, 1);
}

static void take(struct board_box *board, const struct helper_message *message)
{
    if (helper_says_board(message)) {
        configure(board, &message->board);
        return;
    }
    board->why = message->kind == HELPER_SAYS_OPEN            ? PULSE_OPEN
                 : message->kind == HELPER_SAYS_BUTTON_ANSWER ? PULSE_ANSWER
                                                              : PULSE_NONE;
    board->grant =
        message->kind == HELPER_SAYS_OPEN ? message->open.grant : message->button_answer.grant;
    if (message->kind != HELPER_SAYS_INDICATE) {
        station_hear(board->station, message, now_of(board));
    }
    board->why = PULSE_NONE;
    look_soon(board);
}

struct told {
    uint64_t generation;
    struct helper_message message;
};

static void arrive(void *ctx, uint64_t gate, uint64_t b)
{
    struct told *told = ctx;
    struct board_box *board = &boards[gate];
    (void)b;
    if (board->station != NULL && board->generation == told->generation) {
        take(board, &told->message);
    }
    free(told);
}

static void welcome(void *ctx, uint64_t generation, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (board->station != NULL && board->generation == generation && board->joined) {
        struct helper_message state = {
            .kind = HELPER_SAYS_STATE,
            .state = {.state = board->linked ? DEVICE_UP : DEVICE_DOWN, .what = "simulated"}
        };
        (void)say(board, &state);
        station_agent_up(board->station, now_of(board));
        look_soon(board);
    }
}

bool outer_helper_told(unsigned gate, struct name name, const struct helper_message *message)
{
    struct board_box *board = &boards[gate];
    if (!name_equal(name, board->name)) {
        return true; /* a reader: it has nothing to do with it */
    }
    if (board->station == NULL) {
        return false;
    }
    if (!board->joined) {
        board->joined = true;
        sim_after(LONG_US + 1, welcome, board, board->generation, 0);
    }
    struct told *told = calloc(1, sizeof(*told));
    MUST(told != NULL);
    told->generation = board->generation;
    told->message = *message;
    sim_at_owned(sim.now + random_between(&chance, SHORT_US, LONG_US), arrive, told, gate, 0);
    return true;
}

void outer_helpers_left(unsigned gate)
{
    boards[gate].joined = false;
}
