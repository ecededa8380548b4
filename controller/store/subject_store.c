#include "controller/store/subject_store.h"

#include "common/facts/tables.h"

struct bytes subject_key(struct keybuf *key, const char *reader, struct bytes hash)
{
    keybuf_begin(key);
    keybuf_text(key, reader);
    keybuf_bytes(key, hash);
    return keybuf_view(key);
}

struct bytes subject_open_key(struct keybuf *key, const char *gate, const char *reader, bool failed,
                              uint64_t number)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    keybuf_text(key, reader);
    if (number != 0) {
        keybuf_u8(key, failed);
        keybuf_u64(key, number);
    }
    return keybuf_view(key);
}

enum err subject_get(struct store_txn *txn, struct bytes key, Parkgate__SubjectRecord **ret_record,
                     struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_SUBJECT, key, &parkgate__subject_record__descriptor, &message,
                          fault));
    *ret_record = (Parkgate__SubjectRecord *)(void *)message;
    return ERR_OK;
}
