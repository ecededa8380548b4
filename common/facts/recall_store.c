#include "common/facts/recall_store.h"

#include "common/facts/tables.h"

struct bytes recall_key(struct keybuf *key, const char *gate)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    return keybuf_view(key);
}

enum err recall_get(struct store_txn *txn, const char *gate, Parkgate__RecallRecord **ret,
                    struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    *ret = NULL;
    enum err err = store_get_message(txn, TABLE_RECALL, recall_key(&key, gate),
                                     &parkgate__recall_record__descriptor, &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
