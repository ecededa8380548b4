#include "common/facts/pending_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/limits.h"

static struct bytes pending_key(struct keybuf *key, const char *lane, uint32_t direction,
                                enum pending_wait wait)
{
    keybuf_begin(key);
    keybuf_text(key, lane);
    keybuf_u8(key, (uint8_t)direction);
    keybuf_u8(key, (uint8_t)wait);
    return keybuf_view(key);
}

static enum err get(struct store_txn *txn, struct bytes key, Parkgate__PendingRead **ret,
                    struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_PENDING, key, &parkgate__pending_read__descriptor,
                                     &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err pending_get(struct store_txn *txn, struct name lane, uint32_t direction,
                     enum pending_wait wait, Parkgate__PendingRead **ret, struct fault *fault)
{
    struct keybuf key;
    return get(txn, pending_key(&key, lane.text, direction, wait), ret, fault);
}

/* The newest read waits: one that was captured before it came too late to wait. Wrong seconds are
 * counted on, for they are the lane's. */
static enum err wait_for(struct store_txn *txn, const Parkgate__EventEntry *event,
                         enum pending_wait wait, struct fault *fault)
{
    struct keybuf key;
    Parkgate__PendingRead *old = NULL;
    Parkgate__PendingRead row = PARKGATE__PENDING_READ__INIT;
    struct bytes at = pending_key(&key, event->lane, event->direction, wait);
    TRY(get(txn, at, &old, fault));
    bool older = old != NULL && old->credential.len > 0 && old->captured_us > event->captured_us;
    row.credential = event->credential;
    row.holder = event->holder;
    row.vehicle = event->vehicle;
    row.captured_us = event->captured_us;
    row.credential_kind = event->credential_kind;
    row.credential_class = event->credential_class;
    row.proof = event->proof;
    row.doubted = (event->pairing & PAIRING_DOUBTED) != 0;
    row.wrong = old == NULL ? 0 : old->wrong;
    if (old != NULL) {
        parkgate__pending_read__free_unpacked(old, NULL);
    }
    return older ? ERR_OK : store_put_message(txn, TABLE_PENDING, at, &row.base, fault);
}

static enum err end_wait(struct store_txn *txn, const Parkgate__EventEntry *event,
                         enum pending_wait wait, struct fault *fault)
{
    struct keybuf key;
    enum err err = store_del(txn, TABLE_PENDING,
                             pending_key(&key, event->lane, event->direction, wait), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The first read goes on waiting, but not for ever. */
static enum err count_wrong(struct store_txn *txn, const Parkgate__EventEntry *event,
                            struct fault *fault)
{
    struct keybuf key;
    Parkgate__PendingRead *row = NULL;
    struct bytes at = pending_key(&key, event->lane, event->direction, WAIT_PAIR);
    TRY(get(txn, at, &row, fault));
    if (row == NULL) {
        return ERR_OK;
    }
    Parkgate__PendingRead changed = *row;
    changed.wrong++;
    changed.tries++;
    if (changed.tries >= LIMIT_WRONG_SECONDS) {
        changed = (Parkgate__PendingRead)PARKGATE__PENDING_READ__INIT;
        changed.wrong = row->wrong + 1;
    }
    enum err err = store_put_message(txn, TABLE_PENDING, at, &changed.base, fault);
    parkgate__pending_read__free_unpacked(row, NULL);
    return err;
}

enum err pending_apply(struct store_txn *txn, const Parkgate__EventEntry *event,
                       struct fault *fault)
{
    if ((event->pairing & PAIRING_ENDS) != 0) {
        TRY(end_wait(txn, event, WAIT_PAIR, fault));
    }
    if ((event->pairing & PAIRING_WRONG) != 0) {
        TRY(count_wrong(txn, event, fault));
    }
    if ((event->pairing & PAIRING_WAITS) != 0) {
        TRY(wait_for(txn, event, WAIT_PAIR, fault));
    }
    if ((event->pairing & PAIRING_MEETS_PARTNER) != 0) {
        TRY(end_wait(txn, event, WAIT_PARTNER, fault));
    }
    return (event->pairing & PAIRING_WAITS_PARTNER) != 0 ? wait_for(txn, event, WAIT_PARTNER, fault)
                                                         : ERR_OK;
}
