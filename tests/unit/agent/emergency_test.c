/* Goal: a fire at one board of a gate holds for the whole gate, whatever its disk does, for as many
 * boards as it has, and until an end that knew of each of them. Method: reports go into a real agent
 * over real stores in a temporary directory, without a link, whose boards are names; the store is
 * taken away from under it, answers are put into it by hand, and the clock stands still. */
#include "reader-agent/app/emergency.h"

#include "tests/unit/agent/gate_box.h"

enum { GONE_MS = 300000 };

/* --- words --- */

static enum err say(struct box *box, size_t board, enum fire_change fire, uint64_t number)
{
    struct actuator_sink sink = lanes_sink(box->gate);
    struct helper_report report = {
        .kind = REPORT_FIRE, .number = number, .fire = fire, .at = box->wall};
    return sink.report(box->gate, board_no(board), &report, NULL);
}

static void order(struct box *box, uint64_t number, enum emergency_state state)
{
    Parkgate__Emergency message = PARKGATE__EMERGENCY__INIT;
    message.number = number;
    message.state = state;
    message.by = (char *)"test";
    emergency_heard(box->gate, &message);
}

static size_t burning(struct box *box)
{
    char *boards[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    return emergency_burning(box->gate, boards, quiet);
}

/* The controller takes the event with that sequence. */
static void answer(struct box *box, uint64_t sequence)
{
    const struct agent_state *state = agent_store_state(box->gate->store);
    struct grant_id id = {.epoch = state->epoch, .sequence = sequence};
    assert_true(batch_add_answer(&box->gate->batch, id, ANSWER_APPLIED, 0));
    assert_int_equal(record_commit(box->gate, NULL), ERR_OK);
}

static uint64_t last_event(struct box *box)
{
    return agent_store_state(box->gate->store)->last_sequence;
}

/* --- tests --- */

static void test_holds_with_a_disk_that_cannot_be_read(void **state)
{
    struct box *box = *state;
    box_break_disk(box);
    assert_int_not_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(told.state, EMERGENCY_FIRE);
    assert_true(emergency_at(box->gate, named("anywhere")));
    assert_int_equal(burning(box), 1);
    box_mend_disk(box);
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(box), 1);
    assert_int_equal(say(box, 0, FIRE_RESET, 11), ERR_OK);
    assert_int_equal(told.state, EMERGENCY_NONE);
}

/* The agent died between the record of a word and its answer to the board: it comes again. */
static void test_a_word_on_record_that_comes_again(void **state)
{
    struct box *box = *state;
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    uint64_t event = last_event(box);
    box_restart(box);
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(box), event);
    assert_int_equal(burning(box), 1);
    order(box, 5, EMERGENCY_NONE);
    assert_false(told.end);
    answer(box, event);
    emergency_tick(box->gate);
    assert_true(told.end);
    assert_int_equal(burning(box), 0);
}

/* The same, and what was noted of it did not reach the disk. */
static void test_a_word_on_record_of_which_nothing_is_noted(void **state)
{
    struct box *box = *state;
    char path[64];
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    (void)snprintf(path, sizeof(path), "%s/emergency", box->dir);
    assert_int_equal(unlink(path), 0);
    box_restart(box);
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    assert_int_equal(last_event(box), 1);
    order(box, 5, EMERGENCY_NONE);
    assert_false(told.end);
    answer(box, 1);
    emergency_tick(box->gate);
    assert_true(told.end);
}

/* With the disk broken every board says its words again and again. */
static void test_every_board_of_a_gate_burns(void **state)
{
    struct box *box = *state;
    box_break_disk(box);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
            uint64_t number = 10 + 10 * i;
            (void)!say(box, i, FIRE_ON, number);
            (void)!say(box, i, FIRE_INPUT_ENDED, number + 1);
            assert_int_equal(burning(box), round == 0 ? i + 1 : GATE_BOARDS_MAX);
        }
        box_pass(box, 2000);
    }
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        (void)!say(box, i, FIRE_RESET, 10 + 10 * i + 2);
    }
    assert_int_equal(burning(box), 0);
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        (void)!say(box, i, FIRE_ON, 10 + 10 * i); /* over, and not begun again */
    }
    assert_int_equal(burning(box), 0);
    assert_int_equal(told.state, EMERGENCY_NONE);
    box_mend_disk(box);
}

/* Boards that the park dropped while they burned keep their places no longer than there is room. */
static void test_a_board_that_is_gone_makes_room(void **state)
{
    struct box *box = *state;
    for (size_t i = 0; i < EMERGENCY_BOARDS_MAX; i++) {
        assert_int_equal(say(box, 100 + i, FIRE_ON, 10), ERR_OK);
    }
    assert_int_equal(burning(box), EMERGENCY_BOARDS_MAX);
    assert_int_equal(say(box, 3, FIRE_ON, 10), ERR_OK);
    char *boards[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    assert_int_equal(emergency_burning(box->gate, boards, quiet), EMERGENCY_BOARDS_MAX);
    assert_string_equal(boards[0], "b3");
}

/* An end is passed on when the controller knew of every fire, not of one of them. */
static void test_an_end_knows_each_fire(void **state)
{
    struct box *box = *state;
    assert_int_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    uint64_t first = last_event(box);
    box_break_disk(box);
    assert_int_not_equal(say(box, 1, FIRE_ON, 20), ERR_OK);
    box_mend_disk(box);
    answer(box, first);
    order(box, 7, EMERGENCY_NONE);
    assert_false(told.end);
    assert_int_equal(told.state, EMERGENCY_FIRE);
    assert_int_equal(burning(box), 2);
    assert_int_equal(say(box, 1, FIRE_ON, 20), ERR_OK);
    emergency_tick(box->gate);
    assert_false(told.end); /* on record, and not answered */
    answer(box, last_event(box));
    emergency_tick(box->gate);
    assert_true(told.end);
    assert_int_equal(burning(box), 0);
}

/* That it is not on record outlives the agent, but not the board for ever. */
static void test_an_end_waits_for_a_word_over_a_restart(void **state)
{
    struct box *box = *state;
    box_break_disk(box);
    assert_int_not_equal(say(box, 0, FIRE_ON, 10), ERR_OK);
    box_mend_disk(box);
    box_restart(box);
    assert_int_equal(burning(box), 1);
    order(box, 7, EMERGENCY_NONE);
    assert_false(told.end);
    box_pass(box, GONE_MS - 1);
    emergency_tick(box->gate);
    assert_false(told.end);
    box_pass(box, 1);
    emergency_tick(box->gate);
    assert_true(told.end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_holds_with_a_disk_that_cannot_be_read, box_make,
                                        box_remove),
        cmocka_unit_test_setup_teardown(test_a_word_on_record_that_comes_again, box_make,
                                        box_remove),
        cmocka_unit_test_setup_teardown(test_a_word_on_record_of_which_nothing_is_noted, box_make,
                                        box_remove),
        cmocka_unit_test_setup_teardown(test_every_board_of_a_gate_burns, box_make, box_remove),
        cmocka_unit_test_setup_teardown(test_a_board_that_is_gone_makes_room, box_make, box_remove),
        cmocka_unit_test_setup_teardown(test_an_end_knows_each_fire, box_make, box_remove),
        cmocka_unit_test_setup_teardown(test_an_end_waits_for_a_word_over_a_restart, box_make,
                                        box_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
