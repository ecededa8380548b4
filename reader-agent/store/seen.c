#include "reader-agent/store/seen.h"

#include <string.h>

#include "common/store/keybuf.h"

static struct bytes hash_view(const uint8_t hash[SEEN_HASH_SIZE])
{
    return (struct bytes){.data = hash, .size = SEEN_HASH_SIZE};
}

static void key_of_hash(struct keybuf *key, struct name reader, struct bytes hash)
{
    keybuf_begin(key);
    keybuf_name(key, reader);
    keybuf_bytes(key, hash);
}

static void key_of_place(struct keybuf *key, struct name reader, uint64_t place)
{
    keybuf_begin(key);
    keybuf_name(key, reader);
    keybuf_u64(key, place);
}

enum err seen_has(struct agent_store *store, struct name reader, const uint8_t hash[SEEN_HASH_SIZE],
                  bool *ret_seen, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct keybuf key;
    key_of_hash(&key, reader, hash_view(hash));
    struct bytes value;
    enum err err = store_get(txn, TABLE_SEEN, keybuf_view(&key), &value, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_seen = err == ERR_OK;
    return ERR_OK;
}

/* Places rise for ever; the next one is one above the last. */
static enum err next_place(struct store_txn *txn, struct name reader, uint64_t *ret_place,
                           struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    key_of_place(&from, reader, 0);
    key_of_place(&until, reader, UINT64_MAX);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_SEEN_RING, keybuf_view(&from), keybuf_view(&until), 1,
                              &iter, fault));
    struct bytes key;
    struct bytes value;
    enum err err = store_iter_next(&iter, &key, &value, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_place = 0;
        return ERR_OK;
    }
    TRY(err);
    struct reader r = reader_of(key);
    (void)keybuf_read_name(&r);
    *ret_place = reader_u64(&r) + 1;
    return ERR_OK;
}

static enum err drop_place(struct store_txn *txn, struct name reader, uint64_t place,
                           struct fault *fault)
{
    struct keybuf ring;
    key_of_place(&ring, reader, place);
    struct bytes hash;
    enum err err = store_get(txn, TABLE_SEEN_RING, keybuf_view(&ring), &hash, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    struct keybuf seen;
    key_of_hash(&seen, reader, hash);
    TRY(store_del(txn, TABLE_SEEN_RING, keybuf_view(&ring), fault));
    err = store_del(txn, TABLE_SEEN, keybuf_view(&seen), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err seen_put(struct store_txn *txn, struct name reader, const uint8_t hash[SEEN_HASH_SIZE],
                  struct fault *fault)
{
    uint64_t place = 0;
    TRY(next_place(txn, reader, &place, fault));
    struct keybuf ring;
    struct keybuf seen;
    key_of_place(&ring, reader, place);
    key_of_hash(&seen, reader, hash_view(hash));
    TRY(store_put(txn, TABLE_SEEN_RING, keybuf_view(&ring), hash_view(hash), fault));
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof(out));
    writer_u64(&w, place);
    TRY(store_put(txn, TABLE_SEEN, keybuf_view(&seen), writer_view(&w), fault));
    return place < SEEN_RING_SIZE ? ERR_OK : drop_place(txn, reader, place - SEEN_RING_SIZE, fault);
}
