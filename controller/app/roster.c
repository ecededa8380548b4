#include "controller/app/roster.h"

#include <string.h>

#include "common/access/idnumber.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "schema/kinds.h"

static const char *const kind_words[] = {
    [PERSON_STAFF] = "staff",
    [PERSON_DAY] = "day",
    [PERSON_DRIVER] = "driver",
    [PERSON_VISITOR] = "visitor",
};

bool roster_kind(const char *text, uint32_t *ret_kind)
{
    for (uint32_t i = PERSON_STAFF; i < ARRAY_LEN(kind_words); i++) {
        if (strcmp(kind_words[i], text) == 0) {
            *ret_kind = i;
            return true;
        }
    }
    return false;
}

const char *roster_kind_word(uint32_t kind)
{
    return kind >= PERSON_STAFF && kind < ARRAY_LEN(kind_words) ? kind_words[kind] : "vehicle";
}

_Static_assert(LIMIT_AGE_MIN == 16, "as ROSTER_AGE_MIN says");

bool roster_is_too_young(const struct controller *ctl, const struct idnumber *id)
{
    return id->text[0] != '\0' && idnumber_is_younger(id, LIMIT_AGE_MIN, controller_today(ctl));
}

/* The identity by which a holder is found again; the first that is given counts. */
static bool strongest_hash(const struct controller *ctl, const struct roster_person *person,
                           struct seal_hash *ret_hash)
{
    if (person->plate[0] != '\0') {
        *ret_hash = controller_id_hash(ctl, "plate", bytes_of_text(person->plate));
        return true;
    }
    if (person->id_number[0] != '\0') {
        *ret_hash = controller_id_hash(ctl, "id-number", bytes_of_text(person->id_number));
        return true;
    }
    return false;
}

static bool external_hash(const struct controller *ctl, const struct roster_person *person,
                          struct seal_hash *ret_hash)
{
    if (person->external[0] == '\0') {
        return false;
    }
    *ret_hash = controller_external_hash(ctl, person->tenant, person->external);
    return true;
}

