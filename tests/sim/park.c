#include "tests/sim/park.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "tests/sim/sim.h"

enum { ROWS_MAX = 1200, BYTES_MAX = 512 * 1024, OPEN_MS = 3000, PASS_MS = 5000 };

static struct {
    size_t count, used;
    ProtobufCBinaryData row[ROWS_MAX];
    uint8_t *bytes;
} rows;

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void add(uint32_t kind, const char *name, const ProtobufCMessage *body)
{
    uint8_t packed[4096];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    MUST(protobuf_c_message_get_packed_size(body) <= sizeof(packed));
    row.kind = kind;
    row.name = text_of(name);
    row.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed), .data = packed};
    size_t size = parkgate__park_row__get_packed_size(&row);
    MUST(rows.count < ROWS_MAX && rows.used + size <= BYTES_MAX);
    rows.row[rows.count++] = (ProtobufCBinaryData){.len = size, .data = rows.bytes + rows.used};
    rows.used += parkgate__park_row__pack(&row, rows.bytes + rows.used);
}

static void add_lane(unsigned gate, bool out)
{
    char gate_name[16];
    char board_name[32];
    char lane_name[32];
    char reader_name[32];
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    (void)snprintf(gate_name, sizeof(gate_name), "g%u", gate);
    (void)snprintf(board_name, sizeof(board_name), "g%u-board", gate);
    (void)snprintf(lane_name, sizeof(lane_name), "g%u-%s", gate, out ? "out" : "in");
    (void)snprintf(reader_name, sizeof(reader_name), "g%u-%s-reader", gate, out ? "out" : "in");
    lane.gate = gate_name;
    lane.direction = out ? LANE_OUT : LANE_IN;
    lane.subject = SUBJECT_PERSONS;
    lane.zone = text_of("yard");
    lane.board = board_name;
    lane.open_coil = out ? 1 : 0;
    lane.open_ms = OPEN_MS;
    lane.pass_ms = PASS_MS;
    lane.has_passage_input = true;
    lane.passage_input = out ? 1 : 0;
    lane.has_button_input = out;
    lane.button_input = PARK_BUTTON_INPUT;
    add(PARK_LANE, lane_name, &lane.base);
    reader.lane = lane_name;
    reader.driver = DRIVER_NFC;
    reader.device = text_of("simulated");
    add(PARK_READER, reader_name, &reader.base);
}

/* A camera alone: no barrier hangs on what it reads. */
static void add_vehicle_lane(unsigned gate)
{
    char gate_name[16];
    char lane_name[32];
    char reader_name[32];
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    (void)snprintf(gate_name, sizeof(gate_name), "g%u", gate);
    (void)snprintf(lane_name, sizeof(lane_name), "g%u-truck", gate);
    (void)snprintf(reader_name, sizeof(reader_name), "g%u-truck-reader", gate);
    lane.gate = gate_name;
    lane.direction = LANE_IN;
    lane.subject = SUBJECT_VEHICLES;
    lane.zone = text_of("yard");
    add(PARK_LANE, lane_name, &lane.base);
    reader.lane = lane_name;
    reader.driver = DRIVER_NFC;
    reader.device = text_of("simulated");
    add(PARK_READER, reader_name, &reader.base);
}

static void add_gate(unsigned number)
{
    char gate_name[16];
    char board_name[32];
    char address[32];
    Parkgate__ParkGate gate = PARKGATE__PARK_GATE__INIT;
    Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
    (void)snprintf(gate_name, sizeof(gate_name), "g%u", number);
    (void)snprintf(board_name, sizeof(board_name), "g%u-board", number);
    gate.title = gate_name;
    add(PARK_GATE, gate_name, &gate.base);
    board.gate = gate_name;
    board.transport = text_of("tcp");
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", PARK_PORT + number);
    board.address = address;
    board.has_flash = number % 2 == 1;
    board.flash_base = PARK_FLASH;
    board.has_counters = true;
    board.counter_base = PARK_COUNTERS;
    board.poll_ms = 20;
    board.shortest_pulse_ms = 100;
    board.has_fire_input = true;
    board.fire_input = PARK_FIRE_INPUT;
    board.has_reset_input = true;
    board.reset_input = PARK_RESET_INPUT;
    add(PARK_BOARD, board_name, &board.base);
    add_lane(number, false);
    add_lane(number, true);
    if (number < PLATE_GATES) {
        add_vehicle_lane(number);
    }
}

static void add_tenant(const char *name, uint32_t cut_minute)
{
    char *zones[] = {text_of("yard")};
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    tenant.title = text_of(name);
    tenant.zone = zones;
    tenant.n_zone = 1;
    tenant.cut_minute = cut_minute;
    add(PARK_TENANT, name, &tenant.base);
}

static void add_times(void)
{
    Parkgate__ParkShift day = PARKGATE__PARK_SHIFT__INIT;
    Parkgate__ParkShift night = PARKGATE__PARK_SHIFT__INIT;
    day.start_minute = 8 * 60;
    day.end_minute = 17 * 60;
    night.start_minute = 22 * 60;
    night.end_minute = 7 * 60;
    day.early_minutes = night.early_minutes = 30;
    add(PARK_SHIFT, "day", &day.base);
    add(PARK_SHIFT, "night", &night.base);
}

Parkgate__Genesis *park_genesis(const struct link_key *admin, uint8_t **ret_room)
{
    static Parkgate__Genesis genesis;
    static struct link_key key;
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
    rows.count = rows.used = 0;
    rows.bytes = malloc(BYTES_MAX);
    MUST(rows.bytes != NULL);
    site.title = text_of("The park");
    site.time_zone = text_of("Asia/Shanghai");
    site.lease_hours = (uint32_t)(entries_lease_us() / HOUR);
    add(PARK_SITE, "park", &site.base);
    zone.title = text_of("yard");
    zone.minimum_class = CREDENTIAL_CLASS_BEARER;
    add(PARK_ZONE, "yard", &zone.base);
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        add_gate(i);
    }
    add_tenant("acme", 360);
    add_tenant("beta", 240);
    add_times();
    key = *admin;
    parkgate__genesis__init(&genesis);
    genesis.park = text_of("park");
    genesis.admin_name = text_of("root");
    genesis.admin_public = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = key.bytes};
    genesis.n_row = rows.count;
    genesis.row = rows.row;
    *ret_room = rows.bytes;
    return &genesis;
}
