/* Goal: a gate whose copy holds counts only decides by how many are where, never too laxly, and
 * lets nobody in where a rule asks for one person's place. Method: the gate of gate_world with such
 * a copy and with a usual one beside it; rules are put into the park that it decides by, people
 * walk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

enum { INSIDE = 5, MINUTE_US = 60 * 1000 * 1000 };

static struct verdict at(struct gate_world *world, const char *lane, unsigned person)
{
    struct verdict verdict = {0};
    assert_true(gate_world_decide(world, lane, person, &verdict));
    return verdict;
}

static void assert_denied(struct gate_world *world, unsigned person, enum reason reason)
{
    struct verdict verdict = at(world, "in", person);
    assert_int_equal(verdict.outcome, OUTCOME_DENY);
    assert_int_equal(verdict.reason, reason);
    assert_int_equal(at(world, "out", person).outcome, OUTCOME_GRANT);
}

static void assert_granted(struct gate_world *world, unsigned person)
{
    assert_int_equal(at(world, "in", person).outcome, OUTCOME_GRANT);
}

static void pass(struct gate_world *world, int64_t us)
{
    world->wall.us += us;
    world->mono.us += us;
}

/* Walks, and lets the time of a repeat go by. */
static void walk(struct gate_world *world, const char *lane, unsigned person)
{
    gate_world_walk(world, lane, person);
    pass(world, MINUTE_US);
}

static int make(void **state)
{
    struct gate_world *world = gate_world_open(false);
    world_roster_take_counts(world->gate->copy.store, gate_wall(world->gate), INSIDE);
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    gate_world_close(&world);
    return 0;
}

static struct park *rules(struct gate_world *world)
{
    return world->gate->copy.park;
}

static void set_passback(struct park *park, enum passback_mode mode)
{
    park->passbacks[0] =
        (struct park_passback){.mode = mode, .zone_count = 1, .zones = {park->zones[0].name}};
    park->passbacks[0].minutes = mode == PASSBACK_MODE_TIMED ? 5 : 0;
    park->passback_count = 1;
}

/* --- rules that came before their copy --- */

static void everybody_counts_as_inside(void **state)
{
    struct gate_world *world = *state;
    assert_granted(world, 0);
    set_passback(rules(world), PASSBACK_MODE_HARD);
    assert_denied(world, 0, REASON_ANTI_PASSBACK);
    walk(world, "out", 0); /* even who was seen to leave: others may have let him in since */
    assert_denied(world, 0, REASON_ANTI_PASSBACK);
    set_passback(rules(world), PASSBACK_MODE_TIMED);
    assert_denied(world, 0, REASON_PASSBACK_TIMED);
    set_passback(rules(world), PASSBACK_MODE_SOFT); /* never refuses */
    assert_granted(world, 0);
    own_events_drop(world->gate);
    world_roster_take(world->gate->copy.store, gate_wall(world->gate)); /* its copy came */
    set_passback(rules(world), PASSBACK_MODE_HARD);
    assert_granted(world, 0);
}

/* It may be empty, whatever the count says: that is what it is at most. */
static void a_zone_for_two_counts_as_empty(void **state)
{
    struct gate_world *world = *state;
    rules(world)->zones[0].two_person = true;
    assert_denied(world, 2, REASON_PARTNER_NEEDED);
    walk(world, "in", 3);
    assert_denied(world, 2, REASON_PARTNER_NEEDED);
}

static void a_host_counts_as_outside(void **state)
{
    struct gate_world *world = *state;
    assert_granted(world, WORLD_VISITOR);
    rules(world)->zones[0].escort = true;
    assert_denied(world, WORLD_VISITOR, REASON_ESCORT_NEEDED);
    assert_granted(world, 2); /* no visitor */
    walk(world, "in", WORLD_HOST);
    assert_denied(world, WORLD_VISITOR, REASON_ESCORT_NEEDED);
    own_events_drop(world->gate);
    world_roster_take(world->gate->copy.store, gate_wall(world->gate));
    assert_granted(world, WORLD_VISITOR); /* where presence is known, he is inside */
}

/* --- rules that counts are enough for --- */

/* Who goes in is one more; who goes out one less where he was seen to come in, else he may have
 * been counted nowhere. */
static void the_zone_fills_up(void **state)
{
    struct gate_world *world = *state;
    rules(world)->zones[0].capacity = INSIDE + 2;
    assert_granted(world, 9);
    walk(world, "in", 2);
    assert_granted(world, 9);
    walk(world, "in", 3);
    assert_denied(world, 9, REASON_ZONE_FULL);
    walk(world, "out", 7);
    assert_denied(world, 9, REASON_ZONE_FULL);
    walk(world, "out", 2);
    assert_granted(world, 9);
    walk(world, "out", 2); /* once is enough */
    walk(world, "in", 4);
    assert_denied(world, 9, REASON_ZONE_FULL);
    walk(world, "in", 4); /* is inside already */
    walk(world, "out", 3);
    assert_granted(world, 9);
}

