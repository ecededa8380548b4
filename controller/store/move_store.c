#include "controller/store/move_store.h"

#include "common/store/keybuf.h"
#include "controller/store/tables.h"
#include "schema/record.pb-c.h"

struct wall quarter_of(struct wall at)
{
    int64_t past = at.us % QUARTER_US;
    return (struct wall){.us = at.us - (past < 0 ? past + QUARTER_US : past)};
}

static void scope_key(struct keybuf *key, const struct presence_scope *scope)
{
    keybuf_begin(key);
    keybuf_u8(key, scope->is_zone ? 'Z' : 'T');
    keybuf_name(key, scope->name);
    if (!scope->is_zone) {
        keybuf_u32(key, (uint32_t)scope->day);
    }
}

static void quarter_key(struct keybuf *key, const struct presence_scope *scope, struct wall start)
{
    scope_key(key, scope);
    keybuf_wall(key, start);
}

static void move_key(struct keybuf *key, const struct presence_scope *scope, struct wall at,
                     uint64_t journal)
{
    quarter_key(key, scope, quarter_of(at));
    keybuf_wall(key, at);
    keybuf_u64(key, journal);
}

/* The last `size` bytes of a key: what stands behind the scope. */
static enum err key_tail(struct bytes key, size_t size, struct reader *ret_tail,
                         struct fault *fault)
{
    if (key.size <= size) {
        return fault_set(fault, ERR_CORRUPT,
                         "headcount: a key of %zu bytes; run `parkgate journal verify`", key.size);
    }
    *ret_tail = reader_of((struct bytes){key.data + key.size - size, size});
    return ERR_OK;
}

/* --- single counts --- */

