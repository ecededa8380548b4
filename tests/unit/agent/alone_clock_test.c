/* Goal: a gate takes its own clock for wrong only when the controller's answer proves it; an answer
 * that was long on its way proves nothing. Method: answers that took so long and say so much, by
 * hand, on both sides of the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

enum { MS = 1000, BOUND_MS = LIMIT_CLOCK_UNTRUSTED_MS };

/* The controller's clock says `ahead_ms` less than ours, `took_ms` after it was asked. */
static bool known_after(struct gate_world *world, int64_t ahead_ms, int64_t took_ms)
{
    struct mono asked = {.us = world->mono.us - took_ms * MS};
    alone_heard(world->gate, world->wall.us - ahead_ms * MS, asked);
    return world->gate->copy.lease.clock_known;
}

static void a_clock_is_judged_by_what_an_answer_proves(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(false);
    static const struct {
        int64_t ahead_ms, took_ms;
        bool was_known, known;
    } rows[] = {
        {0,                10,           true,  true },
        {BOUND_MS,         0,            true,  true },
        {BOUND_MS + 1,     0,            true,  false},
        {-BOUND_MS - 1,    0,            true,  false},
        {-BOUND_MS - 1,    60000,        true,  false}, /* it was before now, not after */
        {30000,            30000,        true,  true }, /* a link that was slow for so long */
        {30000 + BOUND_MS, 30000,        true,  true },
        {30001 + BOUND_MS, 30000,        true,  false},
        {0,                10,           false, true },
        {30000,            30000,        false, false}, /* nor does it show that it is right */
        {0,                BOUND_MS + 1, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world->gate->copy.lease.clock_known = rows[i].was_known;
        if (known_after(world, rows[i].ahead_ms, rows[i].took_ms) != rows[i].known) {
            fail_msg("row %zu", i);
        }
    }
    gate_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_judged_by_what_an_answer_proves),
    };
    return cmocka_run_group_tests_name("alone_clock", tests, NULL, NULL);
}
