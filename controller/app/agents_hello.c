/* HELLO: whose outbox it is, and who has the session. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/facts/agent_store.h"
#include "controller/app/agents_parts.h"
#include "controller/app/anchors.h"
#include "controller/app/emergency.h"
#include "controller/app/faults.h"
#include "controller/app/recall.h"
#include "controller/app/rekey.h"
#include "controller/app/subjects.h"

enum { HELLO_DIGEST_MAX = 64 };

void agents_refuse_hello(struct controller *ctl, const struct input *input, uint8_t version,
                         const struct complaint *c)
{
    Parkgate__HelloRefused refused = PARKGATE__HELLO_REFUSED__INIT;
    char *args[ERROR_ARGS];
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        args[i] = field_text(c->arg[i]);
    }
    refused.error = c->number;
    refused.n_arg = ERROR_ARGS;
    refused.arg = args;
    batch_send(ctl, PORT_AGENTS, &input->peer, version, MESSAGE_HELLO_REFUSED, 0, &refused.base);
}

enum outbox_fit { OUTBOX_FITS, OUTBOX_NEW, OUTBOX_CHANGED };

/* Does what the agent says of its outbox fit what is known of it? */
static enum err judge_outbox(struct controller *ctl, const Parkgate__Hello *hello,
                             const Parkgate__AgentRecord *known, enum outbox_fit *ret,
                             struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    if (known->epoch == 0) {
        *ret = OUTBOX_NEW;
        return ERR_OK;
    }
    *ret = OUTBOX_CHANGED;
    if (!bytes_equal(field_view(&hello->store_id), field_view(&known->store_id)) ||
        hello->epoch != known->epoch || hello->last_sequence < known->last_sequence) {
        return ERR_OK;
    }
    enum err err = hello->last_sequence == 0
                       ? ERR_NOT_FOUND
                       : agent_event(ctl->txn, field_view(&known->public_key), hello->epoch,
                                     hello->last_sequence, &index, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = OUTBOX_FITS;
        return ERR_OK;
    }
    TRY(err);
    if (controller_event_matches(ctl, field_view(&index->digest),
                                 field_view(&hello->last_digest))) {
        *ret = OUTBOX_FITS;
    }
    parkgate__event_index__free_unpacked(index, NULL);
    return ERR_OK;
}

/* A HELLO that was already on its way when an epoch was ordered for the same outbox: nothing of
 * that epoch was applied yet, so the order stands. */
static bool order_stands(const struct controller *ctl, const struct input *input,
                         const Parkgate__Hello *hello, const Parkgate__AgentRecord *known)
{
    const struct session *session =
        session_of_gate((struct sessions *)(uintptr_t)&ctl->sessions, name_or_none(hello->gate));
    return session != NULL && link_key_equal(session->key, input->key) &&
           session->ordered_epoch != 0 && session->ordered_epoch == known->epoch &&
           session->asked_epoch == hello->epoch && known->last_sequence == 0 &&
           bytes_equal(field_view(&hello->store_id), field_view(&known->store_id));
}

/* One of the connection that has the session, of the same outbox, with fewer events than it has told
 * us of since: no outbox goes back while its agent lives, so later frames overtook it. To order an
 * epoch for it would count what is under way twice. */
static bool was_overtaken(const struct session *session, const struct input *input,
                          const Parkgate__Hello *hello, const Parkgate__AgentRecord *known)
{
    return session != NULL && link_key_equal(session->key, input->key) &&
           memcmp(session->peer.id, input->peer.id, sizeof(input->peer.id)) == 0 &&
           session->epoch == known->epoch && hello->epoch == known->epoch &&
           hello->last_sequence < known->last_sequence &&
           bytes_equal(field_view(&hello->store_id), field_view(&known->store_id));
}

/* Behind what either side has used: a controller that was restored from a backup knows less than
 * the outbox, whose own former epochs must not come back. */
static uint32_t next_epoch(const Parkgate__Hello *hello, const Parkgate__AgentRecord *known)
{
    enum { AHEAD_MAX = 1 << 10 }; /* more is no count of orders; they are not to be used up */
    bool ahead = hello->epoch > known->epoch && hello->epoch - known->epoch < AHEAD_MAX;
    return (ahead ? hello->epoch : known->epoch) + 1;
}

static enum err order_epoch(struct controller *ctl, const Parkgate__Hello *hello,
                            const Parkgate__AgentRecord *known, const Parkgate__KeyRecord *key,
                            uint32_t *ret_epoch, struct fault *fault)
{
    Parkgate__AgentRecord record = *known;
    struct link_key identity = rekey_identity(key);
    record.public_key = field_of(BYTES_OF(identity.bytes));
    record.store_id = hello->store_id;
    record.epoch = next_epoch(hello, known);
    record.last_sequence = 0;
    record.last_digest = (ProtobufCBinaryData){0};
    *ret_epoch = record.epoch;
    return controller_record(ctl, ENTRY_AGENT_EPOCH, hello->gate, &record.base, fault);
}

