/* The conversation with the controller: schema/GRAMMAR.md, port `agents`. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/anchors.h"
#include "reader-agent/app/gate.h"
#include "schema/errors.h"

#define PROGRAM_NAME "parkgate-agent 0.1.0"

static void send_hello(struct gate *gate)
{
    const struct agent_state *state = agent_store_state(gate->store);
    Parkgate__Hello hello = PARKGATE__HELLO__INIT;
    char *burning[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    hello.store_id =
        (ProtobufCBinaryData){.len = STORE_ID_SIZE, .data = (uint8_t *)state->store_id};
    hello.epoch = state->epoch;
    hello.last_sequence = state->last_sequence;
    if (state->last_sequence != 0) {
        hello.last_digest =
            (ProtobufCBinaryData){.len = EVENT_DIGEST_SIZE, .data = (uint8_t *)state->last_digest};
    }
    hello.version_oldest = PROTOCOL_VERSION_OLDEST;
    hello.version = PROTOCOL_VERSION;
    hello.gate = gate->settings.gate.text;
    hello.program = PROGRAM_NAME;
    hello.wall_us = gate_wall(gate).us;
    hello.config_version = gate->copy.park == NULL ? 0 : state->config_version;
    hello.copy_generation = copy_store_about(gate->copy.store)->generation;
    hello.copy_sequence = copy_store_about(gate->copy.store)->sequence;
    hello.command_sequence = state->command_sequence;
    hello.emergency = gate->emergency.shown;
    hello.n_fire_board = hello.n_fire_quiet = emergency_burning(gate, burning, quiet);
    hello.fire_board = burning;
    hello.fire_quiet = quiet;
    struct shown_anchors anchors;
    anchors_to_show(gate, &anchors);
    hello.n_anchor = anchors.count;
    hello.anchor = anchors.line;
    struct fault fault = {0};
    struct mono asked = gate_mono(gate);
    enum err err = controller_link_send(gate->controller, MESSAGE_HELLO, &hello.base, &fault);
    if (err == ERR_OK) {
        gate->hello_asked = gate->hellos > 0 ? gate->hello_asked : asked;
        gate->hellos++;
    }
    link_state_hello_sent(&gate->link_state, err == ERR_OK, gate_mono(gate));
    if (err != ERR_OK && err != ERR_BUSY) {
        log_warning("hello_failed", LOG_TEXT("why", fault.what));
    }
}

static void send_heartbeat(struct gate *gate)
{
    char *names[GATE_DEVICES_MAX];
    uint32_t states[GATE_DEVICES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < gate->device_count; i++) {
        if (gate->devices[i].configured) {
            names[count] = gate->devices[i].name.text;
            states[count++] = (uint32_t)gate->devices[i].state;
        }
    }
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    char *burning[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    beat.wall_us = gate_wall(gate).us;
    beat.echo_us = gate->echo_us;
    beat.last_sequence = agent_store_state(gate->store)->last_sequence;
    (void)!outbox_depth(gate->store, &beat.pending, NULL);
    (void)!outbox_first_pending(gate->store, agent_store_state(gate->store)->epoch,
                                &beat.pending_from, &(uint32_t){0}, NULL);
    beat.outbox_permille = outbox_permille(gate);
    beat.copy_generation = copy_store_about(gate->copy.store)->generation;
    beat.copy_sequence = copy_store_about(gate->copy.store)->sequence;
    beat.lease_left_s = alone_lease_left_s(gate);
    beat.clock_unknown = !gate->copy.lease.clock_known;
    beat.emergency = gate->emergency.shown;
    beat.n_fire_board = beat.n_fire_quiet = emergency_burning(gate, burning, quiet);
    beat.fire_board = burning;
    beat.fire_quiet = quiet;
    beat.n_device = count;
    beat.device = names;
    beat.n_state = count;
    beat.state = states;
    beats_sent(&gate->beats, (struct wall){.us = beat.wall_us}, gate_mono(gate));
    (void)!controller_link_send(gate->controller, MESSAGE_HEARTBEAT, &beat.base, NULL);
}

static void hear_welcome(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__Welcome *welcome = (const Parkgate__Welcome *)message;
    if (welcome->version < PROTOCOL_VERSION_OLDEST || welcome->version > PROTOCOL_VERSION ||
        welcome->epoch == 0 || welcome->epoch == GRANT_EPOCH_LATE) {
        log_error("welcome_unusable", LOG_NUM("version", welcome->version),
                  LOG_NUM("epoch", welcome->epoch));
        return;
    }
    controller_link_speak(gate->controller, (uint8_t)welcome->version);
    if (gate->hellos > 0) {
        gate->hellos--;
        controller_clock_heard(&gate->controller_clock, gate->hello_asked, gate_mono(gate),
                               (struct wall){.us = welcome->wall_us});
        alone_heard(gate, welcome->wall_us, gate->hello_asked);
    }
    bool was_up = gate->link_state.welcome;
    rekey_welcomed(gate);
    if (welcome->epoch != agent_store_state(gate->store)->epoch) {
        backlog_new_epoch(gate, welcome->epoch);
    }
    if (welcome->epoch != agent_store_state(gate->store)->epoch) {
        return; /* it could not be written: HELLO again */
    }
    gate->backlog.applied = welcome->applied;
    if (welcome->applied > agent_store_state(gate->store)->applied) {
        gate->batch.applied = welcome->applied;
    }
    link_state_welcomed(&gate->link_state, gate_mono(gate));
    copy_welcomed(gate);
    recalling_told(gate, welcome->recovering);
    recovery_key_told(gate, (struct bytes){.data = welcome->recovery_key.data,
                                           .size = welcome->recovery_key.len});
    backlog_restart(gate, gate_mono(gate));
    if (!was_up) {
        log_event("controller_welcome", LOG_NUM("epoch", welcome->epoch),
                  LOG_NUM("applied", welcome->applied), LOG_NUM("version", welcome->version));
    }
}

