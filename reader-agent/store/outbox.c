#include "reader-agent/store/outbox.h"

#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "reader-agent/store/day_boxes.h"
#include "schema/agent_store.pb-c.h"
#include "schema/kinds.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

static void key_of_id(struct keybuf *key, struct grant_id id)
{
    keybuf_begin(key);
    keybuf_u32(key, id.epoch);
    keybuf_u64(key, id.sequence);
}

static void key_of_answered(struct keybuf *key, uint32_t day, struct grant_id id)
{
    keybuf_begin(key);
    keybuf_u32(key, day);
    keybuf_u32(key, id.epoch);
    keybuf_u64(key, id.sequence);
}

static struct grant_id read_id(struct reader *r)
{
    struct grant_id id = {.epoch = reader_u32(r)};
    id.sequence = reader_u64(r);
    return id;
}

uint32_t outbox_day(struct wall at)
{
    int64_t day = at.us / (INT64_C(86400) * 1000000);
    return day <= 0 || day > UINT32_MAX ? 0 : (uint32_t)day;
}

static enum err del_if_there(struct store_txn *txn, size_t table, struct bytes key,
                             struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err has(struct store_txn *txn, size_t table, struct bytes key, bool *ret_has,
                    struct fault *fault)
{
    struct bytes value;
    enum err err = store_get(txn, table, key, &value, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_has = err == ERR_OK;
    return ERR_OK;
}

enum err outbox_days_add(struct store_txn *txn, uint32_t day, int by, struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u32(&key, day);
    struct bytes value;
    uint64_t count = 0;
    enum err err = store_get(txn, TABLE_DAYS, keybuf_view(&key), &value, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(value);
        count = reader_u64(&r);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (by < 0 && count == 0) {
        return ERR_OK;
    }
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof(out));
    writer_u64(&w, by < 0 ? count - 1 : count + 1);
    return store_put(txn, TABLE_DAYS, keybuf_view(&key), writer_view(&w), fault);
}

static enum err put_row(struct store_txn *txn, const struct batch_event *event, struct fault *fault)
{
    struct keybuf key;
    key_of_id(&key, event->id);
    Parkgate__OutboxRow row = PARKGATE__OUTBOX_ROW__INIT;
    row.day = event->day;
    row.kind = event->kind;
    row.digest = (ProtobufCBinaryData){.len = EVENT_DIGEST_SIZE, .data = (uint8_t *)event->digest};
    row.sealed = (ProtobufCBinaryData){.len = event->sealed_size, .data = (uint8_t *)event->sealed};
    TRY(store_put_message(txn, TABLE_OUTBOX, keybuf_view(&key), &row.base, fault));
    TRY(store_put(txn, TABLE_PENDING, keybuf_view(&key), nothing, fault));
    if (event->has_box) {
        TRY(day_boxes_put(txn, event->day, event->box_id, event->box, fault));
    }
    return outbox_days_add(txn, event->day, 1, fault);
}

enum err outbox_put(struct store_txn *txn, const struct batch_event *event, struct fault *fault)
{
    TRY(put_row(txn, event, fault));
    if (!event->open) {
        return ERR_OK;
    }
    struct keybuf key;
    key_of_id(&key, event->id);
    return store_put(txn, TABLE_OPEN, keybuf_view(&key), nothing, fault);
}

static enum err get_row(struct store_txn *txn, struct grant_id id, struct outbox_event *ret,
                        struct fault *fault)
{
    struct keybuf key;
    key_of_id(&key, id);
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_OUTBOX, keybuf_view(&key), &parkgate__outbox_row__descriptor,
                          &message, fault));
    const Parkgate__OutboxRow *row = (const Parkgate__OutboxRow *)message;
    if (row->digest.len != EVENT_DIGEST_SIZE || row->sealed.len > SEALED_EVENT_MAX) {
        return fault_set(fault, ERR_CORRUPT, "outbox: event %llu of epoch %u is damaged",
                         (unsigned long long)id.sequence, id.epoch);
    }
    ret->id = id;
    ret->day = row->day;
    ret->kind = row->kind;
    memcpy(ret->digest, row->digest.data, EVENT_DIGEST_SIZE);
    ret->sealed_size = row->sealed.len;
    memcpy(ret->sealed, row->sealed.data, row->sealed.len);
    return ERR_OK;
}

