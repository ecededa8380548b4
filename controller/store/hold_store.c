#include "controller/store/hold_store.h"

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "controller/store/project_parts.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

enum err hold_get(struct store_txn *txn, uint64_t number, Parkgate__HoldRecord **ret,
                  struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_HOLD, number_key(&key, number),
                          &parkgate__hold_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err hold_next(struct store_txn *txn, uint64_t number, Parkgate__HoldRecord **ret,
                   struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_HOLD, number_key(&from, number + 1), (struct bytes){0}, 1,
                         &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__hold_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err hold_on_holder(struct store_txn *txn, struct handle holder, struct wall when,
                        Parkgate__HoldRecord **ret, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    Parkgate__HoldRecord *found = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_HOLD_OF, BYTES_OF(holder.bytes), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__HoldRecord *record = NULL;
        struct reader r = reader_of(key);
        (void)keybuf_read_handle(&r);
        err = hold_get(txn, reader_u64(&r), &record, fault);
        if (err != ERR_OK) {
            break;
        }
        bool later =
            when.us < record->until_us && (found == NULL || record->until_us > found->until_us);
        Parkgate__HoldRecord *dropped = later ? found : record;
        found = later ? record : found;
        if (dropped != NULL) {
            parkgate__hold_record__free_unpacked(dropped, NULL);
        }
    }
    if (err == ERR_NOT_FOUND && found != NULL) {
        *ret = found;
        return ERR_OK;
    }
    if (found != NULL) {
        parkgate__hold_record__free_unpacked(found, NULL);
    }
    return err;
}

enum err hold_is_on(struct store_txn *txn, struct handle holder, struct wall when, bool *ret,
                    struct fault *fault)
{
    Parkgate__HoldRecord *record = NULL;
    enum err err = hold_on_holder(txn, holder, when, &record, fault);
    *ret = err == ERR_OK;
    if (err == ERR_OK) {
        parkgate__hold_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_hold(struct store_txn *txn, const Parkgate__Entry *entry,
                      const ProtobufCMessage *body, struct fault *fault)
{
    static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};
    const Parkgate__HoldRecord *record = (const void *)body;
    struct keybuf key;
    struct keybuf of;
    (void)entry;
    if (record->holder.len != HANDLE_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "journal: a hold names nobody");
    }
    TRY(store_put_message(txn, TABLE_HOLD, number_key(&key, record->number), body, fault));
    keybuf_begin(&of);
    keybuf_bytes(&of, field_view(&record->holder));
    keybuf_u64(&of, record->number);
    if (record->ended_us == 0) {
        return store_put(txn, TABLE_HOLD_OF, keybuf_view(&of), nothing, fault);
    }
    enum err err = store_del(txn, TABLE_HOLD_OF, keybuf_view(&of), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
