/* disclose.ask: what a lawful demand may ask for, and what the program refuses. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "controller/app/disclosure.h"
#include "controller/journal/journal.h"
#include "controller/store/disclosure_store.h"
#include "schema/kinds.h"

enum { OFFICER_MIN = 2, OFFICER_MAX = 20 };

/* --- what is asked --- */

/* What the parts of a record point to. */
struct asked {
    Parkgate__DisclosureRecord record;
    char persons[LIMIT_ARG_BYTES + 1], fields[LIMIT_ARG_BYTES + 1];
    char *field[DISCLOSE_FIELDS];
    struct handle handles[LIMIT_DISCLOSE_PERSONS];
    ProtobufCBinaryData holder[LIMIT_DISCLOSE_PERSONS];
};

/* Service numbers are digits with letters or hyphens: a name stands nowhere in the journal. */
static bool is_service_number(const char *text)
{
    size_t size = strlen(text);
    bool digit = false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        digit = digit || isdigit(c);
        if (c >= 0x80 || (!isalnum(c) && c != '-')) {
            return false;
        }
    }
    return digit && size >= OFFICER_MIN && size <= OFFICER_MAX;
}

static bool read_document(struct request *request, Parkgate__DisclosureRecord *record)
{
    const char *document = NULL;
    const char *authority = NULL;
    const char *officer = NULL;
    const char *basis = NULL;
    if (!request_need(request, "document", &document) ||
        !request_need(request, "authority", &authority) ||
        !request_need(request, "officer", &officer) || !request_need(request, "basis", &basis)) {
        return false;
    }
    record->document = field_text(document);
    record->authority = field_text(authority);
    record->officer = field_text(officer);
    record->basis = field_text(basis);
    return is_service_number(officer) ||
           request_refuse(request, ERROR_ARG_BAD, "officer", officer,
                          "the service number: 2 to 20 digits, letters and hyphens; no name");
}

static bool refuse_whole(struct request *request, const char *what, const char *value)
{
    char most[16];
    (void)snprintf(most, sizeof(most), "%d", LIMIT_DISCLOSE_PERSONS);
    return request_refuse(request, ERROR_DISCLOSE_WHOLE, what, value, most);
}

/* There is no way to ask for everybody, a tenant, a zone or a gate; who tries is told so. */
static bool is_not_whole(struct request *request)
{
    static const char *const wholes[] = {"tenant", "zone", "gate", "agency", "all", "park"};
    static const char *const words[] = {"all", "*", "everybody", "everyone", "any", "全部", "所有"};
    const char *persons = request_arg(request, "persons");
    const char *lane = request_arg(request, "lane");
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        const char *value = request_arg(request, wholes[i]);
        if (value != NULL && value[0] != '\0') {
            return refuse_whole(request, wholes[i], value);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (persons != NULL && strcmp(persons, words[i]) == 0) {
            return refuse_whole(request, "persons", persons);
        }
        if (lane != NULL && strcmp(lane, words[i]) == 0) {
            return refuse_whole(request, "lane", lane);
        }
    }
    return lane == NULL || strchr(lane, ',') == NULL || refuse_whole(request, "lane", lane);
}

/* A date that must be there and over. */
static bool read_past_day(struct controller *ctl, struct request *request, const char *name,
                          int32_t *ret_day)
{
    char days[16];
    const char *text = request_arg(request, name);
    (void)snprintf(days, sizeof(days), "%d", LIMIT_DISCLOSE_DAYS);
    if (text == NULL || text[0] == '\0') {
        return request_refuse(request, ERROR_DISCLOSE_PERIOD, days, name, NULL);
    }
    return request_date(request, name, ret_day) &&
           (*ret_day < controller_today(ctl) ||
            request_refuse(request, ERROR_DISCLOSE_PERIOD, days, text, NULL));
}

static bool read_period(struct controller *ctl, struct request *request,
                        Parkgate__DisclosureRecord *record)
{
    char days[16];
    if (!read_past_day(ctl, request, "from", &record->day) ||
        !read_past_day(ctl, request, "to", &record->to_day)) {
        return false;
    }
    (void)snprintf(days, sizeof(days), "%d", LIMIT_DISCLOSE_DAYS);
    return (record->to_day >= record->day && record->to_day - record->day < LIMIT_DISCLOSE_DAYS) ||
           request_refuse(request, ERROR_DISCLOSE_PERIOD, days, request_arg(request, "from"), NULL);
}

static bool read_lane(struct controller *ctl, struct request *request,
                      Parkgate__DisclosureRecord *record)
{
    struct name lane;
    static const char *const periods[] = {"from", "to"};
    for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
        if (request_arg(request, periods[i]) != NULL) {
            return request_refuse(request, ERROR_ARG_BAD, periods[i],
                                  request_arg(request, periods[i]), "of a lane one --day is given");
        }
    }
    if (!request_name(request, "lane", &lane) ||
        !read_past_day(ctl, request, "day", &record->day)) {
        return false;
    }
    record->lane = field_text(request_arg(request, "lane"));
    record->to_day = record->day;
    return request_lane_exists(ctl->park, lane) ||
           request_refuse(request, ERROR_NOT_FOUND, "lane", lane.text, NULL);
}

