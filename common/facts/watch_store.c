#include "common/facts/watch_store.h"

#include "common/base/log.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "schema/watch.h"

/* Rows looked at for one target: WATCH_ALIKE_MAX of each authority are live, others wait for the
 * sweep. */
enum { ROWS_MAX = 1024 };

/* --- keys --- */

struct bytes watch_match_key(struct keybuf *key, uint32_t matcher, struct bytes hash,
                             const struct handle *entry)
{
    keybuf_begin(key);
    keybuf_u8(key, (uint8_t)matcher);
    keybuf_bytes(key, hash);
    if (entry != NULL) {
        keybuf_handle(key, *entry);
    }
    return keybuf_view(key);
}

struct bytes watch_target_key(struct keybuf *key, struct handle holder, const struct handle *entry)
{
    keybuf_begin(key);
    keybuf_handle(key, holder);
    if (entry != NULL) {
        keybuf_handle(key, *entry);
    }
    return keybuf_view(key);
}

struct bytes watch_authority_key(struct keybuf *key, const char *authority)
{
    keybuf_begin(key);
    keybuf_text(key, authority);
    return keybuf_view(key);
}

struct bytes watch_id_key(struct keybuf *key, const char *authority, struct bytes id_hash)
{
    (void)watch_authority_key(key, authority);
    keybuf_bytes(key, id_hash);
    return keybuf_view(key);
}

struct bytes watch_person_key(struct keybuf *key, const char *authority, struct bytes term_hash,
                              const struct handle *entry)
{
    (void)watch_id_key(key, authority, term_hash);
    if (entry != NULL) {
        keybuf_handle(key, *entry);
    }
    return keybuf_view(key);
}

struct bytes watch_bundle_key(struct keybuf *key, const char *authority, uint64_t number)
{
    (void)watch_authority_key(key, authority);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

struct bytes watch_change_key(struct keybuf *key, const char *authority, uint64_t number,
                              uint32_t change)
{
    (void)watch_bundle_key(key, authority, number);
    keybuf_u32(key, change);
    return keybuf_view(key);
}

/* --- what acts --- */

enum err watch_authority_acts(struct store_txn *txn, const char *authority, bool *ret_acts,
                              struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_AUTHORITY_STATE, watch_authority_key(&key, authority),
                                     &parkgate__authority_state__descriptor, &message, fault);
    *ret_acts = err == ERR_OK && !((Parkgate__AuthorityState *)(void *)message)->suspended;
    store_message_destroy(&message);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool is_on(const Parkgate__WatchMatch *match, struct wall now)
{
    return !match->ended && now.us >= match->from_us && now.us < match->until_us;
}

/* The last part of both tables' keys. */
static struct handle entry_of_key(struct bytes key)
{
    struct reader r = reader_of(
        (struct bytes){.data = key.data + key.size - HANDLE_SIZE, .size = HANDLE_SIZE});
    return keybuf_read_handle(&r);
}

static enum err add_if_acting(struct store_txn *txn, uint32_t matcher, struct bytes key,
                              const Parkgate__WatchMatch *match, struct wall now,
                              struct watch_finds *finds, struct fault *fault)
{
    bool acts = false;
    if (finds->count == WATCH_FOUND_MAX || !is_on(match, now)) {
        return ERR_OK;
    }
    struct watch_found found = {.entry = entry_of_key(key),
                                .authority = name_or_none(match->authority),
                                .matcher = matcher,
                                .action = match->action,
                                .instruction = match->instruction,
                                .test = match->test};
    TRY(watch_authority_acts(txn, match->authority, &acts, fault));
    if (acts) {
        finds->items[finds->count++] = found;
    }
    return ERR_OK;
}

static enum err find(struct store_txn *txn, enum versioned_kind kind, struct bytes prefix,
                     uint32_t matcher, struct wall now, struct watch_finds *finds,
                     struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(
        txn, kind == VERSIONED_WATCH_MATCH ? TABLE_WATCH_MATCH : TABLE_WATCH_TARGET, prefix,
        ROWS_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        err = versioned_resolve(txn, kind, key, value, &message, fault);
        if (err == ERR_OK) {
            err = add_if_acting(txn, matcher, key, (void *)message, now, finds, fault);
        }
        if (err == ERR_CORRUPT) { /* whoever passes is not refused for it */
            log_error("store_row_damaged", LOG_TEXT("table", "watch"),
                      LOG_TEXT("what", fault->what));
        } else if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err watch_find_match(struct store_txn *txn, uint32_t matcher, struct bytes hash,
                          struct wall now, struct watch_finds *finds, struct fault *fault)
{
    struct keybuf key;
    return find(txn, VERSIONED_WATCH_MATCH, watch_match_key(&key, matcher, hash, NULL), matcher, now,
                finds, fault);
}

enum err watch_find_target(struct store_txn *txn, struct handle holder, struct wall now,
                           struct watch_finds *finds, struct fault *fault)
{
    struct keybuf key;
    return find(txn, VERSIONED_WATCH_TARGET, watch_target_key(&key, holder, NULL),
                WATCH_MATCHER_IDENTITY, now, finds, fault);
}

/* --- records --- */

enum err watch_authority(struct store_txn *txn, const char *authority,
                         Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_AUTHORITY, watch_authority_key(&key, authority),
                          &parkgate__authority_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err watch_entry(struct store_txn *txn, struct handle entry, Parkgate__WatchRecord **ret,
                     struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(versioned_get(txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err watch_entry_of_id(struct store_txn *txn, const char *authority, struct bytes id_hash,
                           Parkgate__WatchRecord **ret, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    TRY(store_get(txn, TABLE_WATCH_ID, watch_id_key(&key, authority, id_hash), &value, fault));
    struct reader r = reader_of(value);
    return watch_entry(txn, keybuf_read_handle(&r), ret, fault);
}

enum err watch_bundle_get(struct store_txn *txn, const char *authority, uint64_t number,
                          Parkgate__WatchBundle **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_WATCH_BUNDLE, watch_bundle_key(&key, authority, number),
                          &parkgate__watch_bundle__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err watch_oldest_bundle(struct store_txn *txn, const char *authority,
                             Parkgate__WatchBundle **ret, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_BUNDLE, watch_authority_key(&prefix, authority), 1, &iter,
                          fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__watch_bundle__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

bool watch_is_live(const Parkgate__WatchRecord *record, struct wall now)
{
    bool renewed = record->renewed_until_us != 0 && now.us < record->renewed_until_us;
    return (record->state == WATCH_STATE_WAITING || record->state == WATCH_STATE_ACTING) &&
           (now.us < record->until_us || renewed);
}

uint32_t watch_state_now(const Parkgate__WatchRecord *record, bool authority_acts, struct wall now)
{
    if (record->state != WATCH_STATE_WAITING && record->state != WATCH_STATE_ACTING) {
        return record->state;
    }
    if (!watch_is_live(record, now)) {
        return WATCH_STATE_ENDED;
    }
    if (!authority_acts) {
        return WATCH_STATE_SUSPENDED;
    }
    bool waits = record->renewed_until_us != 0 && now.us >= record->until_us;
    return waits ? WATCH_STATE_WAITING : record->state;
}
