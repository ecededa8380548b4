#include "common/facts/event_outcome.h"

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "schema/kinds.h"

enum lane_direction event_direction(const struct park *park, const Parkgate__Event *event,
                                    const struct park_lane *lane)
{
    if (lane->direction != LANE_BOTH) {
        return lane->direction;
    }
    const struct park_reader *reader = park_reader(park, name_or_none(event->reader));
    if (reader != NULL && reader->direction != LANE_NO_DIRECTION) {
        return reader->direction;
    }
    return event->direction == LANE_OUT ? LANE_OUT : LANE_IN;
}

static void fill_read(Parkgate__EventEntry *entry, const Parkgate__Event *event)
{
    entry->credential_kind = event->credential_kind;
    entry->credential_class = (uint32_t)gather_class_of(event);
    entry->plate_colour = event->plate_colour;
    entry->confidence = event->confidence;
    entry->proof = event->proof;
    entry->exchange_ms = event->exchange_ms;
    entry->acted_outcome = event->outcome;
    entry->acted_reason = event->reason;
    entry->acted_source = event->verdict_source;
    entry->offline = event->offline;
    entry->copy_sequence = event->copy_sequence;
    entry->copy_age_s = event->copy_age_s;
}

static void fill_report(Parkgate__EventEntry *entry, const Parkgate__Event *event)
{
    entry->presentation = event->presentation;
    entry->presentation_epoch = event->presentation_epoch;
    entry->passage = event->passage;
    entry->command_sequence = event->command_sequence;
    entry->command_result = event->command_result;
    entry->device_state = event->device_state;
    entry->order = event->order;
    entry->subject_result = event->subject_result;
    entry->note = event->note;
    entry->aside_digest = event->aside_digest;
    entry->fire = event->fire;
    entry->carry = event->carry;
    entry->clock_step_ms = event->clock_step_ms;
    entry->unrecorded_exits = event->unrecorded_exits;
    entry->unrecorded_entries = event->unrecorded_entries;
}

void event_outcome_begin(struct event_outcome *out, const Parkgate__Event *event,
                         const struct park_lane *lane, enum lane_direction direction,
                         struct wall now)
{
    Parkgate__EventEntry *entry = &out->entry;
    *out = (struct event_outcome){.event = event, .lane = lane, .direction = direction};
    parkgate__event_entry__init(entry);
    entry->epoch = event->epoch;
    entry->event_sequence = event->sequence;
    entry->kind = event->kind;
    entry->lane = event->lane;
    entry->reader = event->reader;
    entry->captured_us = gather_captured(event, now).us;
    entry->received_us = event->received_us;
    entry->offset_unknown = event->offset_unknown;
    entry->history = event->history;
    entry->late = event->late;
    entry->direction = direction;
    fill_read(entry, event);
    fill_report(entry, event);
}

/* --- presentations --- */

/* What the gate did: it has the reads that wait at its lane, and they did what it says. */
static struct verdict acted_on(const Parkgate__Event *event)
{
    MUST(event->outcome > 0);
    return (struct verdict){.outcome = (enum outcome)(event->outcome - 1),
                            .reason = (enum reason)event->reason};
}

void event_outcome_verdict(struct event_outcome *out, const struct verdict *verdict)
{
    struct verdict held = verdict != NULL ? *verdict : acted_on(out->event);
    if (verdict != NULL) {
        out->entry.outcome = verdict->outcome + 1U;
        out->entry.reason = verdict->reason;
    }
    out->entry.pairing = gather_pairing_effect(&out->subject, held);
    if ((out->entry.pairing & PAIRING_MEETS_PARTNER) != 0) {
        out->entry.partner = people_field(&out->subject.partner);
    }
}

void event_outcome_subject(struct event_outcome *out)
{
    const struct subject *subject = &out->subject;
    Parkgate__EventEntry *entry = &out->entry;
    if (!handle_is_none(subject->credential)) {
        entry->credential = people_field(&subject->credential);
    }
    if (!handle_is_none(subject->holder)) {
        entry->holder = people_field(&subject->holder);
        entry->vehicle = subject->vehicle;
        entry->person_kind = subject->person_kind;
        entry->tenant = field_text(subject->tenant.text);
    }
    if (!handle_is_none(subject->first)) {
        entry->first_credential = people_field(&subject->first);
    }
    if (!handle_is_none(subject->companion)) {
        entry->companion = people_field(&subject->companion);
        entry->companion_kind = subject->companion_kind;
        entry->companion_tenant = field_text(subject->companion_tenant.text);
    }
}

/* --- passages --- */

