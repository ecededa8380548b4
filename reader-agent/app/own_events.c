/* What the gate itself did since the copy's sequence, laid over the copy: presence, counts, grants
 * that stand open, reads that wait. Every event is taken from the outbox, so a restart lays the
 * same again. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/event_effects.h"
#include "common/facts/event_outcome.h"
#include "common/facts/presence_now.h"
#include "reader-agent/app/gate.h"

/* Numbers for own events, above all of the journal's. */
#define OWN_JOURNAL (UINT64_C(1) << 62)

enum {
    HORIZON_EVENTS = 512, /* looked back over at most */
    HORIZON_S = LIMIT_PAIR_MS_MAX / 1000 + 5,
    LOOK_AT_CLOCK = 16, /* events between two looks */
    TURN_EVENTS = 256, /* in one turn, whatever the clock says */
    LAY_AGAIN_MS = 1,
};

/* Own events stand under no key: there are no others. */
static struct bytes own_key(void)
{
    static const uint8_t none[1] = {0};
    return (struct bytes){.data = none, .size = sizeof(none)};
}

struct own_event {
    Parkgate__Event *event;
    struct grant_id id;
    bool covered; /* the copy has it: only grants and waiting reads are laid */
};

enum err own_event_read(struct gate *gate, struct grant_id id, Parkgate__Event **ret,
                        struct fault *fault)
{
    struct outbox_event stored;
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    TRY(outbox_get(gate->store, id, &stored, fault));
    if (stored.kind != EVENT_PRESENTATION && stored.kind != EVENT_PASSAGE &&
        stored.kind != EVENT_COMMAND) {
        return ERR_NOT_FOUND;
    }
    enum err err = vault_open(gate->vault, &stored, packed, &size, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_CORRUPT, "outbox: the key of event %llu is gone",
                         (unsigned long long)id.sequence);
    }
    TRY(err);
    *ret = parkgate__event__unpack(NULL, size, packed);
    return *ret != NULL ? ERR_OK
                        : fault_set(fault, ERR_CORRUPT, "outbox: event %llu cannot be unpacked",
                                    (unsigned long long)id.sequence);
}

/* What this gate did then is not known any more, and the controller has not heard of it: whatever
 * depends on that takes its strictest value. One that is answered was given up, or is counted. */
static enum err miss(struct gate *gate, struct grant_id id, struct fault *fault)
{
    bool pending = true;
    struct fault why = *fault;
    TRY(outbox_is_pending(gate->store, id, &pending, fault));
    if (pending && !gate->copy.own.missed) {
        log_error("own_event_unreadable", LOG_NUM("epoch", id.epoch),
                  LOG_NUM("sequence", id.sequence), LOG_TEXT("why", why.what));
    }
    gate->copy.own.missed |= pending;
    *fault = (struct fault){0};
    return ERR_OK;
}

/* The verdict acted on. ERR_NOT_FOUND: there is none yet. */
static enum err set_acted(struct gate *gate, const struct own_event *own, struct fault *fault)
{
    struct acted acted;
    if (own->event->outcome != 0) {
        return ERR_OK;
    }
    TRY(outbox_acted(gate->store, own->id, &acted, fault));
    own->event->outcome = acted.outcome + 1;
    own->event->reason = acted.reason;
    own->event->verdict_source = acted.source;
    return ERR_OK;
}

static void begin_outcome(const struct facts_view *view, const struct own_event *own,
                          const struct park_lane *lane, struct event_outcome *out)
{
    event_outcome_begin(out, own->event, lane, event_direction(view->park, own->event, lane),
                        view->now);
    out->entry.public_key = field_of(own_key());
}

static enum err lay_entry(const struct facts_view *view, const struct own_event *own,
                          const Parkgate__EventEntry *entry, struct fault *fault)
{
    uint64_t journal = OWN_JOURNAL + own->id.sequence;
    if (own->covered) {
        return event_effects_reads(view->txn, journal, entry, fault);
    }
    TRY(event_effects_apply(view->txn, journal, entry, fault));
    return presence_now_apply(view->txn, journal, entry, fault);
}

/* Gathered as it came, before anybody had decided: then it finds what waits, or may wait itself. */
static enum err lay_read(struct gate *gate, const struct facts_view *view,
                         const struct own_event *own, const struct park_lane *lane,
                         struct fault *fault)
{
    struct event_outcome out;
    struct facts facts;
    struct subject subject;
    enum lane_direction direction = event_direction(view->park, own->event, lane);
    TRY(gather_facts(view, own->event, lane, direction, &facts, &subject, fault));
    enum err err = set_acted(gate, own, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK /* it is laid when there is one */
               : err == ERR_CORRUPT ? miss(gate, own->id, fault)
                                    : err;
    }
    begin_outcome(view, own, lane, &out);
    out.subject = subject;
    event_outcome_verdict(&out, NULL);
    event_outcome_subject(&out);
    return lay_entry(view, own, &out.entry, fault);
}

