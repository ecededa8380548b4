#include "controller/store/watch_person_store.h"

#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/facts/watch_store.h"
#include "schema/kinds.h"
#include "schema/watch.h"

bool watch_is_person(const Parkgate__WatchRecord *record)
{
    return record->matcher != WATCH_MATCHER_PLATE;
}

static bool waits_or_acts(const Parkgate__WatchRecord *record)
{
    return record->state == WATCH_STATE_WAITING || record->state == WATCH_STATE_ACTING;
}

bool watch_never_acted(const Parkgate__WatchRecord *record)
{
    return watch_is_person(record) && !waits_or_acts(record) &&
           (record->state == WATCH_STATE_REFUSED || record->by_us == 0);
}

static enum err forget_row(struct store_txn *txn, size_t table, struct bytes key,
                           struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- who is live --- */

/* More than an authority may have; only a damaged table has as many. */
enum { LIVE_ROWS_MAX = 2 * LIMIT_WATCH_PERSONS };

static struct bytes live_key(struct keybuf *key, const char *authority, struct wall end,
                             const struct handle *entry)
{
    (void)watch_authority_key(key, authority);
    keybuf_wall(key, end);
    if (entry != NULL) {
        keybuf_handle(key, *entry);
    }
    return keybuf_view(key);
}

/* As watch_is_live() has it: with a renewal that waits. */
static struct wall end_of(const Parkgate__WatchRecord *record)
{
    int64_t renewed = record->renewed_until_us;
    return (struct wall){renewed > record->until_us ? renewed : record->until_us};
}

enum err watch_live_begin(struct store_txn *txn, const char *authority, struct wall now,
                          struct store_iter *iter, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    return store_iter_range(
        txn, TABLE_WATCH_LIVE, live_key(&from, authority, (struct wall){now.us + 1}, NULL),
        live_key(&until, authority, (struct wall){INT64_MAX}, NULL), LIVE_ROWS_MAX, iter, fault);
}

enum err watch_live_next(struct store_iter *iter, struct handle *ret_entry, uint32_t *ret_state,
                         struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    TRY(store_iter_next(iter, &key, &value, fault));
    struct reader r =
        reader_of((struct bytes){.data = key.data + key.size - HANDLE_SIZE, .size = HANDLE_SIZE});
    *ret_entry = keybuf_read_handle(&r);
    r = reader_of(value);
    *ret_state = reader_u8(&r);
    return ERR_OK;
}

enum err watch_persons_of(struct store_txn *txn, const char *authority, struct wall now,
                          struct watch_persons *ret, struct fault *fault)
{
    struct handle entry;
    uint32_t state = 0;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret = (struct watch_persons){0};
    TRY(watch_live_begin(txn, authority, now, &iter, fault));
    while ((err = watch_live_next(&iter, &entry, &state, fault)) == ERR_OK) {
        ret->waiting += state == WATCH_STATE_WAITING;
        ret->acting += state == WATCH_STATE_ACTING;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err move_live(struct store_txn *txn, const Parkgate__WatchRecord *old,
                          const Parkgate__WatchRecord *now, struct fault *fault)
{
    struct keybuf key;
    struct handle entry = people_handle(&now->entry);
    if (old != NULL && waits_or_acts(old)) {
        TRY(forget_row(txn, TABLE_WATCH_LIVE, live_key(&key, old->authority, end_of(old), &entry),
                       fault));
    }
    if (!waits_or_acts(now)) {
        return ERR_OK;
    }
    const uint8_t state[] = {(uint8_t)now->state};
    return store_put(txn, TABLE_WATCH_LIVE, live_key(&key, now->authority, end_of(now), &entry),
                     BYTES_OF(state), fault);
}

/* --- terms --- */

static uint32_t terms_in(struct bytes value)
{
    struct reader r = reader_of(value);
    return reader_u32(&r);
}

enum err watch_terms_of_entry(struct store_txn *txn, const char *authority, struct bytes term_hash,
                              struct handle entry, uint32_t *ret_terms, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    enum err err = store_get(txn, TABLE_WATCH_PERSON,
                             watch_person_key(&key, authority, term_hash, &entry), &value, fault);
    *ret_terms = err == ERR_OK ? terms_in(value) : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err watch_terms_of(struct store_txn *txn, const char *authority,
                        const struct seal_hash *term_hash, struct handle but, uint32_t enough,
                        uint32_t *ret_terms, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err = ERR_OK;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_terms = 0;
    /* each row is a term at least, but the one that is left out */
    TRY(store_iter_prefix(txn, TABLE_WATCH_PERSON,
                          watch_person_key(&prefix, authority, BYTES_OF(term_hash->bytes), NULL),
                          (uint64_t)enough + 2, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(
            (struct bytes){.data = key.data + key.size - HANDLE_SIZE, .size = HANDLE_SIZE});
        *ret_terms += handle_equal(keybuf_read_handle(&r), but) ? 0 : terms_in(value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err watch_terms_put(struct store_txn *txn, const char *authority, struct bytes term_hash,
                         struct handle entry, uint32_t terms, struct fault *fault)
{
    struct keybuf key;
    struct keybuf value;
    if (term_hash.size == 0) {
        return ERR_OK;
    }
    (void)watch_person_key(&key, authority, term_hash, &entry);
    if (terms == 0) {
        return forget_row(txn, TABLE_WATCH_PERSON, keybuf_view(&key), fault);
    }
    keybuf_begin(&value);
    keybuf_u32(&value, terms);
    return store_put(txn, TABLE_WATCH_PERSON, keybuf_view(&key), keybuf_view(&value), fault);
}

static enum err put_terms(struct store_txn *txn, const Parkgate__WatchRecord *record,
                          const ProtobufCBinaryData *hash, uint32_t terms, struct fault *fault)
{
    return watch_terms_put(txn, record->authority, field_view(hash), people_handle(&record->entry),
                           terms, fault);
}

/* --- what becomes of an entry --- */

static void free_record(Parkgate__WatchRecord **record)
{
    if (*record != NULL) {
        parkgate__watch_record__free_unpacked(*record, NULL);
    }
}

/* The case numbers of before, as the valid record has them: bundles of before version 5 said none.
 */
static enum err take_former(struct store_txn *txn, Parkgate__WatchRecord *record,
                            struct fault *fault)
{
    AUTO(free_record) Parkgate__WatchRecord *valid = NULL;
    enum err err = watch_entry(txn, people_handle(&record->entry), &valid, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    size_t count = record->n_former_term; /* each takes what the other had */
    ProtobufCBinaryData *former = record->former_term;
    record->n_former_term = valid->n_former_term;
    record->former_term = valid->former_term;
    valid->n_former_term = count;
    valid->former_term = former;
    return ERR_OK;
}

enum err project_person_staged(struct store_txn *txn, uint32_t kind, Parkgate__WatchRecord *record,
                               struct fault *fault)
{
    if (kind == WATCH_CHANGE_ADD) {
        return put_terms(txn, record, &record->term_hash, record->terms, fault);
    }
    TRY(take_former(txn, record, fault));
    if (kind != WATCH_CHANGE_RENEW) {
        return ERR_OK;
    }
    TRY(watch_terms_of_entry(txn, record->authority, field_view(&record->renewed_term_hash),
                             people_handle(&record->entry), &record->renewed_was, fault));
    return put_terms(txn, record, &record->renewed_term_hash, record->renewed_terms, fault);
}

enum err project_person_undone(struct store_txn *txn, uint32_t kind,
                               const Parkgate__WatchRecord *record, struct fault *fault)
{
    if (kind == WATCH_CHANGE_ADD) {
        return put_terms(txn, record, &record->term_hash, 0, fault);
    }
    return kind == WATCH_CHANGE_RENEW
               ? put_terms(txn, record, &record->renewed_term_hash, record->renewed_was, fault)
               : ERR_OK;
}

enum err project_person_moved(struct store_txn *txn, const Parkgate__WatchRecord *old,
                              const Parkgate__WatchRecord *now, struct fault *fault)
{
    if (!watch_is_person(now)) {
        return ERR_OK;
    }
    TRY(move_live(txn, old, now, fault));
    bool waited = old != NULL && old->renewed_until_us != 0 && now->renewed_until_us == 0;
    if (waited && now->renewals == old->renewals) { /* the renewal comes to nothing */
        TRY(put_terms(txn, old, &old->renewed_term_hash, old->renewed_was, fault));
    }
    return watch_never_acted(now) ? put_terms(txn, now, &now->term_hash, 0, fault) : ERR_OK;
}

enum err project_person_forgotten(struct store_txn *txn, const Parkgate__WatchRecord *record,
                                  struct fault *fault)
{
    TRY(put_terms(txn, record, &record->term_hash, 0, fault));
    TRY(put_terms(txn, record, &record->renewed_term_hash, 0, fault));
    for (size_t i = 0; i < record->n_former_term; i++) {
        TRY(put_terms(txn, record, &record->former_term[i], 0, fault));
    }
    return ERR_OK;
}

/* --- at a bundle's end --- */

static enum err close_record(struct store_txn *txn, uint32_t kind,
                             const Parkgate__WatchRecord *record, bool cancelled,
                             struct fault *fault)
{
    AUTO(free_record) Parkgate__WatchRecord *before = NULL;
    if (cancelled) {
        return project_person_undone(txn, kind, record, fault);
    }
    if (record->previous.len > 0) {
        before = parkgate__watch_record__unpack(NULL, record->previous.len, record->previous.data);
        if (before == NULL) {
            return fault_set(fault, ERR_CORRUPT, "watch: a kept record cannot be read");
        }
    }
    return project_person_moved(txn, before, record, fault);
}

static enum err close_change(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                             uint32_t change, bool cancelled, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_get(txn, TABLE_WATCH_CHANGE,
                  watch_change_key(&key, bundle->authority, bundle->number, change), &value,
                  fault));
    struct reader r = reader_of(value);
    uint32_t kind = reader_u8(&r);
    struct handle entry = keybuf_read_handle(&r);
    TRY(versioned_newest(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault));
    const Parkgate__WatchRecord *record = (const void *)message;
    return record->stage == bundle->stage ? close_record(txn, kind, record, cancelled, fault)
                                          : ERR_OK;
}

static enum err close_changes(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                              const uint32_t *changes, size_t count, bool cancelled,
                              struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        enum err err = close_change(txn, bundle, changes[i], cancelled, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

enum err project_persons_closed(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                                bool cancelled, struct fault *fault)
{
    TRY(close_changes(txn, bundle, bundle->person_add, bundle->n_person_add, cancelled, fault));
    return close_changes(txn, bundle, bundle->person_other, bundle->n_person_other, cancelled,
                         fault);
}
