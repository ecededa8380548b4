#include "common/facts/park_store.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"

static bool copy_name(const char *text, struct name *ret)
{
    if (text[0] == '\0') {
        *ret = (struct name){{0}};
        return true;
    }
    return name_from_text(text, ret);
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

static void copy_title(struct park_title *out, const char *en, const char *zh)
{
    copy_text(out->en, sizeof(out->en), en);
    copy_text(out->zh, sizeof(out->zh), zh);
}

static struct park_point point(protobuf_c_boolean given, uint32_t number)
{
    return (struct park_point){.given = given, .number = (uint16_t)number};
}

static bool copy_names(char *const *from, size_t count, struct name *to, uint16_t *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!name_from_text(from[i], &to[(*ret_count)++])) {
            return false;
        }
    }
    return true;
}

/* Each adder fills one element; NULL: good, else the field that is out of its bounds. */
static const char *add_site(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkSite *site = message;
    (void)name;
    copy_title(&park->title, site->title, site->title_zh);
    copy_text(park->time_zone, sizeof(park->time_zone), site->time_zone);
    park->emergency_admits = site->emergency_admits;
    park->has_muster_key = site->muster_key.len > 0;
    if (park->has_muster_key) {
        if (site->muster_key.len != PARK_MUSTER_KEY_SIZE) {
            return "muster_key";
        }
        memcpy(park->muster_key, site->muster_key.data, PARK_MUSTER_KEY_SIZE);
    }
    park->lease_hours = site->lease_hours;
    return site->time_zone[0] == '\0'                  ? "time_zone"
           : site->lease_hours > LIMIT_LEASE_HOURS_MAX ? "lease_hours"
                                                       : NULL;
}

static const char *add_zone(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkZone *in = message;
    struct park_zone *zone = &park->zones[park->zone_count++];
    *zone = (struct park_zone){.name = name,
                               .minimum_class = (enum credential_class)in->minimum_class,
                               .capacity = in->capacity,
                               .capacity_soft = in->capacity_soft,
                               .alert_first = (uint8_t)in->alert_first,
                               .alert_second = (uint8_t)in->alert_second,
                               .crowd = in->crowd_per_minute,
                               .first_person = in->first_person,
                               .two_person = in->two_person,
                               .escort = in->escort,
                               .high_risk = in->high_risk,
                               .spot_check = (uint16_t)in->spot_check,
                               .open_by_two = in->open_by_two};
    copy_title(&zone->title, in->title, in->title_zh);
    if (in->minimum_class > CREDENTIAL_CLASS_AUTHENTICATED) {
        return "minimum_class";
    }
    if (in->alert_first > 100 || in->alert_second > 100) {
        return "alert_first, alert_second";
    }
    if (in->spot_check > SPOT_CHECK_WHOLE) {
        return "spot_check";
    }
    if (in->n_clearance > LIMIT_CLEARANCES_PER_ZONE ||
        !copy_names(in->clearance, in->n_clearance, zone->clearances, &zone->clearance_count)) {
        return "clearances";
    }
    return !copy_name(in->parent, &zone->parent)                     ? "parent"
           : !copy_name(in->first_clearance, &zone->first_clearance) ? "first_clearance"
           : !copy_name(in->schedule, &zone->schedule)               ? "schedule"
                                                                     : NULL;
}

static const char *add_gate(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkGate *in = message;
    struct park_gate *gate = &park->gates[park->gate_count++];
    *gate = (struct park_gate){.name = name, .muster_post = in->muster_post};
    copy_title(&gate->title, in->title, in->title_zh);
    return NULL;
}