static enum err get_count(struct store_txn *txn, enum table table, const struct keybuf *key,
                          int32_t *ret_value, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(txn, table, keybuf_view(key),
                                     &parkgate__count_record__descriptor, &found, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_value = err == ERR_OK ? ((Parkgate__CountRecord *)found)->value : 0;
    return ERR_OK;
}

/* Zero has no row. */
static enum err set_count(struct store_txn *txn, enum table table, const struct keybuf *key,
                          int32_t value, struct fault *fault)
{
    if (value == 0) {
        enum err err = store_del(txn, table, keybuf_view(key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__CountRecord record = PARKGATE__COUNT_RECORD__INIT;
    record.value = value;
    return store_put_message(txn, table, keybuf_view(key), &record.base, fault);
}

static enum err next_move(struct store_iter *iter, struct wall *ret_at, int32_t *ret_value,
                          struct fault *fault)
{
    struct bytes key, value;
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    TRY(store_iter_next(iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__count_record__descriptor, &found, fault));

    struct reader r;
    TRY(key_tail(key, 2 * sizeof(uint64_t), &r, fault));
    *ret_at = keybuf_read_wall(&r);
    *ret_value = ((Parkgate__CountRecord *)found)->value;
    return ERR_OK;
}

/* --- quarters --- */

static enum err get_quarter(struct store_txn *txn, const struct keybuf *key,
                            Parkgate__QuarterRecord *ret_record, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(txn, TABLE_QUARTER, keybuf_view(key),
                                     &parkgate__quarter_record__descriptor, &found, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    Parkgate__QuarterRecord record = PARKGATE__QUARTER_RECORD__INIT;
    if (err == ERR_OK) {
        const Parkgate__QuarterRecord *stored = (const Parkgate__QuarterRecord *)found;
        record.net = stored->net;
        record.top = stored->top;
        record.top_us = stored->top_us;
        record.entries = stored->entries;
        record.exits = stored->exits;
    }
    *ret_record = record;
    return ERR_OK;
}

static enum err put_quarter(struct store_txn *txn, const struct keybuf *key,
                            const Parkgate__QuarterRecord *record, struct fault *fault)
{
    if (record->net == 0 && record->top == 0 && record->entries == 0 && record->exits == 0) {
        enum err err = store_del(txn, TABLE_QUARTER, keybuf_view(key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return store_put_message(txn, TABLE_QUARTER, keybuf_view(key), &record->base, fault);
}

/* Finds the highest point from all moves of the quarter. */
static enum err scan_top(struct store_txn *txn, const struct keybuf *quarter,
                         Parkgate__QuarterRecord *record, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_MOVE, keybuf_view(quarter), UINT64_MAX, &iter, fault));
    record->top = 0;
    record->top_us = 0;

    int32_t running = 0;
    struct wall at;
    int32_t value;
    enum err err;
    while ((err = next_move(&iter, &at, &value, fault)) == ERR_OK) {
        running += value;
        if (running > record->top) {
            record->top = running;
            record->top_us = at.us;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct crest {
    bool is_last;    /* no move after it */
    int32_t highest; /* of the moves' running sum from it on; 0 at itself */
    struct wall at;
    int32_t sum; /* of all moves after it */
};

/* How the count goes on after the move of `key` until the quarter ends. */
static enum err crest_after(struct store_txn *txn, const struct presence_scope *scope,
                            const struct keybuf *key, struct wall move_at, struct crest *ret_crest,
                            struct fault *fault)
{
    struct keybuf after = *key, until;
    keybuf_u8(&after, 0); /* the first key behind it */
    quarter_key(&until, scope, (struct wall){.us = quarter_of(move_at).us + QUARTER_US});
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_MOVE, keybuf_view(&after), keybuf_view(&until), UINT64_MAX,
                         &iter, fault));

    struct crest crest = {.is_last = true, .at = move_at};
    struct wall at;
    int32_t value;
    enum err err;
    while ((err = next_move(&iter, &at, &value, fault)) == ERR_OK) {
        crest.is_last = false;
        crest.sum += value;
        if (crest.sum > crest.highest) {
            crest.highest = crest.sum;
            crest.at = at;
        }
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_crest = crest;
    return ERR_OK;
}

/* The highest point after a new move was put in. Everything after the move is shifted by it, and
 * nothing before it: so one more person is judged by the rest of the quarter alone, and one less
 * cannot move a highest point that was reached before. record->net is still the old one. */
static enum err raise_top(struct store_txn *txn, const struct presence_scope *scope,
                          const struct keybuf *key, struct wall at, int32_t by,
                          Parkgate__QuarterRecord *record, struct fault *fault)
{
    if (by < 0 && (record->top == 0 || record->top_us < at.us)) {
        return ERR_OK;
    }
    struct crest crest;
    TRY(crest_after(txn, scope, key, at, &crest, fault));
    if (by < 0) {
        struct keybuf quarter;
        quarter_key(&quarter, scope, quarter_of(at));
        return crest.is_last ? ERR_OK : scan_top(txn, &quarter, record, fault);
    }
    int32_t highest = record->net - crest.sum + by + crest.highest;
    if (highest > record->top) {
        record->top = highest;
        record->top_us = crest.at.us;
    }
    return ERR_OK;
}

static enum err add_move(struct store_txn *txn, const struct presence_scope *scope, struct wall at,
                         uint64_t journal, int32_t by, Parkgate__QuarterRecord *record,
                         struct fault *fault)
{
    struct keybuf key, quarter;
    int32_t before;
    move_key(&key, scope, at, journal);
    TRY(get_count(txn, TABLE_MOVE, &key, &before, fault));
    TRY(set_count(txn, TABLE_MOVE, &key, before + by, fault));
    if (before == 0) {
        TRY(raise_top(txn, scope, &key, at, by, record, fault));
    } else {
        quarter_key(&quarter, scope, quarter_of(at));
        TRY(scan_top(txn, &quarter, record, fault));
    }
    record->net += by;
    return ERR_OK;
}

/* May be below zero in between: a late exit is counted before the one after it is taken back. */
static enum err add_to_zone(struct store_txn *txn, struct name zone, int32_t by,
                            struct fault *fault)
{
    struct keybuf key;
    int32_t count;
    keybuf_begin(&key);
    keybuf_name(&key, zone);
    TRY(get_count(txn, TABLE_ZONE_NOW, &key, &count, fault));
    return set_count(txn, TABLE_ZONE_NOW, &key, count + by, fault);
}

enum err move_store_add(struct store_txn *txn, struct wall at, uint64_t journal,
                        const struct presence_change *change, struct fault *fault)
{
    if (change->present == 0 && change->entries == 0 && change->exits == 0) {
        return ERR_OK;
    }
    struct keybuf key;
    Parkgate__QuarterRecord record;
    quarter_key(&key, &change->scope, quarter_of(at));
    TRY(get_quarter(txn, &key, &record, fault));
    if (change->present != 0) {
        TRY(add_move(txn, &change->scope, at, journal, change->present, &record, fault));
    }
    record.entries += (uint32_t)change->entries; /* what is taken back was added before */
    record.exits += (uint32_t)change->exits;
    TRY(put_quarter(txn, &key, &record, fault));
    if (change->scope.is_zone) {
        TRY(add_to_zone(txn, change->scope.name, change->present, fault));
    }
    return ERR_OK;
}

/* --- answers --- */

enum err move_store_zone_now(struct store_txn *txn, struct name zone, int32_t *ret_count,
                             struct fault *fault)
{
    struct keybuf key;
    int32_t count;
    keybuf_begin(&key);
    keybuf_name(&key, zone);
    TRY(get_count(txn, TABLE_ZONE_NOW, &key, &count, fault));
    if (count < 0) {
        return fault_set(fault, ERR_CORRUPT,
                         "zone %s holds %d persons; run `parkgate journal verify`", zone.text,
                         (int)count);
    }
    *ret_count = count;
    return ERR_OK;
}

enum err quarters_begin(struct store_txn *txn, const struct presence_scope *scope, struct wall from,
                        struct wall until, struct store_iter *iter, struct fault *fault)
{
    struct keybuf first, end;
    quarter_key(&first, scope, from);
    quarter_key(&end, scope, until);
    return store_iter_range(txn, TABLE_QUARTER, keybuf_view(&first), keybuf_view(&end), UINT64_MAX,
                            iter, fault);
}

enum err quarters_begin_back(struct store_txn *txn, const struct presence_scope *scope,
                             struct wall from, struct wall until, struct store_iter *iter,
                             struct fault *fault)
{
    struct keybuf first, end;
    quarter_key(&first, scope, from);
    quarter_key(&end, scope, until);
    return store_iter_range_back(txn, TABLE_QUARTER, keybuf_view(&first), keybuf_view(&end),
                                 UINT64_MAX, iter, fault);
}

enum err quarters_next(struct store_iter *iter, struct quarter *ret_quarter, struct fault *fault)
{
    struct bytes key, value;
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    TRY(store_iter_next(iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__quarter_record__descriptor, &found, fault));

    struct reader r;
    TRY(key_tail(key, sizeof(uint64_t), &r, fault));
    const Parkgate__QuarterRecord *record = (const Parkgate__QuarterRecord *)found;
    *ret_quarter = (struct quarter){.start = keybuf_read_wall(&r),
                                    .net = record->net,
                                    .top = record->top,
                                    .top_at = {record->top_us},
                                    .entries = record->entries,
                                    .exits = record->exits};
    return ERR_OK;
}
