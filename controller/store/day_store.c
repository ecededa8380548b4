#include "controller/store/day_store.h"

#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/headcount_store.h"

/* --- attendance: one row for a person who entered on that tenant's day --- */

static bool add_count(uint32_t *value, int by)
{
    int64_t sum = (int64_t)*value + by;
    if (sum < 0 || sum > UINT32_MAX) {
        return false;
    }
    *value = (uint32_t)sum;
    return true;
}

static enum err contradiction(const struct presence_scope *scope, struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    civil_date_format(scope->day, date);
    return fault_set(
        fault, ERR_CORRUPT,
        "headcount of %s on %s: a count is out of range; run `parkgate journal verify`",
        scope->name.text, date);
}

struct attendance {
    uint32_t entries, exits;
    struct wall first_in, last_out; /* us 0: none */
    uint32_t person_kind;
    uint32_t attribution;
    char shift[NAME_SIZE];
};

static void day_key(struct keybuf *key, const struct presence_scope *scope)
{
    keybuf_begin(key);
    keybuf_name(key, scope->name);
    keybuf_u32(key, (uint32_t)scope->day);
}

static void attendance_key(struct keybuf *key, const struct presence_scope *scope,
                           struct handle holder)
{
    day_key(key, scope);
    keybuf_handle(key, holder);
}

