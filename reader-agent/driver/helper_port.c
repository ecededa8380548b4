#include "reader-agent/driver/helper_port.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/base/packet.h"
#include "common/seal/seal.h"

enum {
    GUESTS_MAX = 16,
    MESSAGES_PER_TURN = 64,
    PROGRAMS = HELPER_TERMINAL + 1,
    ROOT = 0,
    STALL_MS = 1000, /* turns come every HELPER_HEARTBEAT_MS at least */
};

#define HELPER_USER "nobody"

/* Connected, and has not said who it is. */
struct guest {
    struct packet_peer peer; /* fd -1: free place */
    struct mono until;
};

struct wanted {
    bool used;
    bool told; /* the launcher knows */
    bool joined;
    bool lost_said; /* the ear knows that it is not there */
    enum helper_program program;
    struct name name;
    char device[LIMIT_TEXT_BYTES + 1];
    struct name carrier;   /* whose process serves it; "": its own */
    int fd;                /* joined */
    struct mono heard;     /* joined */
    struct mono heartbeat; /* joined: say one then */
    struct mono hello_by;  /* not joined */
};

struct helper_port {
    char run_dir[PATH_MAX];
    char path[PATH_MAX];
    char user[LIMIT_TEXT_BYTES + 1]; /* "": helpers stay what they are */
    uid_t user_id;
    struct launcher_link *link;
    const struct clock *clock;
    int listener;
    int poll_fd;
    struct mono turned; /* the last turn */
    struct helper_ear ears[PROGRAMS]; /* lost NULL: nobody listens */
    struct guest guests[GUESTS_MAX];
    struct wanted wanted[LIMIT_HELPERS_PER_AGENT];
};

static const char *const program_names[PROGRAMS] = {[HELPER_NFC] = "parkgate-nfc",
                                                    [HELPER_BOARD] = "parkgate-board",
                                                    [HELPER_TERMINAL] = "parkgate-terminal"};

static struct mono now_of(const struct helper_port *port)
{
    return port->clock->mono(port->clock->ctx);
}

static void watch(struct helper_port *port, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    MUST(epoll_ctl(port->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

static enum err send_to(int fd, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    enum err err = packet_send(fd, (struct bytes){.data = frame, .size = size});
    seal_wipe(frame, size); /* it may have been a card's key */
    return err;
}

/* ERR_OK with a message, ERR_NOT_FOUND nothing waits, ERR_UNSUPPORTED to be skipped, else cut off.
 */
static enum err receive_from(int fd, struct helper_message *ret_message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = 0;
    TRY(packet_receive(fd, frame, sizeof(frame), &size));
    return helper_unpack((struct bytes){.data = frame, .size = size}, ret_message, NULL);
}

/* Making and ending */

static enum err find_user(struct helper_port *port, const struct helper_port_options *options,
                          struct fault *fault)
{
    if (geteuid() != ROOT) {
        port->user_id = (uid_t)-1;
        return ERR_OK;
    }
    const char *user = options->helper_user != NULL ? options->helper_user : HELPER_USER;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL || strlen(user) >= sizeof(port->user)) {
        return fault_set(fault, ERR_INPUT, "there is no user \"%s\" for the helper programs", user);
    }
    memcpy(port->user, user, strlen(user) + 1);
    port->user_id = entry->pw_uid;
    return ERR_OK;
}

static bool open_for_passing(const char *dir)
{
    struct stat info;
    return stat(dir, &info) == 0 && chmod(dir, (info.st_mode & 07777) | 0011) == 0;
}

static enum err open_port(struct helper_port *port, const struct helper_port_options *options,
                          struct fault *fault)
{
    int length = snprintf(port->path, sizeof(port->path), "%s/helpers.sock", options->run_dir);
    if (length < 0 || (size_t)length >= sizeof(port->path)) {
        return fault_set(fault, ERR_INPUT, "the run directory's path is too long");
    }
    memcpy(port->run_dir, options->run_dir, strlen(options->run_dir) + 1);
    TRY(find_user(port, options, fault));
    if (port->user[0] != '\0' && !open_for_passing(port->run_dir)) {
        return fault_set(fault, ERR_IO, "cannot let user %s into %s", port->user, port->run_dir);
    }
    port->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (port->poll_fd < 0) {
        return fault_set(fault, ERR_IO, "epoll: too many open files");
    }
    TRY(packet_listen(port->path, port->user_id, &port->listener, fault));
    watch(port, port->listener);
    return ERR_OK;
}

enum err helper_port_create(const struct helper_port_options *options,
                            struct helper_port **ret_port, struct fault *fault)
{
    AUTO(helper_port_destroy) struct helper_port *port = calloc(1, sizeof(*port));
    MUST(port != NULL);
    port->listener = -1;
    port->poll_fd = -1;
    port->link = options->link;
    port->clock = options->clock;
    port->turned = now_of(port);
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        port->guests[i].peer.fd = -1;
    }
    TRY(open_port(port, options, fault));
    *ret_port = port;
    port = NULL;
    return ERR_OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void helper_port_destroy(struct helper_port **port)
{
    if (*port == NULL) {
        return;
    }
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        close_fd(&(*port)->guests[i].peer.fd);
    }
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        if ((*port)->wanted[i].used) {
            close_fd(&(*port)->wanted[i].fd);
        }
    }
    close_fd(&(*port)->listener);
    close_fd(&(*port)->poll_fd);
    free(*port);
    *port = NULL;
}

