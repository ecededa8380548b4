/* What became of entries of the watch list after their bundle: an officer's word, their ends, and
 * whose identity numbers were hashed. */
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

/* Room for the case numbers of before, in one projection. */
struct former {
    ProtobufCBinaryData hashes[LIMIT_WATCH_RENEWALS + 1];
};

/* The case number of before goes to the others of before, once. */
static void keep_former(Parkgate__WatchRecord *record, struct former *former)
{
    size_t count = 0;
    struct bytes now = field_view(&record->renewed_term_hash);
    for (size_t i = 0; i < record->n_former_term && count < LIMIT_WATCH_RENEWALS; i++) {
        if (!bytes_equal(field_view(&record->former_term[i]), now)) {
            former->hashes[count++] = record->former_term[i];
        }
    }
    if (record->term_hash.len > 0 && !bytes_equal(field_view(&record->term_hash), now)) {
        former->hashes[count++] = record->term_hash;
    }
    record->former_term = former->hashes;
    record->n_former_term = count;
}

static void countersign(Parkgate__WatchRecord *record, struct former *former)
{
    if (record->state == WATCH_STATE_WAITING) {
        record->state = WATCH_STATE_ACTING;
    }
    if (record->renewed_until_us == 0) {
        return;
    }
    keep_former(record, former);
    record->until_us = record->renewed_until_us;
    record->renewals++;
    record->sealed = record->renewed_sealed;
    record->term_hash = record->renewed_term_hash;
    record->terms = record->renewed_terms;
}

static void refuse(Parkgate__WatchRecord *record, const Parkgate__WatchStep *step)
{
    record->reason = step->reason;
    if (record->state == WATCH_STATE_WAITING) {
        record->state = WATCH_STATE_REFUSED;
        record->sealed = (ProtobufCBinaryData){0};
    }
}

