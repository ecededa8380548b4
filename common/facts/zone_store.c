#include "common/facts/zone_store.h"

#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

/* --- crowd --- */

static void crowd_from(struct keybuf *key, const char *zone, struct wall captured)
{
    keybuf_begin(key);
    keybuf_text(key, zone);
    keybuf_wall(key, captured);
}

/* The first key behind all of the zone's. */
static void crowd_end(struct keybuf *key, const char *zone)
{
    crowd_from(key, zone, (struct wall){.us = INT64_MAX});
}

enum err crowd_count(struct store_txn *txn, struct name zone, struct wall when, uint32_t limit,
                     uint32_t *ret_count, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    uint32_t count = 0;
    enum err err;
    crowd_from(&from, zone.text, (struct wall){.us = when.us - CROWD_WINDOW_US + 1});
    crowd_end(&until, zone.text);
    TRY(store_iter_range(txn, TABLE_CROWD, keybuf_view(&from), keybuf_view(&until), limit, &iter,
                         fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        count++;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return ERR_OK;
}

/* Captured time of the zone's newest entry; INT64_MIN: none. */
static enum err newest_entry(struct store_txn *txn, const char *zone, struct wall *ret_newest,
                             struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_newest = (struct wall){.us = INT64_MIN};
    keybuf_begin(&from);
    keybuf_text(&from, zone);
    crowd_end(&until, zone);
    TRY(store_iter_range_back(txn, TABLE_CROWD, keybuf_view(&from), keybuf_view(&until), 1, &iter,
                              fault));
    enum err err = store_iter_next(&iter, &key, &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader r = reader_of(key);
    (void)keybuf_read_name(&r);
    *ret_newest = keybuf_read_wall(&r);
    return r.bad ? fault_set(fault, ERR_CORRUPT, "crowd: a damaged key") : ERR_OK;
}

static enum err drop_before(struct store_txn *txn, const char *zone, struct wall before,
                            struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&from);
    keybuf_text(&from, zone);
    crowd_from(&until, zone, before);
    TRY(store_iter_range(txn, TABLE_CROWD, keybuf_view(&from), keybuf_view(&until), UINT64_MAX,
                         &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint8_t copy[STORE_KEY_MAX];
        memcpy(copy, key.data, key.size);
        TRY(store_del(txn, TABLE_CROWD, (struct bytes){.data = copy, .size = key.size}, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err crowd_add(struct store_txn *txn, const char *zone, struct wall captured, uint64_t journal,
                   struct fault *fault)
{
    struct wall newest;
    struct keybuf key;
    TRY(newest_entry(txn, zone, &newest, fault));
    if (newest.us != INT64_MIN && captured.us < newest.us - CROWD_KEEP_US) {
        return ERR_OK;
    }
    crowd_from(&key, zone, captured);
    keybuf_u64(&key, journal);
    TRY(store_put(txn, TABLE_CROWD, keybuf_view(&key), (struct bytes){0}, fault));
    return captured.us > newest.us
               ? drop_before(txn, zone, (struct wall){.us = captured.us - CROWD_KEEP_US}, fault)
               : ERR_OK;
}

/* --- first person --- */

static struct bytes start_key(struct keybuf *key, const char *zone, int32_t day)
{
    keybuf_begin(key);
    keybuf_text(key, zone);
    keybuf_u32(key, (uint32_t)day);
    return keybuf_view(key);
}

enum err zone_is_started(struct store_txn *txn, struct name zone, int32_t day, bool *ret_started,
                         struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    enum err err = store_get(txn, TABLE_STARTED, start_key(&key, zone.text, day), &value, fault);
    *ret_started = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err zone_start(struct store_txn *txn, const char *zone, int32_t day, struct wall captured,
                    struct fault *fault)
{
    struct keybuf buf;
    struct bytes key = start_key(&buf, zone, day);
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    Parkgate__StartRecord record = PARKGATE__START_RECORD__INIT;
    enum err err = store_get_message(txn, TABLE_STARTED, key, &parkgate__start_record__descriptor,
                                     &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK &&
        ((const Parkgate__StartRecord *)(const void *)message)->captured_us <= captured.us) {
        return ERR_OK;
    }
    record.captured_us = captured.us;
    return store_put_message(txn, TABLE_STARTED, key, &record.base, fault);
}
