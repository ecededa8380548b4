/* The loop of common/base/loop.h without waiting: a gate's timers run when the simulation says so,
 * and its sources are ready when what stands behind them is (outer.h). */
#include "common/base/loop.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "tests/sim/outer.h"

struct source {
    void *socket;
    int fd;
    void (*ready)(void *ctx, unsigned events);
    void *ctx;
    bool used;
};

struct timer {
    uint64_t id;
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
    size_t source_end, timer_end; /* none is used from there on */
    struct timer timers[LOOP_TIMERS_MAX];
    struct turn_end ends[LOOP_TURN_ENDS_MAX];
    size_t end_count;
    uint64_t last_id;
};

enum err loop_create(const struct clock *clock, struct loop **ret_loop, struct fault *fault)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    (void)fault;
    MUST(loop != NULL);
    loop->clock = clock;
    loop->mono = clock->mono(clock->ctx);
    loop->wall = clock->wall(clock->ctx);
    *ret_loop = loop;
    return ERR_OK;
}

void loop_destroy(struct loop **loop)
{
    if (loop != NULL) {
        free(*loop);
        *loop = NULL;
    }
}

static enum err add(struct loop *loop, struct source source)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        if (!loop->sources[i].used) {
            loop->sources[i] = source;
            loop->source_end = i + 1 > loop->source_end ? i + 1 : loop->source_end;
            return ERR_OK;
        }
    }
    return ERR_FULL;
}

enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                     void (*ready)(void *ctx, unsigned events), void *ctx)
{
    (void)events;
    return add(loop, (struct source){.fd = fd, .ready = ready, .ctx = ctx, .used = true});
}

enum err loop_add_socket(struct loop *loop, void *zmq_socket,
                         void (*ready)(void *ctx, unsigned events), void *ctx)
{
    return add(loop, (struct source){
                         .socket = zmq_socket, .fd = -1, .ready = ready, .ctx = ctx, .used = true});
}

void loop_want_fd(struct loop *loop, int fd, unsigned events)
{
    (void)loop;
    (void)fd;
    (void)events;
}

static void drop(struct loop *loop, const void *socket, int fd)
{
    for (size_t i = 0; i < loop->source_end; i++) {
        struct source *source = &loop->sources[i];
        if (source->used && source->socket == socket && (socket != NULL || source->fd == fd)) {
            source->used = false;
        }
    }
}

void loop_remove_fd(struct loop *loop, int fd)
{
    drop(loop, NULL, fd);
}

void loop_remove_socket(struct loop *loop, void *zmq_socket)
{
    drop(loop, zmq_socket, -1);
}

uint64_t loop_after(struct loop *loop, int64_t delay_ms, int64_t period_ms, void (*due)(void *ctx),
                    void *ctx)
{
    for (size_t i = 0; i < LOOP_TIMERS_MAX; i++) {
        if (loop->timers[i].id == 0) {
            struct mono now = loop->clock->mono(loop->clock->ctx);
            loop->timers[i] = (struct timer){.id = ++loop->last_id,
                                             .at = mono_after_ms(now, delay_ms),
                                             .period_ms = period_ms,
                                             .due = due,
                                             .ctx = ctx};
            loop->timer_end = i + 1 > loop->timer_end ? i + 1 : loop->timer_end;
            return loop->timers[i].id;
        }
    }
    must_fail("a free timer", __FILE__, __LINE__);
}

void loop_cancel(struct loop *loop, uint64_t timer)
{
    for (size_t i = 0; timer != 0 && i < loop->timer_end; i++) {
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

enum err loop_stop_on_signals(struct loop *loop, struct fault *fault)
{
    (void)loop;
    (void)fault;
    return ERR_OK;
}

enum err loop_run(struct loop *loop, struct fault *fault)
{
    (void)loop;
    return fault_set(fault, ERR_UNSUPPORTED, "nobody waits in a simulation");
}

void loop_stop(struct loop *loop)
{
    (void)loop;
}

int64_t outer_loop_next(const struct loop *loop)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < loop->timer_end; i++) {
        if (loop->timers[i].id != 0 && loop->timers[i].at.us < first) {
            first = loop->timers[i].at.us;
        }
    }
    return first;
}

void outer_loop_put_off(struct loop *loop, int64_t period_ms, int64_t by_ms)
{
    for (size_t i = 0; i < loop->timer_end; i++) {
        if (loop->timers[i].id != 0 && loop->timers[i].period_ms == period_ms) {
            loop->timers[i].at = mono_after_ms(loop->timers[i].at, by_ms);
        }
    }
}

static bool run_due(struct loop *loop)
{
    bool ran = false;
    for (size_t i = 0; i < loop->timer_end; i++) {
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

void outer_loop_turn(struct loop *loop, bool ran)
{
    loop->mono = loop->clock->mono(loop->clock->ctx);
    loop->wall = loop->clock->wall(loop->clock->ctx);
    ran = run_due(loop) || ran;
    for (size_t i = 0; i < loop->source_end; i++) {
        struct source *source = &loop->sources[i];
        if (source->used && (source->socket != NULL ? outer_socket_is_ready(source->socket)
                                                    : outer_fd_is_ready(source->fd))) {
            source->ready(source->ctx, LOOP_READ);
            ran = true;
        }
    }
    for (size_t i = 0; ran && i < loop->end_count; i++) {
        loop->ends[i].end(loop->ends[i].ctx);
    }
}
