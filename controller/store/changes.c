#include "controller/store/changes.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/copy_class.h"
#include "common/facts/field.h"
#include "common/store/keybuf.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

enum { PART_BYTES = 32 * 1024, ROW_KEY_MAX = 255 };

/* The touched rows of one entry as they are written: in parts, for an import's slice or a crowd
 * that is over touches many. */
struct parts {
    struct store_txn *txn;
    uint64_t sequence;
    uint32_t number;
    size_t used;
    uint8_t bytes[PART_BYTES];
};

static struct bytes part_key(struct keybuf *key, uint64_t sequence, uint32_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, sequence);
    keybuf_u32(key, number);
    return keybuf_view(key);
}

static enum err write_part(struct parts *parts, struct fault *fault)
{
    struct keybuf key;
    Parkgate__ChangeRecord record = PARKGATE__CHANGE_RECORD__INIT;
    if (parts->used == 0) {
        return ERR_OK;
    }
    record.rows = (ProtobufCBinaryData){.len = parts->used, .data = parts->bytes};
    parts->used = 0;
    return store_put_message(parts->txn, TABLE_CHANGE,
                             part_key(&key, parts->sequence, parts->number++), &record.base, fault);
}

static enum err add_row(struct parts *parts, const struct copy_row *row, struct fault *fault)
{
    MUST(row->key_size <= ROW_KEY_MAX);
    if (sizeof(parts->bytes) - parts->used < row->key_size + 2) {
        TRY(write_part(parts, fault));
    }
    struct writer w = writer_of(parts->bytes + parts->used, sizeof(parts->bytes) - parts->used);
    writer_u8(&w, (uint8_t)row->table);
    writer_u8(&w, (uint8_t)row->key_size);
    writer_bytes(&w, (struct bytes){.data = row->key, .size = row->key_size});
    MUST(!w.bad);
    parts->used += w.size;
    return ERR_OK;
}
_Static_assert(TABLE_COUNT <= UINT8_MAX, "a table fits u8");

static struct store_tables watched_tables(void)
{
    struct store_tables tables = {0};
    for (size_t i = 0; i < copy_table_count; i++) {
        store_tables_add(&tables, copy_tables[i]);
    }
    return tables;
}

void changes_begin(struct store_txn *txn)
{
    store_watch_begin(txn, watched_tables());
}

void changes_end(struct store_txn *txn)
{
    store_watch_end(txn);
}

static bool key_equal(const struct copy_row *a, const struct copy_row *b)
{
    return a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0;
}

static bool row_equal(const struct copy_row *a, const struct copy_row *b)
{
    return key_equal(a, b) && a->value_size == b->value_size &&
           memcmp(a->value, b->value, a->value_size) == 0;
}

/* ERR_NOT_FOUND turns into *ret_is false. */
static enum err told(enum err err, bool *ret_is)
{
    *ret_is = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What gates are told of one record, before and after; both ways it may be nothing. */
static enum err record_change(struct parts *parts, const struct store_change *change,
                              struct copy_digests *digests, struct fault *fault)
{
    struct copy_row before;
    struct copy_row after;
    bool was = false;
    bool is = false;
    struct bytes value = {0};
    enum table table = (enum table)change->table;
    enum err err = store_get(parts->txn, table, change->key, &value, fault);
    if (err == ERR_OK && change->was_there && bytes_equal(value, change->before)) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = copy_row_of(table, change->key, value, &after, fault);
    }
    TRY(told(err, &is));
    if (change->was_there) {
        TRY(told(copy_row_of(table, change->key, change->before, &before, fault), &was));
    }
    if (was == is && (!is || row_equal(&before, &after))) {
        return ERR_OK;
    }
    if (was) {
        copy_digests_subtract(digests, &before);
    }
    if (is) {
        copy_digests_add(digests, &after);
        TRY(add_row(parts, &after, fault));
    }
    return was && (!is || !key_equal(&before, &after)) ? add_row(parts, &before, fault) : ERR_OK;
}

