#include "common/base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <zmq.h>

#include "common/base/must.h"

struct source {
    void *socket; /* NULL: fd counts */
    int fd;
    unsigned events;
    void (*ready)(void *ctx, unsigned events);
    void *ctx;
    uint64_t born; /* so that a slot reused within a turn is not taken for the old one */
    bool used;
};

struct timer {
    uint64_t id; /* 0: free */
    struct mono at;
    int64_t period_ms;
    void (*due)(void *ctx);
    void *ctx;
};

struct turn_end {
    void (*end)(void *ctx);
    void *ctx;
};

struct loop {
    const struct clock *clock;
    struct mono mono;
    struct wall wall;
    struct source sources[LOOP_SOURCES_MAX];
    struct timer timers[LOOP_TIMERS_MAX];
    struct turn_end ends[LOOP_TURN_ENDS_MAX];
    size_t end_count;
    uint64_t last_id;
    int signal_fd;
    bool stopping;
};

static void read_clocks(struct loop *loop)
{
    loop->mono = loop->clock->mono(loop->clock->ctx);
    loop->wall = loop->clock->wall(loop->clock->ctx);
}

enum err loop_create(const struct clock *clock, struct loop **ret_loop, struct fault *fault)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return fault_set(fault, ERR_IO, "loop: out of memory");
    }
    loop->clock = clock;
    loop->signal_fd = -1;
    read_clocks(loop);
    *ret_loop = loop;
    return ERR_OK;
}

void loop_destroy(struct loop **loop)
{
    if (loop == NULL || *loop == NULL) {
        return;
    }
    if ((*loop)->signal_fd >= 0) {
        (void)close((*loop)->signal_fd);
    }
    free(*loop);
    *loop = NULL;
}

static enum err add_source(struct loop *loop, struct source source)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        if (!loop->sources[i].used) {
            source.used = true;
            source.born = ++loop->last_id;
            loop->sources[i] = source;
            return ERR_OK;
        }
    }
    return ERR_FULL;
}

enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                     void (*ready)(void *ctx, unsigned events), void *ctx)
{
    MUST(fd >= 0 && ready != NULL);
    return add_source(loop,
                      (struct source){.fd = fd, .events = events, .ready = ready, .ctx = ctx});
}

enum err loop_add_socket(struct loop *loop, void *zmq_socket,
                         void (*ready)(void *ctx, unsigned events), void *ctx)
{
    MUST(zmq_socket != NULL && ready != NULL);
    return add_source(
        loop, (struct source){
                  .socket = zmq_socket, .fd = -1, .events = LOOP_READ, .ready = ready, .ctx = ctx});
}

static struct source *find_source(struct loop *loop, void *socket, int fd)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        struct source *s = &loop->sources[i];
        if (s->used && s->socket == socket && (socket != NULL || s->fd == fd)) {
            return s;
        }
    }
    return NULL;
}

void loop_want_fd(struct loop *loop, int fd, unsigned events)
{
    struct source *source = find_source(loop, NULL, fd);
    MUST(source != NULL);
    source->events = events;
}

void loop_remove_fd(struct loop *loop, int fd)
{
    struct source *source = find_source(loop, NULL, fd);
    if (source != NULL) {
        source->used = false;
    }
}

void loop_remove_socket(struct loop *loop, void *zmq_socket)
{
    struct source *source = find_source(loop, zmq_socket, -1);
    if (source != NULL) {
        source->used = false;
    }
}

uint64_t loop_after(struct loop *loop, int64_t delay_ms, int64_t period_ms, void (*due)(void *ctx),
                    void *ctx)
{
    for (size_t i = 0; i < LOOP_TIMERS_MAX; i++) {
        if (loop->timers[i].id == 0) {
            /* Counted from now, not from the turn's start, which a long handler may have left. */
            struct mono now = loop->clock->mono(loop->clock->ctx);
            loop->timers[i] = (struct timer){.id = ++loop->last_id,
                                             .at = mono_after_ms(now, delay_ms),
                                             .period_ms = period_ms,
                                             .due = due,
                                             .ctx = ctx};
            return loop->timers[i].id;
        }
    }
    must_fail("a free timer", __FILE__, __LINE__);
}

void loop_cancel(struct loop *loop, uint64_t timer)
{
    for (size_t i = 0; timer != 0 && i < LOOP_TIMERS_MAX; i++) {
        if (loop->timers[i].id == timer) {
            loop->timers[i].id = 0;
        }
    }
}

