/* Hits of the watch list, and what else a read led to. */
#include "common/facts/people_store.h"
#include "controller/store/hit_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

static enum err forget(struct store_txn *txn, enum table table, struct bytes key,
                       struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- a day of an entry: a number, and where and when only while the same approach goes on --- */

static enum err put_day(struct store_txn *txn, const Parkgate__Entry *entry,
                        const Parkgate__WatchHit *hit, struct fault *fault)
{
    struct keybuf key;
    Parkgate__WatchDay *known = NULL;
    Parkgate__WatchDay day = PARKGATE__WATCH_DAY__INIT;
    struct hit_near near = {.entry = people_handle(&hit->entry), .day = hit->day};
    TRY(hit_day_get(txn, near.entry, hit->day, &known, fault));
    if (known != NULL) {
        near.noted.us = known->noted_us;
        day.hits = known->hits;
        day.told = known->told;
        parkgate__watch_day__free_unpacked(known, NULL);
    }
    if (near.noted.us != 0) {
        TRY(forget(txn, TABLE_WATCH_NEAR, hit_near_key(&key, &near), fault));
    }
    day.hits++;
    day.told += hit->number != 0;
    day.last_us = hit->at_us;
    day.lane = hit->lane;
    day.direction = hit->direction;
    day.noted_us = near.noted.us = entry->time_us;
    TRY(store_put(txn, TABLE_WATCH_NEAR, hit_near_key(&key, &near), nothing, fault));
    return store_put_message(txn, TABLE_WATCH_DAY, hit_day_key(&key, near.entry, hit->day),
                             &day.base, fault);
}

/* The number stays. */
static enum err end_approach(struct store_txn *txn, const struct hit_near *near,
                             struct fault *fault)
{
    struct keybuf key;
    Parkgate__WatchDay *known = NULL;
    Parkgate__WatchDay day = PARKGATE__WATCH_DAY__INIT;
    TRY(forget(txn, TABLE_WATCH_NEAR, hit_near_key(&key, near), fault));
    enum err err = hit_day_get(txn, near->entry, near->day, &known, fault);
    if (err != ERR_OK) {
        return err == ERR_CORRUPT ? ERR_OK : err; /* retention removes it: the others go on */
    }
    bool is_its = known != NULL && known->noted_us == near->noted.us;
    if (known != NULL) {
        day.hits = known->hits;
        day.told = known->told;
        parkgate__watch_day__free_unpacked(known, NULL);
    }
    return is_its ? store_put_message(txn, TABLE_WATCH_DAY,
                                      hit_day_key(&key, near->entry, near->day), &day.base, fault)
                  : ERR_OK;
}

enum err project_approaches_over(struct store_txn *txn, struct wall until, struct fault *fault)
{
    struct hit_near near;
    enum err err = ERR_OK;
    while ((err = hit_first_near(txn, &near, fault)) == ERR_OK && wall_before(near.noted, until)) {
        TRY(end_approach(txn, &near, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_watch_days_end(struct store_txn *txn, struct handle entry, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_DAY, BYTES_OF(entry.bytes), UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(store_del(txn, TABLE_WATCH_DAY, key, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_watch_hit(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    Parkgate__WatchTold told = PARKGATE__WATCH_TOLD__INIT;
    const Parkgate__WatchHit *hit = (const void *)body;
    TRY(put_day(txn, entry, hit, fault));
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