static const char *add_lane(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkLane *in = message;
    struct park_lane *lane = &park->lanes[park->lane_count++];
    *lane = (struct park_lane){
        .name = name,
        .direction = (enum lane_direction)in->direction,
        .subject = (enum lane_subject)in->subject,
        .open_coil = (uint16_t)in->open_coil,
        .open_ms = in->open_ms,
        .pass_ms = in->pass_ms,
        .passage = point(in->has_passage_input, in->passage_input),
        .tamper = point(in->has_tamper_input, in->tamper_input),
        .button = point(in->has_button_input, in->button_input),
        .held = point(in->has_held_input, in->held_input),
        .display = point(in->has_display, in->display),
        .unknown_clock_grants = in->unknown_clock_grants,
        .mode = (enum lane_mode)in->mode,
        .second = (enum second_credential)in->second,
        .pair_ms = in->pair_ms != 0 ? in->pair_ms : LIMIT_PAIR_MS,
        .driver = in->driver,
        .answer_ms = in->answer_ms != 0 ? in->answer_ms : LIMIT_ANSWER_MS,
        .lease_over = (enum lease_policy)in->lease_over,
        .actuator = (enum lane_actuator)in->actuator,
        .crush = point(in->has_crush_input, in->crush_input),
        .manual = point(in->has_manual_input, in->manual_input),
    };
    copy_title(&lane->title, in->title, in->title_zh);
    if (in->direction < LANE_IN || in->direction > LANE_BOTH) {
        return "direction";
    }
    if (in->subject > SUBJECT_VEHICLES || in->mode > LANE_MODE_LOCKED) {
        return "subject, mode";
    }
    if (in->actuator > ACTUATOR_BOLLARD) {
        return "actuator";
    }
    if (in->second > SECOND_FACE_OR_PIN) {
        return "second";
    }
    if (in->lease_over > LEASE_POLICY_AUTHENTICATED) {
        return "lease_over";
    }
    return !copy_name(in->gate, &lane->gate)               ? "gate"
           : !copy_name(in->zone, &lane->zone)             ? "zone"
           : !copy_name(in->outer_zone, &lane->outer_zone) ? "outer_zone"
           : !copy_name(in->board, &lane->board)           ? "board"
           : !copy_name(in->interlock, &lane->interlock)   ? "interlock"
                                                           : NULL;
}

static void copy_card(struct park_card *card, const Parkgate__ParkReader *in)
{
    *card = (struct park_card){.has_key_file = in->desfire_key_file[0] != '\0',
                               .has_uid_key_file = in->desfire_uid_key_file[0] != '\0',
                               .key_no = in->desfire_key_no,
                               .uid_key_no = in->desfire_uid_key_no,
                               .exchange_ms = in->exchange_ms};
    copy_text(card->aid, sizeof(card->aid), in->desfire_aid);
    copy_text(card->system_id, sizeof(card->system_id), in->desfire_system_id);
}

static const char *add_reader(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkReader *in = message;
    struct park_reader *reader = &park->readers[park->reader_count++];
    *reader =
        (struct park_reader){.name = name,
                             .driver = (enum reader_driver)in->driver,
                             .direction = (enum lane_direction)in->direction,
                             .has_device_id = in->device_id[0] != '\0',
                             .control = (enum terminal_control)in->control,
                             .has_account = in->user[0] != '\0' && in->secret_file[0] != '\0'};
    copy_text(reader->terminal, sizeof(reader->terminal), in->terminal);
    if (in->control > TERMINAL_NO_RELAY) {
        return "control";
    }
    if (strlen(in->terminal) >= sizeof(reader->terminal)) {
        return "terminal";
    }
    copy_text(reader->time_zone, sizeof(reader->time_zone), in->time_zone);
    if (in->driver < DRIVER_NFC || in->driver > DRIVER_JSON) {
        return "driver";
    }
    if (in->columns[0] != '\0' && strcmp(in->columns, "status-verify") != 0 &&
        strcmp(in->columns, "verify-status") != 0) {
        return "columns";
    }
    copy_card(&reader->card, in);
    return !copy_name(in->lane, &reader->lane) ? "lane" : NULL;
}

