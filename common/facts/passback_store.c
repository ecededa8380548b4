#include "common/facts/passback_store.h"

#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"

static enum err forgiven_at(struct store_txn *txn, struct handle holder, int64_t *ret_us,
                            struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_FORGIVEN, BYTES_OF(holder.bytes),
                                     &parkgate__forgive_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_us = INT64_MIN;
        return ERR_OK;
    }
    TRY(err);
    *ret_us = ((const Parkgate__ForgiveRecord *)(const void *)message)->at_us;
    return ERR_OK;
}

enum err passback_forgiven(struct store_txn *txn, struct handle holder, struct wall *ret_at,
                           struct fault *fault)
{
    int64_t own = 0;
    int64_t all = 0;
    TRY(forgiven_at(txn, holder, &own, fault));
    TRY(forgiven_at(txn, (struct handle){{0}}, &all, fault));
    ret_at->us = own > all ? own : all;
    return ERR_OK;
}

enum err passback_forgive(struct store_txn *txn, const Parkgate__ForgiveRecord *forgiven,
                          struct fault *fault)
{
    struct handle holder = {{0}};
    if (forgiven->holder.len == HANDLE_SIZE) {
        memcpy(holder.bytes, forgiven->holder.data, HANDLE_SIZE);
    } else if (forgiven->holder.len != 0) {
        return fault_set(fault, ERR_CORRUPT, "journal: a forgiving names no holder");
    }
    TRY(store_put_message(txn, TABLE_FORGIVEN, BYTES_OF(holder.bytes), &forgiven->base, fault));
    return handle_is_none(holder) ? store_clear(txn, TABLE_PASSBACK, fault)
                                  : passback_over(txn, holder, fault);
}

enum err passback_refused(struct store_txn *txn, struct handle holder,
                          const Parkgate__RefusedRecord *refused, struct fault *fault)
{
    return store_put_message(txn, TABLE_PASSBACK, BYTES_OF(holder.bytes), &refused->base, fault);
}

enum err passback_over(struct store_txn *txn, struct handle holder, struct fault *fault)
{
    enum err err = store_del(txn, TABLE_PASSBACK, BYTES_OF(holder.bytes), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
