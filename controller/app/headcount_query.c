#include "controller/app/headcount_query.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/headcount_store.h"
#include "controller/store/move_store.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

bool headcount_by_from_text(const char *text, enum headcount_by *ret_by)
{
    static const char *const words[] = {"", "kind", "hour"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_by = (enum headcount_by)i;
            return true;
        }
    }
    return false;
}

/* --- a list of rows that may go on in another answer --- */

/* A row's place: its tenant, and a number that rises within it. */
struct place {
    struct name tenant;
    int64_t number;
};

struct show {
    struct store_txn *txn;
    const struct tz_table *tz;
    struct answer *answer;
    int32_t date;
    char date_text[CIVIL_DATE_SIZE];
    struct place after; /* rows up to here were given before */
    struct place last;  /* row given */
    bool resumes, full;
};

static bool place_read(struct bytes cursor, struct place *ret_place)
{
    struct reader r = reader_of(cursor);
    struct place place = {.tenant = keybuf_read_name(&r)};
    place.number = keybuf_read_wall(&r).us;
    if (!reader_done(&r)) {
        return false;
    }
    *ret_place = place;
    return true;
}

static void set_cursor(struct show *show)
{
    struct keybuf cursor;
    keybuf_begin(&cursor);
    keybuf_name(&cursor, show->last.tenant);
    keybuf_wall(&cursor, (struct wall){show->last.number});
    answer_more(show->answer, keybuf_view(&cursor));
    show->full = true;
}

/* False: this row was given before, or the answer is full. */
static bool begin_row(struct show *show, struct name tenant, int64_t number)
{
    bool was_given =
        show->resumes && name_equal(tenant, show->after.tenant) && number <= show->after.number;
    if (was_given || show->full) {
        return false;
    }
    answer_begin_row(show->answer);
    return true;
}

static void end_row(struct show *show, struct name tenant, int64_t number)
{
    if (!answer_end_row(show->answer)) {
        set_cursor(show);
        return;
    }
    show->last = (struct place){tenant, number};
}

/* --- one tenant --- */

