#include "controller/app/watch_open.h"

#include "common/facts/watch_store.h"

static enum err open_record(struct controller *ctl, struct handle entry,
                            const Parkgate__WatchRecord *record, Parkgate__WatchEntry **ret,
                            struct fault *fault)
{
    struct seal_key key;
    size_t size = 0;
    uint8_t plain[WATCH_KEPT_MAX];
    if (record->sealed.len == 0) {
        return ERR_NOT_FOUND;
    }
    TRY(controller_watch_key(ctl, entry, &key, fault));
    enum err err = record->sealed.len > sizeof(plain)
                       ? fault_set(fault, ERR_CORRUPT, "watch: a sealed entry is too long")
                       : seal_open(&key, (struct bytes){0}, field_view(&record->sealed), plain,
                                   sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    Parkgate__WatchKept *kept = parkgate__watch_kept__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    *ret = kept == NULL ? NULL
                        : parkgate__watch_entry__unpack(NULL, kept->entry.len, kept->entry.data);
    if (kept != NULL) {
        parkgate__watch_kept__free_unpacked(kept, NULL);
    }
    return *ret != NULL ? ERR_OK
                        : fault_set(fault, ERR_CORRUPT, "watch: what an entry says is damaged");
}

enum err watch_open(struct controller *ctl, struct handle entry, Parkgate__WatchEntry **ret,
                    struct fault *fault)
{
    Parkgate__WatchRecord *record = NULL;
    TRY(watch_entry(ctl->txn, entry, &record, fault));
    enum err err = open_record(ctl, entry, record, ret, fault);
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}
