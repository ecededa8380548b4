/* Goal: the gate makes of the park's rows what its drivers need, takes no other gate's, and
 * survives rows that make no sense. Method: packed rows as the controller sends them, in any order.
 */
#include "reader-agent/app/gate_park.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/park.pb-c.h"

static struct name name_of(const char *text)
{
    struct name name = {0};
    assert_true(name_from_text(text, &name));
    return name;
}

static enum err add(struct gate_park *park, enum park_kind kind, const char *name,
                    const ProtobufCMessage *body)
{
    uint8_t inner[1024];
    uint8_t outer[1200];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = (uint32_t)kind;
    row.name = (char *)name;
    row.body.data = inner;
    row.body.len = protobuf_c_message_pack(body, inner);
    size_t size = parkgate__park_row__pack(&row, outer);
    return gate_park_add(park, name_of("north"), (struct bytes){.data = outer, .size = size}, NULL);
}

static Parkgate__ParkLane lane_row(char *gate, char *board, enum lane_direction direction)
{
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    lane.gate = gate;
    lane.board = board;
    lane.direction = (uint32_t)direction;
    lane.open_coil = 3;
    lane.has_passage_input = true;
    lane.passage_input = 7;
    return lane;
}

static Parkgate__ParkReader reader_row(char *lane, enum reader_driver driver)
{
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = lane;
    reader.driver = (uint32_t)driver;
    reader.device = "pn532_uart:/dev/ttyUSB0";
    reader.path = "/hik/r";
    return reader;
}

static Parkgate__ParkBoard board_row(char *gate, char *transport)
{
    Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
    board.gate = gate;
    board.transport = transport;
    board.address = "10.0.0.9:502";
    board.unit = 1;
    board.poll_ms = 20;
    return board;
}

static struct gate_park *park_new(void)
{
    struct gate_park *park = calloc(1, sizeof(*park));
    assert_non_null(park);
    return park;
}

static void rows_of_this_gate_in_any_order(void **state)
{
    (void)state;
    struct gate_park *park = park_new();
    Parkgate__ParkLane ours = lane_row("north", "b1", LANE_BOTH);
    Parkgate__ParkLane bare = lane_row("north", "", LANE_OUT);
    Parkgate__ParkLane other = lane_row("south", "b2", LANE_IN);
    Parkgate__ParkReader near = reader_row("n-1", DRIVER_NFC);
    Parkgate__ParkReader far = reader_row("s-1", DRIVER_HIK_ANPR);
    Parkgate__ParkBoard board = board_row("north", "tcp");
    assert_int_equal(add(park, PARK_READER, "r1", &near.base), ERR_OK);
    assert_int_equal(add(park, PARK_READER, "r2", &far.base), ERR_OK);
    assert_int_equal(add(park, PARK_LANE, "n-1", &ours.base), ERR_OK);
    assert_int_equal(add(park, PARK_BOARD, "b1", &board.base), ERR_OK);
    assert_int_equal(add(park, PARK_LANE, "n-2", &bare.base), ERR_OK);
    assert_int_equal(add(park, PARK_LANE, "s-1", &other.base), ERR_OK);
    assert_int_equal(gate_park_close(park, NULL), ERR_OK);
    assert_int_equal(park->lane_count, 2);
    assert_int_equal(park->reader_count, 1);
    assert_int_equal(park->board_count, 1);
    assert_int_equal(park->boards[0].setup.lane_count, 1);
    assert_int_equal(park->boards[0].setup.lanes[0].open_coil, 3);
    assert_true(park->boards[0].setup.lanes[0].passage.present);
    assert_false(park->boards[0].setup.lanes[0].tamper.present);
    assert_null(gate_park_lane(park, name_of("s-1")));
    assert_null(gate_park_reader(park, name_of("r2")));
    assert_string_equal(gate_park_reader(park, name_of("r1"))->device, "pn532_uart:/dev/ttyUSB0");
    free(park);
}