/* Gates are to hear of it as they did of its bundle. */
static enum err not_at_gates(struct store_txn *txn, const Parkgate__Entry *entry,
                             const Parkgate__WatchRecord *record, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    enum err err = watch_bundle_get(txn, record->authority, record->number, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bundle->acts_at = entry->sequence;
    bundle->gates_us = 0;
    bundle->gates = 0;
    err = project_watch_bundle(txn, bundle, fault);
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return err;
}

/* By an officer; nothing of an open bundle stands above this record. */
static enum err decide_entry(struct store_txn *txn, const Parkgate__Entry *entry,
                             const Parkgate__WatchStep *step, struct fault *fault)
{
    struct former former;
    Parkgate__WatchRecord *known = NULL;
    TRY(watch_entry(txn, people_handle(&step->entry), &known, fault));
    Parkgate__WatchRecord record = *known;
    if (step->step == WATCH_COUNTERSIGNED) {
        countersign(&record, &former);
    } else {
        refuse(&record, step);
    }
    record.renewed_until_us = 0;
    record.renewed_sealed = (ProtobufCBinaryData){0};
    record.renewed_term_hash = (ProtobufCBinaryData){0};
    record.renewed_terms = 0;
    record.renewed_was = 0;
    record.by = step->by;
    record.by_us = entry->time_us;
    record.since_us = record.state != known->state ? entry->time_us : known->since_us;
    record.stage = 0;
    record.previous = (ProtobufCBinaryData){0};
    enum err err = project_watch_entry(txn, &record, fault);
    if (err == ERR_OK) {
        err = project_person_moved(txn, known, &record, fault);
    }
    if (err == ERR_OK && known->state == WATCH_STATE_WAITING &&
        record.state == WATCH_STATE_ACTING) {
        err = watch_sum_begun(txn, &record, (struct wall){entry->time_us}, fault);
    }
    if (err == ERR_OK && step->step == WATCH_COUNTERSIGNED) {
        err = not_at_gates(txn, entry, &record, fault);
    }
    parkgate__watch_record__free_unpacked(known, NULL);
    return err;
}

/* One that never became valid, a vehicle's, or one of long ago: nothing of it is needed. */
static enum err drop_entry(struct store_txn *txn, const Parkgate__WatchRecord *record,
                           struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    struct handle entry = people_handle(&record->entry);
    struct bytes id = watch_id_key(&key, record->authority, field_view(&record->id_hash));
    enum err err = store_get(txn, TABLE_WATCH_ID, id, &value, fault);
    if (err == ERR_OK && bytes_equal(value, BYTES_OF(entry.bytes))) {
        err = store_del(txn, TABLE_WATCH_ID, id, fault);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(project_person_forgotten(txn, record, fault));
    return store_del(txn, TABLE_WATCH, BYTES_OF(entry.bytes), fault);
}

static enum err one_vehicle_less(struct store_txn *txn, const char *name, struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(watch_authority(txn, name, &authority, fault));
    authority->vehicles -= authority->vehicles > 0;
    enum err err = project_watch_authority(txn, authority, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

/* `valid`: it was not of a bundle that came to nothing. `forget`: its terms need not be known, as
 * of one that never acted. */
static enum err end_entry(struct store_txn *txn, const Parkgate__Entry *by,
                          const Parkgate__WatchRecord *known, bool valid, bool forget,
                          struct fault *fault)
{
    Parkgate__WatchRecord record = *known;
    bool vehicle = record.matcher == WATCH_MATCHER_PLATE;
    if (record.state == WATCH_STATE_ACTING && valid) {
        int64_t at_us = by->time_us < record.until_us ? by->time_us : record.until_us;
        TRY(watch_sum_ended(txn, &record, (struct wall){at_us}, fault));
    }
    if (record.state == WATCH_STATE_WAITING || record.state == WATCH_STATE_ACTING) {
        record.state = WATCH_STATE_ENDED;
        record.since_us = by->time_us;
        if (vehicle && valid) {
            TRY(one_vehicle_less(txn, record.authority, fault));
        }
    }
    record.sealed = (ProtobufCBinaryData){0};
    record.renewed_until_us = 0;
    record.renewed_was = 0;
    record.renewed_sealed = (ProtobufCBinaryData){0};
    record.stage = 0;
    record.previous = (ProtobufCBinaryData){0};
    TRY(project_watch_rows(txn, &record, fault));
    if (valid) {
        TRY(project_person_moved(txn, known, &record, fault));
    }
    bool drop = vehicle || !valid || forget || watch_never_acted(&record);
    return drop ? drop_entry(txn, &record, fault) : project_watch_entry(txn, &record, fault);
}

static enum err end_one(struct store_txn *txn, const Parkgate__Entry *by, struct handle entry,
                        bool forget, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = versioned_get(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault);
    bool valid = err == ERR_OK;
    if (err == ERR_NOT_FOUND) {
        err = versioned_newest(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault);
    }
    if (err == ERR_OK) {
        err = end_entry(txn, by, (void *)message, valid, forget, fault);
    }
    store_message_destroy(&message);
    return err == ERR_OK ? project_watch_days_end(txn, entry, fault) : err;
}

static enum err lapse_one(struct store_txn *txn, struct handle entry, struct fault *fault)
{
    Parkgate__WatchRecord *known = NULL;
    enum err err = watch_entry(txn, entry, &known, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__WatchRecord record = *known;
    if (record.state == WATCH_STATE_ACTING) {
        err = watch_sum_ended(txn, &record, (struct wall){record.until_us}, fault);
    }
    if (err == ERR_OK &&
        (record.state == WATCH_STATE_WAITING || record.state == WATCH_STATE_ACTING)) {
        record.state = WATCH_STATE_ENDED;
        record.since_us = record.until_us;
        record.renewed_until_us = 0;
        record.renewed_was = 0;
        record.stage = 0;
        record.previous = (ProtobufCBinaryData){0};
        err = project_watch_entry(txn, &record, fault);
        if (err == ERR_OK) {
            err = project_person_moved(txn, known, &record, fault);
        }
        if (err == ERR_OK && record.matcher == WATCH_MATCHER_PLATE) {
            err = one_vehicle_less(txn, record.authority, fault);
        }
    }
    parkgate__watch_record__free_unpacked(known, NULL);
    return err == ERR_OK ? project_watch_days_end(txn, entry, fault) : err;
}

static enum err lapse_all(struct store_txn *txn, const Parkgate__WatchStep *step,
                          struct fault *fault)
{
    for (size_t i = 0; i < step->n_handle; i++) {
        TRY(lapse_one(txn, people_handle(&step->handle[i]), fault));
    }
    return ERR_OK;
}

static enum err end_all(struct store_txn *txn, const Parkgate__Entry *by,
                        const Parkgate__WatchStep *step, struct fault *fault)
{
    for (size_t i = 0; i < step->n_handle; i++) {
        TRY(end_one(txn, by, people_handle(&step->handle[i]), step->forget, fault));
    }
    return ERR_OK;
}

/* Those of before, at a holder's first row. */
static enum err forget_former(struct store_txn *txn, const Parkgate__WatchStep *step, size_t i,
                              struct fault *fault)
{
    struct handle holder = people_handle(&step->handle[i]);
    bool first = i == 0 || !handle_equal(people_handle(&step->handle[i - 1]), holder);
    return step->whole && first ? project_watch_forget_identities(txn, holder, fault) : ERR_OK;
}

static enum err looked(struct store_txn *txn, const Parkgate__WatchStep *step, struct fault *fault)
{
    Parkgate__AuthorityRecord *known = NULL;
    for (size_t i = 0; i < step->n_handle && i < step->n_hash; i++) {
        TRY(forget_former(txn, step, i, fault));
        TRY(project_watch_identity(txn, field_view(&step->hash[i]), people_handle(&step->handle[i]),
                                   fault));
    }
    TRY(watch_authority(txn, step->authority, &known, fault));
    Parkgate__AuthorityRecord authority = *known;
    authority.looked = step->upto;
    authority.looked_all = step->all;
    enum err err = project_watch_authority(txn, &authority, fault);
    parkgate__authority_record__free_unpacked(known, NULL);
    return err;
}

static enum err at_gates(struct store_txn *txn, const Parkgate__Entry *entry,
                         const Parkgate__WatchStep *step, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    TRY(watch_bundle_get(txn, step->authority, step->number, &bundle, fault));
    bundle->gates_us = entry->time_us;
    bundle->gates = step->gates;
    enum err err = project_watch_bundle(txn, bundle, fault);
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return err;
}

/* A slice of a bundle's changes; when none is left, the bundle. */
static enum err put_away(struct store_txn *txn, const Parkgate__WatchStep *step,
                         struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_CHANGE,
                          watch_bundle_key(&prefix, step->authority, step->number),
                          WATCH_PUT_AWAY_ROWS, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf row;
        keybuf_begin(&row);
        keybuf_bytes(&row, key);
        TRY(store_del(txn, TABLE_WATCH_CHANGE, keybuf_view(&row), fault));
    }
    if (err != ERR_NOT_FOUND || iter.cut) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = store_del(txn, TABLE_WATCH_BUNDLE,
                    watch_bundle_key(&prefix, step->authority, step->number), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_watch_step(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__WatchStep *step = (const void *)body;
    switch ((enum watch_step)step->step) {
    case WATCH_COUNTERSIGNED:
    case WATCH_REFUSED:
        return decide_entry(txn, entry, step, fault);
    case WATCH_ENDED:
        return end_all(txn, entry, step, fault);
    case WATCH_LOOKED:
        return looked(txn, step, fault);
    case WATCH_AT_GATES:
        return at_gates(txn, entry, step, fault);
    case WATCH_LAPSED:
        return lapse_all(txn, step, fault);
    case WATCH_PUT_AWAY:
        return put_away(txn, step, fault);
    }
    return fault_set(fault, ERR_CORRUPT, "journal: a step of the watch list is not known");
}
