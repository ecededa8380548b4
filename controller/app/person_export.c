/* person.export: everything that is held on a person, for himself. What an authority entered about
 * him is no part of it, and neither shown nor denied: only the tables and the kinds of entries
 * named here are looked at. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/ban_store.h"
#include "common/facts/expected_store.h"
#include "common/facts/passage_walk.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/entry_words.h"
#include "controller/app/exported.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"
#include "controller/journal/journal.h"
#include "controller/store/disclosure_store.h"
#include "controller/store/hold_store.h"
#include "schema/kinds.h"

enum {
    EXPORT_ENTRIES = 1000, /* of the journal looked at by one page */
    EXPORT_DAYS = 2000,    /* days of a tenant looked at by one page */
    EXPORT_DAYS_BACK = 3660,
    EXPORT_ROWS = LIMIT_ROWS_PER_MESSAGE,
    PROOF_SIZE = 8,
    DETAIL_SIZE = 512,
};

struct export
{
    struct controller *ctl;
    struct request *request;
    struct handle person;
    Parkgate__HolderRecord *holder; /* borrowed */
    size_t section;
    struct keybuf place; /* within the section: go on behind it; size 0: from its beginning */
    size_t rows;
    bool full; /* the page ends here */
    bool lost; /* its last row did not fit and comes with the next one */
};

static void row(struct export *e, const char *section, int64_t at_us, const char *what,
                const char *detail)
{
    struct answer *a = e->request->answer;
    answer_begin_row(a);
    answer_text(a, section);
    answer_wall(a, (struct wall){at_us});
    answer_text(a, what);
    answer_text(a, detail);
    e->lost = !answer_end_row(a);
    e->full = e->lost || ++e->rows >= EXPORT_ROWS;
}

static void row_if(struct export *e, const char *what, const char *detail)
{
    if (detail[0] != '\0') {
        row(e, "person", 0, what, detail);
    }
}

/* --- who it is --- */

