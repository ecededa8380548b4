#include "controller/store/clearance_store.h"

#include "controller/store/people_store.h"
#include "controller/store/project_parts.h"
#include "controller/store/tables.h"

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

/* --- projections --- */

static struct bytes end_key(struct keybuf *key, const Parkgate__ClearanceRecord *record,
                            struct name clearance)
{
    keybuf_begin(key);
    keybuf_wall(key, (struct wall){record->until_us});
    keybuf_handle(key, people_handle(&record->person));
    keybuf_name(key, clearance);
    return keybuf_view(key);
}

/* The record before said another end. */
static enum err forget_end(struct store_txn *txn, struct handle person, struct name clearance,
                           struct fault *fault)
{
    struct keybuf key;
    Parkgate__ClearanceRecord *before = NULL;
    enum err err = clearance_get(txn, person, clearance, &before, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = store_del(txn, TABLE_CLEARANCE_END, end_key(&key, before, clearance), fault);
    parkgate__clearance_record__free_unpacked(before, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_clearance(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};
    const Parkgate__ClearanceRecord *record = (const void *)body;
    struct keybuf key;
    struct name clearance;
    (void)entry;
    if (record->person.len != HANDLE_SIZE || !name_from_text(record->clearance, &clearance)) {
        return fault_set(fault, ERR_CORRUPT, "journal: a clearance names no person or clearance");
    }
    struct handle person = people_handle(&record->person);
    TRY(forget_end(txn, person, clearance, fault));
    TRY(store_put_message(txn, TABLE_CLEARANCE, clearance_key(&key, person, clearance), body,
                          fault));
    if (record->until_us == 0 || record->removed) {
        return ERR_OK;
    }
    return store_put(txn, TABLE_CLEARANCE_END, end_key(&key, record, clearance), nothing, fault);
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

enum err project_notice(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(txn, TABLE_NOTICE, notice_key(&key, (const void *)body), body, fault);
}
