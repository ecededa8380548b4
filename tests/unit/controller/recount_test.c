/* Goal: the recount agrees with the tables when they are right and finds each single thing that is
 * wrong. Method: random passages in random order through journal and tables must recount equal;
 * then every headcount row is altered or removed, or one is made up, and a difference must be
 * listed. */
#include "tests/unit/controller/headcount_fixture.h"

#include "common/seal/seal.h"
#include "controller/app/recount.h"
#include "controller/journal/journal.h"

static int open_store(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int close_store(void **state)
{
    fixture_close(*state);
    return 0;
}

static void commit(struct fixture *f)
{
    assert_int_equal(store_commit(&f->txn, NULL), ERR_OK);
    assert_int_equal(store_begin_write(f->store, &f->txn, NULL), ERR_OK);
}

static void journal_event(struct fixture *f, const Parkgate__EventEntry *event)
{
    uint8_t body[1024];
    MUST(parkgate__event_entry__get_packed_size(event) <= sizeof(body));
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    entry.time_us = event->received_us;
    entry.kind = ENTRY_EVENT;
    entry.body.data = body;
    entry.body.len = parkgate__event_entry__pack(event, body);
    assert_int_equal(journal_append(f->txn, &entry, NULL), ERR_OK);
    f->journal = entry.sequence;
}

/* Journal and tables, as the controller does it. */
static void record_step(struct fixture *f, const struct step *step)
{
    struct handle holder;
    struct fault fault = {0};
    Parkgate__EventEntry event = step_entry(step, &holder);
    journal_event(f, &event);
    if (headcount_apply(f->txn, f->journal, (struct wall){event.received_us}, &event, &fault) !=
        ERR_OK) {
        fail_msg("headcount_apply: %s", fault.what);
    }
}

static struct recount_report recount(struct fixture *f)
{
    static struct recount_report report;
    struct fault fault = {0};
    commit(f);
    if (recount_run(f->store, &report, &fault) != ERR_OK) {
        fail_msg("recount: %s", fault.what);
    }
    return report;
}

static void print_differences(const struct recount_report *report)
{
    for (uint64_t i = 0; i < report->differences && i < RECOUNT_LISTED_MAX; i++) {
        const struct recount_difference *d = &report->listed[i];
        print_error("%s %s: table %lld, recount %lld\n", d->scope, d->field, (long long)d->table,
                    (long long)d->recount);
    }
}

static void clear_tables(struct fixture *f)
{
    for (enum table table = 0; table < TABLE_COUNT; table++) {
        assert_int_equal(store_clear(f->txn, table, NULL), ERR_OK);
    }
}

static void nothing_recounts_as_nothing(void **state)
{
    struct fixture *f = *state;
    struct recount_report report = recount(f);
    assert_int_equal(report.entries, 0);
    assert_int_equal(report.differences, 0);
}

static void what_does_not_count_is_left_out(void **state)
{
    struct fixture *f = *state;
    static const struct step step = {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard"};
    static const struct step vehicle = {2, AT(0, 8, 0),  LANE_IN,        "acme",
                                        0, .to = "yard", .vehicle = true};
    struct handle holder;
    Parkgate__EventEntry event = step_entry(&step, &holder);
    event.counts = false;
    journal_event(f, &event);
    record_step(f, &vehicle);
    record_step(f, &step);
    struct recount_report report = recount(f);
    assert_int_equal(report.entries, 3);
    assert_int_equal(report.passages, 1);
    assert_int_equal(report.differences, 0);
}

static void random_passages_recount_equal(void **state)
{
    struct fixture *f = *state;
    uint64_t figures = 0;
    for (uint64_t set = 1; set <= 60; set++) {
        uint64_t seed = set * 0x9e3779b97f4a7c15;
        clear_tables(f);
        for (int i = 0; i < 60; i++) {
            struct step step = random_step(&seed, 5, 180); /* across midnight */
            record_step(f, &step);
        }
        struct recount_report report = recount(f);
        if (report.differences != 0) {
            print_differences(&report);
            fail_msg("set %d: %d differences", (int)set, (int)report.differences);
        }
        assert_int_equal(report.passages, 60);
        figures += report.figures;
    }
    print_message("%d figures\n", (int)figures);
    assert_true(figures > 0);
}

/* --- tables that are wrong --- */

static void record_a_day(struct fixture *f)
{
    static const struct step steps[] = {
        {1,                   AT(0, 8, 0),                     LANE_IN, "acme", 0,                   .to = "yard",                          .unsensed = true},
        {2,                   AT(0,                       8,  1), LANE_IN,     "acme",    0,             .to = "yard/hall",                                              .kind = PERSON_DAY},
        {3, AT(0,     8,      2),                        LANE_IN,                          "bolt",                         0,              .to = "yard"},
        {3,       AT(0,           8,            3),                        LANE_IN,                    "bolt",             0,.to = "yard"                          },
        {2,       AT(0,           9,            0),                        LANE_OUT,                    "acme",             0,             .from = "yard"},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        record_step(f, &steps[i]);
    }
    assert_int_equal(recount(f).differences, 0);
}

/* The n-th row of the table with that prefix is removed. False: there is none. */
static bool remove_row(struct fixture *f, enum table table, const char *prefix, int n)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    assert_int_equal(
        store_iter_prefix(f->txn, table, bytes_of_text(prefix), UINT64_MAX, &iter, NULL), ERR_OK);
    for (int i = 0; i <= n; i++) {
        if (store_iter_next(&iter, &key, &value, NULL) != ERR_OK) {
            return false;
        }
    }
    uint8_t copy[STORE_KEY_MAX];
    memcpy(copy, key.data, key.size);
    assert_int_equal(store_del(f->txn, table, (struct bytes){copy, key.size}, NULL), ERR_OK);
    return true;
}

static void every_missing_row_is_found(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum table table;
        const char *prefix;
    } rows[] = {
        {TABLE_DAY,      "" },
        {TABLE_QUARTER,  "T"}, /* no minutes: no answer is read from them */
        {TABLE_QUARTER,  "Z"},
        {TABLE_INSIDE,   "" },
        {TABLE_ZONE_NOW, "" },
    };
    int removed = 0;
    for (size_t t = 0; t < ARRAY_LEN(rows); t++) {
        for (int n = 0;; n++) {
            clear_tables(f);
            record_a_day(f);
            if (!remove_row(f, rows[t].table, rows[t].prefix, n)) {
                assert_true(n > 0);
                break;
            }
            removed++;
            if (recount(f).differences == 0) {
                fail_msg("row %d of %s was not missed", n, table_names[rows[t].table]);
            }
        }
    }
    assert_true(removed >= 8);
}

