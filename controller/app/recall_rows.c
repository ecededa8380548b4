#include "controller/app/recall_rows.h"

#include <string.h>

#include "common/access/credential.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/ban_store.h"
#include "common/facts/copy_rows.h"
#include "common/facts/people_store.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/app/roster.h"
#include "schema/kinds.h"
#include "schema/precheck.h"

/* A record: no more fields than lists of tenants, zones and drivers fill. */
static const struct message_bounds record_bounds = {LIMIT_TENANTS + LIMIT_ZONES_PER_TENANT + 64,
                                                    LIMIT_TEXT_BYTES};
static const struct message_bounds row_bounds = {8, LIMIT_RECALL_ITEM_BYTES};

struct given {
    struct controller *ctl;
    const struct session *session;
    uint64_t recovery;
    bool fresh;
};

static enum err record(const struct given *g, uint32_t kind, const ProtobufCMessage *body,
                       struct fault *fault)
{
    return controller_record(g->ctl, kind, g->session->gate.text, body, fault);
}

/* --- holders --- */

static enum err new_holder(struct given *g, Parkgate__HolderRecord *told, struct fault *fault)
{
    struct name tenant;
    Parkgate__HolderRecord fresh = *told;
    if (!name_from_text(told->tenant, &tenant)) {
        return fault_set(fault, ERR_INPUT, "a holder without a tenant");
    }
    fresh.sealed = fresh.id_hash = fresh.external_hash = (ProtobufCBinaryData){0};
    fresh.previous = (ProtobufCBinaryData){0};
    fresh.stage = 0;
    fresh.recovered = g->recovery;
    g->fresh = !fresh.removed;
    return record(g, ENTRY_HOLDER, &fresh.base, fault);
}

/* All that suspended it, here or there; borrowed from both. *ret_more: here some were missing. */
static char **all_suspensions(const Parkgate__HolderRecord *here,
                              const Parkgate__HolderRecord *told, char *out[2 * LIMIT_TENANTS],
                              size_t *ret_count, bool *ret_more)
{
    size_t count = 0;
    for (size_t i = 0; i < here->n_suspended_by && count < LIMIT_TENANTS; i++) {
        out[count++] = here->suspended_by[i];
    }
    *ret_more = false;
    for (size_t i = 0; i < told->n_suspended_by && i < LIMIT_TENANTS; i++) {
        if (!people_suspended_by(here, told->suspended_by[i])) {
            out[count++] = told->suspended_by[i];
            *ret_more = true;
        }
    }
    *ret_count = count;
    return out;
}

static enum err stricter_holder(struct given *g, const Parkgate__HolderRecord *here,
                                const Parkgate__HolderRecord *told, struct fault *fault)
{
    char *suspended_by[2 * LIMIT_TENANTS];
    Parkgate__HolderRecord changed = *here;
    bool more = false;
    changed.suspended_by =
        all_suspensions(here, told, suspended_by, &changed.n_suspended_by, &more);
    changed.removed = here->removed || told->removed;
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    return more || changed.removed != here->removed ? record(g, ENTRY_HOLDER, &changed.base, fault)
                                                    : ERR_OK;
}

static enum err take_holder(struct given *g, ProtobufCMessage *message, struct fault *fault)
{
    Parkgate__HolderRecord *told = (void *)message;
    Parkgate__HolderRecord *here = NULL;
    enum err err = people_holder(g->ctl->txn, people_handle(&told->holder), &here, fault);
    if (err == ERR_NOT_FOUND) {
        return new_holder(g, told, fault);
    }
    TRY(err);
    err = stricter_holder(g, here, told, fault);
    parkgate__holder_record__free_unpacked(here, NULL);
    return err;
}

/* --- assignments, credentials, bans --- */

