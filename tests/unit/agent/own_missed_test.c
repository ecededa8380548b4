/* Goal: a gate that cannot read what it did itself is no laxer for that: where it matters who is
 * inside, it lets nobody in alone until the controller answered for the event. Method: a gate of a
 * small park lets people in, and loses the key that its outbox is sealed under; with each of the
 * rules that ask who is inside, somebody who never was comes to the entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

enum { OTHERS = 3, ROOM = 100 };

static struct verdict at(struct gate_world *world, const char *lane)
{
    struct verdict verdict = {0};
    assert_true(gate_world_decide(world, lane, 0, &verdict));
    return verdict;
}

static void assert_denied(struct gate_world *world, enum reason reason)
{
    struct verdict verdict = at(world, "in");
    assert_int_equal(verdict.outcome, OUTCOME_DENY);
    assert_int_equal(verdict.reason, reason);
    assert_int_equal(at(world, "out").outcome, OUTCOME_GRANT);
}

static void assert_granted(struct gate_world *world)
{
    assert_int_equal(at(world, "in").outcome, OUTCOME_GRANT);
}

static int make(void **state)
{
    struct gate_world *world = gate_world_open(false);
    gate_world_live(world, OTHERS);
    assert_granted(world);
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    gate_world_close(&world);
    return 0;
}

static void lose_key(struct gate_world *world)
{
    uint32_t day = outbox_day(gate_wall(world->gate));
    assert_int_equal(day_keys_drop(world->gate->day_keys, day, NULL), ERR_OK);
    gate_world_restart(world);
}

static void answer_all(struct gate_world *world)
{
    const struct agent_state *state = agent_store_state(world->gate->store);
    for (uint64_t i = 1; i <= state->last_sequence; i++) {
        struct grant_id id = {.epoch = state->epoch, .sequence = i};
        assert_true(batch_add_answer(&world->gate->batch, id, ANSWER_APPLIED, 0));
    }
    assert_int_equal(record_commit(world->gate, NULL), ERR_OK);
    own_events_drop(world->gate); /* as each delivery of the copy does */
}

/* Nothing that was done matters where nobody asks who is inside. */
static void a_park_that_asks_for_nothing_goes_on(void **state)
{
    lose_key(*state);
    assert_granted(*state);
}

static void zones_count_as_full(void **state)
{
    struct gate_world *world = *state;
    lose_key(world);
    struct park *park = world->gate->copy.park;
    park->zones[0].capacity = ROOM;
    assert_denied(world, REASON_ZONE_FULL);
    answer_all(world);
    assert_granted(world);
}

static void tenants_count_as_full(void **state)
{
    struct gate_world *world = *state;
    lose_key(world);
    struct park *park = world->gate->copy.park;
    park->limits_tenants = true;
    park->tenants[0].capacity = ROOM;
    assert_denied(world, REASON_TENANT_FULL);
    answer_all(world);
    assert_granted(world);
}

static void a_crowd_counts_as_there(void **state)
{
    struct gate_world *world = *state;
    lose_key(world);
    world->gate->copy.park->zones[0].crowd = ROOM;
    assert_denied(world, REASON_CROWD_LIMIT);
    answer_all(world);
    assert_granted(world);
}

static void everybody_counts_as_inside(void **state)
{
    struct gate_world *world = *state;
    lose_key(world);
    struct park *park = world->gate->copy.park;
    park->passbacks[0] = (struct park_passback){.mode = PASSBACK_MODE_HARD, .zone_count = 1};
    park->passbacks[0].zones[0] = park->zones[0].name;
    park->passback_count = 1;
    assert_denied(world, REASON_ANTI_PASSBACK);
    answer_all(world);
    assert_granted(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_park_that_asks_for_nothing_goes_on, make, destroy),
        cmocka_unit_test_setup_teardown(zones_count_as_full, make, destroy),
        cmocka_unit_test_setup_teardown(tenants_count_as_full, make, destroy),
        cmocka_unit_test_setup_teardown(a_crowd_counts_as_there, make, destroy),
        cmocka_unit_test_setup_teardown(everybody_counts_as_inside, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