static void put_day(struct fixture *f, const char *tenant, int32_t day,
                    const Parkgate__DayRecord *record)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, name_of(tenant));
    keybuf_u32(&key, (uint32_t)(MONDAY + day));
    assert_int_equal(store_put_message(f->txn, TABLE_DAY, keybuf_view(&key), &record->base, NULL),
                     ERR_OK);
}

/* acme's Monday is persons 2, entries 2, exits 1, present 1, unsensed 1, kinds 0 1 1. */
static void every_wrong_figure_is_named(void **state)
{
    struct fixture *f = *state;
    record_a_day(f);
    uint32_t kinds[] = {0, 1, 1}, other[] = {0, 2, 0};
    const Parkgate__DayRecord right = {
        .base = PROTOBUF_C_MESSAGE_INIT(&parkgate__day_record__descriptor),
        .persons = 2,
        .entries = 2,
        .exits = 1,
        .present = 1,
        .unsensed = 1,
        .n_persons_by_kind = 3,
        .persons_by_kind = kinds};
    Parkgate__DayRecord wrong[] = {right, right, right, right, right, right, right};
    wrong[0].persons = 3;
    wrong[1].entries = 1;
    wrong[2].exits = 2;
    wrong[3].present = 2;
    wrong[4].unsensed = 0;
    wrong[5].unpaired = 1;
    wrong[6].persons_by_kind = other;
    static const char *const fields[] = {"persons",  "entries",  "exits", "present",
                                         "unsensed", "unpaired", "kind_1"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        put_day(f, "acme", 0, &wrong[i]);
        struct recount_report report = recount(f);
        assert_int_equal(report.differences, i == 6 ? 2 : 1);
        assert_string_equal(report.listed[0].scope, "acme 2026-03-02");
        assert_string_equal(report.listed[0].field, fields[i]);
    }
    put_day(f, "acme", 0, &right);
    assert_int_equal(recount(f).differences, 0);
}

static void figures_of_nobody_are_found(void **state)
{
    struct fixture *f = *state;
    record_a_day(f);
    Parkgate__DayRecord made_up = PARKGATE__DAY_RECORD__INIT;
    made_up.persons = 1;
    put_day(f, "ghost", 0, &made_up);
    Parkgate__CountRecord count = PARKGATE__COUNT_RECORD__INIT;
    count.value = 4;
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, name_of("attic"));
    assert_int_equal(
        store_put_message(f->txn, TABLE_ZONE_NOW, keybuf_view(&key), &count.base, NULL), ERR_OK);
    struct recount_report report = recount(f);
    assert_int_equal(report.differences, 2);
    assert_string_equal(report.listed[0].scope, "ghost 2026-03-02");
    assert_int_equal(report.listed[0].table, 1);
    assert_int_equal(report.listed[0].recount, 0);
    assert_string_equal(report.listed[1].scope, "zone attic");
}

#define store_test(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(nothing_recounts_as_nothing),   store_test(what_does_not_count_is_left_out),
        store_test(random_passages_recount_equal), store_test(every_missing_row_is_found),
        store_test(every_wrong_figure_is_named),   store_test(figures_of_nobody_are_found),
    };
    MUST(seal_init(NULL) == ERR_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
