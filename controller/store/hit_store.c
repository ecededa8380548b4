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

struct bytes hit_near_key(struct keybuf *key, const struct hit_near *near)
{
    keybuf_begin(key);
    keybuf_wall(key, near->noted);
    keybuf_handle(key, near->entry);
    keybuf_u32(key, (uint32_t)near->day);
    return keybuf_view(key);
}

enum err hit_first_near(struct store_txn *txn, struct hit_near *ret, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_NEAR, (struct bytes){0}, 1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    ret->noted = keybuf_read_wall(&r);
    ret->entry = keybuf_read_handle(&r);
    ret->day = (int32_t)reader_u32(&r);
    return reader_done(&r) ? ERR_OK : fault_set(fault, ERR_CORRUPT, "watch_near: a bad key");
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
