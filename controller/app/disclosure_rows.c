/* What a disclosure's file says of its persons, or of its lane's day. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/passage_walk.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/disclosure.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"

enum {
    DISCLOSE_ENTRIES = 1000, /* of the journal looked at by one page */
    DISCLOSE_LOOKED = 2000,  /* rows of tables, likewise */
    DISCLOSE_LINE = 2048,
};

const struct disclosure_field_spec disclosure_fields[DISCLOSE_FIELDS] = {
    {"handle",      DISCLOSE_HANDLE,      true },
    {"name",        DISCLOSE_NAME,        true },
    {"id_number",   DISCLOSE_ID_NUMBER,   true },
    {"phone",       DISCLOSE_PHONE,       true },
    {"plate",       DISCLOSE_PLATE,       true },
    {"tenant",      DISCLOSE_TENANT,      true },
    {"agency",      DISCLOSE_AGENCY,      true },
    {"passages",    DISCLOSE_PASSAGES,    true },
    {"credentials", DISCLOSE_CREDENTIALS, false},
    {"assignments", DISCLOSE_ASSIGNMENTS, false},
    {"attendance",  DISCLOSE_ATTENDANCE,  false},
};

uint32_t disclosure_fields_of(const Parkgate__DisclosureRecord *record)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < record->n_field; i++) {
        for (size_t k = 0; k < ARRAY_LEN(disclosure_fields); k++) {
            bits |= strcmp(record->field[i], disclosure_fields[k].name) == 0
                        ? disclosure_fields[k].bit
                        : 0;
        }
    }
    return bits;
}

bool disclose_line(struct disclose_page *page, const char *format, ...)
{
    char line[DISCLOSE_LINE];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    MUST(size >= 0);
    size_t used = (size_t)size < sizeof(line) - 2 ? (size_t)size : sizeof(line) - 2;
    if (page->rows >= LIMIT_ROWS_PER_MESSAGE) {
        page->full = true;
        return false;
    }
    answer_begin_row(page->answer);
    answer_bytes(page->answer, (struct bytes){.data = (const uint8_t *)line, .size = used});
    if (!answer_end_row(page->answer)) {
        page->full = true;
        return false;
    }
    line[used++] = '\n';
    seal_hasher_add(&page->place->hasher,
                    (struct bytes){.data = (const uint8_t *)line, .size = used});
    page->place->bytes += used;
    page->place->rows++;
    page->rows++;
    return true;
}

/* --- who it is --- */

/* What of a holder is named, each value as it is kept; "" what is not. Borrowed. */
struct named {
    char handle[HANDLE_TEXT_SIZE];
    Parkgate__HolderRecord *holder;
    Parkgate__Identity *identity;
};

static void named_end(struct named *named)
{
    if (named->holder != NULL) {
        parkgate__holder_record__free_unpacked(named->holder, NULL);
    }
    if (named->identity != NULL) {
        parkgate__identity__free_unpacked(named->identity, NULL);
    }
}

