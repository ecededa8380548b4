/* Visits: who comes to whom, and when. A visit stands in place of an assignment. */
#include <string.h>

#include "common/access/idnumber.h"
#include "common/base/must.h"
#include "common/facts/expected_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"

/* --- lists of what is expected --- */

/* Where a page begins: behind the last row of the one before, else at what is not over. */
static bool first_key(struct controller *ctl, struct request *request, const char *tenant,
                      struct keybuf *ret)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    if (!request_cursor(request, cursor, &size)) {
        return false;
    }
    if (size == 0 || size + 1 > STORE_KEY_MAX) {
        (void)expected_key_tenant(ret, tenant, (struct wall){ctl->now.us + 1},
                                  (struct handle){{0}});
        return true;
    }
    keybuf_begin(ret);
    keybuf_bytes(ret, (struct bytes){.data = cursor, .size = size});
    keybuf_u8(ret, 0); /* the key right behind it */
    return true;
}

static enum err walk(struct controller *ctl, struct request *request, struct store_iter *iter,
                     expected_row *row, struct fault *fault)
{
    struct bytes key, value;
    struct keybuf last = {.size = 0};
    enum err err;
    size_t rows = 0;
    while ((err = store_iter_next(iter, &key, &value, fault)) == ERR_OK) {
        struct handle handle;
        bool fits = rows++ < LIMIT_ROWS_PER_MESSAGE;
        memcpy(handle.bytes, key.data + key.size - HANDLE_SIZE, HANDLE_SIZE);
        struct keybuf at;
        keybuf_begin(&at);
        keybuf_bytes(&at, key);
        if (fits) {
            TRY(row(ctl, request->answer, handle, &fits, fault));
        }
        if (!fits) {
            answer_more(request->answer, keybuf_view(&last));
            return ERR_OK;
        }
        last = at;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err request_expected(struct controller *ctl, struct request *request, size_t table,
                          expected_row *row, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct park_tenant *tenant = NULL;
    struct keybuf from, until;
    const struct handle last = {.bytes = {[0 ... HANDLE_SIZE - 1] = 0xff}};
    if (!request_tenant(ctl, request, &tenant) ||
        !first_key(ctl, request, tenant->name.text, &from)) {
        return ERR_OK;
    }
    (void)expected_key_tenant(&until, tenant->name.text, (struct wall){INT64_MAX}, last);
    TRY(store_iter_range(ctl->txn, table, keybuf_view(&from), keybuf_view(&until), UINT64_MAX,
                         &iter, fault));
    return walk(ctl, request, &iter, row, fault);
}

/* --- visits --- */

struct wanted {
    const struct park_tenant *tenant;
    struct handle visitor, host;
    int64_t from_us, until_us;
};

static bool is_host(const Parkgate__HolderRecord *holder, const char *tenant)
{
    return holder->kind != PERSON_VISITOR && strcmp(holder->tenant, tenant) == 0;
}

/* The host is one of the tenant's own. False: refused, or *ret_err. */
static bool read_host(struct controller *ctl, struct request *request, struct wanted *wanted,
                      enum err *ret_err, struct fault *fault)
{
    Parkgate__HolderRecord *host = NULL;
    if (!request_handle(request, "host", &wanted->host)) {
        return false;
    }
    *ret_err = request_person(ctl, request, wanted->host, "host", &host, fault);
    if (host == NULL) {
        return false;
    }
    bool may = is_host(host, wanted->tenant->name.text);
    parkgate__holder_record__free_unpacked(host, NULL);
    return may || request_refuse(request, ERROR_NOT_FOUND, "host", "of this tenant", NULL);
}

static bool known_visitor(struct controller *ctl, struct request *request, struct handle *ret,
                          enum err *ret_err, struct fault *fault)
{
    Parkgate__HolderRecord *person = NULL;
    if (!request_handle(request, "person", ret)) {
        return false;
    }
    *ret_err = request_person(ctl, request, *ret, "person", &person, fault);
    if (person == NULL) {
        return false;
    }
    bool visits = person->kind == PERSON_VISITOR;
    parkgate__holder_record__free_unpacked(person, NULL);
    return visits || request_refuse(request, ERROR_ARG_BAD, "person", "...",
                                    "not of kind visitor; others come by an assignment");
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static bool read_visitor(struct request *request, const char *tenant, struct idnumber *id,
                         struct roster_person *ret)
{
    const char *number = or_empty(request_arg(request, "id_number"));
    *ret = (struct roster_person){.tenant = tenant,
                                  .kind = PERSON_VISITOR,
                                  .agency = "",
                                  .external = "",
                                  .plate = "",
                                  .phone = or_empty(request_arg(request, "phone"))};
    if (!request_need(request, "name", &ret->name)) {
        return false;
    }
    if (strlen(ret->name) > LIMIT_TEXT_BYTES || strlen(ret->phone) > LIMIT_TEXT_BYTES) {
        return request_refuse(request, ERROR_LIMIT_REACHED, "bytes of a name or phone", "256",
                              NULL);
    }
    enum idnumber_status status =
        number[0] == '\0' ? IDNUMBER_OK : idnumber_read(bytes_of_text(number), id);
    ret->id_number = id->text;
    return status == IDNUMBER_OK ||
           request_refuse(request, ERROR_ARG_BAD, "id_number", "...", idnumber_status_en(status));
}

/* A person who was never here before. */
static bool new_visitor(struct controller *ctl, struct request *request, const char *tenant,
                        struct handle *ret, enum err *ret_err, struct fault *fault)
{
    struct idnumber id = {0};
    struct roster_person person;
    struct roster_holder holder;
    Parkgate__HolderRecord *before = NULL;
    if (!read_visitor(request, tenant, &id, &person)) {
        return false;
    }
    if (roster_is_too_young(ctl, &id)) {
        return request_refuse(request, ERROR_TOO_YOUNG, ROSTER_AGE_MIN, NULL, NULL);
    }
    *ret_err = roster_make_holder(ctl, &person, &holder, &before, fault);
    bool taken = *ret_err == ERR_OK && (holder.existed || holder.clashes);
    if (before != NULL) {
        parkgate__holder_record__free_unpacked(before, NULL);
    }
    if (taken) {
        return request_refuse(request, ERROR_EXISTS, "person", "of this number", NULL);
    }
    if (*ret_err == ERR_OK) {
        *ret_err =
            controller_record(ctl, ENTRY_HOLDER, request->key->name, &holder.record.base, fault);
    }
    *ret = holder.handle;
    return *ret_err == ERR_OK;
}

static enum err record_visit(struct controller *ctl, struct request *request,
                             const struct wanted *wanted, struct fault *fault)
{
    size_t left = 0;
    struct handle handle = controller_draw_handle(ctl);
    Parkgate__VisitRecord record = PARKGATE__VISIT_RECORD__INIT;
    TRY(visits_left(ctl->txn, wanted->visitor, ctl->now, &left, fault));
    if (left >= LIMIT_VISITS_PER_PERSON) {
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "visits of one person", "16", NULL);
        return ERR_OK;
    }
    record.visit = people_field(&handle);
    record.tenant = field_text(wanted->tenant->name.text);
    record.visitor = people_field(&wanted->visitor);
    record.host = people_field(&wanted->host);
    record.from_us = wanted->from_us;
    record.until_us = wanted->until_us;
    TRY(controller_record(ctl, ENTRY_VISIT, request->key->name, &record.base, fault));
    answer_note_handle(request->answer, "visit", handle);
    answer_note_handle(request->answer, "person", wanted->visitor);
    return ERR_OK;
}

static enum err on_visitor_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct wanted wanted;
    enum err err = ERR_OK;
    if (!request_tenant(ctl, request, &wanted.tenant) ||
        !request_window(ctl, request, &wanted.from_us, &wanted.until_us) ||
        !read_host(ctl, request, &wanted, &err, fault)) {
        return err;
    }
    bool known = request_arg(request, "person") != NULL;
    bool found =
        known ? known_visitor(ctl, request, &wanted.visitor, &err, fault)
              : new_visitor(ctl, request, wanted.tenant->name.text, &wanted.visitor, &err, fault);
    return found ? record_visit(ctl, request, &wanted, fault) : err;
}

static enum err on_visitor_cancel(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    Parkgate__VisitRecord *record = NULL;
    if (!request_handle(request, "visit", &handle) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    enum err err = visit_get(ctl->txn, handle, &record, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && record->cancelled)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "visit", "of this handle", NULL);
        err = ERR_OK;
    } else if (err == ERR_OK && request_owns(request, record->tenant)) {
        Parkgate__VisitRecord changed = *record;
        changed.cancelled = true;
        changed.reason = field_text(reason);
        err = controller_record(ctl, ENTRY_VISIT, request->key->name, &changed.base, fault);
    }
    if (record != NULL) {
        parkgate__visit_record__free_unpacked(record, NULL);
    }
    return err;
}

static enum err list_visit(struct controller *ctl, struct answer *a, struct handle handle,
                           bool *ret_fits, struct fault *fault)
{
    Parkgate__VisitRecord *record = NULL;
    TRY(visit_get(ctl->txn, handle, &record, fault));
    answer_begin_row(a);
    answer_handle(a, handle);
    answer_text(a, record->tenant);
    answer_handle(a, people_handle(&record->visitor));
    answer_handle(a, people_handle(&record->host));
    answer_wall(a, (struct wall){record->from_us});
    answer_wall(a, (struct wall){record->until_us});
    answer_text(a, record->from_us <= ctl->now.us ? "now" : "later");
    *ret_fits = answer_end_row(a);
    parkgate__visit_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err on_visitor_list(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    answer_columns(request->answer, "visit,tenant,person,host,from_us,until_us,state");
    return request_expected(ctl, request, TABLE_VISIT_TENANT, list_visit, fault);
}

const struct verb_handler verbs_of_visits[] = {
    {"visitor.add",    on_visitor_add   },
    {"visitor.cancel", on_visitor_cancel},
    {"visitor.list",   on_visitor_list  },
};
const size_t verbs_of_visits_count = ARRAY_LEN(verbs_of_visits);
