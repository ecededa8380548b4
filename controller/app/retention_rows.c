/* Classes whose rows say their own age: attendance, refused events, sums of look-ups, bookings and
 * visits, keys of days. */
#include "common/base/must.h"
#include "common/facts/expected_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/erasure.h"
#include "controller/app/faults.h"
#include "controller/app/retention_parts.h"

/* --- attendance: cut short at the passages' term, gone at its own --- */

static enum err drop_attendance(struct slice *s, struct bytes key, struct bytes value, bool keep,
                                struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    Parkgate__AttendanceRecord bare = PARKGATE__ATTENDANCE_RECORD__INIT;
    if (!keep) {
        slice_remove(s, TABLE_ATTENDANCE, key, NULL);
        return ERR_OK;
    }
    TRY(slice_read(TABLE_ATTENDANCE, key, value, &parkgate__attendance_record__descriptor, &message,
                   fault));
    if (message == NULL) {
        slice_remove(s, TABLE_ATTENDANCE, key, NULL);
        return ERR_OK;
    }
    const Parkgate__AttendanceRecord *record = (const void *)message;
    bare.first_in_us = record->first_in_us;
    bare.last_out_us = record->last_out_us;
    bool is_bare = record->entries == 0 && record->exits == 0 && record->shift[0] == '\0' &&
                   record->attribution == 0 && record->person_kind == 0;
    store_message_destroy(&message);
    if (!is_bare && (bare.first_in_us != 0 || bare.last_out_us != 0)) {
        slice_remove(s, TABLE_ATTENDANCE, key, &bare.base);
    }
    return ERR_OK;
}

/* Key: name tenant, u32 day, handle. False: another form. */
static bool attendance_of(struct bytes key, int32_t *ret_day, struct handle *ret_person)
{
    struct reader r = reader_of(key);
    (void)keybuf_read_name(&r);
    *ret_day = (int32_t)reader_u32(&r);
    *ret_person = keybuf_read_handle(&r);
    return reader_done(&r);
}

/* `keep`: rows before the cut are cut short, not removed. The whole table is gone through, tenant
 * by tenant; a tenant's days from the cut on are jumped over. */
