#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/agents.h"
#include "controller/app/faults.h"
#include "controller/app/park_change.h"
#include "controller/app/sight.h"
#include "controller/app/zone_alerts.h"
#include "controller/journal/journal.h"

/* --- status --- */

static enum err list_faults(struct controller *ctl, struct answer *a, uint64_t *ret_open,
                            struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(ctl->txn, TABLE_FAULT, (struct bytes){0}, LIMIT_ROWS_PER_MESSAGE, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__fault_record__descriptor, &message, fault));
        const Parkgate__FaultRecord *record = (void *)message;
        answer_begin_row(a);
        answer_text(a, record->word);
        answer_wall(a, (struct wall){record->since_us});
        answer_text(a, record->gate);
        answer_text(a, record->lane);
        answer_text(a, record->text);
        answer_text(a, record->text_zh);
        (void)answer_end_row(a);
        store_message_destroy(&message);
    }
    TRY(store_count(ctl->txn, TABLE_FAULT, ret_open, fault));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static int64_t gates_online(const struct controller *ctl)
{
    int64_t online = 0;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        online += ctl->sessions.items[i].used && !ctl->sessions.items[i].away;
    }
    return online;
}

/* An emergency stands before everything else. */
static enum err note_state(struct controller *ctl, struct answer *a, uint64_t open_faults,
                           struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(emergency_get(ctl->txn, &record, fault));
    if (record != NULL && record->state != EMERGENCY_NONE) {
        answer_note(a, "state", emergency_name(record->state));
        answer_note_number(a, "emergency_us", record->at_us);
        answer_note(a, "emergency_by", record->by);
        answer_note(a, "emergency_entries", record->admits ? "run-on" : "closed");
    } else {
        answer_note(a, "state",
                    ctl->store_full   ? "store-full"
                    : open_faults > 0 ? "faults"
                                      : "good");
    }
    if (record != NULL) {
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

static enum err on_status(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct journal_head head;
    struct store_stats stats;
    struct answer *a = request->answer;
    uint64_t open = 0;
    uint64_t subjects = 0;
    uint64_t told = 0;
    answer_columns(a, "fault,since_us,gate,lane,text,text_zh");
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(sight_told(ctl, request, head.sequence, &told, fault));
    TRY(list_faults(ctl, a, &open, fault));
    TRY(store_count(ctl->txn, TABLE_SUBJECT_OPEN, &subjects, fault));
    store_stats_of(ctl->store, &stats);
    answer_note(a, "park", ctl->park->title.en);
    answer_note(a, "park_zh", ctl->park->title.zh);
    answer_note(a, "time_zone", ctl->park->time_zone);
    TRY(note_state(ctl, a, open, fault));
    answer_note_number(a, "time_us", ctl->now.us);
    answer_note_number(a, "journal_seq", (int64_t)told);
    answer_note_number(a, "config_version", (int64_t)ctl->park->config_version);
    answer_note_number(a, "open_faults", (int64_t)open);
    answer_note_number(a, "gates_online", gates_online(ctl));
    answer_note_number(a, "gates", (int64_t)ctl->park->gate_count);
    answer_note_number(a, "store_used_percent", stats.used_percent);
    answer_note_number(a, "subjects_open", (int64_t)subjects);
    answer_note_number(a, "frames_refused", (int64_t)ctl->frames_refused);
    return ERR_OK;
}

/* --- the park file --- */

static const char *kind_word(uint32_t kind)
{
    static const char *const words[] = {"",        "park",      "zone",    "gate",  "lane",
                                        "reader",  "board",     "tenant",  "shift", "schedule",
                                        "holiday", "clearance", "passback"};
    return kind < ARRAY_LEN(words) ? words[kind] : "unknown";
}

typedef enum err row_visitor(void *ctx, uint32_t kind, const char *name, struct bytes body,
                             struct fault *fault);

/* The rows of the park of the day. */
static enum err each_row(struct controller *ctl, row_visitor *visit, void *ctx, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, ctl->park->config_version);
    TRY(store_iter_prefix(ctl->txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(visit(ctx, key.data[8], (const char *)key.data + 9, value, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct listing {
    struct controller *ctl;
    struct answer *answer;
    const struct park *staged;
    int64_t changes;
};

static enum err show_row(void *ctx, uint32_t kind, const char *name, struct bytes body,
                         struct fault *fault)
{
    struct listing *listing = ctx;
    char text[PARK_ROW_TEXT_SIZE];
    (void)body;
    (void)fault;
    park_row_text(listing->ctl->park, kind, name, text);
    answer_begin_row(listing->answer);
    answer_text(listing->answer, kind_word(kind));
    answer_text(listing->answer, name);
    answer_text(listing->answer, text);
    (void)answer_end_row(listing->answer);
    return ERR_OK;
}

static enum err on_park_show(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct listing listing = {.ctl = ctl, .answer = request->answer};
    answer_columns(request->answer, "kind,name,text");
    answer_note_number(request->answer, "config_version", (int64_t)ctl->park->config_version);
    return each_row(ctl, show_row, &listing, fault);
}

static enum err on_park_stage(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint64_t stage = 0;
    enum err err = ERR_OK;
    if (request_number_or_none(request, "stage", UINT64_MAX, &stage) &&
        park_change_stage(ctl, &stage, request->message->row, request->message->n_row,
                          request->key->name, &request->answer->complaint, &err, fault)) {
        answer_note_number(request->answer, "stage", (int64_t)stage);
    }
    return err;
}

/* A change shows both sides, where what people are told of the row differs. */
static void change_row(struct listing *listing, const char *change, uint32_t kind, const char *name)
{
    char before[PARK_ROW_TEXT_SIZE];
    char after[PARK_ROW_TEXT_SIZE];
    char both[2 * PARK_ROW_TEXT_SIZE + 8];
    park_row_text(listing->ctl->park, kind, name, before);
    park_row_text(listing->staged, kind, name, after);
    bool differ = before[0] != '\0' && after[0] != '\0' && strcmp(before, after) != 0;
    (void)snprintf(both, sizeof(both), "%s%s%s", differ || after[0] == '\0' ? before : "",
                   differ ? " -> " : "", after);
    listing->changes++;
    answer_begin_row(listing->answer);
    answer_text(listing->answer, change);
    answer_text(listing->answer, kind_word(kind));
    answer_text(listing->answer, name);
    answer_text(listing->answer, both);
    (void)answer_end_row(listing->answer);
}

static enum err removed_row(void *ctx, uint32_t kind, const char *name, struct bytes body,
                            struct fault *fault)
{
    struct listing *listing = ctx;
    (void)body;
    (void)fault;
    if (kind != PARK_TENANT && !park_change_has(listing->staged, kind, name)) {
        change_row(listing, "remove", kind, name);
    }
    return ERR_OK;
}

static enum err compare_staged_row(struct listing *listing, struct bytes packed,
                                   struct fault *fault)
{
    struct keybuf key;
    struct bytes now = {0};
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
    if (row == NULL) {
        return fault_set(fault, ERR_CORRUPT, "park: a staged row cannot be read");
    }
    keybuf_begin(&key);
    keybuf_u64(&key, listing->ctl->park->config_version);
    keybuf_u8(&key, (uint8_t)row->kind);
    keybuf_text(&key, row->name);
    enum err err = store_get(listing->ctl->txn, TABLE_PARK, keybuf_view(&key), &now, fault);
    if (err == ERR_NOT_FOUND) {
        change_row(listing, "add", row->kind, row->name);
        err = ERR_OK;
    } else if (err == ERR_OK && !bytes_equal(now, field_view(&row->body))) {
        change_row(listing, "change", row->kind, row->name);
    }
    parkgate__park_row__free_unpacked(row, NULL);
    return err;
}

static enum err compare_all(struct listing *listing, uint64_t stage, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, stage);
    TRY(store_iter_prefix(listing->ctl->txn, TABLE_STAGED_ROW, keybuf_view(&prefix), UINT64_MAX,
                          &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(compare_staged_row(listing, value, fault));
    }
    return err == ERR_NOT_FOUND ? each_row(listing->ctl, removed_row, listing, fault) : err;
}

static enum err on_park_diff(struct controller *ctl, struct request *request, struct fault *fault)
{
    static struct park staged; /* one thread; too large for the stack */
    struct listing listing = {.ctl = ctl, .answer = request->answer, .staged = &staged};
    uint64_t stage = 0;
    uint32_t count = 0;
    enum err err = ERR_OK;
    if (!request_number_or_none(request, "stage", UINT64_MAX, &stage) ||
        !park_change_check(ctl, stage, &staged, &count, &request->answer->complaint, &err, fault)) {
        return err;
    }
    answer_columns(request->answer, "change,kind,name,text");
    TRY(compare_all(&listing, stage, fault));
    answer_note_number(request->answer, "config_version", (int64_t)ctl->park->config_version);
    answer_note_number(request->answer, "changes", listing.changes);
    return ERR_OK;
}

static enum err on_park_commit(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint64_t stage = 0;
    uint64_t version = 0;
    enum err err = ERR_OK;
    if (!request_number_or_none(request, "stage", UINT64_MAX, &stage) ||
        !request_number_or_none(request, "config_version", UINT64_MAX, &version)) {
        return ERR_OK;
    }
    if (version != ctl->park->config_version) {
        (void)request_refuse(request, ERROR_PARK_CHANGED, NULL, NULL, NULL);
        return ERR_OK;
    }
    if (!park_change_commit(ctl, stage, request->key->name, &request->answer->complaint, &err,
                            fault)) {
        return err;
    }
    answer_note_number(request->answer, "config_version", (int64_t)ctl->park->config_version);
    TRY(faults_after_change(ctl, fault));
    TRY(zone_alerts_after_change(ctl, fault));
    return agents_push_config(ctl, fault);
}

/* --- tenants --- */

static bool minute_of(struct request *request, const char *name, uint32_t *ret_minute)
{
    const char *text = request_arg(request, name);
    unsigned hour = 0;
    unsigned minute = 0;
    char rest = 0;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    if (sscanf(text, "%2u:%2u%c", &hour, &minute, &rest) != 2 || hour > 23 || minute > 59) {
        return request_refuse(request, ERROR_ARG_BAD, name, text, "a time as HH:MM");
    }
    *ret_minute = hour * 60 + minute;
    return true;
}

static enum err on_tenant_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name name;
    struct name schedule = {{0}};
    const char *title = NULL;
    const char *zone_text = NULL;
    char list[LIMIT_ARG_BYTES + 1];
    char *zones[LIMIT_ZONES_PER_TENANT];
    uint8_t body[2048];
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    if (!request_name(request, "name", &name) || !request_need(request, "title", &title) ||
        !request_need(request, "zones", &zone_text) ||
        !minute_of(request, "cut", &tenant.cut_minute) ||
        !request_name_or_none(request, "schedule", &schedule)) {
        return ERR_OK;
    }
    (void)snprintf(list, sizeof(list), "%s", zone_text);
    tenant.zone = zones;
    if (!request_names(request, "zone", list, request_zone_exists, ctl->park, zones,
                       LIMIT_ZONES_PER_TENANT, &tenant.n_zone)) {
        return ERR_OK;
    }
    if (schedule.text[0] != '\0' && park_schedule(ctl->park, schedule) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "schedule", schedule.text, NULL);
        return ERR_OK;
    }
    if (park_tenant(ctl->park, name) != NULL) {
        (void)request_refuse(request, ERROR_EXISTS, "tenant", name.text, NULL);
        return ERR_OK;
    }
    if (ctl->park->tenant_count == LIMIT_TENANTS || strlen(title) >= PARK_TITLE_SIZE) {
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "tenants, or bytes of a title",
                             "200, 95", NULL);
        return ERR_OK;
    }
    const char *title_zh = request_arg(request, "title_zh");
    tenant.title = field_text(title);
    tenant.title_zh = field_text(title_zh == NULL ? "" : title_zh);
    tenant.schedule = schedule.text;
    row.kind = PARK_TENANT;
    row.name = name.text;
    if (parkgate__park_tenant__get_packed_size(&tenant) > sizeof(body)) {
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "a tenant's row", "2048", NULL);
        return ERR_OK;
    }
    row.body =
        (ProtobufCBinaryData){.data = body, .len = parkgate__park_tenant__pack(&tenant, body)};
    TRY(controller_record(ctl, ENTRY_TENANT, request->key->name, &row.base, fault));
    return controller_reload(ctl, ctl->txn, fault);
}

static enum err set_tenant_state(struct controller *ctl, struct request *request, bool suspend,
                                 struct fault *fault)
{
    struct name name;
    const char *reason = NULL;
    bool suspended = false;
    Parkgate__TenantState state = PARKGATE__TENANT_STATE__INIT;
    if (!request_name(request, "name", &name) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    if (park_tenant(ctl->park, name) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "tenant", name.text, NULL);
        return ERR_OK;
    }
    TRY(people_tenant_suspended(ctl->txn, name, &suspended, fault));
    if (suspended == suspend) {
        (void)request_refuse(request, ERROR_SAME_STATE, "tenant", name.text, NULL);
        return ERR_OK;
    }
    state.tenant = name.text;
    state.suspended = suspend;
    state.reason = field_text(reason);
    return controller_record(ctl, ENTRY_TENANT_STATE, request->key->name, &state.base, fault);
}

static enum err on_tenant_suspend(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    return set_tenant_state(ctl, request, true, fault);
}

static enum err on_tenant_resume(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    return set_tenant_state(ctl, request, false, fault);
}

static void zone_list(const struct park_tenant *tenant, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < tenant->zone_count && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "",
                                 tenant->zones[i].text);
    }
}

