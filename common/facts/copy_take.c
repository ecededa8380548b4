/* The gate's half of copy_rows.h: rows from the wire. */
#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/copy_parts.h"
#include "common/facts/field.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

enum { WIRE_VALUE_MAX = STORE_VALUE_MAX / 2 }; /* well inside a record once it is packed again */

static void read_part(struct reader *r, char part)
{
    switch (part) {
    case 'h':
        (void)reader_bytes(r, HANDLE_SIZE);
        break;
    case 'n':
        (void)keybuf_read_name(r);
        break;
    case 'w':
    case 'q':
        (void)reader_u64(r);
        break;
    case 'd':
        (void)reader_u32(r);
        break;
    default:
        (void)reader_u8(r);
    }
}

static bool key_fits(const struct copy_table *table, struct bytes key)
{
    struct reader r = reader_of(key);
    for (const char *part = table->shape; *part != '\0'; part++) {
        read_part(&r, *part);
    }
    return key.size > 0 && reader_done(&r);
}

/* Records that carry what they stand under must agree. */
static bool credential_fits(struct bytes key, const Parkgate__CredentialRecord *record)
{
    return bytes_equal(key, field_view(&record->credential)) && record->holder.len == HANDLE_SIZE &&
           record->kind != CREDENTIAL_KIND_PIN &&
           (record->hash.len == 0 || record->hash.len == SEAL_HASH_SIZE);
}

static bool record_fits(const struct copy_table *table, struct bytes key,
                        const ProtobufCMessage *message)
{
    if (table->table == TABLE_CREDENTIAL) {
        return credential_fits(key, (const void *)message);
    }
    if (table->table == TABLE_WATCH_MATCH) {
        const Parkgate__WatchMatch *record = (const void *)message;
        return record->hash.len == 0 || record->hash.len == SEAL_HASH_SIZE;
    }
    if (table->table == TABLE_HOLDER) {
        const Parkgate__HolderRecord *record = (const void *)message;
        return bytes_equal(key, field_view(&record->holder));
    }
    return true;
}

/* *ret: the record, or NULL where a row has none. */
static enum err read_told(const Parkgate__CopyRow *told, const struct copy_table **ret_table,
                          ProtobufCMessage **ret, struct fault *fault)
{
    const struct copy_table *table = copy_table_of(told->table);
    struct bytes key = field_view(&told->key);
    if (table == NULL) {
        return fault_set(fault, ERR_INPUT, "copy: a row of table %u, which no copy holds",
                         told->table);
    }
    const char *name = table_names[table->table];
    if (!key_fits(table, key)) {
        return fault_set(fault, ERR_INPUT, "copy: %s: a key of %zu bytes does not have its shape",
                         name, key.size);
    }
    *ret_table = table;
    *ret = NULL;
    if (told->gone || table->descriptor == NULL) {
        return told->value.len == 0
                   ? ERR_OK
                   : fault_set(fault, ERR_INPUT, "copy: %s: a row without a record has a value",
                               name);
    }
    if (told->value.len > WIRE_VALUE_MAX) {
        return fault_set(fault, ERR_INPUT, "copy: %s: a record of %zu bytes is too large", name,
                         told->value.len);
    }
    AUTO(store_message_destroy)
    ProtobufCMessage *message =
        protobuf_c_message_unpack(table->descriptor, NULL, told->value.len, told->value.data);
    if (message == NULL || !record_fits(table, key, message)) {
        return fault_set(fault, ERR_INPUT, "copy: %s: a value is no record of its key", name);
    }
    *ret = message;
    message = NULL;
    return ERR_OK;
}

enum err copy_row_check(const Parkgate__CopyRow *told, struct fault *fault)
{
    const struct copy_table *table;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    return read_told(told, &table, &message, fault);
}

