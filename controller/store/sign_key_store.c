#include "controller/store/sign_key_store.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "controller/store/project_parts.h"

static struct bytes prefix(struct keybuf *key)
{
    return project_name_key(key, "sign_key");
}

static enum err read_key(struct bytes key, struct bytes value, struct sign_public *ret,
                         struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__sign_key_record__descriptor, &message, fault));
    const Parkgate__SignKeyRecord *record = (const void *)message;
    bool fits = record->public_key.len == sizeof(ret->bytes);
    if (fits) {
        memcpy(ret->bytes, record->public_key.data, sizeof(ret->bytes));
    }
    store_message_destroy(&message);
    return fits ? ERR_OK : fault_set(fault, ERR_CORRUPT, "the park's signing key: wrong size");
}

/* Newest first. `id` NULL: the first one. */
static enum err find(struct store_txn *txn, const char *id, struct sign_public *ret,
                     struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)prefix(&until);
    keybuf_u64(&until, UINT64_MAX);
    TRY(store_iter_range_back(txn, TABLE_META, prefix(&from), keybuf_view(&until), UINT64_MAX,
                              &iter, fault));
    for (;;) {
        struct sign_public found;
        char found_id[SIGN_KEY_ID_SIZE];
        TRY(store_iter_next(&iter, &key, &value, fault));
        TRY(read_key(key, value, &found, fault));
        sign_key_id(&found, found_id);
        if (id == NULL || strcmp(id, found_id) == 0) {
            *ret = found;
            return ERR_OK;
        }
    }
}

enum err sign_key_newest(struct store_txn *txn, struct sign_public *ret_key, struct fault *fault)
{
    return find(txn, NULL, ret_key, fault);
}

enum err sign_key_find(struct store_txn *txn, const char *id, struct sign_public *ret_key,
                       struct fault *fault)
{
    return find(txn, id, ret_key, fault);
}

enum err sign_key_next(struct store_txn *txn, uint64_t *at, struct sign_public *ret_key,
                       struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)prefix(&from);
    keybuf_u64(&from, *at + 1);
    (void)prefix(&until);
    keybuf_u64(&until, UINT64_MAX);
    TRY(store_iter_range(txn, TABLE_META, keybuf_view(&from), keybuf_view(&until), 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(read_key(key, value, ret_key, fault));
    struct reader r =
        reader_of((struct bytes){.data = key.data + key.size - sizeof(uint64_t), .size = 8});
    *at = reader_u64(&r);
    return ERR_OK;
}

enum err restored_backup(struct store_txn *txn, uint64_t *ret_sequence, struct fault *fault)
{
    struct keybuf key;
    struct bytes value = {0};
    TRY(store_get(txn, TABLE_META, project_name_key(&key, "restored"), &value, fault));
    struct reader r = reader_of(value);
    *ret_sequence = reader_u64(&r);
    return ERR_OK;
}

enum err journal_branch(struct store_txn *txn, uint8_t ret_branch[ANCHOR_BRANCH_SIZE],
                        struct fault *fault)
{
    struct keybuf key;
    struct bytes value = {0};
    enum err err = store_get(txn, TABLE_META, project_name_key(&key, "branch"), &value, fault);
    if (err == ERR_NOT_FOUND) {
        err = store_get(txn, TABLE_META, project_name_key(&key, "store_id"), &value, fault);
    }
    TRY(err);
    if (value.size < ANCHOR_BRANCH_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "the journal's branch: wrong size");
    }
    memcpy(ret_branch, value.data, ANCHOR_BRANCH_SIZE);
    return ERR_OK;
}

enum err project_sign_key(struct store_txn *txn, const Parkgate__Entry *entry,
                          const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)prefix(&key);
    keybuf_u64(&key, entry->sequence);
    return store_put_message(txn, TABLE_META, keybuf_view(&key), body, fault);
}

enum err project_restored(struct store_txn *txn, const Parkgate__Entry *entry,
                          const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Restored *restored = (const void *)body;
    struct keybuf key;
    uint8_t number[8];
    struct writer w = writer_of(number, sizeof(number));
    (void)entry;
    writer_u64(&w, restored->backup_sequence);
    TRY(store_put(txn, TABLE_META, project_name_key(&key, "restored"), BYTES_OF(number), fault));
    return store_put(txn, TABLE_META, project_name_key(&key, "branch"),
                     field_view(&restored->branch), fault);
}
