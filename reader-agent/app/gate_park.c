#include "reader-agent/app/gate_park.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/http_driver.h"
#include "schema/park.pb-c.h"

/* What a lane row says of its inputs, kept until its board is known. */
static struct helper_number number(bool present, uint32_t value)
{
    return (struct helper_number){.present = present && value <= UINT16_MAX,
                                  .number = (uint16_t)value};
}

static enum err copy_text(char *out, size_t size, const char *text, const char *what,
                          struct fault *fault)
{
    int need = snprintf(out, size, "%s", text);
    return need >= 0 && (size_t)need < size ? ERR_OK
                                            : fault_set(fault, ERR_INPUT, "%s is too long", what);
}

static struct board_config *board_of(struct gate_park *park, struct name name)
{
    for (size_t i = 0; i < park->board_count; i++) {
        if (name_equal(park->boards[i].board, name)) {
            return &park->boards[i];
        }
    }
    if (park->board_count == GATE_BOARDS_MAX) {
        return NULL;
    }
    struct board_config *board = &park->boards[park->board_count++];
    *board = (struct board_config){.board = name};
    return board;
}

static enum err add_lane_to_board(struct gate_park *park, const struct gate_lane *lane,
                                  const Parkgate__ParkLane *row, struct fault *fault)
{
    struct board_config *board = board_of(park, lane->board);
    if (board == NULL || board->setup.lane_count == HELPER_LANES_PER_BOARD) {
        return fault_set(fault, ERR_FULL, "lane %s: too many boards, or lanes on one board",
                         lane->name.text);
    }
    board->setup.lanes[board->setup.lane_count++] =
        (struct helper_lane){.name = lane->name,
                             .direction = lane->direction,
                             .open_coil = (uint16_t)row->open_coil,
                             .open_ms = lane->open_ms,
                             .pass_ms = lane->pass_ms,
                             .passage = number(row->has_passage_input, row->passage_input),
                             .tamper = number(row->has_tamper_input, row->tamper_input),
                             .button = number(row->has_button_input, row->button_input),
                             .held = number(row->has_held_input, row->held_input),
                             .display = number(row->has_display, row->display),
                             .actuator = (enum lane_actuator)row->actuator,
                             .crush = number(row->has_crush_input, row->crush_input),
                             .manual = number(row->has_manual_input, row->manual_input)};
    return ERR_OK;
}

static enum err add_lane(struct gate_park *park, struct name gate, struct name name,
                         const ProtobufCMessage *message, struct fault *fault)
{
    const Parkgate__ParkLane *row = (const Parkgate__ParkLane *)message;
    if (strcmp(row->gate, gate.text) != 0) {
        return ERR_OK;
    }
    if (park->lane_count == GATE_LANES_MAX) {
        return fault_set(fault, ERR_FULL, "lane %s: too many lanes at one gate", name.text);
    }
    struct gate_lane lane = {.name = name,
                             .direction = (enum lane_direction)row->direction,
                             .mode = (enum lane_mode)row->mode,
                             .unknown_clock_grants = row->unknown_clock_grants,
                             .has_display = row->has_display,
                             .open_ms = row->open_ms,
                             .pass_ms = row->pass_ms,
                             .answer_ms = row->answer_ms};
    if (lane.answer_ms == 0 || lane.answer_ms > LIMIT_ANSWER_MS_MAX) {
        lane.answer_ms = LIMIT_ANSWER_MS;
    }
    bool has_board = row->board[0] != '\0';
    if (lane.direction < LANE_IN || lane.direction > LANE_BOTH ||
        (has_board && !name_from_text(row->board, &lane.board)) || row->open_coil > UINT16_MAX ||
        row->actuator > ACTUATOR_BOLLARD) {
        return fault_set(fault, ERR_INPUT, "lane %s: its direction, board, coil or actuator is wrong",
                         name.text);
    }
    (void)name_from_text(row->zone, &lane.zone);
    (void)name_from_text(row->outer_zone, &lane.outer_zone);
    if (has_board) {
        TRY(add_lane_to_board(park, &lane, row, fault));
    }
    park->lanes[park->lane_count++] = lane;
    return ERR_OK;
}

