/* calls_agent: failing calls while a gate's stores are opened, and while a gate works with them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "tests/campaigns/calls/calls.h"
#include "tests/campaigns/power/subject_agent.h"

enum { TURNS_BEFORE = 4, TURNS = 6 };

static const char *const scenarios[] = {"agent-first-start", "agent-start", "agent-read", NULL};
enum { FIRST_START, START, READ };

static struct calls_case *the_case;

/* A copy is expendable: a call that fails while it is opened may cost it, and the controller is
 * asked for another. What is there is whole all the same: agent_judge(). */
static void keep(const struct promise *promise)
{
    if (promise->kind != PROMISE_COPY) {
        calls_promise(the_case, promise, sizeof(*promise));
    }
}

static void must_open(struct gate *g)
{
    struct fault fault = {0};
    if (gate_open(g, &fault) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", fault.what);
        exit(3);
    }
}

static void turns(struct gate *g, int count)
{
    for (int i = 0; i < count; i++) {
        gate_turn(g);
    }
}

static void play(struct calls_case *c, size_t scenario)
{
    static struct gate g;
    the_case = c;
    (void)snprintf(c->dir, sizeof(c->dir), "%s/parkgate-calls-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(mkdtemp(c->dir) != NULL);
    (void)snprintf(g.dir, sizeof(g.dir), "%s", c->dir);
    g.promised = keep;
    g.random = 77;
    g.now.us = INT64_C(20000) * 86400 * 1000000;
    if (scenario != FIRST_START) {
        must_open(&g);
        turns(&g, TURNS_BEFORE);
    }
    if (scenario == START) {
        gate_close(&g);
    }
    calls_begin(c);
    if (scenario != READ) {
        must_open(&g);
    }
    turns(&g, scenario == READ ? TURNS : 1);
}

/* A store that was never made, because a call failed in its making, is made by the next start. */
static bool judge(const char *dir, const struct power_marks *marks, uint64_t number,
                  char why[POWER_WHY_SIZE])
{
    return agent_judge(dir, marks, number, why);
}

int main(int argc, char **argv)
{
    static const struct calls_subject subject = {
        .scenarios = scenarios, .play = play, .judge = judge, .clear = gate_remove};
    MUST(seal_init(NULL) == ERR_OK);
    return calls_main(argc, argv, &subject);
}
