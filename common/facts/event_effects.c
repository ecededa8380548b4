#include "common/facts/event_effects.h"

#include "common/access/decide.h"
#include "common/facts/agent_store.h"
#include "common/facts/field.h"
#include "common/facts/passback_store.h"
#include "common/facts/pending_store.h"
#include "common/facts/people_store.h"
#include "common/facts/standing_store.h"
#include "common/facts/tables.h"
#include "common/facts/zone_store.h"
#include "common/store/keybuf.h"
#include "schema/kinds.h"
#include "schema/reasons.h"

static enum err put_index(struct store_txn *txn, uint64_t journal,
                          const Parkgate__EventEntry *event, struct fault *fault)
{
    struct keybuf key;
    Parkgate__EventIndex index = PARKGATE__EVENT_INDEX__INIT;
    index.digest = event->digest;
    index.journal = journal;
    index.kind = event->kind;
    index.credential = event->credential;
    index.holder = event->holder;
    index.vehicle = event->vehicle;
    index.person_kind = event->person_kind;
    index.outcome = event->outcome;
    index.reason = event->reason;
    index.direction = event->direction;
    index.captured_us = event->captured_us;
    index.lane = event->lane;
    index.tenant = event->tenant;
    index.first_credential = event->first_credential;
    index.companion = event->companion;
    index.companion_tenant = event->companion_tenant;
    index.companion_kind = event->companion_kind;
    return store_put_message(
        txn, TABLE_EVENT,
        agent_event_key(&key, field_view(&event->public_key), event->epoch, event->event_sequence),
        &index.base, fault);
}

/* --- what stands open at entries --- */

static struct standing_grant grant_of(const ProtobufCBinaryData *holder, bool vehicle,
                                      int64_t captured_us, uint64_t journal)
{
    return (struct standing_grant){.journal = journal,
                                   .captured = {.us = captured_us},
                                   .holder =
                                       vehicle ? (struct handle){{0}} : people_handle(holder)};
}

/* A read that the gate granted, or a guard's command that was done. What nobody ordered is the
 * gate's word alone: it takes no place. */
static bool opens_entry(const Parkgate__EventEntry *event)
{
    uint32_t done = event->acted_outcome != 0 ? event->acted_outcome : event->outcome;
    bool granted = event->kind == EVENT_PRESENTATION && done == OUTCOME_GRANT + 1;
    bool ordered = event->kind == EVENT_COMMAND && event->command_result == COMMAND_DONE &&
                   !event->not_ordered;
    return event->direction == LANE_IN && (granted || ordered);
}

static enum err held_effects(struct store_txn *txn, const Parkgate__EventEntry *event,
                             struct fault *fault)
{
    bool begins = event->passage == PASSAGE_HELD;
    if (event->kind != EVENT_PASSAGE || (!begins && event->passage != PASSAGE_HELD_ENDED)) {
        return ERR_OK;
    }
    return standing_held(txn, event->lane, begins, (struct wall){.us = event->captured_us}, fault);
}

static enum err follower_standing(struct store_txn *txn, const Parkgate__EventEntry *event,
                                  const Parkgate__EventIndex *first, bool ends, struct fault *fault)
{
    if (first->direction != LANE_IN || first->lane[0] == '\0') {
        return ERR_OK;
    }
    if (event->kind == EVENT_PASSAGE) {
        return ends ? standing_end(txn, first->lane, first->journal, fault) : ERR_OK;
    }
    if (event->acted_outcome != OUTCOME_GRANT + 1) {
        return standing_end(txn, first->lane, first->journal, fault);
    }
    const struct standing_grant grant =
        grant_of(&first->holder, first->vehicle, first->captured_us, first->journal);
    return standing_open(txn, first->lane, &grant, fault);
}

/* --- zones, and who is refused --- */

static enum err zone_effects(struct store_txn *txn, uint64_t journal,
                             const Parkgate__EventEntry *event, struct fault *fault)
{
    const struct wall at = {.us = event->captured_us};
    for (size_t i = 0; i < event->n_crowd_zone; i++) {
        TRY(crowd_add(txn, event->crowd_zone[i], at, journal, fault));
    }
    for (size_t i = 0; i < event->n_opened_zone; i++) {
        TRY(zone_start(txn, event->opened_zone[i], event->local_day, at, fault));
    }
    return ERR_OK;
}