static const char *add_board(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkBoard *in = message;
    struct park_board *board = &park->boards[park->board_count++];
    *board = (struct park_board){.name = name,
                                 .has_flash = in->has_flash,
                                 .has_counters = in->has_counters,
                                 .poll_ms = in->poll_ms,
                                 .shortest_pulse_ms = in->shortest_pulse_ms,
                                 .unit = in->unit,
                                 .baud = in->baud,
                                 .fire = point(in->has_fire_input, in->fire_input),
                                 .reset = point(in->has_reset_input, in->reset_input),
                                 .fire_closes = in->fire_closes,
                                 .fire_broadcast = in->fire_broadcast};
    copy_text(board->address, sizeof(board->address), in->address);
    board->rtu = strcmp(in->transport, "rtu") == 0;
    if (!board->rtu && strcmp(in->transport, "tcp") != 0) {
        return "transport";
    }
    if (in->address[0] == '\0' || strlen(in->address) >= sizeof(board->address)) {
        return "address";
    }
    return !copy_name(in->gate, &board->gate) ? "gate" : NULL;
}

static const char *add_tenant(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkTenant *in = message;
    struct park_tenant *tenant = &park->tenants[park->tenant_count++];
    *tenant = (struct park_tenant){
        .name = name, .cut_minute = (uint16_t)in->cut_minute, .capacity = in->capacity};
    copy_title(&tenant->title, in->title, in->title_zh);
    if (in->n_zone > LIMIT_ZONES_PER_TENANT) {
        return "zones";
    }
    for (size_t i = 0; i < in->n_zone; i++) {
        if (!copy_name(in->zone[i], &tenant->zones[tenant->zone_count++])) {
            return "zones";
        }
    }
    if (in->cut_minute > 1439) {
        return "cut";
    }
    return !copy_name(in->schedule, &tenant->schedule) ? "schedule" : NULL;
}

static const char *add_shift(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkShift *in = message;
    if (in->start_minute > 1439 || in->end_minute > 1440 || in->early_minutes > 720) {
        return "start, end, early_minutes";
    }
    park->shifts[park->shift_count++] =
        (struct park_shift){.name = name,
                            .start_minute = (uint16_t)in->start_minute,
                            .end_minute = (uint16_t)in->end_minute,
                            .early_minutes = (uint16_t)in->early_minutes};
    return NULL;
}

static const char *add_schedule(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkSchedule *in = message;
    struct park_schedule *schedule = &park->schedules[park->schedule_count++];
    *schedule = (struct park_schedule){.name = name};
    if (in->n_days > SCHEDULE_WINDOWS_MAX || in->n_start_minute != in->n_days ||
        in->n_end_minute != in->n_days) {
        return "windows";
    }
    for (size_t i = 0; i < in->n_days; i++) {
        if (in->days[i] > EVERY_WEEKDAY || in->start_minute[i] > 1439 || in->end_minute[i] > 1440) {
            return "windows";
        }
        schedule->weekly.windows[schedule->weekly.window_count++] = (struct week_window){
            .weekdays = (uint8_t)in->days[i],
            .hours = {.start_minute = (uint16_t)in->start_minute[i],
                      .end_minute = (uint16_t)in->end_minute[i]}
        };
    }
    return NULL;
}

static const char *add_passback(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkPassback *in = message;
    struct park_passback *rule = &park->passbacks[park->passback_count++];
    *rule = (struct park_passback){.name = name,
                                   .mode = (enum passback_mode)in->mode,
                                   .minutes = in->minutes,
                                   .vehicles = in->vehicles};
    if (in->mode < PASSBACK_MODE_HARD || in->mode > PASSBACK_MODE_TIMED) {
        return "mode";
    }
    for (size_t i = 0; i < in->n_kind; i++) {
        if (in->kind[i] < PERSON_STAFF || in->kind[i] > PERSON_VISITOR) {
            return "for";
        }
        rule->kinds |= 1U << in->kind[i];
    }
    if (in->n_zone > LIMIT_ZONES ||
        !copy_names(in->zone, in->n_zone, rule->zones, &rule->zone_count)) {
        return "zones";
    }
    return in->n_tenant > LIMIT_TENANTS ||
                   !copy_names(in->tenant, in->n_tenant, rule->tenants, &rule->tenant_count)
               ? "tenants"
               : NULL;
}

