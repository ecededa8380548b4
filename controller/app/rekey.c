#include "controller/app/rekey.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/faults.h"
#include "controller/store/key_store.h"

struct link_key rekey_identity(const Parkgate__KeyRecord *key)
{
    struct link_key identity = {{0}};
    const ProtobufCBinaryData *from =
        key->identity.len == LINK_KEY_SIZE ? &key->identity : &key->public_key;
    MUST(from->len == LINK_KEY_SIZE);
    memcpy(identity.bytes, from->data, LINK_KEY_SIZE);
    return identity;
}

static void say(struct controller *ctl, const struct session *session,
                const Parkgate__Rekey *message)
{
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_REKEY, 0,
               &message->base);
}

/* --- a gate's key --- */

bool rekey_order(struct controller *ctl, struct name gate, const char *actor, const char *reason,
                 struct complaint *c, enum err *ret_err, struct fault *fault)
{
    Parkgate__KeyReplace entry = PARKGATE__KEY_REPLACE__INIT;
    Parkgate__Rekey message = PARKGATE__REKEY__INIT;
    struct session *session = session_of_gate(&ctl->sessions, gate);
    *ret_err = ERR_OK;
    if (session == NULL || session->away) {
        return complain(c, ERROR_GATE_AWAY, gate.text, NULL, NULL, NULL);
    }
    entry.gate = field_text(gate.text);
    entry.reason = field_text(reason);
    *ret_err = controller_record(ctl, ENTRY_KEY_REPLACE, actor, &entry.base, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    session->draws = true;
    session->has_drawn = false;
    message.gate = field_text(gate.text);
    message.draw = true;
    say(ctl, session, &message);
    return true;
}

static enum err end_key(struct controller *ctl, const Parkgate__KeyRecord *key, const char *actor,
                        const char *reason, struct fault *fault)
{
    Parkgate__KeyRecord ended = *key;
    ended.revoked_us = ctl->now.us;
    ended.reason = field_text(reason);
    TRY(controller_record(ctl, ENTRY_KEY, actor, &ended.base, fault));
    return fault_end(ctl, &fault_two_boxes, key->gate, fault); /* it was that key's */
}

/* A live key of this gate other than `but`; copied, to be freed. ERR_NOT_FOUND: none. */
static enum err live_key(struct controller *ctl, const char *gate, struct bytes but,
                         Parkgate__KeyRecord **ret, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        *ret = (void *)message;
        if ((*ret)->revoked_us == 0 && strcmp((*ret)->gate, gate) == 0 && !bytes_equal(key, but)) {
            return ERR_OK;
        }
        store_message_destroy(&message);
    }
    *ret = NULL;
    return err;
}

/* A key that ended took the gate's name along: by it the gate's keys are revoked. */
static enum err take_name(struct controller *ctl, const Parkgate__KeyRecord *key,
                          struct fault *fault)
{
    Parkgate__KeyRecord *named = NULL;
    enum err err = key_by_name(ctl->txn, key->name, &named, fault);
    if (err == ERR_OK) {
        parkgate__key_record__free_unpacked(named, NULL);
    }
    return err == ERR_NOT_FOUND ? controller_record(ctl, ENTRY_KEY, "", &key->base, fault) : err;
}

