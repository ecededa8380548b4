/* Hits of the watch list, and what else a read led to. */
#include "common/facts/people_store.h"
#include "controller/store/hit_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static enum err put_day(struct store_txn *txn, const Parkgate__WatchHit *hit, struct fault *fault)
{
    struct keybuf key;
    Parkgate__WatchDay *known = NULL;
    Parkgate__WatchDay day = PARKGATE__WATCH_DAY__INIT;
    struct handle entry = people_handle(&hit->entry);
    TRY(hit_day_get(txn, entry, hit->day, &known, fault));
    if (known != NULL) {
        day.hits = known->hits;
        day.told = known->told;
        parkgate__watch_day__free_unpacked(known, NULL);
    }
    day.hits++;
    day.told += hit->number != 0;
    day.last_us = hit->at_us;
    day.lane = hit->lane;
    day.direction = hit->direction;
    return store_put_message(txn, TABLE_WATCH_DAY, hit_day_key(&key, entry, hit->day), &day.base,
                             fault);
}

enum err project_watch_hit(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    Parkgate__WatchTold told = PARKGATE__WATCH_TOLD__INIT;
    const Parkgate__WatchHit *hit = (const void *)body;
    (void)entry;
    TRY(put_day(txn, hit, fault));
    if (hit->number == 0) {
        return ERR_OK;
    }
    told.number = hit->number;
    TRY(store_put_message(txn, TABLE_WATCH_TOLD, project_name_key(&key, hit->authority), &told.base,
                          fault));
    TRY(store_put_message(txn, TABLE_WATCH_HIT, hit_key(&key, hit->authority, hit->number),
                          &hit->base, fault));
    return project_disposition_hit(txn, hit, fault);
}

static enum err apply_each(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCBinaryData *packed, size_t count,
                           const ProtobufCMessageDescriptor *descriptor, projection *project,
                           struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(store_message_destroy)
        ProtobufCMessage *one =
            protobuf_c_message_unpack(descriptor, NULL, packed[i].len, packed[i].data);
        if (one == NULL) {
            return fault_set(fault, ERR_CORRUPT, "journal: what a read led to cannot be read");
        }
        TRY(project(txn, entry, one, fault));
    }
    return ERR_OK;
}

static enum err apply_all(struct store_txn *txn, const Parkgate__Entry *entry,
                          const Parkgate__EventWatch *watch, struct fault *fault)
{
    TRY(apply_each(txn, entry, watch->hit, watch->n_hit, &parkgate__watch_hit__descriptor,
                   project_watch_hit, fault));
    TRY(apply_each(txn, entry, watch->candidate, watch->n_candidate,
                   &parkgate__candidate__descriptor, project_watch_candidate, fault));
    return watch->alert.len == 0 ? ERR_OK : alert_apply(txn, entry, &watch->alert, fault);
}

enum err project_event_watch(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCBinaryData *packed, struct fault *fault)
{
    Parkgate__EventWatch *watch = parkgate__event_watch__unpack(NULL, packed->len, packed->data);
    if (watch == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: what a read led to cannot be read");
    }
    enum err err = apply_all(txn, entry, watch, fault);
    parkgate__event_watch__free_unpacked(watch, NULL);
    return err;
}
