/* Goal: a gate heeds what the controller says of the conversation itself: that it is not known, and
 * what time it is, also when that comes late. Method: messages go by hand into a real agent over
 * real stores in a temporary directory, without a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

static void hear_retry(struct gate_world *world, uint32_t epoch, uint64_t sequence)
{
    uint32_t retry = ANSWER_RETRY;
    uint32_t error = 0;
    Parkgate__Ack ack = PARKGATE__ACK__INIT;
    ack.epoch = epoch;
    ack.n_sequence = ack.n_answer = ack.n_error = 1;
    ack.sequence = &sequence;
    ack.answer = &retry;
    ack.error = &error;
    uplink_heard(world->gate, MESSAGE_ACK, &ack.base);
}

/* Another box with its key has the session, and an epoch of its own. */
static void a_box_that_is_not_known_says_hello_whatever_the_epoch(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(false);
    struct link_state *link = &world->gate->link_state;
    uint32_t own = agent_store_state(world->gate->store)->epoch;
    link_state_welcomed(link, world->mono);
    hear_retry(world, own + 1, 7); /* of an event of another life of the outbox: nothing */
    assert_false(link->want_hello);
    hear_retry(world, own + 1, 0);
    assert_true(link->want_hello);
    world->mono.us += LINK_HELLO_FIRST_MS * INT64_C(1000);
    assert_true((link_state_tick(link, world->mono) & LINK_DUE_HELLO) != 0);
    gate_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_that_is_not_known_says_hello_whatever_the_epoch),
    };
    return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
