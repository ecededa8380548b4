#include "controller/store/export_store.h"

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/store/project_parts.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

enum err export_get(struct store_txn *txn, uint64_t number, Parkgate__ExportRecord **ret,
                    struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_EXPORTED, number_key(&key, number),
                          &parkgate__export_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err export_next(struct store_txn *txn, uint64_t number, Parkgate__ExportRecord **ret,
                     struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_EXPORTED, number_key(&from, number + 1), (struct bytes){0}, 1,
                         &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__export_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err project_export(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_EXPORTED,
        number_key(&key, ((const Parkgate__ExportRecord *)(const void *)body)->number), body,
        fault);
}
