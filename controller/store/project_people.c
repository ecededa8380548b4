#include "common/base/must.h"
#include "common/facts/clearance_store.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/versioned.h"
#include "controller/store/face_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static struct bytes bytes_key(struct keybuf *key, const ProtobufCBinaryData *field)
{
    keybuf_begin(key);
    keybuf_bytes(key, field_view(field));
    return keybuf_view(key);
}

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

static enum err put_holder(struct store_txn *txn, ProtobufCMessage *message, struct fault *fault)
{
    const Parkgate__HolderRecord *record = (const void *)message;
    struct keybuf key;
    TRY(versioned_put(txn, VERSIONED_HOLDER, bytes_key(&key, &record->holder), message, fault));
    if (record->id_hash.len > 0) {
        TRY(store_put(txn, TABLE_HOLDER_ID, field_view(&record->id_hash),
                      field_view(&record->holder), fault));
    }
    if (record->external_hash.len > 0) {
        TRY(store_put(txn, TABLE_HOLDER_ID, field_view(&record->external_hash),
                      field_view(&record->holder), fault));
    }
    for (size_t i = 0; i < record->n_watch_hash; i++) {
        TRY(project_watch_identity(txn, field_view(&record->watch_hash[i]),
                                   people_handle(&record->holder), fault));
    }
    (void)project_name_key(&key, record->tenant);
    keybuf_handle(&key, people_handle(&record->holder));
    return store_put(txn, TABLE_TENANT_HOLDER, keybuf_view(&key), nothing, fault);
}

static enum err put_credential(struct store_txn *txn, ProtobufCMessage *message,
                               struct fault *fault)
{
    const Parkgate__CredentialRecord *record = (const void *)message;
    struct keybuf key;
    TRY(versioned_put(txn, VERSIONED_CREDENTIAL, field_view(&record->hash), message, fault));
    TRY(store_put(txn, TABLE_CREDENTIAL_ID, field_view(&record->credential),
                  field_view(&record->hash), fault));
    (void)bytes_key(&key, &record->holder);
    keybuf_handle(&key, people_handle(&record->credential));
    return store_put(txn, TABLE_CREDENTIAL_OF, keybuf_view(&key), field_view(&record->hash), fault);
}

static enum err put_assignment(struct store_txn *txn, ProtobufCMessage *message,
                               struct fault *fault)
{
    const Parkgate__AssignmentRecord *record = (const void *)message;
    struct keybuf key;
    (void)bytes_key(&key, &record->person);
    keybuf_handle(&key, people_handle(&record->assignment));
    TRY(versioned_put(txn, VERSIONED_ASSIGNMENT, keybuf_view(&key), message, fault));
    TRY(store_put(txn, TABLE_ASSIGNMENT_ID, field_view(&record->assignment),
                  field_view(&record->person), fault));
    (void)project_name_key(&key, record->tenant);
    keybuf_handle(&key, people_handle(&record->person));
    return store_put(txn, TABLE_TENANT_HOLDER, keybuf_view(&key), nothing, fault);
}

enum err project_holder(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    (void)entry;
    return put_holder(txn, (ProtobufCMessage *)(uintptr_t)body, fault);
}

enum err project_credential(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    TRY(put_credential(txn, (ProtobufCMessage *)(uintptr_t)body, fault));
    return face_count_credential(txn, (const void *)body, entry->time_us, fault);
}

enum err project_assignment(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    (void)entry;
    return put_assignment(txn, (ProtobufCMessage *)(uintptr_t)body, fault);
}

static struct bytes stage_key(struct keybuf *key, uint64_t stage)
{
    keybuf_begin(key);
    keybuf_u64(key, stage);
    return keybuf_view(key);
}

enum err project_import_begin(struct store_txn *txn, const Parkgate__Entry *entry,
                              const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__StageBegin *begin = (const void *)body;
    struct keybuf key;
    Parkgate__StageRecord record = PARKGATE__STAGE_RECORD__INIT;
    record.state = STAGE_OPEN;
    record.actor = entry->actor;
    record.tenant = begin->tenant;
    return store_put_message(txn, TABLE_STAGE, stage_key(&key, begin->stage), &record.base, fault);
}

/* Reads the stage's record, lets `change` alter it, writes it again. */
static enum err change_stage(struct store_txn *txn, uint64_t stage,
                             void (*change)(Parkgate__StageRecord *record, const void *by),
                             const void *by, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_STAGE, stage_key(&key, stage),
                          &parkgate__stage_record__descriptor, &message, fault));
    Parkgate__StageRecord changed = *(Parkgate__StageRecord *)(void *)message;
    change(&changed, by);
    enum err err =
        store_put_message(txn, TABLE_STAGE, stage_key(&key, stage), &changed.base, fault);
    store_message_destroy(&message);
    return err;
}

static void add_slice(Parkgate__StageRecord *record, const void *by)
{
    const Parkgate__ImportSlice *slice = by;
    record->rows = slice->first + slice->rows;
    record->digest = slice->digest;
    record->holders += (uint32_t)slice->n_holder;
    record->updated += slice->updated;
    record->credentials += (uint32_t)slice->n_credential;
    record->assignments += (uint32_t)slice->n_assignment;
}

static void close_stage(Parkgate__StageRecord *record, const void *by)
{
    const Parkgate__StageClose *close = by;
    record->state = close->cancelled ? STAGE_CANCELLED : STAGE_CLOSED;
}

/* The items of one kind in a slice, each a packed record. */
static enum err put_all(struct store_txn *txn, const ProtobufCMessageDescriptor *descriptor,
                        const ProtobufCBinaryData *items, size_t count,
                        enum err (*put)(struct store_txn *, ProtobufCMessage *, struct fault *),
                        struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        ProtobufCMessage *record =
            protobuf_c_message_unpack(descriptor, NULL, items[i].len, items[i].data);
        if (record == NULL) {
            return fault_set(fault, ERR_CORRUPT, "journal: an imported record cannot be read");
        }
        enum err err = put(txn, record, fault);
        protobuf_c_message_free_unpacked(record, NULL);
        TRY(err);
    }
    return ERR_OK;
}

enum err project_import_slice(struct store_txn *txn, const Parkgate__Entry *entry,
                              const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__ImportSlice *slice = (const void *)body;
    (void)entry;
    TRY(put_all(txn, &parkgate__holder_record__descriptor, slice->holder, slice->n_holder,
                put_holder, fault));
    TRY(put_all(txn, &parkgate__credential_record__descriptor, slice->credential,
                slice->n_credential, put_credential, fault));
    TRY(put_all(txn, &parkgate__assignment_record__descriptor, slice->assignment,
                slice->n_assignment, put_assignment, fault));
    return change_stage(txn, slice->stage, add_slice, slice, fault);
}

enum err project_import_close(struct store_txn *txn, const Parkgate__Entry *entry,
                              const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__StageClose *close = (const void *)body;
    (void)entry;
    return change_stage(txn, close->stage, close_stage, close, fault);
}
