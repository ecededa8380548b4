/* Authorities and bundles of the watch list. What a bundle wrote is
 * inert until its closing entry: its records carry its number in table `stage`. */
#include <string.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/versioned.h"
#include "common/facts/watch_store.h"
#include "controller/store/project_parts.h"
#include "controller/store/project_watch.h"
#include "controller/store/watch_person_store.h"
#include "controller/store/watch_sum.h"
#include "schema/kinds.h"
#include "schema/watch.h"

#define DAY_US INT64_C(86400000000)

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

/* --- what acts on a target --- */

static Parkgate__WatchMatch match_of(const Parkgate__WatchRecord *record)
{
    Parkgate__WatchMatch match = PARKGATE__WATCH_MATCH__INIT;
    match.authority = record->authority;
    match.action = record->action;
    match.from_us = record->from_us;
    match.until_us = record->until_us;
    match.instruction = record->instruction;
    match.test = record->test;
    match.stage = record->stage;
    return match;
}

/* The row as the record wants it: there while it acts; gone, or gone when its bundle is closed. */
static enum err put_row(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                        const Parkgate__WatchRecord *record, struct fault *fault)
{
    bool exists = false;
    Parkgate__WatchMatch match = match_of(record);
    if (record->state == WATCH_STATE_ACTING) {
        return versioned_put(txn, kind, key, &match.base, fault);
    }
    TRY(versioned_exists(txn, kind, key, &exists, fault));
    if (!exists) {
        return ERR_OK;
    }
    if (record->stage == 0) {
        return store_del(txn,
                         kind == VERSIONED_WATCH_MATCH ? TABLE_WATCH_MATCH : TABLE_WATCH_TARGET,
                         key, fault);
    }
    match.ended = true;
    return versioned_put(txn, kind, key, &match.base, fault);
}

/* ERR_NOT_FOUND: nobody on the roster has this identity number. */
static enum err holder_of_identity(struct store_txn *txn, struct bytes hash, struct handle *ret,
                                   struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, TABLE_WATCH_IDENTITY, hash, &value, fault));
    struct reader r = reader_of(value);
    *ret = keybuf_read_handle(&r);
    return ERR_OK;
}

