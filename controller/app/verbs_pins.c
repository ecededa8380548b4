/* PINs: kept as a keyed hash over holder and digits, and nowhere else. */
#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"

/* The digits themselves are never repeated in an answer, a journal entry or a log. */
static bool read_pin(struct request *request, struct credential *ret)
{
    const char *text = NULL;
    if (!request_need(request, "pin", &text)) {
        return false;
    }
    if (!credential_from_pin(bytes_of_text(text), ret)) {
        return request_refuse(request, ERROR_ARG_BAD, "pin", "...", "4 to 12 digits");
    }
    return !pin_is_weak(credential_view(ret)) ||
           request_refuse(request, ERROR_ARG_BAD, "pin", "...",
                          "too easy: not one digit again and again, not 1234 or 4321, not a group "
                          "twice");
}

/* The person, when this key may give him a credential. NULL: refused. */
static enum err own_person(struct controller *ctl, struct request *request, struct handle *ret,
                           bool *ret_may, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    *ret_may = false;
    if (!request_handle(request, "person", ret)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, *ret, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    if (holder->vehicle) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "person", "of this handle", NULL);
    } else {
        *ret_may = request_owns(request, holder->tenant);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return ERR_OK;
}

static enum err revoke(struct controller *ctl, const struct request *request,
                       const Parkgate__CredentialRecord *record, const char *reason,
                       struct fault *fault)
{
    Parkgate__CredentialRecord changed = *record;
    changed.revoked_us = ctl->now.us;
    changed.reason = field_text(reason);
    return controller_record(ctl, ENTRY_CREDENTIAL, request->key->name, &changed.base, fault);
}

/* A person has one PIN: what was there is revoked. */
static enum err revoke_pins(struct controller *ctl, const struct request *request,
                            struct handle person, const char *reason, size_t *ret_count,
                            struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf prefix;
    struct bytes key, value;
    enum err err;
    *ret_count = 0;
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, person);
    TRY(store_iter_prefix(ctl->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix), UINT64_MAX, &iter,
                          fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__CredentialRecord *record = NULL;
        err = people_credential(ctl->txn, value, &record, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        if (record->kind == CREDENTIAL_KIND_PIN && record->revoked_us == 0 &&
            handle_equal(people_handle(&record->holder), person)) {
            err = revoke(ctl, request, record, reason, fault);
            (*ret_count)++;
        }
        parkgate__credential_record__free_unpacked(record, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The same digits as once before are the same credential. */
static enum err handle_of(struct controller *ctl, const struct seal_hash *hash, struct handle *ret,
                          struct fault *fault)
{
    Parkgate__CredentialRecord *before = NULL;
    *ret = controller_draw_handle(ctl);
    enum err err = people_credential(ctl->txn, BYTES_OF(hash->bytes), &before, fault);
    if (err == ERR_OK) {
        *ret = people_handle(&before->credential);
        parkgate__credential_record__free_unpacked(before, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_pin_set(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle person, handle;
    struct credential pin;
    bool may = false;
    size_t revoked = 0;
    if (!read_pin(request, &pin)) {
        return ERR_OK;
    }
    TRY(own_person(ctl, request, &person, &may, fault));
    if (!may) {
        return ERR_OK;
    }
    struct seal_hash hash = controller_pin_hash(ctl, person, credential_view(&pin));
    seal_wipe(&pin, sizeof(pin));
    TRY(revoke_pins(ctl, request, person, "another PIN", &revoked, fault));
    TRY(handle_of(ctl, &hash, &handle, fault));
    Parkgate__CredentialRecord record = PARKGATE__CREDENTIAL_RECORD__INIT;
    record.credential = people_field(&handle);
    record.hash = field_of(BYTES_OF(hash.bytes));
    record.kind = CREDENTIAL_KIND_PIN;
    record.holder = people_field(&person);
    TRY(controller_record(ctl, ENTRY_CREDENTIAL, request->key->name, &record.base, fault));
    answer_note_handle(request->answer, "credential", handle);
    return ERR_OK;
}

static enum err on_pin_remove(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle person;
    const char *reason = NULL;
    bool may = false;
    size_t revoked = 0;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(own_person(ctl, request, &person, &may, fault));
    if (!may) {
        return ERR_OK;
    }
    TRY(revoke_pins(ctl, request, person, reason, &revoked, fault));
    if (revoked == 0) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "PIN", "of this person", NULL);
    }
    return ERR_OK;
}

const struct verb_handler verbs_of_pins[] = {
    {"pin.set",    on_pin_set   },
    {"pin.remove", on_pin_remove},
};
const size_t verbs_of_pins_count = ARRAY_LEN(verbs_of_pins);