/* A box has one key: with the one that it replaces ends each that it was let draw and left. */
static enum err end_others(struct controller *ctl, const Parkgate__KeyRecord *key,
                           struct fault *fault)
{
    enum err err;
    Parkgate__KeyRecord *other = NULL;
    while ((err = live_key(ctl, key->gate, field_view(&key->public_key), &other, fault)) ==
           ERR_OK) {
        err = end_key(ctl, other, "", "replaced by the gate itself", fault);
        parkgate__key_record__free_unpacked(other, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? take_name(ctl, key, fault) : err;
}

enum err rekey_spoken(struct controller *ctl, const Parkgate__KeyRecord *key, struct fault *fault)
{
    Parkgate__KeyRecord *old = NULL;
    if (key->replaces.len != LINK_KEY_SIZE) {
        return ERR_OK;
    }
    enum err err = key_get(ctl->txn, field_view(&key->replaces), &old, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (old->revoked_us == 0) {
        err = end_others(ctl, key, fault);
        log_event("gate_rekeyed", LOG_TEXT("gate", key->gate));
    }
    parkgate__key_record__free_unpacked(old, NULL);
    return err;
}

enum err rekey_end_all(struct controller *ctl, const char *gate, const char *actor,
                       const char *reason, struct fault *fault)
{
    enum err err;
    Parkgate__KeyRecord *key = NULL;
    while ((err = live_key(ctl, gate, (struct bytes){0}, &key, fault)) == ERR_OK) {
        err = end_key(ctl, key, actor, reason, fault);
        parkgate__key_record__free_unpacked(key, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* One key an order; the same one again when a batch is redone. */
static bool may_draw(struct session *session, const ProtobufCBinaryData *offered)
{
    if (session->draws && !session->has_drawn) {
        session->has_drawn = true;
        memcpy(session->drawn.bytes, offered->data, LINK_KEY_SIZE);
    }
    return session->draws && bytes_equal(BYTES_OF(session->drawn.bytes), field_view(offered));
}

/* Makes the offered key the gate's next one; offered again, it is the same. */
static enum err admit(struct controller *ctl, struct session *session,
                      const Parkgate__KeyRecord *key, const ProtobufCBinaryData *offered,
                      bool *ret_known, struct fault *fault)
{
    Parkgate__KeyRecord *known = NULL;
    Parkgate__KeyRecord next = PARKGATE__KEY_RECORD__INIT;
    struct link_key identity = rekey_identity(key);
    enum err err = key_get(ctl->txn, field_view(offered), &known, fault);
    if (err == ERR_OK) {
        *ret_known = known->revoked_us == 0 && strcmp(known->gate, key->gate) == 0;
        parkgate__key_record__free_unpacked(known, NULL);
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_known = may_draw(session, offered);
    if (!*ret_known) {
        return ERR_OK; /* nobody asked it to, or for more than one */
    }
    next.name = key->name;
    next.public_key = *offered;
    next.roles = key->roles;
    next.gate = key->gate;
    next.added_us = ctl->now.us;
    next.identity = field_of(BYTES_OF(identity.bytes));
    next.replaces = key->public_key;
    return controller_record(ctl, ENTRY_KEY, key->gate, &next.base, fault);
}

enum err rekey_heard(struct controller *ctl, struct session *session,
                     const Parkgate__KeyRecord *key, const Parkgate__Rekey *message,
                     struct fault *fault)
{
    bool known = false;
    Parkgate__Rekey reply = PARKGATE__REKEY__INIT;
    if (message->server_key.len == LINK_KEY_SIZE && ctl->has_next_server_key) {
        session->kept_server_key |=
            memcmp(message->server_key.data, ctl->next_server_key.bytes, LINK_KEY_SIZE) == 0;
    }
    if (message->gate_key.len != LINK_KEY_SIZE) {
        return ERR_OK;
    }
    TRY(admit(ctl, session, key, &message->gate_key, &known, fault));
    if (!known) {
        ctl->frames_refused++;
        return ERR_OK;
    }
    reply.gate = field_text(session->gate.text);
    reply.gate_key = message->gate_key;
    say(ctl, session, &reply);
    return ERR_OK;
}

/* --- the controller's own key --- */

void rekey_tell(struct controller *ctl, struct session *session)
{
    Parkgate__Rekey message = PARKGATE__REKEY__INIT;
    if (!ctl->has_next_server_key) {
        return;
    }
    message.gate = field_text(session->gate.text);
    message.server_key = field_of(BYTES_OF(ctl->next_server_key.bytes));
    message.server_now = ctl->server_key_now;
    say(ctl, session, &message);
}

static enum err tell_all(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__KeyReplace entry = PARKGATE__KEY_REPLACE__INIT;
    (void)ctx;
    entry.server_key = field_of(BYTES_OF(ctl->next_server_key.bytes));
    entry.now = ctl->server_key_now;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        if (ctl->sessions.items[i].used) {
            rekey_tell(ctl, &ctl->sessions.items[i]);
        }
    }
    return controller_record(ctl, ENTRY_KEY_REPLACE, "", &entry.base, fault);
}

void rekey_server_next(struct controller *ctl, struct link_key next)
{
    ctl->next_server_key = next;
    ctl->has_next_server_key = true;
    ctl->server_key_now = false;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        ctl->sessions.items[i].kept_server_key = false;
    }
    batch_run(ctl, tell_all, NULL);
}

void rekey_server_now(struct controller *ctl)
{
    ctl->server_key_now = true;
    batch_run(ctl, tell_all, NULL);
    ctl->has_next_server_key = false;
    ctl->server_key_now = false;
}
