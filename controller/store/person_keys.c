#include "controller/store/person_keys.h"

#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"

static enum err get_key(struct store_txn *txn, enum key_table table, const struct keybuf *at,
                        struct seal_key *ret_key, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, table, keybuf_view(at), &value, fault));
    if (value.size != SEAL_KEY_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "person keys: a key of %zu bytes", value.size);
    }
    memcpy(ret_key->bytes, value.data, SEAL_KEY_SIZE);
    return ERR_OK;
}

enum err person_key_get(struct store_txn *txn, struct handle holder, struct seal_key *ret_key,
                        struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_handle(&key, holder);
    return get_key(txn, KEY_TABLE_HOLDER, &key, ret_key, fault);
}

enum err person_key_put(struct store_txn *txn, struct handle holder, const struct seal_key *key,
                        struct fault *fault)
{
    struct keybuf at;
    keybuf_begin(&at);
    keybuf_handle(&at, holder);
    return store_put(txn, KEY_TABLE_HOLDER, keybuf_view(&at), BYTES_OF(key->bytes), fault);
}

enum err person_key_delete(struct store_txn *txn, struct handle holder, struct fault *fault)
{
    struct keybuf at;
    keybuf_begin(&at);
    keybuf_handle(&at, holder);
    return store_del(txn, KEY_TABLE_HOLDER, keybuf_view(&at), fault);
}

enum err day_key_get(struct store_txn *txn, int32_t day, struct seal_key *ret_key,
                     struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u32(&key, (uint32_t)day);
    return get_key(txn, KEY_TABLE_DAY, &key, ret_key, fault);
}

enum err day_key_put(struct store_txn *txn, int32_t day, const struct seal_key *key,
                     struct fault *fault)
{
    struct keybuf at;
    keybuf_begin(&at);
    keybuf_u32(&at, (uint32_t)day);
    return store_put(txn, KEY_TABLE_DAY, keybuf_view(&at), BYTES_OF(key->bytes), fault);
}

static struct bytes watch_place(struct keybuf *at, struct handle entry)
{
    keybuf_begin(at);
    keybuf_handle(at, entry);
    return keybuf_view(at);
}

enum err watch_key_get(struct store_txn *txn, struct handle entry, struct seal_key *ret_key,
                       struct fault *fault)
{
    struct keybuf at;
    (void)watch_place(&at, entry);
    return get_key(txn, KEY_TABLE_WATCH, &at, ret_key, fault);
}

enum err watch_key_put(struct store_txn *txn, struct handle entry, const struct seal_key *key,
                       struct fault *fault)
{
    struct keybuf at;
    return store_put(txn, KEY_TABLE_WATCH, watch_place(&at, entry), BYTES_OF(key->bytes), fault);
}

enum err watch_key_destroy(struct store_txn *txn, struct handle entry, struct fault *fault)
{
    struct keybuf at;
    return store_del(txn, KEY_TABLE_WATCH, watch_place(&at, entry), fault);
}

enum err candidate_key_get(struct store_txn *txn, struct handle candidate,
                           struct seal_key *ret_key, struct fault *fault)
{
    struct keybuf at;
    (void)watch_place(&at, candidate);
    return get_key(txn, KEY_TABLE_CANDIDATE, &at, ret_key, fault);
}

enum err candidate_key_put(struct store_txn *txn, struct handle candidate,
                           const struct seal_key *key, struct fault *fault)
{
    struct keybuf at;
    return store_put(txn, KEY_TABLE_CANDIDATE, watch_place(&at, candidate), BYTES_OF(key->bytes),
                     fault);
}

enum err candidate_key_destroy(struct store_txn *txn, struct handle candidate, struct fault *fault)
{
    struct keybuf at;
    return store_del(txn, KEY_TABLE_CANDIDATE, watch_place(&at, candidate), fault);
}

static struct bytes authority_place(struct keybuf *at, const char *authority, uint32_t generation)
{
    keybuf_begin(at);
    keybuf_text(at, authority);
    keybuf_u32(at, generation);
    return keybuf_view(at);
}

enum err authority_keys_get(struct store_txn *txn, const char *authority, uint32_t generation,
                            struct authority_keys *ret_keys, struct fault *fault)
{
    struct keybuf at;
    struct bytes value;
    TRY(store_get(txn, KEY_TABLE_AUTHORITY, authority_place(&at, authority, generation), &value,
                  fault));
    if (value.size != 2 * SEAL_KEY_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "person keys: an authority's of %zu bytes", value.size);
    }
    memcpy(ret_keys->matching.bytes, value.data, SEAL_KEY_SIZE);
    memcpy(ret_keys->own.bytes, value.data + SEAL_KEY_SIZE, SEAL_KEY_SIZE);
    return ERR_OK;
}

enum err authority_keys_put(struct store_txn *txn, const char *authority, uint32_t generation,
                            const struct authority_keys *keys, struct fault *fault)
{
    struct keybuf at;
    uint8_t both[2 * SEAL_KEY_SIZE];
    memcpy(both, keys->matching.bytes, SEAL_KEY_SIZE);
    memcpy(both + SEAL_KEY_SIZE, keys->own.bytes, SEAL_KEY_SIZE);
    enum err err = store_put(txn, KEY_TABLE_AUTHORITY, authority_place(&at, authority, generation),
                             BYTES_OF(both), fault);
    seal_wipe(both, sizeof(both));
    return err;
}

enum err authority_keys_destroy(struct store_txn *txn, const char *authority, uint32_t generation,
                                struct fault *fault)
{
    struct keybuf at;
    return store_del(txn, KEY_TABLE_AUTHORITY, authority_place(&at, authority, generation), fault);
}

enum err day_keys_delete(struct store_txn *txn, int32_t before, unsigned *ret_deleted,
                         struct fault *fault)
{
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_deleted = 0;
    if (before <= 0) {
        return ERR_OK;
    }
    keybuf_begin(&until);
    keybuf_u32(&until, (uint32_t)before);
    TRY(store_iter_range(txn, KEY_TABLE_DAY, (struct bytes){0}, keybuf_view(&until), UINT64_MAX,
                         &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf at;
        keybuf_begin(&at);
        keybuf_bytes(&at, key);
        TRY(store_del(txn, KEY_TABLE_DAY, keybuf_view(&at), fault));
        (*ret_deleted)++;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
