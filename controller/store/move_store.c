#include "controller/store/move_store.h"

#include "common/facts/presence_now.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

#define MINUTE_US ((int64_t)60 * 1000000)

static struct wall floor_to(struct wall at, int64_t unit_us)
{
    int64_t past = at.us % unit_us;
    return (struct wall){.us = at.us - (past < 0 ? past + unit_us : past)};
}

struct wall quarter_of(struct wall at)
{
    return floor_to(at, QUARTER_US);
}

static struct wall minute_of(struct wall at)
{
    return floor_to(at, MINUTE_US);
}

static struct wall after(struct wall at, int64_t us)
{
    return (struct wall){.us = at.us + us};
}

static void scope_key(struct keybuf *key, const struct presence_scope *scope, uint8_t tenant_letter,
                      uint8_t zone_letter)
{
    keybuf_begin(key);
    keybuf_u8(key, scope->is_zone ? zone_letter : tenant_letter);
    keybuf_name(key, scope->name);
    if (!scope->is_zone) {
        keybuf_u32(key, (uint32_t)scope->day);
    }
}

static void quarter_key(struct keybuf *key, const struct presence_scope *scope, struct wall start)
{
    scope_key(key, scope, 'T', 'Z');
    keybuf_wall(key, start);
}

static void minute_key(struct keybuf *key, const struct presence_scope *scope, struct wall start)
{
    scope_key(key, scope, 't', 'z');
    keybuf_wall(key, start);
}

