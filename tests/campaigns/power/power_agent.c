/* power_agent: the outbox of a gate and the keys of its days under power cuts. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "tests/campaigns/power/subject_agent.h"

static void mark(const struct promise *promise)
{
    if (power_mark != NULL) {
        power_mark(promise, sizeof(*promise));
    }
}

static void work(uint64_t seed, size_t inputs)
{
    static struct gate g;
    struct fault fault = {0};
    g.promised = mark;
    g.random = seed * 2 + 1;
    g.now.us = INT64_C(20000) * 86400 * 1000000;
    (void)snprintf(g.dir, sizeof(g.dir), "/tmp/parkgate-power-XXXXXX");
    MUST(mkdtemp(g.dir) != NULL);
    MUST(gate_open(&g, &fault) == ERR_OK);
    for (size_t i = 0; i < inputs; i++) {
        gate_turn(&g);
    }
    gate_close(&g);
    gate_remove(g.dir);
}

int main(int argc, char **argv)
{
    MUST(seal_init(NULL) == ERR_OK); /* once, and not in every child that judges */
    return power_main(argc, argv, work, agent_judge);
}
