#include "controller/store/headcount_store.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/passage_walk.h"
#include "common/facts/presence_now.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/day_store.h"
#include "controller/store/move_store.h"
#include "schema/kinds.h"

enum {
    /* Tenant-days that one passage can touch, late or not: those of the state before it, its own,
     * the first inner entry's after it, and that of the definite passage which ends its effect. */
    DAYS_TOUCHED_MAX = 8,
};

/* One holder's passage on its way into the tables. */
struct job {
    struct store_txn *txn;
    struct handle holder;
    ProtobufCBinaryData companion; /* of a vehicle: who came or went with it */
    struct passage_row row;
    bool is_latest; /* of its holder */
    bool revises;   /* it comes out of its order */
    struct presence_change day[DAYS_TOUCHED_MAX];
    size_t day_count;
};

/* --- from the entry --- */

static enum err row_from_entry(uint64_t journal, const Parkgate__EventEntry *entry,
                               const Parkgate__PassageRecord *record,
                               const ProtobufCBinaryData *holder, struct job *job,
                               struct fault *fault)
{
    struct wall at = {.us = entry->captured_us};
    if (holder->len != HANDLE_SIZE || !passage_row_of(record, at, journal, &job->row)) {
        return fault_set(fault, ERR_INPUT,
                         "journal entry %llu: its holder, direction, tenant, zones, kind or time "
                         "do not make a passage",
                         (unsigned long long)journal);
    }
    memcpy(job->holder.bytes, holder->data, HANDLE_SIZE);
    return ERR_OK;
}

