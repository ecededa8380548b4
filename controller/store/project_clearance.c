/* Clearances, the notices of their end, and park bans. */
#include "common/base/must.h"
#include "common/facts/clearance_store.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "controller/store/project_parts.h"

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

enum err project_notice(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(txn, TABLE_NOTICE, notice_key(&key, (const void *)body), body, fault);
}

enum err project_ban(struct store_txn *txn, const Parkgate__Entry *entry,
                     const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__BanRecord *record = (const void *)body;
    (void)entry;
    return store_put_message(txn, TABLE_BAN, field_view(&record->holder), body, fault);
}
