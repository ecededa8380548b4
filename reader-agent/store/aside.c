#include "reader-agent/store/aside.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "reader-agent/store/outbox.h"
#include "schema/agent_store.pb-c.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

static void key_of(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
}

static enum err head_of(struct bytes key, struct bytes value, struct aside_head *ret,
                        struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__aside_row__descriptor, &message, fault));
    const Parkgate__AsideRow *row = (const Parkgate__AsideRow *)message;
    struct reader r = reader_of(key);
    struct aside_head head = {.number = reader_u64(&r),
                              .day = row->day,
                              .at = {.us = row->at_us},
                              .kept = row->kept,
                              .whole = row->whole};
    if (!reader_done(&r) || row->digest.len != sizeof(head.digest) ||
        !name_from_text(row->reader, &head.reader) || row->kept > LIMIT_ASIDE_BYTES) {
        return fault_set(fault, ERR_CORRUPT, "body %llu that was put aside is damaged",
                         (unsigned long long)head.number);
    }
    memcpy(head.digest, row->digest.data, sizeof(head.digest));
    (void)snprintf(head.why, sizeof(head.why), "%s", row->why);
    *ret = head;
    return ERR_OK;
}

/* Calls `look` with each head above `after`, ascending, until it says false. */
static enum err walk(struct store_txn *txn, uint64_t after,
                     bool (*look)(void *ctx, const struct aside_head *head), void *ctx,
                     struct fault *fault)
{
    struct keybuf from;
    key_of(&from, after + 1);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_ASIDE, keybuf_view(&from), nothing, LIMIT_ASIDE_COUNT + 1,
                         &iter, fault));
    struct bytes key;
    struct bytes value;
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct aside_head head;
        TRY(head_of(key, value, &head, fault));
        if (!look(ctx, &head)) {
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct search {
    struct name reader;
    const uint8_t *digest;
    bool found;
};

static bool is_searched(void *ctx, const struct aside_head *head)
{
    struct search *search = ctx;
    search->found = name_equal(head->reader, search->reader) &&
                    memcmp(head->digest, search->digest, sizeof(head->digest)) == 0;
    return !search->found;
}

enum err aside_has(struct agent_store *store, struct name reader,
                   const uint8_t digest[SEAL_HASH_SIZE], bool *ret_has, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct search search = {.reader = reader, .digest = digest};
    TRY(agent_store_read(store, &txn, fault));
    TRY(walk(txn, 0, is_searched, &search, fault));
    *ret_has = search.found;
    return ERR_OK;
}

struct listing {
    struct aside_head *heads;
    size_t limit, count;
};

static bool add_to_list(void *ctx, const struct aside_head *head)
{
    struct listing *listing = ctx;
    if (listing->count == listing->limit) {
        return false;
    }
    listing->heads[listing->count++] = *head;
    return true;
}

enum err aside_list(struct agent_store *store, uint64_t after, size_t limit,
                    struct aside_head *ret_heads, size_t *ret_count, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct listing listing = {.heads = ret_heads, .limit = limit};
    TRY(agent_store_read(store, &txn, fault));
    TRY(walk(txn, after, add_to_list, &listing, fault));
    *ret_count = listing.count;
    return ERR_OK;
}

enum err aside_get(struct agent_store *store, uint64_t number, struct aside_item *ret_item,
                   struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf key;
    key_of(&key, number);
    struct bytes value;
    TRY(store_get(txn, TABLE_ASIDE, keybuf_view(&key), &value, fault));
    TRY(head_of(keybuf_view(&key), value, &ret_item->head, fault));
    TRY(store_get(txn, TABLE_ASIDE_BODY, keybuf_view(&key), &value, fault));
    if (value.size > sizeof(ret_item->sealed)) {
        return fault_set(fault, ERR_CORRUPT, "body %llu that was put aside is damaged",
                         (unsigned long long)number);
    }
    memcpy(ret_item->sealed, value.data, value.size);
    ret_item->sealed_size = value.size;
    return ERR_OK;
}

static enum err drop(struct store_txn *txn, const struct aside_head *head, struct fault *fault)
{
    struct keybuf key;
    key_of(&key, head->number);
    TRY(store_del(txn, TABLE_ASIDE, keybuf_view(&key), fault));
    TRY(store_del(txn, TABLE_ASIDE_BODY, keybuf_view(&key), fault));
    return outbox_days_add(txn, head->day, -1, fault);
}

static bool add_up(void *ctx, const struct aside_head *head)
{
    struct aside_totals *totals = ctx;
    totals->count++;
    totals->bytes += head->kept;
    return true;
}

enum err aside_totals(struct agent_store *store, struct aside_totals *ret_totals,
                      struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct aside_totals totals = {0};
    TRY(agent_store_read(store, &txn, fault));
    TRY(walk(txn, 0, add_up, &totals, fault));
    *ret_totals = totals;
    return ERR_OK;
}

struct oldest {
    bool found;
    struct aside_head head;
};

static bool take_first(void *ctx, const struct aside_head *head)
{
    struct oldest *oldest = ctx;
    *oldest = (struct oldest){.found = true, .head = *head};
    return false;
}

/* Until one more of `size` bytes fits. */
static enum err make_room(struct store_txn *txn, size_t size, struct fault *fault)
{
    struct aside_totals totals = {0};
    TRY(walk(txn, 0, add_up, &totals, fault));
    while (totals.count >= LIMIT_ASIDE_COUNT || totals.bytes + size > LIMIT_ASIDE_TOTAL_BYTES) {
        struct oldest oldest = {0};
        TRY(walk(txn, 0, take_first, &oldest, fault));
        MUST(oldest.found);
        TRY(drop(txn, &oldest.head, fault));
        totals.count--;
        totals.bytes -= oldest.head.kept;
    }
    return ERR_OK;
}

enum err aside_put(struct store_txn *txn, const struct aside_item *item, struct fault *fault)
{
    const struct aside_head *head = &item->head;
    MUST(head->kept <= LIMIT_ASIDE_BYTES && item->sealed_size <= sizeof(item->sealed));
    TRY(make_room(txn, head->kept, fault));
    struct keybuf key;
    key_of(&key, head->number);
    Parkgate__AsideRow row = PARKGATE__ASIDE_ROW__INIT;
    row.day = head->day;
    row.at_us = head->at.us;
    row.reader = (char *)head->reader.text;
    row.why = (char *)head->why;
    row.digest =
        (ProtobufCBinaryData){.len = sizeof(head->digest), .data = (uint8_t *)head->digest};
    row.kept = (uint32_t)head->kept;
    row.whole = head->whole;
    TRY(store_put_message(txn, TABLE_ASIDE, keybuf_view(&key), &row.base, fault));
    TRY(store_put(txn, TABLE_ASIDE_BODY, keybuf_view(&key),
                  (struct bytes){.data = item->sealed, .size = item->sealed_size}, fault));
    return outbox_days_add(txn, head->day, 1, fault);
}

struct trimming {
    uint32_t until_day;
    size_t trimmed;
};

static enum err trim_old(struct store_txn *txn, void *opaque, struct fault *fault)
{
    struct trimming *trimming = opaque;
    trimming->trimmed = 0;
    for (size_t i = 0; i < LIMIT_ASIDE_COUNT; i++) {
        struct oldest oldest = {0};
        TRY(walk(txn, 0, take_first, &oldest, fault));
        if (!oldest.found || oldest.head.day >= trimming->until_day) {
            break;
        }
        TRY(drop(txn, &oldest.head, fault));
        trimming->trimmed++;
    }
    return ERR_OK;
}

enum err aside_trim(struct agent_store *store, struct wall now, size_t *ret_trimmed,
                    struct fault *fault)
{
    uint32_t today = outbox_day(now);
    struct trimming trimming = {.until_day = today > ASIDE_KEEP_DAYS ? today - ASIDE_KEEP_DAYS : 0};
    TRY(agent_store_write(store, trim_old, &trimming, fault));
    *ret_trimmed = trimming.trimmed;
    return ERR_OK;
}