static void hear_refused(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__HelloRefused *refused = (const Parkgate__HelloRefused *)message;
    struct complaint complaint = {0};
    gate->hellos -= gate->hellos > 0 ? 1 : 0;
    const char *args[ERROR_ARGS] = {0};
    for (size_t i = 0; i < refused->n_arg && i < ERROR_ARGS; i++) {
        args[i] = refused->arg[i];
    }
    (void)complain(&complaint, (enum error_number)refused->error, args[0], args[1], args[2],
                   args[3]);
    char sentence[512];
    error_sentence_en(&complaint, sentence, sizeof(sentence));
    log_error("hello_refused", LOG_NUM("error", refused->error), LOG_TEXT("why", sentence));
    link_state_refused(&gate->link_state, gate_mono(gate));
}

void uplink_config_drop(struct config_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        free((void *)parts->rows[i].data);
    }
    *parts = (struct config_parts){0};
}

static bool keep_rows(struct config_parts *parts, const Parkgate__Config *config)
{
    for (size_t i = 0; i < config->n_row; i++) {
        size_t size = config->row[i].len;
        uint8_t *copy = parts->count < PARK_COPY_ROWS_MAX && size <= PARK_COPY_ROW_BYTES
                            ? malloc(size + 1)
                            : NULL;
        if (copy == NULL) {
            return false;
        }
        memcpy(copy, config->row[i].data, size);
        parts->rows[parts->count++] = (struct bytes){.data = copy, .size = size};
    }
    return true;
}

enum err uplink_config_store(struct gate *gate, const struct config_parts *parts,
                             struct fault *fault)
{
    (void)!record_commit(gate, NULL);
    TRY(park_copy_replace(gate->store, parts->version, parts->rows, parts->count, gate_wall(gate),
                          fault));
    log_event("config_stored", LOG_NUM("version", parts->version), LOG_NUM("rows", parts->count));
    devices_apply(gate);
    copy_park_changed(gate);
    return ERR_OK;
}

bool uplink_config_kept(struct config_parts *parts, const Parkgate__Config *config)
{
    if (config->part == 1) {
        uplink_config_drop(parts);
        parts->version = config->config_version;
        parts->parts = config->parts;
        parts->next = 1;
    }
    if (config->part == 0 || config->part != parts->next ||
        config->config_version != parts->version || config->parts != parts->parts ||
        !keep_rows(parts, config)) {
        uplink_config_drop(parts);
        return false;
    }
    parts->next++;
    return true;
}

bool uplink_config_is_whole(const struct config_parts *parts)
{
    return parts->parts != 0 && parts->next == parts->parts + 1;
}

