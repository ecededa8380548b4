#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/event_effects.h"
#include "common/facts/field.h"
#include "controller/store/command_store.h"
#include "controller/store/headcount_store.h"
#include "controller/store/project_parts.h"
#include "controller/store/quarantine_store.h"
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

enum err project_event(struct store_txn *txn, const Parkgate__Entry *entry,
                       const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__EventEntry *event = (const void *)body;
    TRY(agent_mark_applied(txn, field_view(&event->public_key), event->epoch, event->event_sequence,
                           fault));
    TRY(raise_position(txn, event->gate, event->epoch, event->event_sequence, &event->digest,
                       fault));
    TRY(event_effects_apply(txn, entry->sequence, event, fault));
    if (event->kind == EVENT_SUBJECT) {
        TRY(project_subject_answer(txn, entry, event, fault));
    }
    if (event->kind == EVENT_COMMAND) {
        TRY(command_answered(txn, event, fault));
    }
    if (event->watch.len > 0) {
        TRY(project_event_watch(txn, entry, &event->watch, fault));
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
    TRY(quarantine_add(txn, entry->sequence, refused, fault));
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
    Parkgate__FaultRecord kept = *record;
    if (record->alert.len > 0) {
        TRY(alert_apply(txn, entry, &record->alert, fault));
    }
    struct bytes id = project_name_key(&key, record->id);
    if (record->open) {
        kept.alert = (ProtobufCBinaryData){0}; /* its own tables have it */
        return store_put_message(txn, TABLE_FAULT, id, &kept.base, fault);
    }
    enum err err = store_del(txn, TABLE_FAULT, id, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_names_shown(struct store_txn *txn, const char *key_name, int32_t day,
                             uint32_t names, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    Parkgate__LookupSum sum = PARKGATE__LOOKUP_SUM__INIT;
    (void)project_name_key(&key, key_name);
    keybuf_u32(&key, (uint32_t)day);
    enum err err = store_get_message(txn, TABLE_LOOKUP, keybuf_view(&key),
                                     &parkgate__lookup_sum__descriptor, &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK) {
        sum.names = ((Parkgate__LookupSum *)(void *)message)->names;
        store_message_destroy(&message);
    }
    sum.names += names;
    return store_put_message(txn, TABLE_LOOKUP, keybuf_view(&key), &sum.base, fault);
}

enum err project_lookup(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Lookup *lookup = (const void *)body;
    return project_names_shown(txn, entry->actor, lookup->day, lookup->names, fault);
}