static bool is_known_person(const struct asked *asked, struct handle handle)
{
    return disclosure_names(&asked->record, handle);
}

/* Each is a person or vehicle of the park; named twice counts once. */
static bool read_person(struct controller *ctl, struct request *request, struct asked *asked,
                        const char *word, enum err *ret_err, struct fault *fault)
{
    char count[16];
    char most[16];
    struct handle handle;
    Parkgate__HolderRecord *holder = NULL;
    if (!handle_from_text(word, &handle)) {
        return request_refuse(request, ERROR_ARG_BAD, "persons", word, "handles with commas");
    }
    if (is_known_person(asked, handle)) {
        return true;
    }
    if (asked->record.n_holder >= LIMIT_DISCLOSE_PERSONS) {
        (void)snprintf(most, sizeof(most), "%d", LIMIT_DISCLOSE_PERSONS);
        (void)snprintf(count, sizeof(count), "%zu", asked->record.n_holder + 1);
        return request_refuse(request, ERROR_DISCLOSE_PERSONS, most, count, NULL);
    }
    *ret_err = request_holder(ctl, request, handle, "person", &holder, fault);
    if (*ret_err != ERR_OK || holder == NULL) {
        return false;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    size_t at = asked->record.n_holder++;
    asked->handles[at] = handle;
    asked->holder[at] = people_field(&asked->handles[at]);
    return true;
}

/* The next word of a list by commas or spaces, ended in place; NULL: there is none. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, ", ");
    size_t size = strcspn(word, ", ");
    *rest = word + size + (word[size] != '\0');
    word[size] = '\0';
    return size == 0 ? NULL : word;
}

static bool read_persons(struct controller *ctl, struct request *request, struct asked *asked,
                         enum err *ret_err, struct fault *fault)
{
    char *rest = asked->persons;
    const char *text = NULL;
    if (!request_need(request, "persons", &text)) {
        return false;
    }
    if (request_arg(request, "day") != NULL) {
        return request_refuse(request, ERROR_ARG_BAD, "day", request_arg(request, "day"),
                              "of persons --from and --to are given");
    }
    asked->record.holder = asked->holder;
    (void)snprintf(asked->persons, sizeof(asked->persons), "%s", text);
    for (char *word; (word = next_word(&rest)) != NULL;) {
        if (!read_person(ctl, request, asked, word, ret_err, fault)) {
            return false;
        }
    }
    return read_period(ctl, request, &asked->record) &&
           (asked->record.n_holder > 0 ||
            request_refuse(request, ERROR_ARG_MISSING, "persons", NULL, NULL));
}

/* --- its fields --- */

static const struct disclosure_field_spec *field_of_name(const char *name, bool lane)
{
    for (size_t i = 0; i < ARRAY_LEN(disclosure_fields); i++) {
        if (strcmp(disclosure_fields[i].name, name) == 0 &&
            (!lane || disclosure_fields[i].of_lane)) {
            return &disclosure_fields[i];
        }
    }
    return NULL;
}

static bool refuse_field(struct request *request, const char *word, bool lane)
{
    char all[ERROR_ARG_SIZE] = "";
    size_t used = 0;
    for (size_t i = 0; i < ARRAY_LEN(disclosure_fields) && used < sizeof(all); i++) {
        if (!lane || disclosure_fields[i].of_lane) {
            used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used > 0 ? " " : "",
                                     disclosure_fields[i].name);
        }
    }
    return request_refuse(request, ERROR_DISCLOSE_FIELD, word, lane ? "a lane's day" : "a person",
                          all);
}

static bool read_fields(struct request *request, struct asked *asked)
{
    char *rest = asked->fields;
    const char *text = NULL;
    uint32_t seen = 0;
    bool lane = asked->record.lane[0] != '\0';
    if (!request_need(request, "fields", &text)) {
        return false;
    }
    asked->record.field = asked->field;
    (void)snprintf(asked->fields, sizeof(asked->fields), "%s", text);
    for (char *word; (word = next_word(&rest)) != NULL;) {
        const struct disclosure_field_spec *spec = field_of_name(word, lane);
        if (spec == NULL) {
            return refuse_field(request, word, lane);
        }
        if ((seen & spec->bit) == 0) {
            asked->field[asked->record.n_field++] = word;
        }
        seen |= spec->bit;
    }
    if (lane && (seen & DISCLOSE_PASSAGES) == 0) {
        return request_refuse(request, ERROR_ARG_BAD, "fields", text,
                              "a lane's day is of its passages: the document names them");
    }
    return seen != 0 || request_refuse(request, ERROR_ARG_MISSING, "fields", NULL, NULL);
}

