#include "reader-agent/store/day_boxes.h"

#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"

static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};

static struct bytes key_of_day(struct keybuf *key, uint32_t day)
{
    keybuf_begin(key);
    keybuf_u32(key, day);
    return keybuf_view(key);
}

enum err day_boxes_put(struct store_txn *txn, uint32_t day, const uint8_t id[DAY_BOX_ID_SIZE],
                       const uint8_t box[DAY_BOX_SIZE], struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    (void)key_of_day(&key, day);
    keybuf_bytes(&key, (struct bytes){.data = id, .size = DAY_BOX_ID_SIZE});
    enum err err = store_get(txn, TABLE_DAY_BOX, keybuf_view(&key), &value, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return store_put(txn, TABLE_DAY_BOX, keybuf_view(&key),
                     (struct bytes){.data = box, .size = DAY_BOX_SIZE}, fault);
}

enum err day_boxes_drop(struct store_txn *txn, uint32_t day, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes found;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_DAY_BOX, key_of_day(&prefix, day), UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &found, &value, fault)) == ERR_OK) {
        struct keybuf key; /* found is borrowed only until the change */
        keybuf_begin(&key);
        keybuf_bytes(&key, found);
        TRY(store_del(txn, TABLE_DAY_BOX, keybuf_view(&key), fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err day_boxes_get(struct agent_store *store, uint32_t day,
                       uint8_t ret_boxes[DAY_BOXES_MAX * DAY_BOX_SIZE], size_t *ret_count,
                       struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct keybuf prefix;
    struct bytes found;
    struct bytes value;
    enum err err = ERR_OK;
    size_t count = 0;
    TRY(agent_store_read(store, &txn, fault));
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_DAY_BOX, key_of_day(&prefix, day), DAY_BOXES_MAX, &iter,
                          fault));
    while (count < DAY_BOXES_MAX &&
           (err = store_iter_next(&iter, &found, &value, fault)) == ERR_OK) {
        if (value.size == DAY_BOX_SIZE) {
            memcpy(ret_boxes + count++ * DAY_BOX_SIZE, value.data, DAY_BOX_SIZE);
        }
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return ERR_OK;
}

enum err day_boxes_days(struct agent_store *store, uint32_t from, size_t limit, uint32_t *ret_days,
                        size_t *ret_count, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct keybuf key;
    struct bytes found;
    struct bytes value;
    enum err err = ERR_OK;
    size_t count = 0;
    TRY(agent_store_read(store, &txn, fault));
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_DAYS, key_of_day(&key, from), nothing, limit, &iter, fault));
    while (count < limit && (err = store_iter_next(&iter, &found, &value, fault)) == ERR_OK) {
        struct reader day = reader_of(found);
        ret_days[count++] = reader_u32(&day);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return ERR_OK;
}

struct change {
    struct agent_state state;
    const struct day_box *boxes;
    size_t count;
};

static enum err write_change(struct store_txn *txn, void *opaque, struct fault *fault)
{
    const struct change *change = opaque;
    for (size_t i = 0; i < change->count; i++) {
        const struct day_box *box = &change->boxes[i];
        TRY(day_boxes_put(txn, box->day, box->id, box->box, fault));
    }
    return agent_state_put(txn, &change->state, fault);
}

enum err day_boxes_change_key(struct agent_store *store,
                              const uint8_t recovery_key[RECOVERY_KEY_SIZE],
                              const struct day_box *boxes, size_t count, struct fault *fault)
{
    struct change change = {.state = *agent_store_state(store), .boxes = boxes, .count = count};
    change.state.has_recovery_key = true;
    memcpy(change.state.recovery_key, recovery_key, RECOVERY_KEY_SIZE);
    TRY(agent_store_write(store, write_change, &change, fault));
    agent_store_remember(store, &change.state);
    return ERR_OK;
}
