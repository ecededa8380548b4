#include "common/access/decide.h"
#include "common/facts/field.h"
#include "common/facts/passback_store.h"
#include "common/facts/people_store.h"
#include "common/facts/standing_store.h"
#include "common/facts/zone_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"
#include "schema/reasons.h"

enum err project_forgive(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    (void)entry;
    return passback_forgive(txn, (const void *)body, fault);
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

/* A read that the gate granted, or a guard's command that was done. */
static bool opens_entry(const Parkgate__EventEntry *event)
{
    uint32_t done = event->acted_outcome != 0 ? event->acted_outcome : event->outcome;
    bool granted = event->kind == EVENT_PRESENTATION && done == OUTCOME_GRANT + 1;
    bool ordered = event->kind == EVENT_COMMAND && event->command_result == COMMAND_DONE;
    return event->direction == LANE_IN && (granted || ordered);
}

static enum err project_held(struct store_txn *txn, const Parkgate__EventEntry *event,
                             struct fault *fault)
{
    bool begins = event->passage == PASSAGE_HELD;
    if (event->kind != EVENT_PASSAGE || (!begins && event->passage != PASSAGE_HELD_ENDED)) {
        return ERR_OK;
    }
    return standing_held(txn, event->lane, begins, (struct wall){.us = event->captured_us}, fault);
}

enum err project_follower_standing(struct store_txn *txn, const Parkgate__EventEntry *event,
                                   const Parkgate__EventIndex *first, bool ends,
                                   struct fault *fault)
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

static enum err project_zones(struct store_txn *txn, uint64_t journal,
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

static enum err project_refused(struct store_txn *txn, const Parkgate__EventEntry *event,
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

enum err project_event_presence(struct store_txn *txn, uint64_t journal,
                                const Parkgate__EventEntry *event, struct fault *fault)
{
    if (opens_entry(event)) {
        const struct standing_grant grant =
            grant_of(&event->holder, event->vehicle, event->captured_us, journal);
        TRY(standing_open(txn, event->lane, &grant, fault));
    }
    TRY(project_held(txn, event, fault));
    TRY(project_zones(txn, journal, event, fault));
    return project_refused(txn, event, fault);
}
