#include "controller/store/migrate_watch.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/facts/watch_store.h"
#include "controller/store/project_watch.h"
#include "controller/store/watch_person_store.h"
#include "schema/kinds.h"
#include "schema/watch.h"

/* The program before failed by a damaged row, or did not read it: it keeps nobody from starting. */
static enum err pass_over(enum err err, size_t table, const struct fault *local,
                          struct fault *fault)
{
    if (err == ERR_CORRUPT) {
        log_error("store_row_damaged", LOG_TEXT("table", table_names[table]),
                  LOG_TEXT("what", local->what));
        return ERR_OK;
    }
    return err == ERR_OK ? ERR_OK : fault_set(fault, err, "%s", local->what);
}

/* Each row of a table, which may be written on the way. */
static enum err each_row(struct store_txn *txn, size_t table, struct bytes prefix,
                         enum err (*visit)(struct store_txn *txn, struct bytes key,
                                           struct bytes value, struct fault *fault),
                         struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, table, prefix, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf kept; /* what is borrowed does not outlive a write */
        struct fault local = {0};
        keybuf_begin(&kept);
        keybuf_bytes(&kept, key);
        TRY(pass_over(visit(txn, keybuf_view(&kept), value, &local), table, &local, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* An entry as it stands: what was written last, and what is valid, which may be the same. */
struct entry {
    ProtobufCMessage *newest, *valid; /* valid NULL: it is inert */
};

static void entry_end(struct entry *entry)
{
    store_message_destroy(&entry->newest);
    store_message_destroy(&entry->valid);
}

static Parkgate__WatchRecord *newest_of(const struct entry *entry)
{
    return (void *)entry->newest;
}

static Parkgate__WatchRecord *valid_of(const struct entry *entry)
{
    return (void *)entry->valid;
}

static enum err entry_get(struct store_txn *txn, struct bytes key, struct entry *ret,
                          struct fault *fault)
{
    TRY(versioned_newest(txn, VERSIONED_WATCH, key, &ret->newest, fault));
    enum err err = versioned_get(txn, VERSIONED_WATCH, key, &ret->valid, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool is_one(const struct entry *entry)
{
    return entry->valid != NULL && valid_of(entry)->stage == newest_of(entry)->stage;
}

static enum err put_newest(struct store_txn *txn, const Parkgate__WatchRecord *record,
                           struct fault *fault)
{
    return store_put_message(txn, TABLE_WATCH, field_view(&record->entry), &record->base, fault);
}

/* Both, with what was changed of them; the stage of each stays. */
static enum err entry_put(struct store_txn *txn, const struct entry *entry, struct fault *fault)
{
    uint8_t packed[STORE_VALUE_MAX];
    Parkgate__WatchRecord record = *newest_of(entry);
    if (is_one(entry)) {
        return put_newest(txn, valid_of(entry), fault);
    }
    if (entry->valid != NULL) {
        MUST(parkgate__watch_record__get_packed_size(valid_of(entry)) <= sizeof(packed));
        record.previous.len = parkgate__watch_record__pack(valid_of(entry), packed);
        record.previous.data = packed;
    }
    return put_newest(txn, &record, fault);
}

/* --- case numbers of before --- */

static bool has_term(const Parkgate__WatchRecord *record, struct bytes hash)
{
    return bytes_equal(hash, field_view(&record->term_hash)) ||
           bytes_equal(hash, field_view(&record->renewed_term_hash));
}

/* Terms under a case number that the entry has no more. How many they were is not known of each: a
 * first one may have been renewed once. Rather one too many than one too few. */
static uint32_t former_terms(const Parkgate__WatchRecord *record)
{
    bool first_was_renewed = record->renewals > record->n_former_term && record->terms == 1;
    return first_was_renewed ? 2 : 1;
}

/* The caller's room for a record's list, while it is put. */
struct former {
    ProtobufCBinaryData hashes[LIMIT_WATCH_RENEWALS];
};

static void lend_former(Parkgate__WatchRecord *record, struct former *former, struct bytes hash)
{
    size_t count = record->n_former_term;
    if (count > 0) {
        memcpy(former->hashes, record->former_term, count * sizeof(former->hashes[0]));
    }
    former->hashes[count++] = field_of(hash);
    record->former_term = former->hashes;
    record->n_former_term = count;
}

static enum err add_former(struct store_txn *txn, const struct entry *entry, struct bytes hash,
                           struct fault *fault)
{
    struct former former;
    Parkgate__WatchRecord newest = *newest_of(entry);
    Parkgate__WatchRecord valid = *valid_of(entry);
    const struct entry more = {.newest = &newest.base, .valid = &valid.base};
    if (valid.n_former_term >= ARRAY_LEN(former.hashes)) {
        return ERR_OK;
    }
    lend_former(&valid, &former, hash);
    newest.former_term = valid.former_term;
    newest.n_former_term = valid.n_former_term;
    TRY(entry_put(txn, &more, fault));
    return watch_terms_put(txn, valid.authority, hash, people_handle(&valid.entry),
                           former_terms(&valid), fault);
}

/* A row of before said nothing but that there is one. It is of a case number that the entry has, or
 * had; or of a renewal that never was. */
static enum err visit_terms(struct store_txn *txn, struct bytes key, struct bytes value,
                            struct fault *fault)
{
    AUTO(entry_end) struct entry entry = {0};
    struct reader r = reader_of(key);
    (void)value;
    (void)keybuf_read_name(&r);
    struct bytes hash = reader_bytes(&r, SEAL_HASH_SIZE);
    struct handle handle = keybuf_read_handle(&r);
    if (r.bad) {
        return fault_set(fault, ERR_CORRUPT, "watch_person: a damaged key");
    }
    enum err err = entry_get(txn, BYTES_OF(handle.bytes), &entry, fault);
    if (err == ERR_OK && entry.valid != NULL && !has_term(newest_of(&entry), hash) &&
        !has_term(valid_of(&entry), hash) && valid_of(&entry)->renewals > 0) {
        return add_former(txn, &entry, hash, fault);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    return store_del(txn, TABLE_WATCH_PERSON, key, fault); /* visit_entry() writes what stands */
}

/* --- entries --- */

static enum err put_renewal(struct store_txn *txn, const struct entry *entry, struct fault *fault)
{
    Parkgate__WatchRecord *valid = valid_of(entry);
    struct bytes hash = field_view(&valid->renewed_term_hash);
    if (valid->renewed_until_us == 0) {
        return ERR_OK;
    }
    valid->renewed_was = bytes_equal(hash, field_view(&valid->term_hash)) ? valid->terms : 0;
    TRY(watch_terms_put(txn, valid->authority, hash, people_handle(&valid->entry),
                        valid->renewed_terms, fault));
    return entry_put(txn, entry, fault);
}

static enum err visit_entry(struct store_txn *txn, struct bytes key, struct bytes value,
                            struct fault *fault)
{
    AUTO(entry_end) struct entry entry = {0};
    (void)value;
    TRY(entry_get(txn, key, &entry, fault));
    const Parkgate__WatchRecord *valid = valid_of(&entry);
    if (valid == NULL || !watch_is_person(valid)) {
        return ERR_OK;
    }
    TRY(watch_terms_put(txn, valid->authority, field_view(&valid->term_hash),
                        people_handle(&valid->entry), valid->terms, fault));
    TRY(put_renewal(txn, &entry, fault));
    return project_person_moved(txn, NULL, valid, fault); /* live; no terms if it never acted */
}

/* --- bundles --- */

/* Changes of a bundle that is being taken, as if their slices came now. */
struct open_bundle {
    Parkgate__WatchBundle bundle;
    uint32_t other[LIMIT_WATCH_PERSONS];
    uint32_t begun[WATCH_MATCHER_COUNT], ended[WATCH_MATCHER_COUNT];
};

static enum err stage_again(struct store_txn *txn, struct bytes key, struct bytes value,
                            struct open_bundle *open, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    struct reader place = reader_of(
        (struct bytes){.data = key.data + key.size - sizeof(uint32_t), .size = sizeof(uint32_t)});
    struct reader r = reader_of(value);
    uint32_t kind = reader_u8(&r);
    struct handle entry = keybuf_read_handle(&r);
    enum err err = versioned_newest(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__WatchRecord *record = (void *)message;
    if (record->stage == open->bundle.stage) {
        project_watch_sum(&open->bundle, kind, record);
    }
    if (!watch_is_person(record) || record->stage != open->bundle.stage) {
        return ERR_OK;
    }
    if (kind != WATCH_CHANGE_ADD && open->bundle.n_person_other < ARRAY_LEN(open->other)) {
        open->other[open->bundle.n_person_other++] = reader_u32(&place);
    }
    TRY(project_person_staged(txn, kind, record, fault));
    return put_newest(txn, record, fault);
}

static enum err visit_open(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                           struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    struct open_bundle open = {.bundle = *bundle};
    AUTO(store_iter_end) struct store_iter iter = {0};
    open.bundle.n_person_other = 0;
    open.bundle.person_other = open.other;
    open.bundle.begun = open.begun;
    open.bundle.ended = open.ended;
    open.bundle.n_begun = open.bundle.n_ended = bundle->changes > 0 ? WATCH_MATCHER_COUNT : 0;
    TRY(store_iter_prefix(txn, TABLE_WATCH_CHANGE,
                          watch_bundle_key(&prefix, bundle->authority, bundle->number), UINT64_MAX,
                          &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(stage_again(txn, key, value, &open, fault));
    }
    return err == ERR_NOT_FOUND ? project_watch_bundle(txn, &open.bundle, fault) : err;
}

/* --- authorities --- */

#define DAY_US INT64_C(86400000000)

/* Bundles of the day of the newest one; some that another took the place of are not known. */
static enum err count_begun(struct store_txn *txn, Parkgate__AuthorityRecord *authority,
                            uint64_t newest, struct fault *fault)
{
    for (uint64_t number = newest; number > 0; number--) {
        Parkgate__WatchBundle *bundle = NULL;
        enum err err = watch_bundle_get(txn, authority->name, number, &bundle, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        int64_t day_us = bundle->begun_us - bundle->begun_us % DAY_US;
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
        if (number == newest) {
            authority->begun_day_us = day_us;
        } else if (day_us != authority->begun_day_us) {
            return ERR_OK;
        }
        authority->begun++;
    }
    return ERR_OK;
}

static enum err visit_authority(struct store_txn *txn, struct bytes key, struct bytes value,
                                struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    Parkgate__WatchBundle *bundle = NULL;
    TRY(store_unpack_message(key, value, &parkgate__authority_record__descriptor, &message, fault));
    Parkgate__AuthorityRecord *authority = (void *)message;
    enum err err = watch_bundle_get(txn, authority->name, authority->number + 1, &bundle, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    uint64_t newest = authority->number + (bundle != NULL);
    err = bundle != NULL && bundle->number == authority->open_number
              ? visit_open(txn, bundle, fault)
              : ERR_OK;
    if (bundle != NULL) {
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    TRY(err);
    TRY(count_begun(txn, authority, newest, fault));
    return project_watch_authority(txn, authority, fault);
}

enum err migrate_watch(struct store_txn *txn, struct fault *fault)
{
    const struct bytes all = {0};
    TRY(each_row(txn, TABLE_WATCH_PERSON, all, visit_terms, fault));
    TRY(each_row(txn, TABLE_WATCH, all, visit_entry, fault));
    return each_row(txn, TABLE_AUTHORITY, all, visit_authority, fault);
}
