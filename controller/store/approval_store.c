#include "controller/store/approval_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

enum err project_approval(struct store_txn *txn, const Parkgate__Entry *entry,
                          const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_APPROVAL,
        number_key(&key, ((const Parkgate__ApprovalRecord *)(const void *)body)->number), body,
        fault);
}

enum err approval_get(struct store_txn *txn, uint64_t number, Parkgate__ApprovalRecord **ret_record,
                      struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_APPROVAL, number_key(&key, number),
                          &parkgate__approval_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err approval_next(struct store_txn *txn, uint64_t number,
                       Parkgate__ApprovalRecord **ret_record, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_APPROVAL, number_key(&from, number + 1), (struct bytes){0}, 1,
                         &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__approval_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err approval_last(struct store_txn *txn, uint64_t *ret_number, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err = store_last(txn, TABLE_APPROVAL, &key, &value, fault);
    struct reader r = reader_of(err == ERR_OK ? key : (struct bytes){0});
    *ret_number = err == ERR_OK ? reader_u64(&r) : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err approval_before(struct store_txn *txn, int64_t asked_us, uint64_t *ret_number,
                         struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_number = 0;
    TRY(store_iter_range_back(txn, TABLE_APPROVAL, (struct bytes){0}, (struct bytes){0},
                              APPROVALS_LOOKED_AT, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__approval_record__descriptor, &message,
                                 fault));
        const Parkgate__ApprovalRecord *record = (void *)message;
        bool older = record->asked_us < asked_us;
        *ret_number = record->number - (older ? 0 : 1);
        store_message_destroy(&message);
        if (older) {
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
