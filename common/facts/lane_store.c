#include "common/facts/lane_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

enum err lane_mode_get(struct store_txn *txn, struct name lane, enum lane_mode configured,
                       enum lane_mode *ret_mode, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_name(&key, lane);
    enum err err = store_get_message(txn, TABLE_LANE_STATE, keybuf_view(&key),
                                     &parkgate__lane_state__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_mode = configured;
        return ERR_OK;
    }
    TRY(err);
    *ret_mode = (enum lane_mode)((Parkgate__LaneState *)(void *)message)->mode;
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err count_get(struct store_txn *txn, enum table table, struct name name,
                          uint32_t *ret_count, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_name(&key, name);
    enum err err = store_get_message(txn, table, keybuf_view(&key),
                                     &parkgate__count_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_count = 0;
        return ERR_OK;
    }
    TRY(err);
    int32_t value = ((Parkgate__CountRecord *)(void *)message)->value;
    *ret_count = value > 0 ? (uint32_t)value : 0;
    store_message_destroy(&message);
    return ERR_OK;
}

enum err zone_persons_get(struct store_txn *txn, struct name zone, uint32_t *ret_count,
                          struct fault *fault)
{
    return count_get(txn, TABLE_ZONE_NOW, zone, ret_count, fault);
}

enum err tenant_persons_get(struct store_txn *txn, struct name tenant, uint32_t *ret_count,
                            struct fault *fault)
{
    return count_get(txn, TABLE_TENANT_NOW, tenant, ret_count, fault);
}