void helper_port_listen(struct helper_port *port, struct helper_ear ear)
{
    MUST(ear.program >= HELPER_NFC && ear.program <= HELPER_TERMINAL);
    port->ears[ear.program] = ear;
}

int helper_port_fd(const struct helper_port *port)
{
    return port->poll_fd;
}

/* Wanted helpers */

static struct wanted *find_wanted(struct helper_port *port, struct name name)
{
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        if (port->wanted[i].used && name_equal(port->wanted[i].name, name)) {
            return &port->wanted[i];
        }
    }
    return NULL;
}

static struct wanted *free_wanted(struct helper_port *port)
{
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        if (!port->wanted[i].used) {
            return &port->wanted[i];
        }
    }
    return NULL;
}

/* A line that is full for a moment is tried again by every turn. */
static void tell_launcher(struct helper_port *port, struct wanted *wanted)
{
    const char *argv[12 + 2 * HELPER_BOARDS_PER_BUS] = {program_names[wanted->program],
                                                        "--name",
                                                        wanted->name.text,
                                                        "--socket",
                                                        port->path,
                                                        "--run",
                                                        port->run_dir};
    size_t count = 7;
    if (wanted->device[0] != '\0') {
        argv[count++] = "--device";
        argv[count++] = wanted->device;
    }
    if (port->user[0] != '\0') {
        argv[count++] = "--user";
        argv[count++] = port->user;
    }
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT && count + 2 < ARRAY_LEN(argv); i++) {
        if (port->wanted[i].used && name_equal(port->wanted[i].carrier, wanted->name)) {
            argv[count++] = "--with";
            argv[count++] = port->wanted[i].name.text;
        }
    }
    struct fault fault = {.code = ERR_OK};
    enum err err = launcher_want(port->link, wanted->name, argv, &fault);
    wanted->told = err != ERR_BUSY;
    if (err != ERR_OK && err != ERR_BUSY) {
        log_error("helper_not_wanted", LOG_TEXT("name", wanted->name.text),
                  LOG_TEXT("why", fault.what));
    }
}

static enum err place_for(struct helper_port *port, enum helper_program program, struct name name,
                          struct wanted **ret_wanted, struct fault *fault)
{
    struct wanted *wanted = find_wanted(port, name);
    if (wanted != NULL && wanted->program != program) {
        return fault_set(fault, ERR_REFUSED, "a reader and a board are both called %s", name.text);
    }
    if (wanted == NULL) {
        wanted = free_wanted(port);
        if (wanted == NULL) {
            return fault_set(fault, ERR_FULL, "over %d readers and boards at one gate",
                             LIMIT_HELPERS_PER_AGENT);
        }
        *wanted = (struct wanted){.used = true, .program = program, .name = name, .fd = -1};
        wanted->hello_by = mono_after_ms(now_of(port), HELPER_HELLO_MS);
    }
    *ret_wanted = wanted;
    return ERR_OK;
}

enum err helper_port_carry(struct helper_port *port, enum helper_program program, struct name name,
                           struct name carrier, struct fault *fault)
{
    struct wanted *wanted = NULL;
    TRY(place_for(port, program, name, &wanted, fault));
    if (wanted->told && wanted->carrier.text[0] == '\0' && port->link != NULL &&
        launcher_drop(port->link, name, NULL) != ERR_OK) {
        log_warning("helper_not_dropped", LOG_TEXT("name", name.text));
    }
    wanted->carrier = carrier;
    wanted->told = true; /* by its carrier */
    return ERR_OK;
}