static enum err welcome(struct controller *ctl, const struct input *input, uint8_t version,
                        uint32_t epoch, bool ordered, const Parkgate__Hello *hello,
                        const Parkgate__KeyRecord *key, struct fault *fault)
{
    Parkgate__Welcome welcome = PARKGATE__WELCOME__INIT;
    struct session *session = session_open(&ctl->sessions, name_or_none(hello->gate), &input->key,
                                           &input->peer, field_view(&hello->store_id), ctl->mono);
    if (session == NULL) {
        log_warning("sessions_full", LOG_NUM("limit", LIMIT_AGENTS));
        return ERR_OK;
    }
    session->identity = rekey_identity(key);
    session->version = version;
    session->epoch = epoch;
    session->asked_epoch = hello->epoch;
    session->ordered_epoch = ordered ? epoch : 0;
    session->heard = session->since = ctl->mono;
    session->shown_copy = hello->copy_generation != 0;
    session->heard_wall = ctl->now;
    session->offset_ms = agents_clock_offset_ms(hello->wall_us, ctl->now);
    welcome.version = version;
    welcome.epoch = epoch;
    welcome.wall_us = ctl->now.us;
    welcome.config_version = ctl->park->config_version;
    TRY(agent_applied_up_to(ctl->txn, BYTES_OF(session->identity.bytes), epoch, &welcome.applied,
                            fault));
    bool recovering = false;
    TRY(recall_is_open(ctl, &recovering, fault));
    welcome.recovering = recovering;
    struct seal_box_public recovery_key = seal_box_public_of(&ctl->recovery_key);
    welcome.recovery_key =
        (ProtobufCBinaryData){.len = sizeof(recovery_key.bytes), .data = recovery_key.bytes};
    batch_send(ctl, PORT_AGENTS, &input->peer, version, MESSAGE_WELCOME, 0, &welcome.base);
    session->welcome_commit = ctl->commits;
    TRY(anchors_shown(ctl, session, hello, fault));
    TRY(fault_end(ctl, &fault_gate_away, hello->gate, fault));
    log_event("agent_hello", LOG_TEXT("gate", hello->gate), LOG_NUM("epoch", epoch),
              LOG_NUM("last", hello->last_sequence), LOG_NUM("version", version));
    /* What a restored controller knows of the park may be older than what the gate has. */
    if (hello->config_version != ctl->park->config_version &&
        (!welcome.recovering || hello->config_version == 0)) {
        TRY(agents_push_config_to(ctl, session, fault));
    }
    rekey_tell(ctl, session);
    TRY(emergency_shown(ctl, session, hello->emergency, false, fault));
    const struct fire_list fires = {hello->fire_board, hello->n_fire_board, hello->fire_quiet,
                                    hello->n_fire_quiet, hello->last_sequence};
    TRY(emergency_listed(ctl, session, &fires, fault));
    return subjects_tell(ctl, session, fault);
}

/* Commands go on above what the gate has taken: a controller that was restored from a backup would
 * give old numbers out again, and open nothing. */
static enum err raise_commands(struct controller *ctl, const Parkgate__Hello *hello,
                               struct fault *fault)
{
    enum { COMMANDS_AHEAD_MAX = 1 << 20 }; /* more is no count of commands */
    Parkgate__AgentRecord *known = NULL;
    enum err err = ERR_OK;
    TRY(agent_get(ctl->txn, hello->gate, &known, fault));
    if (hello->command_sequence > known->command_sequence &&
        hello->command_sequence - known->command_sequence < COMMANDS_AHEAD_MAX) {
        known->command_sequence = hello->command_sequence;
        err = controller_record(ctl, ENTRY_AGENT_EPOCH, hello->gate, &known->base, fault);
    }
    parkgate__agent_record__free_unpacked(known, NULL);
    return err;
}

/* One stays, the other is refused; that both speak is told when the one that stays is heard again
 * (agents_hear()). */
static void refuse_rival(struct controller *ctl, const struct input *input, uint8_t version,
                         struct session *session)
{
    struct complaint c;
    char seconds[24];
    if (session->rival_since.us == 0) {
        session->rival_since = ctl->mono;
    }
    if (bucket_take(&session->guard.rivals, ctl->mono, GUARD_RIVAL_MS, GUARD_RIVALS)) {
        (void)snprintf(seconds, sizeof(seconds), "%d", LIMIT_SILENCE_MS / 1000);
        (void)complain(&c, ERROR_GATE_TWICE, session->gate.text, seconds, NULL, NULL);
        agents_refuse_hello(ctl, input, version, &c);
    }
}

enum err agents_tell_two_boxes(struct controller *ctl, const struct session *session,
                               struct fault *fault)
{
    return fault_raise(ctl, &fault_two_boxes, session->gate.text, session->gate.text, "", fault);
}

