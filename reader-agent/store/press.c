#include "reader-agent/store/press.h"

#include "common/store/keybuf.h"

static void key_of(struct keybuf *key, struct name lane, uint64_t press)
{
    keybuf_begin(key);
    keybuf_name(key, lane);
    keybuf_u64(key, press);
}

enum err press_get(struct agent_store *store, struct name lane, uint64_t press,
                   struct grant_id *ret_id, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf key;
    key_of(&key, lane, press);
    struct bytes value;
    TRY(store_get(txn, TABLE_PRESS, keybuf_view(&key), &value, fault));
    struct reader r = reader_of(value);
    struct grant_id id = {.epoch = reader_u32(&r)};
    id.sequence = reader_u64(&r);
    if (!reader_done(&r)) {
        return fault_set(fault, ERR_CORRUPT, "a button press of lane %s is damaged", lane.text);
    }
    *ret_id = id;
    return ERR_OK;
}

/* Deletes what stands before the last PRESSES_KEPT of the lane; at most one more is there. */
static enum err drop_oldest(struct store_txn *txn, struct name lane, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct keybuf oldest = {0};
    key_of(&from, lane, 0);
    key_of(&until, lane, UINT64_MAX);
    size_t count = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_PRESS, keybuf_view(&from), keybuf_view(&until),
                              PRESSES_KEPT + 1, &iter, fault));
    struct bytes key;
    struct bytes value;
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        count++;
        keybuf_begin(&oldest);
        keybuf_bytes(&oldest, key);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return count <= PRESSES_KEPT ? ERR_OK
                                 : store_del(txn, TABLE_PRESS, keybuf_view(&oldest), fault);
}

enum err press_put(struct store_txn *txn, struct name lane, uint64_t press, struct grant_id id,
                   struct fault *fault)
{
    struct keybuf key;
    key_of(&key, lane, press);
    uint8_t out[12];
    struct writer w = writer_of(out, sizeof(out));
    writer_u32(&w, id.epoch);
    writer_u64(&w, id.sequence);
    TRY(store_put(txn, TABLE_PRESS, keybuf_view(&key), writer_view(&w), fault));
    return drop_oldest(txn, lane, fault);
}
