/* Goal: a gate heeds what the controller says of the conversation itself: that it is not known, and
 * what time it is, also when that comes late. Method: messages go by hand into a real agent over
 * real stores in a temporary directory, without a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

/* --- the link: what is sent is kept --- */

static int64_t beat_us; /* what the newest heartbeat said */

enum err controller_link_create(const struct controller_link_options *options,
                                struct controller_link **ret_link, struct fault *fault)
{
    (void)options;
    *ret_link = NULL;
    return fault_set(fault, ERR_BUSY, "none here");
}

void controller_link_destroy(struct controller_link **link)
{
    *link = NULL;
}

void *controller_link_socket(const struct controller_link *link)
{
    (void)link;
    return NULL;
}

enum err controller_link_renew(struct controller_link *link, struct fault *fault)
{
    (void)link;
    return fault_set(fault, ERR_BUSY, "none here");
}

void controller_link_set_keys(struct controller_link *link, const struct link_key_pair *keys)
{
    (void)link;
    (void)keys;
}

void controller_link_set_server(struct controller_link *link, struct link_key server_key)
{
    (void)link;
    (void)server_key;
}

void controller_link_speak(struct controller_link *link, uint8_t version)
{
    (void)link;
    (void)version;
}

enum err controller_link_send(struct controller_link *link, enum message_kind kind,
                              const ProtobufCMessage *message, struct fault *fault)
{
    (void)link;
    (void)fault;
    if (kind == MESSAGE_HEARTBEAT) {
        beat_us = ((const Parkgate__Heartbeat *)message)->wall_us;
    }
    return ERR_OK;
}

enum err controller_link_send_event(struct controller_link *link, uint64_t sequence,
                                    struct bytes packed, struct fault *fault)
{
    (void)link;
    (void)sequence;
    (void)packed;
    (void)fault;
    return ERR_OK;
}

enum err controller_link_turn(struct controller_link *link,
                              void (*heard)(void *, uint16_t, const ProtobufCMessage *), void *ctx,
                              struct fault *fault)
{
    (void)link;
    (void)heard;
    (void)ctx;
    (void)fault;
    return ERR_OK;
}

/* --- the conversation --- */

static void pass(struct gate_world *world, int64_t ms)
{
    world->mono.us += ms * 1000;
    world->wall.us += ms * 1000;
}

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

/* The controller's clock says `ahead_ms` less than ours did when it was asked. */
static void hear_beat(struct gate_world *world, int64_t echo_us, int64_t ahead_ms)
{
    Parkgate__Heartbeat reply = PARKGATE__HEARTBEAT__INIT;
    reply.echo_us = echo_us;
    reply.wall_us = echo_us - ahead_ms * 1000;
    uplink_heard(world->gate, MESSAGE_HEARTBEAT, &reply.base);
}

/* Each answer comes when more heartbeats were sent: then none is to the newest. */
static void a_clock_is_judged_by_answers_that_are_late(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(false);
    const bool *known = &world->gate->copy.lease.clock_known;
    int64_t said_us[BEATS_KEPT + 2];
    link_state_welcomed(&world->gate->link_state, world->mono);
    for (size_t i = 0; i < ARRAY_LEN(said_us); i++) {
        link_state_heard(&world->gate->link_state, world->mono);
        uplink_tick(world->gate);
        said_us[i] = beat_us;
        pass(world, LIMIT_HEARTBEAT_MS);
    }
    size_t last = ARRAY_LEN(said_us) - 1;
    assert_true(*known);
    hear_beat(world, said_us[last - 3], LIMIT_CLOCK_UNTRUSTED_MS - 1000);
    assert_true(*known);
    hear_beat(world, said_us[last - 3], LIMIT_CLOCK_UNTRUSTED_MS + 1000); /* 8 s ago */
    assert_false(*known);
    hear_beat(world, said_us[last - 1], 0);
    assert_true(*known);
    hear_beat(world, said_us[last - 3], -60000);
    assert_false(*known);
    hear_beat(world, said_us[last], 0);
    assert_true(*known);
    hear_beat(world, said_us[0], 3600000); /* so long ago that it is nobody's answer */
    assert_true(*known);
    gate_world_close(&world);
}

/* The clock was set back meanwhile. */
static void of_two_heartbeats_that_say_the_same_the_older_counts(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(false);
    link_state_welcomed(&world->gate->link_state, world->mono);
    uplink_tick(world->gate);
    world->mono.us += 2 * LIMIT_HEARTBEAT_MS * INT64_C(1000);
    link_state_heard(&world->gate->link_state, world->mono);
    uplink_tick(world->gate);
    hear_beat(world, beat_us, LIMIT_CLOCK_UNTRUSTED_MS + 1000);
    assert_true(world->gate->copy.lease.clock_known);
    gate_world_close(&world);
}

static void hear_welcome(struct gate_world *world, int64_t wall_us)
{
    Parkgate__Welcome welcome = PARKGATE__WELCOME__INIT;
    welcome.version = PROTOCOL_VERSION;
    welcome.epoch = agent_store_state(world->gate->store)->epoch;
    welcome.wall_us = wall_us;
    uplink_heard(world->gate, MESSAGE_WELCOME, &welcome.base);
}

static void say_hello(struct gate_world *world)
{
    world->gate->link_state.want_hello = true;
    world->gate->link_state.next_hello = world->mono;
    uplink_tick(world->gate);
}

/* A slow link: the WELCOME to a HELLO comes when the next one was sent already. */
static void a_welcome_is_not_taken_for_one_to_a_newer_hello(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(false);
    const bool *known = &world->gate->copy.lease.clock_known;
    int64_t first_us = world->wall.us;
    say_hello(world);
    say_hello(world);
    pass(world, 9000);
    hear_welcome(world, first_us);
    assert_true(*known);
    say_hello(world);
    pass(world, 10);
    hear_welcome(world, first_us); /* to the second one, nine seconds ago */
    assert_true(*known);
    hear_welcome(world, world->wall.us + 60000000); /* it was before now, whatever it is for */
    assert_false(*known);
    gate_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_that_is_not_known_says_hello_whatever_the_epoch),
        cmocka_unit_test(a_clock_is_judged_by_answers_that_are_late),
        cmocka_unit_test(of_two_heartbeats_that_say_the_same_the_older_counts),
        cmocka_unit_test(a_welcome_is_not_taken_for_one_to_a_newer_hello),
    };
    return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