/* What lies too far back. An entry may have touched nothing, then there is no row of it. */
static enum err trim(struct store_txn *txn, uint64_t sequence, struct fault *fault)
{
    enum err err = ERR_OK;
    for (uint32_t part = 0; err == ERR_OK && sequence > LIMIT_CHANGES_KEPT; part++) {
        struct keybuf key;
        err = store_del(txn, TABLE_CHANGE, part_key(&key, sequence - LIMIT_CHANGES_KEPT, part),
                        fault);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err changes_record(struct store_txn *txn, uint64_t sequence, struct fault *fault)
{
    struct copy_digests before;
    struct parts parts;
    parts.txn = txn;
    parts.sequence = sequence;
    parts.number = 0;
    parts.used = 0;
    size_t count = store_watch_count(txn);
    if (count > 0) {
        TRY(copy_digests_get(txn, &before, fault));
        struct copy_digests digests = before;
        for (size_t i = 0; i < count; i++) {
            struct store_change change = store_watch_at(txn, i);
            TRY(record_change(&parts, &change, &digests, fault));
        }
        TRY(write_part(&parts, fault));
        if (!copy_digests_equal(&before, &digests)) {
            TRY(copy_digests_put(txn, &digests, fault));
        }
    }
    return trim(txn, sequence, fault);
}

/* --- reading --- */

enum err changes_set_floor(struct store_txn *txn, uint64_t floor, struct fault *fault)
{
    struct keybuf key;
    Parkgate__ChangeRecord record = PARKGATE__CHANGE_RECORD__INIT;
    record.floor = floor;
    return store_put_message(txn, TABLE_CHANGE, part_key(&key, 0, 0), &record.base, fault);
}

enum err changes_floor(struct store_txn *txn, uint64_t head, uint64_t *ret_floor,
                       struct fault *fault)
{
    struct keybuf key;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    uint64_t trimmed = head > LIMIT_CHANGES_KEPT ? head - LIMIT_CHANGES_KEPT : 0;
    uint64_t floor = 0;
    enum err err = store_get_message(txn, TABLE_CHANGE, part_key(&key, 0, 0),
                                     &parkgate__change_record__descriptor, &message, fault);
    if (err == ERR_OK) {
        floor = ((const Parkgate__ChangeRecord *)(const void *)message)->floor;
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_floor = floor > trimmed ? floor : trimmed;
    return ERR_OK;
}

static enum err visit_rows(struct bytes rows, change_visitor *visit, void *ctx, size_t *visits,
                           struct fault *fault)
{
    struct reader r = reader_of(rows);
    while (r.at < rows.size) {
        uint32_t table = reader_u8(&r);
        uint8_t size = reader_u8(&r);
        struct bytes key = reader_bytes(&r, size);
        if (r.bad || !copy_replicates(table)) {
            return fault_set(fault, ERR_CORRUPT, "change: a damaged row");
        }
        ++*visits;
        TRY(visit(ctx, (enum table)table, key, fault));
    }
    return ERR_OK;
}

enum err changes_walk(struct store_txn *txn, uint64_t after, size_t limit, change_visitor *visit,
                      void *ctx, uint64_t *ret_upto, bool *ret_more, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    size_t visits = 0;
    uint64_t upto = after;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_CHANGE, part_key(&from, after + 1, 0), (struct bytes){0},
                         UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        struct reader r = reader_of(key);
        uint64_t sequence = reader_u64(&r);
        if (sequence != upto && visits >= limit) {
            break;
        }
        upto = sequence;
        TRY(store_unpack_message(key, value, &parkgate__change_record__descriptor, &message,
                                 fault));
        TRY(visit_rows(field_view(&((const Parkgate__ChangeRecord *)(const void *)message)->rows),
                       visit, ctx, &visits, fault));
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_upto = upto;
    *ret_more = err == ERR_OK;
    return ERR_OK;
}
