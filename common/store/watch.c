/* Watching writes. The watch belongs to the store, for it has one write transaction at a time, and
 * keeps its memory between transactions: beginning one costs next to nothing. */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/store/internal.h"

enum { FIRST_ROWS = 64, FIRST_BYTES = 8192, KEPT_ROWS = 4096, KEPT_BYTES = 1 << 20 };

static uint32_t hash_of(size_t table, struct bytes key)
{
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)table; /* FNV-1a */
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * UINT32_C(16777619);
    }
    return hash;
}

static struct bytes bytes_at(const struct watch *watch, size_t at, size_t size)
{
    return (struct bytes){.data = watch->bytes + at, .size = size};
}

/* The slot of this key, or the free one where it belongs. */
static uint32_t *slot_of(const struct watch *watch, uint32_t hash, size_t table, struct bytes key)
{
    for (size_t i = hash;; i++) {
        uint32_t *slot = &watch->slots[i & (watch->slot_count - 1)];
        if (*slot == 0) {
            return slot;
        }
        const struct watched *row = &watch->rows[*slot - 1];
        if (row->hash == hash && row->table == table &&
            bytes_equal(bytes_at(watch, row->key_at, row->key_size), key)) {
            return slot;
        }
    }
}

static void fill_slots(struct watch *watch)
{
    memset(watch->slots, 0, watch->slot_count * sizeof(watch->slots[0]));
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched *row = &watch->rows[i];
        *slot_of(watch, row->hash, row->table, bytes_at(watch, row->key_at, row->key_size)) =
            (uint32_t)i + 1;
    }
}

/* Room for one row more; the slots are never more than half full. */
static void grow_rows(struct watch *watch)
{
    if (watch->count < watch->capacity) {
        return;
    }
    watch->capacity = watch->capacity == 0 ? FIRST_ROWS : watch->capacity * 2;
    watch->slot_count = watch->capacity * 2;
    watch->rows = reallocarray(watch->rows, watch->capacity, sizeof(watch->rows[0]));
    watch->slots = reallocarray(watch->slots, watch->slot_count, sizeof(watch->slots[0]));
    MUST(watch->rows != NULL && watch->slots != NULL && watch->capacity < UINT32_MAX);
    fill_slots(watch);
}

static size_t keep(struct watch *watch, struct bytes bytes)
{
    size_t at = watch->used;
    if (bytes.size > watch->size - watch->used) {
        size_t size = watch->size == 0 ? FIRST_BYTES : watch->size;
        while (size - watch->used < bytes.size) {
            size *= 2;
        }
        watch->bytes = realloc(watch->bytes, size);
        MUST(watch->bytes != NULL);
        watch->size = size;
    }
    if (bytes.size > 0) {
        memcpy(watch->bytes + at, bytes.data, bytes.size);
    }
    watch->used += bytes.size;
    return at;
}

enum err watch_note(struct store_txn *txn, size_t table, struct bytes key, struct fault *fault)
{
    struct watch *watch = &txn->store->watch;
    uint32_t hash = hash_of(table, key);
    grow_rows(watch);
    uint32_t *slot = slot_of(watch, hash, table, key);
    if (*slot != 0) {
        return ERR_OK;
    }
    struct bytes before = {0};
    enum err err = store_get(txn, table, key, &before, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    watch->rows[watch->count] = (struct watched){.table = table,
                                                 .hash = hash,
                                                 .was_there = err == ERR_OK,
                                                 .key_at = keep(watch, key),
                                                 .key_size = key.size,
                                                 .before_at = keep(watch, before),
                                                 .before_size = before.size};
    *slot = (uint32_t)++watch->count;
    return ERR_OK;
}

void watch_back(struct store_txn *child)
{
    struct watch *watch = &child->store->watch;
    if (watch->owner == NULL || watch->owner == child || watch->count == child->watched_before) {
        return;
    }
    watch->count = child->watched_before;
    watch->used = child->watch_used_before;
    fill_slots(watch);
}

static void release(struct watch *watch)
{
    free(watch->rows);
    free(watch->bytes);
    free(watch->slots);
    *watch = (struct watch){0};
}

void watch_free(struct store *store)
{
    release(&store->watch);
}

void store_watch_begin(struct store_txn *txn, struct store_tables tables)
{
    struct watch *watch = &txn->store->watch;
    MUST(txn->write && watch->owner == NULL);
    watch->owner = txn;
    watch->tables = tables;
    watch->count = 0;
    watch->used = 0;
    if (watch->slot_count > 0) {
        fill_slots(watch);
    }
}

size_t store_watch_count(const struct store_txn *txn)
{
    MUST(txn->store->watch.owner == txn);
    return txn->store->watch.count;
}

struct store_change store_watch_at(const struct store_txn *txn, size_t index)
{
    const struct watch *watch = &txn->store->watch;
    MUST(watch->owner == txn && index < watch->count);
    const struct watched *row = &watch->rows[index];
    return (struct store_change){.table = row->table,
                                 .key = bytes_at(watch, row->key_at, row->key_size),
                                 .was_there = row->was_there,
                                 .before = bytes_at(watch, row->before_at, row->before_size)};
}

void store_watch_end(struct store_txn *txn)
{
    struct watch *watch = &txn->store->watch;
    if (watch->owner != txn) {
        return;
    }
    watch->owner = NULL;
    watch->tables = (struct store_tables){0};
    if (watch->used > 0) {
        explicit_bzero(watch->bytes, watch->used); /* it may hold what was a key */
    }
    if (watch->capacity > KEPT_ROWS || watch->size > KEPT_BYTES) {
        release(watch);
    }
}
