/* Hits of the watch list, and candidates until somebody decided. */
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
    return store_put_message(txn, TABLE_WATCH_HIT, hit_key(&key, hit->authority, hit->number),
                             &hit->base, fault);
}

enum err project_watch_candidate(struct store_txn *txn, const Parkgate__Entry *entry,
                                 const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Candidate *candidate = (const void *)body;
    struct bytes key = {.data = candidate->candidate.data, .size = candidate->candidate.len};
    (void)entry;
    if (candidate->step == CANDIDATE_RAISED) {
        return store_put_message(txn, TABLE_CANDIDATE, key, &candidate->base, fault);
    }
    enum err err = store_del(txn, TABLE_CANDIDATE, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
