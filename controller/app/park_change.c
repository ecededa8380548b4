#include "controller/app/park_change.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/park_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/alerts.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"
#include "schema/verbs.h"

static enum err staged_count(struct controller *ctl, uint64_t stage, uint32_t *ret_count,
                             struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_count = 0;
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, stage);
    TRY(store_iter_prefix(ctl->txn, TABLE_STAGED_ROW, keybuf_view(&prefix), UINT64_MAX, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        (*ret_count)++;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool row_is_good(const ProtobufCBinaryData *packed, struct complaint *c)
{
    static struct park scratch; /* one thread; too large for the stack */
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed->len, packed->data);
    if (row == NULL) {
        return complain(c, ERROR_PARK_FILE, "a row cannot be read", NULL, NULL, NULL);
    }
    memset(&scratch, 0, sizeof(scratch));
    bool good = park_add_row(&scratch, row->kind, row->name,
                             (struct bytes){.data = row->body.data, .size = row->body.len}, c);
    parkgate__park_row__free_unpacked(row, NULL);
    return good;
}

static enum err new_stage(struct controller *ctl, uint64_t *ret_stage, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(ctl->txn, &head, fault));
    *ret_stage = head.sequence + 1;
    return ERR_OK;
}

bool park_change_stage(struct controller *ctl, uint64_t *stage, const ProtobufCBinaryData *rows,
                       size_t count, const char *actor, struct complaint *c, enum err *ret_err,
                       struct fault *fault)
{
    Parkgate__ParkSlice slice = PARKGATE__PARK_SLICE__INIT;
    *ret_err = ERR_OK;
    for (size_t i = 0; i < count; i++) {
        if (!row_is_good(&rows[i], c)) {
            return false;
        }
    }
    if (*stage == 0) {
        *ret_err = new_stage(ctl, stage, fault);
    }
    slice.stage = *stage;
    if (*ret_err == ERR_OK) {
        *ret_err = staged_count(ctl, *stage, &slice.first, fault);
    }
    slice.n_row = count;
    slice.row = (ProtobufCBinaryData *)(uintptr_t)rows;
    if (*ret_err == ERR_OK) {
        *ret_err = controller_record(ctl, ENTRY_PARK_SLICE, actor, &slice.base, fault);
    }
    return *ret_err == ERR_OK;
}

