#include "common/facts/versioned.h"

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
    [VERSIONED_WATCH] = {&parkgate__watch_record__descriptor,      TABLE_WATCH,
                          offsetof(Parkgate__WatchRecord,      stage),
                          offsetof(Parkgate__WatchRecord,      previous)},
    [VERSIONED_WATCH_MATCH] = {&parkgate__watch_match__descriptor,       TABLE_WATCH_MATCH,
                          offsetof(Parkgate__WatchMatch,       stage),
                          offsetof(Parkgate__WatchMatch,       previous)},
    [VERSIONED_WATCH_TARGET] = {&parkgate__watch_match__descriptor,       TABLE_WATCH_TARGET,
                          offsetof(Parkgate__WatchMatch,       stage),
                          offsetof(Parkgate__WatchMatch,       previous)},
};

/* Bytes kept inside one record that another open import may still be kept on top of: some eight of
 * them, if nobody ever ends his imports; then only the valid record is kept. */
enum { VERSIONED_KEPT_MAX = 16 * 1024 };

static uint64_t *stage_of(const struct layout *layout, ProtobufCMessage *record)
{
    return (uint64_t *)(void *)((char *)record + layout->stage_offset);
}

static ProtobufCBinaryData *previous_of(const struct layout *layout, ProtobufCMessage *record)
{
    return (ProtobufCBinaryData *)(void *)((char *)record + layout->previous_offset);
}

/* Of an import that the journal does not know, nothing is valid: as if it were open. */
static enum err state_of_stage(struct store_txn *txn, uint64_t stage, enum stage_state *ret_state,
                               struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    if (stage == 0) {
        *ret_state = STAGE_CLOSED;
        return ERR_OK;
    }
    keybuf_begin(&key);
    keybuf_u64(&key, stage);
    enum err err = store_get_message(txn, TABLE_STAGE, keybuf_view(&key),
                                     &parkgate__stage_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_state = STAGE_OPEN;
        return ERR_OK;
    }
    TRY(err);
    *ret_state = (enum stage_state)((Parkgate__StageRecord *)(void *)message)->state;
    store_message_destroy(&message);
    return ERR_OK;
}

/* Puts what is kept inside *record in its place; NULL when that is nothing. */
static enum err step_back(const struct layout *layout, ProtobufCMessage **record,
                          struct fault *fault)
{
    const ProtobufCBinaryData *previous = previous_of(layout, *record);
    ProtobufCMessage *before = NULL;
    bool kept = previous->len > 0;
    if (kept) {
        before = protobuf_c_message_unpack(layout->descriptor, NULL, previous->len, previous->data);
    }
    store_message_destroy(record);
    *record = before;
    return kept && before == NULL
               ? fault_set(fault, ERR_CORRUPT, "%s: a kept record cannot be read",
                           table_names[layout->table])
               : ERR_OK;
}

enum err versioned_resolve(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                           struct bytes value, ProtobufCMessage **ret_record, struct fault *fault)
{
    const struct layout *layout = &layouts[kind];
    AUTO(store_message_destroy) ProtobufCMessage *record = NULL;
    TRY(store_unpack_message(key, value, layout->descriptor, &record, fault));
    while (record != NULL) {
        enum stage_state state;
        TRY(state_of_stage(txn, *stage_of(layout, record), &state, fault));
        if (state == STAGE_CLOSED) {
            *ret_record = record;
            record = NULL;
            return ERR_OK;
        }
        TRY(step_back(layout, &record, fault));
    }
    return ERR_NOT_FOUND;
}

enum err versioned_get(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                       ProtobufCMessage **ret_record, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, layouts[kind].table, key, &value, fault));
    return versioned_resolve(txn, kind, key, value, ret_record, fault);
}

enum err versioned_newest(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                          ProtobufCMessage **ret_record, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, layouts[kind].table, key, &value, fault));
    return store_unpack_message(key, value, layouts[kind].descriptor, ret_record, fault);
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

/* What a record of `stage` must keep: the valid one, and before that the inert ones of other
 * imports that are open, for each may be closed or cancelled yet. NULL: nothing. */
static enum err record_to_keep(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                               uint64_t stage, ProtobufCMessage **ret, struct fault *fault)
{
    const struct layout *layout = &layouts[kind];
    AUTO(store_message_destroy) ProtobufCMessage *record = NULL;
    enum err err = versioned_newest(txn, kind, key, &record, fault);
    while (err == ERR_OK && record != NULL) {
        enum stage_state state;
        uint64_t its_stage = *stage_of(layout, record);
        TRY(state_of_stage(txn, its_stage, &state, fault));
        if (state == STAGE_CLOSED) {
            ProtobufCBinaryData *before = previous_of(layout, record);
            free(before->data); /* what came before the valid one is history */
            *before = (ProtobufCBinaryData){0};
            *stage_of(layout, record) = 0; /* it is valid, whatever import brought it */
            break;
        }
        bool may_be_closed = state == STAGE_OPEN && its_stage != stage;
        if (may_be_closed && previous_of(layout, record)->len <= VERSIONED_KEPT_MAX) {
            break;
        }
        err = step_back(layout, &record, fault);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret = record;
    record = NULL;
    return ERR_OK;
}

enum err versioned_put(struct store_txn *txn, enum versioned_kind kind, struct bytes key,
                       ProtobufCMessage *record, struct fault *fault)
{
    const struct layout *layout = &layouts[kind];
    AUTO(store_message_destroy) ProtobufCMessage *kept = NULL;
    MUST(record->descriptor == layout->descriptor && previous_of(layout, record)->len == 0);
    if (*stage_of(layout, record) != 0) {
        TRY(record_to_keep(txn, kind, key, *stage_of(layout, record), &kept, fault));
    }
    if (kept == NULL) {
        return store_put_message(txn, layout->table, key, record, fault);
    }
    uint8_t packed[STORE_VALUE_MAX];
    size_t size = protobuf_c_message_get_packed_size(kept);
    MUST(size <= sizeof(packed));
    (void)protobuf_c_message_pack(kept, packed);
    *previous_of(layout, record) = (ProtobufCBinaryData){.data = packed, .len = size};
    enum err err = store_put_message(txn, layout->table, key, record, fault);
    *previous_of(layout, record) = (ProtobufCBinaryData){0};
    return err;
}