/* Takes what stands under `key` out of the sum, if anything does. */
static enum err subtract_present(struct store_txn *txn, enum table table, struct bytes key,
                                 struct copy_digest *digest, struct fault *fault)
{
    struct bytes value;
    struct copy_row row;
    enum err err = store_get(txn, table, key, &value, fault);
    if (err == ERR_OK) {
        err = copy_row_of(table, key, value, &row, fault);
        if (err == ERR_OK) {
            copy_digest_subtract(digest, &row);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_present(struct store_txn *txn, enum table table, struct bytes key,
                            struct copy_digest *digest, struct fault *fault)
{
    struct bytes value;
    struct copy_row row;
    TRY(store_get(txn, table, key, &value, fault));
    TRY(copy_row_of(table, key, value, &row, fault));
    copy_digest_add(digest, &row);
    return ERR_OK;
}

static enum err del_if_any(struct store_txn *txn, enum table table, struct bytes key,
                           struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Writes the row under `key` (NULL: takes it away) and moves the digest on. */
static enum err replace(struct store_txn *txn, const struct copy_table *table, struct bytes key,
                        const ProtobufCMessage *message, bool gone, struct copy_digest *digest,
                        struct fault *fault)
{
    TRY(subtract_present(txn, table->table, key, digest, fault));
    if (gone) {
        return del_if_any(txn, table->table, key, fault);
    }
    TRY(message == NULL ? store_put(txn, table->table, key, (struct bytes){0}, fault)
                        : store_put_message(txn, table->table, key, message, fault));
    return add_present(txn, table->table, key, digest, fault);
}

/* --- credentials: under this gate's hash --- */

/* What no read can come to: the row of a credential that has no hash. */
static struct seal_hash no_hash(struct bytes handle)
{
    struct seal_hasher hasher;
    seal_hasher_begin(&hasher);
    seal_hasher_add(&hasher, bytes_of_text("parkgate copy: no hash"));
    seal_hasher_add(&hasher, handle);
    return seal_hasher_end(&hasher);
}

static struct bytes of_key(struct keybuf *key, struct bytes holder, struct bytes handle)
{
    keybuf_begin(key);
    keybuf_bytes(key, holder);
    keybuf_bytes(key, handle);
    return keybuf_view(key);
}

/* Takes away the record under `hash`, and the indexes of its handle. */
static enum err drop_credential(struct store_txn *txn, struct bytes hash,
                                struct copy_digest *digest, struct fault *fault)
{
    struct keybuf of;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_CREDENTIAL, hash,
                                     &parkgate__credential_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__CredentialRecord *record = (const void *)message;
    TRY(subtract_present(txn, TABLE_CREDENTIAL, hash, digest, fault));
    TRY(store_del(txn, TABLE_CREDENTIAL, hash, fault));
    TRY(del_if_any(txn, TABLE_CREDENTIAL_ID, field_view(&record->credential), fault));
    return del_if_any(txn, TABLE_CREDENTIAL_OF,
                      of_key(&of, field_view(&record->holder), field_view(&record->credential)),
                      fault);
}

/* The record that stands under this handle, if one does. */
static enum err drop_by_handle(struct store_txn *txn, struct bytes handle,
                               struct copy_digest *digest, struct fault *fault)
{
    struct bytes found;
    struct seal_hash hash;
    enum err err = store_get(txn, TABLE_CREDENTIAL_ID, handle, &found, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (found.size != sizeof(hash.bytes)) {
        return fault_set(fault, ERR_CORRUPT, "copy: credential_id: a value is no hash");
    }
    memcpy(hash.bytes, found.data, sizeof(hash.bytes)); /* writes make the borrowed value void */
    return drop_credential(txn, BYTES_OF(hash.bytes), digest, fault);
}

static enum err take_credential(struct store_txn *txn, const Parkgate__CopyRow *told,
                                Parkgate__CredentialRecord *record, struct copy_digest *digest,
                                struct fault *fault)
{
    struct keybuf of;
    struct bytes handle = field_view(&told->key);
    TRY(drop_by_handle(txn, handle, digest, fault));
    if (told->gone) {
        return ERR_OK;
    }
    struct seal_hash none = no_hash(handle);
    struct bytes hash = record->hash.len == 0 ? BYTES_OF(none.bytes) : field_view(&record->hash);
    TRY(drop_credential(txn, hash, digest, fault)); /* it was another's before */
    TRY(store_put_message(txn, TABLE_CREDENTIAL, hash, &record->base, fault));
    TRY(store_put(txn, TABLE_CREDENTIAL_ID, handle, hash, fault));
    TRY(store_put(txn, TABLE_CREDENTIAL_OF, of_key(&of, field_view(&record->holder), handle), hash,
                  fault));
    return add_present(txn, TABLE_CREDENTIAL, hash, digest, fault);
}

/* --- entries of the watch list: the same --- */

static struct bytes watch_key(struct keybuf *key, struct bytes told_key, struct bytes hash)
{
    keybuf_begin(key);
    keybuf_u8(key, told_key.data[0]);
    keybuf_bytes(key, hash);
    keybuf_bytes(key, (struct bytes){.data = told_key.data + 1, .size = HANDLE_SIZE});
    return keybuf_view(key);
}

static enum err drop_watch(struct store_txn *txn, struct bytes told_key, struct copy_digest *digest,
                           struct fault *fault)
{
    struct bytes found;
    struct seal_hash hash;
    struct keybuf key;
    struct bytes entry = {.data = told_key.data + 1, .size = HANDLE_SIZE};
    enum err err = store_get(txn, TABLE_WATCH_ID, entry, &found, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (found.size != sizeof(hash.bytes)) {
        return fault_set(fault, ERR_CORRUPT, "copy: watch_id: a value is no hash");
    }
    memcpy(hash.bytes, found.data, sizeof(hash.bytes));
    struct bytes at = watch_key(&key, told_key, BYTES_OF(hash.bytes));
    TRY(subtract_present(txn, TABLE_WATCH_MATCH, at, digest, fault));
    TRY(del_if_any(txn, TABLE_WATCH_MATCH, at, fault));
    return del_if_any(txn, TABLE_WATCH_ID, entry, fault);
}

static enum err take_watch(struct store_txn *txn, const Parkgate__CopyRow *told,
                           const Parkgate__WatchMatch *record, struct copy_digest *digest,
                           struct fault *fault)
{
    struct keybuf key;
    struct bytes told_key = field_view(&told->key);
    struct bytes entry = {.data = told_key.data + 1, .size = HANDLE_SIZE};
    TRY(drop_watch(txn, told_key, digest, fault));
    if (told->gone) {
        return ERR_OK;
    }
    struct seal_hash none = no_hash(entry);
    struct bytes hash = record->hash.len == 0 ? BYTES_OF(none.bytes) : field_view(&record->hash);
    struct bytes at = watch_key(&key, told_key, hash);
    TRY(store_put_message(txn, TABLE_WATCH_MATCH, at, &record->base, fault));
    TRY(store_put(txn, TABLE_WATCH_ID, entry, hash, fault));
    return add_present(txn, TABLE_WATCH_MATCH, at, digest, fault);
}

enum err copy_row_take(struct store_txn *txn, const Parkgate__CopyRow *told,
                       struct copy_digest *digest, struct fault *fault)
{
    const struct copy_table *table;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(read_told(told, &table, &message, fault));
    if (table->table == TABLE_CREDENTIAL) {
        return take_credential(txn, told, (void *)message, digest, fault);
    }
    if (table->table == TABLE_WATCH_MATCH) {
        return take_watch(txn, told, (void *)message, digest, fault);
    }
    return replace(txn, table, field_view(&told->key), message, told->gone, digest, fault);
}