static enum err on_tenant_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct answer *a = request->answer;
    answer_columns(a, "tenant,title,title_zh,state,zones,cut");
    for (size_t i = 0; i < ctl->park->tenant_count; i++) {
        const struct park_tenant *tenant = &ctl->park->tenants[i];
        char zones[512];
        char cut[8];
        bool suspended = false;
        TRY(people_tenant_suspended(ctl->txn, tenant->name, &suspended, fault));
        zone_list(tenant, zones, sizeof(zones));
        (void)snprintf(cut, sizeof(cut), "%02u:%02u", tenant->cut_minute / 60U % 24U,
                       tenant->cut_minute % 60U);
        answer_begin_row(a);
        answer_text(a, tenant->name.text);
        answer_text(a, tenant->title.en);
        answer_text(a, tenant->title.zh);
        answer_text(a, suspended ? "suspended" : "active");
        answer_text(a, zones);
        answer_text(a, cut);
        (void)answer_end_row(a);
    }
    return ERR_OK;
}

const struct verb_handler verbs_of_park[] = {
    {"status",         on_status        },
    {"park.show",      on_park_show     },
    {"park.stage",     on_park_stage    },
    {"park.diff",      on_park_diff     },
    {"park.commit",    on_park_commit   },
    {"tenant.add",     on_tenant_add    },
    {"tenant.suspend", on_tenant_suspend},
    {"tenant.resume",  on_tenant_resume },
    {"tenant.list",    on_tenant_list   },
};
const size_t verbs_of_park_count = ARRAY_LEN(verbs_of_park);
