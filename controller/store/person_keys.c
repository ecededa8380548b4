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