static enum err get_attendance(const struct day_visit *visit, const struct keybuf *key,
                               struct attendance *ret, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    *ret = (struct attendance){0};
    enum err err = store_get_message(visit->txn, TABLE_ATTENDANCE, keybuf_view(key),
                                     &parkgate__attendance_record__descriptor, &found, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__AttendanceRecord *record = (const Parkgate__AttendanceRecord *)found;
    *ret = (struct attendance){.entries = record->entries,
                               .exits = record->exits,
                               .first_in = {record->first_in_us},
                               .last_out = {record->last_out_us},
                               .person_kind = record->person_kind,
                               .attribution = record->attribution};
    size_t size = strlen(record->shift);
    memcpy(ret->shift, record->shift, size < NAME_SIZE ? size : NAME_SIZE - 1);
    return ERR_OK;
}

static enum err put_attendance(const struct day_visit *visit, const struct keybuf *key,
                               struct attendance *attendance, struct fault *fault)
{
    if (attendance->entries == 0) {
        enum err err = store_del(visit->txn, TABLE_ATTENDANCE, keybuf_view(key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__AttendanceRecord record = PARKGATE__ATTENDANCE_RECORD__INIT;
    record.entries = attendance->entries;
    record.exits = attendance->exits;
    record.first_in_us = attendance->first_in.us;
    record.last_out_us = attendance->last_out.us;
    record.person_kind = attendance->person_kind;
    record.attribution = attendance->attribution;
    record.shift = attendance->shift;
    return store_put_message(visit->txn, TABLE_ATTENDANCE, keybuf_view(key), &record.base, fault);
}

static void note_first_entry(struct attendance *attendance, const struct passage_row *row)
{
    attendance->first_in = row->passage.at;
    attendance->person_kind = row->person_kind;
    attendance->attribution = row->attribution;
    memcpy(attendance->shift, row->shift, NAME_SIZE);
}

/* First entry and last exit anew, from the holder's passages. They change from the late passage on
 * and not before, so the walk begins at the first entry that was known, or there; and it ends when
 * it has met as many entries and exits as the row counts. */
static enum err look_again(const struct day_visit *visit, const struct presence_scope *scope,
                           struct attendance *attendance, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct presence state;
    struct passage_row row;
    struct wall from = visit->row->passage.at;
    uint32_t entries = attendance->entries, exits = attendance->exits;
    if (attendance->first_in.us != 0 && wall_before(attendance->first_in, from)) {
        from = attendance->first_in;
    }
    TRY(passage_state_before(visit->txn, visit->holder, from, 0, &state, fault));
    TRY(passage_walk_begin(visit->txn, visit->holder, from, 0, &iter, fault));
    attendance->first_in = attendance->last_out = (struct wall){0};
    while (entries > 0 || exits > 0) {
        struct presence_changes changes;
        enum err err = passage_walk_next(&iter, &row, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? contradiction(scope, fault) : err;
        }
        presence_apply(&state, &row.passage, &state, &changes);
        for (size_t i = 0; i < changes.count; i++) {
            const struct presence_change *change = &changes.change[i];
            if (!presence_scope_equal(&change->scope, scope)) {
                continue;
            }
            if (change->came > 0 && attendance->first_in.us == 0) {
                note_first_entry(attendance, &row);
            }
            if (change->left > 0) {
                attendance->last_out = row.passage.at;
            }
            if (!add_count(&entries, -change->came) || !add_count(&exits, -change->left)) {
                return contradiction(scope, fault);
            }
        }
    }
    return ERR_OK;
}

/* In order, the passage at hand is the last: it says all. */
static void look_once(const struct day_visit *visit, const struct presence_change *day,
                      struct attendance *attendance)
{
    if (day->came > 0 && attendance->entries == (uint32_t)day->came) {
        note_first_entry(attendance, visit->row);
    }
    if (day->left > 0) {
        attendance->last_out = visit->row->passage.at;
    }
}

static enum err change_attendance(const struct day_visit *visit, const struct presence_change *day,
                                  struct attendance *ret_before, struct attendance *ret_after,
                                  struct fault *fault)
{
    struct keybuf key;
    attendance_key(&key, &day->scope, visit->holder);
    TRY(get_attendance(visit, &key, ret_before, fault));
    *ret_after = *ret_before;
    if (visit->is_latest && day->came == 0 && day->left == 0) {
        return ERR_OK;
    }
    if (!add_count(&ret_after->entries, day->came) || !add_count(&ret_after->exits, day->left)) {
        return contradiction(&day->scope, fault);
    }
    if (visit->is_latest) {
        look_once(visit, day, ret_after);
    } else {
        TRY(look_again(visit, &day->scope, ret_after, fault));
    }
    return put_attendance(visit, &key, ret_after, fault);
}

/* --- day --- */

struct day_figures {
    uint32_t persons, entries, exits, revision, unpaired, unsensed;
    int32_t present;
    uint32_t by_kind[HEADCOUNT_KINDS];
};

static enum err get_day(const struct day_visit *visit, const struct keybuf *key,
                        struct day_figures *ret, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    *ret = (struct day_figures){0};
    enum err err = store_get_message(visit->txn, TABLE_DAY, keybuf_view(key),
                                     &parkgate__day_record__descriptor, &found, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__DayRecord *record = (const Parkgate__DayRecord *)found;
    *ret = (struct day_figures){.persons = record->persons,
                                .entries = record->entries,
                                .exits = record->exits,
                                .revision = record->revision,
                                .unpaired = record->unpaired,
                                .unsensed = record->unsensed,
                                .present = record->present};
    for (size_t i = 0; i < record->n_persons_by_kind && i < HEADCOUNT_KINDS; i++) {
        ret->by_kind[i] = record->persons_by_kind[i];
    }
    return ERR_OK;
}

static enum err put_day(const struct day_visit *visit, const struct keybuf *key,
                        struct day_figures *day, struct fault *fault)
{
    static const struct day_figures nothing;
    if (memcmp(day, &nothing, sizeof(nothing)) == 0) {
        enum err err = store_del(visit->txn, TABLE_DAY, keybuf_view(key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__DayRecord record = PARKGATE__DAY_RECORD__INIT;
    record.persons = day->persons;
    record.entries = day->entries;
    record.exits = day->exits;
    record.revision = day->revision;
    record.unpaired = day->unpaired;
    record.unsensed = day->unsensed;
    record.present = day->present;
    record.persons_by_kind = day->by_kind;
    record.n_persons_by_kind = HEADCOUNT_KINDS;
    while (record.n_persons_by_kind > 0 && day->by_kind[record.n_persons_by_kind - 1] == 0) {
        record.n_persons_by_kind--; /* one form for each value */
    }
    return store_put_message(visit->txn, TABLE_DAY, keybuf_view(key), &record.base, fault);
}

static bool count_persons(struct day_figures *day, const struct attendance *before,
                          const struct attendance *after)
{
    bool fits = true;
    if (before->entries > 0) {
        fits = add_count(&day->persons, -1) &&
               add_count(&day->by_kind[before->person_kind % HEADCOUNT_KINDS], -1);
    }
    if (fits && after->entries > 0) {
        fits = add_count(&day->persons, 1) &&
               add_count(&day->by_kind[after->person_kind % HEADCOUNT_KINDS], 1);
    }
    return fits;
}

enum err day_store_change(const struct day_visit *visit, const struct presence_change *by,
                          struct fault *fault)
{
    struct attendance before, after;
    struct day_figures day;
    struct keybuf key;
    day_key(&key, &by->scope);
    TRY(change_attendance(visit, by, &before, &after, fault));
    TRY(get_day(visit, &key, &day, fault));
    if (!count_persons(&day, &before, &after) || !add_count(&day.entries, by->entries) ||
        !add_count(&day.exits, by->exits) || !add_count(&day.unpaired, by->unpaired) ||
        !add_count(&day.unsensed, by->unsensed) || day.present + by->present < 0) {
        return contradiction(&by->scope, fault);
    }
    day.present += by->present;
    day.revision += visit->revises ? 1 : 0;
    return put_day(visit, &key, &day, fault);
}
