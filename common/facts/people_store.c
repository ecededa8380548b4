#include "common/facts/people_store.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"

struct handle people_handle(const ProtobufCBinaryData *field)
{
    struct handle handle = {{0}};
    if (field->len == HANDLE_SIZE) {
        memcpy(handle.bytes, field->data, HANDLE_SIZE);
    }
    return handle;
}

ProtobufCBinaryData people_field(const struct handle *handle)
{
    return (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = (uint8_t *)(uintptr_t)handle->bytes};
}

static struct bytes handle_key(struct keybuf *key, struct handle handle)
{
    keybuf_begin(key);
    keybuf_handle(key, handle);
    return keybuf_view(key);
}

enum err people_holder(struct store_txn *txn, struct handle holder,
                       Parkgate__HolderRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(versioned_get(txn, VERSIONED_HOLDER, handle_key(&key, holder), &message, fault));
    *ret_record = (Parkgate__HolderRecord *)(void *)message;
    return ERR_OK;
}

/* A table whose values are handles. */
static enum err indexed_handle(struct store_txn *txn, enum table table, struct bytes key,
                               struct handle *ret_handle, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, table, key, &value, fault));
    if (value.size != HANDLE_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "%s: a value is no handle", table_names[table]);
    }
    memcpy(ret_handle->bytes, value.data, HANDLE_SIZE);
    return ERR_OK;
}

enum err people_handle_of_id(struct store_txn *txn, struct bytes id_hash, struct handle *ret_holder,
                             struct fault *fault)
{
    return indexed_handle(txn, TABLE_HOLDER_ID, id_hash, ret_holder, fault);
}

enum err people_credential(struct store_txn *txn, struct bytes hash,
                           Parkgate__CredentialRecord **ret_record, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(versioned_get(txn, VERSIONED_CREDENTIAL, hash, &message, fault));
    *ret_record = (Parkgate__CredentialRecord *)(void *)message;
    return ERR_OK;
}

enum err people_credential_by_handle(struct store_txn *txn, struct handle credential,
                                     Parkgate__CredentialRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    struct bytes hash;
    TRY(store_get(txn, TABLE_CREDENTIAL_ID, handle_key(&key, credential), &hash, fault));
    return people_credential(txn, hash, ret_record, fault);
}

enum err people_assignment(struct store_txn *txn, struct handle person, struct handle assignment,
                           Parkgate__AssignmentRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    (void)handle_key(&key, person);
    keybuf_handle(&key, assignment);
    TRY(versioned_get(txn, VERSIONED_ASSIGNMENT, keybuf_view(&key), &message, fault));
    *ret_record = (Parkgate__AssignmentRecord *)(void *)message;
    return ERR_OK;
}

/* Ended and past assignments stay in the table until retention; this bounds the walk over them. */
enum { ASSIGNMENT_WALK_MAX = 4096 };

static enum err assignments(struct store_txn *txn, struct handle person, int32_t from_day,
                            int32_t to_day, bool with_told, struct people_assignments *ret,
                            struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    struct people_assignments found = {0};
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_ASSIGNMENT, handle_key(&prefix, person), ASSIGNMENT_WALK_MAX,
                          &iter, fault));
    enum err err = ERR_NOT_FOUND;
    while (found.count < LIMIT_ASSIGNMENTS_PER_PERSON &&
           (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        err = versioned_resolve(txn, VERSIONED_ASSIGNMENT, key, value, &message, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        if (err != ERR_OK) {
            people_assignments_destroy(&found);
            return err;
        }
        Parkgate__AssignmentRecord *record = (Parkgate__AssignmentRecord *)(void *)message;
        bool counts = with_told || record->told_by[0] == '\0';
        if (counts && !record->ended && record->from_day <= to_day && record->to_day >= from_day) {
            found.items[found.count++] = record;
        } else {
            store_message_destroy(&message);
        }
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        people_assignments_destroy(&found);
        return err;
    }
    *ret = found;
    return ERR_OK;
}

enum err people_assignments(struct store_txn *txn, struct handle person, int32_t from_day,
                            int32_t to_day, struct people_assignments *ret, struct fault *fault)
{
    return assignments(txn, person, from_day, to_day, false, ret, fault);
}

enum err people_assignments_told(struct store_txn *txn, struct handle person, int32_t from_day,
                                 int32_t to_day, struct people_assignments *ret,
                                 struct fault *fault)
{
    return assignments(txn, person, from_day, to_day, true, ret, fault);
}

void people_assignments_destroy(struct people_assignments *assignments)
{
    for (size_t i = 0; i < assignments->count; i++) {
        parkgate__assignment_record__free_unpacked(assignments->items[i], NULL);
    }
    assignments->count = 0;
}

enum err people_tenant_suspended(struct store_txn *txn, struct name tenant, bool *ret_suspended,
                                 struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_name(&key, tenant);
    enum err err = store_get_message(txn, TABLE_TENANT_STATE, keybuf_view(&key),
                                     &parkgate__tenant_state__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_suspended = false;
        return ERR_OK;
    }
    TRY(err);
    *ret_suspended = ((Parkgate__TenantState *)(void *)message)->suspended;
    store_message_destroy(&message);
    return ERR_OK;
}

bool people_suspended_by(const Parkgate__HolderRecord *holder, const char *tenant)
{
    for (size_t i = 0; i < holder->n_suspended_by; i++) {
        if (strcmp(holder->suspended_by[i], tenant) == 0) {
            return true;
        }
    }
    return false;
}
