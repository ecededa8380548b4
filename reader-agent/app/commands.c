/* What the controller orders. An order is taken once, for this gate and key, before it expires; its
 * event is durable before the lane opens. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "reader-agent/app/gate.h"

static bool is_for_us(const struct gate *gate, const Parkgate__Command *command)
{
    return strcmp(command->gate, gate->settings.gate.text) == 0 &&
           bytes_equal((struct bytes){.data = command->key.data, .size = command->key.len},
                       BYTES_OF(gate->keys.public_key.bytes));
}

static uint64_t highest_taken(const struct gate *gate)
{
    uint64_t stored = agent_store_state(gate->store)->command_sequence;
    return gate->batch.command_sequence > stored ? gate->batch.command_sequence : stored;
}

static enum lane_direction direction_of(const struct gate_lane *lane,
                                        const Parkgate__Command *command)
{
    if (lane->direction != LANE_BOTH) {
        return lane->direction;
    }
    return command->direction == LANE_OUT ? LANE_OUT : LANE_IN;
}

static bool mode_of_verb(uint32_t verb, enum lane_mode *ret_mode)
{
    static const struct {
        enum lane_verb verb;
        enum lane_mode mode;
    } table[] = {
        {VERB_LOCK,   LANE_MODE_LOCKED},
        {VERB_FREE,   LANE_MODE_FREE  },
        {VERB_NORMAL, LANE_MODE_NORMAL}
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (verb == (uint32_t)table[i].verb) {
            *ret_mode = table[i].mode;
            return true;
        }
    }
    return false;
}

/* What opens the lane: its board, its camera, or its face terminal. NULL: nothing does. */
static const struct gate_device *opener_of(struct gate *gate, const struct gate_lane *lane)
{
    if (lane->opens_by_reply) {
        return device_find(gate, lane->camera);
    }
    const struct gate_reader *terminal =
        lane->board.text[0] == '\0' ? terminal_of_lane(gate, lane->name) : NULL;
    return device_find(gate, terminal != NULL ? terminal->name : lane->board);
}

/* Judges the order and stages a change of mode. An exit is never locked. */
static enum command_result take(struct gate *gate, const struct gate_lane *lane,
                                const Parkgate__Command *command, uint32_t left_ms)
{
    enum lane_mode mode = LANE_MODE_NORMAL;
    if (lane == NULL) {
        return COMMAND_REFUSED;
    }
    if (left_ms == 0) {
        return COMMAND_EXPIRED;
    }
    if (command->verb == VERB_OPEN) {
        const struct gate_device *opener = opener_of(gate, lane);
        return opener != NULL && opener->state != DEVICE_DOWN ? COMMAND_DONE : COMMAND_FAILED;
    }
    if (!mode_of_verb(command->verb, &mode) ||
        (mode == LANE_MODE_LOCKED && lane->direction == LANE_OUT)) {
        return COMMAND_REFUSED;
    }
    if (mode == LANE_MODE_LOCKED) {
        replies_void_lane(gate->replies, lane->name);
    }
    return batch_add_mode(&gate->batch, lane->name, (uint32_t)mode) ? COMMAND_DONE : COMMAND_FAILED;
}

static struct draft draft_of(struct gate *gate, const struct gate_lane *lane,
                             const Parkgate__Command *command, enum command_result result)
{
    struct draft draft = {
        .kind = EVENT_COMMAND,
        .captured = gate_wall(gate),
        .received = gate_wall(gate),
        .presentation = {.epoch = command->presentation_epoch, .sequence = command->presentation},
        .command_sequence = command->command_sequence,
        .command_result = (uint32_t)result
    };
    if (lane != NULL) {
        draft.lane = lane->name;
        draft.direction = (uint32_t)direction_of(lane, command);
    }
    if (result == COMMAND_DONE && command->verb == VERB_OPEN) {
        draft.has_verdict = true;
        draft.outcome = OUTCOME_GRANT;
        draft.reason = REASON_OPENED_BY_STAFF;
        draft.source = SOURCE_CONTROLLER;
    }
    return draft;
}

void command_heard(struct gate *gate, const Parkgate__Command *command)
{
    if (!is_for_us(gate, command)) {
        log_error("command_not_ours", LOG_TEXT("gate", command->gate),
                  LOG_NUM("command", command->command_sequence));
        return;
    }
    if (command->command_sequence <= highest_taken(gate)) {
        gate->commands_again++;
        if ((gate->commands_again & (gate->commands_again - 1)) == 0) { /* 1, 2, 4 ...: no flood */
            log_warning("command_again", LOG_NUM("command", command->command_sequence),
                        LOG_NUM("highest", highest_taken(gate)),
                        LOG_NUM("count", gate->commands_again));
        }
        return;
    }
    struct name name;
    const struct gate_lane *lane =
        name_from_text(command->lane, &name) ? gate_park_lane(gate->park, name) : NULL;
    uint32_t left_ms = controller_clock_left_ms(&gate->controller_clock, command->issued_us,
                                                command->expires_ms, gate_mono(gate));
    enum command_result result = take(gate, lane, command, left_ms);
    struct draft draft = draft_of(gate, lane, command, result);
    struct grant_id id;
    struct fault fault = {0};
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("command_not_recorded", LOG_NUM("command", command->command_sequence),
                  LOG_TEXT("why", fault.what));
        return;
    }
    gate->batch.command_sequence = command->command_sequence;
    if (result == COMMAND_DONE && command->verb == VERB_OPEN) {
        record_after(gate, (struct after){.kind = AFTER_COMMAND,
                                          .id = id,
                                          .lane = lane->name,
                                          .direction = direction_of(lane, command),
                                          .expires = mono_after_ms(gate_mono(gate), left_ms)});
    }
    log_event("command", LOG_TEXT("lane", command->lane),
              LOG_NUM("command", command->command_sequence), LOG_NUM("verb", command->verb),
              LOG_NUM("result", result));
}

void command_committed(struct gate *gate, const struct after *after, bool durable)
{
    if (!durable) {
        return; /* nothing is on record, so nothing opens; the controller sees no answer */
    }
    lane_open(gate, after->lane, after->direction, after->id, after->expires);
    lane_show(gate, after->lane, REASON_OPENED_BY_STAFF);
}
