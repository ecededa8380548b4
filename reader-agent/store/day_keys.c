#include "reader-agent/store/day_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"

enum { DAY_KEYS_VERSION = 1, DAY_KEYS_MAP_BYTES = 16 << 20 };
enum day_keys_table { TABLE_KEYS = 0, DAY_KEYS_TABLES };

static const char *const table_names[DAY_KEYS_TABLES] = {[TABLE_KEYS] = "keys"};
static const char *const hash_key_name = "hash";

struct day_keys {
    struct store *store; /* NULL: a write failed for good, and it could not be opened again yet */
    const struct entropy *entropy;
    char path[STORE_PATH_SIZE];
    bool to_read;
};

static enum err open_store(struct day_keys *keys, bool create, struct fault *fault)
{
    return store_open(&(struct store_options){.dir = keys->path,
                                              .kind = "agent-keys",
                                              .version = DAY_KEYS_VERSION,
                                              .tables = table_names,
                                              .table_count = DAY_KEYS_TABLES,
                                              .map_size = DAY_KEYS_MAP_BYTES,
                                              .create = create,
                                              .read_only = keys->to_read},
                      &keys->store, fault);
}

/* After a failed write of its root LMDB refuses everything until it is opened anew. */
static enum err begin(struct day_keys *keys, bool write, struct store_txn **ret_txn,
                      struct fault *fault)
{
    enum err (*const begin_one)(struct store *, struct store_txn **, struct fault *) =
        write ? store_begin_write : store_begin_read;
    if (keys->store != NULL) {
        enum err err = begin_one(keys->store, ret_txn, fault);
        if (err != ERR_IO) {
            return err;
        }
    }
    store_destroy(&keys->store);
    TRY(open_store(keys, false, fault));
    return begin_one(keys->store, ret_txn, fault);
}

static enum err open_keys(const char *dir, const struct entropy *entropy, bool to_read,
                          struct day_keys **ret_keys, struct fault *fault)
{
    AUTO(day_keys_destroy) struct day_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    int size = snprintf(keys->path, sizeof(keys->path), "%s/keys", dir);
    if (size < 0 || (size_t)size >= sizeof(keys->path)) {
        return fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
    }
    keys->entropy = entropy;
    keys->to_read = to_read;
    TRY(open_store(keys, !to_read, fault));
    *ret_keys = keys;
    keys = NULL;
    return ERR_OK;
}

enum err day_keys_open(const char *dir, const struct entropy *entropy, struct day_keys **ret_keys,
                       struct fault *fault)
{
    return open_keys(dir, entropy, false, ret_keys, fault);
}

enum err day_keys_open_to_read(const char *dir, struct day_keys **ret_keys, struct fault *fault)
{
    return open_keys(dir, NULL, true, ret_keys, fault);
}

void day_keys_destroy(struct day_keys **keys)
{
    if (*keys == NULL) {
        return;
    }
    store_destroy(&(*keys)->store);
    free(*keys);
    *keys = NULL;
}

static enum err find(struct day_keys *keys, struct bytes key, uint8_t ret_key[DAY_KEY_SIZE],
                     struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(begin(keys, false, &txn, fault));
    struct bytes value;
    TRY(store_get(txn, TABLE_KEYS, key, &value, fault));
    if (value.size != DAY_KEY_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "a day key of the outbox is damaged");
    }
    memcpy(ret_key, value.data, DAY_KEY_SIZE);
    return ERR_OK;
}

static enum err put_once(struct day_keys *keys, struct bytes key, const uint8_t fresh[DAY_KEY_SIZE],
                         struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(begin(keys, true, &txn, fault));
    TRY(store_put(txn, TABLE_KEYS, key, (struct bytes){.data = fresh, .size = DAY_KEY_SIZE},
                  fault));
    return store_commit(&txn, fault);
}

static enum err find_or_draw(struct day_keys *keys, struct bytes key, uint8_t ret_key[DAY_KEY_SIZE],
                             struct fault *fault)
{
    enum err err = find(keys, key, ret_key, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    uint8_t fresh[DAY_KEY_SIZE];
    entropy_fill(keys->entropy, fresh, sizeof(fresh));
    err = put_once(keys, key, fresh, fault);
    if (err == ERR_MAP_FULL) {
        TRY(store_grow(keys->store, fault));
        err = put_once(keys, key, fresh, fault);
    }
    if (err == ERR_OK) {
        memcpy(ret_key, fresh, sizeof(fresh));
    }
    explicit_bzero(fresh, sizeof(fresh));
    return err;
}

static void key_of_day(struct keybuf *key, uint32_t day)
{
    keybuf_begin(key);
    keybuf_u32(key, day);
}

enum err day_keys_get(struct day_keys *keys, uint32_t day, uint8_t ret_key[DAY_KEY_SIZE],
                      struct fault *fault)
{
    struct keybuf key;
    key_of_day(&key, day);
    return find_or_draw(keys, keybuf_view(&key), ret_key, fault);
}

enum err day_keys_find(struct day_keys *keys, uint32_t day, uint8_t ret_key[DAY_KEY_SIZE],
                       struct fault *fault)
{
    struct keybuf key;
    key_of_day(&key, day);
    return find(keys, keybuf_view(&key), ret_key, fault);
}

enum err day_keys_hash_key(struct day_keys *keys, uint8_t ret_key[DAY_KEY_SIZE],
                           struct fault *fault)
{
    return find_or_draw(keys, bytes_of_text(hash_key_name), ret_key, fault);
}

enum err day_keys_drop(struct day_keys *keys, uint32_t day, struct fault *fault)
{
    struct keybuf key;
    key_of_day(&key, day);
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(begin(keys, true, &txn, fault));
    enum err err = store_del(txn, TABLE_KEYS, keybuf_view(&key), fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    return store_commit(&txn, fault);
}
