#include "controller/app/watch.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "schema/kinds.h"

enum err watch_park_name(struct controller *ctl, struct name *ret, struct fault *fault)
{
    enum { PARK_ID_BYTES = 8 };
    struct keybuf key;
    struct bytes id;
    char hex[2 * PARK_ID_BYTES + 1];
    keybuf_begin(&key);
    keybuf_text(&key, "store_id");
    TRY(store_get(ctl->txn, TABLE_META, keybuf_view(&key), &id, fault));
    if (id.size < PARK_ID_BYTES) {
        return fault_set(fault, ERR_CORRUPT, "meta: a store without its id");
    }
    bytes_to_hex((struct bytes){.data = id.data, .size = PARK_ID_BYTES}, hex, sizeof(hex));
    (void)snprintf(ret->text, sizeof(ret->text), "park-%s", hex);
    return ERR_OK;
}

size_t watch_credential_hashes(const struct controller *ctl, uint32_t kind, struct bytes canonical,
                               struct seal_hash out[INDEX_KEYS_MAX])
{
    for (size_t i = 0; i < ctl->index_keys.count; i++) {
        out[i] = controller_credential_hash_under(&ctl->index_keys.key[i], kind, canonical);
    }
    return ctl->index_keys.count;
}

bool watch_is_stale(const Parkgate__AuthorityRecord *authority, struct wall now)
{
    int64_t since = authority->refreshed_us != 0 ? authority->refreshed_us : authority->added_us;
    return authority->refresh_hours != 0 && !authority->suspended &&
           now.us - since > (int64_t)authority->refresh_hours * 3600 * 1000000;
}

uint32_t watch_begun_today(const Parkgate__AuthorityRecord *authority, struct wall now)
{
    return authority->begun_day_us == now.us - now.us % INT64_C(86400000000) ? authority->begun : 0;
}

/* --- one entry's own words --- */

enum err watch_open_kept(struct controller *ctl, const Parkgate__WatchRecord *record,
                         const ProtobufCBinaryData *sealed, Parkgate__WatchKept **ret,
                         struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[WATCH_KEPT_MAX];
    size_t size = 0;
    TRY(controller_keys_begin(ctl, fault));
    if (sealed->len == 0) {
        return ERR_NOT_FOUND;
    }
    TRY(watch_key_get(ctl->keys_txn, people_handle(&record->entry), &key, fault));
    if (sealed->len > sizeof(plain)) {
        return fault_set(fault, ERR_CORRUPT, "watch: a sealed entry is too long");
    }
    enum err err =
        seal_open(&key, (struct bytes){0}, field_view(sealed), plain, sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    *ret = parkgate__watch_kept__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    return *ret != NULL ? ERR_OK : fault_set(fault, ERR_CORRUPT, "watch: an entry is damaged");
}

static void take_text(char *out, size_t size, const char *text)
{
    if (text[0] != '\0' && strlen(text) < size) {
        memcpy(out, text, strlen(text) + 1);
    }
}

enum err watch_entry_of(struct controller *ctl, const Parkgate__WatchRecord *record,
                        struct watch_entry *ret, struct fault *fault)
{
    Parkgate__WatchKept *kept = NULL;
    TRY(watch_open_kept(ctl, record, &record->sealed, &kept, fault));
    bool good = watch_entry_again(field_view(&kept->entry), ret);
    if (good) {
        take_text(ret->applicant, sizeof(ret->applicant), kept->applicant);
        take_text(ret->legal_basis, sizeof(ret->legal_basis), kept->legal_basis);
        if (kept->n_case_number > 0) {
            take_text(ret->case_number, sizeof(ret->case_number),
                      kept->case_number[kept->n_case_number - 1]);
        }
        ret->end.us = record->until_us;
    }
    parkgate__watch_kept__free_unpacked(kept, NULL);
    return good ? ERR_OK : fault_set(fault, ERR_CORRUPT, "watch: a kept entry is damaged");
}

enum err watch_id_of(struct controller *ctl, const Parkgate__WatchRecord *record,
                     char out[LIMIT_WATCH_ID_BYTES + 1], struct fault *fault)
{
    struct watch_entry entry;
    TRY(watch_entry_of(ctl, record, &entry, fault));
    memcpy(out, entry.id, sizeof(entry.id));
    seal_wipe(&entry, sizeof(entry));
    return ERR_OK;
}

enum err watch_change_entry(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                            uint32_t change, uint32_t *ret_kind, Parkgate__WatchRecord **ret,
                            struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    TRY(store_get(ctl->txn, TABLE_WATCH_CHANGE,
                  watch_change_key(&key, bundle->authority, bundle->number, change), &value,
                  fault));
    struct reader r = reader_of(value);
    uint32_t kind = reader_u8(&r);
    struct handle entry = keybuf_read_handle(&r);
    if (ret_kind != NULL) {
        *ret_kind = kind;
    }
    if (bundle->state == STAGE_CLOSED) {
        return watch_entry(ctl->txn, entry, ret, fault);
    }
    TRY(versioned_newest(ctl->txn, VERSIONED_WATCH, BYTES_OF(entry.bytes), &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}
