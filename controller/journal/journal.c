#include "controller/journal/journal.h"

#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"

enum { ENTRY_SIZE_MAX = STORE_VALUE_MAX - SEAL_HASH_SIZE };

struct seal_hash journal_hash(struct seal_hash before, struct bytes packed)
{
    struct seal_hasher hasher;
    seal_hasher_begin(&hasher);
    seal_hasher_add(&hasher, BYTES_OF(before.bytes));
    seal_hasher_add(&hasher, packed);
    return seal_hasher_end(&hasher);
}

static enum err split(struct bytes record, uint64_t sequence, struct seal_hash *ret_hash,
                      struct bytes *ret_packed, struct fault *fault)
{
    if (record.size < SEAL_HASH_SIZE) {
        return fault_set(fault, ERR_CORRUPT,
                         "journal: entry %llu is cut short; restore the newest backup",
                         (unsigned long long)sequence);
    }
    memcpy(ret_hash->bytes, record.data, SEAL_HASH_SIZE);
    *ret_packed =
        (struct bytes){.data = record.data + SEAL_HASH_SIZE, .size = record.size - SEAL_HASH_SIZE};
    return ERR_OK;
}

enum err journal_head(struct store_txn *txn, struct journal_head *ret_head, struct fault *fault)
{
    struct bytes key = {0};
    struct bytes record = {0};
    struct bytes packed = {0};
    enum err err = store_last(txn, journal_table, &key, &record, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_head = (struct journal_head){0};
        return ERR_OK;
    }
    TRY(err);
    struct reader r = reader_of(key);
    struct journal_head head = {.sequence = reader_u64(&r)};
    TRY(split(record, head.sequence, &head.hash, &packed, fault));
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                         (unsigned long long)head.sequence);
    }
    head.time.us = entry->time_us;
    parkgate__entry__free_unpacked(entry, NULL);
    *ret_head = head;
    return ERR_OK;
}

enum err journal_first(struct store_txn *txn, uint64_t *ret_sequence, struct fault *fault)
{
    struct bytes key;
    struct bytes record;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, journal_table, (struct bytes){0}, 1, &iter, fault));
    enum err err = store_iter_next(&iter, &key, &record, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(key);
        *ret_sequence = reader_u64(&r);
    } else if (err == ERR_NOT_FOUND) {
        *ret_sequence = 0;
        err = ERR_OK;
    }
    return err;
}

enum err journal_append(struct store_txn *txn, Parkgate__Entry *entry, struct fault *fault)
{
    uint8_t record[STORE_VALUE_MAX];
    struct bytes last_key;
    struct bytes last_record;
    struct seal_hash before = {{0}};
    uint64_t sequence = 0;
    enum err err = store_last(txn, journal_table, &last_key, &last_record, fault);
    if (err == ERR_OK) {
        struct bytes ignored;
        struct reader r = reader_of(last_key);
        sequence = reader_u64(&r);
        TRY(split(last_record, sequence, &before, &ignored, fault));
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    entry->sequence = sequence + 1;
    size_t size = parkgate__entry__get_packed_size(entry);
    if (size > ENTRY_SIZE_MAX) {
        return fault_set(fault, ERR_INPUT, "journal: an entry of %zu bytes is over the limit of %d",
                         size, ENTRY_SIZE_MAX);
    }
    (void)parkgate__entry__pack(entry, record + SEAL_HASH_SIZE);
    struct seal_hash hash =
        journal_hash(before, (struct bytes){.data = record + SEAL_HASH_SIZE, .size = size});
    memcpy(record, hash.bytes, SEAL_HASH_SIZE);
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u64(&key, entry->sequence);
    return store_put_append(txn, journal_table, keybuf_view(&key),
                            (struct bytes){.data = record, .size = SEAL_HASH_SIZE + size}, fault);
}

enum err journal_read(struct store_txn *txn, uint64_t sequence, struct bytes *ret_packed,
                      struct seal_hash *ret_hash, struct fault *fault)
{
    struct keybuf key;
    struct bytes record;
    keybuf_begin(&key);
    keybuf_u64(&key, sequence);
    TRY(store_get(txn, journal_table, keybuf_view(&key), &record, fault));
    return split(record, sequence, ret_hash, ret_packed, fault);
}
