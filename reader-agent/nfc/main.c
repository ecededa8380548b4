/* parkgate-nfc: one badge reader. Reads card UIDs through libnfc and tells the agent.
 *
 * Ends whenever the reader fails; the launcher starts it again with back-off. A card is told when
 * it comes, or when the agent comes back while it lies there: a read that nobody heard is not kept.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/helper/agent_line.h"
#include "reader-agent/helper/device_lock.h"
#include "reader-agent/helper/options.h"
#include "reader-agent/helper/privilege.h"
#include "reader-agent/nfc/card_reader.h"

enum {
    POLL_MS = 40,
    TELL_DOWN_MS = 1000, /* how long a dying reader tries to tell the agent why */
    FAILURES_MAX = 3,    /* running, then the reader is given up */
};

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_LOCKED = 3, EXIT_READER = 4 };

struct program {
    struct helper_options options;
    struct agent_line *line;
    struct card_reader *reader;
    struct card_watch watch;
    struct helper_state state;
    uint64_t sequence;
    int signals;
    int failures; /* running */
};

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static void say_state(void *ctx)
{
    struct program *program = ctx;
    const struct helper_message message = {.kind = HELPER_SAYS_STATE, .state = program->state};
    if (program->state.state != DEVICE_UNKNOWN) {
        (void)agent_line_say(program->line, &message);
    }
}

/* The agent has nothing to say to a reader. */
static void ignore(void *ctx, const struct helper_message *message)
{
    (void)ctx;
    (void)message;
}

static void set_state(struct program *program, enum device_state state, const char *what)
{
    program->state.state = state;
    (void)snprintf(program->state.what, sizeof(program->state.what), "%.*s", HELPER_WORD_SIZE - 1,
                   what);
    say_state(program);
}

static void tell_card(struct program *program, const struct card *card)
{
    struct helper_message message = {
        .kind = HELPER_SAYS_READ,
        .read = {.sequence = program->sequence + 1,
                 .captured = clock_system()->wall(NULL),
                 .uid_size = card->uid_size,
                 .random_uid = card_is_random(card)}
    };
    memcpy(message.read.uid, card->uid, card->uid_size);
    if (agent_line_say(program->line, &message)) {
        program->sequence++;
    } else {
        card_watch_forget(&program->watch, card);
    }
}

/* ERR_IO: the reader is to be given up. */
static enum err poll_card(struct program *program, struct fault *fault)
{
    struct card card;
    if (card_reader_poll(program->reader, &card, fault) != ERR_OK) {
        program->failures++;
        return program->failures < FAILURES_MAX ? ERR_OK : ERR_IO;
    }
    program->failures = 0;
    if (card_watch_poll(&program->watch, &card)) {
        tell_card(program, &card);
    }
    return ERR_OK;
}

/* Serves the agent until `until`. True: told to stop. */
static bool serve_agent(struct program *program, struct mono until)
{
    for (;;) {
        struct mono now = now_mono();
        agent_line_turn(program->line, now);
        if (!mono_before(now, until)) {
            return false;
        }
        struct pollfd fds[] = {
            {.fd = program->signals,             .events = POLLIN},
            {.fd = agent_line_fd(program->line), .events = POLLIN}
        };
        int64_t wait_ms = agent_line_wait_ms(program->line, now);
        int64_t left_ms = (until.us - now.us + 999) / 1000;
        (void)poll(fds, ARRAY_LEN(fds), (int)(wait_ms < left_ms ? wait_ms : left_ms));
        if (fds[0].revents != 0) {
            return true;
        }
    }
}

static int give_up(struct program *program, const struct fault *fault)
{
    log_error("reader_down", LOG_TEXT("reader", program->options.name.text),
              LOG_TEXT("why", fault->what));
    set_state(program, DEVICE_DOWN, fault->what);
    struct mono end = mono_after_ms(now_mono(), TELL_DOWN_MS);
    while (!agent_line_is_up(program->line) && mono_before(now_mono(), end)) {
        if (serve_agent(program, mono_after_ms(now_mono(), 20))) {
            break;
        }
    }
    return EXIT_READER;
}

static int run(struct program *program)
{
    uint32_t poll_ms = program->options.poll_ms > 0 ? program->options.poll_ms : POLL_MS;
    struct fault fault = {.code = ERR_OK};
    if (card_reader_open(program->options.device, &program->reader, &fault) != ERR_OK) {
        return give_up(program, &fault);
    }
    const char *user = program->options.user != NULL ? program->options.user : PRIVILEGE_USER;
    if (privilege_drop(user, &fault) != ERR_OK) {
        return give_up(program, &fault);
    }
    log_event("reader_up", LOG_TEXT("reader", program->options.name.text));
    set_state(program, DEVICE_UP, "");
    for (;;) {
        if (poll_card(program, &fault) != ERR_OK) {
            return give_up(program, &fault);
        }
        if (serve_agent(program, mono_after_ms(now_mono(), poll_ms))) {
            return EXIT_DONE;
        }
    }
}

/* Two names for one device must not share it. */
static enum err take_locks(const struct helper_options *options, struct fault *fault)
{
    char device[80] = "device-";
    size_t at = strlen(device);
    for (const char *c = options->device; *c != '\0' && at < sizeof(device) - 1; c++) {
        device[at++] = *c == '/' || *c == '.' ? '_' : *c;
    }
    device[at] = '\0';
    TRY(device_lock_take(options->run_dir, options->name.text, true, fault));
    return device_lock_take(options->run_dir, device, false, fault);
}

static int catch_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    MUST(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    MUST(fd >= 0);
    return fd;
}

int main(int argc, char **argv)
{
    struct program program = {.state = {.state = DEVICE_UNKNOWN}};
    struct fault fault = {.code = ERR_OK};
    if (helper_options_of(argc, argv, &program.options, &fault) != ERR_OK ||
        program.options.device == NULL) {
        fprintf(stderr,
                "parkgate-nfc: %s\nusage: parkgate-nfc --name READER --device CONNSTRING --socket "
                "AGENT --run DIR [--user USER] [--poll-ms N]\n"
                "It is started by parkgate-agent.\n",
                fault.code != ERR_OK ? fault.what : "--device is needed");
        return EXIT_USAGE;
    }
    if (take_locks(&program.options, &fault) != ERR_OK) {
        log_error("reader_locked", LOG_TEXT("reader", program.options.name.text),
                  LOG_TEXT("why", fault.what));
        return EXIT_LOCKED;
    }
    card_reader_silence();
    program.signals = catch_signals();
    program.line =
        agent_line_create(program.options.socket_path, HELPER_NFC, program.options.name,
                          (struct agent_ear){.up = say_state, .message = ignore, .ctx = &program});
    int status = run(&program);
    card_reader_close(&program.reader);
    agent_line_destroy(&program.line);
    return status;
}
