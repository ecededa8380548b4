#include <stdio.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"

static enum err names_shown_today(struct controller *ctl, const char *key_name, int32_t day,
                                  uint32_t *ret_names, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, key_name);
    keybuf_u32(&key, (uint32_t)day);
    enum err err = store_get_message(ctl->txn, TABLE_LOOKUP, keybuf_view(&key),
                                     &parkgate__lookup_sum__descriptor, &message, fault);
    *ret_names = 0;
    if (err == ERR_OK) {
        *ret_names = ((Parkgate__LookupSum *)(void *)message)->names;
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool has_room(struct controller *ctl, struct request *request, size_t names, size_t a_call,
                     enum err *ret_err, struct fault *fault)
{
    char call_text[16];
    char day_text[16];
    uint32_t shown = 0;
    *ret_err =
        names_shown_today(ctl, request->key->name, controller_today(ctl), &shown, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    (void)snprintf(call_text, sizeof(call_text), "%zu", a_call);
    (void)snprintf(day_text, sizeof(day_text), "%d", LIMIT_NAMES_PER_DAY);
    return (names <= a_call && shown + names <= LIMIT_NAMES_PER_DAY) ||
           request_refuse(request, ERROR_TOO_MANY_NAMES, call_text, day_text, NULL);
}

static enum err record(struct controller *ctl, struct request *request,
                       const struct handle *holders, size_t known, size_t names,
                       const char *reason, struct fault *fault)
{
    Parkgate__Lookup lookup = PARKGATE__LOOKUP__INIT;
    ProtobufCBinaryData fields[LIMIT_ROWS_PER_MESSAGE];
    MUST(known <= LIMIT_ROWS_PER_MESSAGE);
    for (size_t i = 0; i < known; i++) {
        fields[i] = people_field(&holders[i]);
    }
    lookup.verb = field_text(request->verb->name);
    lookup.reason = field_text(reason);
    lookup.names = (uint32_t)names;
    lookup.day = controller_today(ctl);
    lookup.n_holder = known;
    lookup.holder = fields;
    return controller_record(ctl, ENTRY_LOOKUP, request->key->name, &lookup.base, fault);
}

bool request_lookup(struct controller *ctl, struct request *request, const struct handle *holders,
                    size_t names, const char *reason, enum err *ret_err, struct fault *fault)
{
    if (!has_room(ctl, request, names, LIMIT_NAMES_PER_LOOKUP, ret_err, fault)) {
        return false;
    }
    *ret_err = record(ctl, request, holders, names, names, reason, fault);
    return *ret_err == ERR_OK;
}

bool request_lookup_lane(struct controller *ctl, struct request *request,
                         const struct handle *holders, size_t names, const char *reason,
                         enum err *ret_err, struct fault *fault)
{
    if (!has_room(ctl, request, names, LIMIT_ROWS_PER_MESSAGE, ret_err, fault)) {
        return false;
    }
    *ret_err = record(ctl, request, holders, names, names, reason, fault);
    return *ret_err == ERR_OK;
}

bool request_may_name(struct controller *ctl, struct request *request, size_t names,
                      enum err *ret_err, struct fault *fault)
{
    return has_room(ctl, request, names, LIMIT_NAMES_PER_DAY, ret_err, fault);
}

bool request_search(struct controller *ctl, struct request *request, const char *reason,
                    enum err *ret_err, struct fault *fault)
{
    request->search_reason = reason;
    return has_room(ctl, request, 1, LIMIT_NAMES_PER_LOOKUP, ret_err, fault);
}

enum err request_searched(struct controller *ctl, struct request *request, struct fault *fault)
{
    return request->search_reason != NULL && request->answer->complaint.number == ERROR_NOT_FOUND
               ? record(ctl, request, NULL, 0, 1, request->search_reason, fault)
               : ERR_OK;
}
