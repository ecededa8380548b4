/* What readers report: judged, stored, then asked about or decided. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/seen.h"

/* One reading on its way, with what is known of it. */
struct intake {
    const struct reading *reading;
    const struct gate_reader *reader;
    const struct gate_lane *lane;
    enum lane_direction direction;
    struct wall received;
    struct facts facts;
    struct draft draft;
    bool has_mark;
    struct seen_mark mark;
};

enum { POSTED_AGAIN_US = 10 * 1000 * 1000 };

/* Of a device that gives no time: what was read, and roughly when. What it posts again later than
 * that opens once more, which harms less. */
static void write_time(struct writer *w, const struct intake *in)
{
    const struct reading *reading = in->reading;
    if (reading->captured.us != 0) {
        writer_u64(w, (uint64_t)reading->captured.us);
        return;
    }
    writer_u64(w, (uint64_t)(in->received.us / POSTED_AGAIN_US));
    writer_bytes(w, (struct bytes){.data = reading->id, .size = reading->id_size});
}

/* A device's own id tells its repeats; where it gives none, its capture time and the credential;
 * of a camera whose answer opens, its whole body. A terminal that was reset counts its events from
 * 1 again, and a body with no time in it is the same whenever that vehicle drives out: at an exit
 * id or body alone are no repeat, or nobody would get out for as long as they are remembered. */
static void mark_of(const struct gate *gate, struct intake *in)
{
    const struct reading *reading = in->reading;
    uint8_t what[8 + 2 + LIMIT_CREDENTIAL_BYTES + LIMIT_DEVICE_EVENT_BYTES];
    struct writer w = writer_of(what, sizeof(what));
    if (reading->device_event[0] != '\0') {
        writer_u8(&w, 1);
        writer_bytes(&w, bytes_of_text(reading->device_event));
        if (in->direction == LANE_OUT) {
            write_time(&w, in);
        }
    } else if (!reading->live_by_read && reading->captured.us != 0) {
        writer_u8(&w, 2);
        writer_u64(&w, (uint64_t)reading->captured.us);
        writer_bytes(&w, (struct bytes){.data = reading->id, .size = reading->id_size});
    } else if (reading->body[0] != '\0') {
        writer_u8(&w, 4); /* 3 is a board's report */
        writer_bytes(&w, bytes_of_text(reading->body));
        if (in->direction == LANE_OUT) {
            write_time(&w, in);
        }
    } else {
        return;
    }
    in->has_mark = true;
    in->mark.device = reading->reader;
    vault_hash(gate->vault, reading->reader, writer_view(&w), in->mark.hash);
}

/* Gives the capture time by our clock, and how fresh the read is. */
static void judge_clock(struct gate *gate, struct intake *in)
{
    const struct reading *reading = in->reading;
    if (reading->live_by_read) {
        in->facts.freshness = FRESHNESS_LIVE;
        in->draft.captured = reading->captured;
        return;
    }
    struct gate_device *device = device_find(gate, reading->reader);
    int64_t offset_us = 0;
    bool known = false;
    if (device != NULL && reading->captured.us != 0) {
        if (!reading->history) {
            device_clock_add(&device->clock, reading->captured, in->received);
        }
        known = device_clock_offset(&device->clock, &offset_us);
    }
    in->facts.freshness =
        decide_freshness(reading->captured, in->received, known ? &offset_us : NULL);
    in->draft.offset_unknown = !known;
    in->draft.captured = reading->captured;
    if (known && !__builtin_add_overflow(reading->captured.us, offset_us, &in->draft.captured.us)) {
        return;
    }
    in->draft.captured = reading->history ? reading->captured : (struct wall){0};
}

/* What is in no normal form (a plate of another country) identifies nobody; it is kept as read. */
static void set_credential(struct draft *draft, const struct reading *reading)
{
    struct bytes id = {.data = reading->id, .size = reading->id_size};
    bool normal = id.size > 0 && credential_is_canonical(reading->kind, id);
    if (normal) {
        draft->credential_size = reading->id_size;
        memcpy(draft->credential, reading->id, reading->id_size);
    }
    bool as_read = reading->raw_size > 0 || normal;
    draft->raw_size = as_read ? reading->raw_size : reading->id_size;
    memcpy(draft->raw, as_read ? reading->raw : reading->id, draft->raw_size);
}

static void fill_draft(struct intake *in)
{
    const struct reading *reading = in->reading;
    struct draft *draft = &in->draft;
    draft->kind = EVENT_PRESENTATION;
    draft->lane = in->lane->name;
    draft->reader = in->reader->name;
    draft->received = in->received;
    draft->history = reading->history;
    draft->credential_kind = (uint32_t)reading->kind;
    draft->credential_class = (uint32_t)reading->cclass;
    set_credential(draft, reading);
    draft->plate_colour = reading->plate_colour;
    draft->confidence = reading->confidence;
    draft->proof = (uint32_t)reading->proof;
    draft->exchange_ms = reading->exchange_ms;
    draft->direction = (uint32_t)in->direction;
    (void)snprintf(draft->device_event, sizeof(draft->device_event), "%s", reading->device_event);
}

