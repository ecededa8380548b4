#include "reader-agent/app/draft.h"

#include "common/base/must.h"

static ProtobufCBinaryData run(const uint8_t *data, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)data};
}

static void set_presentation(Parkgate__Event *event, struct grant_id id,
                             struct grant_id presentation)
{
    event->epoch = id.epoch;
    event->sequence = id.sequence;
    event->presentation = presentation.sequence;
    bool elsewhere = presentation.sequence != 0 && presentation.epoch != id.epoch;
    event->presentation_epoch = elsewhere ? presentation.epoch : 0;
}

static void set_read(Parkgate__Event *event, const struct draft *draft)
{
    event->credential_kind = draft->credential_kind;
    event->credential_class = draft->credential_class;
    event->credential = run(draft->credential, draft->credential_size);
    event->raw = run(draft->raw, draft->raw_size);
    event->plate_colour = draft->plate_colour;
    event->confidence = draft->confidence;
    event->proof = draft->proof;
    event->exchange_ms = draft->exchange_ms;
    event->device_event = (char *)draft->device_event;
    event->offset_unknown = draft->offset_unknown;
    event->history = draft->history;
}

size_t draft_pack(const struct draft *draft, struct grant_id id, uint8_t out[LIMIT_EVENT_BYTES])
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    set_presentation(&event, id, draft->presentation);
    set_read(&event, draft);
    event.kind = (uint32_t)draft->kind;
    event.lane = (char *)draft->lane.text;
    event.reader = (char *)draft->reader.text;
    event.captured_us = draft->captured.us;
    event.received_us = draft->received.us;
    event.outcome = draft->has_verdict ? draft->outcome + 1 : 0;
    event.reason = draft->reason;
    event.verdict_source = draft->source;
    event.offline = draft->stamp.offline;
    event.copy_sequence = draft->stamp.sequence;
    event.copy_age_s = draft->stamp.age_s;
    event.passage = draft->passage;
    event.fire = draft->fire;
    event.command_sequence = draft->command_sequence;
    event.command_result = draft->command_result;
    event.device_state = draft->device_state;
    event.order = draft->order;
    event.subject_result = draft->subject_result;
    event.late = draft->late;
    event.direction = draft->direction;
    event.note = (char *)draft->note;
    event.unrecorded_exits = draft->unrecorded_exits;
    event.unrecorded_entries = draft->unrecorded_entries;
    event.carry = draft->carry;
    event.clock_step_ms = draft->clock_step_ms;
    if (draft->has_aside) {
        event.aside_digest = run(draft->aside_digest, sizeof(draft->aside_digest));
    }
    MUST(parkgate__event__get_packed_size(&event) <= LIMIT_EVENT_BYTES);
    return parkgate__event__pack(&event, out);
}

size_t draft_pack_again(Parkgate__Event *event, struct grant_id id, struct grant_id presentation,
                        uint8_t out[LIMIT_EVENT_BYTES])
{
    set_presentation(event, id, presentation);
    if (parkgate__event__get_packed_size(event) > LIMIT_EVENT_BYTES) {
        return 0;
    }
    return parkgate__event__pack(event, out);
}
