#include "controller/store/quarantine_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"

static struct bytes key_of(struct keybuf *key, const char *gate)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    return keybuf_view(key);
}

enum err quarantine_sum(struct store_txn *txn, const char *gate, Parkgate__QuarantineSum *ret_sum,
                        struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    parkgate__quarantine_sum__init(ret_sum);
    enum err err = store_get_message(txn, TABLE_QUARANTINE_SUM, key_of(&key, gate),
                                     &parkgate__quarantine_sum__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__QuarantineSum *sum = (void *)message;
    ret_sum->rows = sum->rows;
    ret_sum->unkept = sum->unkept;
    store_message_destroy(&message);
    return ERR_OK;
}

enum err quarantine_count(struct store_txn *txn, const Parkgate__EventRefused *refused,
                          struct fault *fault)
{
    struct keybuf key;
    Parkgate__QuarantineSum sum;
    TRY(quarantine_sum(txn, refused->gate, &sum, fault));
    sum.rows += refused->unkept ? 0 : 1;
    sum.unkept += refused->unkept ? 1 : 0;
    return store_put_message(txn, TABLE_QUARANTINE_SUM, key_of(&key, refused->gate), &sum.base,
                             fault);
}

enum err quarantine_add(struct store_txn *txn, uint64_t journal,
                        const Parkgate__EventRefused *refused, struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u64(&key, journal);
    if (!refused->unkept) {
        TRY(store_put_message(txn, TABLE_QUARANTINE, keybuf_view(&key), &refused->base, fault));
    }
    return quarantine_count(txn, refused, fault);
}