static enum err add_reader(struct gate_park *park, struct name gate, struct name name,
                           const ProtobufCMessage *message, struct fault *fault)
{
    (void)gate;
    const Parkgate__ParkReader *row = (const Parkgate__ParkReader *)message;
    if (park->reader_count == GATE_READERS_MAX) {
        return fault_set(fault, ERR_FULL, "reader %s: too many readers at one gate", name.text);
    }
    struct gate_reader reader = {.name = name,
                                 .driver = (enum reader_driver)row->driver,
                                 .direction = (enum lane_direction)row->direction,
                                 .control = (enum terminal_control)row->control};
    if (!name_from_text(row->lane, &reader.lane) || reader.driver < DRIVER_NFC ||
        reader.driver > DRIVER_JSON || reader.direction > LANE_BOTH ||
        reader.control > TERMINAL_NO_RELAY) {
        return fault_set(fault, ERR_INPUT, "reader %s: its lane, driver or direction is wrong",
                         name.text);
    }
    reader.http.reader = name;
    reader.http.driver = reader.driver;
    TRY(copy_text(reader.device, sizeof(reader.device), row->device, "a reader's device", fault));
    TRY(copy_text(reader.secret_file, sizeof(reader.secret_file), row->secret_file,
                  "a secret file's path", fault));
    TRY(copy_text(reader.terminal, sizeof(reader.terminal), row->terminal, "a terminal's address",
                  fault));
    if (reader.driver == DRIVER_NFC) {
        TRY(card_setup_of_row(row, &reader.cards, fault));
    } else {
        TRY(copy_text(reader.http.path, sizeof(reader.http.path), row->path, "a path", fault));
        TRY(copy_text(reader.http.source, sizeof(reader.http.source), row->device, "a source",
                      fault));
        TRY(copy_text(reader.http.user, sizeof(reader.http.user), row->user, "a user", fault));
        TRY(copy_text(reader.http.device_id, sizeof(reader.http.device_id), row->device_id,
                      "a device's own id", fault));
        TRY(copy_text(reader.http.time_zone, sizeof(reader.http.time_zone), row->time_zone,
                      "a time zone", fault));
        reader.http.verify_first = strcmp(row->columns, "verify-status") == 0;
        reader.http.reversed = row->reversed;
    }
    park->readers[park->reader_count++] = reader;
    return ERR_OK;
}

static enum err add_board(struct gate_park *park, struct name gate, struct name name,
                          const ProtobufCMessage *message, struct fault *fault)
{
    const Parkgate__ParkBoard *row = (const Parkgate__ParkBoard *)message;
    if (strcmp(row->gate, gate.text) != 0) {
        return ERR_OK;
    }
    struct board_config *board = board_of(park, name);
    if (board == NULL) {
        return fault_set(fault, ERR_FULL, "board %s: too many boards at one gate", name.text);
    }
    bool tcp = strcmp(row->transport, "tcp") == 0;
    if ((!tcp && strcmp(row->transport, "rtu") != 0) || row->unit > UINT8_MAX ||
        row->poll_ms > UINT16_MAX) {
        return fault_set(fault, ERR_INPUT, "board %s: its transport, unit or poll is wrong",
                         name.text);
    }
    struct helper_board *setup = &board->setup;
    TRY(copy_text(setup->address, sizeof(setup->address), row->address, "a board's address",
                  fault));
    setup->transport = tcp ? HELPER_TCP : HELPER_RTU;
    setup->unit = (uint8_t)row->unit;
    setup->baud = row->baud;
    setup->poll_ms = (uint16_t)row->poll_ms;
    setup->has_flash = row->has_flash;
    setup->has_counters = row->has_counters;
    setup->has_displays = row->has_displays;
    setup->flash_base = (uint16_t)row->flash_base;
    setup->counter_base = (uint16_t)row->counter_base;
    setup->display_base = (uint16_t)row->display_base;
    setup->fire = number(row->has_fire_input, row->fire_input);
    setup->reset = number(row->has_reset_input, row->reset_input);
    setup->fire_closes = row->fire_closes;
    setup->fire_broadcast = row->fire_broadcast;
    setup->bus_boards = 1;
    return ERR_OK;
}