void event_outcome_follows(struct event_outcome *out, const Parkgate__EventIndex *read)
{
    out->subject = (struct subject){.credential = people_handle(&read->credential),
                                    .holder = people_handle(&read->holder),
                                    .vehicle = read->vehicle,
                                    .person_kind = read->person_kind,
                                    .tenant = name_or_none(read->tenant),
                                    .companion = people_handle(&read->companion),
                                    .companion_kind = read->companion_kind,
                                    .companion_tenant = name_or_none(read->companion_tenant)};
    if (out->lane->direction == LANE_BOTH &&
        (read->direction == LANE_IN || read->direction == LANE_OUT)) {
        out->direction = (enum lane_direction)read->direction;
        out->entry.direction = read->direction;
    }
}

bool event_passes(uint32_t passage)
{
    return passage == PASSAGE_PASSED || passage == PASSAGE_UNSENSED;
}

static void fill_zones(struct event_outcome *out, const struct park *park)
{
    const struct park_lane *lane = out->lane;
    struct name to = out->direction == LANE_OUT ? lane->outer_zone : lane->zone;
    struct name from = out->direction == LANE_OUT ? lane->zone : lane->outer_zone;
    park_zone_path(park, to, out->zone_to);
    park_zone_path(park, from, out->zone_from);
    out->entry.zone_to = out->zone_to;
    out->entry.zone_from = out->zone_from;
}

/* The zones with rules of their own that an entry goes into. */
static enum err fill_marks(struct event_outcome *out, const struct facts_view *view,
                           struct fault *fault)
{
    struct wall captured = {.us = out->entry.captured_us};
    if (out->direction == LANE_OUT) {
        return ERR_OK;
    }
    TRY(gather_zone_marks(view, out->lane, &out->subject, captured, &out->marks, fault));
    out->entry.n_crowd_zone = out->marks.crowd_count;
    out->entry.crowd_zone = out->marks.crowd;
    out->entry.n_opened_zone = out->marks.opened_count;
    out->entry.opened_zone = out->marks.opened;
    out->entry.local_day = out->marks.opened_count > 0 ? out->marks.day : 0;
    return ERR_OK;
}

/* Who came in with a vehicle goes where it goes, until he or it has left. */
static enum err find_driver(struct event_outcome *out, const struct facts_view *view,
                            struct fault *fault)
{
    Parkgate__HolderRecord *driver = NULL;
    struct subject *subject = &out->subject;
    bool comes_in = out->direction == LANE_IN && out->lane->outer_zone.text[0] == '\0';
    if (!subject->vehicle || comes_in || !handle_is_none(subject->companion)) {
        return ERR_OK;
    }
    TRY(gather_driver_inside(view, subject->holder, &subject->companion, fault));
    if (handle_is_none(subject->companion)) {
        return ERR_OK;
    }
    enum err err = people_holder(view->txn, subject->companion, &driver, fault);
    if (err == ERR_NOT_FOUND) {
        subject->companion = (struct handle){{0}};
        return ERR_OK;
    }
    TRY(err);
    subject->companion_kind = driver->kind;
    subject->companion_tenant = name_or_none(driver->tenant);
    parkgate__holder_record__free_unpacked(driver, NULL);
    return ERR_OK;
}

/* The driver is a person of the same passage. */
static enum err fill_driver(struct event_outcome *out, const struct facts_view *view,
                            struct fault *fault)
{
    struct wall captured = {.us = out->entry.captured_us};
    const struct subject *subject = &out->subject;
    bool came_with_it = !handle_is_none(subject->companion);
    TRY(find_driver(out, view, fault));
    if (handle_is_none(subject->companion)) {
        return ERR_OK;
    }
    TRY(gather_attribution(view, subject->companion, subject->companion_tenant, came_with_it,
                           captured, &out->counted_driver, fault));
    out->entry.companion = people_field(&subject->companion);
    out->entry.companion_kind = subject->companion_kind;
    out->entry.companion_tenant = out->counted_driver.tenant.text;
    out->entry.companion_day = out->counted_driver.day;
    out->entry.companion_attribution = out->counted_driver.row;
    out->entry.companion_shift = out->counted_driver.shift.text;
    return ERR_OK;
}

enum err event_outcome_count(struct event_outcome *out, const struct facts_view *view,
                             struct fault *fault)
{
    struct wall captured = {.us = out->entry.captured_us};
    TRY(gather_attribution(view, out->subject.holder, out->subject.tenant, false, captured,
                           &out->counted, fault));
    fill_zones(out, view->park);
    TRY(fill_driver(out, view, fault));
    out->entry.counts = true;
    out->entry.tenant = out->counted.tenant.text;
    out->entry.business_day = out->counted.day;
    out->entry.attribution = out->counted.row;
    out->entry.shift = out->counted.shift.text;
    out->entry.unsensed = out->event->passage == PASSAGE_UNSENSED;
    return fill_marks(out, view, fault);
}
