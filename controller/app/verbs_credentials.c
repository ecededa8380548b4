#include <string.h>

#include "common/access/card_number.h"
#include "common/access/civil.h"
#include "common/access/credential.h"
#include "common/access/wiegand.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/app/faces.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"
#include "controller/app/subjects.h"

/* --- giving --- */

struct gift {
    uint32_t kind;
    struct credential credential;
    int64_t until_us;
    const char *consent, *purpose;
};

static enum err settle_face(struct controller *ctl, struct request *request, struct bytes hash,
                            struct fault *fault)
{
    size_t orders = 0;
    TRY(subjects_settle(ctl, hash, request->key->name, &orders, fault));
    return faces_changed(ctl, fault);
}

static enum err give(struct controller *ctl, struct request *request, struct handle holder,
                     const struct gift *gift, struct fault *fault)
{
    struct roster_credential made;
    enum err err = ERR_OK;
    if (!roster_make_credential(ctl, holder, gift->kind, credential_view(&gift->credential), &made,
                                &request->answer->complaint, &err, fault)) {
        return err;
    }
    if (gift->kind == CREDENTIAL_KIND_FACE) {
        struct name left;
        TRY(subjects_left(ctl, BYTES_OF(made.hash.bytes), holder, &left, fault));
        if (left.text[0] != '\0') {
            (void)request_refuse(request, ERROR_SUBJECT_LEFT, left.text, NULL, NULL);
            return ERR_OK;
        }
        if (!faces_room(ctl, request, holder, &err, fault)) {
            return err;
        }
    }
    made.record.until_us = gift->until_us;
    made.record.consent = field_text(gift->consent);
    made.record.purpose = field_text(gift->purpose);
    TRY(controller_record(ctl, ENTRY_CREDENTIAL, request->key->name, &made.record.base, fault));
    answer_note_handle(request->answer, "credential", made.handle);
    return gift->kind == CREDENTIAL_KIND_FACE
               ? settle_face(ctl, request, BYTES_OF(made.hash.bytes), fault)
               : ERR_OK;
}

static enum err give_to_person(struct controller *ctl, struct request *request,
                               const struct gift *gift, struct fault *fault)
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
    enum err err = ERR_OK;
    if (holder->vehicle) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "person", "of this handle", NULL);
    } else if (request_owns(request, holder->tenant)) { /* not who only works for it too */
        err = give(ctl, request, person, gift, fault);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

/* The ways to name a badge; one of them is given. */
static const struct badge_form {
    const char *arg;
    bool (*read)(struct bytes text, struct credential *ret_credential);
    const char *good;
} badge_forms[] = {
    {"uid",     credential_from_uid_text, "4, 7 or 10 bytes in hex"                         },
    {"wiegand", wiegand_from_text,        "26:FACILITY-CARD, for example 26:123-45678"      },
    {"printed", card_number_printed,
     "8h10d:, 8h10d-reversed:, wg: or wg-reversed: and the number, for example wg:123,45678"},
};

/* *ret_form NULL: none is given. False: refused, more than one is. */
static bool badge_form(struct request *request, const struct badge_form **ret_form)
{
    *ret_form = NULL;
    for (size_t i = 0; i < ARRAY_LEN(badge_forms); i++) {
        if (request_arg(request, badge_forms[i].arg) == NULL) {
            continue;
        }
        if (*ret_form != NULL) {
            return request_refuse(request, ERROR_ARG_BAD, badge_forms[i].arg, "...",
                                  "a badge is named once: by uid, wiegand or printed");
        }
        *ret_form = &badge_forms[i];
    }
    return true;
}

static bool read_badge(struct request *request, struct credential *ret)
{
    const struct badge_form *form = NULL;
    const char *text = NULL;
    if (!badge_form(request, &form)) {
        return false;
    }
    form = form != NULL ? form : &badge_forms[0];
    if (!request_need(request, form->arg, &text)) {
        return false;
    }
    if (!form->read(bytes_of_text(text), ret)) {
        return request_refuse(request, ERROR_ARG_BAD, form->arg, text, form->good);
    }
    return !badge_uid_is_random(credential_view(ret)) ||
           request_refuse(request, ERROR_ARG_BAD, form->arg, text,
                          "this card makes up a new number at every read; it identifies nobody");
}

static enum err on_badge_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct gift gift = {.kind = CREDENTIAL_KIND_BADGE, .consent = "", .purpose = ""};
    if (!read_badge(request, &gift.credential) ||
        !request_day_us(ctl, request, "until", true, &gift.until_us)) {
        return ERR_OK;
    }
    return give_to_person(ctl, request, &gift, fault);
}

