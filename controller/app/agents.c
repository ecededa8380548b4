#include "controller/app/agents.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/copies.h"
#include "controller/app/emergency.h"
#include "controller/app/faults.h"
#include "controller/app/gate_health.h"
#include "controller/app/ingest.h"
#include "controller/app/recall.h"
#include "controller/app/rekey.h"
#include "controller/app/subjects.h"
#include "controller/store/key_store.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/park.pb-c.h"
#include "schema/verbs.h"

/* --- configuration --- */

enum { CONFIG_PART_BYTES = 48 * 1024 };

struct config_part {
    size_t count, used;
    ProtobufCBinaryData rows[LIMIT_ROWS_PER_MESSAGE];
    uint8_t bytes[CONFIG_PART_BYTES];
};

bool agents_row_is_for(const struct park *park, struct name gate, uint32_t kind, struct name name)
{
    switch (kind) {
    case PARK_SITE:
    case PARK_GATE:
    case PARK_LANE:
    case PARK_ZONE:
    case PARK_TENANT:
    case PARK_SHIFT:
    case PARK_SCHEDULE:
    case PARK_HOLIDAY:
    case PARK_CLEARANCE:
    case PARK_PASSBACK:
        return true;
    case PARK_READER: {
        const struct park_reader *reader = park_reader(park, name);
        const struct park_lane *lane = reader == NULL ? NULL : park_lane(park, reader->lane);
        return lane != NULL && name_equal(lane->gate, gate);
    }
    case PARK_BOARD: {
        const struct park_board *board = park_board(park, name);
        return board != NULL && name_equal(board->gate, gate);
    }
    default:
        return false;
    }
}

static void add_row(struct config_part *part, uint32_t kind, const char *name, struct bytes body)
{
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = kind;
    row.name = field_text(name);
    row.body = field_of(body);
    size_t size = parkgate__park_row__get_packed_size(&row);
    part->rows[part->count++] =
        (ProtobufCBinaryData){.data = part->bytes + part->used, .len = size};
    part->used += parkgate__park_row__pack(&row, part->bytes + part->used);
}

static void send_part(struct controller *ctl, const struct session *session,
                      struct config_part *part, uint32_t number, uint32_t parts)
{
    Parkgate__Config config = PARKGATE__CONFIG__INIT;
    config.config_version = ctl->park->config_version;
    config.part = number;
    config.parts = parts;
    config.n_row = part->count;
    config.row = part->rows;
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_CONFIG, 0, &config.base);
    part->count = 0;
    part->used = 0;
}

/* Walks the gate's rows. With `send` false it only counts the parts; the last one is left in *part.
 */
static enum err walk_config(struct controller *ctl, const struct session *session,
                            struct config_part *part, bool send, uint32_t parts,
                            uint32_t *ret_parts, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    uint32_t number = 1;
    AUTO(store_iter_end) struct store_iter iter = {0};
    part->count = 0;
    part->used = 0;
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, ctl->park->config_version);
    TRY(store_iter_prefix(ctl->txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint32_t kind = key.data[8];
        const char *name = (const char *)key.data + 9;
        if (!agents_row_is_for(ctl->park, session->gate, kind, name_or_none(name))) {
            continue;
        }
        if (part->count == LIMIT_ROWS_PER_MESSAGE ||
            part->used + value.size + NAME_SIZE + 16 > CONFIG_PART_BYTES) {
            if (send) {
                send_part(ctl, session, part, number, parts);
            }
            part->count = 0;
            part->used = 0;
            number++;
        }
        add_row(part, kind, name, value);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (send) {
        send_part(ctl, session, part, number, parts);
    }
    *ret_parts = number;
    return ERR_OK;
}

static enum err push_config(struct controller *ctl, struct session *session, struct fault *fault)
{
    static struct config_part part; /* one thread; too large for the stack */
    uint32_t parts = 0;
    if (ctl->park->config_version == 0) {
        return ERR_OK;
    }
    TRY(walk_config(ctl, session, &part, false, 0, &parts, fault));
    if (parts == 1) { /* as nearly always: the rows are there already */
        send_part(ctl, session, &part, 1, 1);
    } else {
        TRY(walk_config(ctl, session, &part, true, parts, &parts, fault));
    }
    session->config_version = ctl->park->config_version;
    return ERR_OK;
}

enum err agents_push_config(struct controller *ctl, struct fault *fault)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (session->used && park_gate(ctl->park, session->gate) != NULL) {
            TRY(push_config(ctl, session, fault));
        }
    }
    return ERR_OK;
}

