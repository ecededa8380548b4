#include "controller/store/versioned.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "schema/kinds.h"

struct layout {
    const ProtobufCMessageDescriptor *descriptor;
    enum table table;
    size_t stage_offset, previous_offset;
};

static const struct layout layouts[] = {
    [VERSIONED_HOLDER] = {&parkgate__holder_record__descriptor,     TABLE_HOLDER,
                          offsetof(Parkgate__HolderRecord,     stage),
                          offsetof(Parkgate__HolderRecord,     previous)},
    [VERSIONED_CREDENTIAL] = {&parkgate__credential_record__descriptor, TABLE_CREDENTIAL,
                          offsetof(Parkgate__CredentialRecord, stage),
                          offsetof(Parkgate__CredentialRecord, previous)},
    [VERSIONED_ASSIGNMENT] = {&parkgate__assignment_record__descriptor, TABLE_ASSIGNMENT,
                          offsetof(Parkgate__AssignmentRecord, stage),
                          offsetof(Parkgate__AssignmentRecord, previous)},
};

static uint64_t *stage_of(const struct layout *layout, ProtobufCMessage *record)
{
    return (uint64_t *)(void *)((char *)record + layout->stage_offset);
}

static ProtobufCBinaryData *previous_of(const struct layout *layout, ProtobufCMessage *record)
{
    return (ProtobufCBinaryData *)(void *)((char *)record + layout->previous_offset);
}

static enum err stage_is_closed(struct store_txn *txn, uint64_t stage, bool *ret_closed,
                                struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_u64(&key, stage);
    enum err err = store_get_message(txn, TABLE_STAGE, keybuf_view(&key),
                                     &parkgate__stage_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_closed = false;
        return ERR_OK;
    }
    TRY(err);
    *ret_closed = ((Parkgate__StageRecord *)(void *)message)->state == STAGE_CLOSED;
    store_message_destroy(&message);
    return ERR_OK;
}

enum err versioned_resolve(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                           struct bytes value, ProtobufCMessage **ret_record, struct fault *fault)
{
    const struct layout *layout = &layouts[kind];
    ProtobufCMessage *record = NULL;
    bool valid = true;
    TRY(store_unpack_message(key, value, layout->descriptor, &record, fault));
    if (*stage_of(layout, record) != 0) {
        enum err err = stage_is_closed(txn, *stage_of(layout, record), &valid, fault);
        if (err != ERR_OK) {
            store_message_destroy(&record);
            return err;
        }
    }
    if (valid) {
        *ret_record = record;
        return ERR_OK;
    }
    const ProtobufCBinaryData *previous = previous_of(layout, record);
    ProtobufCMessage *before =
        previous->len == 0
            ? NULL
            : protobuf_c_message_unpack(layout->descriptor, NULL, previous->len, previous->data);
    bool damaged = previous->len != 0 && before == NULL;
    store_message_destroy(&record);
    if (damaged) {
        return fault_set(fault, ERR_CORRUPT, "%s: a kept record cannot be read",
                         table_names[layout->table]);
    }
    *ret_record = before;
    return before == NULL ? ERR_NOT_FOUND : ERR_OK;
}

enum err versioned_get(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                       ProtobufCMessage **ret_record, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, layouts[kind].table, key, &value, fault));
    return versioned_resolve(txn, kind, key, value, ret_record, fault);
}

enum err versioned_exists(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                          bool *ret_exists, struct fault *fault)
{
    struct bytes value;
    enum err err = store_get(txn, layouts[kind].table, key, &value, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_exists = err == ERR_OK;
    return ERR_OK;
}

enum err versioned_put(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                       ProtobufCMessage *record, struct fault *fault)
{
    const struct layout *layout = &layouts[kind];
    MUST(record->descriptor == layout->descriptor && previous_of(layout, record)->len == 0);
    if (*stage_of(layout, record) == 0) {
        return store_put_message(txn, layout->table, key, record, fault);
    }
    ProtobufCMessage *valid = NULL;
    enum err err = versioned_get(txn, kind, key, &valid, fault);
    if (err == ERR_NOT_FOUND) {
        return store_put_message(txn, layout->table, key, record, fault);
    }
    TRY(err);
    ProtobufCBinaryData *before = previous_of(layout, valid);
    free(before->data); /* what came before the valid one is history */
    *before = (ProtobufCBinaryData){0};
    *stage_of(layout, valid) = 0; /* it is valid, whatever import brought it */
    uint8_t packed[STORE_VALUE_MAX];
    size_t size = protobuf_c_message_get_packed_size(valid);
    MUST(size <= sizeof(packed));
    (void)protobuf_c_message_pack(valid, packed);
    *previous_of(layout, record) = (ProtobufCBinaryData){.data = packed, .len = size};
    err = store_put_message(txn, layout->table, key, record, fault);
    *previous_of(layout, record) = (ProtobufCBinaryData){0};
    store_message_destroy(&valid);
    return err;
}
