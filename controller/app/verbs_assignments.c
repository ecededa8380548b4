#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"

static enum err record_assignment(struct controller *ctl, struct request *request,
                                  struct handle person, struct name tenant, struct name shift,
                                  int32_t from, int32_t to, struct fault *fault)
{
    bool exists = false;
    size_t overlapping = 0;
    struct handle handle = controller_draw_handle(ctl);
    Parkgate__AssignmentRecord record = PARKGATE__ASSIGNMENT_RECORD__INIT;
    TRY(roster_assignment_exists(ctl, person, tenant.text, shift.text, from, to, &exists,
                                 &overlapping, fault));
    if (exists) {
        (void)request_refuse(request, ERROR_EXISTS, "assignment", "of these days", NULL);
        return ERR_OK;
    }
    if (overlapping >= LIMIT_ASSIGNMENTS_PER_PERSON) {
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "assignments of a person on one day",
                             "8", NULL);
        return ERR_OK;
    }
    record.assignment = people_field(&handle);
    record.person = people_field(&person);
    record.tenant = tenant.text;
    record.shift = shift.text;
    record.from_day = from;
    record.to_day = to;
    TRY(controller_record(ctl, ENTRY_ASSIGNMENT, request->key->name, &record.base, fault));
    answer_note_handle(request->answer, "assignment", handle);
    return ERR_OK;
}

/* A tenant may take on a person of the park whom it did not bring: it needs the handle from the
 * person, so request_holder's rule of own people does not hold here. */
static enum err on_assignment_add(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle person;
    const struct park_tenant *tenant = NULL;
    struct name shift;
    int32_t from = 0;
    int32_t to = 0;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_handle(request, "person", &person) || !request_tenant(ctl, request, &tenant) ||
        !request_name(request, "shift", &shift) || !request_date(request, "from", &from) ||
        !request_date(request, "to", &to)) {
        return ERR_OK;
    }
    if (park_shift(ctl->park, shift) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "shift", shift.text, NULL);
        return ERR_OK;
    }
    if (to < from) {
        (void)request_refuse(request, ERROR_ARG_BAD, "to", "...", "not before the first day");
        return ERR_OK;
    }
    enum err err = people_holder(ctl->txn, person, &holder, fault);
    bool is_person = err == ERR_OK && !holder->vehicle && !holder->removed;
    if (holder != NULL) {
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (!is_person) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "person", "of this handle", NULL);
        return ERR_OK;
    }
    return record_assignment(ctl, request, person, tenant->name, shift, from, to, fault);
}

static enum err on_assignment_end(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle assignment;
    struct keybuf key;
    struct bytes person_bytes = {0};
    struct handle person = {{0}};
    Parkgate__AssignmentRecord *record = NULL;
    if (!request_handle(request, "assignment", &assignment)) {
        return ERR_OK;
    }
    keybuf_begin(&key);
    keybuf_handle(&key, assignment);
    enum err err =
        store_get(ctl->txn, TABLE_ASSIGNMENT_ID, keybuf_view(&key), &person_bytes, fault);
    if (err == ERR_OK && person_bytes.size == HANDLE_SIZE) {
        memcpy(person.bytes, person_bytes.data, HANDLE_SIZE);
        err = people_assignment(ctl->txn, person, assignment, &record, fault);
    }
    if (err == ERR_NOT_FOUND || (err == ERR_OK && record->ended)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "assignment", "of this handle", NULL);
        err = ERR_OK;
    } else if (err == ERR_OK && request_owns(request, record->tenant)) {
        Parkgate__AssignmentRecord changed = *record;
        changed.ended = true;
        changed.stage = 0;
        changed.previous = (ProtobufCBinaryData){0};
        err = controller_record(ctl, ENTRY_ASSIGNMENT, request->key->name, &changed.base, fault);
    }
    if (record != NULL) {
        parkgate__assignment_record__free_unpacked(record, NULL);
    }
    return err;
}

static void assignment_row(struct answer *a, const Parkgate__AssignmentRecord *record)
{
    char date[CIVIL_DATE_SIZE];
    answer_begin_row(a);
    answer_handle(a, people_handle(&record->assignment));
    answer_text(a, record->tenant);
    answer_text(a, record->shift);
    civil_date_format(record->from_day, date);
    answer_text(a, date);
    civil_date_format(record->to_day, date);
    answer_text(a, date);
    (void)answer_end_row(a);
}

static enum err on_assignment_list(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    struct handle person;
    Parkgate__HolderRecord *holder = NULL;
    struct people_assignments found;
    int32_t today = controller_today(ctl);
    if (!request_handle(request, "person", &person)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, person, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    TRY(people_assignments(ctl->txn, person, today, INT32_MAX, &found, fault));
    answer_columns(request->answer, "assignment,tenant,shift,from,to");
    const char *bound = request_bound_tenant(request);
    for (size_t i = 0; i < found.count; i++) {
        if (bound == NULL || strcmp(bound, found.items[i]->tenant) == 0) {
            assignment_row(request->answer, found.items[i]);
        }
    }
    people_assignments_destroy(&found);
    return ERR_OK;
}

const struct verb_handler verbs_of_assignments[] = {
    {"assignment.add",  on_assignment_add },
    {"assignment.end",  on_assignment_end },
    {"assignment.list", on_assignment_list},
};
const size_t verbs_of_assignments_count = ARRAY_LEN(verbs_of_assignments);
