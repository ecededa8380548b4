/* disclose.list, .show, .due, .told: the transfer log, and telling whom it is about. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "controller/app/disclosure.h"
#include "controller/store/disclosure_store.h"
#include "schema/kinds.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* --- listing --- */

static int64_t take_until_us(const Parkgate__DisclosureRecord *record)
{
    return record->at_us + (int64_t)LIMIT_DISCLOSE_FILE_DAYS * DAY_US;
}

static const char *state_of(const Parkgate__DisclosureRecord *record, struct wall now)
{
    return record->handed_us != 0                ? "handed-out"
           : record->taken_us != 0               ? "taken"
           : now.us >= take_until_us(record)     ? "over"
                                                 : "agreed";
}

static void add_list(struct answer *a, char *const *words, size_t count)
{
    char text[LIMIT_TEXT_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(text); i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? "," : "",
                                 words[i]);
    }
    answer_text(a, text);
}

static void add_day(struct answer *a, int32_t day)
{
    char date[CIVIL_DATE_SIZE];
    civil_date_format(day, date);
    answer_text(a, date);
}

static void add_digest(struct answer *a, const Parkgate__DisclosureRecord *record)
{
    char hex[2 * SEAL_HASH_SIZE + 1] = "";
    if (record->digest.len == SEAL_HASH_SIZE) {
        bytes_to_hex(field_view(&record->digest), hex, sizeof(hex));
    }
    answer_text(a, hex);
}

/* No handles: an auditor sees how many, not who. */
static bool add_disclosure(struct controller *ctl, struct answer *a,
                           const Parkgate__DisclosureRecord *record)
{
    answer_begin_row(a);
    answer_number(a, (int64_t)record->number);
    answer_text(a, state_of(record, ctl->now));
    answer_text(a, record->document);
    answer_text(a, record->authority);
    answer_text(a, record->officer);
    answer_text(a, record->basis);
    answer_number(a, (int64_t)record->n_holder);
    answer_text(a, record->lane);
    add_day(a, record->day);
    add_day(a, record->to_day);
    add_list(a, record->field, record->n_field);
    answer_text(a, record->asker);
    answer_text(a, record->decider);
    answer_wall(a, (struct wall){record->at_us});
    answer_wall(a, (struct wall){take_until_us(record)});
    answer_wall(a, (struct wall){record->handed_us});
    answer_number(a, record->rows);
    add_digest(a, record);
    answer_wall(a, (struct wall){record->silent_until_us});
    answer_number(a, (int64_t)record->n_told);
    return answer_end_row(a);
}

/* The pages of both lists: the number that was given last. */
static bool read_after(struct request *request, uint64_t *ret_at)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    if (!request_cursor(request, cursor, &size)) {
        return false;
    }
    struct reader r = reader_of((struct bytes){.data = cursor, .size = size});
    *ret_at = size == 0 ? 0 : reader_u64(&r);
    return true;
}

static void set_after(struct answer *a, uint64_t at)
{
    uint8_t cursor[8];
    struct writer w = writer_of(cursor, sizeof(cursor));
    writer_u64(&w, at);
    answer_more(a, writer_view(&w));
}

enum { LIST_LOOKED = 1000 }; /* records by one page, shown or not */

/* One record's rows, whole or none: false, and they come with the next page. */
typedef bool disclosure_lister(struct controller *ctl, struct answer *a,
                               const Parkgate__DisclosureRecord *record, size_t *rows);