static const char *add_alert(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkAlert *in = message;
    struct park_alert *rule = &park->alerts[park->alert_count++];
    *rule = (struct park_alert){.name = name,
                                .priority = (uint8_t)in->priority,
                                .has_reactivate = in->has_reactivate != 0,
                                .reactivate_s = in->reactivate_s};
    if (in->priority > 5) {
        return "priority";
    }
    if (in->n_limit_s > ALERT_LIMIT_COUNT || in->reactivate_s > LIMIT_ALERT_S_MAX) {
        return "acknowledge_s, dispatch_s, decide_s, reactivate_s";
    }
    for (size_t i = 0; i < in->n_limit_s; i++) {
        if (in->limit_s[i] > LIMIT_ALERT_S_MAX) {
            return "acknowledge_s, dispatch_s, decide_s";
        }
        rule->limit_s[i] = in->limit_s[i];
    }
    copy_text(rule->procedure, sizeof(rule->procedure), in->procedure);
    copy_text(rule->procedure_zh, sizeof(rule->procedure_zh), in->procedure_zh);
    return in->n_tell > LIMIT_ALERT_TELL ||
                   !copy_names(in->tell, in->n_tell, rule->tell, &rule->tell_count)
               ? "tell"
               : NULL;
}

static const char *add_clearance(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkClearance *in = message;
    struct park_clearance *clearance = &park->clearances[park->clearance_count++];
    *clearance = (struct park_clearance){.name = name};
    copy_title(&clearance->title, in->title, in->title_zh);
    return NULL;
}

static const char *add_holiday(struct park *park, struct name name, const void *message)
{
    const Parkgate__ParkHoliday *in = message;
    (void)name;
    if (park->holidays.count >= HOLIDAYS_MAX) {
        return "number of holidays";
    }
    size_t at = park->holidays.count++;
    park->holidays.days[at] = (struct holiday){.day = in->date};
    return !copy_name(in->schedule, &park->holiday_schedules[at]) ? "schedule" : NULL;
}

struct row_kind {
    enum park_kind kind;
    const char *word;
    const ProtobufCMessageDescriptor *descriptor;
    const char *(*add)(struct park *park, struct name name, const void *message);
    size_t count_offset;
    size_t limit; /* 0: unchecked here */
};

#define COUNT(field) offsetof(struct park, field)

static const struct row_kind row_kinds[] = {
    {PARK_SITE,      "park",      &parkgate__park_site__descriptor,      add_site,      0,                   0               },
    {PARK_ZONE,      "zone",      &parkgate__park_zone__descriptor,      add_zone,      COUNT(zone_count),   LIMIT_ZONES     },
    {PARK_GATE,      "gate",      &parkgate__park_gate__descriptor,      add_gate,      COUNT(gate_count),   LIMIT_GATES     },
    {PARK_LANE,      "lane",      &parkgate__park_lane__descriptor,      add_lane,      COUNT(lane_count),   LIMIT_LANES     },
    {PARK_READER,    "reader",    &parkgate__park_reader__descriptor,    add_reader,    COUNT(reader_count),
     LIMIT_READERS                                                                                                           },
    {PARK_BOARD,     "board",     &parkgate__park_board__descriptor,     add_board,     COUNT(board_count),
     LIMIT_BOARDS                                                                                                            },
    {PARK_TENANT,    "tenant",    &parkgate__park_tenant__descriptor,    add_tenant,    COUNT(tenant_count),
     LIMIT_TENANTS                                                                                                           },
    {PARK_SHIFT,     "shift",     &parkgate__park_shift__descriptor,     add_shift,     COUNT(shift_count),
     LIMIT_SHIFTS                                                                                                            },
    {PARK_SCHEDULE,  "schedule",  &parkgate__park_schedule__descriptor,  add_schedule,
     COUNT(schedule_count),                                                                                  LIMIT_SCHEDULES },
    {PARK_HOLIDAY,   "holiday",   &parkgate__park_holiday__descriptor,   add_holiday,   0,                   0               },
    {PARK_CLEARANCE, "clearance", &parkgate__park_clearance__descriptor, add_clearance,
     COUNT(clearance_count),                                                                                 LIMIT_CLEARANCES},
    {PARK_PASSBACK,  "passback",  &parkgate__park_passback__descriptor,  add_passback,
     COUNT(passback_count),                                                                                  LIMIT_PASSBACKS },
    {PARK_ALERT,     "alert",     &parkgate__park_alert__descriptor,     add_alert,     COUNT(alert_count),
     LIMIT_ALERT_RULES                                                                                                       },
};

