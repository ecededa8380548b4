#include "controller/app/retention.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/expected_store.h"
#include "common/facts/passage_walk.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/erasure.h"
#include "controller/app/faces.h"
#include "controller/app/subjects.h"
#include "controller/journal/journal.h"
#include "controller/store/disclosure_store.h"
#include "controller/store/hold_store.h"
#include "controller/store/person_keys.h"
#include "controller/store/retention_store.h"
#include "schema/kinds.h"

#define DAY_US (INT64_C(86400) * 1000000)

const struct retention_spec retention_specs[RETAIN_COUNT] = {
    [RETAIN_PASSAGES] = {"passages",   180,  180,  365,  false,
                         "passages and reads of persons (floor: GB 50396 5.2.2)",                     "人员通行与识读记录（下限依据 GB 50396 第 5.2.2 条）"                                        },
    [RETAIN_ATTENDANCE] =
        {"attendance", 180,  180,  1825, true,
                         "attendance: handle, tenant, day, first in, last out; longer than "
         "passages only with a basis",                                                                "考勤：代号、租户、日期、首次进入、最后离开；超过通行记录期限须有法律依据"},
    [RETAIN_FACES] = {"faces",      0,    1,    30,   false,
                         "faces of day workers, drivers and visitors, after the last shift or visit",
                         "日结工、司机和访客的人脸：最后一个班次或来访之后"                                                                                                                 },
    [RETAIN_PERSONS] = {"persons",    0,    180,  365,  false,
                         "who works here no more: erased so long after the last shift, visit or "
                        "passage",                                                                    "不再在园工作的人员：最后班次、来访或通行之后予以删除"                              },
    [RETAIN_EXPECTED] = {"expected",   0,    180,  365,  false, "bookings and visits that are over",
                         "已结束的预约和来访"                                                                                                                                                              },
    [RETAIN_QUARANTINE] = {"quarantine", 1,    30,   90,   false, "events that were refused",
                         "被拒收的事件"                                                                                                                                                                       },
    [RETAIN_DAY_KEYS] = {"day-keys",   1,    30,   30,   false,
                         "the keys of reads that nobody's credential matches",                        "无人匹配的识读的当日密钥"                                                                        },
    [RETAIN_LOOKUPS] = {"lookups",    1095, 1095, 1825, false,
                         "sums of look-ups by key and day (floor: PIPL 56, 3 years)",                 "按密钥和日期的查询计数（下限依据个人信息保护法第 56 条，3 年）"                  },
    [RETAIN_DISCLOSURES] = {"disclosures", 1095, 1095, 1825, false,
                         "the log of what was handed out (floor: Data Regulation 12, 3 years)",
                         "对外提供记录（下限依据网络数据安全管理条例第 12 条，3 年）"},
};