/* A document that forbids to tell says until when. */
static bool read_silence(struct controller *ctl, struct request *request,
                         Parkgate__DisclosureRecord *record)
{
    int32_t day = 0;
    int32_t today = controller_today(ctl);
    const char *text = request_arg(request, "silent_until");
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    if (!request_date(request, "silent_until", &day)) {
        return false;
    }
    record->silent = true;
    record->silent_until_us = civil_to_wall(&ctl->tz, day, 0).us;
    return (day > today && day <= today + LIMIT_DISCLOSE_SILENT_DAYS) ||
           request_refuse(request, ERROR_ARG_BAD, "silent_until", text,
                          "a day to come, at most 1095 days on");
}

/* --- one document, one answer --- */

struct answered {
    struct handle persons[LIMIT_DISCLOSE_PERSONS];
    size_t count;
    uint64_t lane;   /* number of a request for a lane's day */
    uint64_t number; /* of any request */
};

static void add_persons(struct answered *a, const Parkgate__DisclosureRecord *record)
{
    for (size_t i = 0; i < record->n_holder; i++) {
        bool known = false;
        struct handle person = people_handle(&record->holder[i]);
        for (size_t k = 0; k < a->count && k < ARRAY_LEN(a->persons); k++) {
            known = known || handle_equal(a->persons[k], person);
        }
        if (!known && a->count < ARRAY_LEN(a->persons)) {
            a->persons[a->count] = person;
        }
        a->count += !known;
    }
}

/* All that was agreed to for this document of this authority before. */
static enum err gather_answered(struct controller *ctl, const Parkgate__DisclosureRecord *record,
                                struct answered *ret, struct fault *fault)
{
    uint64_t at = 0;
    enum err err;
    Parkgate__DisclosureRecord *before = NULL;
    while ((err = disclosure_next(ctl->txn, at, &before, fault)) == ERR_OK) {
        at = before->number;
        if (strcasecmp(before->document, record->document) == 0 &&
            strcasecmp(before->authority, record->authority) == 0) {
            add_persons(ret, before);
            ret->number = at;
            ret->lane = before->lane[0] != '\0' ? at : ret->lane;
        }
        parkgate__disclosure_record__free_unpacked(before, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A document that is answered in parts is answered no more than once: its bounds hold for the sum
 * of them. False: refused, or *ret_err. */
static bool fits_document(struct controller *ctl, struct request *request,
                          const Parkgate__DisclosureRecord *record, enum err *ret_err,
                          struct fault *fault)
{
    char most[16];
    char count[24];
    struct answered answered = {.count = 0};
    *ret_err = gather_answered(ctl, record, &answered, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    uint64_t clash = record->lane[0] != '\0' ? answered.number : answered.lane;
    if (clash != 0) {
        (void)snprintf(count, sizeof(count), "%llu", (unsigned long long)clash);
        return request_refuse(request, ERROR_DISCLOSE_LANE, record->document, count, NULL);
    }
    add_persons(&answered, record);
    (void)snprintf(most, sizeof(most), "%d", LIMIT_DISCLOSE_PERSONS);
    (void)snprintf(count, sizeof(count), "%zu", answered.count);
    return answered.count <= LIMIT_DISCLOSE_PERSONS ||
           request_refuse(request, ERROR_DISCLOSE_PERSONS, most, count, NULL);
}

static bool read_asked(struct controller *ctl, struct request *request, struct asked *asked,
                       enum err *ret_err, struct fault *fault)
{
    const char *lane = request_arg(request, "lane");
    bool of_lane = lane != NULL && lane[0] != '\0';
    parkgate__disclosure_record__init(&asked->record);
    if (!is_not_whole(request) || !read_document(request, &asked->record)) {
        return false;
    }
    if (of_lane && request_arg(request, "persons") != NULL) {
        return request_refuse(request, ERROR_ARG_BAD, "lane", lane,
                              "either persons, or a lane and its day");
    }
    return (of_lane ? read_lane(ctl, request, &asked->record)
                    : read_persons(ctl, request, asked, ret_err, fault)) &&
           read_fields(request, asked) && read_silence(ctl, request, &asked->record) &&
           fits_document(ctl, request, &asked->record, ret_err, fault);
}

static enum err on_disclose_ask(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    enum err err = ERR_OK;
    struct asked asked;
    struct journal_head head;
    memset(&asked, 0, sizeof(asked));
    if (!read_asked(ctl, request, &asked, &err, fault)) {
        return err;
    }
    TRY(journal_head(ctl->txn, &head, fault));
    asked.record.number = head.sequence + 1;
    asked.record.step = DISCLOSURE_AGREED;
    asked.record.asker = field_text(request->key->name);
    asked.record.decider = field_text(request->agreed_by == NULL ? "" : request->agreed_by);
    asked.record.at_us = ctl->now.us;
    answer_note_number(request->answer, "disclosure", (int64_t)asked.record.number);
    return controller_record(ctl, ENTRY_DISCLOSURE, request->key->name, &asked.record.base, fault);
}

const struct verb_handler verbs_of_disclosure_asks[] = {
    {"disclose.ask", on_disclose_ask},
};
const size_t verbs_of_disclosure_asks_count = ARRAY_LEN(verbs_of_disclosure_asks);
