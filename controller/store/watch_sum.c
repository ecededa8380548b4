#include "controller/store/watch_sum.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/watch.h"

static uint32_t year_of(struct wall at)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    int64_t day = at.us / day_us - (at.us % day_us < 0);
    return (uint32_t)civil_date_of((int32_t)day).year;
}

enum err watch_sum_add(struct store_txn *txn, const char *authority, uint32_t matcher,
                       struct wall at, uint64_t begun, uint64_t ended, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    Parkgate__WatchSum sum = PARKGATE__WATCH_SUM__INIT;
    if (begun == 0 && ended == 0) {
        return ERR_OK;
    }
    keybuf_begin(&key);
    keybuf_u32(&key, year_of(at));
    keybuf_text(&key, authority);
    keybuf_text(&key, watch_matcher_name(matcher));
    enum err err = store_get_message(txn, TABLE_WATCH_SUM, keybuf_view(&key),
                                     &parkgate__watch_sum__descriptor, &message, fault);
    if (err == ERR_OK) {
        sum = *(const Parkgate__WatchSum *)(const void *)message;
        store_message_destroy(&message);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    sum.begun += begun;
    sum.ended += ended;
    return store_put_message(txn, TABLE_WATCH_SUM, keybuf_view(&key), &sum.base, fault);
}

enum err watch_sum_begun(struct store_txn *txn, const Parkgate__WatchRecord *record,
                         struct wall at, struct fault *fault)
{
    return watch_sum_add(txn, record->authority, record->matcher, at, !record->test, 0, fault);
}

enum err watch_sum_ended(struct store_txn *txn, const Parkgate__WatchRecord *record,
                         struct wall at, struct fault *fault)
{
    return watch_sum_add(txn, record->authority, record->matcher, at, 0, !record->test, fault);
}

/* --- one year --- */

static void read_word(struct reader *r, char out[WATCH_SUM_WORD_SIZE])
{
    size_t used = 0;
    for (uint8_t c = reader_u8(r); c != 0 && !r->bad; c = reader_u8(r)) {
        r->bad = r->bad || used + 1 >= WATCH_SUM_WORD_SIZE;
        if (!r->bad) {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
}

/* Its place; more authorities than there can be are one damaged table. */
static enum err place_of(struct watch_sums *sums, const char *authority, const char *matcher,
                         size_t *ret, struct fault *fault)
{
    for (*ret = 0; *ret < sums->count; ++*ret) {
        if (strcmp(sums->items[*ret].authority, authority) == 0 &&
            strcmp(sums->items[*ret].matcher, matcher) == 0) {
            return ERR_OK;
        }
    }
    if (sums->count == WATCH_SUMS_MAX) {
        return fault_set(fault, ERR_CORRUPT, "watch_sum: too many authorities");
    }
    memcpy(sums->items[*ret].authority, authority, WATCH_SUM_WORD_SIZE);
    memcpy(sums->items[*ret].matcher, matcher, WATCH_SUM_WORD_SIZE);
    sums->count++;
    return ERR_OK;
}

static enum err take_row(struct bytes key, struct bytes value, uint32_t year,
                         struct watch_sums *sums, struct fault *fault)
{
    size_t place = 0;
    ProtobufCMessage *message = NULL;
    char authority[WATCH_SUM_WORD_SIZE] = "";
    char matcher[WATCH_SUM_WORD_SIZE] = "";
    struct reader r = reader_of(key);
    uint32_t of = reader_u32(&r);
    read_word(&r, authority);
    read_word(&r, matcher);
    if (r.bad) {
        return fault_set(fault, ERR_CORRUPT, "watch_sum: a bad key");
    }
    TRY(place_of(sums, authority, matcher, &place, fault));
    TRY(store_unpack_message(key, value, &parkgate__watch_sum__descriptor, &message, fault));
    const Parkgate__WatchSum *sum = (const void *)message;
    sums->items[place].begun += sum->begun;
    sums->items[place].ended += of < year ? sum->ended : 0;
    store_message_destroy(&message);
    return ERR_OK;
}

enum err watch_sum_year(struct store_txn *txn, uint32_t year, struct watch_sums *ret,
                        struct fault *fault)
{
    struct keybuf end;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret = (struct watch_sums){0};
    keybuf_begin(&end);
    keybuf_u32(&end, year + 1);
    TRY(store_iter_range(txn, TABLE_WATCH_SUM, (struct bytes){0}, keybuf_view(&end), UINT64_MAX,
                         &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(take_row(key, value, year, ret, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