/* --- hello --- */

enum { OUTBOX_FULL_PERMILLE = 900 };
enum { HELLO_DIGEST_MAX = 64 };

/* Its clock minus ours; what it says may be any number. */
static int64_t clock_offset_ms(int64_t wall_us, struct wall now)
{
    int64_t bound = INT64_MAX / 2;
    int64_t said = wall_us < -bound ? -bound : wall_us > bound ? bound : wall_us;
    return (said - now.us) / 1000;
}

static void refuse_hello(struct controller *ctl, const struct input *input, uint8_t version,
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
    session->heard = ctl->mono;
    session->heard_wall = ctl->now;
    session->offset_ms = clock_offset_ms(hello->wall_us, ctl->now);
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
    TRY(fault_end(ctl, &fault_gate_away, hello->gate, fault));
    log_event("agent_hello", LOG_TEXT("gate", hello->gate), LOG_NUM("epoch", epoch),
              LOG_NUM("last", hello->last_sequence), LOG_NUM("version", version));
    /* What a restored controller knows of the park may be older than what the gate has. */
    if (hello->config_version != ctl->park->config_version &&
        (!welcome.recovering || hello->config_version == 0)) {
        TRY(push_config(ctl, session, fault));
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
 * (hear()). */
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
        refuse_hello(ctl, input, version, &c);
    }
}

static enum err tell_two_boxes(struct controller *ctl, const struct session *session,
                               struct fault *fault)
{
    return fault_raise(ctl, &fault_two_boxes, session->gate.text, session->gate.text, "", fault);
}

