/* Goal: a fire at one board of a gate holds for the whole gate, whatever its disk does, for as many
 * boards as it has, and until an end that knew of each of them. Method: reports go into a real
 * agent over real stores in a temporary directory, without a link; what it would send to its boards
 * is kept. The store is taken away from under it, and answers are put into it by hand. */
#include "reader-agent/app/emergency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

enum { GONE_MS = 300000 };

/* --- helpers: none is there --- */

static struct helper_release told; /* to a board, last */

enum err helper_port_create(const struct helper_port_options *options,
                            struct helper_port **ret_port, struct fault *fault)
{
    (void)options;
    (void)fault;
    *ret_port = NULL;
    return ERR_OK;
}

void helper_port_destroy(struct helper_port **port)
{
    *port = NULL;
}

void helper_port_listen(struct helper_port *port, struct helper_ear ear)
{
    (void)port;
    (void)ear;
}

int helper_port_fd(const struct helper_port *port)
{
    (void)port;
    return -1;
}

void helper_port_turn(struct helper_port *port)
{
    (void)port;
}

enum err helper_port_want(struct helper_port *port, enum helper_program program, struct name name,
                          const char *device, struct fault *fault)
{
    (void)port;
    (void)program;
    (void)name;
    (void)device;
    (void)fault;
    return ERR_OK;
}

enum err helper_port_carry(struct helper_port *port, enum helper_program program, struct name name,
                           struct name carrier, struct fault *fault)
{
    (void)port;
    (void)program;
    (void)name;
    (void)carrier;
    (void)fault;
    return ERR_OK;
}

void helper_port_drop(struct helper_port *port, struct name name)
{
    (void)port;
    (void)name;
}

void helper_port_settle(struct helper_port *port)
{
    (void)port;
}

enum err helper_port_send(struct helper_port *port, struct name name,
                          const struct helper_message *message, struct fault *fault)
{
    (void)port;
    (void)name;
    (void)fault;
    if (message->kind == HELPER_SAYS_RELEASE) {
        told = message->release;
    }
    return ERR_OK;
}

void helper_port_process(struct helper_port *port, const struct launcher_report *report)
{
    (void)port;
    (void)report;
}

/* --- the gate --- */

static struct name named(const char *text)
{
    struct name name = {0};
    assert_true(name_from_text(text, &name));
    return name;
}

static struct name board_no(size_t i)
{
    char text[NAME_SIZE];
    (void)snprintf(text, sizeof(text), "b%zu", i);
    return named(text);
}

/* It has as many boards as can be, and an exit at the last. */
static void add_boards(struct gate *gate)
{
    struct driver_sink readings = readings_sink(gate);
    struct actuator_sink lanes = lanes_sink(gate);
    struct gate_park *park = gate->park;
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        park->boards[park->board_count++].board = board_no(i);
    }
    struct helper_board *last = &park->boards[GATE_BOARDS_MAX - 1].setup;
    last->lanes[last->lane_count++].name = named("out");
    gate->boards = board_actuator_create(NULL, &readings, &lanes);
    emergency_begin(gate);
    assert_int_equal(board_actuator_configure(gate->boards, park->boards, park->board_count, NULL),
                     ERR_OK);
    told = (struct helper_release){0};
}

static int make(void **state)
{
    struct gate_world *world = gate_world_open(false);
    add_boards(world->gate);
    *state = world;
    return 0;
}

static void path_in(const struct gate_world *world, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", world->dir, name);
}

static void forget_notes(const struct gate_world *world)
{
    char path[128];
    path_in(world, "emergency", path);
    assert_int_equal(unlink(path), 0);
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    forget_notes(world);
    board_actuator_destroy(&world->gate->boards);
    gate_world_close(&world);
    return 0;
}

static void restart(struct gate_world *world)
{
    board_actuator_destroy(&world->gate->boards);
    gate_world_restart(world);
    add_boards(world->gate);
}

static void pass(struct gate_world *world, int64_t ms)
{
    world->wall.us += ms * 1000;
    world->mono.us += ms * 1000;
}

/* --- its disk --- */

static enum err fail_write(struct store_txn *txn, void *ctx, struct fault *fault)
{
    (void)txn;
    (void)ctx;
    return fault_set(fault, ERR_IO, "the disk is broken");
}