/* Copies the acted verdict and the open mark from one id to another. */
static enum err move_verdict(struct store_txn *txn, struct bytes from, struct bytes to,
                             struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_ACTED, from, &parkgate__acted_row__descriptor,
                                     &message, fault);
    if (err == ERR_OK) {
        TRY(store_put_message(txn, TABLE_ACTED, to, message, fault));
        TRY(store_del(txn, TABLE_ACTED, from, fault));
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    bool open = false;
    TRY(has(txn, TABLE_OPEN, from, &open, fault));
    if (open) {
        TRY(store_put(txn, TABLE_OPEN, to, nothing, fault));
        TRY(store_del(txn, TABLE_OPEN, from, fault));
    }
    return ERR_OK;
}

enum err outbox_move(struct store_txn *txn, const struct batch_event *event, struct fault *fault)
{
    struct keybuf from;
    struct keybuf to;
    key_of_id(&from, event->moved_from);
    key_of_id(&to, event->id);
    struct outbox_event old;
    TRY(get_row(txn, event->moved_from, &old, fault));
    TRY(put_row(txn, event, fault));
    TRY(store_del(txn, TABLE_OUTBOX, keybuf_view(&from), fault));
    TRY(store_del(txn, TABLE_PENDING, keybuf_view(&from), fault));
    TRY(outbox_days_add(txn, old.day, -1, fault));
    TRY(move_verdict(txn, keybuf_view(&from), keybuf_view(&to), fault));
    return store_put(txn, TABLE_MOVED, keybuf_view(&from), keybuf_view(&to), fault);
}

enum err outbox_put_acted(struct store_txn *txn, struct grant_id id, const struct acted *acted,
                          struct fault *fault)
{
    struct keybuf key;
    key_of_id(&key, id);
    Parkgate__ActedRow row = PARKGATE__ACTED_ROW__INIT;
    row.outcome = acted->outcome;
    row.reason = acted->reason;
    row.source = acted->source;
    row.told = acted->told;
    TRY(store_put_message(txn, TABLE_ACTED, keybuf_view(&key), &row.base, fault));
    return del_if_there(txn, TABLE_OPEN, keybuf_view(&key), fault);
}

static enum err quarantine(struct store_txn *txn, const struct batch_answer *answer,
                           struct bytes key, struct wall now, struct fault *fault)
{
    struct outbox_event event;
    TRY(get_row(txn, answer->id, &event, fault));
    Parkgate__QuarantineRow row = PARKGATE__QUARANTINE_ROW__INIT;
    row.day = event.day;
    row.kind = event.kind;
    row.digest = (ProtobufCBinaryData){.len = EVENT_DIGEST_SIZE, .data = event.digest};
    row.sealed = (ProtobufCBinaryData){.len = event.sealed_size, .data = event.sealed};
    row.error = answer->error;
    row.at_us = now.us;
    TRY(store_put_message(txn, TABLE_QUARANTINE, key, &row.base, fault));
    return store_del(txn, TABLE_OUTBOX, key, fault);
}

enum err outbox_put_answer(struct store_txn *txn, const struct batch_answer *answer, uint32_t today,
                           struct wall now, struct fault *fault)
{
    struct keybuf key;
    key_of_id(&key, answer->id);
    enum err err = store_del(txn, TABLE_PENDING, keybuf_view(&key), fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK; /* answered before, or never ours */
    }
    TRY(err);
    if (answer->answer == ANSWER_REFUSED) {
        TRY(quarantine(txn, answer, keybuf_view(&key), now, fault));
    }
    struct keybuf answered;
    key_of_answered(&answered, today, answer->id);
    return store_put(txn, TABLE_ANSWERED, keybuf_view(&answered), nothing, fault);
}

enum err outbox_get(struct agent_store *store, struct grant_id id, struct outbox_event *ret_event,
                    struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    return get_row(txn, id, ret_event, fault);
}