/* Where plates like this one are found; whether it acts says the entry. */
static enum err put_alike(struct store_txn *txn, const Parkgate__WatchRecord *record,
                          struct fault *fault)
{
    struct keybuf key;
    if (record->alike_hash.len != SEAL_HASH_SIZE) {
        return ERR_OK;
    }
    keybuf_begin(&key);
    keybuf_bytes(&key, field_view(&record->alike_hash));
    keybuf_handle(&key, people_handle(&record->entry));
    if (record->state == WATCH_STATE_ACTING) {
        return store_put(txn, TABLE_WATCH_ALIKE, keybuf_view(&key), nothing, fault);
    }
    enum err err =
        record->stage == 0 ? store_del(txn, TABLE_WATCH_ALIKE, keybuf_view(&key), fault) : ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_watch_rows(struct store_txn *txn, const Parkgate__WatchRecord *record,
                            struct fault *fault)
{
    struct keybuf key;
    struct handle holder;
    struct handle entry = people_handle(&record->entry);
    struct bytes hash = field_view(&record->hash);
    TRY(put_row(txn, VERSIONED_WATCH_MATCH, watch_match_key(&key, record->matcher, hash, &entry),
                record, fault));
    TRY(put_alike(txn, record, fault));
    if (record->matcher != WATCH_MATCHER_IDENTITY) {
        return ERR_OK;
    }
    enum err err = holder_of_identity(txn, hash, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return put_row(txn, VERSIONED_WATCH_TARGET, watch_target_key(&key, holder, &entry), record,
                   fault);
}

/* The row that stands for the identity, for its holder as well. */
static enum err copy_to_target(struct store_txn *txn, struct bytes key, struct bytes value,
                               struct handle holder, struct fault *fault)
{
    struct keybuf target;
    AUTO(store_message_destroy) ProtobufCMessage *match = NULL;
    MUST(key.size > HANDLE_SIZE);
    struct reader r =
        reader_of((struct bytes){.data = key.data + key.size - HANDLE_SIZE, .size = HANDLE_SIZE});
    struct handle entry = keybuf_read_handle(&r);
    TRY(store_unpack_message(key, value, &parkgate__watch_match__descriptor, &match, fault));
    return store_put_message(txn, TABLE_WATCH_TARGET, watch_target_key(&target, holder, &entry),
                             match, fault);
}

enum err project_watch_identity_of(struct store_txn *txn, struct bytes hash, struct handle holder,
                                   struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_handle(&key, holder);
    keybuf_bytes(&key, hash);
    return store_put(txn, TABLE_WATCH_IDENTITY_OF, keybuf_view(&key), nothing, fault);
}

/* One that another person has by now is left alone. */
static enum err forget_identity(struct store_txn *txn, struct bytes hash, struct handle holder,
                                struct fault *fault)
{
    struct handle now;
    enum err err = holder_of_identity(txn, hash, &now, fault);
    if (err != ERR_OK || !handle_equal(now, holder)) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return store_del(txn, TABLE_WATCH_IDENTITY, hash, fault);
}

enum err project_watch_forget_identities(struct store_txn *txn, struct handle holder,
                                         struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_IDENTITY_OF, BYTES_OF(holder.bytes), UINT64_MAX, &iter,
                          fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf row;
        keybuf_begin(&row);
        keybuf_bytes(&row, key);
        struct bytes at = keybuf_view(&row);
        struct bytes hash = {.data = at.data + HANDLE_SIZE, .size = at.size - HANDLE_SIZE};
        TRY(forget_identity(txn, hash, holder, fault));
        TRY(store_del(txn, TABLE_WATCH_IDENTITY_OF, at, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_watch_identity(struct store_txn *txn, struct bytes hash, struct handle holder,
                                struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_put(txn, TABLE_WATCH_IDENTITY, hash, BYTES_OF(holder.bytes), fault));
    TRY(project_watch_identity_of(txn, hash, holder, fault));
    TRY(store_iter_prefix(txn, TABLE_WATCH_MATCH,
                          watch_match_key(&prefix, WATCH_MATCHER_IDENTITY, hash, NULL), UINT64_MAX,
                          &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(copy_to_target(txn, key, value, holder, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- entries --- */

enum err project_watch_entry(struct store_txn *txn, Parkgate__WatchRecord *record,
                             struct fault *fault)
{
    struct keybuf key;
    struct handle entry = people_handle(&record->entry);
    TRY(versioned_put(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &record->base, fault));
    TRY(store_put(txn, TABLE_WATCH_ID,
                  watch_id_key(&key, record->authority, field_view(&record->id_hash)),
                  BYTES_OF(entry.bytes), fault));
    return project_watch_rows(txn, record, fault);
}

/* --- authorities --- */

enum err project_watch_authority(struct store_txn *txn, const Parkgate__AuthorityRecord *record,
                                 struct fault *fault)
{
    struct keybuf key;
    return store_put_message(txn, TABLE_AUTHORITY, watch_authority_key(&key, record->name),
                             &record->base, fault);
}

/* What was hashed under a key that is no more finds nobody: it ends. */
static enum err end_identity(struct store_txn *txn, const Parkgate__Entry *by, struct handle entry,
                             struct fault *fault)
{
    Parkgate__WatchRecord *record = NULL;
    enum err err = watch_entry(txn, entry, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool ends = record->matcher == WATCH_MATCHER_IDENTITY &&
                (record->state == WATCH_STATE_WAITING || record->state == WATCH_STATE_ACTING);
    if (ends) {
        Parkgate__WatchRecord changed = *record;
        changed.state = WATCH_STATE_ENDED;
        changed.since_us = by->time_us;
        changed.renewed_until_us = 0;
        changed.renewed_was = 0;
        changed.stage = 0;
        changed.previous = (ProtobufCBinaryData){0};
        err = project_watch_entry(txn, &changed, fault);
        if (err == ERR_OK) {
            err = project_person_moved(txn, record, &changed, fault);
        }
        if (err == ERR_OK && record->state == WATCH_STATE_ACTING) {
            err = watch_sum_ended(txn, record, (struct wall){by->time_us}, fault);
        }
    }
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

/* Those that are over already wait for the sweep. */
static enum err end_identities(struct store_txn *txn, const Parkgate__Entry *by,
                               const char *authority, struct fault *fault)
{
    struct handle entry;
    uint32_t state = 0;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(watch_live_begin(txn, authority, (struct wall){by->time_us}, &iter, fault));
    while ((err = watch_live_next(&iter, &entry, &state, fault)) == ERR_OK) {
        TRY(end_identity(txn, by, entry, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_authority(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__AuthorityRecord *record = (const void *)body;
    Parkgate__AuthorityRecord *known = NULL;
    Parkgate__AuthorityState state = PARKGATE__AUTHORITY_STATE__INIT;
    struct keybuf key;
    enum err err = watch_authority(txn, record->name, &known, fault);
    if (err == ERR_OK) {
        err = known->generation != record->generation
                  ? end_identities(txn, entry, record->name, fault)
                  : ERR_OK;
        parkgate__authority_record__free_unpacked(known, NULL);
        TRY(err);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(project_watch_authority(txn, record, fault));
    state.suspended = record->suspended;
    return store_put_message(txn, TABLE_AUTHORITY_STATE, watch_authority_key(&key, record->name),
                             &state.base, fault);
}

/* --- bundles --- */

enum err project_watch_bundle(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                              struct fault *fault)
{
    struct keybuf key;
    return store_put_message(txn, TABLE_WATCH_BUNDLE,
                             watch_bundle_key(&key, bundle->authority, bundle->number),
                             &bundle->base, fault);
}

static enum err put_stage(struct store_txn *txn, uint64_t stage, const char *actor, uint32_t state,
                          uint32_t rows, struct fault *fault)
{
    struct keybuf key;
    Parkgate__StageRecord record = PARKGATE__STAGE_RECORD__INIT;
    keybuf_begin(&key);
    keybuf_u64(&key, stage);
    record.state = state;
    record.rows = rows;
    record.actor = field_text(actor);
    return store_put_message(txn, TABLE_STAGE, keybuf_view(&key), &record.base, fault);
}

enum err project_watch_begin(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__WatchBundle *bundle = (const void *)body;
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(watch_authority(txn, bundle->authority, &authority, fault));
    int64_t day_us = entry->time_us - entry->time_us % DAY_US;
    authority->begun = authority->begun_day_us == day_us ? authority->begun + 1 : 1;
    authority->begun_day_us = day_us;
    authority->open_number = bundle->number;
    enum err err = project_watch_authority(txn, authority, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    TRY(err);
    TRY(project_watch_bundle(txn, bundle, fault));
    return put_stage(txn, bundle->stage, entry->actor, STAGE_OPEN, 0, fault);
}

/* Who may be added, where as many are withdrawn; who may be renewed or withdrawn: those who are
 * live. */
enum {
    PERSON_ADDS_MAX = 2 * LIMIT_WATCH_PERSONS + 1,
    PERSON_OTHERS_MAX = LIMIT_WATCH_PERSONS,
};

/* The changes of a bundle that are about persons. */
struct persons {
    uint32_t add[PERSON_ADDS_MAX], other[PERSON_OTHERS_MAX];
};

static size_t copy_numbers(uint32_t *out, size_t max, const uint32_t *numbers, size_t count)
{
    count = count < max ? count : max;
    if (count > 0) {
        memcpy(out, numbers, count * sizeof(out[0]));
    }
    return count;
}

/* The bundle's own lists, with room for more. */
static void take_persons(Parkgate__WatchBundle *bundle, struct persons *persons)
{
    bundle->n_person_add =
        copy_numbers(persons->add, PERSON_ADDS_MAX, bundle->person_add, bundle->n_person_add);
    bundle->n_person_other = copy_numbers(persons->other, PERSON_OTHERS_MAX, bundle->person_other,
                                          bundle->n_person_other);
    bundle->person_add = persons->add;
    bundle->person_other = persons->other;
}

void project_watch_sum(Parkgate__WatchBundle *bundle, uint32_t kind,
                       const Parkgate__WatchRecord *record)
{
    bool acted = record->matcher == WATCH_MATCHER_PLATE || record->by_us != 0;
    if (record->test || record->matcher >= WATCH_MATCHER_COUNT) {
        return;
    }
    bundle->begun[record->matcher] +=
        kind == WATCH_CHANGE_ADD && record->state == WATCH_STATE_ACTING;
    bundle->ended[record->matcher] += kind == WATCH_CHANGE_WITHDRAW && acted;
}

/* What one change of a slice adds to its bundle's sums. */
static void sum_up(Parkgate__WatchBundle *bundle, uint32_t kind, uint32_t change,
                   const Parkgate__WatchRecord *record, struct persons *persons)
{
    bool person = watch_is_person(record);
    project_watch_sum(bundle, kind, record);
    bundle->changes++;
    bundle->adds += kind == WATCH_CHANGE_ADD;
    bundle->renewals += kind == WATCH_CHANGE_RENEW;
    bundle->withdrawals += kind == WATCH_CHANGE_WITHDRAW;
    bundle->vehicles_added += kind == WATCH_CHANGE_ADD && !person;
    bundle->vehicles_withdrawn += kind == WATCH_CHANGE_WITHDRAW && !person;
    bundle->persons_withdrawn += kind == WATCH_CHANGE_WITHDRAW && person;
    if (kind == WATCH_CHANGE_ADD && person && bundle->n_person_add < PERSON_ADDS_MAX) {
        persons->add[bundle->n_person_add++] = change;
    } else if (kind != WATCH_CHANGE_ADD && person && bundle->n_person_other < PERSON_OTHERS_MAX) {
        persons->other[bundle->n_person_other++] = change;
    }
}

static enum err put_change(struct store_txn *txn, const Parkgate__WatchSlice *slice, size_t i,
                           Parkgate__WatchRecord *record, struct fault *fault)
{
    struct keybuf key;
    struct keybuf told;
    keybuf_begin(&told);
    keybuf_u8(&told, (uint8_t)slice->kind[i]);
    keybuf_handle(&told, people_handle(&record->entry));
    if (watch_is_person(record)) {
        TRY(project_person_staged(txn, slice->kind[i], record, fault));
    }
    TRY(project_watch_entry(txn, record, fault));
    return store_put(
        txn, TABLE_WATCH_CHANGE,
        watch_change_key(&key, slice->authority, slice->number, slice->first + (uint32_t)i),
        keybuf_view(&told), fault);
}

static enum err put_changes(struct store_txn *txn, const Parkgate__WatchSlice *slice,
                            Parkgate__WatchBundle *bundle, struct persons *persons,
                            struct fault *fault)
{
    for (size_t i = 0; i < slice->n_record && i < slice->n_kind; i++) {
        Parkgate__WatchRecord *record =
            parkgate__watch_record__unpack(NULL, slice->record[i].len, slice->record[i].data);
        if (record == NULL) {
            return fault_set(fault, ERR_CORRUPT, "journal: a watch entry cannot be read");
        }
        enum err err = put_change(txn, slice, i, record, fault);
        sum_up(bundle, slice->kind[i], slice->first + (uint32_t)i, record, persons);
        parkgate__watch_record__free_unpacked(record, NULL);
        TRY(err);
    }
    return ERR_OK;
}

static void copy_counts(uint32_t to[static WATCH_MATCHER_COUNT], const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < WATCH_MATCHER_COUNT; i++) {
        to[i] = i < count ? from[i] : 0;
    }
}

enum err project_watch_slice(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__WatchSlice *slice = (const void *)body;
    uint32_t begun[WATCH_MATCHER_COUNT];
    uint32_t ended[WATCH_MATCHER_COUNT];
    struct persons persons;
    Parkgate__WatchBundle *known = NULL;
    TRY(watch_bundle_get(txn, slice->authority, slice->number, &known, fault));
    Parkgate__WatchBundle bundle = *known;
    take_persons(&bundle, &persons);
    copy_counts(begun, bundle.begun, bundle.n_begun);
    copy_counts(ended, bundle.ended, bundle.n_ended);
    bundle.begun = begun;
    bundle.ended = ended;
    bundle.n_begun = bundle.n_ended = WATCH_MATCHER_COUNT;
    bundle.chunks = slice->chunks;
    bundle.moved_us = entry->time_us;
    enum err err = put_changes(txn, slice, &bundle, &persons, fault);
    if (err == ERR_OK) {
        err = project_watch_bundle(txn, &bundle, fault);
    }
    parkgate__watch_bundle__free_unpacked(known, NULL);
    return err;
}

static void apply_to_authority(Parkgate__AuthorityRecord *authority,
                               const Parkgate__WatchBundle *bundle)
{
    authority->number = bundle->number;
    authority->refreshed_us = bundle->closed_us;
    authority->vehicles += bundle->vehicles_added;
    authority->vehicles -= authority->vehicles < bundle->vehicles_withdrawn
                               ? authority->vehicles
                               : bundle->vehicles_withdrawn;
}

static enum err sum_year(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                         struct fault *fault)
{
    struct wall at = {bundle->closed_us};
    for (size_t i = 0; i < WATCH_MATCHER_COUNT; i++) {
        TRY(watch_sum_add(txn, bundle->authority, (uint32_t)i, at,
                          i < bundle->n_begun ? bundle->begun[i] : 0,
                          i < bundle->n_ended ? bundle->ended[i] : 0, fault));
    }
    return ERR_OK;
}

static enum err close_at_authority(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                                   bool cancelled, struct fault *fault)
{
    Parkgate__AuthorityRecord *known = NULL;
    TRY(watch_authority(txn, bundle->authority, &known, fault));
    Parkgate__AuthorityRecord authority = *known;
    authority.open_number = 0;
    if (!cancelled) {
        apply_to_authority(&authority, bundle);
        authority.digest = bundle->digest;
    }
    enum err err = project_watch_authority(txn, &authority, fault);

    parkgate__authority_record__free_unpacked(known, NULL);
    return err;
}

enum err project_watch_close(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__WatchClose *close = (const void *)body;
    Parkgate__WatchBundle *known = NULL;
    TRY(watch_bundle_get(txn, close->authority, close->number, &known, fault));
    Parkgate__WatchBundle bundle = *known;
    bundle.state = close->cancelled ? STAGE_CANCELLED : STAGE_CLOSED;
    bundle.closed_us = entry->time_us;
    bundle.acts_at = entry->sequence;
    bundle.error = close->error;
    bundle.n_arg = close->n_arg;
    bundle.arg = close->arg;
    enum err err = project_persons_closed(txn, &bundle, close->cancelled, fault);
    if (err == ERR_OK && !close->cancelled) {
        err = sum_year(txn, &bundle, fault);
    }
    bundle.n_person_other = 0; /* these served their turn */
    bundle.n_begun = 0;
    bundle.n_ended = 0;
    if (err == ERR_OK) {
        err = put_stage(txn, bundle.stage, entry->actor, bundle.state, bundle.changes, fault);
    }
    if (err == ERR_OK) {
        err = project_watch_bundle(txn, &bundle, fault);
    }
    if (err == ERR_OK) {
        err = close_at_authority(txn, &bundle, close->cancelled, fault);
    }
    parkgate__watch_bundle__free_unpacked(known, NULL);
    return err;
}