static bool refused_by_passback(const Parkgate__EventEntry *event)
{
    return event->kind == EVENT_PRESENTATION && event->outcome == OUTCOME_DENY + 1 &&
           (event->reason == REASON_ANTI_PASSBACK || event->reason == REASON_PASSBACK_TIMED);
}

static enum err refused_effects(struct store_txn *txn, const Parkgate__EventEntry *event,
                                struct fault *fault)
{
    struct handle holder = people_handle(&event->holder);
    if (handle_is_none(holder)) {
        return ERR_OK;
    }
    if (event->counts && event->direction == LANE_IN) {
        return passback_over(txn, holder, fault);
    }
    if (!refused_by_passback(event)) {
        return ERR_OK;
    }
    Parkgate__RefusedRecord refused = PARKGATE__REFUSED_RECORD__INIT;
    refused.lane = event->lane;
    refused.reason = event->reason;
    refused.captured_us = event->captured_us;
    return passback_refused(txn, holder, &refused, fault);
}

static enum err event_presence(struct store_txn *txn, uint64_t journal,
                               const Parkgate__EventEntry *event, struct fault *fault)
{
    if (opens_entry(event)) {
        const struct standing_grant grant =
            grant_of(&event->holder, event->vehicle, event->captured_us, journal);
        TRY(standing_open(txn, event->lane, &grant, fault));
    }
    TRY(held_effects(txn, event, fault));
    TRY(zone_effects(txn, journal, event, fault));
    return refused_effects(txn, event, fault);
}

/* --- grants, for the repeat rule --- */

/* Whose read at which lane: what a grant stands under. */
struct grant_place {
    const char *lane;
    uint32_t direction;
    struct bytes credential;
};

