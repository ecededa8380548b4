/* Hits of the watch list, the days of its entries, and keys that candidates left. An authority's
 * hits keep their numbers, and the newest number stays known (table WATCH_TOLD). */
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "controller/app/erasure.h"
#include "controller/app/hits.h"
#include "controller/app/retention_parts.h"
#include "controller/store/person_keys.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* --- hits --- */

static enum err is_wanted_hit(struct slice *s, const Parkgate__WatchHit *hit, bool *ret,
                              struct fault *fault)
{
    struct bytes value;
    TRY(slice_event_is_held(s, hit->event, ret, fault));
    if (*ret) {
        return ERR_OK;
    }
    enum err err =
        store_get(s->ctl->txn, TABLE_DISPOSITION_ENTRY, field_view(&hit->entry), &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader number = reader_of(value);
    return slice_is_due(s, reader_u64(&number), ret, fault);
}

/* On with the next authority. */
static void skip_authority(struct slice *s, struct bytes key)
{
    struct keybuf next;
    keybuf_begin(&next);
    keybuf_bytes(&next, (struct bytes){.data = key.data, .size = key.size - sizeof(uint64_t)});
    keybuf_u64(&next, UINT64_MAX);
    slice_resume(s, keybuf_view(&next));
}

/* An authority's hits lie in the order in which they were recorded; an event comes late by
 * HIT_DAYS_KEPT at most, so that behind a hit that is younger by more there is nothing to do. */
static enum err walk_hits(struct slice *s, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, TABLE_WATCH_HIT, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        bool wanted = false;
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(TABLE_WATCH_HIT, key, value, &parkgate__watch_hit__descriptor, &message,
                       fault));
        if (message == NULL) {
            slice_remove(s, TABLE_WATCH_HIT, key, NULL);
            continue;
        }
        const Parkgate__WatchHit *hit = (const void *)message;
        if (hit->at_us >= s->cut.us + HIT_DAYS_KEPT * DAY_US) {
            skip_authority(s, key);
            return ERR_OK;
        }
        if (hit->at_us >= s->cut.us) {
            continue;
        }
        TRY(is_wanted_hit(s, hit, &wanted, fault));
        if (!wanted) {
            slice_remove(s, TABLE_WATCH_HIT, key, NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- days of entries --- */

/* One that cannot be read meets nobody. */
static enum err is_live(struct slice *s, struct handle entry, bool *ret, struct fault *fault)
{
    Parkgate__WatchRecord *record = NULL;
    enum err err = watch_entry(s->ctl->txn, entry, &record, fault);
    *ret = err == ERR_OK && watch_is_live(record, s->ctl->now);
    if (record != NULL) {
        parkgate__watch_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND || slice_passes_over(err, TABLE_WATCH, fault) ? ERR_OK : err;
}

/* A day is kept for events of it that come late, while its entry acts, and for nothing else. */
static enum err walk_days(struct slice *s, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    int32_t oldest = controller_today(s->ctl) - HIT_DAYS_KEPT;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, TABLE_WATCH_DAY, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        bool live = false;
        struct keybuf copy;
        struct reader of = reader_of(key);
        struct handle entry = keybuf_read_handle(&of);
        int32_t day = (int32_t)reader_u32(&of);
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        if (slice_is_full(s)) {
            slice_resume(s, keybuf_view(&copy));
            return ERR_OK;
        }
        s->looked++;
        TRY(is_live(s, entry, &live, fault));
        if (!live || day < oldest) {
            slice_remove(s, TABLE_WATCH_DAY, keybuf_view(&copy), NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err slice_hits(struct slice *s, struct retaining *r, struct fault *fault)
{
    if (r->place == 1) {
        return walk_days(s, fault);
    }
    TRY(walk_hits(s, fault));
    if (!r->more) {
        r->next = 1; /* the days */
        r->more = true;
        keybuf_begin(&s->ctl->retaining.next_key);
    }
    return ERR_OK;
}

/* --- keys of candidates --- */

/* A key is made before its candidate is recorded: after a crash between the two it is nobody's. */
static enum err drop_key(struct slice *s, struct handle candidate, struct fault *fault)
{
    struct bytes value;
    enum err err =
        store_get(s->ctl->txn, TABLE_CANDIDATE, BYTES_OF(candidate.bytes), &value, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(candidate_key_destroy(s->ctl->keys_txn, candidate, fault));
    erasure_keys_deleted(s->ctl);
    s->ctl->retaining.removed[RETAIN_CANDIDATES]++;
    return ERR_OK;
}

enum err slice_candidates(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)r;
    TRY(controller_keys_begin(s->ctl, fault));
    TRY(store_iter_range(s->ctl->keys_txn, KEY_TABLE_CANDIDATE, keybuf_view(&s->ctl->retaining.key),
                         (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader of = reader_of(key);
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(drop_key(s, keybuf_read_handle(&of), fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