static enum err take_assignment(struct given *g, ProtobufCMessage *message, struct fault *fault)
{
    Parkgate__AssignmentRecord *told = (void *)message;
    Parkgate__AssignmentRecord *here = NULL;
    struct name name;
    if (told->assignment.len != HANDLE_SIZE || told->person.len != HANDLE_SIZE ||
        !name_from_text(told->tenant, &name) || !name_from_text(told->shift, &name)) {
        return fault_set(fault, ERR_INPUT, "an assignment without a tenant or shift");
    }
    enum err err = people_assignment(g->ctl->txn, people_handle(&told->person),
                                     people_handle(&told->assignment), &here, fault);
    if (err == ERR_NOT_FOUND) {
        Parkgate__AssignmentRecord fresh = *told;
        fresh.stage = 0;
        fresh.previous = (ProtobufCBinaryData){0};
        return record(g, ENTRY_ASSIGNMENT, &fresh.base, fault);
    }
    TRY(err);
    Parkgate__AssignmentRecord ended = *here;
    ended.ended = true;
    ended.stage = 0;
    ended.previous = (ProtobufCBinaryData){0};
    err = told->ended && !here->ended ? record(g, ENTRY_ASSIGNMENT, &ended.base, fault) : ERR_OK;
    parkgate__assignment_record__free_unpacked(here, NULL);
    return err;
}

