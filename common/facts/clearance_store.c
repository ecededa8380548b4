#include "common/facts/clearance_store.h"

#include "common/facts/people_store.h"

#include "common/facts/tables.h"

struct bytes clearance_key(struct keybuf *key, struct handle person, struct name clearance)
{
    keybuf_begin(key);
    keybuf_handle(key, person);
    if (clearance.text[0] != '\0') {
        keybuf_name(key, clearance);
    }
    return keybuf_view(key);
}

enum err clearance_get(struct store_txn *txn, struct handle person, struct name clearance,
                       Parkgate__ClearanceRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_CLEARANCE, clearance_key(&key, person, clearance),
                          &parkgate__clearance_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

static enum clearance_held held_at(const Parkgate__ClearanceRecord *record, struct wall when)
{
    if (record->removed || when.us < record->from_us) {
        return CLEARANCE_MISSING;
    }
    return record->until_us != 0 && when.us >= record->until_us ? CLEARANCE_EXPIRED
                                                                : CLEARANCE_HELD;
}

enum err clearance_state_of(struct store_txn *txn, struct handle person, struct name clearance,
                            struct wall when, enum clearance_held *ret_held, struct fault *fault)
{
    Parkgate__ClearanceRecord *record = NULL;
    enum err err = clearance_get(txn, person, clearance, &record, fault);
    if (err == ERR_NOT_FOUND) {
        *ret_held = CLEARANCE_MISSING;
        return ERR_OK;
    }
    TRY(err);
    *ret_held = held_at(record, when);
    parkgate__clearance_record__free_unpacked(record, NULL);
    return ERR_OK;
}

struct bytes notice_key(struct keybuf *key, const Parkgate__NoticeRecord *notice)
{
    keybuf_begin(key);
    keybuf_text(key, notice->tenant);
    keybuf_wall(key, (struct wall){notice->ends_us});
    keybuf_handle(key, people_handle(&notice->person));
    keybuf_text(key, notice->clearance);
    keybuf_u8(key, (uint8_t)notice->days);
    return keybuf_view(key);
}