static enum err export_identity(struct export *e, struct fault *fault)
{
    Parkgate__Identity *identity = NULL;
    row_if(e, "tenant", e->holder->tenant);
    row_if(e, "kind", roster_kind_word(e->holder->kind));
    for (size_t i = 0; i < e->holder->n_suspended_by; i++) {
        row_if(e, "suspended_by", e->holder->suspended_by[i]);
    }
    enum err err = request_identity(e->ctl, e->holder, &identity, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    row_if(e, "name", identity->name);
    row_if(e, "id_number", identity->id_number);
    row_if(e, "phone", identity->phone);
    row_if(e, "agency", identity->agency);
    row_if(e, "external", identity->external);
    row_if(e, "plate", identity->plate);
    parkgate__identity__free_unpacked(identity, NULL);
    return ERR_OK;
}

/* --- rows of a table that begin with the handle --- */

typedef enum err export_row(struct export *e, struct bytes key, struct bytes value,
                            struct fault *fault);

static enum err export_rows(struct export *e, size_t table, export_row *one, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    struct bytes after = keybuf_view(&e->place);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(e->ctl->txn, table, after.size > 0 ? after : BYTES_OF(e->person.bytes),
                         (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct bytes head = {.data = key.data, .size = HANDLE_SIZE};
        if (key.size < HANDLE_SIZE || !bytes_equal(head, BYTES_OF(e->person.bytes))) {
            return ERR_OK;
        }
        if (bytes_equal(key, after)) {
            continue;
        }
        struct keybuf here;
        keybuf_begin(&here);
        keybuf_bytes(&here, key);
        TRY(one(e, key, value, fault));
        if (!e->lost) {
            e->place = here;
        }
        if (e->full) {
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The number itself, as a reader gives it; "" when its key is gone, or for a PIN. */
static void shown_value(struct export *e, const Parkgate__CredentialRecord *record, char *out,
                        size_t size)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES];
    size_t used = 0;
    struct fault ignored;
    out[0] = '\0';
    if (record->sealed.len == 0 || record->sealed.len > sizeof(plain) ||
        controller_holder_key(e->ctl, e->person, false, &key, &ignored) != ERR_OK) {
        return;
    }
    enum err err = seal_open(&key, (struct bytes){0}, field_view(&record->sealed), plain,
                             sizeof(plain), &used, &ignored);
    seal_wipe(&key, sizeof(key));
    Parkgate__SealedRead *read =
        err == ERR_OK ? parkgate__sealed_read__unpack(NULL, used, plain) : NULL;
    if (read == NULL) {
        return;
    }
    struct bytes value = field_view(&read->credential);
    if (record->kind == CREDENTIAL_KIND_BADGE && 2 * value.size < size) {
        bytes_to_hex(value, out, size);
    } else {
        (void)snprintf(out, size, "%.*s", (int)value.size, (const char *)value.data);
    }
    parkgate__sealed_read__free_unpacked(read, NULL);
    seal_wipe(plain, sizeof(plain));
}

static enum err export_credential(struct export *e, struct bytes key, struct bytes value,
                                  struct fault *fault)
{
    char number[128];
    char detail[DETAIL_SIZE];
    Parkgate__CredentialRecord *record = NULL;
    (void)key;
    enum err err = people_credential(e->ctl->txn, value, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (handle_equal(people_handle(&record->holder), e->person)) {
        shown_value(e, record, number, sizeof(number));
        (void)snprintf(detail, sizeof(detail), "%s%s%s%s%s%s", number,
                       record->revoked_us != 0 ? ", revoked: " : "", record->reason,
                       record->consent[0] != '\0' ? ", consent: " : "", record->consent,
                       record->purpose[0] != '\0' ? ", for: " : "");
        size_t used = strlen(detail);
        (void)snprintf(detail + used, sizeof(detail) - used, "%s", record->purpose);
        row(e, "credential", record->until_us,
            credential_kind_name((enum credential_kind)record->kind), detail);
    }
    parkgate__credential_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err export_assignment(struct export *e, struct bytes key, struct bytes value,
                                  struct fault *fault)
{
    char from[CIVIL_DATE_SIZE];
    char to[CIVIL_DATE_SIZE];
    char detail[DETAIL_SIZE];
    ProtobufCMessage *message = NULL;
    enum err err =
        versioned_resolve(e->ctl->txn, VERSIONED_ASSIGNMENT, key, value, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__AssignmentRecord *record = (const void *)message;
    civil_date_format(record->from_day, from);
    civil_date_format(record->to_day, to);
    (void)snprintf(detail, sizeof(detail), "%s, %s to %s%s", record->shift, from, to,
                   record->ended ? ", ended" : "");
    row(e, "assignment", 0, record->tenant, detail);
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err export_clearance(struct export *e, struct bytes key, struct bytes value,
                                 struct fault *fault)
{
    char detail[DETAIL_SIZE];
    ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__clearance_record__descriptor, &message, fault));
    const Parkgate__ClearanceRecord *record = (const void *)message;
    (void)snprintf(detail, sizeof(detail), "%s%s", record->removed ? "removed: " : "",
                   record->reason);
    row(e, "clearance", record->until_us, record->clearance, detail);
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err export_visit(struct export *e, struct bytes key, struct bytes value,
                             struct fault *fault)
{
    struct handle visit;
    Parkgate__VisitRecord *record = NULL;
    (void)value;
    memcpy(visit.bytes, key.data + key.size - HANDLE_SIZE, HANDLE_SIZE);
    enum err err = visit_get(e->ctl->txn, visit, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    row(e, "visit", record->from_us, record->tenant, "");
    parkgate__visit_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* That it is on, as `person erase` says, too; whose document it is, and why, is not his to see. */
static enum err export_hold(struct export *e, struct bytes key, struct bytes value,
                            struct fault *fault)
{
    struct reader r = reader_of(key);
    Parkgate__HoldRecord *record = NULL;
    (void)value;
    (void)keybuf_read_handle(&r);
    enum err err = hold_get(e->ctl->txn, reader_u64(&r), &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (record->until_us > e->ctl->now.us) {
        row(e, "hold", record->until_us, "kept past its term", "");
    }
    parkgate__hold_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err export_passage(struct export *e, struct bytes key, struct bytes value,
                               struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    char detail[DETAIL_SIZE];
    struct reader r = reader_of(key);
    ProtobufCMessage *message = NULL;
    (void)keybuf_read_handle(&r);
    struct wall at = keybuf_read_wall(&r);
    TRY(store_unpack_message(key, value, &parkgate__passage_record__descriptor, &message, fault));
    const Parkgate__PassageRecord *record = (const void *)message;
    civil_date_format(record->business_day, date);
    (void)snprintf(detail, sizeof(detail), "%s, counted for %s %s", record->lane, record->tenant,
                   date);
    row(e, "passage", at.us, record->direction == LANE_OUT ? "out" : "in", detail);
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err export_credentials(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_CREDENTIAL_OF, export_credential, fault);
}

static enum err export_assignments(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_ASSIGNMENT, export_assignment, fault);
}

static enum err export_clearances(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_CLEARANCE, export_clearance, fault);
}

static enum err export_visits(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_VISIT_OF, export_visit, fault);
}

static enum err export_holds(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_HOLD_OF, export_hold, fault);
}

static enum err export_passages(struct export *e, struct fault *fault)
{
    return export_rows(e, TABLE_PASSAGE, export_passage, fault);
}

static enum err export_ban(struct export *e, struct fault *fault)
{
    static const char *const words[] = {"", "violence", "theft", "forged-pass", "safety-breach"};
    char detail[DETAIL_SIZE];
    Parkgate__BanRecord *ban = NULL;
    enum err err = ban_get(e->ctl->txn, e->person, &ban, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    (void)snprintf(detail, sizeof(detail), "notice %s, by %s%s%s", ban->notice, ban->decider,
                   ban->appeal[0] != '\0' ? ", appeal " : "", ban->appeal);
    row(e, "ban", ban->until_us, ban->reason < ARRAY_LEN(words) ? words[ban->reason] : "unknown",
        detail);
    parkgate__ban_record__free_unpacked(ban, NULL);
    return ERR_OK;
}

/* --- where he is host or driver: that is found by visitor or vehicle, so all are looked at --- */

static enum err export_booking(struct export *e, struct bytes key, struct bytes value,
                               struct fault *fault)
{
    char detail[DETAIL_SIZE];
    ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__booking_record__descriptor, &message, fault));
    const Parkgate__BookingRecord *record = (const void *)message;
    if (bytes_equal(field_view(&record->driver), BYTES_OF(e->person.bytes))) {
        (void)snprintf(detail, sizeof(detail), "driver, into %s%s%s", record->zone,
                       record->cancelled ? ", cancelled: " : "", record->reason);
        row(e, "booking", record->from_us, record->tenant, detail);
    }
    store_message_destroy(&message);
    return ERR_OK;
}

/* His guests are not named to him here. */
static enum err export_hosted(struct export *e, struct bytes key, struct bytes value,
                              struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__visit_record__descriptor, &message, fault));
    const Parkgate__VisitRecord *record = (const void *)message;
    if (bytes_equal(field_view(&record->host), BYTES_OF(e->person.bytes))) {
        row(e, "visit", record->from_us, record->tenant, "as the host");
    }
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err export_driven(struct export *e, struct bytes key, struct bytes value,
                              struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = versioned_resolve(e->ctl->txn, VERSIONED_HOLDER, key, value, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__HolderRecord *record = (const void *)message;
    for (size_t i = 0; record->vehicle && !record->removed && i < record->n_driver; i++) {
        if (bytes_equal(field_view(&record->driver[i]), BYTES_OF(e->person.bytes))) {
            row(e, "driver", record->from_us, record->tenant, "of a vehicle that may always come");
            break;
        }
    }
    store_message_destroy(&message);
    return ERR_OK;
}

/* Place: key of the last one. */
static enum err export_scan(struct export *e, size_t table, export_row *one, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    struct keybuf from = e->place;
    struct bytes after = keybuf_view(&from);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(e->ctl->txn, table, after, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    for (size_t i = 0; (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK; i++) {
        struct keybuf here;
        if (bytes_equal(key, after)) {
            continue;
        }
        keybuf_begin(&here);
        keybuf_bytes(&here, key);
        TRY(one(e, key, value, fault));
        if (!e->lost) {
            e->place = here;
        }
        e->full = e->full || i >= EXPORT_ENTRIES;
        if (e->full) {
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err export_bookings(struct export *e, struct fault *fault)
{
    return export_scan(e, TABLE_BOOKING, export_booking, fault);
}

static enum err export_guests(struct export *e, struct fault *fault)
{
    return export_scan(e, TABLE_VISIT, export_hosted, fault);
}

static enum err export_drives(struct export *e, struct fault *fault)
{
    return export_scan(e, TABLE_HOLDER, export_driven, fault);
}

/* --- attendance: by tenant and day, newest first --- */

static enum err is_of_tenant(struct export *e, const char *tenant, bool *ret, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    keybuf_begin(&key);
    keybuf_text(&key, tenant);
    keybuf_handle(&key, e->person);
    enum err err = store_get(e->ctl->txn, TABLE_TENANT_HOLDER, keybuf_view(&key), &value, fault);
    *ret = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err export_day(struct export *e, const char *tenant, int32_t day, struct fault *fault)
{
    struct keybuf key;
    char date[CIVIL_DATE_SIZE];
    char detail[DETAIL_SIZE];
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, tenant);
    keybuf_u32(&key, (uint32_t)day);
    keybuf_handle(&key, e->person);
    enum err err = store_get_message(e->ctl->txn, TABLE_ATTENDANCE, keybuf_view(&key),
                                     &parkgate__attendance_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__AttendanceRecord *record = (const void *)message;
    civil_date_format(day, date);
    (void)snprintf(detail, sizeof(detail), "%s, %u in, %u out", tenant, record->entries,
                   record->exits);
    row(e, "attendance", record->first_in_us, date, detail);
    store_message_destroy(&message);
    return ERR_OK;
}

/* Place: u32 tenant's number, u32 days back that were looked at. */
static enum err export_attendance(struct export *e, struct fault *fault)
{
    struct reader r = reader_of(keybuf_view(&e->place));
    uint32_t tenant = e->place.size > 0 ? reader_u32(&r) : 0;
    uint32_t back = e->place.size > 0 ? reader_u32(&r) : 0;
    int32_t today = controller_today(e->ctl);
    size_t looked = 0;
    for (; tenant < e->ctl->park->tenant_count; tenant++, back = 0) {
        bool his = false;
        const char *name = e->ctl->park->tenants[tenant].name.text;
        TRY(is_of_tenant(e, name, &his, fault));
        for (; his && back < EXPORT_DAYS_BACK; back++) {
            if (e->full || looked++ >= EXPORT_DAYS) {
                e->full = true;
                keybuf_begin(&e->place);
                keybuf_u32(&e->place, tenant);
                keybuf_u32(&e->place, back);
                return ERR_OK;
            }
            TRY(export_day(e, name, today + 1 - (int32_t)back, fault));
            back -= e->lost; /* it is looked at again */
        }
    }
    return ERR_OK;
}

/* --- the journal: reads that were no passage, and who asked about him --- */

static bool names_him(const struct export *e, const ProtobufCBinaryData *holders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (handle_equal(people_handle(&holders[i]), e->person)) {
            return true;
        }
    }
    return false;
}

static void export_read(struct export *e, const Parkgate__Entry *entry, struct bytes body)
{
    struct entry_words words;
    char detail[DETAIL_SIZE];
    Parkgate__EventEntry *event = parkgate__event_entry__unpack(NULL, body.size, body.data);
    if (event == NULL) {
        return;
    }
    bool his =
        event->kind != EVENT_PASSAGE && (handle_equal(people_handle(&event->holder), e->person) ||
                                         handle_equal(people_handle(&event->companion), e->person));
    if (his) {
        entry_words_of(entry, &words);
        (void)snprintf(detail, sizeof(detail), "%s, %s %s", words.lane, words.verdict,
                       words.reason);
        row(e, "read", event->captured_us, words.kind, detail);
    }
    parkgate__event_entry__free_unpacked(event, NULL);
}

static void export_lookup(struct export *e, const Parkgate__Entry *entry, struct bytes body)
{
    Parkgate__Lookup *lookup = parkgate__lookup__unpack(NULL, body.size, body.data);
    if (lookup == NULL) {
        return;
    }
    if (names_him(e, lookup->holder, lookup->n_holder)) {
        row(e, "looked-up", entry->time_us, lookup->verb, lookup->reason);
    }
    parkgate__lookup__free_unpacked(lookup, NULL);
}

static void export_entry(struct export *e, const Parkgate__Entry *entry)
{
    struct bytes body = {.data = entry->body.data, .size = entry->body.len};
    switch (entry->kind) {
    case ENTRY_EVENT:
        export_read(e, entry, body);
        break;
    case ENTRY_LOOKUP:
        export_lookup(e, entry, body);
        break;
    default: /* nothing else is for him to see, or is of him */
        break;
    }
}

/* Place: u64 sequence that was looked at. An entry that no longer fits comes with the next page. */
static enum err export_journal(struct export *e, struct fault *fault)
{
    struct journal_head head;
    struct reader r = reader_of(keybuf_view(&e->place));
    uint64_t at = e->place.size > 0 ? reader_u64(&r) : 0;
    uint64_t first = 0;
    TRY(journal_head(e->ctl->txn, &head, fault));
    TRY(journal_first(e->ctl->txn, &first, fault));
    at = at + 1 < first ? first - 1 : at; /* the beginning was cut off behind a checkpoint */
    for (size_t i = 0; at < head.sequence && !e->full; i++, at++) {
        struct bytes packed;
        struct seal_hash hash;
        if (i == EXPORT_ENTRIES) {
            e->full = true;
            break;
        }
        TRY(journal_read(e->ctl->txn, at + 1, &packed, &hash, fault));
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        if (entry == NULL) {
            return fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                             (unsigned long long)(at + 1));
        }
        export_entry(e, entry);
        parkgate__entry__free_unpacked(entry, NULL);
        at -= e->lost;
    }
    keybuf_begin(&e->place);
    keybuf_u64(&e->place, at);
    return ERR_OK;
}

/* --- what was handed out about him --- */

/* Of a lane's day he is, if he passed there on it. */
static enum err is_of_lane(struct export *e, const Parkgate__DisclosureRecord *record, bool *ret,
                           struct fault *fault)
{
    struct wall from = civil_to_wall(&e->ctl->tz, record->day, 0);
    struct wall end = civil_to_wall(&e->ctl->tz, record->to_day + 1, 0);
    struct keybuf begin;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    passage_key(&begin, e->person, from, 0);
    TRY(store_iter_range(e->ctl->txn, TABLE_PASSAGE, keybuf_view(&begin), (struct bytes){0},
                         UINT64_MAX, &iter, fault));
    enum err err;
    *ret = false;
    while (!*ret && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        struct reader r = reader_of(key);
        struct handle person = keybuf_read_handle(&r);
        if (!handle_equal(person, e->person) || keybuf_read_wall(&r).us >= end.us) {
            return ERR_OK;
        }
        TRY(store_unpack_message(key, value, &parkgate__passage_record__descriptor, &message,
                                 fault));
        *ret = strcmp(((Parkgate__PassageRecord *)(void *)message)->lane, record->lane) == 0;
        store_message_destroy(&message);
    }
    return *ret || err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What its document forbids to tell is not told here either. */
static enum err export_one_disclosure(struct export *e, const Parkgate__DisclosureRecord *record,
                                      struct fault *fault)
{
    char detail[DETAIL_SIZE];
    bool his = disclosure_names(record, e->person);
    if (!disclosure_may_be_told(record, e->ctl->now.us)) {
        return ERR_OK;
    }
    if (!his && record->lane[0] != '\0') {
        TRY(is_of_lane(e, record, &his, fault));
    }
    if (his) {
        (void)snprintf(detail, sizeof(detail), "%s, document %s, %s", record->authority,
                       record->document, record->basis);
        row(e, "disclosed", record->taken_us, "to an authority", detail);
    }
    return ERR_OK;
}

/* Place: u64 number of the last one. */
static enum err export_disclosures(struct export *e, struct fault *fault)
{
    struct reader r = reader_of(keybuf_view(&e->place));
    uint64_t at = e->place.size > 0 ? reader_u64(&r) : 0;
    Parkgate__DisclosureRecord *record = NULL;
    enum err err = ERR_OK;
    while (!e->full && (err = disclosure_next(e->ctl->txn, at, &record, fault)) == ERR_OK) {
        err = export_one_disclosure(e, record, fault);
        at = e->lost ? at : record->number;
        parkgate__disclosure_record__free_unpacked(record, NULL);
        TRY(err);
    }
    keybuf_begin(&e->place);
    keybuf_u64(&e->place, at);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- pages --- */

static enum err (*const sections[])(struct export *e, struct fault *fault) = {
    export_identity, export_credentials, export_assignments, export_clearances,  export_ban,
    export_visits,   export_guests,      export_bookings,    export_drives,      export_holds,
    export_passages, export_attendance,  export_journal,     export_disclosures,
};

/* A page behind the first is the same look-up: the cursor proves that it was counted, for this key,
 * person and day. */
static struct seal_hash proof_of(const struct controller *ctl, const struct request *request,
                                 struct handle person)
{
    uint8_t day[4];
    struct writer w = writer_of(day, sizeof(day));
    writer_u32(&w, (uint32_t)controller_today(ctl));
    return seal_keyed_hash(
        &ctl->index_keys.key[0], "parkgate person export",
        SEAL_PARTS(bytes_of_text(request->key->name), BYTES_OF(person.bytes), BYTES_OF(day)));
}

static bool read_cursor(struct export *e, const struct seal_hash *proof, bool *ret_counted)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    *ret_counted = false;
    if (!request_cursor(e->request, cursor, &size)) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    if (size < PROOF_SIZE + 1 || cursor[PROOF_SIZE] >= ARRAY_LEN(sections) ||
        !seal_equal((struct bytes){.data = cursor, .size = PROOF_SIZE},
                    (struct bytes){.data = proof->bytes, .size = PROOF_SIZE})) {
        return request_refuse(e->request, ERROR_ARG_BAD, "after", "...",
                              "not the mark of a page of this export; begin it anew");
    }
    e->section = cursor[PROOF_SIZE];
    keybuf_bytes(&e->place,
                 (struct bytes){.data = cursor + PROOF_SIZE + 1, .size = size - PROOF_SIZE - 1});
    *ret_counted = true;
    return true;
}

static void set_cursor(const struct export *e, const struct seal_hash *proof)
{
    struct keybuf cursor;
    keybuf_begin(&cursor);
    keybuf_bytes(&cursor, (struct bytes){.data = proof->bytes, .size = PROOF_SIZE});
    keybuf_u8(&cursor, (uint8_t)e->section);
    keybuf_bytes(&cursor, keybuf_view(&e->place));
    answer_more(e->request->answer, keybuf_view(&cursor));
}

static enum err export_page(struct export *e, const struct seal_hash *proof, struct fault *fault)
{
    answer_columns(e->request->answer, "section,at_us,what,detail");
    for (; e->section < ARRAY_LEN(sections); e->section++) {
        TRY(sections[e->section](e, fault));
        if (e->full) {
            set_cursor(e, proof);
            return ERR_OK;
        }
        keybuf_begin(&e->place);
    }
    return ERR_OK;
}

static enum err on_person_export(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    const char *reason = NULL;
    bool counted = false;
    enum err err = ERR_OK;
    struct export e = {.ctl = ctl, .request = request};
    keybuf_begin(&e.place);
    if (!request_handle(request, "person", &e.person) ||
        !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    struct seal_hash proof = proof_of(ctl, request, e.person);
    if (!read_cursor(&e, &proof, &counted)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, e.person, "person", &e.holder, fault));
    if (e.holder == NULL) {
        return ERR_OK;
    }
    if (counted || request_lookup(ctl, request, &e.person, 1, reason, &err, fault)) {
        err = counted ? ERR_OK : exported_note(ctl, request, "person", reason, NULL, fault);
        err = err == ERR_OK ? export_page(&e, &proof, fault) : err;
    }
    parkgate__holder_record__free_unpacked(e.holder, NULL);
    return err;
}

const struct verb_handler verbs_of_exports[] = {
    {"person.export", on_person_export},
};
const size_t verbs_of_exports_count = ARRAY_LEN(verbs_of_exports);