static enum err on_face_attach(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct gift gift = {.kind = CREDENTIAL_KIND_FACE};
    const char *subject = NULL;
    if (!request_need(request, "subject", &subject)) {
        return ERR_OK;
    }
    gift.consent = request_arg(request, "consent");
    gift.purpose = request_arg(request, "purpose");
    if (gift.consent == NULL || gift.consent[0] == '\0' || gift.purpose == NULL ||
        gift.purpose[0] == '\0') {
        (void)request_refuse(request, ERROR_CONSENT_NEEDED, NULL, NULL, NULL);
        return ERR_OK;
    }
    if (!credential_from_face(bytes_of_text(subject), &gift.credential)) {
        (void)request_refuse(request, ERROR_ARG_BAD, "subject", subject,
                             "1 to 32 printable characters without blanks");
        return ERR_OK;
    }
    return give_to_person(ctl, request, &gift, fault);
}

/* --- taking back --- */

static enum err revoke(struct controller *ctl, struct request *request,
                       const Parkgate__CredentialRecord *record, const char *reason,
                       struct fault *fault)
{
    Parkgate__CredentialRecord changed = *record;
    if (record->revoked_us != 0) {
        char text[HANDLE_TEXT_SIZE];
        handle_to_text(people_handle(&record->credential), text);
        (void)request_refuse(request, ERROR_SAME_STATE, "credential", text, NULL);
        return ERR_OK;
    }
    changed.revoked_us = ctl->now.us;
    changed.reason = field_text(reason);
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    TRY(controller_record(ctl, ENTRY_CREDENTIAL, request->key->name, &changed.base, fault));
    return record->kind == CREDENTIAL_KIND_FACE
               ? settle_face(ctl, request, field_view(&record->hash), fault)
               : ERR_OK;
}

/* The credential named by handle or, for badges, by its number. ERR_OK with NULL: refused. */
static enum err named_credential(struct controller *ctl, struct request *request, uint32_t kind,
                                 Parkgate__CredentialRecord **ret, struct fault *fault)
{
    struct handle handle;
    struct credential badge;
    const struct badge_form *form = NULL;
    enum err err;
    *ret = NULL;
    if (kind == CREDENTIAL_KIND_BADGE && !badge_form(request, &form)) {
        return ERR_OK;
    }
    if (form != NULL) {
        if (!read_badge(request, &badge)) {
            return ERR_OK;
        }
        struct seal_hash hash = controller_credential_hash(ctl, kind, credential_view(&badge));
        err = people_credential(ctl->txn, BYTES_OF(hash.bytes), ret, fault);
    } else {
        if (!request_handle(request, "credential", &handle)) {
            return ERR_OK;
        }
        err = people_credential_by_handle(ctl->txn, handle, ret, fault);
    }
    if (err == ERR_OK && (*ret)->kind != kind) {
        parkgate__credential_record__free_unpacked(*ret, NULL);
        *ret = NULL;
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "credential", "of this number", NULL);
        return ERR_OK;
    }
    return err;
}

static enum err revoke_kind(struct controller *ctl, struct request *request, uint32_t kind,
                            struct fault *fault)
{
    const char *reason = NULL;
    Parkgate__CredentialRecord *record = NULL;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named_credential(ctl, request, kind, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = request_holder(ctl, request, people_handle(&record->holder), "credential of",
                                  &holder, fault);
    if (err == ERR_OK && holder != NULL) {
        err = request_owns(request, holder->tenant) ? revoke(ctl, request, record, reason, fault)
                                                    : ERR_OK;
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    parkgate__credential_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_badge_revoke(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    return revoke_kind(ctl, request, CREDENTIAL_KIND_BADGE, fault);
}

static enum err on_face_remove(struct controller *ctl, struct request *request, struct fault *fault)
{
    return revoke_kind(ctl, request, CREDENTIAL_KIND_FACE, fault);
}

static void credential_row(struct controller *ctl, struct answer *a,
                           const Parkgate__CredentialRecord *record)
{
    bool expired = record->until_us != 0 && ctl->now.us >= record->until_us;
    answer_begin_row(a);
    answer_handle(a, people_handle(&record->credential));
    answer_text(a, credential_kind_name((enum credential_kind)record->kind));
    answer_text(a, credential_class_name(credential_class_of((enum credential_kind)record->kind)));
    answer_text(a, record->revoked_us != 0      ? "revoked"
                   : expired                    ? "expired"
                   : record->told_by[0] != '\0' ? "waiting"
                                                : "valid");
    answer_wall(a, (struct wall){record->until_us});
    (void)answer_end_row(a);
}

static enum err on_badge_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle person;
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_handle(request, "person", &person)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, person, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    answer_columns(request->answer, "credential,kind,class,state,until_us");
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, person);
    TRY(store_iter_prefix(ctl->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix),
                          LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__CredentialRecord *record = NULL;
        err = people_credential(ctl->txn, value, &record, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        if (handle_equal(people_handle(&record->holder), person)) {
            credential_row(ctl, request->answer, record);
        }
        parkgate__credential_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_credentials[] = {
    {"badge.add",    on_badge_add   },
    {"badge.revoke", on_badge_revoke},
    {"badge.list",   on_badge_list  },
    {"face.attach",  on_face_attach },
    {"face.remove",  on_face_remove },
};
const size_t verbs_of_credentials_count = ARRAY_LEN(verbs_of_credentials);