enum err retention_days(struct controller *ctl, enum retention_class class, uint32_t *ret_days,
                        bool *ret_basis, struct fault *fault)
{
    Parkgate__RetentionRecord *record = NULL;
    TRY(retention_get(ctl->txn, retention_specs[class].name, &record, fault));
    *ret_days = record->days != 0 ? record->days : retention_specs[class].normal;
    if (ret_basis != NULL) {
        *ret_basis = record->basis[0] != '\0';
    }
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* --- one slice --- */

/* What it removes, packed as it goes into its entry. */
struct slice {
    struct controller *ctl;
    int32_t cut_day; /* a day before this one is past its term */
    struct wall cut;
    size_t looked, count, used;
    ProtobufCBinaryData rows[RETENTION_ROWS];
    uint8_t bytes[RETENTION_BYTES];
};

static bool is_full(const struct slice *s)
{
    return s->looked >= RETENTION_ROWS || s->count + 4 > RETENTION_ROWS ||
           s->used + 4096 > sizeof(s->bytes);
}

static void remove_row(struct slice *s, enum table table, struct bytes key,
                       const ProtobufCMessage *instead)
{
    uint8_t value[2048];
    Parkgate__RetentionRow row = PARKGATE__RETENTION_ROW__INIT;
    row.table = (uint32_t)table;
    row.key = field_of(key);
    if (instead != NULL) {
        size_t size = protobuf_c_message_get_packed_size(instead);
        MUST(size > 0 && size <= sizeof(value));
        (void)protobuf_c_message_pack(instead, value);
        row.value = field_of((struct bytes){.data = value, .size = size});
    }
    size_t size = parkgate__retention_row__get_packed_size(&row);
    MUST(s->count < RETENTION_ROWS && s->used + size <= sizeof(s->bytes));
    s->rows[s->count++] = (ProtobufCBinaryData){.data = s->bytes + s->used, .len = size};
    s->used += parkgate__retention_row__pack(&row, s->bytes + s->used);
}

/* --- passages: along the journal --- */

static enum err drop_passage(struct slice *s, const ProtobufCBinaryData *of, int64_t captured_us,
                             uint64_t journal, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    bool held = false;
    if (of->len != HANDLE_SIZE) {
        return ERR_OK;
    }
    TRY(hold_is_on(s->ctl->txn, people_handle(of), s->ctl->now, &held, fault));
    if (held) {
        return ERR_OK;
    }
    passage_key(&key, people_handle(of), (struct wall){captured_us}, journal);
    enum err err = store_get(s->ctl->txn, TABLE_PASSAGE, keybuf_view(&key), &value, fault);
    if (err == ERR_OK) {
        remove_row(s, TABLE_PASSAGE, keybuf_view(&key), NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* That the event came and what it was stays, so that it is known when it is sent again; of whom it
 * was goes. */
static enum err strip_event(struct slice *s, const Parkgate__EventEntry *event, struct fault *fault)
{
    struct keybuf key;
    Parkgate__EventIndex *known = NULL;
    Parkgate__EventIndex bare = PARKGATE__EVENT_INDEX__INIT;
    struct bytes at =
        agent_event_key(&key, field_view(&event->public_key), event->epoch, event->event_sequence);
    enum err err = agent_event(s->ctl->txn, field_view(&event->public_key), event->epoch,
                               event->event_sequence, &known, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bare.digest = known->digest;
    bare.journal = known->journal;
    bare.kind = known->kind;
    bare.outcome = known->outcome;
    bare.reason = known->reason;
    bare.direction = known->direction;
    bare.captured_us = known->captured_us;
    bare.refused = known->refused;
    if (known->holder.len > 0 || known->credential.len > 0 || known->companion.len > 0) {
        remove_row(s, TABLE_EVENT, at, &bare.base);
    }
    parkgate__event_index__free_unpacked(known, NULL);
    return ERR_OK;
}

static enum err drop_event(struct slice *s, const Parkgate__Entry *entry, struct fault *fault)
{
    bool held = false;
    Parkgate__EventEntry *event =
        parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
    if (event == NULL) {
        return ERR_OK;
    }
    enum err err = drop_passage(s, &event->holder, event->captured_us, entry->sequence, fault);
    if (err == ERR_OK) {
        err = drop_passage(s, &event->companion, event->captured_us, entry->sequence, fault);
    }
    if (err == ERR_OK && event->holder.len == HANDLE_SIZE) {
        err = hold_is_on(s->ctl->txn, people_handle(&event->holder), s->ctl->now, &held, fault);
    }
    if (err == ERR_OK && !held) {
        err = strip_event(s, event, fault);
    }
    parkgate__event_entry__free_unpacked(event, NULL);
    return err;
}

/* What a hold kept beyond the place that the walk has passed: once no hold is on, it goes by the
 * person. */
static enum err drop_held(struct slice *s, struct retaining *r, struct fault *fault)
{
    uint64_t at = 0;
    enum err err;
    Parkgate__HoldRecord *hold = NULL;
    while ((err = hold_next(s->ctl->txn, at, &hold, fault)) == ERR_OK && !is_full(s)) {
        struct bytes key;
        struct bytes value;
        bool held = false;
        struct handle holder = people_handle(&hold->holder);
        at = hold->number;
        parkgate__hold_record__free_unpacked(hold, NULL);
        hold = NULL;
        TRY(hold_is_on(s->ctl->txn, holder, s->ctl->now, &held, fault));
        AUTO(store_iter_end) struct store_iter iter = {0};
        TRY(store_iter_prefix(s->ctl->txn, TABLE_PASSAGE, BYTES_OF(holder.bytes), RETENTION_ROWS,
                              &iter, fault));
        while (!held && !is_full(s) &&
               (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
            struct reader of = reader_of(key);
            (void)keybuf_read_handle(&of);
            if (keybuf_read_wall(&of).us >= s->cut.us) {
                break;
            }
            remove_row(s, TABLE_PASSAGE, key, NULL);
        }
    }
    if (hold != NULL) {
        parkgate__hold_record__free_unpacked(hold, NULL);
    }
    r->more |= is_full(s);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err walk_passages(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(s->ctl->txn, &head, fault));
    while (r->next < head.sequence && !is_full(s)) {
        struct bytes packed;
        struct seal_hash hash;
        enum err err = journal_read(s->ctl->txn, r->next + 1, &packed, &hash, fault);
        Parkgate__Entry *entry =
            err == ERR_OK ? parkgate__entry__unpack(NULL, packed.size, packed.data) : NULL;
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        if (entry != NULL && entry->time_us >= s->cut.us) {
            parkgate__entry__free_unpacked(entry, NULL);
            return ERR_OK;
        }
        err = entry != NULL && entry->kind == ENTRY_EVENT ? drop_event(s, entry, fault) : ERR_OK;
        if (entry != NULL) {
            parkgate__entry__free_unpacked(entry, NULL);
        }
        TRY(err);
        r->next++;
        s->looked++;
    }
    r->more = r->next < head.sequence;
    return ERR_OK;
}

static enum err slice_passages(struct slice *s, struct retaining *r, struct fault *fault)
{
    TRY(walk_passages(s, r, fault));
    return r->more ? ERR_OK : drop_held(s, r, fault);
}

/* --- attendance: cut short at the passages' term, gone at its own --- */

static enum err drop_attendance(struct slice *s, struct bytes key, struct bytes value, bool keep,
                                struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    Parkgate__AttendanceRecord bare = PARKGATE__ATTENDANCE_RECORD__INIT;
    if (!keep) {
        remove_row(s, TABLE_ATTENDANCE, key, NULL);
        return ERR_OK;
    }
    TRY(store_unpack_message(key, value, &parkgate__attendance_record__descriptor, &message,
                             fault));
    const Parkgate__AttendanceRecord *record = (const void *)message;
    bare.first_in_us = record->first_in_us;
    bare.last_out_us = record->last_out_us;
    bool is_bare = record->entries == 0 && record->exits == 0 && record->shift[0] == '\0' &&
                   record->attribution == 0 && record->person_kind == 0;
    store_message_destroy(&message);
    if (!is_bare && (bare.first_in_us != 0 || bare.last_out_us != 0)) {
        remove_row(s, TABLE_ATTENDANCE, key, &bare.base);
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
static enum err slice_attendance(struct slice *s, struct retaining *r, bool keep,
                                 struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(
        s->ctl->txn, TABLE_ATTENDANCE,
        (struct bytes){.data = s->ctl->retaining.key.bytes, .size = s->ctl->retaining.key.size},
        (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        int32_t day = 0;
        struct handle person;
        bool held = false;
        struct keybuf copy;
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        if (is_full(s)) {
            s->ctl->retaining.next_key = copy;
            r->more = true;
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
            s->ctl->retaining.next_key = copy;
            r->more = true;
            return ERR_OK;
        }
        TRY(hold_is_on(s->ctl->txn, person, s->ctl->now, &held, fault));
        if (!held) {
            TRY(drop_attendance(s, keybuf_view(&copy), value, keep, fault));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- rows that say their own age --- */

static enum err slice_quarantine(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(s->ctl->txn, TABLE_QUARANTINE, (struct bytes){0}, UINT64_MAX, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        if (is_full(s)) {
            r->more = true;
            return ERR_OK;
        }
        s->looked++;
        TRY(store_unpack_message(key, value, &parkgate__event_refused__descriptor, &message,
                                 fault));
        int32_t day = ((Parkgate__EventRefused *)(void *)message)->day_key;
        store_message_destroy(&message);
        if (day >= s->cut_day) {
            return ERR_OK; /* they lie in the order in which they came */
        }
        remove_row(s, TABLE_QUARANTINE, key, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err slice_lookups(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(s->ctl->txn, TABLE_LOOKUP, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        if (s->count + 4 > RETENTION_ROWS) {
            r->more = true;
            return ERR_OK;
        }
        struct reader day = reader_of((struct bytes){.data = key.data + key.size - 4, .size = 4});
        if (key.size > 4 && (int32_t)reader_u32(&day) < s->cut_day) {
            remove_row(s, TABLE_LOOKUP, key, NULL);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* By the day of its last page; one whose file was never taken, by that of the agreement. */
static enum err slice_disclosures(struct slice *s, struct retaining *r, struct fault *fault)
{
    uint64_t at = 0;
    enum err err = ERR_OK;
    Parkgate__DisclosureRecord *record = NULL;
    while (!is_full(s) && (err = disclosure_next(s->ctl->txn, at, &record, fault)) == ERR_OK) {
        struct keybuf key;
        int64_t last_us = record->handed_us != 0  ? record->handed_us
                          : record->taken_us != 0 ? record->taken_us
                                                  : record->at_us;
        at = record->number;
        parkgate__disclosure_record__free_unpacked(record, NULL);
        keybuf_begin(&key);
        keybuf_u64(&key, at);
        if (last_us < s->cut.us) {
            remove_row(s, TABLE_DISCLOSURE, keybuf_view(&key), NULL);
        }
    }
    r->more = is_full(s);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err drop_booking(struct slice *s, const Parkgate__BookingRecord *record)
{
    struct keybuf key;
    struct handle handle = people_handle(&record->booking);
    struct wall until = {record->until_us};
    remove_row(s, TABLE_BOOKING, BYTES_OF(handle.bytes), NULL);
    remove_row(s, TABLE_BOOKING_OF,
               expected_key_of(&key, people_handle(&record->vehicle), until, handle), NULL);
    remove_row(s, TABLE_BOOKING_TENANT, expected_key_tenant(&key, record->tenant, until, handle),
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
    TRY(hold_is_on(s->ctl->txn, visitor, s->ctl->now, &held, fault));
    if (held) {
        return ERR_OK;
    }
    remove_row(s, TABLE_VISIT, BYTES_OF(handle.bytes), NULL);
    remove_row(s, TABLE_VISIT_OF, expected_key_of(&key, visitor, until, handle), NULL);
    remove_row(s, TABLE_VISIT_TENANT, expected_key_tenant(&key, record->tenant, until, handle),
               NULL);
    return ERR_OK;
}

/* Bookings first, then visits, each by its handle. */
static enum err slice_expected_of(struct slice *s, struct retaining *r, bool bookings,
                                  struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    const ProtobufCMessageDescriptor *descriptor =
        bookings ? &parkgate__booking_record__descriptor : &parkgate__visit_record__descriptor;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(
        s->ctl->txn, bookings ? TABLE_BOOKING : TABLE_VISIT,
        (struct bytes){.data = s->ctl->retaining.key.bytes, .size = s->ctl->retaining.key.size},
        (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        if (is_full(s)) {
            keybuf_begin(&s->ctl->retaining.next_key);
            keybuf_bytes(&s->ctl->retaining.next_key, key);
            r->more = true;
            return ERR_OK;
        }
        s->looked++;
        TRY(store_unpack_message(key, value, descriptor, &message, fault));
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

static enum err slice_expected(struct slice *s, struct retaining *r, struct fault *fault)
{
    TRY(slice_expected_of(s, r, r->place == 0, fault));
    if (!r->more && r->place == 0) {
        r->next = 1; /* the visits */
        r->more = true;
        keybuf_begin(&s->ctl->retaining.next_key);
    }
    return ERR_OK;
}

/* --- keys of days --- */

static enum err slice_day_keys(struct slice *s, struct retaining *r, struct fault *fault)
{
    unsigned deleted = 0;
    TRY(controller_forget_day_keys(s->ctl, s->cut_day, &deleted, fault));
    if (deleted > 0) {
        erasure_keys_deleted(s->ctl);
        r->removed[RETAIN_DAY_KEYS] += deleted;
    }
    return ERR_OK;
}

/* --- faces and persons: by what is still to come of them --- */

/* The last local day that something of this person was or is planned; INT32_MIN: nothing is known,
 * and he is left alone. */
static enum err last_day_of(struct controller *ctl, struct handle person, int32_t *ret,
                            struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    *ret = INT32_MIN;
    {
        AUTO(store_iter_end) struct store_iter iter = {0};
        TRY(store_iter_prefix(ctl->txn, TABLE_ASSIGNMENT, BYTES_OF(person.bytes), UINT64_MAX, &iter,
                              fault));
        enum err err;
        while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
            ProtobufCMessage *newest = NULL;
            TRY(versioned_newest(ctl->txn, VERSIONED_ASSIGNMENT, key, &newest, fault));
            int32_t day = ((Parkgate__AssignmentRecord *)(void *)newest)->to_day;
            *ret = day > *ret ? day : *ret;
            store_message_destroy(&newest);
        }
        TRY(err == ERR_NOT_FOUND ? ERR_OK : err);
    }
    {
        AUTO(store_iter_end) struct store_iter iter = {0};
        TRY(store_iter_prefix(ctl->txn, TABLE_VISIT_OF, BYTES_OF(person.bytes), UINT64_MAX, &iter,
                              fault));
        enum err err;
        while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
            struct reader r = reader_of(key);
            (void)keybuf_read_handle(&r);
            int32_t day = civil_of(&ctl->tz, keybuf_read_wall(&r)).day;
            *ret = day > *ret ? day : *ret;
        }
        TRY(err == ERR_NOT_FOUND ? ERR_OK : err);
    }
    struct passage_row row;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(passage_walk_begin_back(ctl->txn, person, (struct wall){INT64_MAX}, 0, &iter, fault));
    enum err err = passage_walk_next(&iter, &row, fault);
    if (err == ERR_OK) {
        int32_t day = civil_of(&ctl->tz, row.passage.at).day;
        *ret = day > *ret ? day : *ret;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err revoke_face(struct slice *s, struct bytes hash, struct fault *fault)
{
    size_t orders = 0;
    Parkgate__CredentialRecord *face = NULL;
    enum err err = people_credential(s->ctl->txn, hash, &face, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__CredentialRecord changed = *face;
    changed.revoked_us = s->ctl->now.us;
    changed.reason = field_text("retention: the last shift or visit is over");
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    err = controller_record(s->ctl, ENTRY_CREDENTIAL, "", &changed.base, fault);
    parkgate__credential_record__free_unpacked(face, NULL);
    TRY(err);
    s->ctl->retaining.removed[RETAIN_FACES]++;
    return subjects_settle(s->ctl, hash, "", &orders, fault);
}

static enum err drop_face(struct slice *s, struct bytes hash, const Parkgate__FaceRecord *face,
                          struct fault *fault)
{
    int32_t last = INT32_MIN;
    Parkgate__HolderRecord *holder = NULL;
    struct handle person = people_handle(&face->holder);
    enum err err = people_holder(s->ctl->txn, person, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool passes_by = holder->kind == PERSON_DAY || holder->kind == PERSON_DRIVER ||
                     holder->kind == PERSON_VISITOR;
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (!passes_by) {
        return ERR_OK;
    }
    TRY(last_day_of(s->ctl, person, &last, fault));
    return last != INT32_MIN && last < s->cut_day ? revoke_face(s, hash, fault) : ERR_OK;
}

static enum err drop_person(struct slice *s, struct handle person, struct fault *fault)
{
    bool may = false;
    int32_t last = INT32_MIN;
    TRY(last_day_of(s->ctl, person, &last, fault));
    if (last == INT32_MIN || last >= s->cut_day) {
        return ERR_OK;
    }
    TRY(erasure_is_free(s->ctl, person, &may, fault));
    if (!may) {
        return ERR_OK;
    }
    s->ctl->retaining.removed[RETAIN_PERSONS]++;
    return erasure_begin(s->ctl, person, "",
                         "retention: nothing has been of this person for so long", NULL, fault);
}

/* Along a table whose keys are hashes or handles. */
static enum err slice_people(struct slice *s, struct retaining *r, bool faces, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(
        s->ctl->txn, faces ? TABLE_FACE : TABLE_HOLDER,
        (struct bytes){.data = s->ctl->retaining.key.bytes, .size = s->ctl->retaining.key.size},
        (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf copy;
        ProtobufCMessage *message = NULL;
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        if (is_full(s)) {
            s->ctl->retaining.next_key = copy;
            r->more = true;
            return ERR_OK;
        }
        s->looked++;
        TRY(store_unpack_message(key, value,
                                 faces ? &parkgate__face_record__descriptor
                                       : &parkgate__holder_record__descriptor,
                                 &message, fault));
        const Parkgate__FaceRecord *face = (const void *)message;
        const Parkgate__HolderRecord *holder = (const void *)message;
        bool wanted = faces ? face->attached : !holder->vehicle && !holder->removed;
        err = !wanted ? ERR_OK
              : faces ? drop_face(s, keybuf_view(&copy), face, fault)
                      : drop_person(s, people_handle(&holder->holder), fault);
        store_message_destroy(&message);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- the run --- */

static enum err work_class(struct slice *s, struct retaining *r, bool basis, struct fault *fault)
{
    switch (r->class) {
    case RETAIN_PASSAGES:
        return slice_passages(s, r, fault);
    case RETAIN_ATTENDANCE:
        return slice_attendance(s, r, r->place == 0 && basis, fault);
    case RETAIN_FACES:
        return slice_people(s, r, true, fault);
    case RETAIN_PERSONS:
        return slice_people(s, r, false, fault);
    case RETAIN_EXPECTED:
        return slice_expected(s, r, fault);
    case RETAIN_QUARANTINE:
        return slice_quarantine(s, r, fault);
    case RETAIN_DAY_KEYS:
        return slice_day_keys(s, r, fault);
    case RETAIN_LOOKUPS:
        return slice_lookups(s, r, fault);
    case RETAIN_DISCLOSURES:
        return slice_disclosures(s, r, fault);
    case RETAIN_COUNT:
        break;
    }
    return ERR_OK;
}

/* Attendance with a basis goes twice: what is past the passages' term is cut short, what is past
 * its own is removed. Without one it goes with the passages. */
static enum err cut_of(struct controller *ctl, struct retaining *r, bool *ret_basis,
                       struct slice *s, struct fault *fault)
{
    uint32_t days = 0;
    TRY(retention_days(ctl, r->class, &days, ret_basis, fault));
    if (r->class == RETAIN_ATTENDANCE && (!*ret_basis || r->place == 0)) {
        TRY(retention_days(ctl, RETAIN_PASSAGES, &days, NULL, fault));
    }
    s->cut_day = controller_today(ctl) - (int32_t)days;
    s->cut = civil_to_wall(&ctl->tz, s->cut_day, 0);
    return ERR_OK;
}

static enum err record_slice(struct slice *s, const struct retaining *r, struct fault *fault)
{
    Parkgate__RetentionEntry entry = PARKGATE__RETENTION_ENTRY__INIT;
    entry.class_ = field_text(retention_specs[r->class].name);
    entry.n_row = s->count;
    entry.row = s->rows;
    entry.place = r->class == RETAIN_PASSAGES ? r->next : 0;
    entry.ended = !r->more;
    entry.removed = r->removed[r->class];
    entry.day = controller_today(s->ctl);
    return controller_record(s->ctl, ENTRY_RETENTION, "", &entry.base, fault);
}

/* Done again after a full map it looks at the same rows: what it counted is put back first. */
static enum err run_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    static struct slice slice; /* one thread; too large for the stack */
    struct retaining *r = &ctl->retaining;
    bool basis = false;
    const uint64_t *before = ctx;
    r->removed[r->class] = *before;
    r->next = r->place;
    r->more = false;
    ctl->retaining.next_key = ctl->retaining.key;
    slice.ctl = ctl;
    slice.looked = slice.count = slice.used = 0;
    TRY(cut_of(ctl, r, &basis, &slice, fault));
    TRY(work_class(&slice, r, basis, fault));
    if (r->class == RETAIN_ATTENDANCE && basis && r->place == 0 && !r->more) {
        r->next = 1; /* once more, for its own term */
        r->more = true;
        keybuf_begin(&ctl->retaining.next_key);
    }
    r->removed[r->class] += slice.count;
    bool tells = slice.count > 0 || (!r->more && r->removed[r->class] > 0);
    TRY(tells ? record_slice(&slice, r, fault) : ERR_OK);
    if (r->class == RETAIN_FACES && !r->more) {
        TRY(faces_changed(ctl, fault));
    }
    r->done = true;
    return ERR_OK;
}

static enum err look_up_place(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__RetentionRecord *record = NULL;
    (void)ctx;
    TRY(retention_get(ctl->txn, retention_specs[RETAIN_PASSAGES].name, &record, fault));
    ctl->retaining.place = record->place;
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static void begin_class(struct controller *ctl, enum retention_class class)
{
    struct retaining *r = &ctl->retaining;
    r->class = class;
    r->removed[class] = 0;
    r->place = 0;
    keybuf_begin(&ctl->retaining.key);
    if (class == RETAIN_PASSAGES) {
        batch_run(ctl, look_up_place, NULL);
    }
}

static void begin_run(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    r->running = true;
    r->asked = false;
    begin_class(ctl, RETAIN_PASSAGES);
}

static void end_run(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    uint64_t removed = 0;
    for (size_t i = 0; i < RETAIN_COUNT; i++) {
        removed += r->removed[i];
    }
    r->running = false;
    r->day = controller_today(ctl);
    log_event("retention_ran", LOG_NUM("removed", removed));
}

void retention_tick(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    if (!r->running) {
        if (!r->asked && r->day == controller_today(ctl)) {
            return;
        }
        begin_run(ctl);
    }
    uint64_t before = r->removed[r->class];
    r->done = false;
    batch_run(ctl, run_slice, &before);
    if (!r->done) {
        return; /* the batch was given up: the same slice comes again */
    }
    if (r->more) {
        r->place = r->next;
        r->key = r->next_key;
    } else if (r->class + 1 < RETAIN_COUNT) {
        begin_class(ctl, r->class + 1);
    } else {
        end_run(ctl);
    }
}
