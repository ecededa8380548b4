#include "controller/store/key_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"

enum err key_get(struct store_txn *txn, struct bytes public_key, Parkgate__KeyRecord **ret_record,
                 struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_KEY, public_key, &parkgate__key_record__descriptor, &message,
                          fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err key_by_name(struct store_txn *txn, const char *name, Parkgate__KeyRecord **ret_record,
                     struct fault *fault)
{
    struct keybuf key;
    struct bytes public_key;
    keybuf_begin(&key);
    keybuf_text(&key, name);
    TRY(store_get(txn, TABLE_KEY_NAME, keybuf_view(&key), &public_key, fault));
    return key_get(txn, public_key, ret_record, fault);
}
