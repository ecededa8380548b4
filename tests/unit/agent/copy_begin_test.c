/* Goal: a gate whose copy or lease cannot be read begins all the same, lets nobody in alone and is
 * mended by the next news. Method: the files of a gate of a small park are made unusable between
 * two starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

static void path_in(const struct gate_world *world, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", world->dir, name);
}

static bool enters(struct gate_world *world)
{
    struct verdict verdict = {0};
    return gate_world_decide(world, "in", 0, &verdict) && verdict.outcome == OUTCOME_GRANT;
}

static int make(void **state)
{
    struct gate_world *world = gate_world_open(false);
    gate_world_restart(world);
    assert_true(enters(world));
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    gate_world_close(&world);
    return 0;
}

static void without_a_copy(void **state)
{
    struct gate_world *world = *state;
    char path[128];
    path_in(world, "copy/data.mdb", path);
    assert_int_equal(chmod(path, 0666), 0);
    gate_world_restart(world);
    assert_false(enters(world));
    copy_tick(world->gate);
    assert_int_equal(alone_lease_left_s(world->gate), 0);
    world_roster_take(world->gate->copy.store, world->wall);
    assert_true(enters(world));
}

static void without_a_lease(void **state)
{
    struct gate_world *world = *state;
    char path[128];
    path_in(world, "lease", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* it can be opened, and not read */
    gate_world_restart(world);
    assert_false(enters(world));
    assert_int_equal(rmdir(path), 0);
    alone_renewed(world->gate);
    assert_true(enters(world));
    gate_world_restart(world);
    assert_true(enters(world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_copy, make, destroy),
        cmocka_unit_test_setup_teardown(without_a_lease, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
