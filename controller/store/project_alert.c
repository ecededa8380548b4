#include <string.h>

#include "common/base/must.h"
#include "controller/store/alert_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"
#include "schema/limits.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

/* One entry's change of an alert: which step, and the alert after it. */
struct change {
    const Parkgate__Entry *entry;
    const Parkgate__AlertEntry *made;
    const Parkgate__AlertRecord *alert;
};

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

static struct bytes open_key(struct keybuf *key, const Parkgate__AlertRecord *record)
{
    keybuf_begin(key);
    keybuf_u8(key, (uint8_t)record->priority);
    keybuf_u64(key, record->number);
    return keybuf_view(key);
}

static struct bytes due_key(struct keybuf *key, const Parkgate__AlertRecord *record)
{
    keybuf_begin(key);
    keybuf_wall(key, (struct wall){record->due_us});
    keybuf_u64(key, record->number);
    return keybuf_view(key);
}

static enum err forget(struct store_txn *txn, enum table table, struct bytes key,
                       struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- the alert itself, and where it is found --- */

static enum err move_places(struct store_txn *txn, const Parkgate__AlertRecord *before,
                            const Parkgate__AlertRecord *after, struct fault *fault)
{
    struct keybuf key;
    bool was_open = before != NULL && before->state != ALERT_CLOSED;
    bool is_open = after->state != ALERT_CLOSED;
    if (was_open && !is_open) {
        TRY(forget(txn, TABLE_ALERT_OPEN, open_key(&key, before), fault));
    }
    if (!was_open && is_open) {
        TRY(store_put(txn, TABLE_ALERT_OPEN, open_key(&key, after), nothing, fault));
    }
    if (before != NULL && before->due_us != 0 && before->due_us != after->due_us) {
        TRY(forget(txn, TABLE_ALERT_DUE, due_key(&key, before), fault));
    }
    if (after->due_us != 0 && (before == NULL || before->due_us != after->due_us)) {
        TRY(store_put(txn, TABLE_ALERT_DUE, due_key(&key, after), nothing, fault));
    }
    return ERR_OK;
}

static enum err put_fold(struct store_txn *txn, const Parkgate__AlertRecord *record,
                         struct fault *fault)
{
    uint8_t number[8];
    struct keybuf key;
    struct writer w = writer_of(number, sizeof(number));
    writer_u64(&w, record->number);
    return store_put(txn, TABLE_ALERT_FOLD, project_name_key(&key, record->fold), BYTES_OF(number),
                     fault);
}

static enum err put_step(struct store_txn *txn, const struct change *change, struct fault *fault)
{
    struct keybuf key;
    Parkgate__AlertStep step = PARKGATE__ALERT_STEP__INIT;
    if (change->made->step == ALERT_STEP_REPEAT) {
        return ERR_OK; /* the record counts them */
    }
    step.step = change->made->step;
    step.at_us = change->entry->time_us;
    step.actor = change->entry->actor;
    step.person = change->made->person;
    step.from = change->made->from;
    step.reason = change->made->reason;
    step.level = change->alert->level;
    step.document = change->made->document;
    (void)number_key(&key, change->alert->number);
    keybuf_u64(&key, change->entry->sequence);
    return store_put_message(txn, TABLE_ALERT_STEP, keybuf_view(&key), &step.base, fault);
}

/* --- for who follows alerts, inside and outside --- */

static enum err put_news(struct store_txn *txn, const struct change *change, struct fault *fault)
{
    struct keybuf key;
    uint64_t rows = 0;
    uint64_t oldest = 0;
    Parkgate__AlertNews news = PARKGATE__ALERT_NEWS__INIT;
    if (change->made->step == ALERT_STEP_REPEAT) {
        return ERR_OK;
    }
    news.number = change->alert->number;
    news.step = change->made->step;
    TRY(store_put_message(txn, TABLE_ALERT_NEWS, number_key(&key, change->entry->sequence),
                          &news.base, fault));
    TRY(store_count(txn, TABLE_ALERT_NEWS, &rows, fault));
    if (rows <= LIMIT_ALERT_NEWS) {
        return ERR_OK;
    }
    TRY(alert_oldest_news(txn, &oldest, fault));
    return forget(txn, TABLE_ALERT_NEWS, number_key(&key, oldest), fault);
}

/* --- statistics --- */

/* The sums of a month's kind as values; arrays of their own, for the message's are of its size. */
struct sums {
    Parkgate__AlertSum sum;
    uint64_t steps[ALERT_LIMIT_COUNT], late[ALERT_LIMIT_COUNT], took[ALERT_LIMIT_COUNT],
        longest[ALERT_LIMIT_COUNT];
};

static void copy_array(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count && i < ALERT_LIMIT_COUNT; i++) {
        to[i] = from[i];
    }
}

