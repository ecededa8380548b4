#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/access/idnumber.h"
#include "common/base/must.h"
#include "common/facts/ban_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* --- person add --- */

static bool read_id_number(struct request *request, struct idnumber *ret)
{
    const char *text = request_arg(request, "id_number");
    ret->text[0] = '\0';
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    enum idnumber_status status = idnumber_read(bytes_of_text(text), ret);
    /* the number itself is never repeated in an answer or a log */
    return status == IDNUMBER_OK ||
           request_refuse(request, ERROR_ARG_BAD, "id_number", "...", idnumber_status_en(status));
}

static bool read_person(struct controller *ctl, struct request *request, struct idnumber *id,
                        struct roster_person *ret)
{
    const struct park_tenant *tenant = NULL;
    const char *kind = NULL;
    *ret = (struct roster_person){.plate = ""};
    if (!request_tenant(ctl, request, &tenant) || !request_need(request, "name", &ret->name) ||
        !request_need(request, "kind", &kind) || !read_id_number(request, id)) {
        return false;
    }
    if (roster_is_too_young(ctl, id)) {
        return request_refuse(request, ERROR_TOO_YOUNG, ROSTER_AGE_MIN, NULL, NULL);
    }
    if (!roster_kind(kind, &ret->kind)) {
        return request_refuse(request, ERROR_ARG_BAD, "kind", kind,
                              "staff, day, driver or visitor");
    }
    if (strlen(ret->name) > LIMIT_TEXT_BYTES) {
        return request_refuse(request, ERROR_LIMIT_REACHED, "bytes of a name", "256", NULL);
    }
    ret->tenant = tenant->name.text;
    ret->id_number = id->text;
    ret->phone = or_empty(request_arg(request, "phone"));
    ret->agency = or_empty(request_arg(request, "agency"));
    ret->external = or_empty(request_arg(request, "external"));
    return (strlen(ret->phone) <= LIMIT_TEXT_BYTES && strlen(ret->agency) <= LIMIT_TEXT_BYTES &&
            strlen(ret->external) <= LIMIT_TEXT_BYTES) ||
           request_refuse(request, ERROR_LIMIT_REACHED, "bytes of a phone, agency or number", "256",
                          NULL);
}

/* A person whom a recovery gave back without a name gets it again. False: refused, or *ret_err. */
static bool read_recovered(struct controller *ctl, struct request *request,
                           struct roster_person *person, enum err *ret_err, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    if (request_arg(request, "person") == NULL) {
        return true;
    }
    if (!request_handle(request, "person", &person->handle)) {
        return false;
    }
    *ret_err = request_holder(ctl, request, person->handle, "person", &holder, fault);
    if (*ret_err != ERR_OK || holder == NULL) {
        return false;
    }
    bool fits =
        holder->recovered != 0 && !holder->vehicle && strcmp(holder->tenant, person->tenant) == 0;
    parkgate__holder_record__free_unpacked(holder, NULL);
    return fits || request_refuse(request, ERROR_ARG_BAD, "person", "...",
                                  "a person of this tenant whom `recover persons` lists");
}

static enum err on_person_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct idnumber id = {0};
    struct roster_person person;
    struct roster_holder holder;
    Parkgate__HolderRecord *before = NULL;
    enum err err = ERR_OK;
    if (!read_person(ctl, request, &id, &person) ||
        !read_recovered(ctl, request, &person, &err, fault)) {
        return err;
    }
    err = roster_make_holder(ctl, &person, &holder, &before, fault);
    bool named_again = !handle_is_none(person.handle) && handle_equal(person.handle, holder.handle);
    if (err == ERR_OK && ((holder.existed && !named_again) || holder.clashes)) {
        char text[HANDLE_TEXT_SIZE];
        const char *bound = request_bound_tenant(request);
        bool own = before != NULL && (bound == NULL || strcmp(bound, before->tenant) == 0);
        handle_to_text(holder.handle, text);
        /* another tenant's person is taken on by an import; its handle is not handed out here */
        (void)request_refuse(request, ERROR_EXISTS, "person", own ? text : "of this number", NULL);
    } else if (err == ERR_OK) {
        err = controller_record(ctl, ENTRY_HOLDER, request->key->name, &holder.record.base, fault);
        answer_note_handle(request->answer, "person", holder.handle);
    }
    if (before != NULL) {
        parkgate__holder_record__free_unpacked(before, NULL);
    }
    return err;
}

