#include "controller/store/alert_store.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/retention_store.h"
#include "schema/limits.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

enum err alert_get(struct store_txn *txn, uint64_t number, Parkgate__AlertRecord **ret,
                   struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_ALERT, number_key(&key, number),
                          &parkgate__alert_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

uint64_t alert_label(const Parkgate__AlertRecord *record)
{
    return record->label != 0 ? record->label : record->number;
}

static enum err number_of_label(struct store_txn *txn, uint64_t label, uint64_t *ret,
                                struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    TRY(store_get(txn, TABLE_ALERT_LABEL, number_key(&key, label), &value, fault));
    struct reader r = reader_of(value);
    *ret = reader_u64(&r);
    return r.bad ? fault_set(fault, ERR_CORRUPT, "alert_label: a bad row") : ERR_OK;
}

enum err alert_of_label(struct store_txn *txn, uint64_t label, Parkgate__AlertRecord **ret,
                        struct fault *fault)
{
    uint64_t number = 0;
    TRY(number_of_label(txn, label, &number, fault));
    return alert_get(txn, number, ret, fault);
}

enum err alert_label_is_free(struct store_txn *txn, uint64_t label, bool *ret, struct fault *fault)
{
    uint64_t number = 0;
    enum err err = number_of_label(txn, label, &number, fault);
    *ret = err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err alert_next_label(struct store_txn *txn, uint64_t *ret, struct fault *fault)
{
    struct keybuf end;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret = 1;
    TRY(store_iter_range_back(txn, TABLE_ALERT_LABEL, (struct bytes){0},
                              number_key(&end, ALERT_LABEL_DRAWN), 1, &iter, fault));
    enum err err = store_iter_next(&iter, &key, &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader r = reader_of(key);
    *ret = reader_u64(&r) + 1;
    return ERR_OK;
}

enum err alert_label_put(struct store_txn *txn, const Parkgate__AlertRecord *record,
                         struct fault *fault)
{
    uint8_t number[8];
    struct keybuf key;
    struct writer w = writer_of(number, sizeof(number));
    writer_u64(&w, record->number);
    return store_put(txn, TABLE_ALERT_LABEL, number_key(&key, alert_label(record)),
                     BYTES_OF(number), fault);
}

enum err alert_of_fold(struct store_txn *txn, const char *fold, Parkgate__AlertRecord **ret,
                       struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    *ret = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, fold);
    enum err err = store_get(txn, TABLE_ALERT_FOLD, keybuf_view(&key), &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader r = reader_of(value);
    return alert_get(txn, reader_u64(&r), ret, fault);
}

/* --- walking --- */

/* The first row of `table` at or behind `from`. The results are borrowed. */
static enum err first_row(struct store_txn *txn, enum table table, struct bytes from,
                          struct bytes *ret_key, struct bytes *ret_value, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, table, from, (struct bytes){0}, 1, &iter, fault));
    return store_iter_next(&iter, ret_key, ret_value, fault);
}

enum err alert_next_open(struct store_txn *txn, struct alert_place after, struct alert_place *ret,
                         struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    keybuf_begin(&from);
    keybuf_u8(&from, after.priority);
    keybuf_u64(&from, after.number + 1);
    TRY(first_row(txn, TABLE_ALERT_OPEN, keybuf_view(&from), &key, &value, fault));
    struct reader r = reader_of(key);
    ret->priority = reader_u8(&r);
    ret->number = reader_u64(&r);
    return r.bad ? fault_set(fault, ERR_CORRUPT, "alert_open: a bad key") : ERR_OK;
}

enum err alert_open_count(struct store_txn *txn, uint64_t *ret, struct fault *fault)
{
    return store_count(txn, TABLE_ALERT_OPEN, ret, fault);
}

enum err alert_before(struct store_txn *txn, uint64_t number, Parkgate__AlertRecord **ret,
                      struct fault *fault)
{
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes end = number == 0 ? (struct bytes){0} : number_key(&until, number);
    TRY(store_iter_range_back(txn, TABLE_ALERT, (struct bytes){0}, end, 1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__alert_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err alert_first_due(struct store_txn *txn, struct wall now, uint64_t *ret_number,
                         struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    TRY(first_row(txn, TABLE_ALERT_DUE, (struct bytes){0}, &key, &value, fault));
    struct reader r = reader_of(key);
    struct wall due = keybuf_read_wall(&r);
    *ret_number = reader_u64(&r);
    if (r.bad) {
        return fault_set(fault, ERR_CORRUPT, "alert_due: a bad key");
    }
    return wall_before(now, due) ? ERR_NOT_FOUND : ERR_OK;
}

enum err alert_next_step(struct store_txn *txn, uint64_t number, uint64_t after,
                         uint64_t *ret_sequence, Parkgate__AlertStep **ret, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&from);
    keybuf_u64(&from, number);
    keybuf_u64(&from, after + 1);
    TRY(first_row(txn, TABLE_ALERT_STEP, keybuf_view(&from), &key, &value, fault));
    struct reader r = reader_of(key);
    if (reader_u64(&r) != number) {
        return ERR_NOT_FOUND;
    }
    *ret_sequence = reader_u64(&r);
    TRY(store_unpack_message(key, value, &parkgate__alert_step__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

static enum err read_news(struct bytes key, struct bytes value, struct alert_news_row *ret,
                          struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    struct reader r = reader_of(key);
    TRY(store_unpack_message(key, value, &parkgate__alert_news__descriptor, &message, fault));
    const Parkgate__AlertNews *news = (const void *)message;
    *ret = (struct alert_news_row){
        .sequence = reader_u64(&r), .number = news->number, .step = news->step};
    store_message_destroy(&message);
    return ERR_OK;
}

enum err alert_next_news(struct store_txn *txn, uint64_t after, struct alert_news_row *ret,
                         struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    TRY(first_row(txn, TABLE_ALERT_NEWS, number_key(&from, after + 1), &key, &value, fault));
    return read_news(key, value, ret, fault);
}

enum err alert_oldest_news(struct store_txn *txn, uint64_t *ret_sequence, struct fault *fault)
{
    struct alert_news_row row;
    enum err err = alert_next_news(txn, 0, &row, fault);
    *ret_sequence = err == ERR_OK ? row.sequence : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err alert_news_missed(struct store_txn *txn, uint64_t after, uint64_t *ret_last,
                           struct fault *fault)
{
    uint64_t rows = 0;
    uint64_t oldest = 0;
    Parkgate__RetentionRecord *past = NULL;
    *ret_last = 0;
    TRY(store_count(txn, TABLE_ALERT_NEWS, &rows, fault));
    TRY(alert_oldest_news(txn, &oldest, fault));
    TRY(retention_get(txn, "alerts", &past, fault));
    uint64_t gone = past->place;
    parkgate__retention_record__free_unpacked(past, NULL);
    if (rows < LIMIT_ALERT_NEWS && after >= gone) {
        return ERR_OK;
    }
    uint64_t last = oldest > 0 ? oldest - 1 : gone; /* before what is kept */
    *ret_last = last > after ? last : 0;
    return ERR_OK;
}

/* --- statistics --- */

static void read_word(struct reader *r, char out[ALERT_WORD_SIZE])
{
    size_t used = 0;
    for (uint8_t c = reader_u8(r); c != 0 && !r->bad; c = reader_u8(r)) {
        r->bad = r->bad || used + 1 >= ALERT_WORD_SIZE;
        if (!r->bad) {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
}

static enum err read_sum(struct bytes key, struct bytes value, struct alert_sum_row *ret,
                         struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    struct reader r = reader_of(key);
    ret->month = reader_u32(&r);
    read_word(&r, ret->kind);
    read_word(&r, ret->authority);
    read_word(&r, ret->matcher);
    if (r.bad || key.size > sizeof(ret->key)) {
        return fault_set(fault, ERR_CORRUPT, "alert_sum: a bad key");
    }
    memcpy(ret->key, key.data, key.size);
    ret->key_size = key.size;
    TRY(store_unpack_message(key, value, &parkgate__alert_sum__descriptor, &message, fault));
    ret->sum = (void *)message;
    return ERR_OK;
}

enum err alert_next_sum(struct store_txn *txn, uint32_t from, uint32_t until, struct bytes after,
                        struct alert_sum_row *ret, struct fault *fault)
{
    struct keybuf start;
    struct keybuf end;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&start);
    if (after.size > 0) {
        keybuf_bytes(&start, after);
        keybuf_u8(&start, 0); /* the first key behind it */
    } else {
        keybuf_u32(&start, from);
    }
    keybuf_begin(&end);
    keybuf_u32(&end, until + 1);
    TRY(store_iter_range(txn, TABLE_ALERT_SUM, keybuf_view(&start), keybuf_view(&end), 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    return read_sum(key, value, ret, fault);
}

/* --- record and value --- */

struct alert alert_of_record(const Parkgate__AlertRecord *record)
{
    return (struct alert){
        .state = (enum alert_state)record->state,
        .decision = (enum alert_decision)record->decision,
        .candidate = record->candidate != 0,
        .lasting = record->lasting != 0,
        .count = record->count,
        .level = record->level,
        .levels = record->levels,
        .late = record->late,
        .raised = {record->raised_us},
        .due = {record->due_us},
        .last = {record->last_us},
        .acknowledged = {record->acknowledged_us},
        .dispatched = {record->dispatched_us},
        .decided = {record->decided_us},
        .closed = {record->closed_us},
        .ended = {record->ended_us},
    };
}

void alert_into_record(const struct alert *alert, Parkgate__AlertRecord *record)
{
    record->state = alert->state;
    record->decision = alert->decision;
    record->candidate = alert->candidate;
    record->lasting = alert->lasting;
    record->count = alert->count;
    record->level = alert->level;
    record->levels = alert->levels;
    record->late = alert->late;
    record->raised_us = alert->raised.us;
    record->due_us = alert->due.us;
    record->last_us = alert->last.us;
    record->acknowledged_us = alert->acknowledged.us;
    record->dispatched_us = alert->dispatched.us;
    record->decided_us = alert->decided.us;
    record->closed_us = alert->closed.us;
    record->ended_us = alert->ended.us;
}
