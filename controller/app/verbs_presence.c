#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/gather_presence.h"
#include "common/facts/lane_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/zone_store.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"
#include "schema/reasons.h"

/* --- zone.list --- */

static enum err zone_row(struct controller *ctl, const struct park_zone *zone, struct answer *a,
                         struct fault *fault)
{
    const struct facts_view view = controller_view(ctl);
    uint32_t inside = 0;
    uint32_t standing = 0;
    uint32_t crowd = 0;
    bool started = false;
    int32_t today = civil_of(&ctl->tz, ctl->now).day;
    TRY(zone_persons_get(ctl->txn, zone->name, &inside, fault));
    TRY(gather_standing(&view, zone->name, (struct handle){{0}}, ctl->now, &standing, fault));
    TRY(crowd_count(ctl->txn, zone->name, ctl->now, UINT32_MAX, &crowd, fault));
    TRY(zone_is_started(ctl->txn, zone->name, today, &started, fault));
    answer_begin_row(a);
    answer_text(a, zone->name.text);
    answer_number(a, inside);
    answer_number(a, standing);
    answer_number(a, zone->capacity);
    answer_number(a, zone->capacity_soft);
    answer_number(a, crowd);
    answer_number(a, zone->crowd);
    answer_text(a, !zone->first_person ? "" : started ? "yes" : "no");
    (void)answer_end_row(a);
    return ERR_OK;
}

static enum err on_zone_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    answer_columns(request->answer, "zone,inside,standing,capacity,soft,crowd,crowd_limit,started");
    for (size_t i = 0; i < ctl->park->zone_count; i++) {
        TRY(zone_row(ctl, &ctl->park->zones[i], request->answer, fault));
    }
    return ERR_OK;
}

/* --- passback --- */

/* Whom to forgive; a zero handle: all. False: refused, or *ret_err. */
static bool whom(struct controller *ctl, struct request *request, struct handle *ret_holder,
                 enum err *ret_err, struct fault *fault)
{
    const char *all = request_arg(request, "all");
    const char *person = request_arg(request, "person");
    Parkgate__HolderRecord *record = NULL;
    bool of_all = all != NULL && strcmp(all, "yes") == 0;
    *ret_holder = (struct handle){{0}};
    if (of_all) {
        return person == NULL || request_refuse(request, ERROR_ARG_BAD, "all", "yes",
                                                "give a person or all, not both");
    }
    if (!request_handle(request, "person", ret_holder)) {
        return false;
    }
    *ret_err = request_holder(ctl, request, *ret_holder, "person", &record, fault);
    if (*ret_err != ERR_OK || record == NULL) {
        return false;
    }
    parkgate__holder_record__free_unpacked(record, NULL);
    return true;
}

static enum err count_refused(struct controller *ctl, struct handle holder, uint64_t *ret_count,
                              struct fault *fault)
{
    struct bytes value;
    if (handle_is_none(holder)) {
        return store_count(ctl->txn, TABLE_PASSBACK, ret_count, fault);
    }
    enum err err = store_get(ctl->txn, TABLE_PASSBACK, BYTES_OF(holder.bytes), &value, fault);
    *ret_count = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_forgive(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle holder;
    const char *reason = NULL;
    uint64_t refused = 0;
    enum err err = ERR_OK;
    Parkgate__ForgiveRecord body = PARKGATE__FORGIVE_RECORD__INIT;
    if (!whom(ctl, request, &holder, &err, fault) || !request_need(request, "reason", &reason)) {
        return err;
    }
    TRY(count_refused(ctl, holder, &refused, fault));
    if (!handle_is_none(holder)) {
        body.holder = people_field(&holder);
    }
    body.at_us = ctl->now.us;
    body.reason = field_text(reason);
    TRY(controller_record(ctl, ENTRY_FORGIVE, request->key->name, &body.base, fault));
    answer_note_number(request->answer, "forgiven", (int64_t)refused);
    return ERR_OK;
}

static enum err presence_cells(struct controller *ctl, struct handle holder, struct answer *a,
                               struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(ctl->txn, TABLE_PRESENCE, BYTES_OF(holder.bytes),
                                     &parkgate__presence_record__descriptor, &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    const Parkgate__PresenceRecord *at = (const void *)message;
    bool inside = err == ERR_OK && at->inside;
    answer_text(a, inside ? at->zone : "");
    answer_wall(a, (struct wall){.us = inside ? at->since_us : 0});
    return ERR_OK;
}

static enum err refused_row(struct controller *ctl, struct bytes key, struct bytes value,
                            struct answer *a, bool *ret_fits, struct fault *fault)
{
    struct reader r = reader_of(key);
    struct handle holder = keybuf_read_handle(&r);
    Parkgate__HolderRecord *record = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__refused_record__descriptor, &message, fault));
    const Parkgate__RefusedRecord *refused = (const void *)message;
    enum err err = people_holder(ctl->txn, holder, &record, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    answer_begin_row(a);
    answer_handle(a, holder);
    answer_text(a, record == NULL ? "" : record->tenant);
    answer_text(a, refused->lane);
    answer_text(a, reason_text((enum reason)refused->reason)->name);
    if (record != NULL) {
        parkgate__holder_record__free_unpacked(record, NULL);
    }
    TRY(presence_cells(ctl, holder, a, fault));
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

static enum err on_passback_list(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    uint8_t last[HANDLE_SIZE + 1] = {0};
    size_t cursor_size = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    if (!request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    answer_columns(request->answer, "person,tenant,lane,reason,zone,since_us");
    TRY(store_iter_range(ctl->txn, TABLE_PASSBACK,
                         (struct bytes){.data = cursor, .size = cursor_size}, (struct bytes){0},
                         LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    bool fits = true;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK && fits) {
        TRY(refused_row(ctl, key, value, request->answer, &fits, fault));
        if (fits && key.size == HANDLE_SIZE) {
            memcpy(last, key.data, HANDLE_SIZE); /* with its 0: the first key behind it */
        }
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (!fits || iter.cut) {
        answer_more(request->answer, BYTES_OF(last));
    }
    return ERR_OK;
}

const struct verb_handler verbs_of_presence[] = {
    {"zone.list",        on_zone_list    },
    {"passback.forgive", on_forgive      },
    {"passback.list",    on_passback_list},
};
const size_t verbs_of_presence_count = ARRAY_LEN(verbs_of_presence);
