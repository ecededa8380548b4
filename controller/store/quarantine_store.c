#include "controller/store/quarantine_store.h"

#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/limits.h"

static struct bytes key_of(struct keybuf *key, const char *gate, struct bytes public_key)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    keybuf_bytes(key, public_key);
    return keybuf_view(key);
}

/* All zeros where none was refused. */
static enum err sum_of(struct store_txn *txn, struct bytes key, Parkgate__QuarantineSum *ret_sum,
                       struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    parkgate__quarantine_sum__init(ret_sum);
    enum err err = store_get_message(txn, TABLE_QUARANTINE_SUM, key,
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

enum err quarantine_is_full(struct store_txn *txn, const char *gate, struct bytes public_key,
                            bool *ret_full, struct fault *fault)
{
    struct keybuf buf;
    Parkgate__QuarantineSum sum;
    TRY(sum_of(txn, key_of(&buf, gate, public_key), &sum, fault));
    *ret_full = sum.rows >= LIMIT_QUARANTINE_ROWS;
    return ERR_OK;
}

enum err quarantine_count(struct store_txn *txn, const Parkgate__EventRefused *refused,
                          struct fault *fault)
{
    struct keybuf buf;
    Parkgate__QuarantineSum sum;
    struct bytes key = key_of(&buf, refused->gate, field_view(&refused->public_key));
    TRY(sum_of(txn, key, &sum, fault));
    sum.rows += refused->unkept ? 0 : 1;
    sum.unkept += refused->unkept ? 1 : 0;
    return store_put_message(txn, TABLE_QUARANTINE_SUM, key, &sum.base, fault);
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
