#include "controller/app/agents.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/agents_parts.h"
#include "controller/app/copies.h"
#include "controller/app/faults.h"
#include "controller/app/ingest.h"
#include "controller/app/recall.h"
#include "controller/app/rekey.h"
#include "controller/store/key_store.h"
#include "schema/envelope.h"
#include "schema/verbs.h"

/* The session of who speaks. NULL: nobody said HELLO by this connection, or another has taken the
 * session since; the box says HELLO again. */
enum err agents_hear(struct controller *ctl, const struct input *input, struct session **ret,
                     struct fault *fault)
{
    *ret = session_of_speaker(&ctl->sessions, &input->key, &input->peer);
    if (*ret == NULL) {
        return ERR_OK;
    }
    (*ret)->heard = ctl->mono;
    (*ret)->heard_wall = ctl->now;
    if (!session_has_rival(*ret, ctl->mono)) {
        return ERR_OK;
    }
    (*ret)->rival_since = (struct mono){0}; /* it is told again when the rival is there again */
    return agents_tell_two_boxes(ctl, *ret, fault);
}

enum err agents_back_again(struct controller *ctl, struct session *session, struct fault *fault)
{
    if (!session->away) {
        return ERR_OK;
    }
    session->away = false;
    session->guard.lag_from = ctl->mono;
    return fault_end(ctl, &fault_gate_away, session->gate.text, fault);
}

