/* parkgate-board: the only Modbus master of one board. Opens lanes when the agent says so, tells
 * what their sensors saw, and answers exit buttons by itself while the agent does not.
 *
 * Knows no store, no ZeroMQ and no HTTP. It outlives its agent, and even the launcher: the next
 * agent's helper takes over through the device lock. One thread; nothing waits longer than one
 * Modbus answer.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/board/board.h"
#include "reader-agent/board/setup_file.h"
#include "reader-agent/helper/agent_line.h"
#include "reader-agent/helper/device_lock.h"
#include "reader-agent/helper/options.h"
#include "reader-agent/helper/privilege.h"

/* Told to stop with reports in hand: the next agent may be about to take them. Shorter than what
 * the launcher and the next process of this board wait (2 s). */
enum { LINGER_MS = 1500 };

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_LOCKED = 3 };

struct program {
    struct helper_options options;
    struct agent_line *line;
    struct board *board;
    struct helper_state state;
    int setup_file;
    int signals;
    bool told_to_stop;
    struct mono stop_at; /* told to stop: at the latest then */
};

static void say_state(struct program *program)
{
    const struct helper_message message = {.kind = HELPER_SAYS_STATE, .state = program->state};
    if (program->state.state != DEVICE_UNKNOWN) {
        (void)agent_line_say(program->line, &message);
    }
}

static void agent_is_up(void *ctx)
{
    struct program *program = ctx;
    say_state(program);
    board_agent_up(program->board);
}

static void set_state(void *ctx, enum device_state state, const char *what)
{
    struct program *program = ctx;
    bool same = program->state.state == state &&
                strncmp(program->state.what, what, sizeof(program->state.what) - 1) == 0;
    if (same) {
        return;
    }
    program->state.state = state;
    (void)snprintf(program->state.what, sizeof(program->state.what), "%.*s", HELPER_WORD_SIZE - 1,
                   what);
    log_event(state == DEVICE_UP ? "board_up" : "board_down",
              LOG_TEXT("board", program->options.name.text), LOG_TEXT("what", what));
    say_state(program);
}

/* A serial device may be closed to the user we should become; then exit buttons go before. */
static bool may_drop(const struct program *program, const struct helper_board *setup)
{
    if (setup->transport != HELPER_RTU ||
        privilege_could_open(program->options.user, setup->address)) {
        return true;
    }
    log_warning("privileges_kept", LOG_TEXT("board", program->options.name.text),
                LOG_TEXT("user", program->options.user), LOG_TEXT("device", setup->address));
    return false;
}

static void drop_privileges(const struct program *program, const struct helper_board *setup)
{
    struct fault fault = {.code = ERR_OK};
    if (program->options.user != NULL && may_drop(program, setup) &&
        privilege_drop(program->options.user, &fault) != ERR_OK) {
        log_error("privileges_kept", LOG_TEXT("board", program->options.name.text),
                  LOG_TEXT("why", fault.what));
    }
}

static void hear_agent(void *ctx, const struct helper_message *message)
{
    struct program *program = ctx;
    if (helper_says_board(message)) {
        drop_privileges(program, &message->board);
        setup_file_write(program->setup_file, &message->board);
    }
    board_hear(program->board, message);
}

static bool say_to_agent(void *ctx, const struct helper_message *message)
{
    const struct program *program = ctx;
    return agent_line_say(program->line, message);
}

/* The agent may be dead for long: what it said last holds until it says otherwise. */
static void use_kept_setup(struct program *program)
{
    struct helper_board setup;
    if (setup_file_read(program->setup_file, &setup) == ERR_OK) {
        drop_privileges(program, &setup);
        board_configure(program->board, &setup);
    }
}

static void wait_for_something(struct program *program)
{
    struct mono now = clock_system()->mono(NULL);
    int64_t wait_ms = agent_line_wait_ms(program->line, now);
    int64_t board_ms = board_wait_ms(program->board);
    struct pollfd fds[] = {
        {.fd = program->signals,             .events = POLLIN},
        {.fd = agent_line_fd(program->line), .events = POLLIN}
    };
    wait_ms = board_ms < wait_ms ? board_ms : wait_ms;
    if (program->told_to_stop && wait_ms > LINGER_MS / 10) {
        wait_ms = LINGER_MS / 10;
    }
    (void)poll(fds, ARRAY_LEN(fds), (int)wait_ms);
}

static bool may_stop(struct program *program)
{
    struct signalfd_siginfo info;
    struct mono now = clock_system()->mono(NULL);
    if (read(program->signals, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
        !program->told_to_stop) {
        program->told_to_stop = true;
        program->stop_at = mono_after_ms(now, LINGER_MS);
    }
    return program->told_to_stop &&
           (!board_has_reports(program->board) || !mono_before(now, program->stop_at));
}

static void run(struct program *program)
{
    while (!may_stop(program)) {
        agent_line_turn(program->line, clock_system()->mono(NULL));
        board_turn(program->board);
        wait_for_something(program);
    }
}

static int catch_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    MUST(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
    MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    MUST(fd >= 0);
    return fd;
}

int main(int argc, char **argv)
{
    struct program program = {.state = {.state = DEVICE_UNKNOWN}};
    struct fault fault = {.code = ERR_OK};
    if (helper_options_of(argc, argv, &program.options, &fault) != ERR_OK) {
        fprintf(stderr,
                "parkgate-board: %s\nusage: parkgate-board --name BOARD --socket AGENT --run DIR "
                "[--user USER]\nIt is started by parkgate-agent.\n",
                fault.what);
        return EXIT_USAGE;
    }
    const char *name = program.options.name.text;
    if (device_lock_take(program.options.run_dir, name, true, &fault) != ERR_OK ||
        setup_file_open(program.options.run_dir, program.options.name, &program.setup_file,
                        &fault) != ERR_OK) {
        log_error("board_locked", LOG_TEXT("board", name), LOG_TEXT("why", fault.what));
        return EXIT_LOCKED;
    }
    program.signals = catch_signals();
    program.line = agent_line_create(
        program.options.socket_path, HELPER_BOARD, program.options.name,
        (struct agent_ear){.up = agent_is_up, .message = hear_agent, .ctx = &program});
    program.board = board_create((struct board_ops){
        .say = say_to_agent, .state = set_state, .clock = clock_system(), .ctx = &program});
    use_kept_setup(&program);
    run(&program);
    board_destroy(&program.board);
    agent_line_destroy(&program.line);
    return EXIT_DONE;
}