static enum err add_site(struct gate_park *park, struct name gate, struct name name,
                         const ProtobufCMessage *message, struct fault *fault)
{
    (void)gate;
    (void)name;
    const Parkgate__ParkSite *row = (const Parkgate__ParkSite *)message;
    park->emergency_admits = row->emergency_admits;
    return copy_text(park->time_zone, sizeof(park->time_zone), row->time_zone,
                     "the park's time zone", fault);
}

static enum err add_zone(struct gate_park *park, struct name gate, struct name name,
                         const ProtobufCMessage *message, struct fault *fault)
{
    (void)gate;
    const Parkgate__ParkZone *row = (const Parkgate__ParkZone *)message;
    if (park->zone_count == LIMIT_ZONES) {
        return fault_set(fault, ERR_FULL, "zone %s: too many zones", name.text);
    }
    struct gate_zone zone = {.name = name};
    (void)name_from_text(row->parent, &zone.parent);
    park->zones[park->zone_count++] = zone;
    return ERR_OK;
}

static enum err add_gate(struct gate_park *park, struct name gate, struct name name,
                         const ProtobufCMessage *message, struct fault *fault)
{
    (void)fault;
    if (name_equal(name, gate)) {
        park->muster_post = ((const Parkgate__ParkGate *)message)->muster_post;
    }
    return ERR_OK;
}

/* Kinds that a gate needs by itself; the others are the controller's. */
static const struct row_kind {
    enum park_kind kind;
    const ProtobufCMessageDescriptor *descriptor;
    enum err (*add)(struct gate_park *park, struct name gate, struct name name,
                    const ProtobufCMessage *message, struct fault *fault);
} row_kinds[] = {
    {PARK_SITE,   &parkgate__park_site__descriptor,   add_site  },
    {PARK_GATE,   &parkgate__park_gate__descriptor,   add_gate  },
    {PARK_ZONE,   &parkgate__park_zone__descriptor,   add_zone  },
    {PARK_LANE,   &parkgate__park_lane__descriptor,   add_lane  },
    {PARK_READER, &parkgate__park_reader__descriptor, add_reader},
    {PARK_BOARD,  &parkgate__park_board__descriptor,  add_board },
};

static enum err add_row(struct gate_park *park, struct name gate, const Parkgate__ParkRow *row,
                        struct fault *fault)
{
    for (size_t i = 0; i < ARRAY_LEN(row_kinds); i++) {
        if ((uint32_t)row_kinds[i].kind != row->kind) {
            continue;
        }
        struct name name;
        ProtobufCMessage *body =
            protobuf_c_message_unpack(row_kinds[i].descriptor, NULL, row->body.len, row->body.data);
        if (body == NULL || !name_from_text(row->name, &name)) {
            protobuf_c_message_free_unpacked(body, NULL);
            return fault_set(fault, ERR_INPUT, "a row of the park cannot be read");
        }
        enum err err = row_kinds[i].add(park, gate, name, body, fault);
        protobuf_c_message_free_unpacked(body, NULL);
        return err;
    }
    return ERR_OK;
}

enum err gate_park_add(struct gate_park *park, struct name gate, struct bytes packed,
                       struct fault *fault)
{
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
    if (row == NULL) {
        return fault_set(fault, ERR_INPUT, "a row of the park cannot be read");
    }
    enum err err = add_row(park, gate, row, fault);
    parkgate__park_row__free_unpacked(row, NULL);
    return err;
}

