#include "tests/unit/controller/harness.h"

#include "common/access/civil.h"

void rows_add(struct park_rows *rows, uint32_t kind, const char *name, const ProtobufCMessage *body)
{
    uint8_t packed[4096];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    MUST(protobuf_c_message_get_packed_size(body) <= sizeof(packed));
    row.kind = kind;
    row.name = text_of(name);
    row.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed), .data = packed};
    size_t size = parkgate__park_row__get_packed_size(&row);
    MUST(rows->count < PARK_ROWS_MAX && rows->used + size <= PARK_BYTES_MAX);
    rows->row[rows->count++] = (ProtobufCBinaryData){.len = size, .data = rows->bytes + rows->used};
    rows->used += parkgate__park_row__pack(&row, rows->bytes + rows->used);
}

static bool is_row(const ProtobufCBinaryData *packed, uint32_t kind, const char *name,
                   Parkgate__ParkRow **ret_row)
{
    *ret_row = parkgate__park_row__unpack(NULL, packed->len, packed->data);
    MUST(*ret_row != NULL);
    if ((*ret_row)->kind == kind && strcmp((*ret_row)->name, name) == 0) {
        return true;
    }
    parkgate__park_row__free_unpacked(*ret_row, NULL);
    return false;
}

ProtobufCMessage *rows_get(const struct park_rows *rows, uint32_t kind, const char *name,
                           const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *body = NULL;
    for (size_t i = 0; body == NULL && i < rows->count; i++) {
        Parkgate__ParkRow *row = NULL;
        if (is_row(&rows->row[i], kind, name, &row)) {
            body = protobuf_c_message_unpack(descriptor, NULL, row->body.len, row->body.data);
            parkgate__park_row__free_unpacked(row, NULL);
        }
    }
    assert_non_null(body);
    return body;
}

void rows_put(struct park_rows *rows, uint32_t kind, const char *name, const ProtobufCMessage *body)
{
    for (size_t i = 0; i < rows->count; i++) {
        Parkgate__ParkRow *row = NULL;
        if (is_row(&rows->row[i], kind, name, &row)) {
            parkgate__park_row__free_unpacked(row, NULL);
            rows->row[i] = rows->row[--rows->count]; /* its bytes are left behind */
            break;
        }
    }
    rows_add(rows, kind, name, body);
}

void park_apply(struct world *w)
{
    char stage[24];
    char version[24];
    (void)snprintf(stage, sizeof(stage), "%s",
                   note(assert_done(ask_rows(w, w->admin, "park.stage", w->rows.row, w->rows.count,
                                             NULL)),
                        "stage"));
    (void)snprintf(version, sizeof(version), "%llu",
                   (unsigned long long)w->ctl->park->config_version);
    (void)admin(w, "park.commit", "stage", stage, "config_version", version, NULL);
}

struct zone_row {
    const char *name, *parent, *schedule;
    uint32_t class, capacity;
};

static const struct zone_row zone_rows[] = {
    {"yard",   "",     "",            CREDENTIAL_CLASS_BEARER,        0},
    {"hall",   "yard", "",            CREDENTIAL_CLASS_UID_ONLY,      3},
    {"bonded", "yard", "",            CREDENTIAL_CLASS_AUTHENTICATED, 0},
    {"depot",  "yard", "depot-hours", CREDENTIAL_CLASS_BEARER,        0},
};

static void add_zones(struct park_rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(zone_rows); i++) {
        Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
        zone.parent = text_of(zone_rows[i].parent);
        zone.schedule = text_of(zone_rows[i].schedule);
        zone.title = text_of(zone_rows[i].name);
        zone.minimum_class = zone_rows[i].class;
        zone.capacity = zone_rows[i].capacity;
        rows_add(rows, PARK_ZONE, zone_rows[i].name, &zone.base);
    }
}

struct lane_row {
    const char *name, *gate, *zone, *outer;
    uint32_t direction, subject, coil;
    bool sensor;
};

