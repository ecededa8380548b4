#include "controller/app/late_keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"

/* One place: u8 table, u16 size, the key. */
enum { PLACE_HEAD = 3, FIRST_BYTES = 4096 };

void late_keys_begin(struct late_keys *late)
{
    late_keys_end(late);
    late->on = true;
}

void late_keys_end(struct late_keys *late)
{
    free(late->bytes);
    *late = (struct late_keys){0};
}

void late_keys_opened(struct store_txn *txn)
{
    struct store_tables all = {0};
    for (size_t table = 0; table < KEY_TABLE_COUNT; table++) {
        store_tables_add(&all, table);
    }
    store_watch_begin(txn, all);
}

static void keep(struct late_keys *late, size_t table, struct bytes key)
{
    size_t size = PLACE_HEAD + key.size;
    if (late->count == LATE_KEYS_MAX) {
        late->lost = true;
        return;
    }
    if (late->capacity - late->used < size) {
        late->capacity = late->capacity == 0 ? FIRST_BYTES : late->capacity * 2;
        late->bytes = realloc(late->bytes, late->capacity);
        MUST(late->bytes != NULL);
    }
    uint8_t *out = late->bytes + late->used;
    out[0] = (uint8_t)table;
    out[1] = (uint8_t)(key.size >> 8);
    out[2] = (uint8_t)key.size;
    memcpy(out + PLACE_HEAD, key.data, key.size);
    late->used += size;
    late->count++;
}

static bool is_gone(struct store_txn *txn, const struct store_change *change)
{
    struct bytes value;
    return change->was_there &&
           store_get(txn, change->table, change->key, &value, NULL) == ERR_NOT_FOUND;
}

bool late_keys_committing(struct late_keys *late, struct store_txn *txn)
{
    bool gone = false;
    for (size_t i = 0; i < store_watch_count(txn); i++) {
        struct store_change change = store_watch_at(txn, i);
        gone |= is_gone(txn, &change);
        if (late->on) {
            keep(late, change.table, change.key);
        }
    }
    return gone;
}

size_t late_keys_left(const struct late_keys *late)
{
    return late->count - late->brought;
}

/* The place at `at`; returns where the next one begins. */
static size_t read_place(const struct late_keys *late, size_t at, struct store_place *ret)
{
    const uint8_t *in = late->bytes + at;
    size_t size = (size_t)in[1] << 8 | in[2];
    *ret = (struct store_place){
        .table = in[0], .key = {.data = in + PLACE_HEAD, .size = size}
    };
    return at + PLACE_HEAD + size;
}

size_t late_keys_next(const struct late_keys *late, struct store_place *out, size_t max)
{
    size_t at = late->at;
    size_t left = late_keys_left(late);
    size_t count = left < max ? left : max;
    for (size_t i = 0; i < count; i++) {
        at = read_place(late, at, &out[i]);
    }
    return count;
}

void late_keys_brought(struct late_keys *late, size_t count)
{
    MUST(count <= late_keys_left(late));
    for (size_t i = 0; i < count; i++) {
        struct store_place place;
        late->at = read_place(late, late->at, &place);
    }
    late->brought += count;
}
