#include "common/facts/recall_store.h"

#include "common/facts/tables.h"

struct bytes recall_key(struct keybuf *key, const char *gate)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    return keybuf_view(key);
}

enum { ROWS_MARK = 0xff }; /* no name begins so */

struct bytes recall_rows_prefix(struct keybuf *key, const struct handle *holder)
{
    keybuf_begin(key);
    keybuf_u8(key, ROWS_MARK);
    if (holder != NULL) {
        keybuf_handle(key, *holder);
    }
    return keybuf_view(key);
}

struct bytes recall_row_key(struct keybuf *key, const struct recall_row *row)
{
    (void)recall_rows_prefix(key, &row->holder);
    keybuf_u8(key, (uint8_t)row->table);
    keybuf_handle(key, row->row);
    return keybuf_view(key);
}

bool recall_row_of_key(struct bytes key, struct recall_row *ret)
{
    struct reader r = reader_of(key);
    bool marked = reader_u8(&r) == ROWS_MARK;
    ret->holder = keybuf_read_handle(&r);
    ret->table = reader_u8(&r);
    ret->row = keybuf_read_handle(&r);
    return marked && reader_done(&r);
}

enum err recall_get(struct store_txn *txn, const char *gate, Parkgate__RecallRecord **ret,
                    struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    *ret = NULL;
    enum err err = store_get_message(txn, TABLE_RECALL, recall_key(&key, gate),
                                     &parkgate__recall_record__descriptor, &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
