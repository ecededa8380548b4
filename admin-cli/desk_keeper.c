#include "admin-cli/desk_keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "schema/limits.h"

/* One question, one answer, one connection. */
enum question { ASK_STATE = 'S', ASK_KEY = 'K', ASK_LOCK = 'L' };

struct answer {
    struct desk_state state;
    struct link_key_pair pair; /* zero unless asked for */
};

static bool address_of(const char *dir, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int wrote = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/desk.sock", dir);
    return wrote > 0 && (size_t)wrote < sizeof(ret->sun_path);
}

/* --- the keeper --- */

struct keeper {
    struct answer kept; /* locked in memory */
    int fd;
    unsigned idle_s;
    int64_t end_s, last_s;
    const char *path;
};

static int64_t seconds(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
    return now.tv_sec;
}

static int64_t left_s(const struct keeper *keeper)
{
    int64_t idle = keeper->last_s + keeper->idle_s;
    return (idle < keeper->end_s ? idle : keeper->end_s) - seconds();
}

static bool is_our_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* False: told to lock. */
static bool serve(struct keeper *keeper, int fd)
{
    char question = 0;
    struct answer answer = {.state = keeper->kept.state};
    if (!is_our_user(fd) || recv(fd, &question, 1, 0) != 1) {
        return true;
    }
    answer.state.left_s = (uint32_t)left_s(keeper);
    if (question == ASK_KEY) {
        answer.pair = keeper->kept.pair;
        keeper->last_s = seconds();
    }
    (void)send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
    seal_wipe(&answer, sizeof(answer));
    return question != ASK_LOCK;
}

static void keep(struct keeper *keeper)
{
    bool open = true;
    while (open && left_s(keeper) > 0) {
        struct pollfd wait = {.fd = keeper->fd, .events = POLLIN};
        int64_t ms = left_s(keeper) * 1000;
        if (poll(&wait, 1, ms < 1000 ? (int)ms : 1000) <= 0) {
            continue; /* look at the clock each second: the machine may have slept */
        }
        int fd = accept4(keeper->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            struct timeval patience = {.tv_sec = 1};
            (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
            open = serve(keeper, fd);
            (void)close(fd);
        }
    }
    seal_wipe(&keeper->kept, sizeof(keeper->kept));
    (void)unlink(keeper->path);
}

/* Nobody reads this process's memory, no core file holds it, no swap either. */
static void harden(struct keeper *keeper)
{
    struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)mlock(keeper, sizeof(*keeper));
    (void)signal(SIGHUP, SIG_IGN);
}

static int listen_at(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    (void)unlink(address->sun_path);
    mode_t before = umask(0177);
    bool bound = fd >= 0 &&
                 bind(fd, (const struct sockaddr *)(const void *)address, sizeof(*address)) == 0 &&
                 listen(fd, 8) == 0;
    (void)umask(before);
    if (!bound && fd >= 0) {
        (void)close(fd);
    }
    return bound ? fd : -1;
}

bool desk_keeper_start(const char *dir, const char *name, const struct link_key_pair *pair,
                       unsigned idle_s, struct complaint *c)
{
    struct sockaddr_un address;
    struct keeper keeper = {.idle_s = idle_s};
    (void)desk_keeper_lock(dir);
    if (!address_of(dir, &address) || (keeper.fd = listen_at(&address)) < 0) {
        return complain(c, ERROR_DIR_MAKE, dir, "desk.sock cannot be made there", NULL, NULL);
    }
    pid_t child = fork();
    if (child != 0) {
        (void)close(keeper.fd);
        return child > 0 || complain(c, ERROR_EXEC, "desk", strerror(errno), NULL, NULL);
    }
    (void)setsid();
    for (int fd = 0; fd < 3; fd++) {
        (void)close(fd);
    }
    harden(&keeper);
    keeper.path = address.sun_path;
    keeper.kept.pair = *pair;
    (void)snprintf(keeper.kept.state.name, sizeof(keeper.kept.state.name), "%s", name);
    keeper.last_s = seconds();
    keeper.end_s = keeper.last_s + LIMIT_DESK_S;
    keep(&keeper);
    _exit(0);
}

/* --- asking it --- */

static bool ask(const char *dir, enum question question, struct answer *ret)
{
    struct sockaddr_un address;
    struct timeval patience = {.tv_sec = 2};
    char byte = (char)question;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && address_of(dir, &address) &&
                setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
                connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)) == 0 &&
                is_our_user(fd) && send(fd, &byte, 1, MSG_NOSIGNAL) == 1 &&
                recv(fd, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret);
    if (good && question == ASK_LOCK) {
        (void)recv(fd, &byte, 1, 0); /* until it hangs up */
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

bool desk_keeper_state(const char *dir, struct desk_state *ret)
{
    struct answer answer;
    if (!ask(dir, ASK_STATE, &answer)) {
        return false;
    }
    *ret = answer.state;
    ret->name[sizeof(ret->name) - 1] = '\0';
    return true;
}

bool desk_keeper_key(const char *dir, struct link_key_pair *ret_pair)
{
    struct answer answer;
    bool good = ask(dir, ASK_KEY, &answer);
    if (good) {
        *ret_pair = answer.pair;
    }
    seal_wipe(&answer, sizeof(answer));
    return good;
}

bool desk_keeper_lock(const char *dir)
{
    struct answer answer;
    return ask(dir, ASK_LOCK, &answer);
}