static void hear_config(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__Config *config = (const Parkgate__Config *)message;
    struct config_parts *parts = &gate->config;
    if (!uplink_config_kept(parts, config)) {
        log_warning("config_parts_broken", LOG_NUM("part", config->part),
                    LOG_NUM("version", config->config_version));
    } else if (uplink_config_is_whole(parts)) {
        struct fault fault = {0};
        if (uplink_config_store(gate, parts, &fault) != ERR_OK) {
            log_error("config_not_stored", LOG_NUM("version", parts->version),
                      LOG_TEXT("why", fault.what));
        }
        uplink_config_drop(parts);
    }
}

static void hear_verdict(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__Verdict *heard = (const Parkgate__Verdict *)message;
    struct grant_id id = {.epoch = heard->epoch, .sequence = heard->sequence};
    struct presentation_row *row = presentation_find(&gate->presentations, id);
    /* After a stall of ours it may lie here for long: whoever stood there is gone. */
    bool late = row != NULL && !mono_before(gate_mono(gate), row->deadline);
    if (row == NULL || late || heard->outcome > OUTCOME_GRANT) {
        if (row != NULL || heard->sequence > gate->backlog.end) { /* a backlog waits for none */
            log_event("verdict_too_late", LOG_NUM("sequence", heard->sequence));
        }
        return;
    }
    struct verdict verdict = {.outcome = (enum outcome)heard->outcome,
                              .reason = (enum reason)heard->reason};
    if (presentation_answered(row, verdict) == STEP_COMMIT) {
        int64_t left_us = row->deadline.us - gate_mono(gate).us;
        metric_times_add(&gate->figures.answers, row->answer_ms * INT64_C(1000) - left_us);
        link_state_served(&gate->link_state);
        record_verdict(gate, row);
    }
}

static void hear_ack(struct gate *gate, const ProtobufCMessage *message)
{
    backlog_answered(gate, (const Parkgate__Ack *)message);
}

static void hear_command(struct gate *gate, const ProtobufCMessage *message)
{
    command_heard(gate, (const Parkgate__Command *)message);
}

static void hear_subjects(struct gate *gate, const ProtobufCMessage *message)
{
    terminals_heard(gate, (const Parkgate__Subjects *)message);
}

static void hear_rekey(struct gate *gate, const ProtobufCMessage *message)
{
    rekey_heard(gate, (const Parkgate__Rekey *)message);
}

/* The controller tells a box that it does not welcome of what began, never of an end. */
static void hear_emergency(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__Emergency *emergency = (const Parkgate__Emergency *)message;
    if (gate->link_state.welcome || emergency->state != EMERGENCY_NONE) {
        emergency_heard(gate, emergency);
    }
}

static void hear_heartbeat(struct gate *gate, const ProtobufCMessage *message)
{
    const Parkgate__Heartbeat *beat = (const Parkgate__Heartbeat *)message;
    struct mono asked;
    gate->echo_us = beat->wall_us;
    if (beats_asked(&gate->beats, (struct wall){.us = beat->echo_us}, &asked)) {
        controller_clock_heard(&gate->controller_clock, asked, gate_mono(gate),
                               (struct wall){.us = beat->wall_us});
        alone_heard(gate, gate->echo_us, asked);
    }
    recalling_told(gate, beat->recovering);
}

static void hear_copy_part(struct gate *gate, const ProtobufCMessage *message)
{
    copy_part_heard(gate, (const Parkgate__CopyPart *)message);
}

static void hear_recall(struct gate *gate, const ProtobufCMessage *message)
{
    recalling_heard(gate, (const Parkgate__Recall *)message);
}

static void hear_muster(struct gate *gate, const ProtobufCMessage *message)
{
    muster_heard(gate, (const Parkgate__Muster *)message);
}

static void hear_anchor(struct gate *gate, const ProtobufCMessage *message)
{
    anchor_heard(gate, (const Parkgate__Anchor *)message);
}

/* Verdicts and commands of a controller that has not welcomed us are none. */
static const struct message_handler {
    enum message_kind kind;
    bool after_welcome;
    void (*hear)(struct gate *gate, const ProtobufCMessage *message);
} handlers[] = {
    {MESSAGE_WELCOME,       false, hear_welcome  },
    {MESSAGE_HELLO_REFUSED, false, hear_refused  },
    {MESSAGE_CONFIG,        true,  hear_config   },
    {MESSAGE_VERDICT,       true,  hear_verdict  },
    {MESSAGE_ACK,           false, hear_ack      },
    {MESSAGE_COMMAND,       true,  hear_command  },
    {MESSAGE_HEARTBEAT,     false, hear_heartbeat},
    {MESSAGE_SUBJECTS,      true,  hear_subjects },
    {MESSAGE_REKEY,         true,  hear_rekey    },
    {MESSAGE_COPY_PART,     true,  hear_copy_part},
    {MESSAGE_RECALL,        true,  hear_recall   },
    {MESSAGE_EMERGENCY,     false, hear_emergency},
    {MESSAGE_MUSTER,        true,  hear_muster   },
    {MESSAGE_ANCHOR,        true,  hear_anchor   },
};