static const struct lane_row lane_rows[] = {
    {"a-in",     "gate-a", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  0, true },
    {"a-out",    "gate-a", "yard",   "",     LANE_OUT,  SUBJECT_PERSONS,  1, true },
    {"a-hall",   "gate-a", "hall",   "yard", LANE_IN,   SUBJECT_PERSONS,  2, true },
    {"a-bonded", "gate-a", "bonded", "yard", LANE_IN,   SUBJECT_PERSONS,  3, true },
    {"a-depot",  "gate-a", "depot",  "yard", LANE_IN,   SUBJECT_PERSONS,  4, true },
    {"a-both",   "gate-a", "yard",   "",     LANE_BOTH, SUBJECT_PERSONS,  5, true },
    {"a-bare",   "gate-a", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  6, false},
    {"a-truck",  "gate-a", "yard",   "",     LANE_IN,   SUBJECT_VEHICLES, 7, true },
    {"b-in",     "gate-b", "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  0, true },
    {"b-out",    "gate-b", "yard",   "",     LANE_OUT,  SUBJECT_PERSONS,  1, true },
};

static void add_reader(struct park_rows *rows, const struct lane_row *lane)
{
    char name[48];
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = text_of(lane->name);
    reader.driver = lane->subject == SUBJECT_VEHICLES ? DRIVER_HIK_ANPR : DRIVER_NFC;
    reader.device = text_of("any");
    reader.direction = lane->direction == LANE_BOTH ? LANE_IN : LANE_NO_DIRECTION;
    (void)snprintf(name, sizeof(name), "%s-reader", lane->name);
    rows_add(rows, PARK_READER, name, &reader.base);
    if (lane->direction == LANE_BOTH) {
        reader.direction = LANE_OUT;
        (void)snprintf(name, sizeof(name), "%s-exit", lane->name);
        rows_add(rows, PARK_READER, name, &reader.base);
    }
}

static void add_lanes(struct park_rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(lane_rows); i++) {
        const struct lane_row *from = &lane_rows[i];
        Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
        lane.gate = text_of(from->gate);
        lane.direction = from->direction;
        lane.subject = from->subject;
        lane.zone = text_of(from->zone);
        lane.outer_zone = text_of(from->outer);
        lane.board = text_of(strcmp(from->gate, "gate-a") == 0 ? "board-a" : "board-b");
        lane.open_coil = from->coil;
        lane.open_ms = 3000;
        lane.pass_ms = 5000;
        lane.has_passage_input = from->sensor;
        lane.passage_input = from->coil;
        rows_add(rows, PARK_LANE, from->name, &lane.base);
        add_reader(rows, from);
    }
}

static void add_gates(struct park_rows *rows)
{
    static const char *const names[][2] = {
        {"gate-a", "board-a"},
        {"gate-b", "board-b"}
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Parkgate__ParkGate gate = PARKGATE__PARK_GATE__INIT;
        Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
        gate.title = text_of(names[i][0]);
        rows_add(rows, PARK_GATE, names[i][0], &gate.base);
        board.gate = text_of(names[i][0]);
        board.transport = text_of("tcp");
        board.address = text_of("127.0.0.1:502");
        board.poll_ms = 20;
        board.shortest_pulse_ms = 100;
        board.has_fire_input = true;
        board.fire_input = 63;
        rows_add(rows, PARK_BOARD, names[i][1], &board.base);
    }
}

static void add_tenants(struct park_rows *rows)
{
    static const char *const zones[] = {"yard", "hall", "depot", "bonded"};
    static const struct {
        const char *name;
        size_t zones;
        uint32_t cut;
    } tenants[] = {
        {"acme", 4, 360},
        {"beta", 3, 240},
        {"solo", 0, 360}
    };
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
        tenant.title = text_of(tenants[i].name);
        tenant.zone = (char **)(uintptr_t)zones;
        tenant.n_zone = tenants[i].zones;
        tenant.cut_minute = tenants[i].cut;
        rows_add(rows, PARK_TENANT, tenants[i].name, &tenant.base);
    }
}

static void add_times(struct park_rows *rows)
{
    Parkgate__ParkShift day = PARKGATE__PARK_SHIFT__INIT;
    Parkgate__ParkShift night = PARKGATE__PARK_SHIFT__INIT;
    Parkgate__ParkSchedule hours = PARKGATE__PARK_SCHEDULE__INIT;
    Parkgate__ParkHoliday holiday = PARKGATE__PARK_HOLIDAY__INIT;
    uint32_t days = 0x1f;
    uint32_t from = 6 * 60;
    uint32_t until = 22 * 60;
    day.start_minute = 8 * 60;
    day.end_minute = 17 * 60;
    night.start_minute = 22 * 60;
    night.end_minute = 7 * 60;
    day.early_minutes = night.early_minutes = 30;
    rows_add(rows, PARK_SHIFT, "day", &day.base);
    rows_add(rows, PARK_SHIFT, "night", &night.base);
    hours.n_days = hours.n_start_minute = hours.n_end_minute = 1;
    hours.days = &days;
    hours.start_minute = &from;
    hours.end_minute = &until;
    rows_add(rows, PARK_SCHEDULE, "depot-hours", &hours.base);
    MUST(civil_date_parse(bytes_of_text("2026-05-01"), &holiday.date));
    holiday.title = text_of("Labour Day");
    rows_add(rows, PARK_HOLIDAY, "2026-05-01", &holiday.base);
}

void rows_of_park(struct park_rows *rows, const char *time_zone)
{
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    rows->count = 0;
    rows->used = 0;
    site.title = text_of("The park");
    site.time_zone = text_of(time_zone);
    rows_add(rows, PARK_SITE, "park", &site.base);
    add_zones(rows);
    add_gates(rows);
    add_lanes(rows);
    add_tenants(rows);
    add_times(rows);
}
