/* Helper processes of a gate. The board's is the daemon's own (reader-agent/board/line, with board,
 * station and opener below it): here stand its line to the agent, when its turn is, and its files.
 * What it writes to is iron.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader-agent/board/line.h"
#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum {
    POLL_MS = 20,
    BUSY_POLL_MS = 100,
    IDLE_POLL_MS = 2000,
    BUSY_MS = 7000,
    SHORT_US = 200,
    LONG_US = 1500,
    WRITE_MOST_MS = 20,
    AGAIN_PER_MILLE = 30, /* an order is said again */
    AGAIN_MOST_US = 10 * 1000 * 1000,
};

struct board_box {
    unsigned number;
    struct line *line; /* NULL: its process does not run */
    struct name name;
    bool joined; /* the agent knows it */
    struct helper_state state;
    uint64_t generation; /* of the process */
    int64_t busy_until, down_until;
    int64_t whole_since; /* it runs, knows its lanes and is answered; INT64_MAX: it is not so */
    bool to_look;        /* something happened at its inputs */
    uint64_t wakes;
    int64_t wake_at;
    enum pulse_why why; /* what it does now, for the truth */
    struct grant_id grant;
    /* Its files. */
    struct fire_kept kept;
    bool has_setup;
    struct helper_board setup;
    uint64_t powers; /* what was being written when the power went is lost */
};

static struct board_box boards[GATES_MAX];
static struct random chance;

static void ask_for_wake(struct board_box *board);
static void begin_process(struct board_box *board);

/* --- what iron.c asks and says --- */

void outer_relay_on(unsigned gate, unsigned lane)
{
    struct board_box *board = &boards[gate];
    board->busy_until = sim.now + BUSY_MS * MS;
    truth_pulsed(gate, lane, board->why, board->grant);
}

bool outer_board_sees(unsigned gate)
{
    return boards[gate].line != NULL && boards[gate].state.state == DEVICE_UP;
}

bool outer_board_is_latched(unsigned gate)
{
    return boards[gate].line == NULL || line_is_latched(boards[gate].line);
}

int64_t outer_board_whole_since(unsigned gate)
{
    return boards[gate].whole_since;
}

void outer_board_looks(unsigned gate)
{
    boards[gate].to_look = false;
    boards[gate].why = PULSE_NEXT;
}

/* The board looks at its inputs every POLL_MS; nothing else need wake it. */
void outer_board_look_soon(unsigned gate)
{
    struct board_box *board = &boards[gate];
    board->busy_until = sim.now + BUSY_MS * MS;
    board->to_look = true;
    int64_t at = sim.now + random_between(&chance, 1 * MS, POLL_MS * MS);
    if (board->wake_at <= sim.now || at < board->wake_at) {
        board->wake_at = at;
        board->wakes++;
        ask_for_wake(board);
    }
}

/* --- what the line calls --- */

static bool say(void *ctx, size_t index, const struct helper_message *message)
{
    struct board_box *board = ctx;
    (void)index;
    if (!board->joined) {
        return false;
    }
    outer_say(board->number, board->name, message, random_between(&chance, SHORT_US, LONG_US));
    return true;
}

static void say_state(struct board_box *board)
{
    const struct helper_message message = {.kind = HELPER_SAYS_STATE, .state = board->state};
    if (board->state.state != DEVICE_UNKNOWN) {
        (void)say(board, 0, &message);
    }
}

static void set_state(void *ctx, size_t index, enum device_state state, const char *what)
{
    struct board_box *board = ctx;
    (void)index;
    if (board->state.state == state && strcmp(board->state.what, what) == 0) {
        return;
    }
    board->state.state = state;
    (void)snprintf(board->state.what, sizeof(board->state.what), "%.*s", HELPER_WORD_SIZE - 1,
                   what);
    say_state(board);
}

struct keeping {
    struct fire_kept kept;
    uint64_t powers;
};

static void write_kept(void *ctx, uint64_t gate, uint64_t b)
{
    struct keeping *keeping = ctx;
    struct board_box *board = &boards[gate];
    (void)b;
    if (keeping->powers == board->powers) {
        board->kept = keeping->kept;
    }
    free(keeping);
}