static void fill_facts(struct gate *gate, struct intake *in)
{
    in->facts.presentation = PRESENTATION_READ;
    in->facts.direction = in->direction == LANE_OUT ? DIRECTION_OUT : DIRECTION_IN;
    in->facts.history = in->reading->history;
    in->facts.proof = in->reading->proof;
    in->facts.mode = lane_mode_of(gate, in->lane);
    in->facts.admits_unknown_clock = in->lane->unknown_clock_grants;
    in->facts.emergency = emergency_at(gate, in->lane->name);
    in->facts.emergency_admits = emergency_admits(gate);
}

static void set_verdict(struct draft *draft, struct verdict verdict)
{
    draft->has_verdict = true;
    draft->outcome = (uint32_t)verdict.outcome;
    draft->reason = (uint32_t)verdict.reason;
    draft->source = SOURCE_AGENT;
}

/* Only a terminal that the park file lets ask is answered; the relay of others is not on the lane.
 */
static struct asker asker_of(const struct intake *in)
{
    bool asks = in->reader->control == TERMINAL_ASKS && in->reader->terminal[0] != '\0';
    return (struct asker){.reader = in->reader->name, .ask = asks ? in->reading->ask : 0};
}

/* From the copy where there is one; who is leaving does not need it, and waits for nothing that is
 * done with it. */
static struct verdict decide_alone(struct gate *gate, struct intake *in)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    struct verdict verdict = presentation_own_verdict(&in->facts);
    if (verdict.outcome == OUTCOME_GRANT) {
        in->draft.stamp = alone_stamp(gate);
        return verdict;
    }
    size_t size = draft_pack(&in->draft, (struct grant_id){0}, packed);
    Parkgate__Event *event = parkgate__event__unpack(NULL, size, packed);
    if (event != NULL) {
        (void)alone_decide(gate, event, &verdict, &in->draft.stamp); /* else it is ours */
    }
    parkgate__event__free_unpacked(event, NULL);
    return verdict;
}

/* The verdict is the agent's own and stands in the event itself. `alone`: nobody could be asked. */
static enum err decide_here(struct gate *gate, struct intake *in, bool alone, struct fault *fault)
{
    struct verdict verdict = alone ? decide_alone(gate, in) : presentation_own_verdict(&in->facts);
    set_verdict(&in->draft, verdict);
    struct grant_id id = {0};
    enum err err =
        record_event(gate, &in->draft, false, in->has_mark ? &in->mark : NULL, &id, fault);
    if (err == ERR_OK) {
        MUST(batch_add_acted(&gate->batch, id,
                             (struct acted){.outcome = (uint32_t)verdict.outcome,
                                            .reason = (uint32_t)verdict.reason,
                                            .source = SOURCE_AGENT,
                                            .told = true}));
        if (in->reading->batched) {
            return ERR_OK; /* it opens nothing, and whoever stands there did not show it */
        }
        err = record_commit(gate, fault);
    }
    enum step step = presentation_act(&in->facts, &verdict, err == ERR_OK);
    if (step == STEP_OPEN_LATE) {
        set_verdict(&in->draft, verdict);
        in->draft.late = true;
        id = record_late(gate, &in->draft);
    }
    reply_expect(gate, id, in->reading->ticket);
    lane_perform(gate, step, in->lane->name, in->direction, id, verdict, gate_mono(gate),
                 asker_of(in));
    return err;
}

static void deadline_passed(void *ctx);

/* One timer for all that wait, however many ask at once. */
static void arm_deadline(struct gate *gate)
{
    struct mono deadline;
    if (gate->deadline_armed || !presentation_next_deadline(&gate->presentations, &deadline)) {
        return;
    }
    int64_t left_us = deadline.us - gate_mono(gate).us;
    gate->deadline_armed = true;
    (void)loop_after(gate->loop, left_us <= 0 ? 1 : left_us / 1000 + 1, 0, deadline_passed, gate);
}

static void decide_due(struct gate *gate, struct presentation_row *row)
{
    Parkgate__Event *event = NULL;
    struct verdict verdict = row->verdict;
    struct copy_stamp stamp = {0};
    if (verdict.outcome == OUTCOME_GRANT) {
        presentation_due_verdict(row, verdict, alone_stamp(gate));
        return;
    }
    if (own_event_read(gate, row->id, &event, NULL) == ERR_OK &&
        alone_decide(gate, event, &verdict, &stamp)) {
        presentation_due_verdict(row, verdict, stamp);
    }
    parkgate__event__free_unpacked(event, NULL);
}

static void deadline_passed(void *ctx)
{
    struct gate *gate = ctx;
    struct presentation_row *row;
    gate->deadline_armed = false;
    while ((row = presentation_due(&gate->presentations, gate_mono(gate))) != NULL) {
        link_state_missed(&gate->link_state);
        gate->figures.missed++;
        log_warning("verdict_missed", LOG_TEXT("lane", row->lane.text),
                    LOG_NUM("sequence", row->id.sequence));
        decide_due(gate, row);
        bool lets_in = row->direction == DIRECTION_IN && row->verdict.outcome == OUTCOME_GRANT;
        record_verdict(gate, row);
        if (lets_in) {
            (void)!record_commit(gate, NULL); /* the next one is judged with this one inside */
        }
    }
    arm_deadline(gate);
}

