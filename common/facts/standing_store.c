#include "common/facts/standing_store.h"

#include <string.h>

#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

struct handle standing_somebody(void)
{
    struct handle somebody;
    memset(somebody.bytes, 0xff, sizeof(somebody.bytes));
    return somebody;
}

static bool take_apart(const Parkgate__StandingRecord *record, struct standing *ret)
{
    struct standing standing = {
        .count = record->n_journal, .held = record->held, .held_at = {.us = record->held_us}};
    if (record->n_journal > STANDING_MAX || record->n_captured_us != record->n_journal ||
        record->holder.len != record->n_journal * HANDLE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < standing.count; i++) {
        struct standing_grant *grant = &standing.grants[i];
        grant->journal = record->journal[i];
        grant->captured = (struct wall){.us = record->captured_us[i]};
        memcpy(grant->holder.bytes, record->holder.data + i * HANDLE_SIZE, HANDLE_SIZE);
    }
    *ret = standing;
    return true;
}

static enum err corrupt(struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "standing: a damaged row; run `parkgate journal verify`");
}

static enum err get_by(struct store_txn *txn, struct bytes key, struct standing *ret,
                       struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_STANDING, key,
                                     &parkgate__standing_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct standing){0};
        return ERR_OK;
    }
    TRY(err);
    return take_apart((const void *)message, ret) ? ERR_OK : corrupt(fault);
}

enum err standing_get(struct store_txn *txn, struct name lane, struct standing *ret,
                      struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, lane);
    return get_by(txn, keybuf_view(&key), ret, fault);
}

bool standing_is_open(const struct standing_grant *grant, struct wall when, uint32_t pass_ms)
{
    return when.us - grant->captured.us <= (int64_t)pass_ms * 1000;
}

enum err standing_at_most(struct store_txn *txn, uint64_t *ret_grants, struct fault *fault)
{
    TRY(store_count(txn, TABLE_STANDING, ret_grants, fault));
    *ret_grants *= STANDING_MAX;
    return ERR_OK;
}

enum err standing_next(struct store_txn *txn, struct name after, struct name *ret_lane,
                       struct standing *ret, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    keybuf_begin(&from);
    if (after.text[0] != '\0') {
        keybuf_name(&from, after);
        keybuf_u8(&from, 0); /* the first key behind it */
    }
    TRY(store_iter_range(txn, TABLE_STANDING, keybuf_view(&from), (struct bytes){0}, 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    *ret_lane = keybuf_read_name(&r);
    TRY(store_unpack_message(key, value, &parkgate__standing_record__descriptor, &message, fault));
    return !r.bad && take_apart((const void *)message, ret) ? ERR_OK : corrupt(fault);
}

/* --- projections --- */

static struct bytes lane_key(struct keybuf *key, const char *lane)
{
    keybuf_begin(key);
    keybuf_text(key, lane);
    return keybuf_view(key);
}

static enum err put(struct store_txn *txn, struct bytes key, const struct standing *standing,
                    struct fault *fault)
{
    uint64_t journals[STANDING_MAX];
    int64_t captured[STANDING_MAX];
    uint8_t holders[STANDING_MAX * HANDLE_SIZE];
    Parkgate__StandingRecord record = PARKGATE__STANDING_RECORD__INIT;
    if (standing->count == 0 && standing->held_at.us == 0) {
        enum err err = store_del(txn, TABLE_STANDING, key, fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    for (size_t i = 0; i < standing->count; i++) {
        journals[i] = standing->grants[i].journal;
        captured[i] = standing->grants[i].captured.us;
        memcpy(holders + i * HANDLE_SIZE, standing->grants[i].holder.bytes, HANDLE_SIZE);
    }
    record.n_journal = record.n_captured_us = standing->count;
    record.journal = journals;
    record.captured_us = captured;
    record.holder =
        field_of((struct bytes){.data = holders, .size = standing->count * HANDLE_SIZE});
    record.held = standing->held;
    record.held_us = standing->held_at.us;
    return store_put_message(txn, TABLE_STANDING, key, &record.base, fault);
}

static void remove_at(struct standing *standing, size_t at)
{
    standing->count--;
    memmove(&standing->grants[at], &standing->grants[at + 1],
            (standing->count - at) * sizeof(standing->grants[0]));
}

/* The place of `journal`; count: none. */
static size_t find(const struct standing *standing, uint64_t journal)
{
    size_t at = 0;
    while (at < standing->count && standing->grants[at].journal != journal) {
        at++;
    }
    return at;
}

static size_t oldest(const struct standing *standing)
{
    size_t found = 0;
    for (size_t i = 1; i < standing->count; i++) {
        if (wall_before(standing->grants[i].captured, standing->grants[found].captured)) {
            found = i;
        }
    }
    return found;
}

enum err standing_open(struct store_txn *txn, const char *lane, const struct standing_grant *grant,
                       struct fault *fault)
{
    struct keybuf buf;
    struct standing standing;
    struct bytes key = lane_key(&buf, lane);
    TRY(get_by(txn, key, &standing, fault));
    if (find(&standing, grant->journal) < standing.count) {
        return ERR_OK;
    }
    if (standing.count == STANDING_MAX) {
        size_t at = oldest(&standing);
        if (wall_before(grant->captured, standing.grants[at].captured)) {
            return ERR_OK;
        }
        remove_at(&standing, at);
    }
    standing.grants[standing.count++] = *grant;
    return put(txn, key, &standing, fault);
}

enum err standing_end(struct store_txn *txn, const char *lane, uint64_t journal,
                      struct fault *fault)
{
    struct keybuf buf;
    struct standing standing;
    struct bytes key = lane_key(&buf, lane);
    TRY(get_by(txn, key, &standing, fault));
    size_t at = find(&standing, journal);
    if (at == standing.count) {
        return ERR_OK;
    }
    remove_at(&standing, at);
    return put(txn, key, &standing, fault);
}

enum err standing_held(struct store_txn *txn, const char *lane, bool held, struct wall captured,
                       struct fault *fault)
{
    struct keybuf buf;
    struct standing standing;
    struct bytes key = lane_key(&buf, lane);
    TRY(get_by(txn, key, &standing, fault));
    if (wall_before(captured, standing.held_at)) {
        return ERR_OK;
    }
    standing.held = held;
    standing.held_at = captured;
    return put(txn, key, &standing, fault);
}
