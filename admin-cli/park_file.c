#include "admin-cli/park_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/cli.h"
#include "admin-cli/file.h"
#include "admin-cli/park_yaml.h"
#include "common/access/civil.h"
#include "common/base/ids.h"
#include "common/base/must.h"
#include "common/park/park.h"
#include "schema/kinds.h"
#include "schema/limits.h"
#include "schema/park.pb-c.h"

enum {
    DEFAULT_OPEN_MS = 500,
    DEFAULT_PASS_MS = 5000,
    DEFAULT_POLL_MS = 20,
    DEFAULT_PULSE_MS = 100,
    DEFAULT_BAUD = 9600,
    DEFAULT_FLASH_BASE = 0x100,
    DEFAULT_COUNTER_BASE = 0x200,
    DEFAULT_DISPLAY_BASE = 0x300,
    ALL_DAYS = 0x7f,
};

/* The entry in work. */
struct entry {
    const char *origin, *text;
    const char *list; /* "lanes" */
    size_t index;     /* from 0 */
    struct rows *rows;
    struct complaint *c;
};

static bool bad(const struct entry *e, enum error_number number, const char *key, const char *value)
{
    char path[128];
    char line[24];
    if (strcmp(e->list, "park") == 0) {
        (void)snprintf(path, sizeof(path), "park.%s", key);
    } else {
        (void)snprintf(path, sizeof(path), "%s[%zu].%s", e->list, e->index + 1, key);
    }
    (void)cli_number(line, park_yaml_line(e->text, e->list, e->index, key));
    return complain(e->c, number, e->origin, line, path, value);
}

static bool missing(const struct entry *e, const char *key)
{
    char path[128];
    char line[24];
    (void)snprintf(path, sizeof(path), "%s[%zu]", e->list, e->index + 1);
    (void)cli_number(line, park_yaml_line(e->text, e->list, e->index, NULL));
    return complain(e->c, ERROR_PARK_MISSING_KEY, e->origin, line, key, path);
}

static bool is_name(const struct entry *e, const char *key, const char *value)
{
    struct name name;
    return name_from_text(value, &name) || bad(e, ERROR_PARK_NAME, key, value);
}

/* A reference that may be left out. */
static bool is_name_or_none(const struct entry *e, const char *key, const char *value)
{
    return value == NULL || value[0] == '\0' || is_name(e, key, value);
}

static bool are_names(const struct entry *e, const char *key, char *const *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!is_name(e, key, values[i])) {
            return false;
        }
    }
    return true;
}

static bool read_minute(const struct entry *e, const char *key, const char *text, uint32_t last,
                        uint32_t *ret_minute)
{
    bool shape = strlen(text) == 5 && text[2] == ':';
    for (size_t i = 0; shape && i < 5; i++) {
        shape = i == 2 || (text[i] >= '0' && text[i] <= '9');
    }
    if (shape) {
        uint32_t hour = (uint32_t)(text[0] - '0') * 10 + (uint32_t)(text[1] - '0');
        uint32_t minute = (uint32_t)(text[3] - '0') * 10 + (uint32_t)(text[4] - '0');
        if (minute < 60 && hour * 60 + minute <= last) {
            *ret_minute = hour * 60 + minute;
            return true;
        }
    }
    return bad(e, ERROR_PARK_TIME, key, text);
}

static char *text_or(char *text, const char *otherwise)
{
    return text != NULL ? text : (char *)(uintptr_t)otherwise;
}

static uint32_t number_or(const uint32_t *number, uint32_t otherwise)
{
    return number != NULL ? *number : otherwise;
}

static void add(const struct entry *e, enum park_kind kind, char *name,
                const ProtobufCMessage *body)
{
    size_t size = protobuf_c_message_get_packed_size(body);
    uint8_t *packed = malloc(size + 1);
    MUST(packed != NULL);
    (void)protobuf_c_message_pack(body, packed);
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = kind;
    row.name = name;
    row.body = (ProtobufCBinaryData){.len = size, .data = packed};
    rows_add(e->rows, &row.base);
    free(packed);
}