static enum err find_named(struct disclose_page *page, struct handle person, struct named *ret,
                           struct fault *fault)
{
    handle_to_text(person, ret->handle);
    enum err err = people_holder(page->ctl->txn, person, &ret->holder, fault);
    if (err == ERR_OK && !ret->holder->removed) {
        err = request_identity(page->ctl, ret->holder, &ret->identity, fault);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static const char *value_of(const struct named *named, uint32_t field)
{
    const Parkgate__Identity *identity = named->identity;
    if (field == DISCLOSE_HANDLE) {
        return named->handle;
    }
    if (field == DISCLOSE_TENANT) {
        return named->holder == NULL ? "" : named->holder->tenant;
    }
    if (identity == NULL) {
        return "";
    }
    switch (field) {
    case DISCLOSE_NAME:
        return identity->name;
    case DISCLOSE_ID_NUMBER:
        return identity->id_number;
    case DISCLOSE_PHONE:
        return identity->phone;
    case DISCLOSE_PLATE:
        return identity->plate;
    case DISCLOSE_AGENCY:
        return identity->agency;
    default:
        return "";
    }
}

/* Place: u32 fields of the table that are done. */
static enum err rows_of_identity(struct disclose_page *page, struct handle person,
                                 struct fault *fault)
{
    AUTO(named_end) struct named named = {0};
    struct reader r = reader_of(keybuf_view(&page->place->at));
    uint32_t done = page->place->at.size > 0 ? reader_u32(&r) : 0;
    TRY(find_named(page, person, &named, fault));
    for (; done < ARRAY_LEN(disclosure_fields); done++) {
        const struct disclosure_field_spec *spec = &disclosure_fields[done];
        const char *value = value_of(&named, spec->bit);
        if ((page->fields & spec->bit) != 0 && value[0] != '\0' &&
            !disclose_line(page, "%zu\t%s\t%s", page->place->person + 1, spec->name, value)) {
            break;
        }
    }
    keybuf_begin(&page->place->at);
    keybuf_u32(&page->place->at, done);
    return ERR_OK;
}

/* --- rows of a table that begin with the handle --- */

typedef enum err disclose_row(struct disclose_page *page, struct bytes key, struct bytes value,
                              struct fault *fault);

/* One more row is looked at. False: a page has looked at enough. */
static bool may_look(struct disclose_page *page)
{
    page->full = page->full || page->looked++ >= DISCLOSE_LOOKED;
    return !page->full;
}

/* The person's rows below `until` (empty: all). */
static enum err rows_of_table(struct disclose_page *page, size_t table, struct handle person,
                              struct bytes until, disclose_row *one, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    struct keybuf after = page->place->at;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(page->ctl->txn, table,
                         after.size > 0 ? keybuf_view(&after) : BYTES_OF(person.bytes), until,
                         UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf here;
        struct bytes head = {.data = key.data, .size = HANDLE_SIZE};
        if (key.size < HANDLE_SIZE || !bytes_equal(head, BYTES_OF(person.bytes))) {
            return ERR_OK;
        }
        if (bytes_equal(key, keybuf_view(&after))) {
            continue;
        }
        keybuf_begin(&here);
        keybuf_bytes(&here, key);
        if (may_look(page)) {
            TRY(one(page, key, value, fault));
        }
        if (page->full) {
            return ERR_OK;
        }
        page->place->at = here;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err row_of_credential(struct disclose_page *page, struct bytes key, struct bytes value,
                                  struct fault *fault)
{
    Parkgate__CredentialRecord *record = NULL;
    enum err err = people_credential(page->ctl->txn, value, &record, fault);
    (void)key;
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (record->kind != CREDENTIAL_KIND_FACE) {
        (void)disclose_line(page, "%zu\tcredential\t%s\t%s", page->place->person + 1,
                            credential_kind_name((enum credential_kind)record->kind),
                            record->revoked_us != 0 ? "revoked" : "valid");
    }
    parkgate__credential_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err row_of_assignment(struct disclose_page *page, struct bytes key, struct bytes value,
                                  struct fault *fault)
{
    char from[CIVIL_DATE_SIZE];
    char to[CIVIL_DATE_SIZE];
    ProtobufCMessage *message = NULL;
    enum err err =
        versioned_resolve(page->ctl->txn, VERSIONED_ASSIGNMENT, key, value, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__AssignmentRecord *record = (const void *)message;
    if (record->from_day <= page->record->to_day && record->to_day >= page->record->day) {
        civil_date_format(record->from_day, from);
        civil_date_format(record->to_day, to);
        (void)disclose_line(page, "%zu\tassignment\t%s\t%s\t%s\t%s%s", page->place->person + 1,
                            record->tenant, record->shift, from, to,
                            record->ended ? "\tended" : "");
    }
    store_message_destroy(&message);
    return ERR_OK;
}

static int64_t begin_us(const struct disclose_page *page)
{
    return civil_to_wall(&page->ctl->tz, page->record->day, 0).us;
}

static int64_t end_us(const struct disclose_page *page)
{
    return civil_to_wall(&page->ctl->tz, page->record->to_day + 1, 0).us;
}

static const char *way_of(uint32_t direction)
{
    return direction == LANE_OUT ? "out" : "in";
}

static enum err row_of_passage(struct disclose_page *page, struct bytes key, struct bytes value,
                               struct fault *fault)
{
    char stamp[CIVIL_STAMP_SIZE];
    ProtobufCMessage *message = NULL;
    struct reader r = reader_of(key);
    (void)keybuf_read_handle(&r);
    struct wall at = keybuf_read_wall(&r);
    uint64_t journal = reader_u64(&r);
    if (journal >= page->record->number) { /* it was not known yet */
        return ERR_OK;
    }
    TRY(store_unpack_message(key, value, &parkgate__passage_record__descriptor, &message, fault));
    const Parkgate__PassageRecord *record = (const void *)message;
    civil_stamp_format(&page->ctl->tz, at, stamp);
    (void)disclose_line(page, "%zu\tpassage\t%s\t%s\t%s", page->place->person + 1, stamp,
                        record->lane, way_of(record->direction));
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err rows_of_credentials(struct disclose_page *page, struct handle person,
                                    struct fault *fault)
{
    return rows_of_table(page, TABLE_CREDENTIAL_OF, person, (struct bytes){0}, row_of_credential,
                         fault);
}

static enum err rows_of_assignments(struct disclose_page *page, struct handle person,
                                    struct fault *fault)
{
    return rows_of_table(page, TABLE_ASSIGNMENT, person, (struct bytes){0}, row_of_assignment,
                         fault);
}

/* From the first moment of the period to its last: nothing else is even walked over. */
static enum err rows_of_passages(struct disclose_page *page, struct handle person,
                                 struct fault *fault)
{
    struct keybuf until;
    passage_key(&until, person, (struct wall){end_us(page)}, 0);
    if (page->place->at.size == 0) {
        passage_key(&page->place->at, person, (struct wall){begin_us(page)}, 0);
    }
    return rows_of_table(page, TABLE_PASSAGE, person, keybuf_view(&until), row_of_passage, fault);
}

/* --- attendance: by tenant and day --- */

static enum err row_of_day(struct disclose_page *page, struct handle person, const char *tenant,
                           int32_t day, struct fault *fault)
{
    struct keybuf key;
    char date[CIVIL_DATE_SIZE];
    char first[CIVIL_STAMP_SIZE] = "";
    char last[CIVIL_STAMP_SIZE] = "";
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_text(&key, tenant);
    keybuf_u32(&key, (uint32_t)day);
    keybuf_handle(&key, person);
    enum err err = store_get_message(page->ctl->txn, TABLE_ATTENDANCE, keybuf_view(&key),
                                     &parkgate__attendance_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__AttendanceRecord *record = (const void *)message;
    civil_date_format(day, date);
    if (record->first_in_us != 0) {
        civil_stamp_format(&page->ctl->tz, (struct wall){record->first_in_us}, first);
    }
    if (record->last_out_us != 0) {
        civil_stamp_format(&page->ctl->tz, (struct wall){record->last_out_us}, last);
    }
    (void)disclose_line(page, "%zu\tattendance\t%s\t%s\t%s\t%s", page->place->person + 1, date,
                        tenant, first, last);
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err is_of_tenant(struct disclose_page *page, struct handle person, const char *tenant,
                             bool *ret, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    keybuf_begin(&key);
    keybuf_text(&key, tenant);
    keybuf_handle(&key, person);
    enum err err = store_get(page->ctl->txn, TABLE_TENANT_HOLDER, keybuf_view(&key), &value, fault);
    *ret = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Place: u32 tenant's number, u32 days of the period that were looked at. */
static enum err rows_of_attendance(struct disclose_page *page, struct handle person,
                                   struct fault *fault)
{
    struct reader r = reader_of(keybuf_view(&page->place->at));
    uint32_t tenant = page->place->at.size > 0 ? reader_u32(&r) : 0;
    uint32_t days = page->place->at.size > 0 ? reader_u32(&r) : 0;
    uint32_t all = (uint32_t)(page->record->to_day - page->record->day + 1);
    for (; tenant < page->ctl->park->tenant_count; tenant++, days = 0) {
        bool his = false;
        const char *name = page->ctl->park->tenants[tenant].name.text;
        TRY(is_of_tenant(page, person, name, &his, fault));
        for (; his && days < all; days++) {
            if (may_look(page)) {
                TRY(row_of_day(page, person, name, page->record->day + (int32_t)days, fault));
            }
            if (page->full) {
                keybuf_begin(&page->place->at);
                keybuf_u32(&page->place->at, tenant);
                keybuf_u32(&page->place->at, days);
                return ERR_OK;
            }
        }
    }
    return ERR_OK;
}

/* --- a lane's day: along the journal --- */

static enum err is_kept(struct disclose_page *page, struct handle person, int64_t at_us,
                        uint64_t journal, bool *ret, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    passage_key(&key, person, (struct wall){at_us}, journal);
    enum err err = store_get(page->ctl->txn, TABLE_PASSAGE, keybuf_view(&key), &value, fault);
    *ret = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err line_of_passage(struct disclose_page *page, const Parkgate__EventEntry *event,
                                const ProtobufCBinaryData *of, uint64_t journal,
                                struct fault *fault)
{
    char stamp[CIVIL_STAMP_SIZE];
    char who[DISCLOSE_LINE - 256] = "";
    size_t used = 0;
    bool kept = false;
    AUTO(named_end) struct named named = {0};
    if (page->full || of->len != HANDLE_SIZE) {
        return ERR_OK;
    }
    TRY(is_kept(page, people_handle(of), event->captured_us, journal, &kept, fault));
    if (!kept) {
        return ERR_OK;
    }
    TRY(find_named(page, people_handle(of), &named, fault));
    for (size_t i = 0; i < ARRAY_LEN(disclosure_fields) && used < sizeof(who); i++) {
        const struct disclosure_field_spec *spec = &disclosure_fields[i];
        const char *value = value_of(&named, spec->bit);
        if ((page->fields & spec->bit) != 0 && value[0] != '\0') {
            used += (size_t)snprintf(who + used, sizeof(who) - used, "\t%s=%s", spec->name, value);
        }
    }
    civil_stamp_format(&page->ctl->tz, (struct wall){event->captured_us}, stamp);
    (void)disclose_line(page, "passage\t%s\t%s\t%s%s", stamp, event->lane, way_of(event->direction),
                        who);
    return ERR_OK;
}

/* Driver and vehicle are a passage each. *part: of them, those that are done. */
static enum err lines_of_event(struct disclose_page *page, const Parkgate__EventEntry *event,
                               uint64_t journal, uint8_t *part, struct fault *fault)
{
    for (; *part < 2 && !page->full; *part += !page->full) {
        TRY(line_of_passage(page, event, *part == 0 ? &event->holder : &event->companion, journal,
                            fault));
    }
    return ERR_OK;
}

static enum err look_at_entry(struct disclose_page *page, uint64_t sequence, uint8_t *part,
                              struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    enum err err = journal_read(page->ctl->txn, sequence, &packed, &hash, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* cut off behind a checkpoint */
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    Parkgate__EventEntry *event =
        entry != NULL && entry->kind == ENTRY_EVENT
            ? parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data)
            : NULL;
    if (event != NULL && event->kind == EVENT_PASSAGE &&
        strcmp(event->lane, page->record->lane) == 0 && event->captured_us >= begin_us(page) &&
        event->captured_us < end_us(page)) {
        err = lines_of_event(page, event, sequence, part, fault);
    }
    if (event != NULL) {
        parkgate__event_entry__free_unpacked(event, NULL);
    }
    if (entry == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                         (unsigned long long)sequence);
    }
    parkgate__entry__free_unpacked(entry, NULL);
    return err;
}

static enum err is_before(struct disclose_page *page, uint64_t sequence, int64_t at_us, bool *ret,
                          struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    enum err err = journal_read(page->ctl->txn, sequence, &packed, &hash, fault);
    *ret = true; /* what was cut off is old */
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                         (unsigned long long)sequence);
    }
    *ret = entry->time_us < at_us;
    parkgate__entry__free_unpacked(entry, NULL);
    return ERR_OK;
}

/* The first entry that may tell of the day: what happened on it was heard on it or later. */
static enum err first_of_day(struct disclose_page *page, uint64_t *ret, struct fault *fault)
{
    const int64_t margin_us = INT64_C(3600) * 1000000; /* clocks that were off */
    uint64_t low = 0;
    uint64_t high = page->record->number;
    while (low < high) {
        bool before = false;
        uint64_t middle = low + (high - low) / 2;
        TRY(is_before(page, middle + 1, begin_us(page) - margin_us, &before, fault));
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    *ret = low;
    return ERR_OK;
}

/* Place: u64 sequence that was looked at, u8 lines of the next one that were given. */
static enum err rows_of_lane(struct disclose_page *page, struct fault *fault)
{
    struct reader r = reader_of(keybuf_view(&page->place->at));
    uint64_t at = page->place->at.size > 0 ? reader_u64(&r) : 0;
    uint8_t part = page->place->at.size > 0 ? reader_u8(&r) : 0;
    if (page->place->at.size == 0) {
        TRY(first_of_day(page, &at, fault));
    }
    for (size_t i = 0; at + 1 < page->record->number && !page->full; i++) {
        page->full = i == DISCLOSE_ENTRIES;
        TRY(page->full ? ERR_OK : look_at_entry(page, at + 1, &part, fault));
        at += !page->full;
        part = page->full ? part : 0;
    }
    keybuf_begin(&page->place->at);
    keybuf_u64(&page->place->at, at);
    keybuf_u8(&page->place->at, part);
    return ERR_OK;
}

/* --- all of it --- */

static const struct {
    uint32_t fields; /* any of them */
    enum err (*rows)(struct disclose_page *page, struct handle person, struct fault *fault);
} sections[] = {
    {DISCLOSE_HANDLE | DISCLOSE_NAME | DISCLOSE_ID_NUMBER | DISCLOSE_PHONE | DISCLOSE_PLATE |
         DISCLOSE_TENANT | DISCLOSE_AGENCY,
     rows_of_identity},
    {DISCLOSE_CREDENTIALS, rows_of_credentials},
    {DISCLOSE_ASSIGNMENTS, rows_of_assignments},
    {DISCLOSE_ATTENDANCE, rows_of_attendance},
    {DISCLOSE_PASSAGES, rows_of_passages},
};

enum err disclose_rows(struct disclose_page *page, struct fault *fault)
{
    struct disclose_place *place = page->place;
    if (page->record->lane[0] != '\0') {
        return rows_of_lane(page, fault);
    }
    for (; place->person < page->record->n_holder; place->person++, place->section = 0) {
        struct handle person = people_handle(&page->record->holder[place->person]);
        for (; place->section < ARRAY_LEN(sections); place->section++) {
            if ((page->fields & sections[place->section].fields) != 0) {
                TRY(sections[place->section].rows(page, person, fault));
            }
            if (page->full) {
                return ERR_OK;
            }
            keybuf_begin(&place->at);
        }
    }
    return ERR_OK;
}
