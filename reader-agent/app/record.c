#include "reader-agent/app/gate.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"

struct wall gate_wall(const struct gate *gate)
{
    return gate->clock->wall(gate->clock->ctx);
}

struct mono gate_mono(const struct gate *gate)
{
    return gate->clock->mono(gate->clock->ctx);
}

static enum err make_room(struct gate *gate, struct fault *fault)
{
    const struct batch *batch = &gate->batch;
    bool full = batch->event_count + 2 > BATCH_EVENTS_MAX ||
                batch->acted_count + 2 > BATCH_ACTED_MAX || gate->after_count + 2 > GATE_AFTERS_MAX;
    return full ? record_commit(gate, fault) : ERR_OK;
}

enum err record_event(struct gate *gate, const struct draft *draft, bool open,
                      const struct seen_mark *mark, struct grant_id *ret_id, struct fault *fault)
{
    TRY(make_room(gate, fault));
    TRY(outbox_takes(gate, fault));
    struct batch_event *event = batch_add_event(&gate->batch, gate->store);
    MUST(event != NULL);
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = draft_pack(draft, event->id, packed);
    enum err err = vault_seal(gate->vault, (struct bytes){.data = packed, .size = size},
                              gate_wall(gate), event, fault);
    if (err != ERR_OK) {
        gate->batch.event_count--;
        return err;
    }
    event->kind = (uint32_t)draft->kind;
    event->open = open;
    event->press = draft->press;
    event->press_lane = draft->lane;
    if (mark != NULL) {
        event->has_seen = true;
        event->seen_reader = mark->device;
        memcpy(event->seen, mark->hash, SEEN_HASH_SIZE);
    }
    *ret_id = event->id;
    return ERR_OK;
}

void record_after(struct gate *gate, struct after after)
{
    MUST(gate->after_count < GATE_AFTERS_MAX);
    gate->afters[gate->after_count++] = after;
}

static struct draft acted_draft(struct gate *gate, const struct presentation_row *row)
{
    return (struct draft){.kind = EVENT_ACTED,
                          .lane = row->lane,
                          .reader = row->reader,
                          .received = gate_wall(gate),
                          .presentation = row->id,
                          .has_verdict = true,
                          .outcome = (uint32_t)row->verdict.outcome,
                          .reason = (uint32_t)row->verdict.reason,
                          .source = (uint32_t)row->source,
                          .stamp = row->stamp,
                          .direction = row->direction == DIRECTION_OUT ? LANE_OUT : LANE_IN};
}

static void perform_verdict(struct gate *gate, struct presentation_row *row, bool durable)
{
    enum step step = presentation_committed(row, durable);
    if (step == STEP_OPEN_LATE) {
        struct draft draft = acted_draft(gate, row);
        draft.late = true;
        (void)record_late(gate, &draft);
    }
    lane_perform(gate, step, row->lane, row->direction == DIRECTION_OUT ? LANE_OUT : LANE_IN,
                 row->id, row->verdict, row->deadline,
                 (struct asker){.reader = row->reader, .ask = row->ask});
}

void record_verdict(struct gate *gate, struct presentation_row *row)
{
    struct fault fault = {0};
    enum err err = make_room(gate, &fault);
    struct acted acted = {.outcome = (uint32_t)row->verdict.outcome,
                          .reason = (uint32_t)row->verdict.reason,
                          .source = (uint32_t)row->source,
                          .told = row->source == SOURCE_AGENT};
    if (err == ERR_OK && acted.told) {
        struct draft draft = acted_draft(gate, row);
        struct grant_id id;
        err = record_event(gate, &draft, false, NULL, &id, &fault);
    }
    if (err == ERR_OK) {
        MUST(batch_add_acted(&gate->batch, row->id, acted));
        record_after(gate, (struct after){.kind = AFTER_VERDICT, .row = row, .id = row->id});
        return;
    }
    log_error("verdict_not_staged", LOG_TEXT("why", fault.what));
    perform_verdict(gate, row, false);
}

static void after_verdict(struct gate *gate, const struct after *after, bool durable)
{
    perform_verdict(gate, after->row, durable);
}

static void after_moved(struct gate *gate, const struct after *after, bool durable)
{
    if (durable) {
        presentation_moved(&gate->presentations, after->from, after->id);
        reply_moved(gate, after->from, after->id);
    }
}

static void after_late(struct gate *gate, const struct after *after, bool durable)
{
    struct late_event *late = &gate->late[after->index];
    late->waits = !durable;
    if (durable) {
        late->stored = after->id;
    }
}

static void (*const after_table[])(struct gate *gate, const struct after *after, bool durable) = {
    [AFTER_VERDICT] = after_verdict,     [AFTER_BUTTON] = lane_button_committed,
    [AFTER_COMMAND] = command_committed, [AFTER_MOVED] = after_moved,
    [AFTER_LATE] = after_late,
};