static bool add_site(const struct entry *e, const struct yaml_site *from)
{
    if (!is_name(e, "name", from->name)) {
        return false;
    }
    if (from->time_zone[0] == '\0' || strlen(from->time_zone) >= PARK_ZONE_NAME_SIZE) {
        return bad(e, ERROR_PARK_BAD_VALUE, "time_zone", from->time_zone);
    }
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    site.title = text_or(from->title, from->name);
    site.title_zh = text_or(from->title_zh, "");
    site.time_zone = from->time_zone;
    site.emergency_admits = from->emergency_admits;
    uint8_t muster_key[PARK_MUSTER_KEY_SIZE];
    if (from->muster_key != NULL && from->muster_key[0] != '\0') {
        if (!bytes_from_hex(from->muster_key, muster_key, sizeof(muster_key))) {
            return bad(e, ERROR_PARK_BAD_VALUE, "muster_key", from->muster_key);
        }
        site.muster_key = (ProtobufCBinaryData){.len = sizeof(muster_key), .data = muster_key};
    }
    if (from->lease_hours > LIMIT_LEASE_HOURS_MAX) {
        char number[24];
        return bad(e, ERROR_PARK_BAD_VALUE, "lease_hours", cli_number(number, from->lease_hours));
    }
    site.lease_hours = from->lease_hours;
    add(e, PARK_SITE, from->name, &site.base);
    return true;
}

static bool add_zone(const struct entry *e, const void *element)
{
    const struct yaml_zone *from = element;
    if (!is_name(e, "name", from->name) || !is_name_or_none(e, "parent", from->parent) ||
        !is_name_or_none(e, "schedule", from->schedule) ||
        !is_name_or_none(e, "first_clearance", from->first_clearance) ||
        !are_names(e, "clearances", from->clearances, from->clearances_count)) {
        return false;
    }
    Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
    zone.parent = text_or(from->parent, "");
    zone.title = text_or(from->title, from->name);
    zone.title_zh = text_or(from->title_zh, "");
    zone.minimum_class = (uint32_t)from->minimum_class;
    zone.capacity = from->capacity;
    zone.capacity_soft = from->capacity_soft;
    zone.alert_first = from->alert_first;
    zone.alert_second = from->alert_second;
    zone.crowd_per_minute = from->crowd;
    zone.first_person = from->first_person;
    zone.two_person = from->two_person;
    zone.escort = from->escort;
    zone.high_risk = from->high_risk;
    zone.open_by_two = from->open_by_two;
    zone.spot_check = from->spot_check;
    zone.first_clearance = text_or(from->first_clearance, "");
    zone.schedule = text_or(from->schedule, "");
    zone.n_clearance = from->clearances_count;
    zone.clearance = from->clearances;
    add(e, PARK_ZONE, from->name, &zone.base);
    return true;
}

static bool add_clearance(const struct entry *e, const void *element)
{
    const struct yaml_clearance *from = element;
    if (!is_name(e, "name", from->name)) {
        return false;
    }
    Parkgate__ParkClearance clearance = PARKGATE__PARK_CLEARANCE__INIT;
    clearance.title = text_or(from->title, from->name);
    clearance.title_zh = text_or(from->title_zh, "");
    add(e, PARK_CLEARANCE, from->name, &clearance.base);
    return true;
}

static bool add_gate(const struct entry *e, const void *element)
{
    const struct yaml_gate *from = element;
    if (!is_name(e, "name", from->name)) {
        return false;
    }
    Parkgate__ParkGate gate = PARKGATE__PARK_GATE__INIT;
    gate.title = text_or(from->title, from->name);
    gate.title_zh = text_or(from->title_zh, "");
    gate.muster_post = from->muster_post;
    add(e, PARK_GATE, from->name, &gate.base);
    return true;
}

static void set_input(const uint32_t *from, protobuf_c_boolean *has, uint32_t *number)
{
    *has = from != NULL;
    *number = number_or(from, 0);
}