void uplink_heard(void *ctx, uint16_t kind, const ProtobufCMessage *message)
{
    struct gate *gate = ctx;
    link_state_heard(&gate->link_state, gate_mono(gate));
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        if (handlers[i].kind == kind) {
            if (!handlers[i].after_welcome || gate->link_state.welcome) {
                handlers[i].hear(gate, message);
            }
            return;
        }
    }
    log_warning("controller_kind_unexpected", LOG_NUM("kind", kind));
}

static void socket_ready(void *ctx, unsigned events)
{
    (void)events;
    struct gate *gate = ctx;
    struct fault fault = {0};
    if (controller_link_turn(gate->controller, uplink_heard, gate, &fault) != ERR_OK) {
        log_error("controller_receive_failed", LOG_TEXT("why", fault.what));
    }
}

enum err uplink_begin(struct gate *gate, struct fault *fault)
{
    struct controller_link_options options = {
        .link = gate->link, .keys = &gate->keys, .endpoint = gate->settings.controller};
    TRY(rekey_begin(gate, &options.server_key, fault));
    TRY(controller_link_create(&options, &gate->controller, fault));
    if (loop_add_socket(gate->loop, controller_link_socket(gate->controller), socket_ready, gate) !=
        ERR_OK) {
        return fault_set(fault, ERR_FULL, "the loop has no room for the controller's socket");
    }
    link_state_begin(&gate->link_state, gate_mono(gate));
    backlog_restart(gate, gate_mono(gate));
    return ERR_OK;
}

void uplink_end(struct gate *gate)
{
    uplink_config_drop(&gate->config);
    if (gate->controller != NULL) {
        loop_remove_socket(gate->loop, controller_link_socket(gate->controller));
    }
    controller_link_destroy(&gate->controller);
}

void uplink_renew(struct gate *gate)
{
    struct fault fault = {0};
    loop_remove_socket(gate->loop, controller_link_socket(gate->controller));
    if (controller_link_renew(gate->controller, &fault) != ERR_OK) {
        log_error("controller_connect_failed", LOG_TEXT("why", fault.what));
    }
    if (loop_add_socket(gate->loop, controller_link_socket(gate->controller), socket_ready, gate) !=
        ERR_OK) {
        log_error("controller_connect_failed", LOG_TEXT("why", "the loop is full"));
    }
    link_state_unknown(&gate->link_state);
    controller_clock_forget(&gate->controller_clock);
    gate->hellos = 0;
}

void uplink_tick(struct gate *gate)
{
    struct mono now = gate_mono(gate);
    unsigned due = link_state_tick(&gate->link_state, now);
    if (due & LINK_DUE_SILENT) {
        log_warning("controller_silent", LOG_NUM("ms", LIMIT_SILENCE_MS));
        copy_link_lost(gate);
    }
    if ((due & LINK_DUE_RENEW) || ((due & LINK_DUE_SILENT) && gate->rekey.has_server_next)) {
        rekey_server_silent(gate);
        uplink_renew(gate);
    }
    if (due & LINK_DUE_HELLO) {
        send_hello(gate);
    }
    if (due & LINK_DUE_HEARTBEAT) {
        send_heartbeat(gate);
    }
    backlog_turn(gate, now);
}

void uplink_send_live(struct gate *gate, struct grant_id id)
{
    struct mono now = gate_mono(gate);
    if (!link_state_is_up(&gate->link_state, now) || gate->recovering ||
        id.epoch != agent_store_state(gate->store)->epoch) {
        backlog_missed(gate, id);
        return;
    }
    struct fault fault = {0};
    if (backlog_send(gate, id, &fault) != ERR_OK) {
        backlog_missed(gate, id);
        return;
    }
    gate->backlog.probe = id.sequence;
    gate->backlog.probe_sent = now;
}