static enum err on_hello(struct controller *ctl, struct input *input,
                         const struct envelope *envelope, const Parkgate__KeyRecord *key,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Hello *hello = (const void *)body;
    Parkgate__AgentRecord *known = NULL;
    enum outbox_fit fit = OUTBOX_FITS;
    uint32_t epoch = hello->epoch;
    struct complaint c;
    if (strcmp(hello->gate, key->gate) != 0 ||
        park_gate(ctl->park, name_or_none(key->gate)) == NULL) {
        (void)complain(&c, ERROR_GATE_NOT_YOURS, hello->gate, key->gate, NULL, NULL);
        refuse_hello(ctl, input, envelope->version, &c);
        return ERR_OK;
    }
    if (hello->store_id.len > SESSION_STORE_ID_MAX || hello->last_digest.len > HELLO_DIGEST_MAX) {
        (void)complain(&c, ERROR_FRAME_BODY, "1", "its outbox's name is too long", NULL, NULL);
        refuse_hello(ctl, input, envelope->version, &c);
        return ERR_OK;
    }
    uint8_t version =
        hello->version > PROTOCOL_VERSION ? PROTOCOL_VERSION : (uint8_t)hello->version;
    if (version < PROTOCOL_VERSION_OLDEST || version < hello->version_oldest) {
        (void)complain(&c, ERROR_FRAME_VERSION, "of this agent", "1", "2", NULL);
        refuse_hello(ctl, input, PROTOCOL_VERSION, &c);
        return ERR_OK;
    }
    struct session *before = session_of_gate(&ctl->sessions, name_or_none(key->gate));
    struct link_key identity = rekey_identity(key);
    if (before != NULL &&
        !session_admits(before, &identity, field_view(&hello->store_id), &input->peer, ctl->mono)) {
        refuse_rival(ctl, input, version, before);
        return ERR_OK;
    }
    if (before != NULL && session_is_contested(before, &input->peer, ctl->mono)) {
        TRY(tell_two_boxes(ctl, before, fault));
    }
    if (before != NULL &&
        !bucket_take(&before->guard.hellos, ctl->mono, GUARD_HELLO_MS, GUARD_HELLOS)) {
        return ERR_OK; /* it says it again; nothing is answered to who may be hostile */
    }
    TRY(rekey_spoken(ctl, key, fault));
    TRY(agent_get(ctl->txn, key->gate, &known, fault));
    bool stands = order_stands(ctl, input, hello, known);
    enum err err = stands ? ERR_OK : judge_outbox(ctl, hello, known, &fit, fault);
    if (stands) {
        epoch = known->epoch;
    } else if (err == ERR_OK && fit != OUTBOX_FITS && before != NULL &&
               !bucket_take(&before->guard.epochs, ctl->mono, GUARD_EPOCH_MS, GUARD_EPOCHS)) {
        parkgate__agent_record__free_unpacked(known, NULL);
        (void)complain(&c, ERROR_TRY_LATER, "too many outboxes of one gate in an hour", NULL, NULL,
                       NULL);
        refuse_hello(ctl, input, version, &c);
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

/* --- events and heartbeats --- */

/* The session of who speaks. NULL: nobody said HELLO by this connection, or another has taken the
 * session since; the box says HELLO again. */
static enum err hear(struct controller *ctl, const struct input *input, struct session **ret,
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
    return tell_two_boxes(ctl, *ret, fault);
}

static enum err back_again(struct controller *ctl, struct session *session, struct fault *fault)
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
    TRY(hear(ctl, input, &session, fault));
    if (session == NULL || event->epoch != session->epoch ||
        envelope->sequence != event->sequence || event->sequence == 0) {
        batch_ack(ctl, input, envelope->version, event->epoch, event->sequence, ANSWER_RETRY,
                  session == NULL ? 0 : ERROR_EPOCH_WRONG);
        return ERR_OK;
    }
    TRY(back_again(ctl, session, fault));
    TRY(recall_is_open(ctl, &recovering, fault));
    if (recovering) {
        batch_ack(ctl, input, envelope->version, event->epoch, event->sequence, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    return ingest_event(ctl, input, session, event, envelope->body, fault);
}

/* Raised while `is` so, ended when it no longer is. */
static enum err fault_while(struct controller *ctl, bool is, const struct fault_kind *kind,
                            const struct session *session, struct fault *fault)
{
    const char *gate = session->gate.text;
    return is ? fault_raise(ctl, kind, gate, gate, "", fault) : fault_end(ctl, kind, gate, fault);
}

/* What is missing below what has come is on its way, unless the gate says that it is not. Its
 * heartbeat comes behind the events that it sent before. */
static enum err judge_outbox_state(struct controller *ctl, const struct session *session,
                                   struct fault *fault)
{
    uint64_t up_to = 0;
    uint64_t highest = 0;
    struct bytes key = BYTES_OF(session->identity.bytes);
    TRY(fault_while(ctl, session->outbox_permille >= OUTBOX_FULL_PERMILLE, &fault_outbox_full,
                    session, fault));
    TRY(agent_applied_up_to(ctl->txn, key, session->epoch, &up_to, fault));
    TRY(agent_applied_highest(ctl->txn, key, session->epoch, &highest, fault));
    /* A gate of the version before does not say from where on. */
    bool pends =
        session->pending_from != 0 ? session->pending_from <= up_to + 1 : session->pending != 0;
    bool gap = highest > up_to && !pends;
    return fault_while(ctl, gap, &fault_outbox_gap, session, fault);
}

static enum err judge_clock(struct controller *ctl, struct session *session, struct fault *fault)
{
    int64_t off = session->offset_ms < 0 ? -session->offset_ms : session->offset_ms;
    TRY(fault_while(ctl, off > LIMIT_CLOCK_UNTRUSTED_MS, &fault_clock_untrusted, session, fault));
    return off > LIMIT_CLOCK_ALARM_MS ? fault_raise(ctl, &fault_clock_off, session->gate.text,
                                                    session->gate.text, "", fault)
                                      : fault_end(ctl, &fault_clock_off, session->gate.text, fault);
}

/* A box whose connection was made anew does not always notice: an answer *retry*, to no event, has
 * it say HELLO at once. Where no session is, it does when it hears nothing. */
static void ask_for_hello(struct controller *ctl, const struct input *input, uint8_t version)
{
    const struct session *session = session_of_key(&ctl->sessions, &input->key);
    if (session != NULL) {
        batch_ack(ctl, input, version, session->epoch, 0, ANSWER_RETRY, 0);
    }
}

static enum err on_heartbeat(struct controller *ctl, struct input *input,
                             const struct envelope *envelope, const Parkgate__KeyRecord *key,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Heartbeat *beat = (const void *)body;
    struct session *session = NULL;
    Parkgate__Heartbeat reply = PARKGATE__HEARTBEAT__INIT;
    (void)key;
    TRY(hear(ctl, input, &session, fault));
    if (session == NULL) {
        ask_for_hello(ctl, input, envelope->version);
        return ERR_OK;
    }
    session->beaten = true;
    session->offset_ms = clock_offset_ms(beat->wall_us, ctl->now);
    session->pending = beat->pending;
    session->last_sequence = beat->last_sequence;
    session->pending_from = beat->pending_from;
    session->outbox_permille = beat->outbox_permille;
    session->lease_left_s = beat->lease_left_s;
    session->clock_unknown = beat->clock_unknown;
    session->devices_down = session->boards_down = 0;
    memset(session->devices, 0, sizeof(session->devices));
    for (size_t i = 0; i < beat->n_state; i++) {
        bool is_board =
            i < beat->n_device && park_board(ctl->park, name_or_none(beat->device[i])) != NULL;
        session->devices_down += beat->state[i] == DEVICE_DOWN;
        session->boards_down += beat->state[i] == DEVICE_DOWN && is_board;
        session
            ->devices[beat->state[i] < SESSION_DEVICE_STATES ? beat->state[i] : DEVICE_UNKNOWN]++;
    }
    bool recovering = false;
    TRY(recall_is_open(ctl, &recovering, fault));
    reply.wall_us = ctl->now.us;
    reply.echo_us = beat->wall_us;
    reply.recovering = recovering;
    if (recovering) {
        session->guard.lag_from = ctl->mono; /* nobody is fed meanwhile */
    }
    batch_send(ctl, PORT_AGENTS, &input->peer, envelope->version, MESSAGE_HEARTBEAT, 0,
               &reply.base);
    TRY(back_again(ctl, session, fault));
    TRY(emergency_shown(ctl, session, beat->emergency, beat->pending == 0, fault));
    const struct fire_list fires = {beat->fire_board, beat->n_fire_board, beat->fire_quiet,
                                    beat->n_fire_quiet, beat->last_sequence};
    TRY(emergency_listed(ctl, session, &fires, fault));
    TRY(judge_outbox_state(ctl, session, fault));
    TRY(gate_health_heard(ctl, session, beat, fault));
    TRY(fault_while(ctl, copies_is_behind(ctl, session), &fault_copy_behind, session, fault));
    if (bucket_is_full(&session->guard.refused, ctl->mono) &&
        bucket_is_full(&session->guard.epochs, ctl->mono)) {
        TRY(fault_end(ctl, &fault_gate_floods, session->gate.text, fault));
        TRY(fault_end(ctl, &fault_quarantine_full, session->gate.text, fault));
    }
    return judge_clock(ctl, session, fault);
}

static enum err on_rekey(struct controller *ctl, struct input *input,
                         const struct envelope *envelope, const Parkgate__KeyRecord *key,
                         const ProtobufCMessage *body, struct fault *fault)
{
    struct session *session = NULL;
    (void)envelope;
    TRY(hear(ctl, input, &session, fault));
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
    TRY(hear(ctl, input, &session, fault));
    if (session == NULL) {
        return ERR_OK;
    }
    TRY(back_again(ctl, session, fault));
    bool first = !session->feed.asked;
    TRY(copies_have(ctl, session, (const void *)body, fault));
    return first && session->feed.anew ? push_config(ctl, session, fault) : ERR_OK;
}

static enum err on_recall(struct controller *ctl, struct input *input,
                          const struct envelope *envelope, const Parkgate__KeyRecord *key,
                          const ProtobufCMessage *body, struct fault *fault)
{
    struct session *session = NULL;
    (void)envelope;
    (void)key;
    TRY(hear(ctl, input, &session, fault));
    return session == NULL ? ERR_OK : recall_heard(ctl, input, session, (const void *)body, fault);
}

struct agent_message {
    enum message_kind kind;
    enum err (*work)(struct controller *ctl, struct input *input, const struct envelope *envelope,
                     const Parkgate__KeyRecord *key, const ProtobufCMessage *body,
                     struct fault *fault);
};

static const struct agent_message messages[] = {
    {MESSAGE_HELLO,     on_hello    },
    {MESSAGE_EVENT,     on_event    },
    {MESSAGE_HEARTBEAT, on_heartbeat},
    {MESSAGE_REKEY,     on_rekey    },
    {MESSAGE_COPY_HAVE, on_copy_have},
    {MESSAGE_RECALL,    on_recall   },
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
        refuse_hello(ctl, input, envelope.version, &c);
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

/* --- commands --- */

bool agents_command(struct controller *ctl, const struct lane_command *wanted,
                    uint64_t *ret_sequence, struct complaint *c, enum err *ret_err,
                    struct fault *fault)
{
    Parkgate__AgentRecord *agent = NULL;
    Parkgate__CommandEntry entry = PARKGATE__COMMAND_ENTRY__INIT;
    Parkgate__Command command = PARKGATE__COMMAND__INIT;
    const char *gate = wanted->lane->gate.text;
    struct session *session = session_of_gate(&ctl->sessions, wanted->lane->gate);
    *ret_err = ERR_OK;
    if (session == NULL || session->away) {
        return complain(c, ERROR_GATE_AWAY, gate, NULL, NULL, NULL);
    }
    *ret_err = agent_get(ctl->txn, gate, &agent, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    *ret_sequence = agent->command_sequence + 1;
    parkgate__agent_record__free_unpacked(agent, NULL);
    entry.gate = field_text(gate);
    entry.lane = field_text(wanted->lane->name.text);
    entry.verb = wanted->verb;
    entry.command_sequence = *ret_sequence;
    entry.direction = wanted->direction;
    entry.reason = field_text(wanted->reason);
    entry.presentation = wanted->presentation;
    entry.presentation_epoch = wanted->presentation_epoch;
    *ret_err = controller_record(ctl, ENTRY_COMMAND, wanted->actor, &entry.base, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    command.command_sequence = *ret_sequence;
    command.gate = entry.gate;
    command.key = field_of(BYTES_OF(session->key.bytes));
    command.lane = entry.lane;
    command.verb = entry.verb;
    command.expires_ms = LIMIT_COMMAND_MS;
    command.direction = entry.direction;
    command.presentation = entry.presentation;
    command.presentation_epoch = entry.presentation_epoch;
    command.issued_us = ctl->now.us;
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_COMMAND, 0,
               &command.base);
    return true;
}