static void rows_that_make_no_sense_are_left_out(void **state)
{
    (void)state;
    struct gate_park *park = park_new();
    Parkgate__ParkLane lane = lane_row("north", "b9", LANE_NO_DIRECTION);
    assert_int_equal(add(park, PARK_LANE, "n-1", &lane.base), ERR_INPUT);
    lane = lane_row("north", "No Board!", LANE_IN);
    assert_int_equal(add(park, PARK_LANE, "n-1", &lane.base), ERR_INPUT);
    lane = lane_row("north", "b9", LANE_IN);
    assert_int_equal(add(park, PARK_LANE, "Bad Name", &lane.base), ERR_INPUT);
    assert_int_equal(add(park, PARK_LANE, "n-1", &lane.base), ERR_OK);
    Parkgate__ParkReader reader = reader_row("n-1", (enum reader_driver)10);
    assert_int_equal(add(park, PARK_READER, "r1", &reader.base), ERR_INPUT);
    Parkgate__ParkBoard board = board_row("north", "pigeon");
    assert_int_equal(add(park, PARK_BOARD, "b1", &board.base), ERR_INPUT);
    assert_int_equal(gate_park_close(park, NULL), ERR_INPUT); /* b9 was never described */
    assert_int_equal(park->board_count, 0);
    assert_int_equal(park->lane_count, 1);
    static const uint8_t garbage[] = {0xff, 0xff, 0xff};
    assert_int_equal(gate_park_add(park, name_of("north"), BYTES_OF(garbage), NULL), ERR_INPUT);
    free(park);
}

static void what_a_posting_device_is_configured_with(void **state)
{
    (void)state;
    struct gate_park *park = park_new();
    Parkgate__ParkLane lane = lane_row("north", "", LANE_IN);
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    site.time_zone = "Asia/Shanghai";
    Parkgate__ParkReader here = reader_row("n-1", DRIVER_ZKTECO_ATT);
    here.device = "any";
    here.path = "/iclock";
    here.device_id = "CN123";
    here.columns = "verify-status";
    here.reversed = true;
    Parkgate__ParkReader there = here;
    there.time_zone = "Asia/Tokyo";
    there.columns = "";
    assert_int_equal(add(park, PARK_READER, "r1", &here.base), ERR_OK);
    assert_int_equal(add(park, PARK_READER, "r2", &there.base), ERR_OK);
    assert_int_equal(add(park, PARK_SITE, "p", &site.base), ERR_OK);
    assert_int_equal(add(park, PARK_LANE, "n-1", &lane.base), ERR_OK);
    assert_int_equal(gate_park_close(park, NULL), ERR_OK);
    const struct http_device *first = &gate_park_reader(park, name_of("r1"))->http;
    const struct http_device *second = &gate_park_reader(park, name_of("r2"))->http;
    assert_string_equal(first->device_id, "CN123");
    assert_string_equal(first->time_zone, "Asia/Shanghai");
    assert_string_equal(second->time_zone, "Asia/Tokyo");
    assert_true(first->verify_first);
    assert_false(second->verify_first);
    assert_true(first->reversed);
    here.device_id = "a serial number that is far longer than any that a terminal could ever have";
    assert_int_equal(add(park, PARK_READER, "r3", &here.base), ERR_INPUT);
    free(park);
}

static void bounds_hold(void **state)
{
    (void)state;
    struct gate_park *park = park_new();
    Parkgate__ParkLane lane = lane_row("north", "", LANE_IN);
    char name[16];
    for (int i = 0; i < GATE_LANES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "n-%d", i);
        assert_int_equal(add(park, PARK_LANE, name, &lane.base), ERR_OK);
    }
    assert_int_equal(add(park, PARK_LANE, "n-over", &lane.base), ERR_FULL);
    free(park);
}

static void direction_comes_from_lane_then_reader_then_device(void **state)
{
    (void)state;
    static const struct {
        enum lane_direction lane, reader, device, wanted;
    } cases[] = {
        {LANE_OUT,  LANE_IN,           LANE_IN,           LANE_OUT},
        {LANE_IN,   LANE_OUT,          LANE_OUT,          LANE_IN },
        {LANE_BOTH, LANE_OUT,          LANE_IN,           LANE_OUT},
        {LANE_BOTH, LANE_NO_DIRECTION, LANE_OUT,          LANE_OUT},
        {LANE_BOTH, LANE_NO_DIRECTION, LANE_NO_DIRECTION, LANE_IN },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gate_lane lane = {.direction = cases[i].lane};
        struct gate_reader reader = {.direction = cases[i].reader};
        assert_int_equal(gate_park_direction(&lane, &reader, cases[i].device), cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_this_gate_in_any_order),
        cmocka_unit_test(rows_that_make_no_sense_are_left_out),
        cmocka_unit_test(what_a_posting_device_is_configured_with),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(direction_comes_from_lane_then_reader_then_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