/* `when` may be the end of the quarter: behind all its moves. */
static void move_key(struct keybuf *key, const struct presence_scope *scope, struct wall quarter,
                     struct wall when)
{
    quarter_key(key, scope, quarter);
    keybuf_wall(key, when);
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

/* --- minutes and quarters, which are alike --- */

static enum err get_sum(struct store_txn *txn, const struct keybuf *key,
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

static enum err put_sum(struct store_txn *txn, const struct keybuf *key,
                        const Parkgate__QuarterRecord *record, struct fault *fault)
{
    if (record->net == 0 && record->top == 0 && record->entries == 0 && record->exits == 0) {
        enum err err = store_del(txn, TABLE_QUARTER, keybuf_view(key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return store_put_message(txn, TABLE_QUARTER, keybuf_view(key), &record->base, fault);
}

/* The moves of the minute of `at` that stand at or behind `from`. */
static enum err begin_moves(struct store_txn *txn, const struct presence_scope *scope,
                            struct wall at, const struct keybuf *from, struct store_iter *iter,
                            struct fault *fault)
{
    struct keybuf until;
    move_key(&until, scope, quarter_of(at), after(minute_of(at), MINUTE_US));
    return store_iter_range(txn, TABLE_MOVE, keybuf_view(from), keybuf_view(&until), UINT64_MAX,
                            iter, fault);
}

struct crest {
    bool is_empty;
    int32_t highest; /* of the moves' running sum, which begins with 0 */
    struct wall at;  /* when first; us 0: at the beginning */
    int32_t sum;     /* of all */
};

static enum err crest_of(struct store_iter *iter, struct crest *ret_crest, struct fault *fault)
{
    struct crest crest = {.is_empty = true};
    struct wall at;
    int32_t value;
    enum err err;
    while ((err = next_move(iter, &at, &value, fault)) == ERR_OK) {
        crest.is_empty = false;
        crest.sum += value;
        if (crest.sum > crest.highest) {
            crest.highest = crest.sum;
            crest.at = at;
        }
    }
    *ret_crest = crest;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The minute's highest point from all its moves. */
static enum err scan_top(struct store_txn *txn, const struct presence_scope *scope, struct wall at,
                         Parkgate__QuarterRecord *minute, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf from;
    struct crest crest;
    move_key(&from, scope, quarter_of(at), minute_of(at));
    TRY(begin_moves(txn, scope, at, &from, &iter, fault));
    TRY(crest_of(&iter, &crest, fault));
    minute->top = crest.highest;
    minute->top_us = crest.at.us;
    return ERR_OK;
}

/* The minute's highest point after a new move was put in. Everything after the move is shifted by
 * it, and nothing before it: so one more person is judged by the rest of the minute alone, and one
 * less cannot move a highest point that was reached before. minute->net is still the old one. */
static enum err shift_top(struct store_txn *txn, const struct presence_scope *scope,
                          const struct keybuf *key, struct wall at, int32_t by,
                          Parkgate__QuarterRecord *minute, struct fault *fault)
{
    if (by < 0 && (minute->top == 0 || minute->top_us < at.us)) {
        return ERR_OK;
    }
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf behind = *key;
    struct crest rest;
    keybuf_u8(&behind, 0);
    TRY(begin_moves(txn, scope, at, &behind, &iter, fault));
    TRY(crest_of(&iter, &rest, fault));
    if (by < 0) {
        return rest.is_empty ? ERR_OK : scan_top(txn, scope, at, minute, fault);
    }
    int32_t highest = minute->net - rest.sum + by + rest.highest;
    if (highest > minute->top) {
        minute->top = highest;
        minute->top_us = rest.highest > 0 ? rest.at.us : at.us;
    }
    return ERR_OK;
}

/* Is there no move of the quarter at or behind this key? Of a scope in order there never is. */
static enum err is_last(struct store_txn *txn, const struct presence_scope *scope, struct wall at,
                        const struct keybuf *key, bool *ret_last, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf until;
    struct bytes found, value;
    move_key(&until, scope, quarter_of(at), after(quarter_of(at), QUARTER_US));
    TRY(store_iter_range(txn, TABLE_MOVE, keybuf_view(key), keybuf_view(&until), 1, &iter, fault));
    enum err err = store_iter_next(&iter, &found, &value, fault);
    *ret_last = err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A move behind all others of its span: the sum rises to a new highest point, or it does not. */
static void append_to(Parkgate__QuarterRecord *span, struct wall at, int32_t by)
{
    span->net += by;
    if (span->net > span->top) {
        span->top = span->net;
        span->top_us = at.us;
    }
}

static enum err append_move(struct store_txn *txn, const struct presence_scope *scope,
                            const struct keybuf *key, struct wall at, int32_t by,
                            struct fault *fault)
{
    struct keybuf minute;
    Parkgate__QuarterRecord record;
    minute_key(&minute, scope, minute_of(at));
    TRY(get_sum(txn, &minute, &record, fault));
    TRY(set_count(txn, TABLE_MOVE, key, by, fault));
    append_to(&record, at, by);
    return put_sum(txn, &minute, &record, fault);
}

static enum err insert_move(struct store_txn *txn, const struct presence_scope *scope,
                            const struct keybuf *key, struct wall at, int32_t by,
                            struct fault *fault)
{
    struct keybuf minute;
    int32_t before;
    Parkgate__QuarterRecord record;
    minute_key(&minute, scope, minute_of(at));
    TRY(get_sum(txn, &minute, &record, fault));
    TRY(get_count(txn, TABLE_MOVE, key, &before, fault));
    TRY(set_count(txn, TABLE_MOVE, key, before + by, fault));
    TRY(before == 0 ? shift_top(txn, scope, key, at, by, &record, fault)
                    : scan_top(txn, scope, at, &record, fault));
    record.net += by;
    return put_sum(txn, &minute, &record, fault);
}

/* The quarter's highest point, from its minutes. */
static enum err top_of_minutes(struct store_txn *txn, const struct presence_scope *scope,
                               struct wall at, Parkgate__QuarterRecord *quarter,
                               struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf from, until;
    struct quarter minute;
    int32_t present = 0;
    enum err err;
    minute_key(&from, scope, quarter_of(at));
    minute_key(&until, scope, after(quarter_of(at), QUARTER_US));
    TRY(store_iter_range(txn, TABLE_QUARTER, keybuf_view(&from), keybuf_view(&until), UINT64_MAX,
                         &iter, fault));
    quarter->top = 0;
    quarter->top_us = 0;
    while ((err = quarters_next(&iter, &minute, fault)) == ERR_OK) {
        if (present + minute.top > quarter->top) {
            quarter->top = present + minute.top;
            quarter->top_us = minute.top_at.us;
        }
        present += minute.net;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_move(struct store_txn *txn, const struct presence_scope *scope, struct wall at,
                         uint64_t journal, int32_t by, Parkgate__QuarterRecord *quarter,
                         struct fault *fault)
{
    struct keybuf key;
    bool last = false;
    move_key(&key, scope, quarter_of(at), at);
    keybuf_u64(&key, journal);
    TRY(is_last(txn, scope, at, &key, &last, fault));
    if (last) {
        TRY(append_move(txn, scope, &key, at, by, fault));
        append_to(quarter, at, by);
        return ERR_OK;
    }
    TRY(insert_move(txn, scope, &key, at, by, fault));
    TRY(top_of_minutes(txn, scope, at, quarter, fault));
    quarter->net += by;
    return ERR_OK;
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
    TRY(get_sum(txn, &key, &record, fault));
    if (change->present != 0) {
        TRY(add_move(txn, &change->scope, at, journal, change->present, &record, fault));
    }
    record.entries += (uint32_t)change->entries; /* what is taken back was added before */
    record.exits += (uint32_t)change->exits;
    TRY(put_sum(txn, &key, &record, fault));
    if (change->scope.is_zone) {
        TRY(presence_add_to_zone(txn, change->scope.name, change->present, fault));
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