/* --- showing --- */

static void field_row(struct answer *a, const char *field, const char *value)
{
    if (value[0] == '\0') {
        return;
    }
    answer_begin_row(a);
    answer_text(a, field);
    answer_text(a, value);
    (void)answer_end_row(a);
}

static const char *state_of(const Parkgate__HolderRecord *holder, const char *tenant)
{
    return people_suspended_by(holder, tenant) ? "suspended"
           : holder->told_by[0] != '\0'        ? "waiting"
                                               : "active";
}

/* For whom the key speaks: another tenant's suspension is invisible to it. */
static const char *state_shown(const struct request *request, const Parkgate__HolderRecord *holder)
{
    const char *bound = request_bound_tenant(request);
    return state_of(holder, bound != NULL ? bound : holder->tenant);
}

static void show_identity(struct answer *a, const Parkgate__Identity *identity)
{
    char masked[IDNUMBER_TEXT_SIZE] = "";
    struct idnumber id;
    if (idnumber_read(bytes_of_text(identity->id_number), &id) == IDNUMBER_OK) {
        idnumber_mask(&id, masked);
    }
    field_row(a, "name", identity->name);
    field_row(a, "id_number", masked);
    field_row(a, "phone", identity->phone);
    field_row(a, "agency", identity->agency);
    field_row(a, "external", identity->external);
}