static bool add_lane(const struct entry *e, const void *element)
{
    const struct yaml_lane *from = element;
    if (!is_name(e, "name", from->name) || !is_name(e, "gate", from->gate) ||
        !is_name(e, "zone", from->zone) || !is_name_or_none(e, "board", from->board) ||
        !is_name_or_none(e, "outer_zone", from->outer_zone) ||
        !is_name_or_none(e, "interlock", from->interlock)) {
        return false;
    }
    if (from->board != NULL && from->board[0] != '\0' && from->open_coil == NULL) {
        return missing(e, "open_coil");
    }
    if (from->pair_ms != NULL &&
        (*from->pair_ms < LIMIT_PAIR_MS_MIN || *from->pair_ms > LIMIT_PAIR_MS_MAX)) {
        char number[24];
        return bad(e, ERROR_PARK_BAD_VALUE, "pair_ms", cli_number(number, *from->pair_ms));
    }
    if (from->answer_ms != NULL &&
        (*from->answer_ms < LIMIT_ANSWER_MS_MIN || *from->answer_ms > LIMIT_ANSWER_MS_MAX)) {
        char number[24];
        return bad(e, ERROR_PARK_BAD_VALUE, "answer_ms", cli_number(number, *from->answer_ms));
    }
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    lane.gate = from->gate;
    lane.title = text_or(from->title, from->name);
    lane.title_zh = text_or(from->title_zh, "");
    lane.direction = (uint32_t)from->direction;
    lane.subject = (uint32_t)from->subject;
    lane.zone = from->zone;
    lane.outer_zone = text_or(from->outer_zone, "");
    lane.board = text_or(from->board, "");
    lane.open_coil = number_or(from->open_coil, 0);
    lane.open_ms = number_or(from->open_ms, DEFAULT_OPEN_MS);
    lane.pass_ms = number_or(from->pass_ms, DEFAULT_PASS_MS);
    set_input(from->passage_input, &lane.has_passage_input, &lane.passage_input);
    set_input(from->tamper_input, &lane.has_tamper_input, &lane.tamper_input);
    set_input(from->button_input, &lane.has_button_input, &lane.button_input);
    set_input(from->held_input, &lane.has_held_input, &lane.held_input);
    set_input(from->display, &lane.has_display, &lane.display);
    lane.unknown_clock_grants = from->unknown_clock != 0;
    lane.mode = (uint32_t)from->mode;
    lane.interlock = text_or(from->interlock, "");
    lane.second = (uint32_t)from->second;
    lane.pair_ms = number_or(from->pair_ms, 0);
    lane.answer_ms = number_or(from->answer_ms, 0);
    lane.lease_over = (uint32_t)from->lease_over;
    lane.driver = from->driver;
    lane.actuator = (uint32_t)from->actuator;
    set_input(from->crush_input, &lane.has_crush_input, &lane.crush_input);
    set_input(from->manual_input, &lane.has_manual_input, &lane.manual_input);
    add(e, PARK_LANE, from->name, &lane.base);
    return true;
}

/* Where a device posts to if the file does not say. Those whose paths are fixed have them below it.
 */
static void default_path(const struct yaml_reader *reader, char *out, size_t size)
{
    static const struct {
        enum reader_driver driver;
        const char *path;
        bool with_name;
    } paths[] = {
        {DRIVER_NFC,        "",                  false},
        {DRIVER_UNIVIEW,    "/LAPI/V1.0",        false},
        {DRIVER_VZENITH,    "/vz/",              true },
        {DRIVER_DAHUA,      "/NotificationInfo", false},
        {DRIVER_ZKTECO_ATT, "/iclock",           false},
        {DRIVER_ZKTECO_ACC, "/iclock",           false},
        {DRIVER_JSON,       "/json/",            true },
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if ((int)paths[i].driver == reader->driver) {
            (void)snprintf(out, size, "%s%s", paths[i].path,
                           paths[i].with_name ? reader->name : "");
            return;
        }
    }
    (void)snprintf(out, size, "/hik/%s", reader->name);
}

static void set_card(const struct yaml_reader *from, Parkgate__ParkReader *reader)
{
    reader->desfire_aid = text_or(from->desfire_aid, "");
    reader->desfire_key_no = number_or(from->desfire_key_no, 0);
    reader->desfire_key_file = text_or(from->desfire_key_file, "");
    reader->desfire_system_id = text_or(from->desfire_system_id, "");
    reader->desfire_uid_key_no = number_or(from->desfire_uid_key_no, 0);
    reader->desfire_uid_key_file = text_or(from->desfire_uid_key_file, "");
    reader->exchange_ms = number_or(from->exchange_ms, 0);
}

