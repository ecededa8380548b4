/* Clearances: what a person must hold to enter some zones, each with an end. The park records them;
 * the tenant is told before one ends. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/clearance_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/notices.h"
#include "controller/app/request.h"

/* A person of the request and a clearance of the park. *ret_holder NULL: refused. */
static enum err named(struct controller *ctl, struct request *request, struct name *ret_clearance,
                      Parkgate__HolderRecord **ret_holder, struct fault *fault)
{
    struct handle person;
    *ret_holder = NULL;
    if (!request_handle(request, "person", &person) ||
        !request_name(request, "clearance", ret_clearance)) {
        return ERR_OK;
    }
    if (park_clearance(ctl->park, *ret_clearance) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "clearance", ret_clearance->text, NULL);
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, person, "person", ret_holder, fault));
    if (*ret_holder != NULL && (*ret_holder)->vehicle) {
        parkgate__holder_record__free_unpacked(*ret_holder, NULL);
        *ret_holder = NULL;
        (void)request_refuse(request, ERROR_NOT_FOUND, "person", "of this handle", NULL);
    }
    return ERR_OK;
}

static bool read_term(struct controller *ctl, struct request *request,
                      Parkgate__ClearanceRecord *record)
{
    record->from_us = ctl->now.us;
    if (!request_day_us(ctl, request, "from", false, &record->from_us) ||
        !request_day_us(ctl, request, "until", true, &record->until_us)) {
        return false;
    }
    return record->until_us == 0 || record->until_us > record->from_us ||
           request_refuse(request, ERROR_ARG_BAD, "until", request_arg(request, "until"),
                          "not before the first day");
}

static enum err on_clearance_add(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct name clearance;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__ClearanceRecord record = PARKGATE__CLEARANCE_RECORD__INIT;
    const char *document = request_arg(request, "document");
    TRY(named(ctl, request, &clearance, &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (read_term(ctl, request, &record)) {
        record.person = holder->holder;
        record.clearance = clearance.text;
        record.tenant = holder->tenant;
        record.reason = field_text(document == NULL ? "" : document);
        err = controller_record(ctl, ENTRY_CLEARANCE, request->key->name, &record.base, fault);
        notices_wanted(ctl);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

static enum err on_clearance_remove(struct controller *ctl, struct request *request,
                                    struct fault *fault)
{
    struct name clearance;
    const char *reason = NULL;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__ClearanceRecord *record = NULL;
    TRY(named(ctl, request, &clearance, &holder, fault));
    if (holder == NULL || !request_need(request, "reason", &reason)) {
        if (holder != NULL) {
            parkgate__holder_record__free_unpacked(holder, NULL);
        }
        return ERR_OK;
    }
    enum err err =
        clearance_get(ctl->txn, people_handle(&holder->holder), clearance, &record, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && record->removed)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "clearance", clearance.text, NULL);
        err = ERR_OK;
    } else if (err == ERR_OK) {
        Parkgate__ClearanceRecord changed = *record;
        changed.removed = true;
        changed.reason = field_text(reason);
        err = controller_record(ctl, ENTRY_CLEARANCE, request->key->name, &changed.base, fault);
    }
    if (record != NULL) {
        parkgate__clearance_record__free_unpacked(record, NULL);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

static const char *state_word(const struct controller *ctl, const Parkgate__ClearanceRecord *record)
{
    if (record->removed) {
        return "removed";
    }
    if (ctl->now.us < record->from_us) {
        return "not-yet";
    }
    return record->until_us != 0 && ctl->now.us >= record->until_us ? "expired" : "held";
}

static enum err list_of(struct controller *ctl, struct answer *a, struct handle person,
                        struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    answer_columns(a, "clearance,state,from_us,until_us,document");
    TRY(store_iter_prefix(ctl->txn, TABLE_CLEARANCE,
                          clearance_key(&prefix, person, (struct name){{0}}),
                          LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__clearance_record__descriptor, &message,
                                 fault));
        const Parkgate__ClearanceRecord *record = (const void *)message;
        answer_begin_row(a);
        answer_text(a, record->clearance);
        answer_text(a, state_word(ctl, record));
        answer_wall(a, (struct wall){record->from_us});
        answer_wall(a, (struct wall){record->until_us});
        answer_text(a, record->reason);
        (void)answer_end_row(a);
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_clearance_list(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle person;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_handle(request, "person", &person)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, person, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return list_of(ctl, request->answer, person, fault);
}

/* --- what tenants are told --- */

static void notice_row(struct answer *a, const Parkgate__NoticeRecord *notice)
{
    answer_begin_row(a);
    answer_handle(a, people_handle(&notice->person));
    answer_text(a, notice->clearance);
    answer_number(a, notice->days);
    answer_wall(a, (struct wall){notice->at_us});
    answer_wall(a, (struct wall){notice->ends_us});
}

/* Those whose end is to come, the next one first. A page holds what fits; the rest follows when
 * these have ended or been renewed. */
static enum err on_notice_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    const struct park_tenant *tenant = NULL;
    bool fits = true;
    AUTO(store_iter_end) struct store_iter iter = {0};
    answer_columns(request->answer, "person,clearance,days,at_us,ends_us");
    if (!request_tenant(ctl, request, &tenant)) {
        return ERR_OK;
    }
    keybuf_begin(&from);
    keybuf_name(&from, tenant->name);
    until = from;
    keybuf_wall(&from, ctl->now);
    keybuf_wall(&until, (struct wall){INT64_MAX});
    TRY(store_iter_range(ctl->txn, TABLE_NOTICE, keybuf_view(&from), keybuf_view(&until),
                         LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err = ERR_OK;
    while (fits && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__notice_record__descriptor, &message,
                                 fault));
        notice_row(request->answer, (const void *)message);
        fits = answer_end_row(request->answer);
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_clearances[] = {
    {"clearance.add",    on_clearance_add   },
    {"clearance.remove", on_clearance_remove},
    {"clearance.list",   on_clearance_list  },
    {"notice.list",      on_notice_list     },
};
const size_t verbs_of_clearances_count = ARRAY_LEN(verbs_of_clearances);
