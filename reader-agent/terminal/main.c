/* parkgate-terminal: the gate's voice to one face terminal. Speaks ISAPI over HTTP(S), which may
 * block or bring anything, so that the agent need not.
 *
 * What it is to do comes from the agent (schema/helper.h); it keeps nothing. Ended in the middle of
 * an order it leaves that unanswered, and the agent gives it again.
 */
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
#include "common/base/privilege.h"
#include "reader-agent/terminal/http_calls.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_LOCKED = 3, EXIT_FAILED = 4 };

struct program {
    struct helper_options options;
    struct agent_line *line;
    struct http_calls *calls;
    struct work work;
    enum device_state logged;
    int signals;
};

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static void ask(void *ctx, enum work_slot slot, const struct isapi_request *request,
                int64_t timeout_ms)
{
    http_calls_ask(((struct program *)ctx)->calls, slot, request, timeout_ms);
}

static void aim(void *ctx, const struct helper_terminal *terminal)
{
    http_calls_aim(((struct program *)ctx)->calls, terminal);
}

static bool say(void *ctx, const struct helper_message *message)
{
    struct program *program = ctx;
    if (message->kind == HELPER_SAYS_STATE && message->state.state != program->logged) {
        program->logged = message->state.state;
        log_event(program->logged == DEVICE_UP ? "terminal_up" : "terminal_down",
                  LOG_TEXT("reader", program->options.name.text),
                  LOG_TEXT("why", message->state.what));
    }
    return agent_line_say(program->line, message);
}

static void welcomed(void *ctx)
{
    work_welcomed(&((struct program *)ctx)->work);
}

static void heard(void *ctx, const struct helper_message *message)
{
    work_heard(&((struct program *)ctx)->work, message, now_mono());
}

static void answered(void *ctx, enum work_slot slot, const struct isapi_answer *answer)
{
    work_answered(&((struct program *)ctx)->work, slot, answer, now_mono());
}

static int run(struct program *program)
{
    for (;;) {
        struct mono now = now_mono();
        agent_line_turn(program->line, now);
        http_calls_turn(program->calls);
        work_turn(&program->work, now_mono());
        int64_t line_ms = agent_line_wait_ms(program->line, now);
        int64_t work_ms = work_wait_ms(&program->work, now);
        const int fds[] = {program->signals, agent_line_fd(program->line)};
        bool ready[ARRAY_LEN(fds)];
        http_calls_wait(program->calls, fds, ARRAY_LEN(fds), line_ms < work_ms ? line_ms : work_ms,
                        ready);
        if (ready[0]) {
            return EXIT_DONE;
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
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    MUST(fd >= 0);
    return fd;
}

static int fail(const struct program *program, int status, const struct fault *fault)
{
    log_error(status == EXIT_LOCKED ? "terminal_locked" : "terminal_failed",
              LOG_TEXT("reader", program->options.name.text), LOG_TEXT("why", fault->what));
    return status;
}

int main(int argc, char **argv)
{
    struct program program = {.logged = DEVICE_UNKNOWN};
    struct fault fault = {.code = ERR_OK};
    if (helper_options_of(argc, argv, &program.options, &fault) != ERR_OK) {
        fprintf(stderr,
                "parkgate-terminal: %s\nusage: parkgate-terminal --name READER --socket AGENT "
                "--run DIR [--user USER]\nIt is started by parkgate-agent.\n",
                fault.what);
        return EXIT_USAGE;
    }
    if (device_lock_take(program.options.run_dir, program.options.name.text, true, &fault) !=
        ERR_OK) {
        return fail(&program, EXIT_LOCKED, &fault);
    }
    program.signals = catch_signals();
    program.line =
        agent_line_create(program.options.socket_path, HELPER_TERMINAL, program.options.name,
                          (struct agent_ear){.up = welcomed, .message = heard, .ctx = &program});
    program.work.out = (struct work_outlet){.ask = ask, .aim = aim, .say = say, .ctx = &program};
    const char *user = program.options.user != NULL ? program.options.user : PRIVILEGE_USER;
    int status = EXIT_FAILED;
    if (privilege_drop(user, &fault) != ERR_OK ||
        http_calls_create(answered, &program, &program.calls, &fault) != ERR_OK) {
        (void)fail(&program, status, &fault);
    } else {
        status = run(&program);
    }
    http_calls_destroy(&program.calls);
    agent_line_destroy(&program.line);
    return status;
}
