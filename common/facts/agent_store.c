#include "common/facts/agent_store.h"

#include "common/facts/tables.h"

struct bytes agent_event_key(struct keybuf *key, struct bytes public_key, uint32_t epoch,
                             uint64_t sequence)
{
    keybuf_begin(key);
    keybuf_bytes(key, public_key);
    keybuf_u32(key, epoch);
    keybuf_u64(key, sequence);
    return keybuf_view(key);
}

struct bytes agent_grant_key(struct keybuf *key, const char *lane, uint32_t direction,
                             struct bytes credential)
{
    keybuf_begin(key);
    keybuf_text(key, lane);
    keybuf_u8(key, (uint8_t)direction);
    keybuf_bytes(key, credential);
    return keybuf_view(key);
}

enum err agent_get(struct store_txn *txn, const char *gate, Parkgate__AgentRecord **ret_record,
                   struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, gate);
    TRY(store_get_message(txn, TABLE_AGENT, keybuf_view(&key), &parkgate__agent_record__descriptor,
                          &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

enum err agent_next(struct store_txn *txn, struct name *at, Parkgate__AgentRecord **ret_record,
                    struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&from);
    if (at->text[0] != '\0') {
        keybuf_text(&from, at->text);
        keybuf_u8(&from, 0); /* the key after it */
    }
    TRY(store_iter_range(txn, TABLE_AGENT, keybuf_view(&from), (struct bytes){0}, 1, &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__agent_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    *at = name_or_none((*ret_record)->gate);
    return ERR_OK;
}

enum err agent_event(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                     uint64_t sequence, Parkgate__EventIndex **ret_index, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_EVENT, agent_event_key(&key, public_key, epoch, sequence),
                          &parkgate__event_index__descriptor, &message, fault));
    *ret_index = (void *)message;
    return ERR_OK;
}

struct range {
    uint64_t first, last;
    bool found;
};

/* The range that begins at or before `sequence`, latest first. */
static enum err range_before(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                             uint64_t sequence, struct range *ret, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_APPLIED, agent_event_key(&from, public_key, epoch, 0),
                              agent_event_key(&until, public_key, epoch, sequence + 1), 1, &iter,
                              fault));
    enum err err = store_iter_next(&iter, &key, &value, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct range){0};
        return ERR_OK;
    }
    TRY(err);
    struct reader k = reader_of(key);
    struct reader v = reader_of(value);
    (void)reader_bytes(&k, public_key.size + 4);
    struct range range = {.first = reader_u64(&k), .last = reader_u64(&v), .found = true};
    if (!reader_done(&k) || !reader_done(&v)) {
        return fault_set(fault, ERR_CORRUPT, "applied: a range cannot be read");
    }
    *ret = range;
    return ERR_OK;
}

enum err agent_applied_up_to(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                             uint64_t *ret_up_to, struct fault *fault)
{
    struct range range;
    TRY(range_before(txn, public_key, epoch, 1, &range, fault));
    *ret_up_to = range.found && range.first <= 1 ? range.last : 0;
    return ERR_OK;
}

enum err agent_applied_highest(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                               uint64_t *ret_highest, struct fault *fault)
{
    struct range range;
    TRY(range_before(txn, public_key, epoch, UINT64_MAX - 1, &range, fault));
    *ret_highest = range.found ? range.last : 0;
    return ERR_OK;
}

static enum err put_range(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                          uint64_t first, uint64_t last, struct fault *fault)
{
    struct keybuf key;
    uint8_t value[8];
    struct writer w = writer_of(value, sizeof(value));
    writer_u64(&w, last);
    return store_put(txn, TABLE_APPLIED, agent_event_key(&key, public_key, epoch, first),
                     BYTES_OF(value), fault);
}

enum err agent_mark_applied(struct store_txn *txn, struct bytes public_key, uint32_t epoch,
                            uint64_t sequence, struct fault *fault)
{
    struct range before;
    struct keybuf key;
    struct bytes next_value = {0};
    uint64_t first = sequence;
    uint64_t last = sequence;
    TRY(range_before(txn, public_key, epoch, sequence, &before, fault));
    if (before.found && before.last >= sequence) {
        return ERR_OK;
    }
    if (before.found && before.last + 1 == sequence) {
        first = before.first;
    }
    struct bytes next_key = agent_event_key(&key, public_key, epoch, sequence + 1);
    enum err err = store_get(txn, TABLE_APPLIED, next_key, &next_value, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(next_value);
        last = reader_u64(&r);
        TRY(store_del(txn, TABLE_APPLIED, next_key, fault));
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    return put_range(txn, public_key, epoch, first, last, fault);
}
