#include "controller/app/recount.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/recount_figures.h"
#include "controller/store/headcount_store.h"
#include "controller/store/move_store.h"

#define DAY_US ((int64_t)86400 * 1000000)

struct check {
    struct store_txn *txn;
    const struct recount_figures *figures;
    struct recount_report *report;
};

/* --- saying it --- */

static void compare(const struct check *check, const char *scope, const char *field, int64_t table,
                    int64_t recount)
{
    struct recount_report *report = check->report;
    report->figures++;
    if (table == recount) {
        return;
    }
    if (report->differences < RECOUNT_LISTED_MAX) {
        struct recount_difference *row = &report->listed[report->differences];
        *row = (struct recount_difference){.table = table, .recount = recount};
        (void)snprintf(row->scope, sizeof(row->scope), "%s", scope);
        (void)snprintf(row->field, sizeof(row->field), "%s", field);
    }
    report->differences++;
}

static void day_scope(const char *before, const char *name, int32_t day,
                      char out[RECOUNT_SCOPE_SIZE])
{
    char date[CIVIL_DATE_SIZE];
    civil_date_format(day, date);
    (void)snprintf(out, RECOUNT_SCOPE_SIZE, "%s%.31s %s", before, name, date);
}

/* --- tenants' days --- */

struct counted_day {
    const struct tally *rows; /* its tallies */
    size_t row_count;
    int64_t what[WHAT_UNSENSED + 1];
    int64_t persons, present, peak, peak_us;
    int64_t kind[HEADCOUNT_KINDS];
};

static bool same_day(const struct tally *a, const struct tally *b)
{
    return strcmp(a->tenant, b->tenant) == 0 && a->day == b->day;
}

/* Rows of one day stand together, its entries first and by holder, earliest first. */
static size_t count_day(const struct recount_figures *figures, size_t at, struct counted_day *day)
{
    const struct tally *rows = figures->tallies.rows, *first = &rows[at];
    for (; at < figures->tallies.count && same_day(first, &rows[at]); at++) {
        const struct tally *row = &rows[at];
        day->what[row->what]++;
        bool known = row > first && row[-1].what == WHAT_ENTRY && row[-1].holder == row->holder;
        if (row->what == WHAT_ENTRY && !known) {
            day->persons++;
            day->kind[row->kind % HEADCOUNT_KINDS]++;
        }
    }
    day->rows = first;
    day->row_count = (size_t)(&rows[at] - first);
    return at;
}

static bool is_edge_of(const struct edge *edge, bool is_zone, const char *name, int32_t day)
{
    return edge->is_zone == is_zone && strcmp(edge->name, name) == 0 && edge->day == day;
}

