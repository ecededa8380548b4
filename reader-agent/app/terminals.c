/* Face terminals: answers to those that ask, doors that unlocked, and the subjects they must know.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

/* --- doors --- */

const struct gate_reader *terminal_of_lane(const struct gate *gate, struct name lane)
{
    for (size_t i = 0; i < gate->park->reader_count; i++) {
        const struct gate_reader *reader = &gate->park->readers[i];
        if (reader->control == TERMINAL_ASKS && reader->terminal[0] != '\0' &&
            name_equal(reader->lane, lane)) {
            return reader;
        }
    }
    return NULL;
}

/* The oldest goes when all are taken: its door event, should one come, is then an alert. */
static struct unlock *new_unlock(struct gate *gate)
{
    struct unlock *oldest = &gate->unlocks[0];
    for (size_t i = 0; i < GATE_UNLOCKS_MAX; i++) {
        struct unlock *unlock = &gate->unlocks[i];
        if (!unlock->used) {
            return unlock;
        }
        oldest = mono_before(unlock->until, oldest->until) ? unlock : oldest;
    }
    return oldest;
}

void terminal_open(struct gate *gate, struct asker asker, struct name lane, struct grant_id id,
                   struct mono expires)
{
    const struct helper_check check = {
        .lane = lane, .grant = id, .serial = asker.ask, .granted = true, .expires = expires};
    struct fault fault = {0};
    if (face_terminals_answer(gate->terminals, asker.reader, &check, &fault) != ERR_OK) {
        log_error("lane_not_opened", LOG_TEXT("lane", lane.text), LOG_NUM("sequence", id.sequence),
                  LOG_TEXT("why", fault.what));
        lane_not_opened(gate, lane, id, "its terminal is not there");
        return;
    }
    *new_unlock(gate) = (struct unlock){.used = true,
                                        .reader = asker.reader,
                                        .lane = lane,
                                        .grant = id,
                                        .until = mono_after_ms(gate_mono(gate), GATE_UNLOCK_MS)};
}

/* Unanswered it stays shut, too: nothing is to be repeated. */
void terminal_deny(struct gate *gate, struct asker asker, struct name lane, struct grant_id id)
{
    const struct helper_check check = {.lane = lane,
                                       .grant = id,
                                       .serial = asker.ask,
                                       .expires = mono_after_ms(gate_mono(gate), LIMIT_COMMAND_MS)};
    struct fault fault = {0};
    if (face_terminals_answer(gate->terminals, asker.reader, &check, &fault) != ERR_OK) {
        log_warning("terminal_not_answered", LOG_TEXT("lane", lane.text),
                    LOG_TEXT("why", fault.what));
    }
}

static struct unlock *unlock_of_grant(struct gate *gate, struct grant_id grant)
{
    for (size_t i = 0; i < GATE_UNLOCKS_MAX; i++) {
        if (gate->unlocks[i].used && grant_id_equal(gate->unlocks[i].grant, grant)) {
            return &gate->unlocks[i];
        }
    }
    return NULL;
}

/* A lane that a terminal opens has no sensor: what it opened counts as taken. */
static void door_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result)
{
    struct gate *gate = ctx;
    struct unlock *unlock = unlock_of_grant(gate, grant);
    if (result != OPEN_DONE) {
        log_warning("opening_answered", LOG_TEXT("lane", lane.text),
                    LOG_NUM("sequence", grant.sequence),
                    LOG_TEXT("result", helper_open_result_name(result)));
    }
    bool unknown = result == OPEN_SILENT || result == OPEN_LOST;
    if (result == OPEN_DONE || (unknown && unlock != NULL && unlock->seen)) {
        lane_unsensed(gate, lane, LANE_NO_DIRECTION, grant, "opened by the terminal");
    } else if (unknown && unlock != NULL) {
        unlock->silent = true;
    } else {
        lane_not_opened(gate, lane, grant, helper_open_result_name(result));
    }
    if (unlock != NULL && result != OPEN_DONE && !unlock->silent) {
        unlock->used = false;
    }
}

static struct unlock *unlock_at(struct gate *gate, struct name reader)
{
    for (size_t i = 0; i < GATE_UNLOCKS_MAX; i++) {
        struct unlock *unlock = &gate->unlocks[i];
        if (unlock->used && !unlock->seen && name_equal(unlock->reader, reader) &&
            mono_before(gate_mono(gate), unlock->until)) {
            return unlock;
        }
    }
    return NULL;
}

