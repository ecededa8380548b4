/* What retention takes away: answered rows after OUTBOX_KEEP_DAYS, and days whose key seals nothing
 * any more. Declared in outbox.h. */
#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "reader-agent/store/day_boxes.h"
#include "reader-agent/store/outbox.h"
#include "schema/agent_store.pb-c.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

struct trim_context {
    uint32_t until_day; /* rows answered before this day go ... */
    size_t limit;       /* ... at most so many */
    size_t trimmed;
};

static enum err day_of_row(struct store_txn *txn, struct bytes id, bool *ret_quarantined,
                           uint32_t *ret_day, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_OUTBOX, id, &parkgate__outbox_row__descriptor,
                                     &message, fault);
    if (err == ERR_OK) {
        *ret_quarantined = false;
        *ret_day = ((const Parkgate__OutboxRow *)message)->day;
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(store_get_message(txn, TABLE_QUARANTINE, id, &parkgate__quarantine_row__descriptor,
                          &message, fault));
    *ret_quarantined = true;
    *ret_day = ((const Parkgate__QuarantineRow *)message)->day;
    return ERR_OK;
}

static enum err count_day_down(struct store_txn *txn, uint32_t day, struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u32(&key, day);
    struct bytes value;
    TRY(store_get(txn, TABLE_DAYS, keybuf_view(&key), &value, fault));
    struct reader r = reader_of(value);
    uint64_t count = reader_u64(&r);
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof(out));
    writer_u64(&w, count == 0 ? 0 : count - 1);
    return store_put(txn, TABLE_DAYS, keybuf_view(&key), writer_view(&w), fault);
}

static enum err drop_row(struct store_txn *txn, struct bytes id, struct fault *fault)
{
    bool quarantined = false;
    uint32_t day = 0;
    enum err err = day_of_row(txn, id, &quarantined, &day, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    TRY(store_del(txn, quarantined ? TABLE_QUARANTINE : TABLE_OUTBOX, id, fault));
    err = store_del(txn, TABLE_ACTED, id, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    return count_day_down(txn, day, fault);
}

static enum err trim_slice(struct store_txn *txn, void *opaque, struct fault *fault)
{
    struct trim_context *ctx = opaque;
    ctx->trimmed = 0;
    struct keybuf until;
    keybuf_begin(&until);
    keybuf_u32(&until, ctx->until_day);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_ANSWERED, nothing, keybuf_view(&until), ctx->limit, &iter,
                         fault));
    struct bytes found;
    struct bytes value;
    enum err err;
    while ((err = store_iter_next(&iter, &found, &value, fault)) == ERR_OK) {
        struct keybuf key; /* found is borrowed only until the first change */
        keybuf_begin(&key);
        keybuf_bytes(&key, found);
        struct bytes whole = keybuf_view(&key);
        struct bytes id = {.data = whole.data + 4, .size = whole.size - 4};
        TRY(drop_row(txn, id, fault));
        TRY(store_del(txn, TABLE_ANSWERED, whole, fault));
        ctx->trimmed++;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Rows that were answered long ago, else the oldest answered ones of those that are too many. */
static enum err what_to_trim(struct agent_store *store, struct wall now, uint64_t most,
                             struct trim_context *ret, struct fault *fault)
{
    uint32_t today = outbox_day(now);
    uint64_t rows = 0;
    TRY(outbox_rows(store, &rows, fault));
    *ret = (struct trim_context){.limit = OUTBOX_SLICE};
    if (rows > most) {
        ret->until_day = UINT32_MAX;
        ret->limit = rows - most < OUTBOX_SLICE ? (size_t)(rows - most) : OUTBOX_SLICE;
    } else if (today > OUTBOX_KEEP_DAYS) {
        ret->until_day = today - OUTBOX_KEEP_DAYS;
    }
    return ERR_OK;
}

enum err outbox_trim(struct agent_store *store, struct wall now, uint64_t most, size_t *ret_trimmed,
                     struct fault *fault)
{
    struct trim_context ctx;
    *ret_trimmed = 0;
    TRY(what_to_trim(store, now, most, &ctx, fault));
    if (ctx.until_day == 0) {
        return ERR_OK;
    }
    TRY(agent_store_write(store, trim_slice, &ctx, fault));
    *ret_trimmed = ctx.trimmed;
    return ERR_OK;
}

enum { FREE_DAYS_A_CALL = 64 };

struct free_context {
    uint32_t today;
    size_t count;
    uint32_t days[FREE_DAYS_A_CALL];
};

static enum err find_free_days(struct agent_store *store, struct free_context *ctx,
                               struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf until;
    keybuf_begin(&until);
    keybuf_u32(&until, ctx->today);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_DAYS, nothing, keybuf_view(&until), UINT64_MAX, &iter, fault));
    struct bytes found;
    struct bytes value;
    enum err err = ERR_OK;
    while (ctx->count < FREE_DAYS_A_CALL &&
           (err = store_iter_next(&iter, &found, &value, fault)) == ERR_OK) {
        struct reader count = reader_of(value);
        struct reader day = reader_of(found);
        if (reader_u64(&count) == 0) {
            ctx->days[ctx->count++] = reader_u32(&day);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err forget_days(struct store_txn *txn, void *opaque, struct fault *fault)
{
    const struct free_context *ctx = opaque;
    for (size_t i = 0; i < ctx->count; i++) {
        struct keybuf key;
        keybuf_begin(&key);
        keybuf_u32(&key, ctx->days[i]);
        TRY(day_boxes_drop(txn, ctx->days[i], fault));
        enum err err = store_del(txn, TABLE_DAYS, keybuf_view(&key), fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

/* The key first: a crash in between leaves a day that comes again, and no key that nobody looks
 * for.
 */
enum err outbox_free_days(struct agent_store *store, struct wall now,
                          bool (*destroy)(void *ctx, uint32_t day), void *ctx, struct fault *fault)
{
    struct free_context found = {.today = outbox_day(now)};
    TRY(find_free_days(store, &found, fault));
    size_t gone = 0;
    for (size_t i = 0; i < found.count; i++) {
        if (destroy(ctx, found.days[i])) {
            found.days[gone++] = found.days[i];
        }
    }
    found.count = gone;
    return gone == 0 ? ERR_OK : agent_store_write(store, forget_days, &found, fault);
}