/* One that is not known here comes with the first read of it. */
static enum err take_credential(struct given *g, ProtobufCMessage *message, struct fault *fault)
{
    const Parkgate__CredentialRecord *told = (const void *)message;
    Parkgate__CredentialRecord *here = NULL;
    enum err err =
        people_credential_by_handle(g->ctl->txn, people_handle(&told->credential), &here, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__CredentialRecord revoked = *here;
    revoked.revoked_us = told->revoked_us;
    revoked.stage = 0;
    revoked.previous = (ProtobufCBinaryData){0};
    err = told->revoked_us != 0 && here->revoked_us == 0
              ? record(g, ENTRY_CREDENTIAL, &revoked.base, fault)
              : ERR_OK;
    parkgate__credential_record__free_unpacked(here, NULL);
    return err;
}

static enum err take_ban(struct given *g, ProtobufCMessage *message, struct fault *fault)
{
    const Parkgate__BanRecord *told = (const void *)message;
    Parkgate__BanRecord *here = NULL;
    enum err err = ban_get(g->ctl->txn, people_handle(&told->holder), &here, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    bool later = here == NULL || told->from_us > here->from_us;
    if (here != NULL) {
        parkgate__ban_record__free_unpacked(here, NULL);
    }
    return later && told->ban.len == HANDLE_SIZE && ban_in_force(told, g->ctl->now)
               ? record(g, ENTRY_BAN, &told->base, fault)
               : ERR_OK;
}

/* --- rows --- */

static const struct taker {
    enum table table;
    const ProtobufCMessageDescriptor *descriptor;
    enum err (*take)(struct given *g, ProtobufCMessage *message, struct fault *fault);
} takers[] = {
    {TABLE_HOLDER,     &parkgate__holder_record__descriptor,     take_holder    },
    {TABLE_ASSIGNMENT, &parkgate__assignment_record__descriptor, take_assignment},
    {TABLE_CREDENTIAL, &parkgate__credential_record__descriptor, take_credential},
    {TABLE_BAN,        &parkgate__ban_record__descriptor,        take_ban       },
};

static const struct taker *taker_of(uint32_t table)
{
    for (size_t i = 0; i < ARRAY_LEN(takers); i++) {
        if ((uint32_t)takers[i].table == table) {
            return &takers[i];
        }
    }
    return NULL;
}

static enum err take_row(struct given *g, const Parkgate__CopyRow *row, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    const struct taker *taker = taker_of(row->table);
    if (taker == NULL || row->gone) {
        return fault_set(fault, ERR_INPUT, "a row of table %u", row->table);
    }
    if (precheck(field_view(&row->value), record_bounds) != NULL) {
        return fault_set(fault, ERR_INPUT, "a row out of bounds");
    }
    TRY(copy_row_check(row, fault));
    message = protobuf_c_message_unpack(taker->descriptor, NULL, row->value.len, row->value.data);
    return message == NULL ? fault_set(fault, ERR_INPUT, "a row without a record")
                           : taker->take(g, message, fault);
}

enum err recall_row(struct controller *ctl, const struct session *session,
                    const ProtobufCBinaryData *packed, uint64_t recovery, bool *ret_fresh,
                    struct fault *fault)
{
    struct given given = {.ctl = ctl, .session = session, .recovery = recovery};
    Parkgate__CopyRow *row = precheck(field_view(packed), row_bounds) != NULL
                                 ? NULL
                                 : parkgate__copy_row__unpack(NULL, packed->len, packed->data);
    enum err err = row == NULL ? fault_set(fault, ERR_INPUT, "a row that cannot be read")
                               : take_row(&given, row, fault);
    if (row != NULL) {
        parkgate__copy_row__free_unpacked(row, NULL);
    }
    *ret_fresh = given.fresh;
    if (err == ERR_INPUT) {
        log_warning("recalled_row_refused", LOG_TEXT("gate", session->gate.text),
                    LOG_TEXT("why", fault->what));
        return ERR_OK;
    }
    return err;
}

/* --- credentials, by their reads --- */

static enum err is_new(struct controller *ctl, const Parkgate__Event *event,
                       const Parkgate__CredentialRecord *told, bool *ret_new, struct fault *fault)
{
    struct seal_hash hash =
        controller_credential_hash(ctl, event->credential_kind, field_view(&event->credential));
    Parkgate__CredentialRecord *here = NULL;
    Parkgate__HolderRecord *holder = NULL;
    *ret_new = false;
    enum err err = people_credential(ctl->txn, BYTES_OF(hash.bytes), &here, fault);
    if (err == ERR_NOT_FOUND) {
        err = people_credential_by_handle(ctl->txn, people_handle(&told->credential), &here, fault);
    }
    if (err == ERR_OK) {
        parkgate__credential_record__free_unpacked(here, NULL);
        return ERR_OK;
    }
    if (err == ERR_NOT_FOUND) {
        err = people_holder(ctl->txn, people_handle(&told->holder), &holder, fault);
    }
    if (err == ERR_OK) {
        *ret_new = true;
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err give_again(struct controller *ctl, const struct session *session,
                           const Parkgate__Event *event, const Parkgate__CredentialRecord *told,
                           struct fault *fault)
{
    struct roster_credential made;
    struct complaint ignored = {0};
    enum err err = ERR_OK;
    if (!roster_make_credential(ctl, people_handle(&told->holder), told->kind,
                                field_view(&event->credential), &made, &ignored, &err, fault)) {
        return err;
    }
    made.handle = people_handle(&told->credential);
    made.record.from_us = told->from_us;
    made.record.until_us = told->until_us;
    made.record.revoked_us = told->revoked_us;
    return controller_record(ctl, ENTRY_CREDENTIAL, session->gate.text, &made.record.base, fault);
}

enum err recall_credential(struct controller *ctl, const struct session *session,
                           const Parkgate__Event *event, const ProtobufCBinaryData *packed,
                           struct fault *fault)
{
    bool fresh = false;
    if (packed->len == 0 || event->kind != EVENT_PRESENTATION || event->credential.len == 0 ||
        event->credential_kind == CREDENTIAL_KIND_PIN) {
        return ERR_OK;
    }
    if (precheck(field_view(packed), record_bounds) != NULL ||
        !credential_is_canonical((enum credential_kind)event->credential_kind,
                                 field_view(&event->credential))) {
        return ERR_OK; /* a foreign plate, too: nobody holds one */
    }
    Parkgate__CredentialRecord *told =
        parkgate__credential_record__unpack(NULL, packed->len, packed->data);
    if (told == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (told->kind == event->credential_kind && told->credential.len == HANDLE_SIZE &&
        told->holder.len == HANDLE_SIZE) {
        err = is_new(ctl, event, told, &fresh, fault);
    }
    if (err == ERR_OK && fresh) {
        err = give_again(ctl, session, event, told, fault);
    }
    parkgate__credential_record__free_unpacked(told, NULL);
    return err;
}
