#include "reader-agent/store/copy_told.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"

/* Holders before what names them. */
static const struct source {
    enum table table;
    bool versioned;
    enum versioned_kind kind;
    const ProtobufCMessageDescriptor *descriptor; /* of what is not versioned */
} sources[] = {
    {TABLE_HOLDER,     true,  VERSIONED_HOLDER,     NULL                             },
    {TABLE_ASSIGNMENT, true,  VERSIONED_ASSIGNMENT, NULL                             },
    {TABLE_CREDENTIAL, true,  VERSIONED_CREDENTIAL, NULL                             },
    {TABLE_BAN,        false, VERSIONED_HOLDER,     &parkgate__ban_record__descriptor},
};

/* A record as it is told: of no import, without what it replaces. A credential is known by its
 * handle; what it is found by here is this gate's own. */
union bare {
    ProtobufCMessage base;
    Parkgate__HolderRecord holder;
    Parkgate__AssignmentRecord assignment;
    Parkgate__CredentialRecord credential;
    Parkgate__BanRecord ban;
};

static union bare bare_credential(const Parkgate__CredentialRecord *record)
{
    union bare bare = {.credential = *record};
    bare.credential.hash = bare.credential.previous = (ProtobufCBinaryData){0};
    bare.credential.stage = 0;
    return bare;
}

static union bare bare_of(enum table table, const ProtobufCMessage *record)
{
    union bare bare = {0};
    switch (table) {
    case TABLE_HOLDER:
        bare.holder = *(const Parkgate__HolderRecord *)(const void *)record;
        bare.holder.previous = (ProtobufCBinaryData){0};
        bare.holder.stage = 0;
        return bare;
    case TABLE_ASSIGNMENT:
        bare.assignment = *(const Parkgate__AssignmentRecord *)(const void *)record;
        bare.assignment.previous = (ProtobufCBinaryData){0};
        bare.assignment.stage = 0;
        return bare;
    case TABLE_CREDENTIAL:
        return bare_credential((const void *)record);
    default:
        bare.ban = *(const Parkgate__BanRecord *)(const void *)record;
        return bare;
    }
}

/* False: there is no room for it in this slice. */
static bool add_row(struct copy_told *rows, enum table table, struct bytes key,
                    const ProtobufCMessage *record)
{
    static uint8_t value[STORE_VALUE_MAX]; /* one thread */
    Parkgate__CopyRow row = PARKGATE__COPY_ROW__INIT;
    union bare bare = bare_of(table, record);
    size_t size = protobuf_c_message_get_packed_size(&bare.base);
    row.table = (uint32_t)table;
    row.key = table == TABLE_CREDENTIAL ? bare.credential.credential : field_of(key);
    row.value = (ProtobufCBinaryData){.len = size, .data = value};
    if (size > sizeof(value) ||
        parkgate__copy_row__get_packed_size(&row) > LIMIT_RECALL_ITEM_BYTES) {
        rows->too_large++;
        return true;
    }
    (void)protobuf_c_message_pack(&bare.base, value);
    if (rows->used + LIMIT_RECALL_ITEM_BYTES > sizeof(rows->bytes)) {
        return false;
    }
    size = parkgate__copy_row__pack(&row, rows->bytes + rows->used);
    rows->items[rows->count++] =
        (ProtobufCBinaryData){.len = size, .data = rows->bytes + rows->used};
    rows->used += size;
    return true;
}

/* The record valid now; NULL: none, an import that was not closed. */
static enum err valid_record(struct store_txn *txn, const struct source *source, struct bytes key,
                             struct bytes value, ProtobufCMessage **ret, struct fault *fault)
{
    *ret = NULL;
    if (!source->versioned) {
        return store_get_message(txn, source->table, key, source->descriptor, ret, fault);
    }
    enum err err = versioned_resolve(txn, source->kind, key, value, ret, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ERR_NOT_FOUND: the table's end. */
static enum err fill_table(struct store_txn *txn, struct copy_told *rows, bool *ret_full,
                           struct fault *fault)
{
    const struct source *source = &sources[rows->source];
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, source->table,
                         (struct bytes){.data = rows->key, .size = rows->key_size},
                         (struct bytes){0}, UINT64_MAX, &iter, fault));
    for (;;) {
        ProtobufCMessage *record = NULL;
        TRY(store_iter_next(&iter, &key, &value, fault));
        if (bytes_equal(key, (struct bytes){.data = rows->key, .size = rows->key_size})) {
            continue; /* given last time */
        }
        TRY(valid_record(txn, source, key, value, &record, fault));
        bool fits = record == NULL || add_row(rows, source->table, key, record);
        store_message_destroy(&record);
        if (!fits) {
            *ret_full = true;
            return ERR_OK;
        }
        memcpy(rows->key, key.data, key.size);
        rows->key_size = key.size;
        if (rows->count == LIMIT_RECALL_EVENTS) {
            *ret_full = true;
            return ERR_OK;
        }
    }
}

static enum err fill(struct store_txn *txn, struct copy_told *rows, struct fault *fault)
{
    bool full = false;
    while (!full && rows->source < ARRAY_LEN(sources)) {
        enum err err = fill_table(txn, rows, &full, fault);
        if (err == ERR_NOT_FOUND) {
            rows->source++;
            rows->key_size = 0;
        } else if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static void take_cursor(struct copy_told *rows, struct bytes cursor)
{
    rows->count = rows->used = rows->source = rows->key_size = 0;
    rows->too_large = 0;
    if (cursor.size == 0 || cursor.size > sizeof(rows->key) ||
        cursor.data[0] >= ARRAY_LEN(sources)) {
        return;
    }
    rows->source = cursor.data[0];
    rows->key_size = cursor.size - 1;
    memcpy(rows->key, cursor.data + 1, rows->key_size);
}

enum err copy_tell(struct copy_store *store, struct bytes cursor, struct copy_told *ret,
                   struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    take_cursor(ret, cursor);
    TRY(copy_store_begin_read(store, &txn, fault));
    TRY(fill(txn, ret, fault));
    ret->done = ret->source == ARRAY_LEN(sources);
    ret->cursor[0] = (uint8_t)ret->source;
    memcpy(ret->cursor + 1, ret->key, ret->key_size);
    ret->cursor_size = 1 + ret->key_size;
    return ERR_OK;
}

enum err copy_tell_credential(struct copy_store *store, uint32_t kind, struct bytes canonical,
                              uint8_t out[COPY_TOLD_CREDENTIAL_MAX], size_t *ret_size,
                              struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    Parkgate__CredentialRecord *record = NULL;
    TRY(copy_store_begin_read(store, &txn, fault));
    struct seal_hash hash = copy_hash_of(copy_store_about(store), kind, canonical);
    TRY(people_credential(txn, BYTES_OF(hash.bytes), &record, fault));
    union bare told = bare_credential(record);
    bool fits = protobuf_c_message_get_packed_size(&told.base) <= COPY_TOLD_CREDENTIAL_MAX;
    *ret_size = fits ? protobuf_c_message_pack(&told.base, out) : 0;
    parkgate__credential_record__free_unpacked(record, NULL);
    return ERR_OK;
}