/* Who was erased and comes again is somebody new: what is kept under the old handle is not his. */
static enum err is_there(struct controller *ctl, struct handle handle, bool *ret,
                         struct fault *fault)
{
    Parkgate__HolderRecord *record = NULL;
    enum err err = people_holder(ctl->txn, handle, &record, fault);
    *ret = err != ERR_OK || !record->erased;
    if (record != NULL) {
        parkgate__holder_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err find_handle(struct controller *ctl, const struct seal_hash *hash, bool given,
                            struct handle *ret, bool *ret_found, struct fault *fault)
{
    if (!given || *ret_found) {
        return ERR_OK;
    }
    enum err err = people_handle_of_id(ctl->txn, BYTES_OF(hash->bytes), ret, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return is_there(ctl, *ret, ret_found, fault);
}

/* Only its home tenant says who a holder is. */
static void keep_identity(struct roster_holder *holder, const Parkgate__HolderRecord *before)
{
    holder->foreign = true;
    holder->record.vehicle = before->vehicle;
    holder->record.kind = before->kind;
    holder->record.id_hash = before->id_hash;
    holder->record.sealed = before->sealed;
    holder->record.n_watch_hash = before->n_watch_hash;
    holder->record.watch_hash = before->watch_hash;
}

/* Found by the tenant's own number, and by nothing else. */
static bool is_somebody_else(const struct roster_holder *holder,
                             const Parkgate__HolderRecord *before)
{
    return before->vehicle != holder->record.vehicle ||
           (holder->record.id_hash.len > 0 && before->id_hash.len > 0 &&
            !bytes_equal(field_view(&holder->record.id_hash), field_view(&before->id_hash)));
}

/* What the rules keep about an existing holder stays. */
static void carry_over(struct roster_holder *holder, const Parkgate__HolderRecord *before)
{
    holder->existed = !before->removed;
    holder->record.n_suspended_by = before->n_suspended_by;
    holder->record.suspended_by = before->suspended_by;
    holder->record.n_zone = before->n_zone;
    holder->record.zone = before->zone;
    holder->record.from_us = before->from_us;
    holder->record.until_us = before->until_us;
    holder->record.n_driver = before->n_driver;
    holder->record.driver = before->driver;
    if (holder->existed) {
        holder->record.tenant =
            before->tenant; /* the home tenant does not move by a second roster */
    }
    if (holder->record.id_hash.len == 0) {
        holder->record.id_hash = before->id_hash;
        holder->record.n_watch_hash = before->n_watch_hash;
        holder->record.watch_hash = before->watch_hash;
    }
}

/* As each authority would name the number, whoever is listed. */
static enum err add_watch_hashes(struct controller *ctl, const struct roster_person *person,
                                 struct roster_holder *holder, struct fault *fault)
{
    TRY(watch_hashes_of(ctl, person->id_number, &holder->watch, fault));
    if (person->id_number[0] == '\0') {
        return ERR_OK;
    }
    for (size_t i = 0; i < holder->watch.count; i++) {
        holder->watch_fields[i] = field_of(BYTES_OF(holder->watch.items[i].bytes));
    }
    holder->record.n_watch_hash = holder->watch.count;
    holder->record.watch_hash = holder->watch_fields;
    return ERR_OK;
}

static enum err seal_identity(struct controller *ctl, const struct roster_person *person,
                              struct roster_holder *holder, struct fault *fault)
{
    struct seal_key key;
    Parkgate__Identity identity = PARKGATE__IDENTITY__INIT;
    identity.name = field_text(person->name);
    identity.id_number = field_text(person->id_number);
    identity.phone = field_text(person->phone);
    identity.agency = field_text(person->agency);
    identity.external = field_text(person->external);
    identity.plate = field_text(person->plate);
    if (parkgate__identity__get_packed_size(&identity) + SEAL_OVERHEAD > sizeof(holder->sealed)) {
        return fault_set(fault, ERR_INPUT, "an identity is over %zu bytes", sizeof(holder->sealed));
    }
    TRY(controller_holder_key(ctl, holder->handle, true, &key, fault));
    size_t size =
        controller_seal(ctl, &key, &identity.base, holder->sealed, sizeof(holder->sealed));
    seal_wipe(&key, sizeof(key));
    holder->record.sealed = field_of((struct bytes){.data = holder->sealed, .size = size});
    return add_watch_hashes(ctl, person, holder, fault);
}

enum err roster_make_holder(struct controller *ctl, const struct roster_person *person,
                            struct roster_holder *ret, Parkgate__HolderRecord **ret_before,
                            struct fault *fault)
{
    bool found = false;
    memset(ret, 0, sizeof(*ret));
    parkgate__holder_record__init(&ret->record);
    *ret_before = NULL;
    bool has_id = strongest_hash(ctl, person, &ret->id_hash);
    bool has_external = external_hash(ctl, person, &ret->external_hash);
    TRY(find_handle(ctl, &ret->id_hash, has_id, &ret->handle, &found, fault));
    TRY(find_handle(ctl, &ret->external_hash, has_external, &ret->handle, &found, fault));
    if (!found && !handle_is_none(person->handle)) {
        ret->handle = person->handle;
        found = true;
    }
    if (!found) {
        ret->handle = controller_draw_handle(ctl);
    }
    ret->record.holder = people_field(&ret->handle);
    ret->record.vehicle = person->plate[0] != '\0';
    ret->record.tenant = field_text(person->tenant);
    ret->record.kind = person->kind;
    if (has_id) {
        ret->record.id_hash = field_of(BYTES_OF(ret->id_hash.bytes));
    }
    if (has_external) {
        ret->record.external_hash = field_of(BYTES_OF(ret->external_hash.bytes));
    }
    if (found) {
        enum err err = people_holder(ctl->txn, ret->handle, ret_before, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    if (*ret_before != NULL) {
        ret->clashes = is_somebody_else(ret, *ret_before);
        carry_over(ret, *ret_before);
        if (ret->existed && strcmp((*ret_before)->tenant, person->tenant) != 0) {
            keep_identity(ret, *ret_before);
            return ERR_OK;
        }
    }
    return seal_identity(ctl, person, ret, fault);
}

static bool is_live(const Parkgate__CredentialRecord *record, struct wall now)
{
    return record->revoked_us == 0 && record->told_by[0] == '\0' &&
           (record->until_us == 0 || now.us < record->until_us);
}

static enum err seal_credential(struct controller *ctl, struct bytes canonical,
                                struct roster_credential *ret, struct fault *fault)
{
    struct seal_key key;
    Parkgate__SealedRead read = PARKGATE__SEALED_READ__INIT;
    read.credential = field_of(canonical);
    TRY(controller_holder_key(ctl, ret->holder, true, &key, fault));
    size_t size = controller_seal(ctl, &key, &read.base, ret->sealed, sizeof(ret->sealed));
    seal_wipe(&key, sizeof(key));
    ret->record.sealed = field_of((struct bytes){.data = ret->sealed, .size = size});
    return ERR_OK;
}

bool roster_make_credential(struct controller *ctl, struct handle holder, uint32_t kind,
                            struct bytes canonical, struct roster_credential *ret,
                            struct complaint *c, enum err *ret_err, struct fault *fault)
{
    Parkgate__CredentialRecord *before = NULL;
    memset(ret, 0, sizeof(*ret));
    parkgate__credential_record__init(&ret->record);
    ret->hash = controller_credential_hash(ctl, kind, canonical);
    ret->holder = holder;
    ret->handle = controller_draw_handle(ctl);
    *ret_err = people_credential(ctl->txn, BYTES_OF(ret->hash.bytes), &before, fault);
    if (*ret_err == ERR_OK) {
        bool same = handle_equal(people_handle(&before->holder), holder);
        bool taken = !same && is_live(before, ctl->now);
        if (same) {
            ret->handle = people_handle(&before->credential);
            ret->was_live = is_live(before, ctl->now);
            ret->was_revoked = before->revoked_us != 0;
        }
        parkgate__credential_record__free_unpacked(before, NULL);
        if (taken) {
            return complain(c, ERROR_CREDENTIAL_TAKEN, "this credential", NULL, NULL, NULL);
        }
    } else if (*ret_err != ERR_NOT_FOUND) {
        return false;
    }
    ret->record.credential = people_field(&ret->handle);
    ret->record.hash = field_of(BYTES_OF(ret->hash.bytes));
    ret->record.kind = kind;
    ret->record.holder = people_field(&ret->holder);
    *ret_err = seal_credential(ctl, canonical, ret, fault);
    return *ret_err == ERR_OK;
}

enum err roster_assignment_exists(struct controller *ctl, struct handle person, const char *tenant,
                                  const char *shift, int32_t from_day, int32_t to_day,
                                  bool *ret_exists, size_t *ret_overlapping, struct fault *fault)
{
    struct people_assignments found;
    *ret_exists = false;
    TRY(people_assignments(ctl->txn, person, from_day, to_day, &found, fault));
    for (size_t i = 0; i < found.count; i++) {
        const Parkgate__AssignmentRecord *record = found.items[i];
        *ret_exists |= strcmp(record->tenant, tenant) == 0 && strcmp(record->shift, shift) == 0 &&
                       record->from_day == from_day && record->to_day == to_day;
    }
    *ret_overlapping = found.count;
    people_assignments_destroy(&found);
    return ERR_OK;
}
