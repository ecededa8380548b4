#include "common/access/decide.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/field.h"
#include "common/facts/pending_store.h"
#include "controller/store/headcount_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

enum err project_nothing(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    (void)txn;
    (void)entry;
    (void)body;
    (void)fault;
    return ERR_OK;
}

enum err project_agent_epoch(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_AGENT,
        project_name_key(&key, ((const Parkgate__AgentRecord *)(const void *)body)->gate), body,
        fault);
}

/* The gate's outbox position follows its highest event. */
static enum err raise_position(struct store_txn *txn, const char *gate, uint32_t epoch,
                               uint64_t sequence, const ProtobufCBinaryData *digest,
                               struct fault *fault)
{
    Parkgate__AgentRecord *agent = NULL;
    struct keybuf key;
    TRY(agent_get(txn, gate, &agent, fault));
    Parkgate__AgentRecord changed = *agent;
    enum err err = ERR_OK;
    if (agent->epoch == epoch && sequence > agent->last_sequence) {
        changed.last_sequence = sequence;
        changed.last_digest = *digest;
        err =
            store_put_message(txn, TABLE_AGENT, project_name_key(&key, gate), &changed.base, fault);
    }
    parkgate__agent_record__free_unpacked(agent, NULL);
    return err;
}

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

/* The newest grant by captured time stands for the repeat rule. */
static enum err open_grant(struct store_txn *txn, const struct grant_place *at, int64_t captured_us,
                           uint64_t journal, struct fault *fault)
{
    struct keybuf key;
    Parkgate__GrantRecord *known = NULL;
    Parkgate__GrantRecord grant = PARKGATE__GRANT_RECORD__INIT;
    TRY(get_grant(txn, at, &key, &known, fault));
    bool stands = known != NULL && (known->captured_us > captured_us || known->journal == journal);
    if (known != NULL) {
        parkgate__grant_record__free_unpacked(known, NULL);
    }
    if (stands) {
        return ERR_OK;
    }
    grant.captured_us = captured_us;
    grant.end = GRANT_OPEN;
    grant.journal = journal;
    return store_put_message(txn, TABLE_GRANT, keybuf_view(&key), &grant.base, fault);
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
                            int64_t captured_us, uint64_t journal, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        TRY(open_grant(txn, &places[i], captured_us, journal, fault));
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

static enum err project_passage(struct store_txn *txn, const Parkgate__EventEntry *event,
                                struct bytes index_key, Parkgate__EventIndex *presentation,
                                struct fault *fault)
{
    enum grant_end end = end_by(event->passage);
    if (end != GRANT_OPEN) {
        TRY(end_grants(txn, presentation, end, fault));
    }
    TRY(project_follower_standing(txn, event, presentation, end != GRANT_OPEN, fault));
    if (!event->counts) {
        return ERR_OK;
    }
    presentation->passed++;
    return store_put_message(txn, TABLE_EVENT, index_key, &presentation->base, fault);
}

/* What the gate did stands for the repeat rule, not what it should have done. */
static enum err project_acted(struct store_txn *txn, const Parkgate__EventEntry *event,
                              const Parkgate__EventIndex *presentation, struct fault *fault)
{
    struct grant_place places[GRANT_PLACES];
    if (presentation->kind != EVENT_PRESENTATION) {
        return ERR_OK;
    }
    TRY(project_follower_standing(txn, event, presentation, false, fault));
    size_t count = places_of(presentation->lane, presentation->direction, &presentation->credential,
                             &presentation->first_credential, places);
    return event->acted_outcome == OUTCOME_GRANT + 1
               ? open_grants(txn, places, count, presentation->captured_us, presentation->journal,
                             fault)
               : end_grants(txn, presentation, GRANT_NOT_TAKEN, fault);
}

/* Events that belong to an earlier one; one that names none of ours changes nothing more. */
static enum err project_follower(struct store_txn *txn, const Parkgate__EventEntry *event,
                                 struct fault *fault)
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
    err = event->kind == EVENT_PASSAGE ? project_passage(txn, event, index_key, presentation, fault)
                                       : project_acted(txn, event, presentation, fault);
    parkgate__event_index__free_unpacked(presentation, NULL);
    return err;
}