/* By a process of its own, which outlives this one. */
static bool keep(void *ctx, size_t index, const struct fire_kept *kept)
{
    struct board_box *board = ctx;
    (void)index;
    struct keeping *keeping = calloc(1, sizeof(*keeping));
    MUST(keeping != NULL);
    *keeping = (struct keeping){.kept = *kept, .powers = board->powers};
    sim_at_owned(sim.now + WRITE_MOST_MS * MS, write_kept, keeping, board->number, 0);
    return true;
}

/* --- turns --- */

static void wake(void *ctx, uint64_t number, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (number != board->wakes || board->line == NULL) {
        return;
    }
    board->wake_at = 0;
    board->why = PULSE_ALONE;
    line_turn(board->line);
    board->why = PULSE_NONE;
    int64_t wait_ms = line_wait_ms(board->line);
    if (!board->to_look && board->state.state == DEVICE_UP) {
        bool quiet = sim.now >= board->busy_until && !arm_is_held(board->number, 1);
        int64_t least_ms = quiet ? IDLE_POLL_MS : BUSY_POLL_MS;
        wait_ms = wait_ms < least_ms ? least_ms : wait_ms;
    }
    board->wake_at = sim.now + (wait_ms < 1 ? 1 : wait_ms) * MS;
    board->wakes++;
    ask_for_wake(board);
}

static void ask_for_wake(struct board_box *board)
{
    sim_at(board->wake_at, wake, board, board->wakes, 0);
}

/* --- the process --- */

void board_mute(unsigned gate, bool mute)
{
    struct board_box *board = &boards[gate];
    sim_note(mute ? "board is mute" : "board answers", gate, 0);
    iron_mute(gate, mute);
    if (mute) {
        truth_unseen(gate);
    }
    board->whole_since = mute || board->line == NULL || !board->has_setup ? INT64_MAX : sim.now;
    outer_board_look_soon(gate);
}

static void join_again(void *ctx, uint64_t generation, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (board->generation != generation) {
        return;
    }
    if (board->line == NULL) {
        begin_process(board);
    }
    if (!board->joined) {
        outer_say_joined(board->number, HELPER_BOARD, board->name, SHORT_US);
    }
}

static void begin_process(struct board_box *board)
{
    board->state = (struct helper_state){.state = DEVICE_UNKNOWN};
    board->joined = false;
    board->line = line_create(&board->name, &board->kept, 1,
                              (struct line_ops){.say = say,
                                                .state = set_state,
                                                .keep = keep,
                                                .clock = &gate_machine(board->number)->clock,
                                                .ctx = board});
    if (board->has_setup) {
        board_configure(line_board(board->line, 0), &board->setup);
        board->whole_since = iron_is_mute(board->number) ? INT64_MAX : sim.now;
    }
    board->wake_at = 0;
    outer_board_look_soon(board->number);
}

/* Nothing is written by it any more. */
static void end_process(struct board_box *board)
{
    bool mute = iron_is_mute(board->number);
    iron_mute(board->number, true);
    board->joined = false;
    line_destroy(&board->line);
    iron_mute(board->number, mute);
    board->whole_since = INT64_MAX;
    board->generation++;
    board->wakes++;
    board->wake_at = 0;
}

void board_crash(unsigned gate, bool power)
{
    struct board_box *board = &boards[gate];
    board->powers += power ? 1 : 0;
    if (board->line == NULL) {
        return;
    }
    sim_note("board process ends", gate, 0);
    truth_unsure(gate);
    if (board->joined) {
        outer_say_lost(gate, board->name, SHORT_US);
    }
    end_process(board);
    int64_t away = random_between(&chance, 100 * MS, power ? 20 * SECOND : 3 * SECOND);
    board->down_until = sim.now + away;
    sim_after(away, join_again, board, board->generation, 0);
}

void board_forget(unsigned gate)
{
    boards[gate].kept = (struct fire_kept){0};
    boards[gate].has_setup = false;
}

