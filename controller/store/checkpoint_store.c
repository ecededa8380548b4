#include "controller/store/checkpoint_store.h"

#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static struct bytes number_key(struct keybuf *key, uint64_t sequence)
{
    keybuf_begin(key);
    keybuf_u64(key, sequence);
    return keybuf_view(key);
}

static struct bytes row_key(struct keybuf *key, enum truncation_row row)
{
    keybuf_begin(key);
    keybuf_u8(key, (uint8_t)row);
    return keybuf_view(key);
}

enum err checkpoint_before(struct store_txn *txn, uint64_t before,
                           Parkgate__CheckpointRecord **ret, struct fault *fault)
{
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_CHECKPOINT, (struct bytes){0}, number_key(&until, before),
                              1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__checkpoint_record__descriptor, &message,
                             fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err checkpoint_newest(struct store_txn *txn, Parkgate__CheckpointRecord **ret,
                           struct fault *fault)
{
    return checkpoint_before(txn, UINT64_MAX, ret, fault);
}

enum err truncation_get(struct store_txn *txn, enum truncation_row row,
                        Parkgate__TruncationRecord **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_TRUNCATION, row_key(&key, row),
                          &parkgate__truncation_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err project_checkpoint(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    Parkgate__CheckpointRecord record = *(const Parkgate__CheckpointRecord *)(const void *)body;
    record.recorded_at = entry->sequence;
    return store_put_message(txn, TABLE_CHECKPOINT, number_key(&key, record.at_sequence),
                             &record.base, fault);
}

static enum err drop_next(struct store_txn *txn, struct fault *fault)
{
    struct keybuf key;
    enum err err = store_del(txn, TABLE_TRUNCATION, row_key(&key, TRUNCATION_NEXT), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* One that is asked for, or was refused, stands beside the one by which the journal begins. */
enum err project_truncation(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    Parkgate__TruncationRecord record = *(const Parkgate__TruncationRecord *)(const void *)body;
    bool base = record.step == TRUNCATION_BEGAN || record.step == TRUNCATION_ENDED;
    if (record.step != TRUNCATION_ENDED) {
        record.at_sequence = entry->sequence;
    }
    if (base) {
        TRY(drop_next(txn, fault));
    }
    return store_put_message(txn, TABLE_TRUNCATION,
                             row_key(&key, base ? TRUNCATION_BASE : TRUNCATION_NEXT), &record.base,
                             fault);
}
