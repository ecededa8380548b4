#include "controller/store/hidden_store.h"

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/kinds.h"

/* Each hidden entry has a row under its sequence, and one under how many shown ones came before it,
 * which it shares with those that follow it at once. So each way is one step, however many there
 * are: the work of an answer does not tell either. */
enum hidden_row { UNDER_SEQUENCE = 0, UNDER_SHOWN = 1 };

bool hidden_kind(uint32_t kind)
{
    return kind == ENTRY_ALERT || kind == ENTRY_WATCH_HIT || kind == ENTRY_WATCH_CANDIDATE ||
           kind == ENTRY_DISPOSITION_NOTICE || kind == ENTRY_WATCH_RETENTION;
}

static struct bytes row_key(struct keybuf *key, enum hidden_row row, uint64_t at)
{
    keybuf_begin(key);
    keybuf_u8(key, (uint8_t)row);
    keybuf_u64(key, at);
    return keybuf_view(key);
}

/* What the last of these rows before `end` says; 0 without one. One that cannot be read counts as
 * one more than the row before it: under a sequence that is what it said, and elsewhere the least.
 */
static enum err count_before(struct store_txn *txn, enum hidden_row row, uint64_t end,
                             uint64_t *ret, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret = 0;
    TRY(store_iter_range_back(txn, TABLE_HIDDEN, row_key(&from, row, 0), row_key(&until, row, end),
                              UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(value);
        uint64_t said = reader_u64(&r);
        if (reader_done(&r)) {
            *ret += said;
            return ERR_OK;
        }
        ++*ret;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err hidden_note(struct store_txn *txn, uint64_t sequence, struct fault *fault)
{
    uint64_t before = 0;
    uint8_t value[8];
    struct keybuf key;
    struct writer w = writer_of(value, sizeof(value));
    TRY(count_before(txn, UNDER_SEQUENCE, sequence, &before, fault));
    writer_u64(&w, before + 1);
    TRY(store_put(txn, TABLE_HIDDEN, row_key(&key, UNDER_SEQUENCE, sequence), BYTES_OF(value),
                  fault));
    return store_put(txn, TABLE_HIDDEN, row_key(&key, UNDER_SHOWN, sequence - 1 - before),
                     BYTES_OF(value), fault);
}

enum err hidden_shown(struct store_txn *txn, uint64_t sequence, uint64_t *ret, struct fault *fault)
{
    uint64_t hidden = 0;
    TRY(count_before(txn, UNDER_SEQUENCE, sequence + 1, &hidden, fault));
    *ret = sequence - hidden;
    return ERR_OK;
}

enum err hidden_sequence(struct store_txn *txn, uint64_t shown, uint64_t *ret, struct fault *fault)
{
    uint64_t hidden = 0;
    TRY(count_before(txn, UNDER_SHOWN, shown, &hidden, fault));
    *ret = shown + hidden;
    return ERR_OK;
}
