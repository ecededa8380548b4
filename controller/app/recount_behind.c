/* The recount of a journal whose beginning is gone: what the newest checkpoint's tables say, and
 * what the passages behind it change, must be what the tables say now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/recount.h"
#include "controller/app/recount_figures.h"
#include "controller/store/headcount_store.h"
#include "controller/store/move_store.h"

#define DAY_US ((int64_t)86400 * 1000000)

struct behind_check {
    struct store_txn *now, *base;
    const struct recount_figures *without, *with;
    struct recount_report *report;
    char scope[RECOUNT_SCOPE_SIZE];
};

static void compare(struct behind_check *check, const char *field, int64_t table, int64_t recount)
{
    struct recount_report *report = check->report;
    report->figures++;
    if (table == recount) {
        return;
    }
    if (report->differences < RECOUNT_LISTED_MAX) {
        struct recount_difference *row = &report->listed[report->differences];
        *row = (struct recount_difference){.table = table, .recount = recount};
        (void)snprintf(row->scope, sizeof(row->scope), "%s", check->scope);
        (void)snprintf(row->field, sizeof(row->field), "%s", field);
    }
    report->differences++;
}

/* --- tenants' days: what passages changed --- */

struct counts {
    int64_t what[WHAT_UNSENSED + 1];
    int64_t persons, present;
    int64_t kind[HEADCOUNT_KINDS];
};

static int tally_compare(const struct tally *row, const char *tenant, int32_t day)
{
    int order = strcmp(row->tenant, tenant);
    return order != 0 ? order : (row->day > day) - (row->day < day);
}

/* The first tally of the tenant's day; the list is sorted so. */
static size_t tallies_of(const struct recount_figures *figures, const char *tenant, int32_t day)
{
    const struct tally *rows = figures->tallies.rows;
    size_t low = 0;
    size_t high = figures->tallies.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally_compare(&rows[middle], tenant, day) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Rows of one day stand with its entries first and by holder, earliest first. */
static void add_counts(const struct recount_figures *figures, const char *tenant, int32_t day,
                       int sign, struct counts *counts)
{
    const struct tally *rows = figures->tallies.rows;
    size_t first = tallies_of(figures, tenant, day);
    for (size_t i = first;
         i < figures->tallies.count && tally_compare(&rows[i], tenant, day) == 0; i++) {
        const struct tally *row = &rows[i];
        counts->what[row->what] += sign;
        bool known = i > first && row[-1].what == WHAT_ENTRY && row[-1].holder == row->holder;
        if (row->what == WHAT_ENTRY && !known) {
            counts->persons += sign;
            counts->kind[row->kind % HEADCOUNT_KINDS] += sign;
        }
    }
}

static bool is_edge_of(const struct edge *edge, bool is_zone, const char *name, int32_t day)
{
    return edge->is_zone == is_zone && strcmp(edge->name, name) == 0 &&
           (is_zone || edge->day == day);
}

static size_t add_edges(const struct recount_figures *figures, bool is_zone, const char *name,
                        int32_t day, int sign, struct pile *out)
{
    const struct edge *edges = figures->edges.rows;
    size_t count = 0;
    for (size_t i = 0; i < figures->edges.count; i++) {
        struct edge *row = !is_edge_of(&edges[i], is_zone, name, day) ? NULL : pile_add(out);
        if (row != NULL) {
            *row = edges[i];
            row->by *= sign;
            count++;
        }
    }
    return count;
}

static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a;
    const struct edge *y = b;
    return x->at_us != y->at_us       ? (x->at_us > y->at_us) - (x->at_us < y->at_us)
           : x->journal != y->journal ? (x->journal > y->journal) - (x->journal < y->journal)
                                      : x->by - y->by;
}

/* Every change of presence that the checkpoint has of a scope: u8 letter, name, u32 day of a tenant;
 * then quarter, time and journal sequence. */
