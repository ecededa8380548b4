#include "controller/store/disposition_store.h"

#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

bool disposition_is_open(uint32_t state)
{
    return state == VIID_STATE_PENDING || state == VIID_STATE_ENTERED;
}

enum err project_disposition(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__DispositionRecord *record = (const void *)body;
    struct keybuf buffer;
    struct bytes key = number_key(&buffer, record->number);
    (void)entry;
    TRY(store_put_message(txn, TABLE_DISPOSITION, key, body, fault));
    TRY(store_put(txn, TABLE_DISPOSITION_ID, field_view(&record->id_hash), key, fault));
    if (disposition_is_open(record->state)) {
        return store_put(txn, TABLE_DISPOSITION_OPEN, key, (struct bytes){0}, fault);
    }
    enum err err = store_del(txn, TABLE_DISPOSITION_OPEN, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err disposition_get(struct store_txn *txn, uint64_t number,
                         Parkgate__DispositionRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_DISPOSITION, number_key(&key, number),
                          &parkgate__disposition_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err disposition_of_id(struct store_txn *txn, struct seal_hash hash,
                           Parkgate__DispositionRecord **ret_record, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, TABLE_DISPOSITION_ID, BYTES_OF(hash.bytes), &value, fault));
    struct reader r = reader_of(value);
    return disposition_get(txn, reader_u64(&r), ret_record, fault);
}

enum err disposition_next_number(struct store_txn *txn, uint64_t *ret_number, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err = store_last(txn, TABLE_DISPOSITION, &key, &value, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(key);
        *ret_number = reader_u64(&r) + 1;
    } else if (err == ERR_NOT_FOUND) {
        *ret_number = 1;
        err = ERR_OK;
    }
    return err;
}

enum err disposition_count_open(struct store_txn *txn, uint64_t *ret_count, struct fault *fault)
{
    return store_count(txn, TABLE_DISPOSITION_OPEN, ret_count, fault);
}

enum err disposition_next_open(struct store_txn *txn, uint64_t number, uint64_t *ret_number,
                               struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_DISPOSITION_OPEN, number_key(&from, number + 1),
                         (struct bytes){0}, 1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    *ret_number = reader_u64(&r);
    return ERR_OK;
}