static enum err get_grant(struct store_txn *txn, const struct grant_place *at, struct keybuf *key,
                          Parkgate__GrantRecord **ret, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    *ret = NULL;
    enum err err = store_get_message(txn, TABLE_GRANT,
                                     agent_grant_key(key, at->lane, at->direction, at->credential),
                                     &parkgate__grant_record__descriptor, &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A grant by a read that came at `captured_us`, which the gate acted on at `acted_us`. */
struct grant_time {
    uint64_t journal; /* of the read's entry */
    int64_t captured_us, acted_us;
};

static int64_t opened_us_of(const struct grant_time *when)
{
    struct wall acted = decide_acted_on((struct wall){.us = when->captured_us},
                                        (struct wall){.us = when->acted_us});
    return acted.us == when->captured_us ? 0 : acted.us;
}

/* The newest grant by captured time stands for the repeat rule, and from the last that the gate did
 * about it. */
static bool takes_its_place(const Parkgate__GrantRecord *known, const struct grant_time *when)
{
    if (known == NULL) {
        return true;
    }
    return known->journal == when->journal ? known->opened_us < opened_us_of(when)
                                           : known->captured_us <= when->captured_us;
}

static enum err open_grant(struct store_txn *txn, const struct grant_place *at,
                           const struct grant_time *when, struct fault *fault)
{
    struct keybuf key;
    Parkgate__GrantRecord *known = NULL;
    Parkgate__GrantRecord grant = PARKGATE__GRANT_RECORD__INIT;
    TRY(get_grant(txn, at, &key, &known, fault));
    bool put = takes_its_place(known, when);
    grant.captured_us = when->captured_us;
    grant.opened_us = opened_us_of(when);
    grant.end = known != NULL && known->journal == when->journal ? known->end : GRANT_OPEN;
    grant.journal = when->journal;
    if (known != NULL) {
        parkgate__grant_record__free_unpacked(known, NULL);
    }
    return put ? store_put_message(txn, TABLE_GRANT, keybuf_view(&key), &grant.base, fault)
               : ERR_OK;
}

static enum err end_grant(struct store_txn *txn, const struct grant_place *at, uint64_t journal,
                          enum grant_end end, struct fault *fault)
{
    struct keybuf key;
    Parkgate__GrantRecord *grant = NULL;
    enum err err = get_grant(txn, at, &key, &grant, fault);
    if (err != ERR_OK || grant == NULL) {
        return err;
    }
    if (grant->journal == journal) {
        grant->end = end;
        err = store_put_message(txn, TABLE_GRANT, keybuf_view(&key), &grant->base, fault);
    }
    parkgate__grant_record__free_unpacked(grant, NULL);
    return err;
}

/* A grant of two reads stands under the credentials of both: shown again, either is a repeat. */
enum { GRANT_PLACES = 2 };

static size_t places_of(const char *lane, uint32_t direction, const ProtobufCBinaryData *credential,
                        const ProtobufCBinaryData *first, struct grant_place ret[GRANT_PLACES])
{
    const ProtobufCBinaryData *const credentials[GRANT_PLACES] = {credential, first};
    size_t count = 0;
    for (size_t i = 0; i < GRANT_PLACES; i++) {
        if (credentials[i]->len > 0) {
            ret[count++] = (struct grant_place){
                .lane = lane, .direction = direction, .credential = field_view(credentials[i])};
        }
    }
    return count;
}

static enum err open_grants(struct store_txn *txn, const struct grant_place *places, size_t count,
                            const struct grant_time *when, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        TRY(open_grant(txn, &places[i], when, fault));
    }
    return ERR_OK;
}

static enum err end_grants(struct store_txn *txn, const Parkgate__EventIndex *presentation,
                           enum grant_end end, struct fault *fault)
{
    struct grant_place places[GRANT_PLACES];
    size_t count = places_of(presentation->lane, presentation->direction, &presentation->credential,
                             &presentation->first_credential, places);
    for (size_t i = 0; i < count; i++) {
        TRY(end_grant(txn, &places[i], presentation->journal, end, fault));
    }
    return ERR_OK;
}

/* What a report says about the grant it belongs to; GRANT_OPEN: nothing. */
static enum grant_end end_by(uint32_t passage)
{
    switch (passage) {
    case PASSAGE_PASSED:
    case PASSAGE_UNSENSED:
    case PASSAGE_TAILGATED:
        return GRANT_PASSED;
    case PASSAGE_NOT_TAKEN:
        return GRANT_NOT_TAKEN;
    default:
        return GRANT_OPEN;
    }
}

static enum err passage_effects(struct store_txn *txn, const Parkgate__EventEntry *event,
                                struct bytes index_key, Parkgate__EventIndex *presentation,
                                bool reads_only, struct fault *fault)
{
    enum grant_end end = end_by(event->passage);
    if (end != GRANT_OPEN) {
        TRY(end_grants(txn, presentation, end, fault));
    }
    if (!reads_only) {
        TRY(follower_standing(txn, event, presentation, end != GRANT_OPEN, fault));
    }
    if (!event->counts) {
        return ERR_OK;
    }
    presentation->passed++;
    return store_put_message(txn, TABLE_EVENT, index_key, &presentation->base, fault);
}

/* What the gate did stands for the repeat rule, not what it should have done. */
static enum err acted_effects(struct store_txn *txn, const Parkgate__EventEntry *event,
                              const Parkgate__EventIndex *presentation, bool reads_only,
                              struct fault *fault)
{
    struct grant_place places[GRANT_PLACES];
    if (presentation->kind != EVENT_PRESENTATION) {
        return ERR_OK;
    }
    if (!reads_only) {
        TRY(follower_standing(txn, event, presentation, false, fault));
    }
    size_t count = places_of(presentation->lane, presentation->direction, &presentation->credential,
                             &presentation->first_credential, places);
    const struct grant_time when = {.journal = presentation->journal,
                                    .captured_us = presentation->captured_us,
                                    .acted_us = event->received_us};
    return event->acted_outcome == OUTCOME_GRANT + 1
               ? open_grants(txn, places, count, &when, fault)
               : end_grants(txn, presentation, GRANT_NOT_TAKEN, fault);
}

/* Events that belong to an earlier one; one that names none of ours changes nothing more. */
static enum err follower_effects(struct store_txn *txn, const Parkgate__EventEntry *event,
                                 bool reads_only, struct fault *fault)
{
    Parkgate__EventIndex *presentation = NULL;
    struct keybuf key;
    struct bytes public_key = field_view(&event->public_key);
    uint32_t epoch = event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch;
    enum err err = agent_event(txn, public_key, epoch, event->presentation, &presentation, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct bytes index_key = agent_event_key(&key, public_key, epoch, event->presentation);
    err = event->kind == EVENT_PASSAGE
              ? passage_effects(txn, event, index_key, presentation, reads_only, fault)
              : acted_effects(txn, event, presentation, reads_only, fault);
    parkgate__event_index__free_unpacked(presentation, NULL);
    return err;
}

static bool opened(const Parkgate__EventEntry *event)
{
    uint32_t done = event->acted_outcome != 0 ? event->acted_outcome : event->outcome;
    return event->kind == EVENT_PRESENTATION && done == OUTCOME_GRANT + 1;
}

static enum err apply_reads(struct store_txn *txn, uint64_t journal,
                            const Parkgate__EventEntry *event, bool reads_only, struct fault *fault)
{
    TRY(put_index(txn, journal, event, fault));
    if (opened(event)) {
        struct grant_place places[GRANT_PLACES];
        size_t count = places_of(event->lane, event->direction, &event->credential,
                                 &event->first_credential, places);
        const struct grant_time when = {
            .journal = journal, .captured_us = event->captured_us, .acted_us = event->received_us};
        TRY(open_grants(txn, places, count, &when, fault));
    }
    if (event->kind == EVENT_PRESENTATION && event->pairing != 0) {
        TRY(pending_apply(txn, event, fault));
    }
    bool follows = event->kind == EVENT_PASSAGE || event->kind == EVENT_ACTED;
    return follows && event->presentation != 0 ? follower_effects(txn, event, reads_only, fault)
                                               : ERR_OK;
}

enum err event_effects_apply(struct store_txn *txn, uint64_t journal,
                             const Parkgate__EventEntry *event, struct fault *fault)
{
    TRY(apply_reads(txn, journal, event, false, fault));
    return event_presence(txn, journal, event, fault);
}

enum err event_effects_reads(struct store_txn *txn, uint64_t journal,
                             const Parkgate__EventEntry *event, struct fault *fault)
{
    return apply_reads(txn, journal, event, true, fault);
}

/* --- late acts, for stores of before --- */

static enum err mark_late(struct store_txn *txn, const struct grant_place *places, size_t count,
                          const struct grant_time *when, struct fault *fault)
{
    for (size_t i = 0; i < count && opened_us_of(when) != 0; i++) {
        struct keybuf key;
        Parkgate__GrantRecord *grant = NULL;
        TRY(get_grant(txn, &places[i], &key, &grant, fault));
        bool same = grant != NULL && grant->journal == when->journal;
        if (grant != NULL) {
            parkgate__grant_record__free_unpacked(grant, NULL);
        }
        if (same) {
            TRY(open_grant(txn, &places[i], when, fault));
        }
    }
    return ERR_OK;
}

static enum err mark_acted(struct store_txn *txn, const Parkgate__EventEntry *event,
                           struct fault *fault)
{
    Parkgate__EventIndex *read = NULL;
    uint32_t epoch = event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch;
    enum err err =
        agent_event(txn, field_view(&event->public_key), epoch, event->presentation, &read, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct grant_place places[GRANT_PLACES];
    size_t count =
        places_of(read->lane, read->direction, &read->credential, &read->first_credential, places);
    const struct grant_time when = {
        .journal = read->journal, .captured_us = read->captured_us, .acted_us = event->received_us};
    err = read->kind == EVENT_PRESENTATION ? mark_late(txn, places, count, &when, fault) : ERR_OK;
    parkgate__event_index__free_unpacked(read, NULL);
    return err;
}

enum err event_effects_mark_late(struct store_txn *txn, uint64_t journal,
                                 const Parkgate__EventEntry *event, struct fault *fault)
{
    if (opened(event)) {
        struct grant_place places[GRANT_PLACES];
        size_t count = places_of(event->lane, event->direction, &event->credential,
                                 &event->first_credential, places);
        const struct grant_time when = {
            .journal = journal, .captured_us = event->captured_us, .acted_us = event->received_us};
        return mark_late(txn, places, count, &when, fault);
    }
    bool acted = event->kind == EVENT_ACTED && event->acted_outcome == OUTCOME_GRANT + 1;
    return acted && event->presentation != 0 ? mark_acted(txn, event, fault) : ERR_OK;
}
