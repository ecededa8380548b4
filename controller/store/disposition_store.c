#include "controller/store/disposition_store.h"

#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

bool disposition_is_open(uint32_t state)
{
    return state == VIID_STATE_PENDING || state == VIID_STATE_ENTERED;
}

bool disposition_lives(uint32_t state)
{
    return disposition_is_open(state) || state == VIID_STATE_CONFIRMED;
}

static enum err delete_if_there(struct store_txn *txn, size_t table, struct bytes key,
                                struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_disposition(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__DispositionRecord *record = (const void *)body;
    struct keybuf buffer;
    struct bytes key = number_key(&buffer, record->number);
    (void)entry;
    TRY(store_put_message(txn, TABLE_DISPOSITION, key, body, fault));
    TRY(store_put(txn, TABLE_DISPOSITION_ID, field_view(&record->id_hash), key, fault));
    if (record->entry.len > 0) {
        TRY(store_put(txn, TABLE_DISPOSITION_ENTRY, field_view(&record->entry), key, fault));
    }
    return disposition_lives(record->state)
               ? store_put(txn, TABLE_DISPOSITION_OPEN, key, (struct bytes){0}, fault)
               : delete_if_there(txn, TABLE_DISPOSITION_OPEN, key, fault);
}

/* ---- notices ---- */

static struct bytes due_key(struct keybuf *key, uint64_t disposition, uint64_t number)
{
    (void)number_key(key, disposition);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

static enum err put_due(struct store_txn *txn, struct bytes key, struct bytes key_of,
                        struct fault *fault)
{
    TRY(store_put(txn, TABLE_DISPOSITION_DUE_OF, key_of, (struct bytes){0}, fault));
    return store_put(txn, TABLE_DISPOSITION_DUE, key, (struct bytes){0}, fault);
}

enum err disposition_index(struct store_txn *txn, const Parkgate__DispositionNotice *notice,
                           struct fault *fault)
{
    struct keybuf key;
    return store_put(txn, TABLE_DISPOSITION_DUE_OF,
                     due_key(&key, notice->disposition, notice->number), (struct bytes){0}, fault);
}

static enum err put_notice(struct store_txn *txn, const Parkgate__DispositionNotice *notice,
                           struct fault *fault)
{
    struct keybuf buffers[2];
    struct bytes key = number_key(&buffers[0], notice->number);
    struct bytes key_of = due_key(&buffers[1], notice->disposition, notice->number);
    TRY(store_put_message(txn, TABLE_DISPOSITION_NOTICE, key, &notice->base, fault));
    if (notice->sent_us == 0 && !notice->dropped) {
        return put_due(txn, key, key_of, fault);
    }
    TRY(delete_if_there(txn, TABLE_DISPOSITION_DUE_OF, key_of, fault));
    return delete_if_there(txn, TABLE_DISPOSITION_DUE, key, fault);
}

enum err project_disposition_notice(struct store_txn *txn, const Parkgate__Entry *entry,
                                    const ProtobufCMessage *body, struct fault *fault)
{
    (void)entry;
    return put_notice(txn, (const void *)body, fault);
}

static enum err next_number(struct store_txn *txn, size_t table, uint64_t *ret_number,
                            struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err = store_last(txn, table, &key, &value, fault);
    *ret_number = 1;
    if (err == ERR_OK) {
        struct reader r = reader_of(key);
        *ret_number = reader_u64(&r) + 1;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_disposition_hit(struct store_txn *txn, const Parkgate__WatchHit *hit,
                                 struct fault *fault)
{
    struct bytes value;
    Parkgate__DispositionNotice notice = PARKGATE__DISPOSITION_NOTICE__INIT;
    enum err err = store_get(txn, TABLE_DISPOSITION_ENTRY, field_view(&hit->entry), &value, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader r = reader_of(value);
    notice.disposition = reader_u64(&r);
    notice.authority = hit->authority;
    notice.hit = hit->number;
    TRY(next_number(txn, TABLE_DISPOSITION_NOTICE, &notice.number, fault));
    return put_notice(txn, &notice, fault);
}

enum err disposition_notice_get(struct store_txn *txn, uint64_t number,
                                Parkgate__DispositionNotice **ret_notice, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_DISPOSITION_NOTICE, number_key(&key, number),
                          &parkgate__disposition_notice__descriptor, &message, fault));
    *ret_notice = (void *)message;
    return ERR_OK;
}

/* The number that a table's next key says. */
static enum err next_key(struct store_txn *txn, size_t table, uint64_t number, uint64_t *ret_number,
                         struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, table, number_key(&from, number + 1), (struct bytes){0}, 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    *ret_number = reader_u64(&r);
    return ERR_OK;
}

enum err disposition_next_due(struct store_txn *txn, uint64_t number,
                              Parkgate__DispositionNotice **ret_notice, struct fault *fault)
{
    uint64_t next = 0;
    TRY(next_key(txn, TABLE_DISPOSITION_DUE, number, &next, fault));
    return disposition_notice_get(txn, next, ret_notice, fault);
}

enum err disposition_next_due_of(struct store_txn *txn, uint64_t disposition,
                                 Parkgate__DispositionNotice **ret_notice, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_DISPOSITION_DUE_OF, number_key(&prefix, disposition), 1, &iter,
                          fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    (void)reader_u64(&r);
    return disposition_notice_get(txn, reader_u64(&r), ret_notice, fault);
}

enum err disposition_next_with_due(struct store_txn *txn, uint64_t disposition,
                                   uint64_t *ret_number, struct fault *fault)
{
    return next_key(txn, TABLE_DISPOSITION_DUE_OF, disposition, ret_number, fault);
}

/* ---- dispositions ---- */

enum err disposition_get(struct store_txn *txn, uint64_t number,
                         Parkgate__DispositionRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_DISPOSITION, number_key(&key, number),
                          &parkgate__disposition_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err disposition_of_id(struct store_txn *txn, struct seal_hash hash,
                           Parkgate__DispositionRecord **ret_record, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, TABLE_DISPOSITION_ID, BYTES_OF(hash.bytes), &value, fault));
    struct reader r = reader_of(value);
    return disposition_get(txn, reader_u64(&r), ret_record, fault);
}

enum err disposition_next_number(struct store_txn *txn, uint64_t *ret_number, struct fault *fault)
{
    return next_number(txn, TABLE_DISPOSITION, ret_number, fault);
}

enum err disposition_count_open(struct store_txn *txn, uint64_t *ret_count, struct fault *fault)
{
    return store_count(txn, TABLE_DISPOSITION_OPEN, ret_count, fault);
}

enum err disposition_next_open(struct store_txn *txn, uint64_t number, uint64_t *ret_number,
                               struct fault *fault)
{
    return next_key(txn, TABLE_DISPOSITION_OPEN, number, ret_number, fault);
}