/* False: refused. *ret_version: the one spoken from now on. */
static bool is_usable(struct controller *ctl, const struct input *input,
                      const struct envelope *envelope, const Parkgate__KeyRecord *key,
                      const Parkgate__Hello *hello, uint8_t *ret_version)
{
    struct complaint c;
    if (strcmp(hello->gate, key->gate) != 0 ||
        park_gate(ctl->park, name_or_none(key->gate)) == NULL) {
        (void)complain(&c, ERROR_GATE_NOT_YOURS, hello->gate, key->gate, NULL, NULL);
        agents_refuse_hello(ctl, input, envelope->version, &c);
        return false;
    }
    if (hello->store_id.len > SESSION_STORE_ID_MAX || hello->last_digest.len > HELLO_DIGEST_MAX) {
        (void)complain(&c, ERROR_FRAME_BODY, "1", "its outbox's name is too long", NULL, NULL);
        agents_refuse_hello(ctl, input, envelope->version, &c);
        return false;
    }
    uint8_t version =
        hello->version > PROTOCOL_VERSION ? PROTOCOL_VERSION : (uint8_t)hello->version;
    if (version < PROTOCOL_VERSION_OLDEST || version < hello->version_oldest) {
        (void)complain(&c, ERROR_FRAME_VERSION, "of this agent", "1", "2", NULL);
        agents_refuse_hello(ctl, input, PROTOCOL_VERSION, &c);
        return false;
    }
    *ret_version = version;
    return true;
}

/* May it have the session? If not it is refused, or says it again; nothing is answered to who may
 * be hostile. */
static enum err admit(struct controller *ctl, const struct input *input, uint8_t version,
                      const Parkgate__KeyRecord *key, const Parkgate__Hello *hello,
                      struct session *before, bool *ret, struct fault *fault)
{
    struct link_key identity = rekey_identity(key);
    *ret = session_admits(before, &identity, field_view(&hello->store_id), &input->peer, ctl->mono);
    if (!*ret) {
        refuse_rival(ctl, input, version, before);
        return ERR_OK;
    }
    if (session_is_contested(before, &input->peer, ctl->mono)) {
        TRY(agents_tell_two_boxes(ctl, before, fault));
    }
    *ret = bucket_take(&before->guard.hellos, ctl->mono, GUARD_HELLO_MS, GUARD_HELLOS);
    return ERR_OK;
}

enum err agents_hello(struct controller *ctl, struct input *input, const struct envelope *envelope,
                      const Parkgate__KeyRecord *key, const ProtobufCMessage *body,
                      struct fault *fault)
{
    const Parkgate__Hello *hello = (const void *)body;
    Parkgate__AgentRecord *known = NULL;
    enum outbox_fit fit = OUTBOX_FITS;
    uint32_t epoch = hello->epoch;
    struct complaint c;
    uint8_t version = 0;
    if (!is_usable(ctl, input, envelope, key, hello, &version)) {
        return ERR_OK;
    }
    struct session *before = session_of_gate(&ctl->sessions, name_or_none(key->gate));
    bool admitted = true;
    if (before != NULL) {
        TRY(admit(ctl, input, version, key, hello, before, &admitted, fault));
    }
    if (!admitted) {
        return emergency_tell_unwelcome(ctl, &input->peer, version, hello->emergency, fault);
    }
    TRY(rekey_spoken(ctl, key, fault));
    TRY(agent_get(ctl->txn, key->gate, &known, fault));
    bool stands = order_stands(ctl, input, hello, known);
    bool fits = stands || was_overtaken(before, input, hello, known);
    enum err err = fits ? ERR_OK : judge_outbox(ctl, hello, known, &fit, fault);
    if (stands) {
        epoch = known->epoch;
    } else if (err == ERR_OK && fit != OUTBOX_FITS && before != NULL &&
               !bucket_take(&before->guard.epochs, ctl->mono, GUARD_EPOCH_MS, GUARD_EPOCHS)) {
        parkgate__agent_record__free_unpacked(known, NULL);
        (void)complain(&c, ERROR_TRY_LATER, "too many outboxes of one gate in an hour", NULL, NULL,
                       NULL);
        agents_refuse_hello(ctl, input, version, &c);
        return fault_raise(ctl, &fault_gate_floods, key->gate, key->gate, "", fault);
    } else if (err == ERR_OK && fit != OUTBOX_FITS) {
        err = order_epoch(ctl, hello, known, key, &epoch, fault);
    }
    parkgate__agent_record__free_unpacked(known, NULL);
    TRY(err);
    TRY(raise_commands(ctl, hello, fault));
    if (fit == OUTBOX_CHANGED) {
        TRY(fault_note(ctl, &fault_outbox_restored, hello->gate, hello->gate, "", fault));
    }
    return welcome(ctl, input, version, epoch, stands || fit != OUTBOX_FITS, hello, key, fault);
}