/* The first edge of the tenant's day, or of the zone; the list is sorted so. */
static size_t edges_of(const struct recount_figures *figures, bool is_zone, const char *name,
                       int32_t day)
{
    const struct edge *edges = figures->edges.rows;
    size_t low = 0, high = figures->edges.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct edge *edge = &edges[middle];
        int order = strcmp(edge->name, name);
        bool before =
            edge->is_zone != is_zone ? is_zone : order < 0 || (order == 0 && edge->day < day);
        if (before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void count_present(const struct recount_figures *figures, const char *tenant, int32_t date,
                          struct counted_day *day)
{
    const struct edge *edges = figures->edges.rows;
    for (size_t i = edges_of(figures, false, tenant, date);
         i < figures->edges.count && is_edge_of(&edges[i], false, tenant, date); i++) {
        day->present += edges[i].by;
        if (day->present > day->peak) {
            day->peak = day->present;
            day->peak_us = edges[i].at_us;
        }
    }
}

static void compare_day(const struct check *check, const char *scope,
                        const Parkgate__DayRecord *table, const struct headcount_peak *peak,
                        const struct counted_day *day)
{
    const struct {
        const char *field;
        int64_t table, recount;
    } figures[] = {
        {"persons",  table->persons,  day->persons            },
        {"entries",  table->entries,  day->what[WHAT_ENTRY]   },
        {"exits",    table->exits,    day->what[WHAT_EXIT]    },
        {"unpaired", table->unpaired, day->what[WHAT_UNPAIRED]},
        {"unsensed", table->unsensed, day->what[WHAT_UNSENSED]},
        {"present",  table->present,  day->present            },
        {"peak",     peak->count,     day->peak               },
        {"peak_us",  peak->at.us,     day->peak_us            },
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        compare(check, scope, figures[i].field, figures[i].table, figures[i].recount);
    }
    for (size_t kind = 0; kind < HEADCOUNT_KINDS; kind++) {
        char field[RECOUNT_FIELD_SIZE];
        (void)snprintf(field, sizeof(field), "kind_%zu", kind);
        int64_t stored = kind < table->n_persons_by_kind ? table->persons_by_kind[kind] : 0;
        compare(check, scope, field, stored, day->kind[kind]);
    }
}

static int64_t count_in_quarter(const struct counted_day *day, enum recount_what what,
                                struct wall start)
{
    int64_t count = 0;
    for (size_t i = 0; i < day->row_count; i++) {
        const struct tally *row = &day->rows[i];
        count += row->what == what && row->at_us >= start.us && row->at_us < start.us + QUARTER_US;
    }
    return count;
}

/* Entries and exits of each quarter hour that the table has, and that it has all of them. */
static enum err check_hours(const struct check *check, const char *scope, struct name tenant,
                            int32_t date, const struct counted_day *day, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct presence_scope of = {.name = tenant, .day = date};
    struct quarter quarter;
    int64_t entries = 0, exits = 0, net = 0;
    enum err err;
    TRY(quarters_begin(check->txn, &of, (struct wall){INT64_MIN}, (struct wall){INT64_MAX}, &iter,
                       fault));
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        compare(check, scope, "hour_entries", quarter.entries,
                count_in_quarter(day, WHAT_ENTRY, quarter.start));
        compare(check, scope, "hour_exits", quarter.exits,
                count_in_quarter(day, WHAT_EXIT, quarter.start));
        entries += quarter.entries;
        exits += quarter.exits;
        net += quarter.net;
    }
    compare(check, scope, "hours_entries", entries, day->what[WHAT_ENTRY]);
    compare(check, scope, "hours_exits", exits, day->what[WHAT_EXIT]);
    compare(check, scope, "hours_present", net, day->present);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err check_day(const struct check *check, const char *tenant_text, int32_t date,
                          const struct counted_day *day, struct fault *fault)
{
    struct name tenant;
    char scope[RECOUNT_SCOPE_SIZE];
    struct keybuf key;
    struct headcount_peak peak;
    day_scope("", tenant_text, date, scope);
    if (!name_from_text(tenant_text, &tenant)) {
        compare(check, scope, "tenant_name", 0, 1);
        return ERR_OK;
    }
    keybuf_begin(&key);
    keybuf_name(&key, tenant);
    keybuf_u32(&key, (uint32_t)date);
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(check->txn, TABLE_DAY, keybuf_view(&key),
                                     &parkgate__day_record__descriptor, &found, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(headcount_tenant_peak(check->txn, tenant, date, &peak, fault));
    const Parkgate__DayRecord none = PARKGATE__DAY_RECORD__INIT;
    compare_day(check, scope, found != NULL ? (const Parkgate__DayRecord *)found : &none, &peak,
                day);
    return check_hours(check, scope, tenant, date, day, fault);
}

static enum err check_counted_days(const struct check *check, struct fault *fault)
{
    const struct tally *rows = check->figures->tallies.rows;
    for (size_t at = 0; at < check->figures->tallies.count;) {
        const struct tally *first = &rows[at];
        struct counted_day day = {0};
        at = count_day(check->figures, at, &day);
        count_present(check->figures, first->tenant, first->day, &day);
        TRY(check_day(check, first->tenant, first->day, &day, fault));
    }
    return ERR_OK;
}

static bool is_counted_day(const struct recount_figures *figures, struct name tenant, int32_t day)
{
    const struct tally *rows = figures->tallies.rows;
    size_t low = 0, high = figures->tallies.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(rows[middle].tenant, tenant.text);
        if (order < 0 || (order == 0 && rows[middle].day < day)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < figures->tallies.count && rows[low].day == day &&
           strcmp(rows[low].tenant, tenant.text) == 0;
}

/* Days that only the table has. */
static enum err check_stored_days(const struct check *check, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    enum err err;
    TRY(store_iter_prefix(check->txn, TABLE_DAY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name tenant = keybuf_read_name(&r);
        int32_t day = (int32_t)reader_u32(&r);
        if (!reader_done(&r)) {
            return fault_set(fault, ERR_CORRUPT, "day: a key that is none");
        }
        if (!is_counted_day(check->figures, tenant, day)) {
            const struct counted_day nothing = {0};
            TRY(check_day(check, tenant.text, day, &nothing, fault));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- persons inside, by tenant --- */

static int64_t rows_of_tenant(const struct check *check, struct bytes prefix, enum err *ret_err,
                              struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    int64_t count = 0;
    *ret_err = store_iter_prefix(check->txn, TABLE_INSIDE, prefix, UINT64_MAX, &iter, fault);
    while (*ret_err == ERR_OK) {
        *ret_err = store_iter_next(&iter, &key, &value, fault);
        count += *ret_err == ERR_OK ? 1 : 0;
    }
    *ret_err = *ret_err == ERR_NOT_FOUND ? ERR_OK : *ret_err;
    return count;
}

static enum err check_inside(const struct check *check, struct fault *fault)
{
    const struct edge *edges = check->figures->edges.rows;
    size_t count = check->figures->edges.count;
    int64_t everybody = 0;
    enum err err;
    for (size_t at = 0; at < count && !edges[at].is_zone;) {
        const char *name = edges[at].name;
        int64_t inside = 0;
        for (; at < count && !edges[at].is_zone && strcmp(edges[at].name, name) == 0; at++) {
            inside += edges[at].by;
        }
        struct keybuf key;
        char scope[RECOUNT_SCOPE_SIZE];
        keybuf_begin(&key);
        keybuf_text(&key, name);
        int64_t rows = rows_of_tenant(check, keybuf_view(&key), &err, fault);
        TRY(err);
        (void)snprintf(scope, sizeof(scope), "%.31s", name);
        compare(check, scope, "inside", rows, inside);
        everybody += inside;
    }
    int64_t rows = rows_of_tenant(check, (struct bytes){0}, &err, fault);
    TRY(err);
    compare(check, "park", "inside", rows, everybody);
    return ERR_OK;
}

/* --- zones --- */

static enum err zone_now(const struct check *check, const char *zone, int64_t *ret_count,
                         struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_text(&key, zone);
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(check->txn, TABLE_ZONE_NOW, keybuf_view(&key),
                                     &parkgate__count_record__descriptor, &found, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = found != NULL ? ((const Parkgate__CountRecord *)found)->value : 0;
    return ERR_OK;
}

static int64_t utc_day(int64_t at_us)
{
    return at_us / DAY_US; /* never before 1970: headcount_apply refuses it */
}

/* Peak of the zone on the UTC day of edges[at]; `present` goes along. Returns the next day's edge.
 */
static enum err check_zone_day(const struct check *check, size_t *at, int64_t *present,
                               struct fault *fault)
{
    const struct edge *edges = check->figures->edges.rows;
    const char *zone = edges[*at].name;
    int64_t day = utc_day(edges[*at].at_us), from = day * DAY_US;
    int64_t best = *present, best_us = *present > 0 ? from : 0;
    for (; *at < check->figures->edges.count; ++*at) {
        const struct edge *edge = &edges[*at];
        if (!is_edge_of(edge, true, zone, 0) || utc_day(edge->at_us) != day) {
            break;
        }
        *present += edge->by;
        if (*present > best) {
            best = *present;
            best_us = edge->at_us;
        }
    }
    struct name name;
    struct headcount_peak peak = {0};
    char scope[RECOUNT_SCOPE_SIZE];
    day_scope("zone ", zone, (int32_t)day, scope);
    if (name_from_text(zone, &name)) {
        TRY(headcount_zone_peak(check->txn, name, (struct wall){from}, (struct wall){from + DAY_US},
                                &peak, fault));
    }
    compare(check, scope, "peak", peak.count, best);
    compare(check, scope, "peak_us", peak.at.us, best_us);
    return ERR_OK;
}

static enum err check_zones(const struct check *check, struct fault *fault)
{
    const struct edge *edges = check->figures->edges.rows;
    size_t count = check->figures->edges.count, at = edges_of(check->figures, true, "", 0);
    while (at < count) {
        const char *zone = edges[at].name;
        int64_t present = 0, stored;
        while (at < count && strcmp(edges[at].name, zone) == 0) {
            TRY(check_zone_day(check, &at, &present, fault));
        }
        char scope[RECOUNT_SCOPE_SIZE];
        (void)snprintf(scope, sizeof(scope), "zone %.31s", zone);
        TRY(zone_now(check, zone, &stored, fault));
        compare(check, scope, "present", stored, present);
    }
    return ERR_OK;
}

static bool is_counted_zone(const struct recount_figures *figures, struct name zone)
{
    const struct edge *edges = figures->edges.rows;
    size_t at = edges_of(figures, true, zone.text, 0);
    return at < figures->edges.count && is_edge_of(&edges[at], true, zone.text, 0);
}

/* Zones that only the table has. */
static enum err check_stored_zones(const struct check *check, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    enum err err;
    TRY(store_iter_prefix(check->txn, TABLE_ZONE_NOW, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name zone = keybuf_read_name(&r);
        if (!is_counted_zone(check->figures, zone)) {
            char scope[RECOUNT_SCOPE_SIZE];
            int64_t stored;
            (void)snprintf(scope, sizeof(scope), "zone %.31s", zone.text);
            TRY(zone_now(check, zone.text, &stored, fault));
            compare(check, scope, "present", stored, 0);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err recount_run(struct store *store, struct recount_report *ret_report, struct fault *fault)
{
    AUTO(recount_figures_clear) struct recount_figures figures = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(store, &txn, fault));
    TRY(recount_figures_read(txn, &figures, fault));

    struct recount_report report = {.entries = figures.entries, .passages = figures.passages};
    const struct check check = {.txn = txn, .figures = &figures, .report = &report};
    TRY(check_counted_days(&check, fault));
    TRY(check_stored_days(&check, fault));
    TRY(check_inside(&check, fault));
    TRY(check_zones(&check, fault));
    TRY(check_stored_zones(&check, fault));
    *ret_report = report;
    return ERR_OK;
}