enum err terminal_unlocked(struct gate *gate, const struct gate_reader *reader,
                           const struct seen_mark *mark, struct fault *fault)
{
    if (reader->control == TERMINAL_NO_RELAY) {
        return ERR_OK; /* nothing hangs on that relay */
    }
    struct unlock *unlock = unlock_at(gate, reader->name);
    if (unlock != NULL) {
        unlock->seen = true;
        if (unlock->silent) {
            unlock->used = false;
            lane_unsensed(gate, unlock->lane, LANE_NO_DIRECTION, unlock->grant,
                          "opened by the terminal");
        }
        return ERR_OK;
    }
    struct draft draft = {.kind = EVENT_UNASKED,
                          .lane = reader->lane,
                          .reader = reader->name,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate)};
    (void)snprintf(draft.note, sizeof(draft.note), "the terminal unlocked its door");
    struct grant_id id;
    log_error("door_unlocked_unasked", LOG_TEXT("lane", reader->lane.text),
              LOG_TEXT("reader", reader->name.text));
    bool stored = record_event(gate, &draft, false, mark, &id, fault) == ERR_OK &&
                  record_commit(gate, fault) == ERR_OK;
    return stored ? ERR_OK : ERR_FULL;
}

void terminals_tick(struct gate *gate)
{
    struct mono now = gate_mono(gate);
    for (size_t i = 0; i < GATE_UNLOCKS_MAX; i++) {
        struct unlock *unlock = &gate->unlocks[i];
        if (!unlock->used || mono_before(now, unlock->until)) {
            continue;
        }
        unlock->used = false;
        if (unlock->silent && !unlock->seen) {
            lane_not_opened(gate, unlock->lane, unlock->grant, "terminal-silent");
        }
    }
    face_terminals_turn(gate->terminals);
}

/* --- who decides --- */

static void control_changed(void *ctx, struct name name, enum device_state state, const char *what)
{
    struct gate *gate = ctx;
    const struct gate_reader *reader = gate_park_reader(gate->park, name);
    if (reader == NULL) {
        return;
    }
    log_event("terminal_control", LOG_TEXT("reader", name.text),
              LOG_TEXT("state", state == DEVICE_ALONE ? "alone" : "heeds"), LOG_TEXT("why", what));
    struct draft draft = {.kind = EVENT_DEVICE,
                          .lane = reader->lane,
                          .reader = name,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .device_state = (uint32_t)state};
    (void)snprintf(draft.note, sizeof(draft.note), "%s", what);
    struct grant_id id;
    struct fault fault = {0};
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("event_lost", LOG_TEXT("device", name.text), LOG_TEXT("why", fault.what));
    }
}

/* --- subjects --- */

static enum err subject_answered(void *ctx, struct name name, uint64_t number,
                                 enum subject_state state, const char *what)
{
    struct gate *gate = ctx;
    const struct gate_reader *reader = gate_park_reader(gate->park, name);
    if (reader == NULL) {
        return ERR_OK;
    }
    struct draft draft = {.kind = EVENT_SUBJECT,
                          .lane = reader->lane,
                          .reader = name,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .order = number,
                          .subject_result = (uint32_t)state};
    (void)snprintf(draft.note, sizeof(draft.note), "%s", what);
    struct grant_id id;
    struct fault fault = {0};
    enum err err = record_event(gate, &draft, false, NULL, &id, &fault);
    log_event("subject_answered", LOG_TEXT("reader", name.text), LOG_NUM("order", number),
              LOG_NUM("state", state), LOG_TEXT("what", what));
    return err;
}

static bool read_order(const ProtobufCBinaryData *packed, struct face_order *ret)
{
    Parkgate__SubjectOrder *order =
        parkgate__subject_order__unpack(NULL, packed->len, packed->data);
    struct face_order read = {.subject = {.number = order == NULL ? 0 : order->number}};
    bool good = order != NULL && name_from_text(order->reader, &read.reader) &&
                (order->kind == SUBJECT_ADD || order->kind == SUBJECT_DELETE) &&
                order->subject[0] != '\0' && strlen(order->subject) < sizeof(read.subject.subject);
    if (good) {
        read.subject.order = (enum subject_order)order->kind;
        read.subject.until = (struct wall){.us = order->until_us};
        memcpy(read.subject.subject, order->subject, strlen(order->subject) + 1);
        *ret = read;
    }
    if (order != NULL) {
        parkgate__subject_order__free_unpacked(order, NULL);
    }
    return good;
}

void terminals_heard(struct gate *gate, const Parkgate__Subjects *subjects)
{
    struct face_order orders[LIMIT_SUBJECTS_PER_MESSAGE];
    size_t count = 0;
    for (size_t i = 0; i < subjects->n_order && count < ARRAY_LEN(orders); i++) {
        if (read_order(&subjects->order[i], &orders[count])) {
            count++;
        } else {
            log_error("subject_order_unreadable", LOG_NUM("at", i));
        }
    }
    face_terminals_order(gate->terminals, orders, count);
}

struct face_terminal_sink terminals_sink(struct gate *gate)
{
    return (struct face_terminal_sink){.control = control_changed,
                                       .opened = door_opened,
                                       .subject = subject_answered,
                                       .ctx = gate};
}
