/* Goal: what a gate says of its outbox and its clock becomes a fault that stands as long as its
 * cause, and a gap is one only when the gate has nothing left to send below it. Method: a whole
 * controller without its shell; heartbeats and events of a gate, some of them held back. */
#include "tests/unit/controller/harness.h"

static bool is_open(struct world *w, const char *word)
{
    return row_with(admin(w, "status", NULL), "fault", word) != SIZE_MAX;
}

static void beat(struct world *w, struct gate *gate, uint64_t pending, uint64_t pending_from,
                 uint32_t permille)
{
    Parkgate__Heartbeat heartbeat = PARKGATE__HEARTBEAT__INIT;
    heartbeat.wall_us = w->now.us;
    heartbeat.pending = pending;
    heartbeat.pending_from = pending_from;
    heartbeat.outbox_permille = permille;
    gate_send(w, gate, MESSAGE_HEARTBEAT, 0, &heartbeat.base);
    world_turn(w);
}

/* Numbers 2 and 3 are not sent; 4 is. */
static void hold_back_two(struct world *w, struct gate *gate)
{
    (void)gate_badge(w, gate, "a-in", "04010203");
    gate->sequence += 2;
    (void)gate_badge(w, gate, "a-in", "04010204");
    world_turn(w);
}

static void a_gap_is_none_while_the_gate_has_it(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    hold_back_two(w, &gate);
    beat(w, &gate, 2, 2, 0);
    assert_false(is_open(w, "outbox-gap"));
    beat(w, &gate, 3, 0, 0); /* a gate of the version before does not say from where on */
    assert_false(is_open(w, "outbox-gap"));
    beat(w, &gate, 1, 3, 0); /* 2 is nowhere */
    assert_true(is_open(w, "outbox-gap"));
    beat(w, &gate, 0, 0, 0);
    assert_true(is_open(w, "outbox-gap"));
    gate.sequence = 1;
    (void)gate_badge(w, &gate, "a-in", "04010205");
    (void)gate_badge(w, &gate, "a-in", "04010206");
    gate.sequence = 4;
    world_turn(w);
    beat(w, &gate, 0, 0, 0);
    assert_false(is_open(w, "outbox-gap"));
}

static void a_full_outbox_is_told_until_there_is_room(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    beat(w, &gate, 899999, 1, 899);
    assert_false(is_open(w, "outbox-full"));
    beat(w, &gate, 900000, 1, 900);
    assert_true(is_open(w, "outbox-full"));
    beat(w, &gate, 10, 1, 0);
    assert_false(is_open(w, "outbox-full"));
}

static void what_was_not_recorded_is(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_UNRECORDED;
    event.captured_us = w->now.us - 60 * SECOND_US;
    event.unrecorded_exits = 12;
    event.unrecorded_entries = 345;
    uint64_t before = head_of(w).sequence;
    uint64_t sequence = gate_event(w, &gate, &event);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(faults_of(w, "unrecorded", before), 1);
    const Parkgate__Reply *events = admin(w, "events", "kind", "unrecorded", NULL);
    assert_int_equal(row_count(events), 1);
    assert_string_equal(cell(events, 0, "text"), "exits opened: 12, entries denied: 345");
}

static void a_clock_that_jumps_is_told_with_how_far(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_CLOCK;
    event.clock_step_ms = -3600000;
    uint64_t before = head_of(w).sequence;
    uint64_t sequence = gate_event(w, &gate, &event);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(faults_of(w, "clock-jumped", before), 1);
    const Parkgate__Reply *events = admin(w, "events", "kind", "clock-jump", NULL);
    assert_string_equal(cell(events, 0, "text"), "-3600000 ms");
}

static void say_clock(struct world *w, struct gate *gate, int64_t off_ms)
{
    Parkgate__Heartbeat heartbeat = PARKGATE__HEARTBEAT__INIT;
    heartbeat.wall_us = w->now.us + off_ms * MS_US;
    gate_send(w, gate, MESSAGE_HEARTBEAT, 0, &heartbeat.base);
    world_turn(w);
}

static void a_clock_is_off_at_one_second_and_untrusted_at_five(void **state)
{
    static const struct {
        int64_t off_ms;
        bool off, untrusted;
    } rows[] = {
        {0,     false, false},
        {1000,  false, false},
        {1001,  true,  false},
        {5000,  true,  false},
        {5001,  true,  true },
        {-1001, true,  false},
        {-5001, true,  true },
        {-4000, true,  false},
        {-1000, false, false},
    };
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        say_clock(w, &gate, rows[i].off_ms);
        assert_int_equal(is_open(w, "clock-off"), rows[i].off);
        assert_int_equal(is_open(w, "clock-untrusted"), rows[i].untrusted);
    }
}

/* A gate says what it thinks of its clock, and how its devices are. */
static void say_health(struct world *w, struct gate *gate, uint64_t pending, bool clock_unknown,
                       enum device_state state)
{
    char *devices[] = {"a-in-reader", "b-in-reader"};
    uint32_t states[] = {(uint32_t)state, DEVICE_UP};
    Parkgate__Heartbeat heartbeat = PARKGATE__HEARTBEAT__INIT;
    heartbeat.wall_us = w->now.us;
    heartbeat.pending = pending;
    heartbeat.clock_unknown = clock_unknown;
    heartbeat.device = devices;
    heartbeat.state = states;
    heartbeat.n_device = heartbeat.n_state = ARRAY_LEN(devices);
    gate_send(w, gate, MESSAGE_HEARTBEAT, 0, &heartbeat.base);
    world_turn(w);
}

static void a_gate_that_does_not_know_the_time_stands_on_status(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    say_health(w, &gate, 0, true, DEVICE_UP);
    assert_true(is_open(w, "gate-clock-unknown"));
    say_health(w, &gate, 0, false, DEVICE_UP);
    assert_false(is_open(w, "gate-clock-unknown"));
}

static void tell_down(struct world *w, struct gate *gate, char *device)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_DEVICE;
    event.reader = device;
    event.device_state = DEVICE_DOWN;
    (void)gate_event(w, gate, &event);
    world_turn(w);
}

static void a_device_that_went_down_before_it_came_up_is_up(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct gate b;
    gate_join(w, &a, "gate-a", 1);
    gate_join(w, &b, "gate-b", 2);
    tell_down(w, &a, "a-in-reader"); /* of the backlog; that it is up again was told live */
    say_health(w, &a, 1, false, DEVICE_UP);
    assert_true(is_open(w, "device-down")); /* more is on its way */
    say_health(w, &a, 0, false, DEVICE_DOWN);
    assert_true(is_open(w, "device-down"));
    say_health(w, &a, 0, false, DEVICE_UP);
    assert_false(is_open(w, "device-down"));
    tell_down(w, &b, "b-in-reader"); /* another gate says nothing about it */
    say_health(w, &a, 0, false, DEVICE_UP);
    assert_true(is_open(w, "device-down"));
    say_health(w, &b, 0, false, DEVICE_UP);
    assert_false(is_open(w, "device-down"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gap_is_none_while_the_gate_has_it, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_gate_that_does_not_know_the_time_stands_on_status,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_device_that_went_down_before_it_came_up_is_up,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_full_outbox_is_told_until_there_is_room, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_was_not_recorded_is, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_is_told_with_how_far, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_clock_is_off_at_one_second_and_untrusted_at_five,
                                        world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
