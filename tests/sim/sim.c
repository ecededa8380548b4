/* Time, events, random numbers, and how a failure is told. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim sim;

uint64_t random_next(struct random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t random_below(struct random *random, uint64_t below)
{
    return below == 0 ? 0 : random_next(random) % below;
}

int64_t random_between(struct random *random, int64_t from, int64_t to)
{
    return from + (int64_t)random_below(random, (uint64_t)(to - from) + 1);
}

bool random_chance(struct random *random, unsigned per_mille)
{
    return random_below(random, 1000) < per_mille;
}

/* --- the queue: a heap by time and order --- */

struct event {
    int64_t at;
    uint64_t order;
    event_run *run;
    void *ctx;
    uint64_t a, b;
    bool owned;
};

static struct {
    struct event *heap;
    size_t count, room;
    uint64_t order;
} queue;

static bool goes_before(const struct event *x, const struct event *y)
{
    return x->at != y->at ? x->at < y->at : x->order < y->order;
}

static void put(int64_t at, event_run *run, void *ctx, uint64_t a, uint64_t b, bool owned)
{
    if (queue.count == queue.room) {
        queue.room = queue.room == 0 ? 4096 : 2 * queue.room;
        queue.heap = realloc(queue.heap, queue.room * sizeof(queue.heap[0]));
        MUST(queue.heap != NULL);
    }
    struct event event = {.at = at < sim.now ? sim.now : at,
                          .order = ++queue.order,
                          .run = run,
                          .ctx = ctx,
                          .a = a,
                          .b = b,
                          .owned = owned};
    size_t i = queue.count++;
    while (i > 0 && goes_before(&event, &queue.heap[(i - 1) / 2])) {
        queue.heap[i] = queue.heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    queue.heap[i] = event;
}

void sim_at(int64_t at, event_run *run, void *ctx, uint64_t a, uint64_t b)
{
    put(at, run, ctx, a, b, false);
}

void sim_at_owned(int64_t at, event_run *run, void *ctx, uint64_t a, uint64_t b)
{
    put(at, run, ctx, a, b, true);
}

static struct event take_first(void)
{
    struct event first = queue.heap[0];
    struct event last = queue.heap[--queue.count];
    size_t i = 0;
    for (size_t child = 1; child < queue.count; child = 2 * i + 1) {
        if (child + 1 < queue.count && goes_before(&queue.heap[child + 1], &queue.heap[child])) {
            child++;
        }
        if (!goes_before(&queue.heap[child], &last)) {
            break;
        }
        queue.heap[i] = queue.heap[child];
        i = child;
    }
    queue.heap[i] = last;
    return first;
}

bool sim_step(int64_t until)
{
    if (queue.count == 0 || queue.heap[0].at >= until) {
        sim.now = until;
        return false;
    }
    struct event event = take_first();
    sim.now = event.at;
    sim.events++;
    event.run(event.ctx, event.a, event.b);
    return true;
}

void sim_forget_events(void)
{
    for (size_t i = 0; i < queue.count; i++) {
        if (queue.heap[i].owned) {
            free(queue.heap[i].ctx);
        }
    }
    queue.count = 0;
    queue.order = 0;
}

/* --- telling --- */

static uint64_t mix(uint64_t sum, uint64_t value)
{
    struct random random = {.state = sum ^ value};
    return random_next(&random);
}

void sim_note(const char *what, uint64_t a, uint64_t b)
{
    sim.digest = mix(mix(mix(sim.digest, (uint64_t)sim.now), a), b);
    for (const char *c = what; *c != '\0'; c++) {
        sim.digest = (sim.digest ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    sim_say("%s %llu %llu", what, (unsigned long long)a, (unsigned long long)b);
}

void sim_say(const char *format, ...)
{
    if (!sim.plan.verbose) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)printf("%12.6f ", (double)(sim.now - sim.began) / 1e6);
    (void)vprintf(format, args);
    (void)printf("\n");
    va_end(args);
}

void sim_fail(const char *invariant, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)printf("sim: FAILED seed %llu, %.6f s after its begin: %s: ",
                 (unsigned long long)sim.plan.seed, (double)(sim.now - sim.began) / 1e6, invariant);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\nsim: play it again: sim --seed %llu --hours %lld --gates %u --people %u%s%s",
                 (unsigned long long)sim.plan.seed, (long long)sim.plan.hours, sim.plan.gates,
                 sim.plan.people, sim.plan.calm ? " --calm" : "",
                 sim.plan.rush ? "" : " --working-day");
    if (sim.plan.fails_at > 0) {
        (void)printf(" --fail-at %lld", (long long)sim.plan.fails_at);
    }
    (void)printf(" --verbose\n");
    exit(1);
}