static bool add_reader(const struct entry *e, const void *element)
{
    const struct yaml_reader *from = element;
    char path[64];
    if (!is_name(e, "name", from->name) || !is_name(e, "lane", from->lane)) {
        return false;
    }
    if (from->time_zone != NULL && strlen(from->time_zone) >= PARK_ZONE_NAME_SIZE) {
        return bad(e, ERROR_PARK_BAD_VALUE, "time_zone", from->time_zone);
    }
    default_path(from, path, sizeof(path));
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = from->lane;
    reader.driver = (uint32_t)from->driver;
    reader.device = text_or(from->device, from->driver == DRIVER_NFC ? "" : "any");
    reader.direction = (uint32_t)from->direction;
    reader.path = text_or(from->path, path);
    reader.user = text_or(from->user, "");
    reader.secret_file = text_or(from->secret_file, "");
    reader.device_id = text_or(from->device_id, "");
    reader.time_zone = text_or(from->time_zone, "");
    reader.columns = text_or(NULL, from->columns == YAML_VERIFY_STATUS ? "verify-status" : "");
    reader.reversed = from->reversed != NULL && *from->reversed;
    set_card(from, &reader);
    reader.control = (uint32_t)from->control;
    reader.terminal = text_or(from->terminal, "");
    add(e, PARK_READER, from->name, &reader.base);
    return true;
}

static bool add_board(const struct entry *e, const void *element)
{
    const struct yaml_board *from = element;
    if (!is_name(e, "name", from->name) || !is_name(e, "gate", from->gate)) {
        return false;
    }
    if (from->address[0] == '\0') {
        return bad(e, ERROR_PARK_BAD_VALUE, "address", "\"\"");
    }
    Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
    board.gate = from->gate;
    board.transport = text_or(NULL, from->transport == YAML_TRANSPORT_RTU ? "rtu" : "tcp");
    board.address = from->address;
    board.unit = number_or(from->unit, 1);
    board.baud = number_or(from->baud, from->transport == YAML_TRANSPORT_RTU ? DEFAULT_BAUD : 0);
    board.has_flash = from->flash == NULL || *from->flash;
    board.flash_base = board.has_flash ? number_or(from->flash_base, DEFAULT_FLASH_BASE) : 0;
    board.has_counters = from->counters == NULL || *from->counters;
    board.counter_base =
        board.has_counters ? number_or(from->counter_base, DEFAULT_COUNTER_BASE) : 0;
    board.has_displays = from->displays == NULL || *from->displays;
    board.display_base =
        board.has_displays ? number_or(from->display_base, DEFAULT_DISPLAY_BASE) : 0;
    board.poll_ms = number_or(from->poll_ms, DEFAULT_POLL_MS);
    board.shortest_pulse_ms = number_or(from->shortest_pulse_ms, DEFAULT_PULSE_MS);
    board.has_fire_input = from->fire_input != NULL;
    board.fire_input = number_or(from->fire_input, 0);
    board.has_reset_input = from->reset_input != NULL;
    board.reset_input = number_or(from->reset_input, 0);
    board.fire_closes = from->fire_closes != NULL && *from->fire_closes;
    board.fire_broadcast = from->fire_broadcast != NULL && *from->fire_broadcast;
    add(e, PARK_BOARD, from->name, &board.base);
    return true;
}

static bool add_tenant(const struct entry *e, const void *element)
{
    const struct yaml_tenant *from = element;
    uint32_t cut = 0;
    if (!is_name(e, "name", from->name) || !is_name_or_none(e, "schedule", from->schedule) ||
        (from->cut != NULL && !read_minute(e, "cut", from->cut, MINUTES_PER_DAY - 1, &cut))) {
        return false;
    }
    if (!are_names(e, "zones", from->zones, from->zones_count)) {
        return false;
    }
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    tenant.title = text_or(from->title, from->name);
    tenant.title_zh = text_or(from->title_zh, "");
    tenant.n_zone = from->zones_count;
    tenant.zone = from->zones;
    tenant.cut_minute = cut;
    tenant.schedule = text_or(from->schedule, "");
    tenant.capacity = from->capacity;
    add(e, PARK_TENANT, from->name, &tenant.base);
    return true;
}