static enum err ask_controller(struct gate *gate, struct intake *in, struct presentation_row *row,
                               struct fault *fault)
{
    struct grant_id id = {0};
    enum err err =
        record_event(gate, &in->draft, true, in->has_mark ? &in->mark : NULL, &id, fault);
    if (err == ERR_OK) {
        err = record_commit(gate, fault);
    }
    enum step step = presentation_stored(row, err == ERR_OK, id, gate_mono(gate));
    if (step == STEP_ASK) {
        reply_expect(gate, id, in->reading->ticket);
        arm_deadline(gate);
        return ERR_OK;
    }
    if (step == STEP_OPEN_LATE) {
        set_verdict(&in->draft, row->verdict);
        in->draft.late = true;
        id = record_late(gate, &in->draft);
        reply_expect(gate, id, in->reading->ticket);
    }
    lane_perform(gate, step, in->lane->name, in->direction, id, row->verdict, gate_mono(gate),
                 asker_of(in));
    return err;
}

/* The outbox is full of what nobody has answered: no entry is opened that could not be on record.
 * What a device only tells afterwards, it keeps for later. */
static enum err deny_for_want_of_room(struct gate *gate, const struct intake *in,
                                      struct fault *fault)
{
    if (in->reading->batched || in->facts.history) {
        return fault_set(fault, ERR_FULL, "the outbox is full");
    }
    outbox_unrecorded(gate, in->direction);
    lane_perform(gate, STEP_SHOW, in->lane->name, in->direction, (struct grant_id){0},
                 (struct verdict){.outcome = OUTCOME_DENY, .reason = REASON_OUTBOX_FULL},
                 gate_mono(gate), asker_of(in));
    replies_refuse(gate->replies, in->reading->ticket);
    return ERR_OK;
}

static bool is_known_already(struct gate *gate, const struct intake *in)
{
    bool seen = false;
    if (!in->has_mark) {
        return false;
    }
    return batch_has_seen(&gate->batch, in->mark.device, in->mark.hash) ||
           (seen_has(gate->store, in->mark.device, in->mark.hash, &seen, NULL) == ERR_OK && seen);
}

static enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    struct gate *gate = ctx;
    struct intake in = {.reading = reading, .received = gate_wall(gate)};
    in.reader = gate_park_reader(gate->park, reading->reader);
    in.lane = in.reader == NULL ? NULL : gate_park_lane(gate->park, in.reader->lane);
    if (in.lane == NULL) {
        return fault_set(fault, ERR_REFUSED, "reader %s is not configured at this gate",
                         reading->reader.text);
    }
    in.direction = gate_park_direction(in.lane, in.reader, reading->direction);
    mark_of(gate, &in);
    if (is_known_already(gate, &in)) {
        if (!reading->batched) {
            log_warning("read_replayed", LOG_TEXT("lane", in.lane->name.text),
                        LOG_TEXT("reader", in.reader->name.text));
        }
        replies_refuse(gate->replies, reading->ticket);
        return ERR_OK;
    }
    if (reading->unlocked) {
        return terminal_unlocked(gate, in.reader, in.has_mark ? &in.mark : NULL, fault);
    }
    judge_clock(gate, &in);
    fill_facts(gate, &in);
    fill_draft(&in);
    if (in.direction != LANE_OUT && !outbox_takes_entries(gate)) {
        return deny_for_want_of_room(gate, &in, fault);
    }
    bool answers = link_state_answers(&gate->link_state, gate_mono(gate)) && !gate->recovering;
    bool opens_nothing = presentation_is_own(&in.facts, true);
    struct presentation_row *row = NULL;
    if (!presentation_is_own(&in.facts, answers)) {
        row = presentation_begin(&gate->presentations, in.lane->name, in.reader->name, &in.facts,
                                 in.lane->answer_ms);
    }
    if (row != NULL) {
        row->ask = asker_of(&in).ask;
    }
    enum err err = row != NULL ? ask_controller(gate, &in, row, fault)
                               : decide_here(gate, &in, !opens_nothing, fault);
    if (err != ERR_OK) {
        replies_refuse(gate->replies, reading->ticket); /* unless it was opened */
    }
    return err == ERR_OK ? ERR_OK : ERR_FULL;
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    device_state_heard(ctx, device, state, what);
}

static enum err settle_readings(void *ctx, struct fault *fault)
{
    return record_commit(ctx, fault) == ERR_OK ? ERR_OK : ERR_FULL;
}

struct driver_sink readings_sink(struct gate *gate)
{
    return (struct driver_sink){.reading = take_reading,
                                .settle = settle_readings,
                                .state = take_state,
                                .aside = set_aside,
                                .ctx = gate};
}