static enum err on_event(struct controller *ctl, struct input *input,
                         const struct envelope *envelope, const Parkgate__KeyRecord *key,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Event *event = (const void *)body;
    struct session *session = NULL;
    bool recovering = false;
    (void)key;
    TRY(agents_hear(ctl, input, &session, fault));
    if (session == NULL || event->epoch != session->epoch ||
        envelope->sequence != event->sequence || event->sequence == 0) {
        batch_ack(ctl, input, envelope->version, event->epoch, event->sequence, ANSWER_RETRY,
                  session == NULL ? 0 : ERROR_EPOCH_WRONG);
        return ERR_OK;
    }
    TRY(agents_back_again(ctl, session, fault));
    TRY(recall_is_open(ctl, &recovering, fault));
    if (recovering) {
        batch_ack(ctl, input, envelope->version, event->epoch, event->sequence, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    return ingest_event(ctl, input, session, event, envelope->body, fault);
}

static enum err on_rekey(struct controller *ctl, struct input *input,
                         const struct envelope *envelope, const Parkgate__KeyRecord *key,
                         const ProtobufCMessage *body, struct fault *fault)
{
    struct session *session = NULL;
    (void)envelope;
    TRY(agents_hear(ctl, input, &session, fault));
    return session == NULL ? ERR_OK : rekey_heard(ctl, session, key, (const void *)body, fault);
}

/* A gate without a copy may have the rows of before, which its box then had no use for. */
static enum err on_copy_have(struct controller *ctl, struct input *input,
                             const struct envelope *envelope, const Parkgate__KeyRecord *key,
                             const ProtobufCMessage *body, struct fault *fault)
{
    struct session *session = NULL;
    (void)envelope;
    (void)key;
    TRY(agents_hear(ctl, input, &session, fault));
    if (session == NULL) {
        return ERR_OK;
    }
    TRY(agents_back_again(ctl, session, fault));
    bool first = !session->feed.asked;
    TRY(copies_have(ctl, session, (const void *)body, fault));
    return first && session->feed.anew ? agents_push_config_to(ctl, session, fault) : ERR_OK;
}

static enum err on_recall(struct controller *ctl, struct input *input,
                          const struct envelope *envelope, const Parkgate__KeyRecord *key,
                          const ProtobufCMessage *body, struct fault *fault)
{
    struct session *session = NULL;
    (void)envelope;
    (void)key;
    TRY(agents_hear(ctl, input, &session, fault));
    return session == NULL ? ERR_OK : recall_heard(ctl, input, session, (const void *)body, fault);
}

struct agent_message {
    enum message_kind kind;
    agents_worker *work;
};

static const struct agent_message messages[] = {
    {MESSAGE_HELLO,     agents_hello    },
    {MESSAGE_EVENT,     on_event        },
    {MESSAGE_HEARTBEAT, agents_heartbeat},
    {MESSAGE_REKEY,     on_rekey        },
    {MESSAGE_COPY_HAVE, on_copy_have    },
    {MESSAGE_RECALL,    on_recall       },
};

/* Frames that make no sense are counted and logged; nothing is answered to who may be hostile. */
static void refuse_frame(struct controller *ctl, const struct input *input,
                         const struct complaint *c)
{
    char key[LINK_KEY_HEX_SIZE];
    char why[512];
    link_key_to_hex(input->key, key);
    error_sentence_en(c, why, sizeof(why));
    ctl->frames_refused++;
    log_warning("frame_refused", LOG_TEXT("key", key), LOG_NUM("error", c->number),
                LOG_TEXT("why", why));
}

static enum err dispatch(struct controller *ctl, struct input *input,
                         const struct envelope *envelope, const Parkgate__KeyRecord *key,
                         struct fault *fault)
{
    struct complaint c = {0};
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if ((uint16_t)messages[i].kind != envelope->kind) {
            continue;
        }
        ProtobufCMessage *body = envelope_unpack(envelope, &c);
        if (body == NULL) {
            refuse_frame(ctl, input, &c);
            return ERR_OK;
        }
        enum err err = messages[i].work(ctl, input, envelope, key, body, fault);
        protobuf_c_message_free_unpacked(body, NULL);
        return err;
    }
    char kind[8];
    (void)snprintf(kind, sizeof(kind), "%u", envelope->kind);
    (void)complain(&c, ERROR_FRAME_KIND, kind, NULL, NULL, NULL);
    refuse_frame(ctl, input, &c);
    return ERR_OK;
}

/* Nothing of a revoked key is applied. Its gate shows as quarantined; the box is told once, at
 * HELLO. */
static enum err refuse_revoked(struct controller *ctl, struct input *input,
                               const Parkgate__KeyRecord *key, struct fault *fault)
{
    struct envelope envelope;
    struct complaint c = {0};
    Parkgate__KeyRecord *live = NULL;
    if (envelope_read(input->frame, &envelope, &c) && envelope.kind == MESSAGE_HELLO) {
        (void)complain(&c, ERROR_KEY_REVOKED, NULL, NULL, NULL, NULL);
        agents_refuse_hello(ctl, input, envelope.version, &c);
    }
    enum err err = key_by_name(ctl->txn, key->name, &live, fault);
    if (err == ERR_OK) { /* the gate has a newer key: only the old box is to be looked for */
        parkgate__key_record__free_unpacked(live, NULL);
        return ERR_OK;
    }
    return err == ERR_NOT_FOUND
               ? fault_raise(ctl, &fault_key_revoked_used, key->gate, key->gate, "", fault)
               : err;
}

enum err agents_input(struct controller *ctl, struct input *input, struct fault *fault)
{
    struct envelope envelope;
    struct complaint c = {0};
    Parkgate__KeyRecord *key = NULL;
    enum err err = key_get(ctl->txn, BYTES_OF(input->key.bytes), &key, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_NOT_FOUND || (key->roles & 1U << ROLE_AGENT) == 0) {
        (void)complain(&c, ERROR_KEY_UNKNOWN, NULL, NULL, NULL, NULL);
        refuse_frame(ctl, input, &c);
        err = ERR_OK;
    } else if (key->revoked_us != 0) {
        err = refuse_revoked(ctl, input, key, fault);
    } else if (!envelope_read(input->frame, &envelope, &c)) {
        refuse_frame(ctl, input, &c);
        err = ERR_OK;
    } else {
        err = dispatch(ctl, input, &envelope, key, fault);
    }
    if (key != NULL) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    return err;
}

/* --- silence --- */

static enum err raise_away(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct session *session = ctx;
    if (park_gate(ctl->park, session->gate) != NULL) { /* else nobody waits for it */
        TRY(fault_raise(ctl, &fault_gate_away, session->gate.text, session->gate.text, "", fault));
    }
    session->away = true; /* not kept when the disk is full: raised again at the next tick */
    return ERR_OK;
}

/* Gates that are enrolled and did not say HELLO since this start. */
static enum err raise_unheard(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct name gate = ctl->park->gates[i].name;
        char key_name[NAME_SIZE + 8];
        Parkgate__KeyRecord *key = NULL;
        if (session_of_gate(&ctl->sessions, gate) != NULL) {
            continue;
        }
        (void)snprintf(key_name, sizeof(key_name), "gate:%s", gate.text);
        enum err err = key_by_name(ctl->txn, key_name, &key, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        parkgate__key_record__free_unpacked(key, NULL);
        TRY(fault_raise(ctl, &fault_gate_away, gate.text, gate.text, "", fault));
    }
    return ERR_OK;
}

void agents_tick(struct controller *ctl)
{
    if (!ctl->unheard_told &&
        mono_before(mono_after_ms(ctl->started, LIMIT_SILENCE_MS), ctl->mono)) {
        ctl->unheard_told = true;
        batch_run(ctl, raise_unheard, NULL);
    }
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (session->used && !session->away &&
            mono_before(mono_after_ms(session->heard, LIMIT_SILENCE_MS), ctl->mono)) {
            batch_run(ctl, raise_away, session);
        }
    }
}