/* The read that a passage belongs to; laid first when it is older than all that was laid. */
static enum err find_read(struct gate *gate, const struct facts_view *view,
                          const struct own_event *passage, const struct park_lane *lane,
                          Parkgate__EventIndex **ret, struct fault *fault)
{
    const Parkgate__Event *event = passage->event;
    struct grant_id id = {.epoch = event->presentation_epoch != 0 ? event->presentation_epoch
                                                                  : event->epoch,
                          .sequence = event->presentation};
    enum err err = agent_event(view->txn, own_key(), id.epoch, id.sequence, ret, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    struct own_event read = {.id = id, .covered = true};
    err = own_event_read(gate, id, &read.event, fault);
    if (err == ERR_CORRUPT) {
        TRY(miss(gate, passage->id, fault)); /* whose passage is not known */
        return ERR_NOT_FOUND;
    }
    TRY(err);
    err = read.event->kind == EVENT_PRESENTATION ? lay_read(gate, view, &read, lane, fault)
                                                 : ERR_NOT_FOUND;
    parkgate__event__free_unpacked(read.event, NULL);
    TRY(err);
    return agent_event(view->txn, own_key(), id.epoch, id.sequence, ret, fault);
}

static enum err lay_passage(struct gate *gate, const struct facts_view *view,
                            const struct own_event *own, const struct park_lane *lane,
                            struct fault *fault)
{
    struct event_outcome out;
    Parkgate__EventIndex *read = NULL;
    begin_outcome(view, own, lane, &out);
    if (own->event->presentation != 0) {
        enum err err = find_read(gate, view, own, lane, &read, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    enum err err = ERR_OK;
    if (read != NULL) {
        event_outcome_follows(&out, read);
        event_outcome_subject(&out);
        bool first = read->passed == 0 && !handle_is_none(out.subject.holder);
        if (first && event_passes(own->event->passage)) {
            err = event_outcome_count(&out, view, fault);
        }
        parkgate__event_index__free_unpacked(read, NULL);
    }
    return err != ERR_OK ? err : lay_entry(view, own, &out.entry, fault);
}

static enum err lay_command(const struct facts_view *view, const struct own_event *own,
                            const struct park_lane *lane, struct fault *fault)
{
    struct event_outcome out;
    begin_outcome(view, own, lane, &out);
    return lay_entry(view, own, &out.entry, fault);
}

static enum err lay_event(struct gate *gate, const struct facts_view *view,
                          const struct own_event *own, struct fault *fault)
{
    const struct park_lane *lane = park_lane(view->park, name_or_none(own->event->lane));
    if (lane == NULL) {
        return ERR_OK;
    }
    switch (own->event->kind) {
    case EVENT_PRESENTATION:
        return lay_read(gate, view, own, lane, fault);
    case EVENT_PASSAGE:
        return lay_passage(gate, view, own, lane, fault);
    default:
        return lay_command(view, own, lane, fault);
    }
}

/* An event whose record in the copy is damaged is left out and told, as is one that is damaged
 * itself; what the store itself says no to ends the laying. */
static enum err lay(struct gate *gate, const struct facts_view *view, struct grant_id id,
                    struct fault *fault)
{
    struct own_event own = {
        .id = id,
        .covered = copy_covers(copy_store_about(gate->copy.store), id.epoch, id.sequence)};
    enum err err = own_event_read(gate, id, &own.event, fault);
    if (err == ERR_CORRUPT) {
        return own.covered ? ERR_OK : miss(gate, id, fault);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = lay_event(gate, view, &own, fault);
    parkgate__event__free_unpacked(own.event, NULL);
    if (err == ERR_CORRUPT) {
        (void)snprintf(gate->copy.damaged, sizeof(gate->copy.damaged), "%s", fault->what);
        *fault = (struct fault){0};
        return ERR_OK;
    }
    return err;
}

/* --- from where on --- */

static uint64_t first_not_covered(const struct copy_about *about, uint32_t epoch)
{
    bool from_first =
        about->covered_count > 0 && about->covered_epoch == epoch && about->covered[0].first <= 1;
    return from_first ? about->covered[0].last + 1 : 1;
}

/* Reads and grants matter for a short while only: the first event of that time. */
static uint64_t horizon_of(struct gate *gate, const struct agent_state *state)
{
    uint64_t at = state->last_sequence;
    int64_t since_us = gate_wall(gate).us - (int64_t)HORIZON_S * 1000000;
    for (int i = 0; i < HORIZON_EVENTS && at > 0; i++, at--) {
        Parkgate__Event *event = NULL;
        struct grant_id id = {.epoch = state->epoch, .sequence = at};
        if (own_event_read(gate, id, &event, NULL) != ERR_OK) {
            continue;
        }
        bool old = event->received_us < since_us;
        parkgate__event__free_unpacked(event, NULL);
        if (old) {
            break;
        }
    }
    return at + 1;
}

static bool begin(struct gate *gate, struct fault *fault)
{
    struct own_events *own = &gate->copy.own;
    const struct agent_state *state = agent_store_state(gate->store);
    struct store_txn *txn = NULL;
    if (copy_store_begin_own(gate->copy.store, &txn, fault) != ERR_OK) {
        return false;
    }
    uint64_t first = first_not_covered(copy_store_about(gate->copy.store), state->epoch);
    uint64_t horizon = horizon_of(gate, state);
    *own = (struct own_events){.begun = true,
                               .going_on = own->going_on,
                               .epoch = state->epoch,
                               .next = first < horizon ? first : horizon,
                               .horizon = horizon};
    return true;
}

void own_events_drop(struct gate *gate)
{
    copy_store_drop_own(gate->copy.store);
    gate->copy.own = (struct own_events){.going_on = gate->copy.own.going_on};
}

static void failed(struct gate *gate, enum err err, const struct fault *fault)
{
    log_error("own_events_not_laid", LOG_TEXT("code", err_name(err)), LOG_TEXT("why", fault->what));
    own_events_drop(gate);
    if (err == ERR_MAP_FULL) {
        (void)!copy_store_grow(gate->copy.store, NULL);
    }
}

static bool is_behind(const struct gate *gate, uint64_t events)
{
    return agent_store_state(gate->store)->last_sequence >= gate->copy.own.next + events;
}

/* All that are left, or as many as fit into a turn. */
static enum err lay_turn(struct gate *gate, const struct facts_view *view, struct fault *fault)
{
    struct own_events *own = &gate->copy.own;
    const struct copy_about *about = copy_store_about(gate->copy.store);
    struct mono until = {.us = gate_mono(gate).us + OWN_EVENTS_TURN_US};
    for (unsigned laid = 0; is_behind(gate, 0) && laid < TURN_EVENTS; own->next++) {
        struct grant_id id = {.epoch = own->epoch, .sequence = own->next};
        if (own->next >= own->horizon || !copy_covers(about, id.epoch, id.sequence)) {
            TRY(lay(gate, view, id, fault));
            laid++;
        }
        if (own->next % LOOK_AT_CLOCK == 0 && !mono_before(gate_mono(gate), until)) {
            own->next++;
            break;
        }
    }
    return ERR_OK;
}

static void lay_again(void *ctx)
{
    struct gate *gate = ctx;
    bool begun = gate->copy.own.begun;
    gate->copy.own.going_on = false;
    if (begun && own_events_lay(gate) == LAID_ALL) {
        log_event("own_events_laid",
                  LOG_NUM("up_to", agent_store_state(gate->store)->last_sequence));
    }
}

static void go_on(struct gate *gate)
{
    if (!gate->copy.own.going_on) {
        gate->copy.own.going_on = true;
        (void)loop_after(gate->loop, LAY_AGAIN_MS, 0, lay_again, gate);
    }
}

enum laid own_events_lay(struct gate *gate)
{
    struct own_events *own = &gate->copy.own;
    struct facts_view view;
    struct fault fault = {0};
    if (own->begun && own->epoch != agent_store_state(gate->store)->epoch) {
        own_events_drop(gate);
    }
    if ((!own->begun && !begin(gate, &fault)) || !alone_look(gate, &view)) {
        return LAID_NOTHING;
    }
    enum err err = lay_turn(gate, &view, &fault);
    if (err != ERR_OK) {
        failed(gate, err, &fault);
        return LAID_NOTHING;
    }
    if (is_behind(gate, 0)) {
        go_on(gate);
        return LAID_SOME;
    }
    return LAID_ALL;
}

/* Only what is laid already is kept up; else it is laid when the gate must decide. */
void own_events_written(struct gate *gate, const struct grant_id *acted, size_t acted_count)
{
    struct own_events *own = &gate->copy.own;
    struct facts_view view;
    struct fault fault = {0};
    enum err err = ERR_OK;
    if (!own->begun || !alone_look(gate, &view)) {
        return;
    }
    for (size_t i = 0; i < acted_count && err == ERR_OK; i++) {
        /* Of an event that is laid later its verdict is laid with it. */
        if (acted[i].epoch == own->epoch && acted[i].sequence < own->next) {
            err = lay(gate, &view, acted[i], &fault);
        }
    }
    if (err != ERR_OK) {
        failed(gate, err, &fault);
        return;
    }
    if (own->epoch == agent_store_state(gate->store)->epoch && !is_behind(gate, BATCH_EVENTS_MAX)) {
        (void)own_events_lay(gate);
    }
}