static enum err add_moves(struct store_txn *base, bool is_zone, struct name name, int32_t day,
                          struct pile *out, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u8(&prefix, is_zone ? 'Z' : 'T');
    keybuf_name(&prefix, name);
    if (!is_zone) {
        keybuf_u32(&prefix, (uint32_t)day);
    }
    TRY(store_iter_prefix(base, TABLE_MOVE, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__count_record__descriptor, &message, fault));
        int32_t by = ((const Parkgate__CountRecord *)(const void *)message)->value;
        store_message_destroy(&message);
        struct reader r = reader_of((struct bytes){.data = key.data + prefix.size,
                                                   .size = key.size - prefix.size});
        struct edge *row = pile_add(out);
        if (row == NULL) {
            return fault_set(fault, ERR_FULL, "recount: not enough memory");
        }
        (void)keybuf_read_wall(&r);
        row->is_zone = is_zone;
        row->at_us = keybuf_read_wall(&r).us;
        row->journal = reader_u64(&r);
        row->by = by;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static int64_t sum_of(const struct pile *edges)
{
    int64_t sum = 0;
    for (size_t i = 0; i < edges->count; i++) {
        sum += ((const struct edge *)edges->rows)[i].by;
    }
    return sum;
}

/* The changes that passages made, into `out`: those of now, and those of before taken back. */
static size_t changes_of(const struct behind_check *check, bool is_zone, const char *name,
                         int32_t day, struct pile *out)
{
    size_t count = add_edges(check->without, is_zone, name, day, -1, out);
    return count + add_edges(check->with, is_zone, name, day, 1, out);
}

/* --- tenants' days: compared --- */

static enum err get_day(struct store_txn *txn, struct name tenant, int32_t day,
                        ProtobufCMessage **ret, struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, tenant);
    keybuf_u32(&key, (uint32_t)day);
    *ret = NULL;
    enum err err = store_get_message(txn, TABLE_DAY, keybuf_view(&key),
                                     &parkgate__day_record__descriptor, ret, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static int64_t kind_of(const Parkgate__DayRecord *record, size_t kind)
{
    return kind < record->n_persons_by_kind ? record->persons_by_kind[kind] : 0;
}

static void compare_day(struct behind_check *check, const Parkgate__DayRecord *now,
                        const Parkgate__DayRecord *base, const struct counts *by)
{
    const struct {
        const char *field;
        int64_t now, recount;
    } figures[] = {
        {"persons",  now->persons,  base->persons + by->persons              },
        {"entries",  now->entries,  base->entries + by->what[WHAT_ENTRY]     },
        {"exits",    now->exits,    base->exits + by->what[WHAT_EXIT]        },
        {"unpaired", now->unpaired, base->unpaired + by->what[WHAT_UNPAIRED] },
        {"unsensed", now->unsensed, base->unsensed + by->what[WHAT_UNSENSED] },
        {"present",  now->present,  base->present + by->present              },
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        compare(check, figures[i].field, figures[i].now, figures[i].recount);
    }
    for (size_t kind = 0; kind < HEADCOUNT_KINDS; kind++) {
        char field[RECOUNT_FIELD_SIZE];
        (void)snprintf(field, sizeof(field), "kind_%zu", kind);
        compare(check, field, kind_of(now, kind), kind_of(base, kind) + by->kind[kind]);
    }
}

/* The highest point of a scope from all its changes, in the order of time. */
static void peak_of(struct pile *edges, struct headcount_peak *ret)
{
    int64_t present = 0;
    *ret = (struct headcount_peak){0};
    qsort(edges->rows, edges->count, edges->row_size, edge_order);
    for (size_t i = 0; i < edges->count; i++) {
        const struct edge *edge = &((const struct edge *)edges->rows)[i];
        present += edge->by;
        if (present > ret->count) {
            *ret = (struct headcount_peak){(int32_t)present, {edge->at_us}};
        }
    }
}

static enum err compare_peak(struct behind_check *check, struct name tenant, int32_t day,
                             struct pile *changes, struct fault *fault)
{
    struct headcount_peak now;
    struct headcount_peak recount;
    TRY(headcount_tenant_peak(check->now, tenant, day, &now, fault));
    if (changes->count == 0) {
        TRY(headcount_tenant_peak(check->base, tenant, day, &recount, fault));
    } else {
        TRY(add_moves(check->base, false, tenant, day, changes, fault));
        peak_of(changes, &recount);
    }
    compare(check, "peak", now.count, recount.count);
    compare(check, "peak_us", now.at.us, recount.at.us);
    return ERR_OK;
}

/* Entries and exits of all its quarter hours. */
static enum err sum_quarters(struct store_txn *txn, struct name tenant, int32_t day,
                             int64_t ret_sums[2], struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    const struct presence_scope of = {.name = tenant, .day = day};
    struct quarter quarter;
    enum err err;
    ret_sums[0] = ret_sums[1] = 0;
    TRY(quarters_begin(txn, &of, (struct wall){INT64_MIN}, (struct wall){INT64_MAX}, &iter, fault));
    while ((err = quarters_next(&iter, &quarter, fault)) == ERR_OK) {
        ret_sums[0] += quarter.entries;
        ret_sums[1] += quarter.exits;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err check_day(struct behind_check *check, struct name tenant, int32_t day,
                          struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    int64_t sums[2];
    struct counts by = {0};
    const Parkgate__DayRecord none = PARKGATE__DAY_RECORD__INIT;
    AUTO(store_message_destroy) ProtobufCMessage *now = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *base = NULL;
    AUTO(pile_clear) struct pile changes = {.row_size = sizeof(struct edge)};
    civil_date_format(day, date);
    (void)snprintf(check->scope, sizeof(check->scope), "%.31s %s", tenant.text, date);
    TRY(get_day(check->now, tenant, day, &now, fault));
    TRY(get_day(check->base, tenant, day, &base, fault));
    add_counts(check->without, tenant.text, day, -1, &by);
    add_counts(check->with, tenant.text, day, 1, &by);
    (void)changes_of(check, false, tenant.text, day, &changes);
    by.present = sum_of(&changes);
    const Parkgate__DayRecord *was = base == NULL ? &none : (const void *)base;
    compare_day(check, now == NULL ? &none : (const void *)now, was, &by);
    TRY(compare_peak(check, tenant, day, &changes, fault));
    TRY(sum_quarters(check->now, tenant, day, sums, fault));
    compare(check, "hours_entries", sums[0], was->entries + by.what[WHAT_ENTRY]);
    compare(check, "hours_exits", sums[1], was->exits + by.what[WHAT_EXIT]);
    return ERR_OK;
}

/* All days of a table of these days; with `other`, those alone that it has not. */
static enum err check_days_of(struct behind_check *check, struct store_txn *txn,
                              struct store_txn *other, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key;
    struct bytes value;
    enum err err;
    TRY(store_iter_prefix(txn, TABLE_DAY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name tenant = keybuf_read_name(&r);
        int32_t day = (int32_t)reader_u32(&r);
        if (!reader_done(&r)) {
            return fault_set(fault, ERR_CORRUPT, "day: a key that is none");
        }
        err = other == NULL ? ERR_NOT_FOUND : store_get(other, TABLE_DAY, key, &value, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        TRY(err == ERR_OK ? ERR_OK : check_day(check, tenant, day, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Days that passages count in and that the tables do not have. */
static enum err check_counted_days(struct behind_check *check, struct fault *fault)
{
    const struct tally *rows = check->with->tallies.rows;
    for (size_t i = 0; i < check->with->tallies.count; i++) {
        struct name tenant;
        ProtobufCMessage *now = NULL;
        bool again = i > 0 && tally_compare(&rows[i - 1], rows[i].tenant, rows[i].day) == 0;
        if (again || !name_from_text(rows[i].tenant, &tenant)) {
            continue;
        }
        TRY(get_day(check->now, tenant, rows[i].day, &now, fault));
        TRY(now == NULL ? check_day(check, tenant, rows[i].day, fault) : ERR_OK);
        store_message_destroy(&now);
    }
    return ERR_OK;
}

/* --- who is inside, and zones --- */

static enum err count_rows(struct store_txn *txn, int64_t *ret, struct fault *fault)
{
    uint64_t count = 0;
    TRY(store_count(txn, TABLE_INSIDE, &count, fault));
    *ret = (int64_t)count;
    return ERR_OK;
}

static enum err check_inside(struct behind_check *check, struct fault *fault)
{
    int64_t now = 0;
    int64_t base = 0;
    const struct recount_figures *sides[] = {check->without, check->with};
    TRY(count_rows(check->now, &now, fault));
    TRY(count_rows(check->base, &base, fault));
    for (size_t side = 0; side < 2; side++) {
        const struct edge *edges = sides[side]->edges.rows;
        for (size_t i = 0; i < sides[side]->edges.count; i++) {
            base += edges[i].is_zone ? 0 : side == 0 ? -edges[i].by : edges[i].by;
        }
    }
    (void)snprintf(check->scope, sizeof(check->scope), "park");
    compare(check, "inside", now, base);
    return ERR_OK;
}

static enum err zone_day(struct behind_check *check, struct name zone, int64_t day, int64_t best,
                         int64_t best_us, struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    struct headcount_peak peak;
    civil_date_format((int32_t)day, date);
    (void)snprintf(check->scope, sizeof(check->scope), "zone %.31s %s", zone.text, date);
    TRY(headcount_zone_peak(check->now, zone, (struct wall){day * DAY_US},
                            (struct wall){(day + 1) * DAY_US}, &peak, fault));
    compare(check, "peak", peak.count, best);
    compare(check, "peak_us", peak.at.us, best_us);
    return ERR_OK;
}

/* Peaks of every UTC day on which it changed. */
static enum err zone_peaks(struct behind_check *check, struct name zone, struct pile *edges,
                           struct fault *fault)
{
    int64_t present = 0;
    const struct edge *rows = edges->rows;
    qsort(edges->rows, edges->count, edges->row_size, edge_order);
    for (size_t i = 0; i < edges->count;) {
        int64_t day = rows[i].at_us / DAY_US;
        int64_t best = present;
        int64_t best_us = present > 0 ? day * DAY_US : 0;
        for (; i < edges->count && rows[i].at_us / DAY_US == day; i++) {
            present += rows[i].by;
            if (present > best) {
                best = present;
                best_us = rows[i].at_us;
            }
        }
        TRY(zone_day(check, zone, day, best, best_us, fault));
    }
    return ERR_OK;
}

static enum err check_zone(struct behind_check *check, struct name zone, struct fault *fault)
{
    int32_t now = 0;
    int32_t base = 0;
    AUTO(pile_clear) struct pile edges = {.row_size = sizeof(struct edge)};
    size_t changed = changes_of(check, true, zone.text, 0, &edges);
    TRY(move_store_zone_now(check->now, zone, &now, fault));
    TRY(move_store_zone_now(check->base, zone, &base, fault));
    (void)snprintf(check->scope, sizeof(check->scope), "zone %.31s", zone.text);
    compare(check, "present", now, base + sum_of(&edges));
    if (changed == 0) {
        return ERR_OK;
    }
    TRY(add_moves(check->base, true, zone, 0, &edges, fault));
    return zone_peaks(check, zone, &edges, fault);
}

static enum err check_zones_of(struct behind_check *check, struct store_txn *txn,
                               struct store_txn *other, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key;
    struct bytes value;
    enum err err;
    TRY(store_iter_prefix(txn, TABLE_ZONE_NOW, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name zone = keybuf_read_name(&r);
        err = other == NULL ? ERR_NOT_FOUND : store_get(other, TABLE_ZONE_NOW, key, &value, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        TRY(err == ERR_OK ? ERR_OK : check_zone(check, zone, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err check_all(struct behind_check *check, struct fault *fault)
{
    TRY(check_days_of(check, check->now, NULL, fault));
    TRY(check_days_of(check, check->base, check->now, fault));
    TRY(check_counted_days(check, fault));
    TRY(check_inside(check, fault));
    TRY(check_zones_of(check, check->now, NULL, fault));
    return check_zones_of(check, check->base, check->now, fault);
}

enum err recount_run_behind(struct store *store, struct store *base, uint64_t after,
                            struct recount_report *ret_report, struct fault *fault)
{
    AUTO(recount_figures_clear) struct recount_figures with = {0};
    AUTO(recount_figures_clear) struct recount_figures without = {0};
    AUTO(store_txn_destroy) struct store_txn *now_txn = NULL;
    AUTO(store_txn_destroy) struct store_txn *base_txn = NULL;
    TRY(store_begin_read(store, &now_txn, fault));
    TRY(store_begin_read(base, &base_txn, fault));
    TRY(recount_figures_behind(now_txn, base_txn, after, &without, &with, fault));
    struct recount_report report = {.entries = with.entries, .passages = with.passages};
    struct behind_check check = {.now = now_txn,
                                 .base = base_txn,
                                 .without = &without,
                                 .with = &with,
                                 .report = &report};
    TRY(check_all(&check, fault));
    *ret_report = report;
    return ERR_OK;
}
