#include "controller/store/hit_store.h"

#include "common/facts/tables.h"

struct bytes hit_key(struct keybuf *key, const char *authority, uint64_t number)
{
    keybuf_begin(key);
    keybuf_text(key, authority);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

struct bytes hit_day_key(struct keybuf *key, struct handle entry, int32_t day)
{
    keybuf_begin(key);
    keybuf_handle(key, entry);
    keybuf_u32(key, (uint32_t)day);
    return keybuf_view(key);
}

enum err hit_day_get(struct store_txn *txn, struct handle entry, int32_t day,
                     Parkgate__WatchDay **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_WATCH_DAY, hit_day_key(&key, entry, day),
                                     &parkgate__watch_day__descriptor, &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err hit_newest(struct store_txn *txn, const char *authority, uint64_t *ret_number,
                    struct fault *fault)
{
    struct keybuf key;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, authority);
    enum err err = store_get_message(txn, TABLE_WATCH_TOLD, keybuf_view(&key),
                                     &parkgate__watch_told__descriptor, &message, fault);
    *ret_number = err == ERR_OK ? ((const Parkgate__WatchTold *)(const void *)message)->number : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
