/* parkgate-viid: the park's view library (GA/T 1400): what stations that speak it and the park say
 * to each other, in a process of its own, because it parses foreign bytes.
 *
 * It keeps nothing: dispositions and notifications are the controller's, sessions are soft. It may
 * do what its key's role `library` may: hand over, ask what is due, say what was acknowledged. When
 * it is dead the park goes on, and what is due waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/base/privilege.h"
#include "controller/viid/calls.h"
#include "controller/viid/courier.h"
#include "controller/viid/service.h"
#include "controller/viid/settings.h"

enum { STATUS_DONE = 0, STATUS_USAGE = 2, STATUS_FAILED = 1, WAIT_MS = 250, CNONCE_BYTES = 8 };

struct program {
    struct viid_settings settings;
    struct desk *desk;
    struct server *server;
    struct calls *calls;
    struct service service;
    struct courier courier;
    struct upper uppers[VIID_PEERS_MAX];
    bool told_up[VIID_PEERS_MAX];
    bool controller_up, controller_refused;
    int signals;
};

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static void on_answered(void *ctx, size_t peer, const struct upper_answer *answer)
{
    upper_answered(&((struct program *)ctx)->uppers[peer], answer, now_mono());
}

static void make_calls(struct program *program, struct mono now)
{
    static struct upper_call call;
    for (size_t i = 0; i < program->settings.peer_count; i++) {
        uint8_t random[CNONCE_BYTES];
        char cnonce[2 * CNONCE_BYTES + 1];
        entropy_fill(entropy_system(), random, sizeof(random));
        bytes_to_hex(BYTES_OF(random), cnonce, sizeof(cnonce));
        if (upper_turn(&program->uppers[i], now, cnonce, &call)) {
            calls_make(program->calls, i, &call);
        }
        if (program->uppers[i].up != program->told_up[i]) {
            program->told_up[i] = program->uppers[i].up;
            log_event(program->told_up[i] ? "viid_peer_up" : "viid_peer_down",
                      LOG_TEXT("peer", program->settings.peers[i].name.text));
        }
    }
}

static void tell_of_controller(struct program *program, struct mono now)
{
    bool up = desk_is_up(program->desk, now);
    bool refused = desk_is_refused(program->desk);
    if (refused && !program->controller_refused) {
        log_error("viid_key_refused", LOG_TEXT("key", program->settings.key_file),
                  LOG_TEXT("remedy", "add its public half: parkgate key add NAME --role library"));
    } else if (up != program->controller_up) {
        log_event(up ? "viid_controller_up" : "viid_controller_down",
                  LOG_TEXT("controller", program->settings.controller));
    }
    program->controller_up = up;
    program->controller_refused = refused;
}

static int64_t wait_ms(const struct program *program)
{
    int server = program->server == NULL ? -1 : server_timeout_ms(program->server);
    return server >= 0 && server < WAIT_MS ? server : WAIT_MS;
}

static int run(struct program *program)
{
    for (;;) {
        struct signalfd_siginfo caught;
        struct mono now = now_mono();
        if (program->server != NULL) {
            server_turn(program->server);
        }
        calls_turn(program->calls);
        courier_turn(&program->courier, now);
        make_calls(program, now);
        desk_turn(program->desk, now);
        tell_of_controller(program, now);
        const int fds[] = {program->signals, desk_fd(program->desk),
                           program->server == NULL ? -1 : server_fd(program->server)};
        calls_wait(program->calls, fds, ARRAY_LEN(fds), wait_ms(program));
        if (read(program->signals, &caught, sizeof(caught)) > 0) {
            return STATUS_DONE;
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

static enum err open_port(struct program *program, struct fault *fault)
{
    const struct viid_settings *s = &program->settings;
    if (s->address[0] == '\0') {
        return ERR_OK;
    }
    bool tls = s->tls_cert_file[0] != '\0';
    struct server_options options = {.address = s->address,
                                     .port = (uint16_t)s->port,
                                     .cert_file = tls ? s->tls_cert_file : NULL,
                                     .key_file = tls ? s->tls_key_file : NULL,
                                     .hooks = service_hooks(&program->service)};
    return server_create(&options, &program->server, fault);
}

static enum err start(struct program *program, struct fault *fault)
{
    struct link_key_pair pair;
    struct viid_settings *s = &program->settings;
    TRY(seal_init(fault));
    TRY(viid_settings_read(s, fault));
    TRY(link_key_pair_read(s->key_file, &pair, fault));
    struct desk_options desk = {
        .keys = &pair, .server_key = s->server_key, .endpoint = s->controller};
    enum err err = desk_create(&desk, &program->desk, fault);
    link_key_pair_destroy(&pair);
    TRY(err);
    service_begin(&program->service, s, program->desk, clock_system(), entropy_system());
    TRY(open_port(program, fault));
    for (size_t i = 0; i < s->peer_count; i++) {
        upper_begin(&program->uppers[i], s, &s->peers[i]);
    }
    courier_begin(&program->courier, s, program->desk, program->uppers);
    TRY(calls_create(s, on_answered, program, &program->calls, fault));
    return privilege_drop(s->user, fault);
}

static bool options_of(int argc, char **argv, struct viid_settings *settings)
{
    if (argc == 3 && strcmp(argv[1], "--config") == 0) {
        int size = snprintf(settings->config, sizeof(settings->config), "%s", argv[2]);
        return size > 0 && (size_t)size < sizeof(settings->config);
    }
    return false;
}

int main(int argc, char **argv)
{
    struct fault fault = {.code = ERR_OK};
    struct program *program = calloc(1, sizeof(*program));
    MUST(program != NULL);
    if (!options_of(argc, argv, &program->settings)) {
        fprintf(stderr, "usage: parkgate-viid --config FILE\n");
        free(program);
        return STATUS_USAGE;
    }
    program->signals = catch_signals();
    int status = STATUS_FAILED;
    if (start(program, &fault) != ERR_OK) {
        log_error("viid_failed", LOG_TEXT("why", fault.what));
    } else {
        log_event("viid_started", LOG_NUM("peers", program->settings.peer_count),
                  LOG_NUM("port", program->server == NULL ? 0 : server_port(program->server)));
        status = run(program);
        log_event("viid_stopped", LOG_TEXT("why", "signal"));
    }
    desk_destroy(&program->desk); /* ends what waits for it, so that the server has nothing left */
    server_destroy(&program->server);
    calls_destroy(&program->calls);
    viid_settings_wipe(&program->settings);
    free(program);
    return status;
}
