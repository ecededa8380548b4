#include <string.h>

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/agents.h"
#include "controller/app/faults.h"
#include "controller/app/rekey.h"
#include "controller/store/key_store.h"
#include "schema/envelope.h"
#include "schema/operator.pb-c.h"
#include "schema/verbs.h"

static struct seal_hash code_hash(const struct seal_key *key, const char *gate, const char *code)
{
    return seal_keyed_hash(key, "parkgate enrol",
                           SEAL_PARTS(bytes_of_text(gate), bytes_of_text(code)));
}

struct seal_hash agents_code_hash(const struct controller *ctl, const char *gate, const char *code)
{
    return code_hash(&ctl->index_keys.key[0], gate, code);
}

static bool is_the_code(const struct controller *ctl, const char *gate, const char *code,
                        struct bytes kept)
{
    bool same = false;
    for (size_t i = 0; i < ctl->index_keys.count; i++) {
        struct seal_hash hash = code_hash(&ctl->index_keys.key[i], gate, code);
        same |= seal_equal(BYTES_OF(hash.bytes), kept);
    }
    return same;
}

static void answer(struct controller *ctl, const struct input *input,
                   const struct envelope *envelope, uint32_t error)
{
    Parkgate__Reply reply = PARKGATE__REPLY__INIT;
    reply.error = error;
    batch_send(ctl, PORT_ENROL, &input->peer, envelope->version, MESSAGE_ENROLLED,
               envelope->sequence, &reply.base);
}

/* One argument as text; "" when missing or too long. */
static void text_arg(const Parkgate__Request *request, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < request->n_arg && i < request->n_value; i++) {
        if (strcmp(request->arg[i], name) == 0 && request->value[i].len > 0 &&
            request->value[i].len < size) {
            memcpy(out, request->value[i].data, request->value[i].len);
            out[request->value[i].len] = '\0';
        }
    }
}

static enum err code_of(struct controller *ctl, const char *gate, Parkgate__EnrolCode **ret,
                        struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, gate);
    TRY(store_get_message(ctl->txn, TABLE_ENROL_CODE, keybuf_view(&key),
                          &parkgate__enrol_code__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

static enum err admit(struct controller *ctl, const struct input *input, const char *gate,
                      struct fault *fault)
{
    char name[NAME_SIZE + 8] = "gate:";
    Parkgate__KeyRecord key = PARKGATE__KEY_RECORD__INIT;
    Parkgate__AgentRecord agent = PARKGATE__AGENT_RECORD__INIT;
    Parkgate__AgentRecord *known = NULL;
    (void)strncat(name, gate, NAME_SIZE);
    TRY(rekey_end_all(ctl, gate, "", "replaced by a new enrolment", fault));
    key.name = name;
    key.public_key = field_of(BYTES_OF(input->key.bytes));
    key.roles = 1U << ROLE_AGENT;
    key.gate = field_text(gate);
    key.added_us = ctl->now.us;
    TRY(controller_record(ctl, ENTRY_KEY, "", &key.base, fault));
    enum err err = agent_get(ctl->txn, gate, &known, fault);
    if (err == ERR_OK) {
        agent = *known; /* the epoch goes on rising over boxes */
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    agent.gate = field_text(gate);
    agent.public_key = key.public_key;
    err = controller_record(ctl, ENTRY_AGENT_EPOCH, gate, &agent.base, fault);
    struct session *former = session_of_gate(&ctl->sessions, name_or_none(gate));
    if (former != NULL && !link_key_equal(former->key, input->key)) {
        session_close(former); /* no command and no configuration goes to the box before */
    }
    if (err == ERR_OK) {
        err = fault_end(ctl, &fault_key_revoked_used, gate, fault);
    }
    if (known != NULL) {
        parkgate__agent_record__free_unpacked(known, NULL);
    }
    return err;
}

/* A code works once, for 15 minutes, and is void after LIMIT_ENROL_TRIES wrong ones. */
static enum err judge_code(struct controller *ctl, const struct input *input, const char *gate,
                           const char *code, bool *ret_good, struct fault *fault)
{
    Parkgate__EnrolCode *known = NULL;
    *ret_good = false;
    enum err err = code_of(ctl, gate, &known, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool live = !known->void_ && ctl->now.us < known->expires_us;
    *ret_good = live && is_the_code(ctl, gate, code, field_view(&known->code_hash));
    if (live) {
        known->wrong_tries += *ret_good ? 0 : 1;
        known->void_ = *ret_good || known->wrong_tries >= LIMIT_ENROL_TRIES;
        err = controller_record(ctl, ENTRY_ENROL_CODE, "", &known->base, fault);
    }
    parkgate__enrol_code__free_unpacked(known, NULL);
    TRY(err);
    return *ret_good ? admit(ctl, input, gate, fault) : ERR_OK;
}

/* A key that belongs to an operator or to another gate does not become this gate's. */
static enum err key_is_free(struct controller *ctl, const struct input *input, const char *gate,
                            bool *ret_free, struct fault *fault)
{
    Parkgate__KeyRecord *known = NULL;
    enum err err = key_get(ctl->txn, BYTES_OF(input->key.bytes), &known, fault);
    *ret_free = err == ERR_NOT_FOUND;
    if (err == ERR_OK) {
        *ret_free = strcmp(known->gate, gate) == 0;
        parkgate__key_record__free_unpacked(known, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err agents_enrol_input(struct controller *ctl, struct input *input, struct fault *fault)
{
    struct envelope envelope;
    struct complaint c = {0};
    char gate[NAME_SIZE];
    char code[64];
    bool good = false;
    if (!envelope_read(input->frame, &envelope, &c) || envelope.kind != MESSAGE_ENROL) {
        ctl->frames_refused++;
        return ERR_OK;
    }
    ProtobufCMessage *body = envelope_unpack(&envelope, &c);
    if (body == NULL) {
        ctl->frames_refused++;
        return ERR_OK;
    }
    const Parkgate__Request *request = (void *)body;
    text_arg(request, "gate", gate, sizeof(gate));
    text_arg(request, "code", code, sizeof(code));
    bool asked = strcmp(request->verb, "agent.join") == 0 && gate[0] != '\0';
    protobuf_c_message_free_unpacked(body, NULL);
    if (asked) {
        TRY(key_is_free(ctl, input, gate, &asked, fault));
    }
    if (asked) {
        TRY(judge_code(ctl, input, gate, code, &good, fault));
    }
    answer(ctl, input, &envelope, good ? 0 : ERROR_ENROL_CODE);
    return ERR_OK;
}