void boards_heal(void)
{
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (iron_is_mute(i)) {
            board_mute(i, false);
        }
    }
}

void boards_reset(void)
{
    chance.state = sim.plan.seed ^ UINT64_C(0x626f617264);
    for (unsigned i = 0; i < GATES_MAX; i++) {
        struct board_box *board = &boards[i];
        if (board->line != NULL) {
            end_process(board);
        }
        uint64_t generation = board->generation + 1;
        uint64_t wakes = board->wakes + 1;
        *board = (struct board_box){.number = i,
                                    .generation = generation,
                                    .wakes = wakes,
                                    .whole_since = INT64_MAX,
                                    .powers = board->powers + 1};
        (void)snprintf(board->name.text, sizeof(board->name.text), "g%u-board", i);
    }
    iron_reset();
}

/* --- the agent's end --- */

void outer_helper_wanted(unsigned gate, enum helper_program program, struct name name)
{
    struct board_box *board = &boards[gate];
    if (program == HELPER_BOARD) {
        int64_t after = random_between(&chance, 2 * MS, 200 * MS);
        after = sim.now + after < board->down_until ? board->down_until - sim.now : after;
        sim_after(after, join_again, board, board->generation, 0);
        return;
    }
    static const struct helper_message up = {
        .kind = HELPER_SAYS_STATE, .state = {.state = DEVICE_UP, .what = "simulated"}
    };
    int64_t after = random_between(&chance, 2 * MS, 100 * MS);
    outer_say_joined(gate, program, name, after);
    outer_say(gate, name, &up, after);
}

static enum pulse_why why_of(const struct helper_message *message)
{
    return message->kind == HELPER_SAYS_OPEN            ? PULSE_OPEN
           : message->kind == HELPER_SAYS_BUTTON_ANSWER ? PULSE_ANSWER
                                                        : PULSE_NONE;
}

static void take(struct board_box *board, const struct helper_message *message)
{
    if (message->kind == HELPER_SAYS_INDICATE) {
        return; /* there are no displays */
    }
    board->why = why_of(message);
    board->grant =
        message->kind == HELPER_SAYS_OPEN ? message->open.grant : message->button_answer.grant;
    board_hear(line_board(board->line, 0), message);
    board->why = PULSE_NONE;
    if (helper_says_board(message)) {
        bool first = !board->has_setup;
        board->setup = message->board;
        board->has_setup = true;
        board->whole_since = first && !iron_is_mute(board->number) ? sim.now : board->whole_since;
    }
    outer_board_look_soon(board->number);
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
    if (board->line != NULL && board->generation == told->generation) {
        take(board, &told->message);
    }
    free(told);
}

static void welcome(void *ctx, uint64_t generation, uint64_t b)
{
    struct board_box *board = ctx;
    (void)b;
    if (board->line != NULL && board->generation == generation && board->joined) {
        say_state(board);
        board_agent_up(line_board(board->line, 0));
        outer_board_look_soon(board->number);
    }
}

static void tell(struct board_box *board, const struct helper_message *message, int64_t after_us)
{
    struct told *told = calloc(1, sizeof(*told));
    MUST(told != NULL);
    told->generation = board->generation;
    told->message = *message;
    sim_at_owned(sim.now + after_us, arrive, told, board->number, 0);
}

bool outer_helper_told(unsigned gate, struct name name, const struct helper_message *message)
{
    struct board_box *board = &boards[gate];
    if (!name_equal(name, board->name)) {
        return true; /* a reader: it has nothing to do with it */
    }
    if (board->line == NULL) {
        return false;
    }
    if (!board->joined) {
        board->joined = true;
        sim_after(LONG_US + 1, welcome, board, board->generation, 0);
    }
    tell(board, message, random_between(&chance, SHORT_US, LONG_US));
    if (message->kind == HELPER_SAYS_OPEN && !sim.plan.calm &&
        random_chance(&chance, AGAIN_PER_MILLE)) {
        tell(board, message, random_between(&chance, LONG_US, AGAIN_MOST_US));
    }
    return true;
}

void outer_helpers_left(unsigned gate)
{
    boards[gate].joined = false;
}