static void the_tenant_fills_up(void **state)
{
    struct gate_world *world = *state;
    struct park *park = rules(world);
    park->limits_tenants = true;
    park->tenants[0].capacity = INSIDE + 1;
    assert_granted(world, 9);
    walk(world, "in", 2);
    assert_denied(world, 9, REASON_TENANT_FULL);
    walk(world, "out", 7);
    assert_denied(world, 9, REASON_TENANT_FULL);
    walk(world, "out", 2);
    assert_granted(world, 9);
}

/* Two of whom nobody knows who they are may be two who were outside, and come for any tenant. */
static void grants_that_stand_open_take_room(void **state)
{
    struct gate_world *world = *state;
    struct park *park = rules(world);
    world_take_standing(world->gate->copy.store, gate_wall(world->gate));
    park->zones[0].capacity = INSIDE + 3;
    assert_granted(world, 9); /* a vehicle takes none */
    park->zones[0].capacity = INSIDE + 2;
    assert_denied(world, 9, REASON_ZONE_FULL);
    park->zones[0].capacity = 0;
    park->zones[0].crowd = 3;
    assert_granted(world, 9);
    park->zones[0].crowd = 2;
    assert_denied(world, 9, REASON_CROWD_LIMIT);
    park->zones[0].crowd = 0;
    park->limits_tenants = true;
    park->tenants[0].capacity = INSIDE + 3;
    assert_granted(world, 9);
    park->tenants[0].capacity = INSIDE + 2;
    assert_denied(world, 9, REASON_TENANT_FULL);
    pass(world, MINUTE_US); /* they did not go in */
    assert_granted(world, 9);
}

/* --- the copy --- */

static bool is_whole(struct gate_world *world)
{
    bool done = false;
    struct fault fault = {0};
    uint64_t rows = copy_store_about(world->gate->copy.store)->rows;
    for (uint64_t i = 0; i <= rows && !done; i++) {
        if (copy_store_check(world->gate->copy.store, 10, &done, &fault) != ERR_OK) {
            fail_msg("%s", fault.what);
        }
    }
    return done;
}

static void own_events_leave_no_trace(void **state)
{
    struct gate_world *world = *state;
    struct store_txn *txn = NULL;
    walk(world, "in", 2);
    walk(world, "out", 7);
    rules(world)->zones[0].capacity = INSIDE + 1;
    assert_denied(world, 9, REASON_ZONE_FULL);
    /* whom it saw itself */
    assert_int_equal(world_presence_rows(copy_store_own(world->gate->copy.store)), 2);
    assert_true(is_whole(world));
    own_events_drop(world->gate);
    assert_true(is_whole(world));
    assert_int_equal(copy_store_begin_read(world->gate->copy.store, &txn, NULL), ERR_OK);
    assert_int_equal(world_presence_rows(txn), 0);
    store_txn_destroy(&txn);
    gate_world_restart(world);
    assert_true(copy_store_about(world->gate->copy.store)->counts_only);
    assert_true(is_whole(world));
}

/* Whatever the sum says. */
static void a_row_of_presence_is_refused(void **state)
{
    struct gate_world *world = *state;
    struct copy_store *store = world->gate->copy.store;
    struct fault fault = {0};
    uint64_t sequence = copy_store_about(store)->sequence;
    assert_int_equal(world_take_presence(store, &fault), ERR_REFUSED);
    assert_string_equal(fault.what, "a copy of counts only has 1 rows of presence");
    assert_int_equal(copy_store_about(store)->sequence, sequence);
    assert_true(is_whole(world));
    world_roster_take(store, gate_wall(world->gate));
    assert_int_equal(world_take_presence(store, &fault), ERR_OK); /* it has such rows */
    assert_true(is_whole(world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_counts_as_inside, make, destroy),
        cmocka_unit_test_setup_teardown(a_zone_for_two_counts_as_empty, make, destroy),
        cmocka_unit_test_setup_teardown(a_host_counts_as_outside, make, destroy),
        cmocka_unit_test_setup_teardown(the_zone_fills_up, make, destroy),
        cmocka_unit_test_setup_teardown(the_tenant_fills_up, make, destroy),
        cmocka_unit_test_setup_teardown(grants_that_stand_open_take_room, make, destroy),
        cmocka_unit_test_setup_teardown(own_events_leave_no_trace, make, destroy),
        cmocka_unit_test_setup_teardown(a_row_of_presence_is_refused, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
