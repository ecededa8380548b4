/* parkgate-board: the only Modbus master of one bus. Opens lanes when the agent says so, tells what
 * their sensors saw, answers exit buttons by itself while the agent does not, and opens all exits
 * in a fire whatever else is dead (line.h).
 *
 * Knows no store, no ZeroMQ and no HTTP. It outlives its agent, and even the launcher: the next
 * agent's helper takes over through the device locks. One thread; nothing waits longer than one
 * turn of a board. Files are written by a process of its own (scribe.h). Each board of the bus has
 * a line of its own to the agent.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/board/line.h"
#include "reader-agent/board/scribe.h"
#include "reader-agent/board/setup_file.h"
#include "reader-agent/helper/agent_line.h"
#include "reader-agent/helper/device_lock.h"
#include "reader-agent/helper/options.h"
#include "common/base/privilege.h"

/* Told to stop with reports in hand: the next agent may be about to take them. Shorter than what
 * the launcher and the next process of this board wait (2 s). */
enum { LINGER_MS = 1500 };

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_LOCKED = 3 };

enum { FILES_A_BOARD = 2, SETUP_FILE = 0, FIRE_FILE = 1 };

struct program;

/* One board of the bus. */
struct seat {
    struct program *program;
    size_t index;
    struct name name;
    struct agent_line *line;
    struct helper_state state;
    struct fire_kept kept;
    uint64_t written; /* of its fire file */
    bool has_setup;   /* `setup` is what its setup file says, as far as the disk took it */
    struct helper_board setup;
    uint64_t setups; /* written of its setup file */
};

struct program {
    struct helper_options options;
    size_t count;
    struct seat seats[HELPER_BOARDS_PER_BUS];
    int files[HELPER_BOARDS_PER_BUS * FILES_A_BOARD];
    struct scribe *scribe;
    struct line *bus;
    size_t next_line; /* of the agent's, who is heard next */
    int signals;
    bool told_to_stop;
    struct mono stop_at; /* told to stop: at the latest then */
};

static void say_state(struct seat *seat)
{
    const struct helper_message message = {.kind = HELPER_SAYS_STATE, .state = seat->state};
    if (seat->state.state != DEVICE_UNKNOWN) {
        (void)agent_line_say(seat->line, &message);
    }
}

static void agent_is_up(void *ctx)
{
    struct seat *seat = ctx;
    say_state(seat);
    board_agent_up(line_board(seat->program->bus, seat->index));
}

static void set_state(void *ctx, size_t index, enum device_state state, const char *what)
{
    struct program *program = ctx;
    struct seat *seat = &program->seats[index];
    bool same = seat->state.state == state &&
                strncmp(seat->state.what, what, sizeof(seat->state.what) - 1) == 0;
    if (same) {
        return;
    }
    seat->state.state = state;
    (void)snprintf(seat->state.what, sizeof(seat->state.what), "%.*s", HELPER_WORD_SIZE - 1, what);
    log_event(state == DEVICE_UP ? "board_up" : "board_down", LOG_TEXT("board", seat->name.text),
              LOG_TEXT("what", what));
    say_state(seat);
}

static uint8_t file_of(size_t board, size_t file)
{
    return (uint8_t)(board * FILES_A_BOARD + file);
}

static bool keep_fire(void *ctx, size_t index, const struct fire_kept *kept)
{
    struct program *program = ctx;
    struct seat *seat = &program->seats[index];
    uint8_t place[FIRE_FILE_PLACE];
    uint64_t count = seat->written + 1;
    fire_file_pack(kept, count, place);
    if (!scribe_write(program->scribe, file_of(index, FIRE_FILE), fire_file_offset(count),
                      (struct bytes){.data = place, .size = sizeof(place)})) {
        return false;
    }
    seat->written = count;
    return true;
}

static void keep_setup(struct seat *seat, const struct helper_board *setup)
{
    uint8_t place[SETUP_FILE_PLACE];
    uint64_t count = seat->setups + 1;
    if (seat->has_setup && helper_board_equal(&seat->setup, setup)) {
        return;
    }
    setup_file_pack(setup, count, place);
    if (!scribe_write(seat->program->scribe, file_of(seat->index, SETUP_FILE),
                      setup_file_offset(count),
                      (struct bytes){.data = place, .size = sizeof(place)})) {
        log_warning("board_setup_not_kept", LOG_TEXT("board", seat->name.text),
                    LOG_TEXT("why", "the disk is busy"));
        return;
    }
    seat->setups = count;
    seat->setup = *setup;
    seat->has_setup = true;
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
    struct seat *seat = ctx;
    board_hear(line_board(seat->program->bus, seat->index), message);
    if (helper_says_board(message)) {
        drop_privileges(seat->program, &message->board);
        keep_setup(seat, &message->board);
    }
}

/* What may write on the bus comes in its turn, between the looks; the rest costs the bus nothing.
 */
static bool wants_bus(void *ctx, const struct helper_message *message)
{
    (void)ctx;
    return message->kind == HELPER_SAYS_OPEN || message->kind == HELPER_SAYS_BUTTON_ANSWER ||
           message->kind == HELPER_SAYS_RELEASE || helper_says_board(message);
}

static bool say_to_agent(void *ctx, size_t index, const struct helper_message *message)
{
    const struct program *program = ctx;
    return agent_line_say(program->seats[index].line, message);
}

/* The agent may be dead for long: what it said last holds until it says otherwise. */
static void use_kept_setups(struct program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        struct seat *seat = &program->seats[i];
        seat->has_setup = setup_file_read(program->files[file_of(i, SETUP_FILE)], &seat->setup,
                                          &seat->setups) == ERR_OK;
        if (seat->has_setup) {
            drop_privileges(program, &seat->setup);
            board_configure(line_board(program->bus, i), &seat->setup);
        }
    }
}