static void move(const struct gate_world *world, const char *from, const char *to)
{
    char here[128];
    char there[128];
    path_in(world, from, here);
    path_in(world, to, there);
    assert_int_equal(rename(here, there), 0);
}

/* A commit fails, and the store cannot be opened again. */
static void break_disk(struct gate_world *world)
{
    assert_int_equal(agent_store_write(world->gate->store, fail_write, NULL, NULL), ERR_IO);
    move(world, "store", "gone");
}

static void mend_disk(struct gate_world *world)
{
    move(world, "gone", "store");
}

/* --- words --- */

static enum err say(struct gate_world *world, size_t board, enum fire_change fire, uint64_t number)
{
    struct actuator_sink sink = lanes_sink(world->gate);
    struct helper_report report = {
        .kind = REPORT_FIRE, .number = number, .fire = fire, .at = world->wall};
    return sink.report(world->gate, board_no(board), &report, NULL);
}

static void order(struct gate_world *world, uint64_t number, enum emergency_state state)
{
    Parkgate__Emergency message = PARKGATE__EMERGENCY__INIT;
    message.number = number;
    message.state = state;
    message.by = (char *)"test";
    emergency_heard(world->gate, &message);
}

/* The same, as it comes from the controller. */
static void send_order(struct gate_world *world, uint64_t number, enum emergency_state state)
{
    Parkgate__Emergency message = PARKGATE__EMERGENCY__INIT;
    message.number = number;
    message.state = state;
    message.by = (char *)"test";
    uplink_heard(world->gate, MESSAGE_EMERGENCY, &message.base);
}

static size_t burning(struct gate_world *world)
{
    char *boards[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    return emergency_burning(world->gate, boards, quiet);
}

/* The controller takes the event with that sequence. */
static void answer(struct gate_world *world, uint64_t sequence)
{
    const struct agent_state *state = agent_store_state(world->gate->store);
    struct grant_id id = {.epoch = state->epoch, .sequence = sequence};
    assert_true(batch_add_answer(&world->gate->batch, id, ANSWER_APPLIED, 0));
    assert_int_equal(record_commit(world->gate, NULL), ERR_OK);
}

static uint64_t last_event(struct gate_world *world)
{
    return agent_store_state(world->gate->store)->last_sequence;
}

/* --- tests --- */

static void test_holds_with_a_disk_that_cannot_be_read(void **state)
{
    struct gate_world *world = *state;
    break_disk(world);
    assert_int_not_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(told.state, EMERGENCY_FIRE);
    assert_true(emergency_at(world->gate, named("anywhere")));
    assert_int_equal(burning(world), 1);
    mend_disk(world);
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(world), 1);
    assert_int_equal(say(world, 0, FIRE_RESET, 11), ERR_OK);
    assert_int_equal(told.state, EMERGENCY_NONE);
}

/* The agent died between the record of a word and its answer to the board: it comes again. */
static void test_a_word_on_record_that_comes_again(void **state)
{
    struct gate_world *world = *state;
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    uint64_t event = last_event(world);
    restart(world);
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(world), event);
    assert_int_equal(burning(world), 1);
    order(world, 5, EMERGENCY_NONE);
    assert_false(told.end);
    answer(world, event);
    emergency_tick(world->gate);
    assert_true(told.end);
    assert_int_equal(burning(world), 0);
}

/* The same, and what was noted of it did not reach the disk. */
static void test_a_word_on_record_of_which_nothing_is_noted(void **state)
{
    struct gate_world *world = *state;
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    forget_notes(world);
    restart(world);
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(world), 1);
    order(world, 5, EMERGENCY_NONE);
    assert_false(told.end);
    answer(world, 1);
    emergency_tick(world->gate);
    assert_true(told.end);
}

