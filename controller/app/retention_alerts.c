/* Alerts that were closed long ago: the alert, its steps, what is told of it to receivers outside.
 * The sums of its month stay (table ALERT_SUM), so that figures of years stay as they were. */
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/retention_parts.h"
#include "controller/store/alert_store.h"
#include "schema/kinds.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

/* *ret_all false: the slice is full before the last step. */
static enum err drop_steps(struct slice *s, struct retaining *r, uint64_t number, bool *ret_all,
                           struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_all = false;
    TRY(store_iter_prefix(s->ctl->txn, TABLE_ALERT_STEP, number_key(&prefix, number), UINT64_MAX,
                          &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf news;
        struct reader of = reader_of(key);
        (void)reader_u64(&of);
        uint64_t journal = reader_u64(&of);
        if (slice_is_full(s)) {
            return ERR_OK;
        }
        slice_remove(s, TABLE_ALERT_STEP, key, NULL);
        slice_remove(s, TABLE_ALERT_NEWS, number_key(&news, journal), NULL);
        r->next = journal > r->next ? journal : r->next;
    }
    *ret_all = !slice_is_full(s);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The cause's newest alert is another one, or nothing is known of the cause. */
static enum err drop_fold(struct slice *s, const Parkgate__AlertRecord *record, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    keybuf_begin(&key);
    keybuf_text(&key, record->fold);
    enum err err = store_get(s->ctl->txn, TABLE_ALERT_FOLD, keybuf_view(&key), &value, fault);
    if (err == ERR_OK) {
        struct reader number = reader_of(value);
        if (reader_u64(&number) == record->number) {
            slice_remove(s, TABLE_ALERT_FOLD, keybuf_view(&key), NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The newest of the numbers that people say stays, so that it is not given out again. */
static enum err drop_label(struct slice *s, const Parkgate__AlertRecord *record,
                           struct fault *fault)
{
    uint64_t next = 0;
    struct keybuf key;
    struct bytes value;
    uint64_t label = alert_label(record);
    TRY(alert_next_label(s->ctl->txn, &next, fault));
    enum err err =
        store_get(s->ctl->txn, TABLE_ALERT_LABEL, number_key(&key, label), &value, fault);
    if (err == ERR_OK && label + 1 != next) {
        slice_remove(s, TABLE_ALERT_LABEL, keybuf_view(&key), NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* *ret_all false: go on with this alert in the next slice. */
static enum err drop_alert(struct slice *s, struct retaining *r,
                           const Parkgate__AlertRecord *record, bool *ret_all, struct fault *fault)
{
    struct keybuf key;
    bool held = false;
    int64_t last_us = record->last_us > record->closed_us ? record->last_us : record->closed_us;
    *ret_all = true;
    if (record->state != ALERT_CLOSED || last_us >= s->cut.us) {
        return ERR_OK; /* what is open never goes */
    }
    TRY(slice_event_is_held(s, record->event, &held, fault));
    if (held) {
        return ERR_OK;
    }
    TRY(drop_steps(s, r, record->number, ret_all, fault));
    if (!*ret_all) {
        return ERR_OK;
    }
    TRY(drop_fold(s, record, fault));
    TRY(drop_label(s, record, fault));
    slice_remove(s, TABLE_ALERT, number_key(&key, record->number), NULL);
    return ERR_OK;
}

/* The same of one that cannot be read: its number is all that is known. */
static enum err drop_damaged(struct slice *s, struct retaining *r, struct bytes key, bool *ret_all,
                             struct fault *fault)
{
    struct reader of = reader_of(key);
    TRY(drop_steps(s, r, reader_u64(&of), ret_all, fault));
    if (*ret_all) {
        slice_remove(s, TABLE_ALERT, key, NULL);
    }
    return ERR_OK;
}

/* They lie in the order in which they were raised. */
enum err slice_alerts(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, TABLE_ALERT, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        bool all = false;
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(TABLE_ALERT, key, value, &parkgate__alert_record__descriptor, &message,
                       fault));
        const Parkgate__AlertRecord *record = (const void *)message;
        if (record != NULL && record->raised_us >= s->cut.us) {
            return ERR_OK;
        }
        TRY(record == NULL ? drop_damaged(s, r, key, &all, fault)
                           : drop_alert(s, r, record, &all, fault));
        if (!all) {
            slice_resume(s, key);
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