enum err slice_attendance(struct slice *s, struct retaining *r, bool keep, struct fault *fault)
{
    (void)r;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, TABLE_ATTENDANCE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        int32_t day = 0;
        struct handle person;
        bool held = false;
        struct keybuf copy;
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        if (slice_is_full(s)) {
            slice_resume(s, keybuf_view(&copy));
            return ERR_OK;
        }
        s->looked++;
        if (!attendance_of(key, &day, &person)) {
            continue;
        }
        if (day >= s->cut_day) { /* on with the next tenant */
            size_t name = key.size - 4 - HANDLE_SIZE;
            keybuf_begin(&copy);
            keybuf_bytes(&copy, (struct bytes){.data = key.data, .size = name});
            keybuf_u32(&copy, UINT32_MAX);
            slice_resume(s, keybuf_view(&copy));
            return ERR_OK;
        }
        ProtobufCBinaryData of = people_field(&person);
        TRY(slice_is_held(s, &of, &held, fault));
        if (!held) {
            TRY(drop_attendance(s, keybuf_view(&copy), value, keep, fault));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- rows that say their own age --- */

enum err slice_quarantine(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(s->ctl->txn, TABLE_QUARANTINE, (struct bytes){0}, UINT64_MAX, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            r->more = true;
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(TABLE_QUARANTINE, key, value, &parkgate__event_refused__descriptor, &message,
                       fault));
        bool stays =
            message != NULL && ((Parkgate__EventRefused *)(void *)message)->day_key >= s->cut_day;
        store_message_destroy(&message);
        if (stays) {
            return ERR_OK; /* they lie in the order in which they came */
        }
        slice_remove(s, TABLE_QUARANTINE, key, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err slice_lookups(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)r;
    TRY(slice_walk(s, TABLE_LOOKUP, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        if (key.size <= 4) {
            continue;
        }
        struct reader day = reader_of((struct bytes){.data = key.data + key.size - 4, .size = 4});
        if ((int32_t)reader_u32(&day) < s->cut_day) {
            slice_remove(s, TABLE_LOOKUP, key, NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The day of its last page, of the agreement where its file was never taken, or of the end of its
 * silence. Whom it is about has it in his export until then. */
static int64_t last_of(const Parkgate__DisclosureRecord *record)
{
    int64_t last_us = record->handed_us != 0  ? record->handed_us
                      : record->taken_us != 0 ? record->taken_us
                                              : record->at_us;
    return record->silent && record->silent_until_us > last_us ? record->silent_until_us : last_us;
}

/* One that somebody is to be told of stays until somebody said that he was. */
enum err slice_disclosures(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)r;
    TRY(slice_walk(s, TABLE_DISCLOSURE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(TABLE_DISCLOSURE, key, value, &parkgate__disclosure_record__descriptor,
                       &message, fault));
        if (message == NULL) {
            continue; /* of which day it is nobody can say: it stays */
        }
        const Parkgate__DisclosureRecord *record = (const void *)message;
        bool owed = record->taken_us != 0 && record->told_us == 0;
        if (!owed && last_of(record) < s->cut.us) {
            slice_remove(s, TABLE_DISCLOSURE, key, NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* At the end of the walk: is any file past its day that nobody said is deleted? */
static enum err settle_overdue(struct slice *s, const struct retaining *r, struct fault *fault)
{
    return r->overdue ? fault_raise(s->ctl, &fault_export_overdue, FAULT_EXPORTS, "", "", fault)
                      : fault_end(s->ctl, &fault_export_overdue, FAULT_EXPORTS, fault);
}

/* The files lie elsewhere: what ends here is the note of one that somebody said is deleted. */
enum err slice_exports(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    const int64_t kept_us =
        (int64_t)retention_specs[RETAIN_DISCLOSURES].floor * 86400 * INT64_C(1000000);
    AUTO(store_iter_end) struct store_iter iter = {0};
    const int32_t today = controller_today(s->ctl);
    r->overdue = r->overdue && r->key.size > 0; /* a walk that begins has seen none */
    TRY(slice_walk(s, TABLE_EXPORTED, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(TABLE_EXPORTED, key, value, &parkgate__export_record__descriptor, &message,
                       fault));
        if (message == NULL) {
            continue; /* the file lies somewhere still: its number stays */
        }
        const Parkgate__ExportRecord *record = (const void *)message;
        r->overdue |= record->deleted_us == 0 && today > record->last_day;
        if (record->deleted_us != 0 && s->ctl->now.us - record->deleted_us > kept_us) {
            slice_remove(s, TABLE_EXPORTED, key, NULL);
        }
    }
    return err == ERR_NOT_FOUND ? settle_overdue(s, r, fault) : err;
}

static enum err drop_booking(struct slice *s, const Parkgate__BookingRecord *record)
{
    struct keybuf key;
    struct handle handle = people_handle(&record->booking);
    struct wall until = {record->until_us};
    slice_remove(s, TABLE_BOOKING, BYTES_OF(handle.bytes), NULL);
    slice_remove(s, TABLE_BOOKING_OF,
                 expected_key_of(&key, people_handle(&record->vehicle), until, handle), NULL);
    slice_remove(s, TABLE_BOOKING_TENANT, expected_key_tenant(&key, record->tenant, until, handle),
                 NULL);
    return ERR_OK;
}

static enum err drop_visit(struct slice *s, const Parkgate__VisitRecord *record,
                           struct fault *fault)
{
    struct keybuf key;
    bool held = false;
    struct handle handle = people_handle(&record->visit);
    struct handle visitor = people_handle(&record->visitor);
    struct wall until = {record->until_us};
    TRY(slice_is_held(s, &record->visitor, &held, fault));
    if (held) {
        return ERR_OK;
    }
    slice_remove(s, TABLE_VISIT, BYTES_OF(handle.bytes), NULL);
    slice_remove(s, TABLE_VISIT_OF, expected_key_of(&key, visitor, until, handle), NULL);
    slice_remove(s, TABLE_VISIT_TENANT, expected_key_tenant(&key, record->tenant, until, handle),
                 NULL);
    return ERR_OK;
}

/* Bookings first, then visits, each by its handle. */
static enum err slice_expected_of(struct slice *s, bool bookings, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    const ProtobufCMessageDescriptor *descriptor =
        bookings ? &parkgate__booking_record__descriptor : &parkgate__visit_record__descriptor;
    const enum table table = bookings ? TABLE_BOOKING : TABLE_VISIT;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, table, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(table, key, value, descriptor, &message, fault));
        if (message == NULL) {
            slice_remove(s, table, key, NULL);
            continue;
        }
        int64_t until_us = bookings ? ((Parkgate__BookingRecord *)(void *)message)->until_us
                                    : ((Parkgate__VisitRecord *)(void *)message)->until_us;
        err = until_us >= s->cut.us ? ERR_OK
              : bookings            ? drop_booking(s, (const void *)message)
                                    : drop_visit(s, (const void *)message, fault);
        store_message_destroy(&message);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err slice_expected(struct slice *s, struct retaining *r, struct fault *fault)
{
    TRY(slice_expected_of(s, r->place == 0, fault));
    if (!r->more && r->place == 0) {
        r->next = 1; /* the visits */
        r->more = true;
        keybuf_begin(&s->ctl->retaining.next_key);
    }
    return ERR_OK;
}

/* --- keys of days --- */

enum err slice_day_keys(struct slice *s, struct retaining *r, struct fault *fault)
{
    unsigned deleted = 0;
    TRY(controller_forget_day_keys(s->ctl, s->cut_day, &deleted, fault));
    if (deleted > 0) {
        erasure_keys_deleted(s->ctl);
        r->removed[RETAIN_DAY_KEYS] += deleted;
    }
    return ERR_OK;
}