static enum err list(struct controller *ctl, struct request *request, disclosure_lister *one,
                     struct fault *fault)
{
    uint64_t at = 0;
    enum err err = ERR_OK;
    bool fits = true;
    size_t rows = 0;
    Parkgate__DisclosureRecord *record = NULL;
    if (!read_after(request, &at)) {
        return ERR_OK;
    }
    for (size_t looked = 0; fits && (err = disclosure_next(ctl->txn, at, &record, fault)) == ERR_OK;
         looked++) {
        struct answer_mark mark = answer_mark_of(request->answer);
        fits = looked < LIST_LOOKED && rows + LIMIT_DISCLOSE_PERSONS <= LIMIT_ROWS_PER_MESSAGE &&
               one(ctl, request->answer, record, &rows);
        if (fits) {
            at = record->number;
        } else {
            answer_take_back(request->answer, &mark);
            set_after(request->answer, at);
        }
        parkgate__disclosure_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool list_one(struct controller *ctl, struct answer *a,
                     const Parkgate__DisclosureRecord *record, size_t *rows)
{
    ++*rows;
    return add_disclosure(ctl, a, record);
}

static enum err on_disclose_list(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    answer_columns(request->answer,
                   "disclosure,state,document,authority,officer,basis,persons,lane,from,to,fields,"
                   "asker,agreed_by,agreed_us,take_until_us,handed_us,rows,digest,silent_until_us,"
                   "told");
    return list(ctl, request, list_one, fault);
}

/* --- telling whom it is about --- */

static bool due_row(struct answer *a, const Parkgate__DisclosureRecord *record,
                    const struct handle *person)
{
    answer_begin_row(a);
    answer_number(a, (int64_t)record->number);
    answer_handle(a, person == NULL ? (struct handle){{0}} : *person);
    answer_text(a, record->lane);
    answer_text(a, record->authority);
    answer_text(a, record->document);
    answer_text(a, record->basis);
    answer_wall(a, (struct wall){record->silent ? record->silent_until_us : record->taken_us});
    return answer_end_row(a);
}

static bool due_of(struct controller *ctl, struct answer *a,
                   const Parkgate__DisclosureRecord *record, size_t *rows)
{
    if (!disclosure_may_be_told(record, ctl->now.us)) {
        return true;
    }
    if (record->lane[0] != '\0') {
        bool told = disclosure_is_told(record, (struct handle){{0}});
        *rows += !told;
        return told || due_row(a, record, NULL);
    }
    for (size_t i = 0; i < record->n_holder; i++) {
        struct handle person = people_handle(&record->holder[i]);
        bool told = disclosure_is_told(record, person);
        if (!told && !due_row(a, record, &person)) {
            return false;
        }
        *rows += !told;
    }
    return true;
}

static enum err on_disclose_due(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    answer_columns(request->answer, "disclosure,person,lane,authority,document,basis,since_us");
    return list(ctl, request, due_of, fault);
}

/* False: refused. */
static bool may_be_told(struct controller *ctl, struct request *request,
                        const Parkgate__DisclosureRecord *record, const char *number,
                        struct handle *ret_person)
{
    char date[CIVIL_DATE_SIZE];
    const char *person = request_arg(request, "person");
    bool lane = record->lane[0] != '\0';
    *ret_person = (struct handle){{0}};
    if (record->taken_us == 0) {
        return request_refuse(request, ERROR_ARG_BAD, "disclosure", number,
                              "its file was not taken: there is nothing to tell");
    }
    if (!disclosure_may_be_told(record, ctl->now.us)) {
        civil_date_format(civil_of(&ctl->tz, (struct wall){record->silent_until_us}).day, date);
        return request_refuse(request, ERROR_DISCLOSE_SILENT, number, date, NULL);
    }
    if (lane && person != NULL) {
        return request_refuse(request, ERROR_ARG_BAD, "person", person,
                              "of a lane's day one notice is put up: nobody is named");
    }
    if (!lane && (!request_handle(request, "person", ret_person) ||
                  (!disclosure_names(record, *ret_person) &&
                   !request_refuse(request, ERROR_NOT_FOUND, "person", person, NULL)))) {
        return false;
    }
    return !disclosure_is_told(record, *ret_person) ||
           request_refuse(request, ERROR_SAME_STATE, "disclosure", number, NULL);
}

static enum err record_told(struct controller *ctl, struct request *request,
                            const Parkgate__DisclosureRecord *record, struct handle person,
                            const char *how, struct fault *fault)
{
    Parkgate__DisclosureTold told = PARKGATE__DISCLOSURE_TOLD__INIT;
    uint8_t packed[2 * LIMIT_ARG_BYTES];
    ProtobufCBinaryData all[LIMIT_DISCLOSE_PERSONS + 1];
    Parkgate__DisclosureRecord changed = *record;
    size_t wanted = record->lane[0] != '\0' ? 1 : record->n_holder;
    MUST(record->n_told < ARRAY_LEN(all));
    for (size_t i = 0; i < record->n_told; i++) {
        all[i] = record->told[i];
    }
    if (!handle_is_none(person)) {
        told.holder = people_field(&person);
    }
    told.at_us = ctl->now.us;
    told.by = field_text(request->key->name);
    told.how = field_text(how);
    size_t size = parkgate__disclosure_told__get_packed_size(&told);
    MUST(size <= sizeof(packed));
    (void)parkgate__disclosure_told__pack(&told, packed);
    all[changed.n_told++] = (ProtobufCBinaryData){.data = packed, .len = size};
    changed.told = all;
    changed.step = DISCLOSURE_TOLD;
    changed.told_us = changed.n_told >= wanted ? ctl->now.us : 0;
    return controller_record(ctl, ENTRY_DISCLOSURE, request->key->name, &changed.base, fault);
}

/* The record that an argument names. ERR_OK with *ret NULL: refused. */
static enum err find(struct controller *ctl, struct request *request,
                     Parkgate__DisclosureRecord **ret, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    *ret = NULL;
    if (!request_need(request, "disclosure", &text) ||
        !request_number_or_none(request, "disclosure", INT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = disclosure_get(ctl->txn, number, ret, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "disclosure", text, NULL);
        return ERR_OK;
    }
    return err;
}

static enum err on_disclose_told(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    const char *how = NULL;
    struct handle person;
    Parkgate__DisclosureRecord *record = NULL;
    if (!request_need(request, "how", &how)) {
        return ERR_OK;
    }
    TRY(find(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err =
        may_be_told(ctl, request, record, request_arg(request, "disclosure"), &person)
            ? record_told(ctl, request, record, person, how, fault)
            : ERR_OK;
    parkgate__disclosure_record__free_unpacked(record, NULL);
    return err;
}

/* --- one of them --- */

static void show_person(struct answer *a, const Parkgate__DisclosureRecord *record,
                        struct handle person)
{
    Parkgate__DisclosureTold *told = disclosure_told(record, person);
    answer_begin_row(a);
    answer_handle(a, person);
    answer_wall(a, (struct wall){told == NULL ? 0 : told->at_us});
    answer_text(a, told == NULL ? "" : told->by);
    answer_text(a, told == NULL ? "" : told->how);
    (void)answer_end_row(a); /* LIMIT_DISCLOSE_PERSONS of them fit */
    if (told != NULL) {
        parkgate__disclosure_told__free_unpacked(told, NULL);
    }
}

static enum err on_disclose_show(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct answer *a = request->answer;
    Parkgate__DisclosureRecord *record = NULL;
    TRY(find(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    answer_columns(a, "person,told_us,by,how");
    for (size_t i = 0; i < record->n_holder; i++) {
        show_person(a, record, people_handle(&record->holder[i]));
    }
    if (record->lane[0] != '\0') {
        show_person(a, record, (struct handle){{0}});
    }
    answer_note_number(a, "disclosure", (int64_t)record->number);
    answer_note(a, "state", state_of(record, ctl->now));
    answer_note(a, "document", record->document);
    answer_note(a, "authority", record->authority);
    answer_note(a, "officer", record->officer);
    answer_note(a, "basis", record->basis);
    answer_note(a, "lane", record->lane);
    answer_note(a, "asker", record->asker);
    answer_note(a, "agreed_by", record->decider);
    parkgate__disclosure_record__free_unpacked(record, NULL);
    return ERR_OK;
}

const struct verb_handler verbs_of_disclosures[] = {
    {"disclose.list", on_disclose_list},
    {"disclose.show", on_disclose_show},
    {"disclose.due",  on_disclose_due },
    {"disclose.told", on_disclose_told},
};
const size_t verbs_of_disclosures_count = ARRAY_LEN(verbs_of_disclosures);