static void note_store(struct gate *gate, enum err err, const struct fault *fault)
{
    bool failing = err != ERR_OK;
    if (failing != gate->store_failing) {
        if (failing) {
            log_error("store_failed", LOG_TEXT("code", err_name(err)), LOG_TEXT("why", fault->what),
                      LOG_TEXT("now", "entries are denied, exits open and are recorded late"));
        } else {
            log_event("store_works_again",
                      LOG_NUM("sequence", agent_store_state(gate->store)->last_sequence));
        }
    }
    gate->store_failing = failing;
}

enum err record_commit(struct gate *gate, struct fault *fault)
{
    outbox_count_in(gate);
    if (batch_is_empty(&gate->batch)) {
        return ERR_OK;
    }
    struct fault local = {0};
    struct grant_id fresh[BATCH_EVENTS_MAX];
    size_t fresh_count = 0;
    for (size_t i = 0; i < gate->batch.event_count; i++) {
        if (gate->batch.events[i].moved_from.sequence == 0) {
            fresh[fresh_count++] = gate->batch.events[i].id;
        }
    }
    struct grant_id acted[BATCH_ACTED_MAX];
    size_t acted_count = gate->batch.acted_count;
    for (size_t i = 0; i < acted_count; i++) {
        acted[i] = gate->batch.acted[i].id;
    }
    struct after afters[GATE_AFTERS_MAX];
    size_t after_count = gate->after_count;
    memcpy(afters, gate->afters, after_count * sizeof(afters[0]));
    gate->after_count = 0;

    uint64_t exits = gate->batch.unrecorded_exits;
    uint64_t entries = gate->batch.unrecorded_entries;
    enum err err = batch_commit(&gate->batch, gate->store, gate_wall(gate), &local);
    note_store(gate, err, &local);
    if (err != ERR_OK) {
        gate->uncounted_exits += exits;
        gate->uncounted_entries += entries;
    }
    for (size_t i = 0; i < after_count; i++) {
        after_table[afters[i].kind](gate, &afters[i], err == ERR_OK);
    }
    if (err != ERR_OK) {
        return fault_set(fault, err, "%s", local.what);
    }
    for (size_t i = 0; i < fresh_count; i++) {
        uplink_send_live(gate, fresh[i]);
    }
    if (fresh_count > 0) {
        outbox_make_room(gate);
    }
    own_events_written(gate, acted, acted_count);
    return ERR_OK;
}

static struct late_event *late_slot(struct gate *gate)
{
    struct late_event *oldest = NULL;
    for (size_t i = 0; i < GATE_LATE_MAX; i++) {
        struct late_event *late = &gate->late[i];
        if (!late->used) {
            return late;
        }
        if (!late->waits && (oldest == NULL || late->marker.sequence < oldest->marker.sequence)) {
            oldest = late;
        }
    }
    return oldest;
}

struct grant_id record_late(struct gate *gate, const struct draft *draft)
{
    struct grant_id marker = {.epoch = GRANT_EPOCH_LATE, .sequence = ++gate->late_markers};
    /* A full outbox is no matter of moments, and counting can be written: memory is for the disk.
     */
    bool counts = outbox_takes(gate, NULL) != ERR_OK;
    struct late_event *late = counts ? NULL : late_slot(gate);
    if (late == NULL) {
        outbox_unrecorded(gate, LANE_OUT);
        log_error("late_event_counted", LOG_TEXT("lane", draft->lane.text));
        return marker;
    }
    *late = (struct late_event){.used = true, .waits = true, .marker = marker, .draft = *draft};
    log_warning("exit_opened_unrecorded", LOG_TEXT("lane", draft->lane.text));
    return marker;
}

void record_late_again(struct gate *gate)
{
    if (outbox_takes(gate, NULL) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < GATE_LATE_MAX; i++) {
        struct late_event *late = &gate->late[i];
        struct grant_id id;
        if (!late->used || !late->waits) {
            continue;
        }
        if (record_event(gate, &late->draft, false, NULL, &id, NULL) != ERR_OK) {
            return;
        }
        record_after(gate, (struct after){.kind = AFTER_LATE, .id = id, .index = i});
    }
    (void)!record_commit(gate, NULL);
}

bool record_place(struct gate *gate, struct grant_id grant, struct grant_id *ret_id)
{
    if (grant.epoch != GRANT_EPOCH_LATE) {
        *ret_id = grant;
        if (!grant_id_is_none(grant) && outbox_moved(gate->store, grant, ret_id, NULL) != ERR_OK) {
            *ret_id = grant;
        }
        return true;
    }
    for (size_t i = 0; i < GATE_LATE_MAX; i++) {
        const struct late_event *late = &gate->late[i];
        if (late->used && grant_id_equal(late->marker, grant)) {
            *ret_id = late->stored;
            return !late->waits;
        }
    }
    *ret_id = (struct grant_id){0}; /* of an earlier life of this process: not known any more */
    return true;
}
