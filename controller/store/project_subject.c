#include "common/facts/field.h"
#include "controller/store/project_parts.h"
#include "controller/store/subject_store.h"
#include "schema/kinds.h"

static struct bytes open_key(struct keybuf *key, const Parkgate__SubjectRecord *order)
{
    return subject_open_key(key, order->gate, order->reader, order->state == SUBJECT_FAILED,
                            order->number);
}

static enum err drop_open(struct store_txn *txn, const Parkgate__SubjectRecord *order,
                          struct fault *fault)
{
    struct keybuf key;
    enum err err = store_del(txn, TABLE_SUBJECT_OPEN, open_key(&key, order), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A new order takes the place of the one before: that is no longer wanted, whatever became of it.
 */
enum err project_subject_order(struct store_txn *txn, const Parkgate__Entry *entry,
                               const ProtobufCMessage *body, struct fault *fault)
{
    Parkgate__SubjectRecord order = *(const Parkgate__SubjectRecord *)(const void *)body;
    struct keybuf key;
    struct keybuf open;
    Parkgate__SubjectRecord *before = NULL;
    struct bytes row = subject_key(&key, order.reader, field_view(&order.hash));
    enum err err = subject_get(txn, row, &before, fault);
    if (err == ERR_OK) {
        err = drop_open(txn, before, fault);
        parkgate__subject_record__free_unpacked(before, NULL);
    } else if (err == ERR_NOT_FOUND) {
        err = ERR_OK;
    }
    TRY(err);
    order.number = entry->sequence;
    order.state = SUBJECT_WANTED;
    order.since_us = entry->time_us;
    TRY(store_put_message(txn, TABLE_SUBJECT, row, &order.base, fault));
    return store_put(txn, TABLE_SUBJECT_OPEN, open_key(&open, &order), row, fault);
}

/* The key in TABLE_SUBJECT of the open order that is answered. */
static enum err find_open(struct store_txn *txn, const Parkgate__EventEntry *event,
                          struct bytes *ret, struct fault *fault)
{
    struct keybuf open;
    enum err err = store_get(
        txn, TABLE_SUBJECT_OPEN,
        subject_open_key(&open, event->gate, event->reader, false, event->order), ret, fault);
    return err != ERR_NOT_FOUND
               ? err
               : store_get(txn, TABLE_SUBJECT_OPEN,
                           subject_open_key(&open, event->gate, event->reader, true, event->order),
                           ret, fault);
}

/* An answer to an order that is no longer the newest of its row finds no open one: it changes
 * nothing. */
enum err project_subject_answer(struct store_txn *txn, const Parkgate__Entry *entry,
                                const Parkgate__EventEntry *event, struct fault *fault)
{
    struct keybuf open;
    struct keybuf key;
    struct bytes value;
    Parkgate__SubjectRecord *order = NULL;
    enum err err = find_open(txn, event, &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    keybuf_begin(&key); /* writes make the borrowed value void */
    keybuf_bytes(&key, value);
    TRY(subject_get(txn, keybuf_view(&key), &order, fault));
    Parkgate__SubjectRecord changed = *order;
    changed.state = event->subject_result;
    changed.since_us = entry->time_us;
    changed.note = event->note;
    bool forgotten = changed.state == SUBJECT_DONE && order->sealed.len > 0; /* an erased person's */
    err = forgotten ? store_del(txn, TABLE_SUBJECT, keybuf_view(&key), fault)
                    : store_put_message(txn, TABLE_SUBJECT, keybuf_view(&key), &changed.base, fault);
    if (err == ERR_OK) {
        err = drop_open(txn, order, fault);
    }
    if (err == ERR_OK && changed.state != SUBJECT_DONE) {
        err =
            store_put(txn, TABLE_SUBJECT_OPEN, open_key(&open, &changed), keybuf_view(&key), fault);
    }
    parkgate__subject_record__free_unpacked(order, NULL);
    return err;
}