bool park_change_has(const struct park *park, uint32_t kind, const char *text)
{
    struct name name = {{0}};
    int32_t day = 0;
    (void)name_from_text(text, &name);
    switch (kind) {
    case PARK_SITE:
        return park->time_zone[0] != '\0';
    case PARK_ZONE:
        return park_zone(park, name) != NULL;
    case PARK_GATE:
        return park_gate(park, name) != NULL;
    case PARK_LANE:
        return park_lane(park, name) != NULL;
    case PARK_READER:
        return park_reader(park, name) != NULL;
    case PARK_BOARD:
        return park_board(park, name) != NULL;
    case PARK_TENANT:
        return park_tenant(park, name) != NULL;
    case PARK_SHIFT:
        return park_shift(park, name) != NULL;
    case PARK_SCHEDULE:
        return park_schedule(park, name) != NULL;
    case PARK_CLEARANCE:
        return park_clearance(park, name) != NULL;
    case PARK_PASSBACK:
        return park_passback(park, name) != NULL;
    case PARK_ALERT:
        return park_alert(park, name) != NULL;
    case PARK_HOLIDAY:
        for (size_t i = 0; civil_date_parse(bytes_of_text(text), &day) && i < park->holidays.count;
             i++) {
            if (park->holidays.days[i].day == day) {
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

/* Tenants of the day that the file does not name stay: they may have been made by command. */
static enum err keep_tenants(struct controller *ctl, uint64_t stage, const struct park *staged,
                             const char *actor, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, ctl->park->config_version);
    keybuf_u8(&prefix, PARK_TENANT);
    TRY(store_iter_prefix(ctl->txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        const char *name = (const char *)key.data + 9;
        if (park_change_has(staged, PARK_TENANT, name)) {
            continue;
        }
        uint8_t packed[STORE_VALUE_MAX];
        Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
        Parkgate__ParkSlice slice = PARKGATE__PARK_SLICE__INIT;
        row.kind = PARK_TENANT;
        row.name = field_text(name);
        row.body = field_of(value);
        MUST(parkgate__park_row__get_packed_size(&row) <= sizeof(packed));
        ProtobufCBinaryData kept = {.data = packed, .len = parkgate__park_row__pack(&row, packed)};
        slice.stage = stage;
        slice.n_row = 1;
        slice.row = &kept;
        TRY(staged_count(ctl, stage, &slice.first, fault));
        TRY(controller_record(ctl, ENTRY_PARK_SLICE, actor, &slice.base, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool no_such_stage(struct complaint *c)
{
    return complain(c, ERROR_NOT_FOUND, "stage", "of this number", NULL, NULL);
}

bool park_change_check(struct controller *ctl, uint64_t stage, struct park *ret_park,
                       uint32_t *ret_count, struct complaint *c, enum err *ret_err,
                       struct fault *fault)
{
    *ret_err = park_load_staged(ctl->txn, stage, ret_park, ret_count, c, fault);
    if (*ret_err == ERR_INPUT) {
        *ret_err = ERR_OK; /* *c has it */
        return false;
    }
    if (*ret_err != ERR_OK) {
        return false;
    }
    if (*ret_count == 0) {
        return no_such_stage(c);
    }
    if (ret_park->time_zone[0] == '\0') {
        return complain(c, ERROR_PARK_FILE, "the park itself (park: name, time_zone) is missing",
                        NULL, NULL, NULL);
    }
    return park_check(ret_park, c) && alert_rules_check(ret_park, c);
}

static bool time_zone_exists(const struct controller *ctl, const char *zone, const char *kind,
                             const char *name, struct complaint *c)
{
    struct tz_table table;
    return tz_load(ctl->zoneinfo, zone, &table, NULL) == ERR_OK ||
           complain(c, ERROR_PARK_VALUE, kind, name, "time_zone",
                    "not a time zone of this machine");
}

/* The park's, and those of devices that send local times. */
static bool time_zones_exist(const struct controller *ctl, const struct park *park,
                             struct complaint *c)
{
    for (size_t i = 0; i < park->reader_count; i++) {
        const struct park_reader *reader = &park->readers[i];
        if (reader->time_zone[0] != '\0' &&
            !time_zone_exists(ctl, reader->time_zone, "reader", reader->name.text, c)) {
            return false;
        }
    }
    return time_zone_exists(ctl, park->time_zone, "park", park->title.en, c);
}

bool park_change_commit(struct controller *ctl, uint64_t stage, const char *actor,
                        struct complaint *c, enum err *ret_err, struct fault *fault)
{
    static struct park staged; /* one thread; too large for the stack */
    Parkgate__ParkCommit commit = PARKGATE__PARK_COMMIT__INIT;
    *ret_err = park_load_staged(ctl->txn, stage, &staged, &commit.count, c, fault);
    if (*ret_err == ERR_OK && commit.count == 0) {
        return no_such_stage(c);
    }
    if (*ret_err == ERR_OK) {
        *ret_err = keep_tenants(ctl, stage, &staged, actor, fault);
    }
    if (*ret_err != ERR_OK && *ret_err != ERR_INPUT) {
        return false;
    }
    if (!park_change_check(ctl, stage, &staged, &commit.count, c, ret_err, fault)) {
        return false;
    }
    if (!time_zones_exist(ctl, &staged, c)) {
        return false;
    }
    commit.stage = stage;
    commit.config_version = ctl->park->config_version + 1;
    *ret_err = controller_record(ctl, ENTRY_PARK_COMMIT, actor, &commit.base, fault);
    if (*ret_err == ERR_OK) {
        *ret_err = controller_reload(ctl, ctl->txn, fault);
    }
    return *ret_err == ERR_OK;
}

/* --- first start --- */

static enum err record_genesis(struct controller *ctl, const Parkgate__Genesis *genesis,
                               struct fault *fault)
{
    struct handle store_id = controller_draw_handle(ctl);
    Parkgate__EntryGenesis entry = PARKGATE__ENTRY_GENESIS__INIT;
    Parkgate__KeyRecord key = PARKGATE__KEY_RECORD__INIT;
    entry.store_id = field_of(BYTES_OF(store_id.bytes));
    entry.park = genesis->park;
    TRY(controller_record(ctl, ENTRY_GENESIS, genesis->admin_name, &entry.base, fault));
    key.name = genesis->admin_name;
    key.public_key = genesis->admin_public;
    key.roles = 1U << ROLE_ADMIN;
    key.added_us = ctl->now.us;
    return controller_record(ctl, ENTRY_KEY, genesis->admin_name, &key.base, fault);
}

bool park_change_genesis(struct controller *ctl, const Parkgate__Genesis *genesis,
                         struct complaint *c, enum err *ret_err, struct fault *fault)
{
    uint64_t stage = 0;
    struct name admin;
    if (genesis->admin_public.len != LINK_KEY_SIZE ||
        !name_from_text(genesis->admin_name, &admin)) {
        return complain(c, ERROR_PARK_FILE,
                        "genesis.pb names no admin key; run parkgate init again", NULL, NULL, NULL);
    }
    *ret_err = record_genesis(ctl, genesis, fault);
    for (size_t at = 0; *ret_err == ERR_OK && at < genesis->n_row; at += LIMIT_ROWS_PER_MESSAGE) {
        size_t left = genesis->n_row - at;
        size_t count = left < LIMIT_ROWS_PER_MESSAGE ? left : LIMIT_ROWS_PER_MESSAGE;
        if (!park_change_stage(ctl, &stage, genesis->row + at, count, genesis->admin_name, c,
                               ret_err, fault)) {
            return false;
        }
    }
    return *ret_err == ERR_OK &&
           park_change_commit(ctl, stage, genesis->admin_name, c, ret_err, fault);
}