static bool opened(const Parkgate__EventEntry *event)
{
    uint32_t done = event->acted_outcome != 0 ? event->acted_outcome : event->outcome;
    return event->kind == EVENT_PRESENTATION && done == OUTCOME_GRANT + 1;
}

enum err project_event(struct store_txn *txn, const Parkgate__Entry *entry,
                       const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__EventEntry *event = (const void *)body;
    TRY(put_index(txn, entry->sequence, event, fault));
    TRY(agent_mark_applied(txn, field_view(&event->public_key), event->epoch, event->event_sequence,
                           fault));
    TRY(raise_position(txn, event->gate, event->epoch, event->event_sequence, &event->digest,
                       fault));
    if (opened(event)) {
        struct grant_place places[GRANT_PLACES];
        size_t count = places_of(event->lane, event->direction, &event->credential,
                                 &event->first_credential, places);
        TRY(open_grants(txn, places, count, event->captured_us, entry->sequence, fault));
    }
    if (event->kind == EVENT_PRESENTATION && event->pairing != 0) {
        TRY(pending_apply(txn, event, fault));
    }
    if (event->presentation != 0 && (event->kind == EVENT_PASSAGE || event->kind == EVENT_ACTED)) {
        TRY(project_follower(txn, event, fault));
    }
    TRY(project_event_presence(txn, entry->sequence, event, fault));
    if (event->kind == EVENT_SUBJECT) {
        TRY(project_subject_answer(txn, entry, event, fault));
    }
    return headcount_apply(txn, entry->sequence, (struct wall){.us = entry->time_us}, event, fault);
}

enum err project_event_refused(struct store_txn *txn, const Parkgate__Entry *entry,
                               const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__EventRefused *refused = (const void *)body;
    struct bytes public_key = field_view(&refused->public_key);
    struct keybuf key;
    Parkgate__EventIndex *known = NULL;
    keybuf_begin(&key);
    keybuf_u64(&key, entry->sequence);
    TRY(store_put_message(txn, TABLE_QUARANTINE, keybuf_view(&key), body, fault));
    enum err err =
        agent_event(txn, public_key, refused->epoch, refused->event_sequence, &known, fault);
    if (err == ERR_OK) {
        /* The first event under this sequence stays what it is. */
        parkgate__event_index__free_unpacked(known, NULL);
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    Parkgate__EventIndex index = PARKGATE__EVENT_INDEX__INIT;
    index.digest = refused->digest;
    index.journal = entry->sequence;
    index.refused = true;
    TRY(store_put_message(
        txn, TABLE_EVENT,
        agent_event_key(&key, public_key, refused->epoch, refused->event_sequence), &index.base,
        fault));
    TRY(agent_mark_applied(txn, public_key, refused->epoch, refused->event_sequence, fault));
    return raise_position(txn, refused->gate, refused->epoch, refused->event_sequence,
                          &refused->digest, fault);
}

enum err project_fault(struct store_txn *txn, const Parkgate__Entry *entry,
                       const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__FaultRecord *record = (const void *)body;
    struct keybuf key;
    (void)entry;
    struct bytes id = project_name_key(&key, record->id);
    if (record->open) {
        return store_put_message(txn, TABLE_FAULT, id, body, fault);
    }
    enum err err = store_del(txn, TABLE_FAULT, id, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_lookup(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Lookup *lookup = (const void *)body;
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    Parkgate__LookupSum sum = PARKGATE__LOOKUP_SUM__INIT;
    (void)project_name_key(&key, entry->actor);
    keybuf_u32(&key, (uint32_t)lookup->day);
    enum err err = store_get_message(txn, TABLE_LOOKUP, keybuf_view(&key),
                                     &parkgate__lookup_sum__descriptor, &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK) {
        sum.names = ((Parkgate__LookupSum *)(void *)message)->names;
        store_message_destroy(&message);
    }
    sum.names += lookup->names;
    return store_put_message(txn, TABLE_LOOKUP, keybuf_view(&key), &sum.base, fault);
}
