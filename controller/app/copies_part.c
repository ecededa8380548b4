#include "controller/app/copies_part.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/recall_store.h"
#include "common/facts/watch_store.h"
#include "common/store/keybuf.h"
#include "controller/journal/journal.h"
#include "controller/store/changes.h"
#include "controller/store/person_keys.h"
#include "schema/watch.h"
#include "schema/watch.pb-c.h"

/* --- packing: CopyRow within CopyPart, by hand, since the same bytes go to many gates --- */

enum { ROW_OVERHEAD = 64, HASH_FIELD_BYTES = 2 + SEAL_HASH_SIZE };
enum { TAG_ROW = 6 << 3 | 2, TAG_TABLE = 1 << 3, TAG_KEY = 2 << 3 | 2, TAG_VALUE = 3 << 3 | 2 };
enum { TAG_GONE = 4 << 3, TAG_HASH = 2 << 3 | 2, TAG_WATCH_HASH = 15 << 3 | 2 };

static void put_varint(struct writer *w, uint64_t value)
{
    while (value >= 0x80) {
        writer_u8(w, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    writer_u8(w, (uint8_t)value);
}

static void put_run(struct writer *w, uint8_t tag, struct bytes run)
{
    writer_u8(w, tag);
    put_varint(w, run.size);
    writer_bytes(w, run);
}

/* The row but for its value. */
static void begin_row(struct writer *w, enum table table, struct bytes key, size_t value_size,
                      bool gone)
{
    uint8_t head[ROW_OVERHEAD + STORE_KEY_MAX];
    struct writer inner = writer_of(head, sizeof(head));
    writer_u8(&inner, TAG_TABLE);
    put_varint(&inner, (uint64_t)table);
    put_run(&inner, TAG_KEY, key);
    if (gone) {
        writer_u8(&inner, TAG_GONE);
        writer_u8(&inner, 1);
    }
    if (value_size > 0) {
        writer_u8(&inner, TAG_VALUE);
        put_varint(&inner, value_size);
    }
    MUST(!inner.bad);
    writer_u8(w, TAG_ROW);
    put_varint(w, inner.size + value_size);
    writer_bytes(w, writer_view(&inner));
}

static struct bytes packed_view(const struct copy_packed *packed)
{
    return (struct bytes){.data = packed->bytes, .size = packed->used};
}

size_t copies_pack_rows(const struct copy_part *part, enum copy_class class,
                        const struct seal_key *key, uint8_t *out, size_t capacity)
{
    struct writer w = writer_of(out, capacity);
    writer_bytes(&w, packed_view(&part->common));
    writer_bytes(&w, packed_view(&part->only[class]));
    for (size_t i = 0; i < part->credential_count; i++) {
        const struct copy_credential *one = &part->credentials[i];
        bool hashed = one->canonical_size > 0;
        begin_row(&w, one->table, (struct bytes){.data = one->key, .size = one->key_size},
                  one->value_size + (hashed ? HASH_FIELD_BYTES : 0), false);
        writer_bytes(&w,
                     (struct bytes){.data = part->values + one->value_at, .size = one->value_size});
        if (hashed) {
            struct seal_hash hash = copy_credential_hash(
                key, one->kind,
                (struct bytes){.data = one->canonical, .size = one->canonical_size});
            put_run(&w, one->table == TABLE_CREDENTIAL ? TAG_HASH : TAG_WATCH_HASH,
                    BYTES_OF(hash.bytes));
        }
    }
    MUST(!w.bad);
    return w.size;
}

/* --- credentials --- */

/* The canonical bytes, for hashes of single gates. None: the holder's key is destroyed.
 * ERR_CORRUPT: this record, or that key, is damaged. */
static enum err open_canonical(struct store_txn *keys_txn, const Parkgate__CredentialRecord *record,
                               struct copy_credential *one, struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES];
    size_t size = 0;
    struct handle holder = {{0}};
    if (record->holder.len != HANDLE_SIZE || record->sealed.len > sizeof(plain)) {
        return fault_set(fault, ERR_CORRUPT, "credential: a damaged record");
    }
    memcpy(holder.bytes, record->holder.data, HANDLE_SIZE);
    enum err err = person_key_get(keys_txn, holder, &key, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = seal_open(&key, (struct bytes){0}, field_view(&record->sealed), plain, sizeof(plain),
                    &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    Parkgate__SealedRead *read = parkgate__sealed_read__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (read == NULL || read->credential.len > sizeof(one->canonical)) {
        err = fault_set(fault, ERR_CORRUPT, "credential: its sealed bytes are damaged");
    } else {
        memcpy(one->canonical, read->credential.data, read->credential.len);
        one->canonical_size = (uint8_t)read->credential.len;
    }
    if (read != NULL) {
        seal_wipe(read->credential.data, read->credential.len);
        parkgate__sealed_read__free_unpacked(read, NULL);
    }
    return err;
}

/* --- rows into the part --- */

struct building {
    struct copy_part *part;
    struct store_txn *txn, *keys_txn;
    uint64_t read;
};

/* What it holds for one class and the other together. */
static size_t used_of(const struct copy_part *part)
{
    size_t used = part->common.used;
    for (size_t i = 0; i < COPY_CLASS_COUNT; i++) {
        used += part->only[i].used;
    }
    return used;
}

static bool has_room(const struct copy_part *part, const struct copy_row *row)
{
    size_t size = row->value_size + row->key_size + ROW_OVERHEAD + HASH_FIELD_BYTES;
    size_t credentials = part->value_used + part->credential_count * (ROW_OVERHEAD + 96);
    size_t times = copy_class_differs(row->table) ? COPY_CLASS_COUNT : 1;
    return part->rows < COPY_PART_ROWS &&
           used_of(part) + credentials + times * size <= COPY_PART_BYTES;
}

static enum err open_credential(struct building *b, struct bytes stored_key,
                                struct copy_credential *one, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_get_message(b->txn, TABLE_CREDENTIAL, stored_key,
                          &parkgate__credential_record__descriptor, &message, fault));
    const Parkgate__CredentialRecord *record = (const void *)message;
    one->kind = record->kind;
    return open_canonical(b->keys_txn, record, one, fault);
}

static void take_match(const Parkgate__WatchKept *kept, struct copy_credential *one)
{
    Parkgate__WatchEntry *entry =
        parkgate__watch_entry__unpack(NULL, kept->entry.len, kept->entry.data);
    if (entry == NULL) {
        return;
    }
    if (entry->match.len <= sizeof(one->canonical)) {
        memcpy(one->canonical, entry->match.data, entry->match.len);
        one->canonical_size = (uint8_t)entry->match.len;
    }
    parkgate__watch_entry__free_unpacked(entry, NULL);
}

/* The plate or badge that an entry names. Nothing: its key is destroyed. */
static enum err open_listed(struct building *b, struct copy_credential *one, struct fault *fault)
{
    struct seal_key key;
    struct handle entry;
    size_t size = 0;
    uint8_t plain[WATCH_KEPT_MAX];
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    memcpy(entry.bytes, one->key + 1, HANDLE_SIZE);
    one->kind = one->key[0] == WATCH_MATCHER_PLATE ? CREDENTIAL_KIND_PLATE : CREDENTIAL_KIND_BADGE;
    TRY(store_get_message(b->txn, TABLE_WATCH, BYTES_OF(entry.bytes),
                          &parkgate__watch_record__descriptor, &message, fault));
    const Parkgate__WatchRecord *record = (const void *)message;
    enum err err = watch_key_get(b->keys_txn, entry, &key, fault);
    if (err != ERR_OK || record->sealed.len == 0) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = record->sealed.len > sizeof(plain)
              ? fault_set(fault, ERR_CORRUPT, "watch: a sealed entry is too long")
              : seal_open(&key, (struct bytes){0}, field_view(&record->sealed), plain,
                          sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    Parkgate__WatchKept *kept = parkgate__watch_kept__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (kept == NULL) {
        return fault_set(fault, ERR_CORRUPT, "watch: what an entry says is damaged");
    }
    take_match(kept, one);
    parkgate__watch_kept__free_unpacked(kept, NULL);
    return ERR_OK;
}

/* What stands under hashes of single gates. */
static enum err add_credential(struct building *b, const struct copy_row *row,
                               struct bytes stored_key, struct fault *fault)
{
    struct copy_part *part = b->part;
    struct copy_credential *one = &part->credentials[part->credential_count];
    MUST(row->key_size <= sizeof(one->key) && row->key_size >= HANDLE_SIZE);
    *one = (struct copy_credential){.table = row->table,
                                    .key_size = (uint8_t)row->key_size,
                                    .value_at = part->value_used,
                                    .value_size = row->value_size};
    memcpy(one->key, row->key, row->key_size);
    enum err err = row->table == TABLE_CREDENTIAL ? open_credential(b, stored_key, one, fault)
                                                  : open_listed(b, one, fault);
    if (err != ERR_OK && err != ERR_CORRUPT) {
        return err;
    }
    if (err == ERR_CORRUPT) { /* no gate finds it any more; all others they do */
        part->damaged++;
        memcpy(part->damaged_credential.bytes, one->key + one->key_size - HANDLE_SIZE, HANDLE_SIZE);
    }
    memcpy(part->values + part->value_used, row->value, row->value_size);
    part->value_used += row->value_size;
    part->credential_count++;
    return ERR_OK;
}

static void put_row(struct copy_packed *to, const struct copy_row *row)
{
    struct writer w = writer_of(to->bytes + to->used, sizeof(to->bytes) - to->used);
    begin_row(&w, row->table, (struct bytes){.data = row->key, .size = row->key_size},
              row->value_size, false);
    writer_bytes(&w, (struct bytes){.data = row->value, .size = row->value_size});
    MUST(!w.bad);
    to->used += w.size;
}

static void put_gone(struct copy_packed *to, enum table table, struct bytes key)
{
    struct writer w = writer_of(to->bytes + to->used, sizeof(to->bytes) - to->used);
    begin_row(&w, table, key, 0, true);
    MUST(!w.bad);
    to->used += w.size;
}

/* To each class what it is told of the row. */
static void put_apart(struct copy_part *part, const struct copy_row *row)
{
    struct copy_row told;
    for (size_t i = 0; i < COPY_CLASS_COUNT; i++) {
        if (copy_class_row((enum copy_class)i, row, &told)) {
            put_row(&part->only[i], &told);
        }
    }
}

/* ERR_FULL: it comes with the next part. */
static enum err add_row(struct building *b, const struct copy_row *row, struct bytes stored_key,
                        struct fault *fault)
{
    struct copy_part *part = b->part;
    if (!has_room(part, row)) {
        return part->rows > 0 ? ERR_FULL
                              : fault_set(fault, ERR_INPUT, "copy: a row of %s is too large",
                                          table_names[row->table]);
    }
    b->read++;
    if (row->table == TABLE_CREDENTIAL || row->table == TABLE_WATCH_MATCH) {
        TRY(add_credential(b, row, stored_key, fault));
    } else if (copy_class_differs(row->table)) {
        put_apart(part, row);
    } else {
        put_row(&part->common, row);
    }
    part->rows++;
    return ERR_OK;
}

static enum err add_gone(struct building *b, enum table table, struct bytes key)
{
    struct copy_part *part = b->part;
    size_t size = COPY_CLASS_COUNT * (ROW_OVERHEAD + key.size);
    if (part->rows == COPY_PART_ROWS || used_of(part) + size > COPY_PART_BYTES) {
        return ERR_FULL;
    }
    if (!copy_class_differs(table)) {
        put_gone(&part->common, table, key);
    }
    for (size_t i = 0; copy_class_differs(table) && i < COPY_CLASS_COUNT; i++) {
        if (copy_class_holds((enum copy_class)i, table)) {
            put_gone(&part->only[i], table, key);
        }
    }
    part->rows++;
    b->read++;
    return ERR_OK;
}

/* --- a snapshot's walk --- */

static enum err visit_row(void *ctx, const struct copy_row *row, struct bytes stored_key,
                          struct fault *fault)
{
    return add_row(ctx, row, stored_key, fault);
}

static enum err walk(struct copy_stream *stream, struct building *b, struct fault *fault)
{
    bool more = false;
    enum err err =
        copy_walk(b->txn, &stream->place, LIMIT_ROWS_PER_MESSAGE, visit_row, b, &more, fault);
    if (err == ERR_FULL) {
        return ERR_OK; /* the row that did not fit is visited again */
    }
    TRY(err);
    stream->walked = !more;
    return ERR_OK;
}

/* --- changes --- */

static uint32_t hash_of(enum table table, struct bytes key)
{
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)table; /* FNV-1a */
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * UINT32_C(16777619);
    }
    return hash;
}

static struct bytes key_at(const struct copy_keys *keys, size_t index)
{
    return (struct bytes){.data = keys->bytes + keys->keys[index].at,
                          .size = keys->keys[index].size};
}

static enum err add_key(void *ctx, enum table table, struct bytes key, struct fault *fault)
{
    struct copy_keys *keys = ctx;
    size_t slot = hash_of(table, key) % COPY_SLOTS;
    while (keys->slots[slot] != 0) {
        size_t index = keys->slots[slot] - 1U;
        if (keys->keys[index].table == table && bytes_equal(key_at(keys, index), key)) {
            return ERR_OK;
        }
        slot = (slot + 1) % COPY_SLOTS;
    }
    if (keys->count == COPY_KEYS_MAX || key.size > UINT8_MAX ||
        sizeof(keys->bytes) - keys->used < key.size) {
        return fault_set(fault, ERR_FULL, "copy: one entry touched more than %d rows",
                         COPY_KEYS_MAX);
    }
    memcpy(keys->bytes + keys->used, key.data, key.size);
    keys->keys[keys->count].table = table;
    keys->keys[keys->count].at = (uint32_t)keys->used;
    keys->keys[keys->count].size = (uint8_t)key.size;
    keys->used += key.size;
    keys->slots[slot] = (uint16_t)++keys->count;
    return ERR_OK;
}

static enum err collect(struct copy_stream *stream, struct store_txn *txn, uint64_t head,
                        bool *ret_more, struct fault *fault)
{
    struct copy_keys *keys = &stream->keys;
    uint64_t upto = stream->cursor;
    if (keys->count > 0) {
        memset(keys->slots, 0, sizeof(keys->slots));
    }
    keys->count = keys->next = keys->used = 0;
    TRY(changes_walk(txn, stream->cursor, COPY_COLLECT, add_key, keys, &upto, ret_more, fault));
    stream->cursor = *ret_more ? upto : head;
    return ERR_OK;
}

static enum err tell_key(struct building *b, enum table table, struct bytes key,
                         struct copy_row *row, struct fault *fault)
{
    struct bytes stored_key = key;
    enum err err = copy_row_get(b->txn, table, key, row, fault);
    if (err == ERR_NOT_FOUND) {
        return add_gone(b, table, key);
    }
    TRY(err);
    if (table == TABLE_CREDENTIAL) {
        TRY(store_get(b->txn, TABLE_CREDENTIAL_ID, key, &stored_key, fault));
    }
    return add_row(b, row, stored_key, fault);
}

/* Whole when all that was touched up to the head of this very reading fits. */
static enum err tell_changes(struct copy_stream *stream, struct building *b, uint64_t head,
                             struct fault *fault)
{
    struct copy_keys *keys = &stream->keys;
    struct copy_row row;
    bool more = true;
    if (keys->next == keys->count) {
        TRY(collect(stream, b->txn, head, &more, fault));
    }
    while (keys->next < keys->count) {
        enum err err =
            tell_key(b, keys->keys[keys->next].table, key_at(keys, keys->next), &row, fault);
        if (err == ERR_FULL && b->part->rows > 0) {
            break;
        }
        TRY(err);
        keys->next++;
    }
    b->part->complete = !more && keys->next == keys->count;
    return ERR_OK;
}

enum err copies_build(struct copy_stream *stream, struct store_txn *txn, struct store_txn *keys_txn,
                      uint64_t *ret_read, struct fault *fault)
{
    struct copy_part *part = &stream->part;
    struct building b = {.part = part, .txn = txn, .keys_txn = keys_txn};
    struct journal_head head;
    part->complete = false;
    part->rows = part->credential_count = part->value_used = part->damaged = 0;
    part->common.used = 0;
    for (size_t i = 0; i < COPY_CLASS_COUNT; i++) {
        part->only[i].used = 0;
    }
    TRY(journal_head(txn, &head, fault));
    if (stream->snapshot && !stream->walked) {
        TRY(walk(stream, &b, fault));
    } else {
        TRY(tell_changes(stream, &b, head.sequence, fault));
    }
    part->to = part->complete ? head.sequence : stream->cursor;
    if (part->complete) {
        TRY(copy_digests_get(txn, &part->digests, fault));
    }
    part->there = part->complete || part->rows > 0;
    stream->number += part->there;
    stream->next_session = 0;
    *ret_read = b.read;
    return ERR_OK;
}

/* --- what stands in the last part, and which copy it is --- */

enum err copies_covered(struct store_txn *txn, struct bytes identity, uint32_t epoch,
                        struct copy_covered *ret, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    ret->count = 0;
    keybuf_begin(&prefix);
    keybuf_bytes(&prefix, identity);
    keybuf_u32(&prefix, epoch);
    TRY(store_iter_prefix(txn, TABLE_APPLIED, keybuf_view(&prefix), COPY_RANGES_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader first = reader_of(
            (struct bytes){.data = key.data + prefix.size, .size = key.size - prefix.size});
        struct reader last = reader_of(value);
        ret->at[ret->count++] = reader_u64(&first);
        ret->at[ret->count++] = reader_u64(&last);
        if (first.bad || last.bad) {
            return fault_set(fault, ERR_CORRUPT, "applied: a damaged range");
        }
    }
    return err != ERR_NOT_FOUND ? err : iter.cut ? ERR_FULL : ERR_OK;
}

uint64_t copies_generation(const struct seal_key *gates_key, const struct copy_generation *of)
{
    uint8_t number[17];
    struct writer w = writer_of(number, sizeof(number));
    writer_u32(&w, of->nonce);
    writer_u32(&w, of->epoch);
    if (of->recovery != 0) {
        writer_u64(&w, of->recovery);
    }
    if (of->class != COPY_PRESENCE) { /* which all copies of before were */
        writer_u8(&w, (uint8_t)of->class);
    }
    struct seal_hash hash =
        seal_keyed_hash(gates_key, "parkgate copy generation",
                        SEAL_PARTS(writer_view(&w), bytes_of_text(of->gate), of->key));
    struct reader r = reader_of(BYTES_OF(hash.bytes));
    return (uint64_t)of->nonce << 32 | reader_u32(&r);
}

enum err copies_recovery(struct store_txn *txn, uint64_t *ret_number, bool *ret_open,
                         struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    TRY(recall_get(txn, "", &record, fault));
    *ret_open = record != NULL && record->step != RECALL_ENDED;
    *ret_number = record == NULL ? 0 : record->number;
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}
