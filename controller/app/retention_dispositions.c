/* Dispositions of view libraries that are over, their notifications, and the peers' ids. The newest
 * row of each stays, bare: its number is not given out again. */
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "controller/app/retention_parts.h"
#include "controller/store/disposition_store.h"

static enum err is_newest(struct slice *s, enum table table, struct bytes key, bool *ret,
                          struct fault *fault)
{
    struct bytes last;
    struct bytes value;
    TRY(store_last(s->ctl->txn, table, &last, &value, fault));
    *ret = bytes_equal(last, key);
    return ERR_OK;
}

/* --- notifications --- */

/* One that was dropped has no time of its own: it went when its disposition was over. */
static enum err is_notice_past(struct slice *s, const Parkgate__DispositionNotice *notice,
                               bool *ret, struct fault *fault)
{
    Parkgate__DispositionRecord *record = NULL;
    *ret = notice->sent_us != 0 && notice->sent_us < s->cut.us;
    if (notice->sent_us != 0 || !notice->dropped) {
        return ERR_OK; /* what is due never goes */
    }
    enum err err = disposition_get(s->ctl->txn, notice->disposition, &record, fault);
    if (err != ERR_OK) {
        *ret = err == ERR_NOT_FOUND || slice_passes_over(err, TABLE_DISPOSITION, fault);
        return *ret ? ERR_OK : err;
    }
    *ret = !disposition_lives(record->state) && record->since_us < s->cut.us;
    parkgate__disposition_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err drop_notice(struct slice *s, struct bytes key,
                            const Parkgate__DispositionNotice *notice, struct fault *fault)
{
    bool past = false;
    bool newest = false;
    Parkgate__DispositionNotice bare = PARKGATE__DISPOSITION_NOTICE__INIT;
    TRY(is_notice_past(s, notice, &past, fault));
    TRY(is_newest(s, TABLE_DISPOSITION_NOTICE, key, &newest, fault));
    bare.number = notice->number;
    bare.dropped = true;
    if (past && !(newest && notice->disposition == 0)) {
        slice_remove(s, TABLE_DISPOSITION_NOTICE, key, newest ? &bare.base : NULL);
    }
    return ERR_OK;
}

/* --- dispositions --- */

enum err slice_is_due(struct slice *s, uint64_t disposition, bool *ret, struct fault *fault)
{
    Parkgate__DispositionNotice *notice = NULL;
    enum err err = disposition_next_due_of(s->ctl->txn, disposition, &notice, fault);
    *ret = err == ERR_OK || slice_passes_over(err, TABLE_DISPOSITION_NOTICE, fault);
    if (err == ERR_OK) {
        parkgate__disposition_notice__free_unpacked(notice, NULL);
    }
    return *ret || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err still_acts(struct slice *s, const Parkgate__DispositionRecord *record, bool *ret,
                           struct fault *fault)
{
    Parkgate__WatchRecord *entry = NULL;
    TRY(slice_is_due(s, record->number, ret, fault));
    *ret |= disposition_lives(record->state);
    if (*ret || record->entry.len != HANDLE_SIZE) {
        return ERR_OK;
    }
    enum err err = watch_entry(s->ctl->txn, people_handle(&record->entry), &entry, fault);
    if (err == ERR_OK) {
        *ret = watch_is_live(entry, s->ctl->now);
        parkgate__watch_record__free_unpacked(entry, NULL);
    }
    return err == ERR_NOT_FOUND || slice_passes_over(err, TABLE_WATCH, fault) ? ERR_OK : err;
}

/* The row that leads from an id or an entry to this disposition, if it does not lead to a newer
 * one. */
static enum err drop_way_to(struct slice *s, enum table table, const ProtobufCBinaryData *from,
                            uint64_t number, struct fault *fault)
{
    struct bytes value;
    if (from->len == 0) {
        return ERR_OK;
    }
    enum err err = store_get(s->ctl->txn, table, field_view(from), &value, fault);
    if (err == ERR_OK) {
        struct reader of = reader_of(value);
        if (reader_u64(&of) == number) {
            slice_remove(s, table, field_view(from), NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err drop_disposition(struct slice *s, struct bytes key,
                                 const Parkgate__DispositionRecord *record, struct fault *fault)
{
    bool acts = false;
    bool newest = false;
    Parkgate__DispositionRecord bare = PARKGATE__DISPOSITION_RECORD__INIT;
    TRY(still_acts(s, record, &acts, fault));
    TRY(is_newest(s, TABLE_DISPOSITION, key, &newest, fault));
    bool is_bare = record->id_hash.len == 0;
    if (acts || record->since_us >= s->cut.us || (newest && is_bare)) {
        return ERR_OK;
    }
    bare.number = record->number;
    bare.state = VIID_STATE_ENDED;
    TRY(drop_way_to(s, TABLE_DISPOSITION_ID, &record->id_hash, record->number, fault));
    TRY(drop_way_to(s, TABLE_DISPOSITION_ENTRY, &record->entry, record->number, fault));
    slice_remove(s, TABLE_DISPOSITION, key, newest ? &bare.base : NULL);
    return ERR_OK;
}

/* --- */

/* The newest number stays known: the row under it is put anew, bare. */
static enum err drop_damaged(struct slice *s, bool notice, struct bytes key, struct fault *fault)
{
    bool newest = false;
    const enum table table = notice ? TABLE_DISPOSITION_NOTICE : TABLE_DISPOSITION;
    Parkgate__DispositionNotice bare_notice = PARKGATE__DISPOSITION_NOTICE__INIT;
    Parkgate__DispositionRecord bare = PARKGATE__DISPOSITION_RECORD__INIT;
    struct reader of = reader_of(key);
    TRY(is_newest(s, table, key, &newest, fault));
    bare.number = bare_notice.number = reader_u64(&of);
    bare.state = VIID_STATE_ENDED;
    bare_notice.dropped = true;
    slice_remove(s, table, key, !newest ? NULL : notice ? &bare_notice.base : &bare.base);
    return ERR_OK;
}

static enum err walk(struct slice *s, bool notices, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    const ProtobufCMessageDescriptor *descriptor = notices
                                                       ? &parkgate__disposition_notice__descriptor
                                                       : &parkgate__disposition_record__descriptor;
    const enum table table = notices ? TABLE_DISPOSITION_NOTICE : TABLE_DISPOSITION;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, table, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(table, key, value, descriptor, &message, fault));
        TRY(message == NULL ? drop_damaged(s, notices, key, fault)
            : notices       ? drop_notice(s, key, (const void *)message, fault)
                            : drop_disposition(s, key, (const void *)message, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Notifications first, then what they were about. */
enum err slice_dispositions(struct slice *s, struct retaining *r, struct fault *fault)
{
    TRY(walk(s, r->place == 0, fault));
    if (!r->more && r->place == 0) {
        r->next = 1;
        r->more = true;
        keybuf_begin(&s->ctl->retaining.next_key);
    }
    return ERR_OK;
}