static enum err put_passage(struct job *job, const Parkgate__PassageRecord *record,
                            struct fault *fault)
{
    struct keybuf key;
    struct bytes old;
    passage_key(&key, job->holder, job->row.passage.at, job->row.passage.journal);
    enum err err = job->is_latest
                       ? ERR_NOT_FOUND
                       : store_get(job->txn, TABLE_PASSAGE, keybuf_view(&key), &old, fault);
    if (err == ERR_OK) {
        return fault_set(fault, ERR_REFUSED, "journal entry %llu was counted before",
                         (unsigned long long)job->row.passage.journal);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return store_put_message(job->txn, TABLE_PASSAGE, keybuf_view(&key), &record->base, fault);
}

/* --- presence now --- */

static void inside_key(struct keybuf *key, struct name tenant, struct handle holder)
{
    keybuf_begin(key);
    keybuf_name(key, tenant);
    keybuf_handle(key, holder);
}

static enum err move_inside(const struct job *job, const struct presence *before,
                            const struct presence *after, struct fault *fault)
{
    bool stays = before->inside && after->inside && name_equal(before->tenant, after->tenant);
    struct keybuf key;
    if (before->inside && !stays) {
        inside_key(&key, before->tenant, job->holder);
        enum err err = store_del(job->txn, TABLE_INSIDE, keybuf_view(&key), fault);
        if (err == ERR_NOT_FOUND) {
            return fault_set(fault, ERR_CORRUPT,
                             "inside: a row of %s is missing; run `parkgate journal verify`",
                             before->tenant.text);
        }
        TRY(err);
        TRY(presence_add_to_tenant(job->txn, before->tenant, -1, fault));
    }
    if (after->inside && !stays) {
        inside_key(&key, after->tenant, job->holder);
        TRY(store_put(job->txn, TABLE_INSIDE, keybuf_view(&key), (struct bytes){0}, fault));
        TRY(presence_add_to_tenant(job->txn, after->tenant, 1, fault));
    }
    return ERR_OK;
}

static enum err set_presence(const struct job *job, const struct presence_row *before,
                             struct presence_row *after, struct fault *fault)
{
    presence_row_companion(before, after, &job->companion);
    TRY(presence_row_put(job->txn, job->holder, job->row.vehicle, after, fault));
    return job->row.vehicle ? ERR_OK : move_inside(job, &before->state, &after->state, fault);
}

/* --- changes of one passage --- */

static struct presence_change *touched_day(struct job *job, const struct presence_scope *scope)
{
    for (size_t i = 0; i < job->day_count; i++) {
        if (presence_scope_equal(&job->day[i].scope, scope)) {
            return &job->day[i];
        }
    }
    MUST(job->day_count < DAYS_TOUCHED_MAX);
    job->day[job->day_count] = (struct presence_change){.scope = *scope};
    return &job->day[job->day_count++];
}

static void add_to_day(struct job *job, const struct presence_change *change)
{
    struct presence_change *day = touched_day(job, &change->scope);
    day->present += change->present;
    day->entries += change->entries;
    day->exits += change->exits;
    day->unpaired += change->unpaired;
    day->unsensed += change->unsensed;
    day->came += change->came;
    day->left += change->left;
}

/* What the passage at this place in the holder's history changes. */
static enum err make_changes(struct job *job, const struct passage *passage,
                             const struct presence_changes *changes, struct fault *fault)
{
    if (job->row.vehicle) {
        return ERR_OK;
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct presence_change *change = &changes->change[i];
        TRY(move_store_add(job->txn, passage->at, passage->journal, change, fault));
        if (!change->scope.is_zone) {
            add_to_day(job, change);
        }
    }
    return ERR_OK;
}

static enum err apply_latest(struct job *job, const struct presence_row *before,
                             struct fault *fault)
{
    struct presence_changes changes;
    struct presence_row after = {.known = true,
                                 .last = job->row.passage.at,
                                 .last_journal = job->row.passage.journal,
                                 .person_kind = job->row.person_kind};
    presence_apply(&before->state, &job->row.passage, &after.state, &changes);
    TRY(make_changes(job, &job->row.passage, &changes, fault));
    return set_presence(job, before, &after, fault);
}

/* The passages after a late one: what each changed from the state it was thought to meet is taken
 * back, and what it changes from the state it met is put in, until both are the same. */
static enum err redo_following(struct job *job, struct presence *was, struct presence *is,
                               struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct passage_row row;
    struct wall at = job->row.passage.at;
    TRY(passage_walk_begin(job->txn, job->holder, at, job->row.passage.journal + 1, &iter, fault));
    while (!presence_equal(was, is)) {
        struct presence_changes old, changes;
        enum err err = passage_walk_next(&iter, &row, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        presence_apply(was, &row.passage, was, &old);
        presence_apply(is, &row.passage, is, &changes);
        presence_changes_subtract(&changes, &old);
        TRY(make_changes(job, &row.passage, &changes, fault));
    }
    return ERR_OK;
}

static enum err apply_late(struct job *job, const struct presence_row *now, struct fault *fault)
{
    struct presence was, is;
    struct presence_changes changes;
    TRY(passage_state_before(job->txn, job->holder, job->row.passage.at, job->row.passage.journal,
                             &was, fault));
    presence_apply(&was, &job->row.passage, &is, &changes);
    TRY(make_changes(job, &job->row.passage, &changes, fault));
    TRY(redo_following(job, &was, &is, fault));
    if (presence_equal(&was, &is)) {
        return ERR_OK;
    }
    struct presence_row after = *now;
    after.state = is;
    return set_presence(job, now, &after, fault);
}

/* --- the whole --- */

static enum err apply(struct job *job, uint64_t journal, struct wall journalled,
                      const Parkgate__EventEntry *entry, const Parkgate__PassageRecord *record,
                      const ProtobufCBinaryData *holder, struct fault *fault)
{
    struct presence_row now;
    TRY(row_from_entry(journal, entry, record, holder, job, fault));
    TRY(presence_row_get(job->txn, job->holder, &now, fault));
    job->is_latest = presence_row_is_before(&now, &job->row.passage);
    job->revises =
        !job->is_latest || journalled.us - entry->captured_us > (int64_t)HEADCOUNT_LATE_S * 1000000;
    TRY(put_passage(job, record, fault));
    TRY(job->is_latest ? apply_latest(job, &now, fault) : apply_late(job, &now, fault));
    const struct day_visit visit = {.txn = job->txn,
                                    .holder = job->holder,
                                    .row = &job->row,
                                    .is_latest = job->is_latest,
                                    .revises = job->revises};
    for (size_t i = 0; i < job->day_count; i++) {
        TRY(day_store_change(&visit, &job->day[i], fault));
    }
    return ERR_OK;
}

enum err headcount_apply(struct store_txn *txn, uint64_t journal, struct wall journalled,
                         const Parkgate__EventEntry *entry, struct fault *fault)
{
    if (!entry->counts || entry->holder.len == 0) {
        return ERR_OK;
    }
    struct job job = {.txn = txn, .companion = entry->companion};
    const Parkgate__PassageRecord record = presence_passage_of(entry, false);
    TRY(apply(&job, journal, journalled, entry, &record, &entry->holder, fault));
    if (entry->companion.len == 0) {
        return ERR_OK;
    }
    struct job with = {.txn = txn};
    const Parkgate__PassageRecord driver = presence_passage_of(entry, true);
    return apply(&with, journal, journalled, entry, &driver, &entry->companion, fault);
}

/* --- peaks --- */

enum err headcount_tenant_peak(struct store_txn *txn, struct name tenant, int32_t day,
                               struct headcount_peak *ret_peak, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct presence_scope scope = {.name = tenant, .day = day};
    TRY(quarters_begin(txn, &scope, (struct wall){INT64_MIN}, (struct wall){INT64_MAX}, &iter,
                       fault));
    struct headcount_peak peak = {0};
    struct quarter quarter;
    int32_t present = 0;
    enum err err;
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        if (present + quarter.top > peak.count) {
            peak = (struct headcount_peak){present + quarter.top, quarter.top_at};
        }
        present += quarter.net;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_peak = peak;
    return ERR_OK;
}

/* Only the count of now is known for sure, so it goes back from there, quarter by quarter. */
enum err headcount_zone_peak(struct store_txn *txn, struct name zone, struct wall from,
                             struct wall until, struct headcount_peak *ret_peak,
                             struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct presence_scope scope = {.is_zone = true, .name = zone};
    int32_t present;
    TRY(move_store_zone_now(txn, zone, &present, fault));
    TRY(quarters_begin_back(txn, &scope, from, (struct wall){INT64_MAX}, &iter, fault));
    struct headcount_peak peak = {0};
    struct quarter quarter;
    enum err err;
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        present -= quarter.net; /* at the quarter's start */
        bool is_within = wall_before(quarter.start, until);
        if (is_within && quarter.top > 0 && present + quarter.top >= peak.count) {
            peak = (struct headcount_peak){present + quarter.top, quarter.top_at};
        }
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (present > 0 && present >= peak.count) {
        peak = (struct headcount_peak){present, from};
    }
    *ret_peak = peak;
    return ERR_OK;
}