/* A lane without a board is opened by the answer of a camera that can. */
static void give_lane(struct gate_park *park, struct gate_reader *reader)
{
    const struct http_driver *driver = http_driver_of(reader->driver);
    for (size_t i = 0; i < park->lane_count; i++) {
        struct gate_lane *lane = &park->lanes[i];
        if (driver != NULL && driver->opens && name_equal(lane->name, reader->lane) &&
            lane->board.text[0] == '\0') {
            lane->opens_by_reply = true;
            lane->camera = reader->name;
            reader->http.opens = lane->name;
        }
    }
}

/* Readers of other gates' lanes, and boards without an address, are not for us. A device's local
 * times are the park's where its row does not say otherwise. */
enum err gate_park_close(struct gate_park *park, struct fault *fault)
{
    size_t kept = 0;
    for (size_t i = 0; i < park->reader_count; i++) {
        if (gate_park_lane(park, park->readers[i].lane) != NULL) {
            struct http_device *http = &park->readers[i].http;
            if (http->time_zone[0] == '\0') {
                memcpy(http->time_zone, park->time_zone, sizeof(http->time_zone));
            }
            give_lane(park, &park->readers[i]);
            park->readers[kept++] = park->readers[i];
        }
    }
    park->reader_count = kept;
    kept = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < park->board_count; i++) {
        if (park->boards[i].setup.transport != 0) {
            park->boards[kept++] = park->boards[i];
        } else {
            err = fault_set(fault, ERR_INPUT, "board %s is named by a lane and not configured",
                            park->boards[i].board.text);
        }
    }
    park->board_count = kept;
    return err;
}

const struct gate_lane *gate_park_lane(const struct gate_park *park, struct name name)
{
    for (size_t i = 0; i < park->lane_count; i++) {
        if (name_equal(park->lanes[i].name, name)) {
            return &park->lanes[i];
        }
    }
    return NULL;
}

const struct gate_reader *gate_park_reader(const struct gate_park *park, struct name name)
{
    for (size_t i = 0; i < park->reader_count; i++) {
        if (name_equal(park->readers[i].name, name)) {
            return &park->readers[i];
        }
    }
    return NULL;
}

enum lane_direction gate_park_direction(const struct gate_lane *lane,
                                        const struct gate_reader *reader,
                                        enum lane_direction by_device)
{
    if (lane->direction == LANE_IN || lane->direction == LANE_OUT) {
        return lane->direction;
    }
    if (reader->direction == LANE_IN || reader->direction == LANE_OUT) {
        return reader->direction;
    }
    return by_device == LANE_OUT ? LANE_OUT : LANE_IN;
}

static const struct gate_zone *find_zone(const struct gate_park *park, struct name name)
{
    for (size_t i = 0; i < park->zone_count; i++) {
        if (name_equal(park->zones[i].name, name)) {
            return &park->zones[i];
        }
    }
    return NULL;
}

static bool is_listed(const struct name *zones, size_t count, struct name name)
{
    for (size_t i = 0; i < count; i++) {
        if (name_equal(zones[i], name)) {
            return true;
        }
    }
    return false;
}

/* The zone, one around it, or one that is not known. */
static bool zone_in(const struct gate_park *park, struct name name, const struct name *zones,
                    size_t count)
{
    for (size_t depth = 0; name.text[0] != '\0' && depth < LIMIT_ZONES; depth++) {
        const struct gate_zone *zone = find_zone(park, name);
        if (zone == NULL || is_listed(zones, count, name)) {
            return true;
        }
        name = zone->parent;
    }
    return false;
}

bool gate_park_lane_in(const struct gate_park *park, const struct gate_lane *lane,
                       const struct name *zones, size_t count)
{
    return lane->zone.text[0] == '\0' || zone_in(park, lane->zone, zones, count) ||
           zone_in(park, lane->outer_zone, zones, count);
}
