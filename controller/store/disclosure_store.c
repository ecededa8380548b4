#include "controller/store/disclosure_store.h"

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static struct bytes number_key(struct keybuf *key, uint64_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, number);
    return keybuf_view(key);
}

enum err disclosure_get(struct store_txn *txn, uint64_t number, Parkgate__DisclosureRecord **ret,
                        struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_DISCLOSURE, number_key(&key, number),
                          &parkgate__disclosure_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err disclosure_next(struct store_txn *txn, uint64_t number, Parkgate__DisclosureRecord **ret,
                         struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_DISCLOSURE, number_key(&from, number + 1), (struct bytes){0}, 1,
                         &iter, fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__disclosure_record__descriptor, &message,
                             fault));
    *ret = (void *)message;
    return ERR_OK;
}

bool disclosure_names(const Parkgate__DisclosureRecord *record, struct handle holder)
{
    for (size_t i = 0; i < record->n_holder; i++) {
        if (handle_equal(people_handle(&record->holder[i]), holder)) {
            return true;
        }
    }
    return false;
}

Parkgate__DisclosureTold *disclosure_told(const Parkgate__DisclosureRecord *record,
                                          struct handle holder)
{
    for (size_t i = 0; i < record->n_told; i++) {
        Parkgate__DisclosureTold *told =
            parkgate__disclosure_told__unpack(NULL, record->told[i].len, record->told[i].data);
        if (told != NULL && handle_equal(people_handle(&told->holder), holder)) {
            return told;
        }
        if (told != NULL) {
            parkgate__disclosure_told__free_unpacked(told, NULL);
        }
    }
    return NULL;
}

bool disclosure_is_told(const Parkgate__DisclosureRecord *record, struct handle holder)
{
    Parkgate__DisclosureTold *told = disclosure_told(record, holder);
    if (told != NULL) {
        parkgate__disclosure_told__free_unpacked(told, NULL);
    }
    return told != NULL;
}

bool disclosure_may_be_told(const Parkgate__DisclosureRecord *record, int64_t now_us)
{
    return record->taken_us != 0 && (!record->silent || now_us >= record->silent_until_us);
}

enum err project_disclosure(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__DisclosureRecord *record = (const void *)body;
    struct keybuf key;
    if (record->step == DISCLOSURE_BEGUN && record->names > 0) {
        TRY(project_names_shown(txn, entry->actor, record->names_day, record->names, fault));
    }
    return store_put_message(txn, TABLE_DISCLOSURE, number_key(&key, record->number), body, fault);
}
