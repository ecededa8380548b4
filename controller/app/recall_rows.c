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
#include "controller/app/recall_waits.h"
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

/* Written down as one that this gate alone told. */
static enum err wait_for_another(const struct given *g, enum table table, struct handle holder,
                                 struct handle row, struct fault *fault)
{
    const struct recall_row waits = {.holder = holder, .row = row, .table = (uint32_t)table};
    return recall_row_waits(g->ctl, g->session->gate.text, g->recovery, &waits, fault);
}

/* Another gate told it, and this one tells the same. */
static enum err bear_out(const struct given *g, enum table table, struct handle holder,
                         struct handle row, struct fault *fault)
{
    const struct recall_row waits = {.holder = holder, .row = row, .table = (uint32_t)table};
    return recall_row_confirm(g->ctl, g->session->gate.text, &waits, "", fault);
}

static bool is_told_by_another(const struct given *g, const char *told_by)
{
    return told_by[0] != '\0' && strcmp(told_by, g->session->gate.text) != 0;
}

static bool same_message(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    static uint8_t packed[2][STORE_VALUE_MAX]; /* one thread */
    size_t size = protobuf_c_message_get_packed_size(a);
    if (size != protobuf_c_message_get_packed_size(b) || size > sizeof(packed[0])) {
        return false;
    }
    (void)protobuf_c_message_pack(a, packed[0]);
    (void)protobuf_c_message_pack(b, packed[1]);
    return memcmp(packed[0], packed[1], size) == 0;
}

/* --- holders --- */

static bool are_names(char *const *texts, size_t count)
{
    struct name name;
    for (size_t i = 0; i < count; i++) {
        if (!name_from_text(texts[i], &name)) {
            return false;
        }
    }
    return true;
}

/* Is it what a controller could have written? */
static bool is_holder(const Parkgate__HolderRecord *told)
{
    struct name tenant;
    bool fits = told->n_suspended_by <= LIMIT_TENANTS && told->n_zone <= LIMIT_ZONES_PER_TENANT &&
                told->n_driver <= LIMIT_DRIVERS_PER_VEHICLE;
    for (size_t i = 0; fits && i < told->n_driver; i++) {
        fits = told->driver[i].len == HANDLE_SIZE;
    }
    return fits && told->holder.len == HANDLE_SIZE && name_from_text(told->tenant, &tenant) &&
           are_names(told->suspended_by, told->n_suspended_by) &&
           are_names(told->zone, told->n_zone);
}

/* Who it is and where it may go, without what makes it stricter and what is of here alone. */
static Parkgate__HolderRecord bare_holder(const Parkgate__HolderRecord *record)
{
    Parkgate__HolderRecord bare = *record;
    bare.base.n_unknown_fields = 0;
    bare.sealed = bare.id_hash = bare.external_hash = bare.previous = (ProtobufCBinaryData){0};
    bare.n_suspended_by = bare.n_watch_hash = 0;
    bare.removed = false;
    bare.stage = bare.recovered = 0;
    bare.told_by = field_text("");
    return bare;
}

static enum err new_holder(struct given *g, const Parkgate__HolderRecord *told, struct fault *fault)
{
    struct handle holder = people_handle(&told->holder);
    Parkgate__HolderRecord fresh = bare_holder(told);
    fresh.suspended_by = told->suspended_by;
    fresh.n_suspended_by = told->n_suspended_by;
    fresh.removed = told->removed;
    fresh.recovered = g->recovery;
    fresh.told_by = field_text(g->session->gate.text);
    g->fresh = !fresh.removed;
    TRY(record(g, ENTRY_HOLDER, &fresh.base, fault));
    return wait_for_another(g, TABLE_HOLDER, holder, holder, fault);
}

static enum err bear_out_holder(const struct given *g, const Parkgate__HolderRecord *here,
                                const Parkgate__HolderRecord *told, struct fault *fault)
{
    struct handle holder = people_handle(&here->holder);
    const Parkgate__HolderRecord one = bare_holder(here);
    const Parkgate__HolderRecord other = bare_holder(told);
    return is_told_by_another(g, here->told_by) && same_message(&one.base, &other.base)
               ? bear_out(g, TABLE_HOLDER, holder, holder, fault)
               : ERR_OK;
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
    if (!is_holder(told)) {
        return fault_set(fault, ERR_INPUT, "a holder without a tenant, or of too much");
    }
    enum err err = people_holder(g->ctl->txn, people_handle(&told->holder), &here, fault);
    if (err == ERR_NOT_FOUND) {
        return new_holder(g, told, fault);
    }
    TRY(err);
    err = stricter_holder(g, here, told, fault);
    if (err == ERR_OK) {
        err = bear_out_holder(g, here, told, fault);
    }
    parkgate__holder_record__free_unpacked(here, NULL);
    return err;
}

/* --- assignments, credentials, bans --- */

static Parkgate__AssignmentRecord bare_assignment(const Parkgate__AssignmentRecord *record)
{
    Parkgate__AssignmentRecord bare = *record;
    bare.base.n_unknown_fields = 0;
    bare.ended = false;
    bare.stage = 0;
    bare.previous = (ProtobufCBinaryData){0};
    bare.told_by = field_text("");
    return bare;
}