static bool add_passback(const struct entry *e, const void *element)
{
    const struct yaml_passback *from = element;
    uint32_t kinds[PERSON_VISITOR];
    Parkgate__ParkPassback rule = PARKGATE__PARK_PASSBACK__INIT;
    if (!is_name(e, "name", from->name) || !are_names(e, "zones", from->zones, from->zones_count) ||
        !are_names(e, "tenants", from->tenants, from->tenants_count)) {
        return false;
    }
    for (uint32_t kind = PERSON_STAFF; kind <= PERSON_VISITOR; kind++) {
        if ((from->whom >> kind & 1) != 0) {
            kinds[rule.n_kind++] = kind;
        }
    }
    rule.mode = (uint32_t)from->mode;
    rule.n_zone = from->zones_count;
    rule.zone = from->zones;
    rule.minutes = number_or(from->minutes, 0);
    rule.kind = kinds;
    rule.vehicles = (from->whom & 1) != 0;
    rule.n_tenant = from->tenants_count;
    rule.tenant = from->tenants;
    add(e, PARK_PASSBACK, from->name, &rule.base);
    return true;
}

static bool add_shift(const struct entry *e, const void *element)
{
    const struct yaml_shift *from = element;
    Parkgate__ParkShift shift = PARKGATE__PARK_SHIFT__INIT;
    if (!is_name(e, "name", from->name) ||
        !read_minute(e, "from", from->from, MINUTES_PER_DAY - 1, &shift.start_minute) ||
        !read_minute(e, "to", from->to, MINUTES_PER_DAY, &shift.end_minute)) {
        return false;
    }
    shift.early_minutes = from->early_minutes;
    add(e, PARK_SHIFT, from->name, &shift.base);
    return true;
}

static bool add_schedule(const struct entry *e, const void *element)
{
    const struct yaml_schedule *from = element;
    uint32_t days[LIMIT_WINDOWS_PER_SCHEDULE];
    uint32_t starts[LIMIT_WINDOWS_PER_SCHEDULE];
    uint32_t ends[LIMIT_WINDOWS_PER_SCHEDULE];
    MUST(from->windows_count <= LIMIT_WINDOWS_PER_SCHEDULE);
    if (!is_name(e, "name", from->name)) {
        return false;
    }
    for (unsigned i = 0; i < from->windows_count; i++) {
        const struct yaml_window *window = &from->windows[i];
        days[i] = window->days == 0 ? ALL_DAYS : window->days;
        if (!read_minute(e, "from", window->from, MINUTES_PER_DAY - 1, &starts[i]) ||
            !read_minute(e, "to", window->to, MINUTES_PER_DAY, &ends[i])) {
            return false;
        }
    }
    Parkgate__ParkSchedule schedule = PARKGATE__PARK_SCHEDULE__INIT;
    schedule.n_days = schedule.n_start_minute = schedule.n_end_minute = from->windows_count;
    schedule.days = days;
    schedule.start_minute = starts;
    schedule.end_minute = ends;
    add(e, PARK_SCHEDULE, from->name, &schedule.base);
    return true;
}

static bool add_holiday(const struct entry *e, const void *element)
{
    const struct yaml_holiday *from = element;
    Parkgate__ParkHoliday holiday = PARKGATE__PARK_HOLIDAY__INIT;
    if (!civil_date_parse(bytes_of_text(from->date), &holiday.date)) {
        return bad(e, ERROR_PARK_DATE, "date", from->date);
    }
    if (!is_name_or_none(e, "schedule", from->schedule)) {
        return false;
    }
    holiday.title = text_or(from->title, "");
    holiday.title_zh = text_or(from->title_zh, "");
    holiday.schedule = text_or(from->schedule, "");
    add(e, PARK_HOLIDAY, from->date, &holiday.base);
    return true;
}