static enum err get_day(struct show *show, struct name tenant, ProtobufCMessage **ret_found,
                        struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, tenant);
    keybuf_u32(&key, (uint32_t)show->date);
    enum err err = store_get_message(show->txn, TABLE_DAY, keybuf_view(&key),
                                     &parkgate__day_record__descriptor, ret_found, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err show_tenant(struct show *show, struct name tenant, const Parkgate__DayRecord *day,
                            struct fault *fault)
{
    struct headcount_peak peak;
    TRY(headcount_tenant_peak(show->txn, tenant, show->date, &peak, fault));
    if (!begin_row(show, tenant, 0)) {
        return ERR_OK;
    }
    answer_text(show->answer, tenant.text);
    answer_text(show->answer, show->date_text);
    answer_number(show->answer, day->persons);
    answer_number(show->answer, day->entries);
    answer_number(show->answer, day->exits);
    answer_number(show->answer, day->present);
    answer_number(show->answer, peak.count);
    answer_wall(show->answer, peak.at);
    answer_number(show->answer, day->revision);
    answer_number(show->answer, day->unpaired);
    answer_number(show->answer, day->unsensed);
    end_row(show, tenant, 0);
    return ERR_OK;
}

static enum err show_kinds(struct show *show, struct name tenant, const Parkgate__DayRecord *day,
                           struct fault *fault)
{
    (void)fault;
    static const char *const kinds[] = {[0] = "unknown",
                                        [PERSON_STAFF] = "staff",
                                        [PERSON_DAY] = "day",
                                        [PERSON_DRIVER] = "driver",
                                        [PERSON_VISITOR] = "visitor"};
    for (size_t kind = 0; kind < day->n_persons_by_kind; kind++) {
        if (day->persons_by_kind[kind] == 0 || !begin_row(show, tenant, (int64_t)kind)) {
            continue;
        }
        answer_text(show->answer, tenant.text);
        answer_text(show->answer, show->date_text);
        answer_text(show->answer, kind < ARRAY_LEN(kinds) ? kinds[kind] : kinds[0]);
        answer_number(show->answer, day->persons_by_kind[kind]);
        end_row(show, tenant, (int64_t)kind);
    }
    return ERR_OK;
}

/* --- hours, of a tenant's day or a zone --- */

struct hour {
    struct wall start;
    int64_t entries, exits, present, peak; /* present at its end */
};

static struct wall hour_of(const struct tz_table *tz, struct wall at)
{
    struct civil civil = civil_of(tz, at);
    int64_t past_s = (civil.minute % 60) * 60 + civil.second;
    return (struct wall){.us = at.us - past_s * 1000000};
}

static void show_hour(struct show *show, struct name name, const struct hour *hour)
{
    if (!begin_row(show, name, hour->start.us)) {
        return;
    }
    char date[CIVIL_DATE_SIZE], text[CIVIL_DATE_SIZE + 8];
    struct civil civil = civil_of(show->tz, hour->start);
    civil_date_format(civil.day, date);
    (void)snprintf(text, sizeof(text), "%s %02d:00", date, civil.minute / 60 % 24);
    answer_text(show->answer, name.text);
    answer_text(show->answer, show->date_text);
    answer_text(show->answer, text);
    answer_number(show->answer, hour->entries);
    answer_number(show->answer, hour->exits);
    answer_number(show->answer, hour->present);
    answer_number(show->answer, hour->peak);
    end_row(show, name, hour->start.us);
}

static enum err show_hours(struct show *show, const struct presence_scope *scope, struct wall from,
                           struct wall until, int64_t present, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct quarter quarter;
    struct hour hour = {.start = {INT64_MIN}};
    enum err err;
    TRY(quarters_begin(show->txn, scope, from, until, &iter, fault));
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        struct wall start = hour_of(show->tz, quarter.start);
        if (start.us != hour.start.us) {
            if (hour.start.us != INT64_MIN) {
                show_hour(show, scope->name, &hour);
            }
            hour = (struct hour){.start = start, .peak = present};
        }
        if (present + quarter.top > hour.peak) {
            hour.peak = present + quarter.top;
        }
        present += quarter.net;
        hour.present = present;
        hour.entries += quarter.entries;
        hour.exits += quarter.exits;
    }
    if (hour.start.us != INT64_MIN) {
        show_hour(show, scope->name, &hour);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err show_tenant_hours(struct show *show, struct name tenant,
                                  const Parkgate__DayRecord *day, struct fault *fault)
{
    (void)day;
    const struct presence_scope scope = {.name = tenant, .day = show->date};
    return show_hours(show, &scope, (struct wall){INT64_MIN}, (struct wall){INT64_MAX}, 0, fault);
}

/* --- tenants --- */

static const struct {
    const char *columns;
    enum err (*show)(struct show *show, struct name tenant, const Parkgate__DayRecord *day,
                     struct fault *fault);
} ways[] = {
    [HEADCOUNT_BY_NONE] = {"tenant,date,persons,entries,exits,present,peak,peak_us,revision,"
                           "unpaired,unsensed", show_tenant      },
    [HEADCOUNT_BY_KIND] = {"tenant,date,kind,persons",                     show_kinds       },
    [HEADCOUNT_BY_HOUR] = {"tenant,date,hour,entries,exits,present,peak",  show_tenant_hours},
};

static enum err show_one(struct show *show, enum headcount_by by, struct name tenant,
                         struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    const Parkgate__DayRecord none = PARKGATE__DAY_RECORD__INIT;
    TRY(get_day(show, tenant, &found, fault));
    return ways[by].show(show, tenant, found != NULL ? (const Parkgate__DayRecord *)found : &none,
                         fault);
}

/* The tenant and day of the first row not before `from`. */
static enum err first_day(struct show *show, const struct keybuf *from, struct name *ret_tenant,
                          int32_t *ret_day, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    TRY(store_iter_range(show->txn, TABLE_DAY, keybuf_view(from), (struct bytes){0}, 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    *ret_tenant = keybuf_read_name(&r);
    *ret_day = (int32_t)reader_u32(&r);
    return reader_done(&r) ? ERR_OK : fault_set(fault, ERR_CORRUPT, "day: a key that is none");
}

/* Two look-ups a tenant, however many days there are: to the date, and over the tenant's end. */
static enum err show_all(struct show *show, enum headcount_by by, struct fault *fault)
{
    struct keybuf from;
    struct name tenant = {0};
    int32_t day;
    enum err err = ERR_OK;
    keybuf_begin(&from);
    keybuf_text(&from, show->after.tenant.text); /* sorts before every tenant's rows when empty */
    while (!show->full && (err = first_day(show, &from, &tenant, &day, fault)) == ERR_OK) {
        keybuf_begin(&from);
        if (day < show->date) {
            keybuf_name(&from, tenant);
            keybuf_u32(&from, (uint32_t)show->date);
            continue;
        }
        if (day == show->date) {
            TRY(show_one(show, by, tenant, fault));
        }
        keybuf_bytes(&from, bytes_of_text(tenant.text));
        keybuf_u8(&from, 1); /* behind the NUL that ends the name */
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- a zone --- */

/* Persons in the zone at `when`, back from now. */
static enum err zone_present_at(struct show *show, struct name zone, struct wall when,
                                int64_t *ret_present, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct presence_scope scope = {.is_zone = true, .name = zone};
    struct quarter quarter;
    int32_t present;
    enum err err;
    TRY(move_store_zone_now(show->txn, zone, &present, fault));
    TRY(quarters_begin(show->txn, &scope, when, (struct wall){INT64_MAX}, &iter, fault));
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        present -= quarter.net;
    }
    *ret_present = present;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err show_zone(struct show *show, const struct headcount_question *question,
                          struct fault *fault)
{
    struct wall from = quarter_of(civil_to_wall(show->tz, show->date, 0));
    struct wall until = quarter_of(civil_to_wall(show->tz, show->date + 1, 0));
    struct headcount_peak peak;
    int64_t present;
    if (question->by == HEADCOUNT_BY_HOUR) {
        const struct presence_scope scope = {.is_zone = true, .name = question->zone};
        answer_columns(show->answer, "zone,date,hour,entries,exits,present,peak");
        TRY(zone_present_at(show, question->zone, from, &present, fault));
        return show_hours(show, &scope, from, until, present, fault);
    }
    answer_columns(show->answer, "zone,date,present,peak,peak_us");
    TRY(zone_present_at(show, question->zone, until, &present, fault));
    TRY(headcount_zone_peak(show->txn, question->zone, from, until, &peak, fault));
    if (begin_row(show, question->zone, 0)) {
        answer_text(show->answer, question->zone.text);
        answer_text(show->answer, show->date_text);
        answer_number(show->answer, present);
        answer_number(show->answer, peak.count);
        answer_wall(show->answer, peak.at);
        end_row(show, question->zone, 0);
    }
    return ERR_OK;
}

enum err headcount_show(struct store_txn *txn, const struct tz_table *tz,
                        const struct headcount_question *question, struct answer *a,
                        struct fault *fault)
{
    struct show show = {.txn = txn, .tz = tz, .answer = a, .date = question->date};
    bool of_zone = question->zone.text[0] != '\0', of_tenant = question->tenant.text[0] != '\0';
    civil_date_format(question->date, show.date_text);
    show.resumes = question->after.size > 0;
    if (show.resumes && !place_read(question->after, &show.after)) {
        (void)complain(&a->complaint, ERROR_ARG_BAD, "after", "", "no cursor of this list", NULL);
        return ERR_OK;
    }
    if (of_zone && (of_tenant || question->by == HEADCOUNT_BY_KIND)) {
        (void)complain(&a->complaint, ERROR_ARG_BAD, "zone", question->zone.text,
                       "a zone is counted as a whole; see `parkgate who` for tenants in it", NULL);
        return ERR_OK;
    }
    if (of_zone) {
        return show_zone(&show, question, fault);
    }
    answer_columns(a, ways[question->by].columns);
    return of_tenant ? show_one(&show, question->by, question->tenant, fault)
                     : show_all(&show, question->by, fault);
}