static const struct row_kind *find_kind(uint32_t kind)
{
    for (size_t i = 0; i < ARRAY_LEN(row_kinds); i++) {
        if ((uint32_t)row_kinds[i].kind == kind) {
            return &row_kinds[i];
        }
    }
    return NULL;
}

bool park_add_row(struct park *park, uint32_t kind, const char *name, struct bytes body,
                  struct complaint *c)
{
    const struct row_kind *row = find_kind(kind);
    struct name read = {{0}};
    if (row == NULL) {
        return complain(c, ERROR_PARK_FILE, "a row of a kind that this version does not know", NULL,
                        NULL, NULL);
    }
    if (!name_from_text(name, &read)) {
        return complain(c, ERROR_PARK_VALUE, row->word, name, "name",
                        "1 to 31 of a-z 0-9 - and . , beginning with a letter or digit");
    }
    if (row->limit != 0 &&
        *(const size_t *)(const void *)((const char *)park + row->count_offset) >= row->limit) {
        char limit[24];
        (void)snprintf(limit, sizeof(limit), "%zu", row->limit);
        return complain(c, ERROR_LIMIT_REACHED, row->word, limit, NULL, NULL);
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(row->descriptor, NULL, body.size, body.data);
    if (message == NULL) {
        return complain(c, ERROR_PARK_VALUE, row->word, name, "row", "it cannot be read");
    }
    const char *field = row->add(park, read, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return field == NULL || complain(c, ERROR_PARK_VALUE, row->word, name, field, "out of bounds");
}

enum err park_load(struct store_txn *txn, struct park *ret_park, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value = {0};
    struct complaint c = {0};
    keybuf_begin(&prefix);
    keybuf_text(&prefix, "config_version");
    memset(ret_park, 0, sizeof(*ret_park));
    enum err err = store_get(txn, TABLE_META, keybuf_view(&prefix), &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader number = reader_of(value);
    ret_park->config_version = reader_u64(&number);
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, ret_park->config_version);
    TRY(store_iter_prefix(txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        (void)reader_u64(&r);
        uint8_t kind = reader_u8(&r);
        const char *name = (const char *)key.data + r.at; /* ends in NUL: keybuf_text */
        if (r.bad || key.data[key.size - 1] != '\0' ||
            !park_add_row(ret_park, kind, name, value, &c)) {
            return fault_set(fault, ERR_CORRUPT, "park: a stored row cannot be used");
        }
    }
    park_finish(ret_park);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_staged(struct park *park, struct bytes value, struct complaint *c,
                           struct fault *fault)
{
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, value.size, value.data);
    if (row == NULL) {
        return fault_set(fault, ERR_INPUT, "park: a staged row cannot be read");
    }
    bool added = park_add_row(park, row->kind, row->name,
                              (struct bytes){.data = row->body.data, .size = row->body.len}, c);
    parkgate__park_row__free_unpacked(row, NULL);
    return added ? ERR_OK : fault_set(fault, ERR_INPUT, "park: a staged row is refused");
}

enum err park_load_staged(struct store_txn *txn, uint64_t stage, struct park *ret_park,
                          uint32_t *ret_count, struct complaint *c, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    memset(ret_park, 0, sizeof(*ret_park));
    *ret_count = 0;
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, stage);
    TRY(store_iter_prefix(txn, TABLE_STAGED_ROW, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(add_staged(ret_park, value, c, fault));
        (*ret_count)++;
    }
    park_finish(ret_park);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