enum err helper_port_want(struct helper_port *port, enum helper_program program, struct name name,
                          const char *device, struct fault *fault)
{
    struct wanted *wanted = NULL;
    const char *text = device != NULL ? device : "";
    if (strlen(text) >= sizeof(wanted->device)) {
        return fault_set(fault, ERR_INPUT, "the device of %s has too long a name", name.text);
    }
    TRY(place_for(port, program, name, &wanted, fault));
    wanted->carrier = (struct name){.text = ""};
    memcpy(wanted->device, text, strlen(text) + 1);
    wanted->told = false;
    if (port->link != NULL) {
        tell_launcher(port, wanted);
    }
    return ERR_OK;
}

void helper_port_drop(struct helper_port *port, struct name name)
{
    struct wanted *wanted = find_wanted(port, name);
    if (wanted == NULL) {
        return;
    }
    close_fd(&wanted->fd);
    wanted->used = false;
    if (wanted->carrier.text[0] == '\0' && port->link != NULL &&
        launcher_drop(port->link, name, NULL) != ERR_OK) {
        log_warning("helper_not_dropped", LOG_TEXT("name", name.text));
    }
}

void helper_port_settle(struct helper_port *port)
{
    if (port->link != NULL && launcher_settle(port->link, NULL) != ERR_OK) {
        log_warning("helpers_not_settled", LOG_TEXT("why", "the launcher does not hear"));
    }
}

static void lose(struct helper_port *port, struct wanted *wanted, const char *what)
{
    const struct helper_ear *ear = &port->ears[wanted->program];
    close_fd(&wanted->fd);
    wanted->joined = false;
    wanted->hello_by = mono_after_ms(now_of(port), HELPER_HELLO_MS);
    if (!wanted->lost_said && ear->lost != NULL) {
        wanted->lost_said = true;
        log_warning("helper_lost", LOG_TEXT("name", wanted->name.text), LOG_TEXT("what", what));
        ear->lost(ear->self, wanted->name, what);
    }
}

enum err helper_port_send(struct helper_port *port, struct name name,
                          const struct helper_message *message, struct fault *fault)
{
    const struct wanted *wanted = find_wanted(port, name);
    enum err err = wanted != NULL && wanted->joined ? send_to(wanted->fd, message) : ERR_NOT_FOUND;
    if (err == ERR_OK) {
        return ERR_OK;
    }
    /* A peer that has just gone is found so by the next turn. */
    err = err == ERR_IO ? ERR_NOT_FOUND : err;
    return fault_set(fault, err, "the helper of %s %s", name.text,
                     err == ERR_BUSY ? "does not read" : "is not there");
}

void helper_port_process(struct helper_port *port, const struct launcher_report *report)
{
    struct wanted *wanted = find_wanted(port, report->name);
    if (wanted == NULL || report->kind != LAUNCHER_EXITED) {
        return;
    }
    if (!wanted->joined && report->status == 255) {
        lose(port, wanted, "its program cannot be started");
    }
}

/* Guests */

static void accept_guests(struct helper_port *port)
{
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        struct guest *guest = &port->guests[i];
        if (guest->peer.fd >= 0) {
            continue;
        }
        struct packet_peer peer;
        if (packet_accept(port->listener, &peer) != ERR_OK) {
            return;
        }
        if (peer.uid != geteuid() && peer.uid != port->user_id && peer.uid != ROOT) {
            log_warning("helper_refused", LOG_NUM("uid", peer.uid), LOG_NUM("pid", peer.pid));
            close(peer.fd);
            continue;
        }
        guest->peer = peer;
        guest->until = mono_after_ms(now_of(port), HELPER_SILENCE_MS);
        watch(port, peer.fd);
    }
}

/* NULL: not one that we want. */
static struct wanted *judge_hello(struct helper_port *port, const struct guest *guest,
                                  const struct helper_message *message)
{
    const struct helper_hello *hello = &message->hello;
    if (message->kind != HELPER_SAYS_HELLO || (pid_t)hello->pid != guest->peer.pid) {
        return NULL;
    }
    struct wanted *wanted = find_wanted(port, hello->name);
    return wanted != NULL && wanted->program == hello->program ? wanted : NULL;
}