void loop_at_turn_end(struct loop *loop, void (*end)(void *ctx), void *ctx)
{
    MUST(loop->end_count < LOOP_TURN_ENDS_MAX);
    loop->ends[loop->end_count++] = (struct turn_end){.end = end, .ctx = ctx};
}

struct mono loop_mono(const struct loop *loop)
{
    return loop->mono;
}

struct wall loop_wall(const struct loop *loop)
{
    return loop->wall;
}

static void on_signal(void *ctx, unsigned events)
{
    struct loop *loop = ctx;
    struct signalfd_siginfo info;
    (void)events;
    if (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        loop->stopping = true;
    }
}

enum err loop_stop_on_signals(struct loop *loop, struct fault *fault)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return fault_set(fault, ERR_IO, "loop: sigprocmask: %s", strerror(errno));
    }
    loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0) {
        return fault_set(fault, ERR_IO, "loop: signalfd: %s", strerror(errno));
    }
    return loop_add_fd(loop, loop->signal_fd, LOOP_READ, on_signal, loop);
}

/* Milliseconds until the first timer, rounded up; -1 without timers. */
static long next_wait_ms(const struct loop *loop)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < LOOP_TIMERS_MAX; i++) {
        if (loop->timers[i].id != 0 && loop->timers[i].at.us < first) {
            first = loop->timers[i].at.us;
        }
    }
    if (first == INT64_MAX) {
        return -1;
    }
    int64_t left_us = first - loop->clock->mono(loop->clock->ctx).us;
    return left_us <= 0 ? 0 : (long)((left_us + 999) / 1000);
}

static bool run_due_timers(struct loop *loop)
{
    bool ran = false;
    for (size_t i = 0; i < LOOP_TIMERS_MAX; i++) {
        struct timer timer = loop->timers[i];
        if (timer.id == 0 || mono_before(loop->mono, timer.at)) {
            continue;
        }
        if (timer.period_ms > 0) {
            loop->timers[i].at = mono_after_ms(loop->mono, timer.period_ms);
        } else {
            loop->timers[i].id = 0;
        }
        timer.due(timer.ctx);
        ran = true;
    }
    return ran;
}

static size_t fill_items(const struct loop *loop, zmq_pollitem_t *items, size_t *slots,
                         uint64_t *born)
{
    size_t count = 0;
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        const struct source *s = &loop->sources[i];
        if (s->used) {
            short events = (short)((s->events & LOOP_READ ? ZMQ_POLLIN : 0) |
                                   (s->events & LOOP_WRITE ? ZMQ_POLLOUT : 0));
            items[count] = (zmq_pollitem_t){.socket = s->socket, .fd = s->fd, .events = events};
            slots[count] = i;
            born[count++] = s->born;
        }
    }
    return count;
}

static bool run_ready(struct loop *loop, const zmq_pollitem_t *items, const size_t *slots,
                      const uint64_t *born, size_t count)
{
    bool ran = false;
    for (size_t i = 0; i < count; i++) {
        struct source *source = &loop->sources[slots[i]];
        unsigned events = (items[i].revents & ZMQ_POLLOUT ? LOOP_WRITE : 0U) |
                          (items[i].revents & (ZMQ_POLLIN | ZMQ_POLLERR) ? LOOP_READ : 0U);
        if (events != 0 && source->used && source->born == born[i]) {
            source->ready(source->ctx, events);
            ran = true;
        }
    }
    return ran;
}

enum err loop_run(struct loop *loop, struct fault *fault)
{
    zmq_pollitem_t items[LOOP_SOURCES_MAX];
    size_t slots[LOOP_SOURCES_MAX];
    uint64_t born[LOOP_SOURCES_MAX];
    while (!loop->stopping) {
        size_t count = fill_items(loop, items, slots, born);
        int rc = zmq_poll(items, (int)count, next_wait_ms(loop));
        if (rc < 0 && zmq_errno() != EINTR) {
            return fault_set(fault, ERR_IO, "loop: zmq_poll: %s", zmq_strerror(zmq_errno()));
        }
        read_clocks(loop);
        bool ran = run_due_timers(loop);
        if (rc > 0) {
            ran = run_ready(loop, items, slots, born, count) || ran;
        }
        for (size_t i = 0; ran && i < loop->end_count; i++) {
            loop->ends[i].end(loop->ends[i].ctx);
        }
    }
    return ERR_OK;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
