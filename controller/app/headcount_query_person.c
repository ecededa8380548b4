#include <string.h>

#include "common/access/business_day.h"
#include "common/base/must.h"
#include "common/facts/passage_walk.h"
#include "common/facts/tables.h"
#include "common/park/presence.h"
#include "common/store/keybuf.h"
#include "controller/app/headcount_query.h"
#include "controller/store/move_store.h"
#include "schema/record.pb-c.h"

enum {
    WHY_DAYS_MAX = 31,       /* tenant-days of one answer */
    WHY_PASSAGES_MAX = 5000, /* looked at for them */
    WHO_LOOKED_AT_MAX = 2000,
};

/* --- why --- */

struct tenant_day {
    struct name tenant;
    int32_t day;
};

static bool is_listed(const struct tenant_day *list, size_t count, const struct passage *passage)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].day == passage->day && name_equal(list[i].tenant, passage->tenant)) {
            return true;
        }
    }
    return false;
}

/* Attributions of the person's passages, latest first. A business day's entries lie between the day
 * before it (early margins) and the second after (a shift that ends next day, a late cut hour). */
static enum err list_days(struct store_txn *txn, const struct tz_table *tz, struct handle person,
                          const struct name *tenant, const int32_t *date, struct tenant_day *list,
                          size_t *ret_count, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct wall from = {0}, until = {INT64_MAX};
    struct passage_row row;
    size_t count = 0;
    enum err err = ERR_OK;
    if (date != NULL) {
        from = civil_to_wall(tz, *date - 1, 0);
        until = civil_to_wall(tz, *date + 3, 0);
    }
    TRY(passage_walk_begin_back(txn, person, until, 0, &iter, fault));
    for (int i = 0; i < WHY_PASSAGES_MAX && count < WHY_DAYS_MAX && err == ERR_OK; i++) {
        err = passage_walk_next(&iter, &row, fault);
        if (err != ERR_OK || wall_before(row.passage.at, from)) {
            break;
        }
        bool is_asked = (date == NULL || row.passage.day == *date) &&
                        (tenant == NULL || name_equal(row.passage.tenant, *tenant));
        if (is_asked && !row.vehicle && !is_listed(list, count, &row.passage)) {
            list[count++] = (struct tenant_day){row.passage.tenant, row.passage.day};
        }
    }
    *ret_count = count;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool why_row(struct answer *a, const struct tenant_day *day,
                    const Parkgate__AttendanceRecord *record)
{
    char date[CIVIL_DATE_SIZE];
    enum business_day_row row = (enum business_day_row)record->attribution;
    civil_date_format(day->day, date);
    answer_begin_row(a);
    answer_text(a, date);
    answer_text(a, day->tenant.text);
    answer_text(a, record->shift);
    answer_text(a, business_day_row_name(row));
    answer_text(a, business_day_row_en(row));
    answer_text(a, business_day_row_zh(row));
    answer_wall(a, (struct wall){record->first_in_us});
    answer_wall(a, (struct wall){record->last_out_us});
    answer_number(a, record->entries);
    answer_number(a, record->exits);
    return answer_end_row(a);
}

enum err headcount_why(struct store_txn *txn, const struct tz_table *tz, struct handle person,
                       const struct name *tenant, const int32_t *date, struct answer *a,
                       struct fault *fault)
{
    struct tenant_day list[WHY_DAYS_MAX];
    size_t count;
    answer_columns(a, "date,tenant,shift,row,rule,rule_zh,first_in_us,last_out_us,entries,exits");
    TRY(list_days(txn, tz, person, tenant, date, list, &count, fault));
    for (size_t i = 0; i < count; i++) {
        AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
        struct keybuf key;
        keybuf_begin(&key);
        keybuf_name(&key, list[i].tenant);
        keybuf_u32(&key, (uint32_t)list[i].day);
        keybuf_handle(&key, person);
        enum err err = store_get_message(txn, TABLE_ATTENDANCE, keybuf_view(&key),
                                         &parkgate__attendance_record__descriptor, &found, fault);
        if (err == ERR_NOT_FOUND) {
            continue; /* an exit alone: nobody is counted for leaving */
        }
        TRY(err);
        MUST(why_row(a, &list[i], (const Parkgate__AttendanceRecord *)found)); /* 31 rows fit */
    }
    return ERR_OK;
}

/* --- who --- */

static enum err count_tenant(struct store_txn *txn, struct bytes prefix, int64_t *ret_count,
                             struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    int64_t count = 0;
    enum err err;
    TRY(store_iter_prefix(txn, TABLE_INSIDE, prefix, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        count++;
    }
    *ret_count = count;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err note_inside(struct store_txn *txn, const struct who_question *question,
                            struct bytes prefix, struct answer *a, struct fault *fault)
{
    int64_t count;
    bool of_zone = question->zone.text[0] != '\0';
    if (of_zone && prefix.size > 0) {
        return ERR_OK; /* nobody keeps that number */
    }
    if (of_zone) {
        int32_t zone_count;
        TRY(move_store_zone_now(txn, question->zone, &zone_count, fault));
        count = zone_count;
    } else if (prefix.size > 0) {
        TRY(count_tenant(txn, prefix, &count, fault));
    } else {
        uint64_t rows;
        TRY(store_count(txn, TABLE_INSIDE, &rows, fault));
        count = (int64_t)rows;
    }
    answer_note_number(a, "inside", count);
    return ERR_OK;
}

/* *ret_fits: false when the answer is full. */
static enum err who_row(struct store_txn *txn, const struct who_question *question,
                        struct name tenant, struct handle person, struct answer *a, bool *ret_fits,
                        struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    struct zone_path path;
    enum err err = store_get_message(txn, TABLE_PRESENCE, BYTES_OF(person.bytes),
                                     &parkgate__presence_record__descriptor, &found, fault);
    const Parkgate__PresenceRecord *record = (const Parkgate__PresenceRecord *)found;
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !zone_path_from_text(record->zone, &path))) {
        return fault_set(fault, ERR_CORRUPT,
                         "inside: a person without presence; run `parkgate journal verify`");
    }
    TRY(err);
    *ret_fits = true;
    if (question->zone.text[0] != '\0' && !zone_path_holds(&path, question->zone)) {
        return ERR_OK;
    }
    answer_begin_row(a);
    answer_handle(a, person);
    answer_text(a, tenant.text);
    answer_text(a, record->zone);
    answer_wall(a, (struct wall){record->since_us});
    if (question->name_of != NULL) {
        char name[LIMIT_TEXT_BYTES + 1] = "";
        question->name_of(question->ctx, person, name, sizeof(name));
        answer_text(a, name);
    }
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

/* Where the walk begins: behind the cursor, or at the tenant's first. False: no cursor of this
 * list.
 */
static bool who_begin(const struct who_question *question, struct bytes prefix, struct keybuf *from)
{
    keybuf_begin(from);
    if (question->after.size == 0) {
        keybuf_bytes(from, prefix);
        return true;
    }
    struct reader r = reader_of(question->after);
    (void)keybuf_read_name(&r);
    (void)keybuf_read_handle(&r);
    bool is_of_tenant =
        question->after.size >= prefix.size &&
        (prefix.size == 0 || memcmp(question->after.data, prefix.data, prefix.size) == 0);
    if (!reader_done(&r) || !is_of_tenant) {
        return false;
    }
    keybuf_bytes(from, question->after);
    keybuf_u8(from, 0);
    return true;
}

static enum err who_walk(struct store_txn *txn, const struct who_question *question,
                         const struct keybuf *from, struct answer *a, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf last = *from;
    struct bytes key, value;
    bool of_tenant = question->tenant.text[0] != '\0';
    size_t limit = question->row_limit, looked_at = 0;
    enum err err;
    if (limit == 0 || limit > LIMIT_ROWS_PER_MESSAGE) {
        limit = LIMIT_ROWS_PER_MESSAGE;
    }
    TRY(store_iter_range(txn, TABLE_INSIDE, keybuf_view(from), (struct bytes){0}, UINT64_MAX, &iter,
                         fault));
    size_t first = a->cell_count;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name tenant = keybuf_read_name(&r);
        struct handle person = keybuf_read_handle(&r);
        bool fits = true;
        if (!reader_done(&r)) {
            return fault_set(fault, ERR_CORRUPT, "inside: a key that is none");
        }
        if (of_tenant && !name_equal(tenant, question->tenant)) {
            return ERR_OK;
        }
        bool is_full = (a->cell_count - first) / a->column_count == limit;
        if (!is_full && looked_at++ < WHO_LOOKED_AT_MAX) {
            TRY(who_row(txn, question, tenant, person, a, &fits, fault));
        } else {
            fits = false;
        }
        if (!fits) {
            answer_more(a, keybuf_view(&last));
            return ERR_OK;
        }
        keybuf_begin(&last);
        keybuf_name(&last, tenant);
        keybuf_handle(&last, person);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err who_list(struct store_txn *txn, const struct who_question *question, struct answer *a,
                  struct fault *fault)
{
    struct keybuf tenant, from;
    keybuf_begin(&tenant);
    if (question->tenant.text[0] != '\0') {
        keybuf_name(&tenant, question->tenant);
    }
    struct bytes prefix = keybuf_view(&tenant);
    if (!who_begin(question, prefix, &from)) {
        (void)complain(&a->complaint, ERROR_ARG_BAD, "after", "", "no cursor of this list", NULL);
        return ERR_OK;
    }
    answer_columns(a, question->name_of != NULL ? "person,tenant,zone,since_us,name"
                                                : "person,tenant,zone,since_us");
    if (question->after.size == 0) {
        TRY(note_inside(txn, question, prefix, a, fault));
    }
    return who_walk(txn, question, &from, a, fault);
}