/* The ids that are keys of `table`, from the one after `after`. */
static enum err list_ids(struct agent_store *store, size_t table, struct grant_id after,
                         size_t limit, struct grant_id *ret_ids, size_t *ret_count,
                         struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf from;
    after.sequence++;
    key_of_id(&from, after);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, table, keybuf_view(&from), nothing, limit, &iter, fault));
    size_t count = 0;
    struct bytes key;
    struct bytes value;
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK && count < limit) {
        struct reader r = reader_of(key);
        ret_ids[count++] = read_id(&r);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return ERR_OK;
}

enum err outbox_pending(struct agent_store *store, struct grant_id after, size_t limit,
                        struct grant_id *ret_ids, size_t *ret_count, struct fault *fault)
{
    return list_ids(store, TABLE_PENDING, after, limit, ret_ids, ret_count, fault);
}

enum err outbox_open_presentations(struct agent_store *store, size_t limit,
                                   struct grant_id *ret_ids, size_t *ret_count, struct fault *fault)
{
    return list_ids(store, TABLE_OPEN, (struct grant_id){0}, limit, ret_ids, ret_count, fault);
}

static enum err count_of(struct agent_store *store, size_t table, uint64_t *ret_count,
                         struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    return store_count(txn, table, ret_count, fault);
}

enum err outbox_depth(struct agent_store *store, uint64_t *ret_depth, struct fault *fault)
{
    return count_of(store, TABLE_PENDING, ret_depth, fault);
}

enum err outbox_rows(struct agent_store *store, uint64_t *ret_rows, struct fault *fault)
{
    return count_of(store, TABLE_OUTBOX, ret_rows, fault);
}

enum err outbox_kept(struct agent_store *store, struct grant_id after, size_t limit,
                     struct grant_id *ret_ids, size_t *ret_count, struct fault *fault)
{
    return list_ids(store, TABLE_OUTBOX, after, limit, ret_ids, ret_count, fault);
}

enum err outbox_first_pending(struct agent_store *store, uint32_t epoch, uint64_t *ret_sequence,
                              uint32_t *ret_day, struct fault *fault)
{
    struct grant_id first = {0};
    size_t count = 0;
    struct outbox_event event;
    TRY(outbox_pending(store, (struct grant_id){.epoch = epoch}, 1, &first, &count, fault));
    if (count == 0 || first.epoch != epoch) {
        return ERR_NOT_FOUND;
    }
    TRY(outbox_get(store, first, &event, fault));
    *ret_sequence = first.sequence;
    *ret_day = event.day;
    return ERR_OK;
}

enum err outbox_quarantined(struct agent_store *store, uint64_t *ret_count, struct fault *fault)
{
    return count_of(store, TABLE_QUARANTINE, ret_count, fault);
}

enum err outbox_is_pending(struct agent_store *store, struct grant_id id, bool *ret_pending,
                           struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf key;
    key_of_id(&key, id);
    return has(txn, TABLE_PENDING, keybuf_view(&key), ret_pending, fault);
}

enum err outbox_acted(struct agent_store *store, struct grant_id id, struct acted *ret_acted,
                      struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf key;
    key_of_id(&key, id);
    TRY(store_get_message(txn, TABLE_ACTED, keybuf_view(&key), &parkgate__acted_row__descriptor,
                          &message, fault));
    const Parkgate__ActedRow *row = (const Parkgate__ActedRow *)message;
    *ret_acted = (struct acted){
        .outcome = row->outcome, .reason = row->reason, .source = row->source, .told = row->told};
    return ERR_OK;
}

enum err outbox_moved(struct agent_store *store, struct grant_id id, struct grant_id *ret_id,
                      struct fault *fault)
{
    enum { HOPS_MAX = 64 }; /* epochs that one event outlived */
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    for (int i = 0; i < HOPS_MAX; i++) {
        struct keybuf key;
        key_of_id(&key, id);
        struct bytes value;
        enum err err = store_get(txn, TABLE_MOVED, keybuf_view(&key), &value, fault);
        if (err == ERR_NOT_FOUND) {
            break;
        }
        TRY(err);
        struct reader r = reader_of(value);
        id = read_id(&r);
    }
    *ret_id = id;
    return ERR_OK;
}