static enum err new_assignment(const struct given *g, const Parkgate__AssignmentRecord *told,
                               struct fault *fault)
{
    Parkgate__AssignmentRecord fresh = bare_assignment(told);
    fresh.ended = told->ended;
    fresh.told_by = field_text(g->session->gate.text);
    TRY(record(g, ENTRY_ASSIGNMENT, &fresh.base, fault));
    return wait_for_another(g, TABLE_ASSIGNMENT, people_handle(&told->person),
                            people_handle(&told->assignment), fault);
}

static enum err known_assignment(const struct given *g, const Parkgate__AssignmentRecord *here,
                                 const Parkgate__AssignmentRecord *told, struct fault *fault)
{
    const Parkgate__AssignmentRecord one = bare_assignment(here);
    const Parkgate__AssignmentRecord other = bare_assignment(told);
    Parkgate__AssignmentRecord ended = *here;
    ended.ended = true;
    ended.stage = 0;
    ended.previous = (ProtobufCBinaryData){0};
    if (told->ended && !here->ended) {
        return record(g, ENTRY_ASSIGNMENT, &ended.base, fault);
    }
    return is_told_by_another(g, here->told_by) && same_message(&one.base, &other.base)
               ? bear_out(g, TABLE_ASSIGNMENT, people_handle(&here->person),
                          people_handle(&here->assignment), fault)
               : ERR_OK;
}

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
        return new_assignment(g, told, fault);
    }
    TRY(err);
    err = known_assignment(g, here, told, fault);
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
    bool as_long = here == NULL || !ban_in_force(here, g->ctl->now) ||
                   told->until_us >= here->until_us; /* none is made shorter */
    if (here != NULL) {
        parkgate__ban_record__free_unpacked(here, NULL);
    }
    return later && as_long && told->ban.len == HANDLE_SIZE && told->holder.len == HANDLE_SIZE &&
                   ban_in_force(told, g->ctl->now)
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

static bool same_credential(const Parkgate__CredentialRecord *here,
                            const Parkgate__CredentialRecord *told)
{
    return bytes_equal(field_view(&here->credential), field_view(&told->credential)) &&
           bytes_equal(field_view(&here->holder), field_view(&told->holder)) &&
           here->kind == told->kind && here->from_us == told->from_us &&
           here->until_us == told->until_us;
}

/* What a read and a copy say together: this credential is his. */
struct claim {
    const Parkgate__Event *event;
    const Parkgate__CredentialRecord *told;
};

/* The one that is read is known here. */
static enum err known_credential(const struct given *g, const Parkgate__CredentialRecord *here,
                                 const struct claim *claim, struct fault *fault)
{
    return is_told_by_another(g, here->told_by) && same_credential(here, claim->told)
               ? bear_out(g, TABLE_CREDENTIAL, people_handle(&here->holder),
                          people_handle(&here->credential), fault)
               : ERR_OK;
}

/* Neither the handle nor its holder may be somebody else's. */
static enum err is_free(const struct given *g, const struct claim *claim, bool *ret_free,
                        struct fault *fault)
{
    Parkgate__CredentialRecord *here = NULL;
    Parkgate__HolderRecord *holder = NULL;
    *ret_free = false;
    enum err err = people_credential_by_handle(g->ctl->txn, people_handle(&claim->told->credential),
                                               &here, fault);
    if (err == ERR_OK) {
        parkgate__credential_record__free_unpacked(here, NULL);
        return ERR_OK;
    }
    if (err == ERR_NOT_FOUND) {
        err = people_holder(g->ctl->txn, people_handle(&claim->told->holder), &holder, fault);
    }
    if (err == ERR_OK) {
        *ret_free = true;
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err give_again(const struct given *g, const struct claim *claim, struct fault *fault)
{
    struct roster_credential made;
    struct complaint ignored = {0};
    const Parkgate__CredentialRecord *told = claim->told;
    enum err err = ERR_OK;
    bool is_his = false;
    TRY(is_free(g, claim, &is_his, fault));
    if (!is_his || !roster_make_credential(g->ctl, people_handle(&told->holder), told->kind,
                                           field_view(&claim->event->credential), &made, &ignored,
                                           &err, fault)) {
        return err;
    }
    made.handle = people_handle(&told->credential);
    made.record.from_us = told->from_us;
    made.record.until_us = told->until_us;
    made.record.revoked_us = told->revoked_us;
    made.record.told_by = field_text(g->session->gate.text);
    TRY(record(g, ENTRY_CREDENTIAL, &made.record.base, fault));
    return wait_for_another(g, TABLE_CREDENTIAL, made.holder, made.handle, fault);
}

static enum err take_claim(const struct given *g, const struct claim *claim, struct fault *fault)
{
    const Parkgate__Event *event = claim->event;
    struct seal_hash hash =
        controller_credential_hash(g->ctl, event->credential_kind, field_view(&event->credential));
    Parkgate__CredentialRecord *here = NULL;
    enum err err = people_credential(g->ctl->txn, BYTES_OF(hash.bytes), &here, fault);
    if (err == ERR_NOT_FOUND) {
        return give_again(g, claim, fault);
    }
    TRY(err);
    err = known_credential(g, here, claim, fault);
    parkgate__credential_record__free_unpacked(here, NULL);
    return err;
}

enum err recall_credential(struct controller *ctl, const struct session *session,
                           const Parkgate__Event *event, const ProtobufCBinaryData *packed,
                           struct fault *fault)
{
    const struct given given = {.ctl = ctl, .session = session, .recovery = session->recall.number};
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
        const struct claim claim = {.event = event, .told = told};
        err = take_claim(&given, &claim, fault);
    }
    parkgate__credential_record__free_unpacked(told, NULL);
    return err;
}