static enum err on_person_show(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__Identity *identity = NULL;
    enum err err = ERR_OK;
    if (!request_handle(request, "person", &handle) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, handle, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    bool banned = false;
    err = ban_holds(ctl->txn, handle, ctl->now, &banned, fault);
    if (err == ERR_OK && request_lookup(ctl, request, &handle, 1, reason, &err, fault)) {
        answer_columns(request->answer, "field,value");
        field_row(request->answer, "tenant", holder->tenant);
        field_row(request->answer, "kind", roster_kind_word(holder->kind));
        field_row(request->answer, "state", banned ? "banned" : state_shown(request, holder));
        err = request_identity(ctl, holder, &identity, fault);
        if (err == ERR_NOT_FOUND) {
            field_row(request->answer, "name",
                      holder->recovered != 0 ? "(not known since a recovery)" : "(erased)");
            err = ERR_OK;
        } else if (err == ERR_OK) {
            show_identity(request->answer, identity);
            parkgate__identity__free_unpacked(identity, NULL);
        }
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

static enum err find_by_hash(struct controller *ctl, struct request *request,
                             const struct seal_hash *hash, struct handle *ret, bool *ret_found,
                             struct fault *fault)
{
    enum err err = people_handle_of_id(ctl->txn, BYTES_OF(hash->bytes), ret, fault);
    *ret_found = err == ERR_OK;
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "person", "of this number", NULL);
        return ERR_OK;
    }
    return err;
}

/* Which identity is asked for: a number, or a tenant's own number. */
static bool search_hash(struct controller *ctl, struct request *request, struct seal_hash *ret)
{
    const struct park_tenant *tenant = NULL;
    struct idnumber id = {0};
    const char *external = request_arg(request, "external");
    if (!read_id_number(request, &id)) {
        return false;
    }
    if (id.text[0] != '\0') {
        *ret = controller_id_hash(ctl, "id-number", bytes_of_text(id.text));
        return true;
    }
    if (external == NULL) {
        return request_refuse(request, ERROR_ARG_MISSING, "id_number", NULL, NULL);
    }
    if (!request_tenant(ctl, request, &tenant)) {
        return false;
    }
    *ret = controller_external_hash(ctl, tenant->name.text, external);
    return true;
}

static enum err on_person_find(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct seal_hash hash;
    struct handle handle;
    const char *reason = NULL;
    bool found = false;
    enum err err = ERR_OK;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_need(request, "reason", &reason) || !search_hash(ctl, request, &hash) ||
        !request_search(ctl, request, reason, &err, fault)) {
        return err;
    }
    TRY(find_by_hash(ctl, request, &hash, &handle, &found, fault));
    if (found) {
        TRY(request_holder(ctl, request, handle, "person", &holder, fault));
    }
    if (holder == NULL) {
        return ERR_OK;
    }
    if (request_lookup(ctl, request, &handle, 1, reason, &err, fault)) {
        answer_columns(request->answer, "person,tenant,kind,state");
        answer_begin_row(request->answer);
        answer_handle(request->answer, handle);
        answer_text(request->answer, holder->tenant);
        answer_text(request->answer, roster_kind_word(holder->kind));
        answer_text(request->answer, state_shown(request, holder));
        (void)answer_end_row(request->answer);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

/* --- suspending --- */

static enum err set_suspended(struct controller *ctl, struct request *request,
                              const Parkgate__HolderRecord *holder, const char *tenant,
                              bool suspend, struct fault *fault)
{
    char *list[LIMIT_TENANTS + 1];
    Parkgate__HolderRecord changed = *holder;
    if (people_suspended_by(holder, tenant) == suspend) {
        char text[HANDLE_TEXT_SIZE];
        handle_to_text(people_handle(&holder->holder), text);
        (void)request_refuse(request, ERROR_SAME_STATE, "person", text, NULL);
        return ERR_OK;
    }
    changed.n_suspended_by = 0;
    changed.suspended_by = list;
    for (size_t i = 0; i < holder->n_suspended_by && changed.n_suspended_by < LIMIT_TENANTS; i++) {
        if (strcmp(holder->suspended_by[i], tenant) != 0) {
            list[changed.n_suspended_by++] = holder->suspended_by[i];
        }
    }
    if (suspend) {
        list[changed.n_suspended_by++] = field_text(tenant);
    }
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    return controller_record(ctl, ENTRY_HOLDER, request->key->name, &changed.base, fault);
}

/* A suspension is one tenant's: the key's own, the one named, or the home tenant. */
static enum err suspend_person(struct controller *ctl, struct request *request, bool suspend,
                               struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    Parkgate__HolderRecord *holder = NULL;
    struct name named = {{0}};
    if (!request_handle(request, "person", &handle) || !request_need(request, "reason", &reason) ||
        !request_name_or_none(request, "tenant", &named)) {
        return ERR_OK;
    }
    if (named.text[0] != '\0' && park_tenant(ctl->park, named) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "tenant", named.text, NULL);
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, handle, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    const char *bound = request_bound_tenant(request);
    const char *tenant = named.text[0] != '\0' ? named.text
                         : bound != NULL       ? bound
                                               : holder->tenant;
    enum err err = request_owns(request, tenant)
                       ? set_suspended(ctl, request, holder, tenant, suspend, fault)
                       : ERR_OK;
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

static enum err on_person_suspend(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    return suspend_person(ctl, request, true, fault);
}

static enum err on_person_resume(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    return suspend_person(ctl, request, false, fault);
}

/* --- listing --- */

struct listing {
    struct controller *ctl;
    struct request *request;
    const char *tenant;
    bool vehicles, names;
    size_t shown;
    struct handle handles[LIMIT_NAMES_PER_LOOKUP];
};

static void name_cell(struct answer *a, const struct listing *listing,
                      const Parkgate__Identity *identity)
{
    if (listing->names) {
        answer_text(a, identity == NULL    ? "(erased)"
                       : listing->vehicles ? identity->plate
                                           : identity->name);
    }
}

static void last4_cell(struct answer *a, const Parkgate__Identity *identity)
{
    size_t size = identity == NULL ? 0 : strlen(identity->id_number);
    answer_text(a, size >= 4 ? identity->id_number + size - 4 : "");
}

static enum err list_holder(struct listing *listing, struct handle handle,
                            const Parkgate__HolderRecord *holder, bool *ret_fits,
                            struct fault *fault)
{
    struct answer *a = listing->request->answer;
    Parkgate__Identity *identity = NULL;
    enum err err = request_identity(listing->ctl, holder, &identity, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    answer_begin_row(a);
    answer_handle(a, handle);
    answer_text(a, holder->tenant);
    if (listing->vehicles) {
        answer_text(a, state_of(holder, listing->tenant));
        answer_wall(a, (struct wall){holder->until_us});
    } else {
        answer_text(a, roster_kind_word(holder->kind));
        answer_text(a, state_of(holder, listing->tenant));
        last4_cell(a, identity);
    }
    name_cell(a, listing, identity);
    *ret_fits = answer_end_row(a);
    if (identity != NULL) {
        parkgate__identity__free_unpacked(identity, NULL);
    }
    return ERR_OK;
}

/* One page of a tenant's holders. The cursor is the last key that was shown. */
static enum err list_page(struct listing *listing, struct bytes from, size_t limit,
                          struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    uint8_t last[STORE_KEY_MAX];
    size_t last_size = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_text(&prefix, listing->tenant);
    struct bytes begin = from.size > 0 ? from : keybuf_view(&prefix);
    TRY(store_iter_range(listing->ctl->txn, TABLE_TENANT_HOLDER, begin, (struct bytes){0},
                         UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct bytes head = {.data = key.data, .size = prefix.size};
        if (key.size != prefix.size + HANDLE_SIZE || !bytes_equal(head, keybuf_view(&prefix))) {
            return ERR_OK; /* the next tenant's rows */
        }
        if (bytes_equal(key, from)) {
            continue;
        }
        struct handle handle;
        Parkgate__HolderRecord *holder = NULL;
        bool fits = true;
        memcpy(handle.bytes, key.data + prefix.size, HANDLE_SIZE);
        uint8_t this_key[STORE_KEY_MAX];
        size_t this_size = key.size;
        memcpy(this_key, key.data, key.size);
        err = people_holder(listing->ctl->txn, handle, &holder, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        bool listed = holder->vehicle == listing->vehicles && !holder->removed;
        if (listed) {
            fits = listing->shown < limit;
            err = fits ? list_holder(listing, handle, holder, &fits, fault) : ERR_OK;
        }
        parkgate__holder_record__free_unpacked(holder, NULL);
        TRY(err);
        if (!listed) {
            continue;
        }
        if (!fits) {
            answer_more(listing->request->answer, (struct bytes){.data = last, .size = last_size});
            return ERR_OK;
        }
        if (listing->names && listing->shown < LIMIT_NAMES_PER_LOOKUP) {
            listing->handles[listing->shown] = handle;
        }
        listing->shown++;
        memcpy(last, this_key, this_size);
        last_size = this_size;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err list_holders(struct controller *ctl, struct request *request, bool vehicles,
                             struct fault *fault)
{
    const struct park_tenant *tenant = NULL;
    const char *reason = request_arg(request, "reason");
    struct listing listing = {.ctl = ctl,
                              .request = request,
                              .vehicles = vehicles,
                              .names = reason != NULL && reason[0] != '\0'};
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    enum err err = ERR_OK;
    if (!request_tenant(ctl, request, &tenant) || !request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    listing.tenant = tenant->name.text;
    if (request_bound_tenant(request) != NULL) {
        answer_note(request->answer, "own_roster", "yes"); /* may be taken away as CSV */
    }
    if (vehicles) {
        answer_columns(request->answer, listing.names ? "vehicle,tenant,state,until_us,plate"
                                                      : "vehicle,tenant,state,until_us");
    } else {
        answer_columns(request->answer, listing.names ? "person,tenant,kind,state,id_last4,name"
                                                      : "person,tenant,kind,state,id_last4");
    }
    TRY(list_page(&listing, (struct bytes){.data = cursor, .size = cursor_size},
                  listing.names ? LIMIT_NAMES_PER_LOOKUP : LIMIT_ROWS_PER_MESSAGE, fault));
    if (listing.names && listing.shown > 0) {
        (void)request_lookup(ctl, request, listing.handles, listing.shown, reason, &err, fault);
    }
    return err;
}

static enum err on_person_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    return list_holders(ctl, request, false, fault);
}

static enum err on_vehicle_list(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    return list_holders(ctl, request, true, fault);
}

const struct verb_handler verbs_of_people[] = {
    {"person.add",     on_person_add    },
    {"person.show",    on_person_show   },
    {"person.find",    on_person_find   },
    {"person.suspend", on_person_suspend},
    {"person.resume",  on_person_resume },
    {"person.list",    on_person_list   },
    {"vehicle.list",   on_vehicle_list  },
};
const size_t verbs_of_people_count = ARRAY_LEN(verbs_of_people);