static enum err read_sums(struct store_txn *txn, struct bytes key, struct sums *s,
                          struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    *s = (struct sums){.sum = PARKGATE__ALERT_SUM__INIT};
    enum err err = store_get_message(txn, TABLE_ALERT_SUM, key, &parkgate__alert_sum__descriptor,
                                     &message, fault);
    if (err == ERR_OK) {
        const Parkgate__AlertSum *kept = (const void *)message;
        copy_array(s->steps, kept->steps, kept->n_steps);
        copy_array(s->late, kept->late, kept->n_late);
        copy_array(s->took, kept->sum_ms, kept->n_sum_ms);
        copy_array(s->longest, kept->longest_ms, kept->n_longest_ms);
        s->sum = *kept;
        store_message_destroy(&message);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    s->sum.n_steps = s->sum.n_late = s->sum.n_sum_ms = s->sum.n_longest_ms = ALERT_LIMIT_COUNT;
    s->sum.steps = s->steps;
    s->sum.late = s->late;
    s->sum.sum_ms = s->took;
    s->sum.longest_ms = s->longest;
    return ERR_OK;
}

static void count_step(struct sums *s, const Parkgate__AlertRecord *record, enum alert_limit limit)
{
    struct alert alert = alert_of_record(record);
    uint64_t took = alert_took_ms(&alert, limit);
    s->steps[limit]++;
    s->late[limit] += (record->late >> limit & 1) != 0;
    s->took[limit] += took;
    s->longest[limit] = took > s->longest[limit] ? took : s->longest[limit];
}

static void count_change(struct sums *s, const struct change *change)
{
    const Parkgate__AlertRecord *record = change->alert;
    uint32_t step = change->made->step;
    s->sum.raised += step == ALERT_STEP_RAISE;
    s->sum.repeats += step == ALERT_STEP_REPEAT;
    s->sum.escalated += step == ALERT_STEP_ESCALATE;
    s->sum.confirmed += step == ALERT_STEP_CONFIRM;
    s->sum.rejected += step == ALERT_STEP_REJECT;
    s->sum.lapsed += step == ALERT_STEP_LAPSE;
    s->sum.closed += record->state == ALERT_CLOSED && step != ALERT_STEP_REPEAT;
    if (step == ALERT_STEP_ACKNOWLEDGE) {
        count_step(s, record, ALERT_LIMIT_ACKNOWLEDGE);
    } else if (step == ALERT_STEP_DISPATCH) {
        count_step(s, record, ALERT_LIMIT_DISPATCH);
    } else if (step == ALERT_STEP_CONFIRM || step == ALERT_STEP_REJECT) {
        count_step(s, record, ALERT_LIMIT_DECIDE);
    }
}

static enum err add_sums(struct store_txn *txn, const struct change *change, struct fault *fault)
{
    struct keybuf key;
    struct sums s;
    keybuf_begin(&key);
    keybuf_u32(&key, change->alert->month);
    keybuf_text(&key, change->alert->kind);
    keybuf_text(&key, change->alert->authority);
    keybuf_text(&key, change->alert->matcher);
    TRY(read_sums(txn, keybuf_view(&key), &s, fault));
    count_change(&s, change);
    return store_put_message(txn, TABLE_ALERT_SUM, keybuf_view(&key), &s.sum.base, fault);
}

/* --- one change --- */

static enum err apply(struct store_txn *txn, const struct change *change, struct fault *fault)
{
    struct keybuf key;
    Parkgate__AlertRecord *before = NULL;
    enum err err = alert_get(txn, change->alert->number, &before, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    err = move_places(txn, before, change->alert, fault);
    if (before != NULL) {
        parkgate__alert_record__free_unpacked(before, NULL);
    }
    TRY(err);
    TRY(store_put_message(txn, TABLE_ALERT, number_key(&key, change->alert->number),
                          &change->alert->base, fault));
    if (change->made->step == ALERT_STEP_RAISE) {
        TRY(put_fold(txn, change->alert, fault));
        TRY(alert_label_put(txn, change->alert, fault));
    }
    TRY(put_step(txn, change, fault));
    TRY(put_news(txn, change, fault));
    return add_sums(txn, change, fault);
}

static enum err apply_made(struct store_txn *txn, const Parkgate__Entry *entry,
                           const Parkgate__AlertEntry *made, struct fault *fault)
{
    Parkgate__AlertRecord *alert =
        parkgate__alert_record__unpack(NULL, made->alert.len, made->alert.data);
    if (alert == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: the alert of entry %llu cannot be read",
                         (unsigned long long)entry->sequence);
    }
    enum err err =
        apply(txn, &(struct change){.entry = entry, .made = made, .alert = alert}, fault);
    parkgate__alert_record__free_unpacked(alert, NULL);
    return err;
}

enum err alert_apply(struct store_txn *txn, const Parkgate__Entry *entry,
                     const ProtobufCBinaryData *packed, struct fault *fault)
{
    Parkgate__AlertEntry *made = parkgate__alert_entry__unpack(NULL, packed->len, packed->data);
    if (made == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: the alert of entry %llu cannot be read",
                         (unsigned long long)entry->sequence);
    }
    enum err err = apply_made(txn, entry, made, fault);
    parkgate__alert_entry__free_unpacked(made, NULL);
    return err;
}

enum err project_alert(struct store_txn *txn, const Parkgate__Entry *entry,
                       const ProtobufCMessage *body, struct fault *fault)
{
    return apply_made(txn, entry, (const void *)body, fault);
}