static bool add_alert(const struct entry *e, const void *element)
{
    const struct yaml_alert *from = element;
    uint32_t limits[ALERT_LIMIT_COUNT] = {number_or(from->acknowledge_s, 0),
                                          number_or(from->dispatch_s, 0),
                                          number_or(from->decide_s, 0)};
    Parkgate__ParkAlert rule = PARKGATE__PARK_ALERT__INIT;
    if (!is_name(e, "kind", from->kind) || !are_names(e, "tell", from->tell, from->tell_count)) {
        return false;
    }
    rule.priority = number_or(from->priority, 0);
    rule.n_limit_s = ALERT_LIMIT_COUNT;
    rule.limit_s = limits;
    rule.has_reactivate = from->reactivate_s != NULL;
    rule.reactivate_s = number_or(from->reactivate_s, 0);
    rule.n_tell = from->tell_count;
    rule.tell = from->tell;
    rule.procedure = text_or(from->procedure, "");
    rule.procedure_zh = text_or(from->procedure_zh, "");
    add(e, PARK_ALERT, from->kind, &rule.base);
    return true;
}

/* Every list of a park file, in the order of its rows. The first member of an entry is its name. */
struct list_spec {
    const char *list, *kind;
    size_t offset, count_offset, entry_size;
    bool (*add)(const struct entry *e, const void *element);
};

#define LIST_SPEC(member, word)                                                                    \
    {                                                                                              \
#member, #word, offsetof(struct yaml_park, member),                                        \
            offsetof(struct yaml_park, member##_count), sizeof(struct yaml_##word), add_##word     \
    }

static const struct list_spec lists[] = {
    LIST_SPEC(zones, zone),           LIST_SPEC(gates, gate),         LIST_SPEC(lanes, lane),
    LIST_SPEC(readers, reader),       LIST_SPEC(boards, board),       LIST_SPEC(tenants, tenant),
    LIST_SPEC(shifts, shift),         LIST_SPEC(schedules, schedule), LIST_SPEC(holidays, holiday),
    LIST_SPEC(clearances, clearance), LIST_SPEC(passback, passback),  LIST_SPEC(alerts, alert),
};

static const char *name_of(const char *base, size_t entry_size, size_t index)
{
    const char *name = NULL;
    memcpy(&name, base + index * entry_size, sizeof(name));
    return name;
}

static bool add_list(const struct yaml_park *park, const struct list_spec *spec, struct entry *e)
{
    const char *base = NULL;
    unsigned count = 0;
    memcpy(&base, (const char *)park + spec->offset, sizeof(base));
    memcpy(&count, (const char *)park + spec->count_offset, sizeof(count));
    e->list = spec->list;
    for (size_t i = 0; i < count; i++) {
        e->index = i;
        if (!spec->add(e, base + i * spec->entry_size)) {
            return false;
        }
        const char *name = name_of(base, spec->entry_size, i);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name, name_of(base, spec->entry_size, j)) == 0) {
                return complain(e->c, ERROR_PARK_DUPLICATE, spec->kind, name, NULL, NULL);
            }
        }
    }
    return true;
}

static bool add_all(const struct yaml_park *park, struct entry *e)
{
    e->list = "park";
    if (!add_site(e, park->park)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (!add_list(park, &lists[i], e)) {
            return false;
        }
    }
    return true;
}

bool park_file_parse(const char *origin, const char *text, size_t size, struct park_file *ret_file,
                     struct complaint *c)
{
    AUTO(park_yaml_destroy) struct yaml_park *park = park_yaml_read(origin, text, size, c);
    if (park == NULL) {
        return false;
    }
    struct park_file file = {0};
    struct entry e = {.origin = origin, .text = text, .rows = &file.rows, .c = c};
    if (!add_all(park, &e)) {
        park_file_destroy(&file);
        return false;
    }
    (void)snprintf(file.site, sizeof(file.site), "%s", park->park->name);
    (void)snprintf(file.time_zone, sizeof(file.time_zone), "%s", park->park->time_zone);
    *ret_file = file;
    return true;
}

bool park_file_read(const char *path, struct park_file *ret_file, struct complaint *c)
{
    size_t size = 0;
    char *text = file_read(path, PARK_FILE_MAX, &size, c);
    if (text == NULL) {
        return false;
    }
    bool good = park_file_parse(path, text, size, ret_file, c);
    free(text);
    return good;
}

void park_file_destroy(struct park_file *file)
{
    rows_destroy(&file->rows);
}