static void join(struct helper_port *port, struct wanted *wanted, int fd)
{
    static const struct helper_message welcome = {.kind = HELPER_SAYS_WELCOME};
    const struct helper_ear *ear = &port->ears[wanted->program];
    if (wanted->joined) {
        lose(port, wanted, "another process took over");
    }
    wanted->fd = fd;
    wanted->joined = true;
    wanted->lost_said = false;
    wanted->heard = now_of(port);
    wanted->heartbeat = mono_after_ms(wanted->heard, HELPER_HEARTBEAT_MS);
    (void)send_to(fd, &welcome);
    log_event("helper_joined", LOG_TEXT("name", wanted->name.text));
    if (ear->joined != NULL) {
        ear->joined(ear->self, wanted->name);
    }
}

static void turn_guest(struct helper_port *port, struct guest *guest, struct mono now)
{
    struct helper_message message;
    enum err err = receive_from(guest->peer.fd, &message);
    if (err == ERR_NOT_FOUND && mono_before(now, guest->until)) {
        return;
    }
    struct wanted *wanted = err == ERR_OK ? judge_hello(port, guest, &message) : NULL;
    if (wanted == NULL) {
        log_warning("helper_refused", LOG_NUM("uid", guest->peer.uid),
                    LOG_NUM("pid", guest->peer.pid));
        close_fd(&guest->peer.fd);
        return;
    }
    int fd = guest->peer.fd;
    guest->peer.fd = -1;
    join(port, wanted, fd);
}

/* Joined helpers */

static void take_messages(struct helper_port *port, struct wanted *wanted)
{
    const struct helper_ear *ear = &port->ears[wanted->program];
    struct helper_message message;
    /* What the ear does may drop or lose this very helper. */
    for (int i = 0; i < MESSAGES_PER_TURN && wanted->used && wanted->joined; i++) {
        enum err err = receive_from(wanted->fd, &message);
        if (err == ERR_NOT_FOUND) {
            return;
        }
        if (err != ERR_OK && err != ERR_UNSUPPORTED) {
            lose(port, wanted, err == ERR_IO ? "its helper ended" : "its helper talks nonsense");
            return;
        }
        wanted->heard = now_of(port);
        if (err == ERR_OK && message.kind != HELPER_SAYS_HEARTBEAT && ear->message != NULL) {
            ear->message(ear->self, wanted->name, &message);
        }
    }
}

static void kill_it(struct helper_port *port, const struct wanted *wanted)
{
    struct name process = wanted->carrier.text[0] != '\0' ? wanted->carrier : wanted->name;
    if (port->link != NULL && launcher_restart(port->link, process, NULL) != ERR_OK) {
        log_warning("helper_not_killed", LOG_TEXT("name", wanted->name.text));
    }
}

static void keep_alive(struct helper_port *port, struct wanted *wanted, struct mono now)
{
    static const struct helper_message beat = {.kind = HELPER_SAYS_HEARTBEAT};
    if (!wanted->joined) {
        if (!mono_before(now, wanted->hello_by)) {
            lose(port, wanted, "its helper does not start");
            kill_it(port, wanted);
        }
        return;
    }
    if (!mono_before(now, mono_after_ms(wanted->heard, HELPER_SILENCE_MS))) {
        lose(port, wanted, "its helper hangs");
        kill_it(port, wanted);
    } else if (!mono_before(now, wanted->heartbeat)) {
        wanted->heartbeat = mono_after_ms(now, HELPER_HEARTBEAT_MS);
        (void)send_to(wanted->fd, &beat);
    }
}

/* Whoever stood still himself, or with the whole machine, cannot say that others were silent: a
 * helper may hold exits open in a fire. */
static void forgive_own_stall(struct helper_port *port)
{
    struct mono now = now_of(port);
    int64_t still_us = now.us - port->turned.us;
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT && still_us > STALL_MS * INT64_C(1000); i++) {
        port->wanted[i].heard.us += still_us;
        port->wanted[i].hello_by.us += still_us;
    }
    port->turned = now;
}

void helper_port_turn(struct helper_port *port)
{
    forgive_own_stall(port);
    accept_guests(port);
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        if (port->guests[i].peer.fd >= 0) {
            turn_guest(port, &port->guests[i], now_of(port));
        }
    }
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        struct wanted *wanted = &port->wanted[i];
        if (wanted->used && wanted->joined) {
            take_messages(port, wanted);
        }
        if (wanted->used && !wanted->told && port->link != NULL) {
            tell_launcher(port, wanted);
        }
        if (wanted->used) {
            keep_alive(port, wanted, now_of(port));
        }
    }
}