/* With the disk broken every board says its words again and again. */
static void test_every_board_of_a_gate_burns(void **state)
{
    struct gate_world *world = *state;
    break_disk(world);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
            uint64_t number = 10 + 10 * i;
            (void)!say(world, i, FIRE_ON, number);
            (void)!say(world, i, FIRE_INPUT_ENDED, number + 1);
            assert_int_equal(burning(world), round == 0 ? i + 1 : GATE_BOARDS_MAX);
        }
        pass(world, 2000);
    }
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        (void)!say(world, i, FIRE_RESET, 10 + 10 * i + 2);
    }
    assert_int_equal(burning(world), 0);
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        (void)!say(world, i, FIRE_ON, 10 + 10 * i); /* over, and not begun again */
    }
    assert_int_equal(burning(world), 0);
    assert_int_equal(told.state, EMERGENCY_NONE);
    mend_disk(world);
}

/* Boards that the park dropped while they burned keep their places no longer than there is room. */
static void test_a_board_that_is_gone_makes_room(void **state)
{
    struct gate_world *world = *state;
    for (size_t i = 0; i < EMERGENCY_BOARDS_MAX; i++) {
        assert_int_equal(say(world, 100 + i, FIRE_ON, 10), ERR_OK);
    }
    assert_int_equal(burning(world), EMERGENCY_BOARDS_MAX);
    assert_int_equal(say(world, 3, FIRE_ON, 10), ERR_OK);
    char *boards[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    assert_int_equal(emergency_burning(world->gate, boards, quiet), EMERGENCY_BOARDS_MAX);
    assert_string_equal(boards[0], "b3");
}

/* An end is passed on when the controller knew of every fire, not of one of them. */
static void test_an_end_knows_each_fire(void **state)
{
    struct gate_world *world = *state;
    assert_int_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    uint64_t first = last_event(world);
    break_disk(world);
    assert_int_not_equal(say(world, 1, FIRE_ON, 20), ERR_OK);
    mend_disk(world);
    answer(world, first);
    order(world, 7, EMERGENCY_NONE);
    assert_false(told.end);
    assert_int_equal(told.state, EMERGENCY_FIRE);
    assert_int_equal(burning(world), 2);
    assert_int_equal(say(world, 1, FIRE_ON, 20), ERR_OK);
    emergency_tick(world->gate);
    assert_false(told.end); /* on record, and not answered */
    answer(world, last_event(world));
    emergency_tick(world->gate);
    assert_true(told.end);
    assert_int_equal(burning(world), 0);
}

/* That it is not on record outlives the agent, but not the board for ever. */
static void test_an_end_waits_for_a_word_over_a_restart(void **state)
{
    struct gate_world *world = *state;
    break_disk(world);
    assert_int_not_equal(say(world, 0, FIRE_ON, 10), ERR_OK);
    mend_disk(world);
    restart(world);
    assert_int_equal(burning(world), 1);
    order(world, 7, EMERGENCY_NONE);
    assert_false(told.end);
    pass(world, GONE_MS - 1);
    emergency_tick(world->gate);
    assert_false(told.end);
    pass(world, 1);
    emergency_tick(world->gate);
    assert_true(told.end);
}

/* Another box has its session; whoever is inside gets out all the same. */
static void test_a_gate_that_is_refused_takes_a_beginning_only(void **state)
{
    struct gate_world *world = *state;
    struct gate_emergency *emergency = &world->gate->emergency;
    assert_false(world->gate->link_state.welcome);
    send_order(world, 10, EMERGENCY_NONE);
    assert_int_equal(emergency->number, 0);
    send_order(world, 11, EMERGENCY_EVACUATION);
    assert_int_equal(told.state, EMERGENCY_EVACUATION);
    assert_true(emergency_at(world->gate, named("out")));
    assert_int_equal(emergency->shown, 11);
    send_order(world, 12, EMERGENCY_NONE);
    assert_int_equal(emergency->state, EMERGENCY_EVACUATION);
    world->gate->link_state.welcome = true;
    send_order(world, 12, EMERGENCY_NONE);
    assert_int_equal(emergency->state, EMERGENCY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_holds_with_a_disk_that_cannot_be_read, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_word_on_record_that_comes_again, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_word_on_record_of_which_nothing_is_noted, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_every_board_of_a_gate_burns, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_board_that_is_gone_makes_room, make, destroy),
        cmocka_unit_test_setup_teardown(test_an_end_knows_each_fire, make, destroy),
        cmocka_unit_test_setup_teardown(test_an_end_waits_for_a_word_over_a_restart, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_gate_that_is_refused_takes_a_beginning_only, make,
                                        destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