/* One line of those with a message that waits, each in its turn; false: none has. */
static bool next_message(const struct program *program, size_t *ret_index)
{
    for (size_t k = 0; k < program->count; k++) {
        size_t i = (program->next_line + k) % program->count;
        if (agent_line_has_message(program->seats[i].line)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static void wait_for_something(const struct program *program)
{
    struct mono now = clock_system()->mono(NULL);
    struct pollfd fds[1 + HELPER_BOARDS_PER_BUS] = {
        {.fd = program->signals, .events = POLLIN}
    };
    int64_t wait_ms = line_wait_ms(program->bus);
    for (size_t i = 0; i < program->count; i++) {
        struct agent_line *line = program->seats[i].line;
        int64_t line_ms = agent_line_has_message(line) ? 0 : agent_line_wait_ms(line, now);
        wait_ms = line_ms < wait_ms ? line_ms : wait_ms;
        fds[1 + i] = (struct pollfd){.fd = agent_line_fd(line), .events = POLLIN};
    }
    if (program->told_to_stop && wait_ms > LINGER_MS / 10) {
        wait_ms = LINGER_MS / 10;
    }
    (void)poll(fds, (nfds_t)(1 + program->count), (int)wait_ms);
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
           (!line_has_reports(program->bus) || !mono_before(now, program->stop_at));
}

static void hear_lines(struct program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        agent_line_turn(program->seats[i].line, clock_system()->mono(NULL));
    }
}

static void run(struct program *program)
{
    while (!may_stop(program)) {
        size_t index = 0;
        wait_for_something(program);
        scribe_tend(program->scribe, clock_system()->mono(NULL));
        hear_lines(program);
        if (next_message(program, &index) && line_take_turn_for_agent(program->bus)) {
            program->next_line = (index + 1) % program->count;
            agent_line_take(program->seats[index].line, clock_system()->mono(NULL));
        } else {
            line_turn(program->bus);
        }
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

/* Files before locks, and the scribe between: it must not hold a lock of ours. Without any of them
 * exits open all the same; only what is so now is not known after the next start. */
static enum err open_files(struct program *program, struct fault *fault)
{
    const char *dir = program->options.run_dir;
    for (size_t i = 0; i < program->count; i++) {
        struct name name = program->seats[i].name;
        TRY(setup_file_open(dir, name, &program->files[file_of(i, SETUP_FILE)], fault));
        TRY(fire_file_open(dir, name, &program->files[file_of(i, FIRE_FILE)], fault));
    }
    program->scribe = scribe_start(program->files, file_of(program->count, 0),
                                   program->options.user, clock_system()->mono(NULL));
    return ERR_OK;
}

static enum err take_boards(struct program *program, struct fault *fault)
{
    for (size_t i = 0; i < program->count; i++) {
        TRY(device_lock_take(program->options.run_dir, program->seats[i].name.text, true, fault));
    }
    return ERR_OK;
}

static void seat_boards(struct program *program)
{
    program->count = 1 + program->options.with_count;
    for (size_t i = 0; i < program->count; i++) {
        program->seats[i] =
            (struct seat){.program = program,
                          .index = i,
                          .name = i == 0 ? program->options.name : program->options.with[i - 1],
                          .state = {.state = DEVICE_UNKNOWN}};
    }
}

static void begin(struct program *program)
{
    struct name names[HELPER_BOARDS_PER_BUS];
    struct fire_kept kept[HELPER_BOARDS_PER_BUS];
    program->signals = catch_signals();
    for (size_t i = 0; i < program->count; i++) {
        struct seat *seat = &program->seats[i];
        names[i] = seat->name;
        kept[i] = fire_file_read(program->files[file_of(i, FIRE_FILE)], &seat->written);
        seat->line = agent_line_create(
            program->options.socket_path, HELPER_BOARD, seat->name,
            (struct agent_ear){
                .up = agent_is_up, .message = hear_agent, .waits = wants_bus, .ctx = seat});
    }
    program->bus = line_create(names, kept, program->count,
                               (struct line_ops){.say = say_to_agent,
                                                 .state = set_state,
                                                 .keep = keep_fire,
                                                 .clock = clock_system(),
                                                 .ctx = program});
    use_kept_setups(program);
}

static void end(struct program *program)
{
    line_destroy(&program->bus);
    for (size_t i = 0; i < program->count; i++) {
        agent_line_destroy(&program->seats[i].line);
    }
    scribe_destroy(&program->scribe);
}

int main(int argc, char **argv)
{
    static struct program program;
    struct fault fault = {.code = ERR_OK};
    if (helper_options_of(argc, argv, &program.options, &fault) != ERR_OK) {
        fprintf(stderr,
                "parkgate-board: %s\nusage: parkgate-board --name BOARD [--with BOARD]... --socket "
                "AGENT --run DIR [--user USER]\nIt is started by parkgate-agent.\n",
                fault.what);
        return EXIT_USAGE;
    }
    MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR); /* a limit of file sizes is a full disk, no more */
    seat_boards(&program);
    if (open_files(&program, &fault) != ERR_OK || take_boards(&program, &fault) != ERR_OK) {
        log_error("board_locked", LOG_TEXT("board", program.options.name.text),
                  LOG_TEXT("why", fault.what));
        return EXIT_LOCKED;
    }
    begin(&program);
    run(&program);
    end(&program);
    return EXIT_DONE;
}
