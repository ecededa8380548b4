/* Goal: the headcount's tables say what happened, in whatever order it arrived. Method: days
 * written by hand with their figures; then random passages of a few holders in random orders, where
 * all tables must be the same bytes as in order of time (the revision apart). */
#include "tests/unit/controller/headcount_fixture.h"

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

static void check_peak(struct fixture *f, const char *tenant, int32_t day, int32_t count,
                       int64_t at_us)
{
    struct headcount_peak peak;
    assert_int_equal(headcount_tenant_peak(f->txn, name_of(tenant), MONDAY + day, &peak, NULL),
                     ERR_OK);
    assert_int_equal(peak.count, count);
    assert_int_equal(peak.at.us, at_us);
}

static void check_zone_peak(struct fixture *f, const char *zone, int64_t from, int64_t until,
                            int32_t count, int64_t at_us)
{
    struct headcount_peak peak;
    assert_int_equal(headcount_zone_peak(f->txn, name_of(zone), (struct wall){from},
                                         (struct wall){until}, &peak, NULL),
                     ERR_OK);
    assert_int_equal(peak.count, count);
    assert_int_equal(peak.at.us, at_us);
}

struct attended {
    uint32_t entries, exits;
    int64_t first_in_us, last_out_us;
    uint32_t kind, attribution;
};

static void check_attended(struct fixture *f, const char *tenant, int32_t day, uint8_t who,
                           struct attended want)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, name_of(tenant));
    keybuf_u32(&key, (uint32_t)(MONDAY + day));
    keybuf_handle(&key, handle_of(who));
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(f->txn, TABLE_ATTENDANCE, keybuf_view(&key),
                                     &parkgate__attendance_record__descriptor, &found, NULL);
    if (want.entries == 0) {
        assert_int_equal(err, ERR_NOT_FOUND);
        return;
    }
    assert_int_equal(err, ERR_OK);
    const Parkgate__AttendanceRecord *r = (const Parkgate__AttendanceRecord *)found;
    assert_int_equal(r->entries, want.entries);
    assert_int_equal(r->exits, want.exits);
    assert_int_equal(r->first_in_us, want.first_in_us);
    assert_int_equal(r->last_out_us, want.last_out_us);
    assert_int_equal(r->person_kind, want.kind);
    assert_int_equal(r->attribution, want.attribution);
}

static uint64_t rows_in(struct fixture *f, enum table table)
{
    uint64_t count;
    assert_int_equal(store_count(f->txn, table, &count, NULL), ERR_OK);
    return count;
}

/* --- days by hand --- */

/* clang-format off */
static void a_plain_day(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 7, 50), LANE_IN, "acme", 0, .to = "yard"},
        {2, AT(0, 7, 55), LANE_IN, "acme", 0, .to = "yard", .kind = PERSON_DAY},
        {1, AT(0, 12, 0), LANE_OUT, "acme", 0, .from = "yard"},
        {1, AT(0, 12, 30), LANE_IN, "acme", 0, .to = "yard"},
        {3, AT(0, 12, 40), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 17, 0), LANE_OUT, "acme", 0, .from = "yard"},
        {2, AT(0, 17, 1), LANE_OUT, "acme", 0, .from = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 3, .entries = 4, .exits = 3, .present = 1);
    check_peak(f, "acme", 0, 3, AT(0, 12, 40));
    check_attended(f, "acme", 0, 1,
                   (struct attended){2, 2, AT(0, 7, 50), AT(0, 17, 0), PERSON_STAFF, 1});
    check_attended(f, "acme", 0, 2,
                   (struct attended){1, 1, AT(0, 7, 55), AT(0, 17, 1), PERSON_DAY, 1});
    assert_int_equal(zone_now(f, "yard"), 1);
    assert_int_equal(rows_in(f, TABLE_INSIDE), 1);
    assert_int_equal(rows_in(f, TABLE_PRESENCE), 3);
}

/* In at 22:00 for Monday's night shift, break 02:00 to 02:30 (still Monday's shift), home at 06:10;
 * the day shift's worker of Tuesday is there at 06:05. */
static void night_shift_across_midnight(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 22, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(1, 2, 0), LANE_OUT, "acme", 0, .from = "yard"},
        {1, AT(1, 2, 30), LANE_IN, "acme", 0, .to = "yard"},
        {2, AT(1, 6, 5), LANE_IN, "acme", 1, .to = "yard"},
        {1, AT(1, 6, 10), LANE_OUT, "acme", 1, .from = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 1, .entries = 2, .exits = 2);
    check_day(f, "acme", 1, .persons = 1, .entries = 1, .present = 1);
    check_peak(f, "acme", 0, 1, AT(0, 22, 0));
    check_peak(f, "acme", 1, 1, AT(1, 6, 5));
    check_zone_peak(f, "yard", AT(1, 0, 0), AT(2, 0, 0), 2, AT(1, 6, 5));
    check_zone_peak(f, "yard", AT(0, 0, 0), AT(1, 0, 0), 1, AT(0, 22, 0));
    check_zone_peak(f, "yard", AT(2, 0, 0), AT(3, 0, 0), 1, AT(2, 0, 0));
}

/* A night worker goes out for a break at 06:30, when the night shift is over by the clock, and comes
 * back: the exit belongs to the night, the entry (attribution says Tuesday) to Tuesday. */
static void a_break_at_half_past_six(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 22, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(1, 6, 30), LANE_OUT, "acme", 1, .from = "yard"},
        {1, AT(1, 6, 45), LANE_IN, "acme", 1, .to = "yard", .attribution = BUSINESS_DAY_CUT_HOUR},
        {1, AT(1, 9, 0), LANE_OUT, "acme", 1, .from = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .exits = 1);
    check_day(f, "acme", 1, .persons = 1, .entries = 1, .exits = 1);
    check_attended(f, "acme", 0, 1,
                   (struct attended){1, 1, AT(0, 22, 0), AT(1, 6, 30), PERSON_STAFF, 1});
    check_attended(f, "acme", 1, 1,
                   (struct attended){1, 1, AT(1, 6, 45), AT(1, 9, 0), PERSON_STAFF, 3});
}

static void two_tenants_for_one_person_on_one_day(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 6, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 14, 0), LANE_OUT, "bolt", 0, .from = "yard"},
        {1, AT(0, 14, 5), LANE_IN, "bolt", 0, .to = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .exits = 1);
    check_day(f, "bolt", 0, .persons = 1, .entries = 1, .present = 1);
}

static void exit_without_entry_and_missed_exit(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 6, 0), LANE_OUT, "acme", 0, .from = "yard"},
        {2, AT(0, 7, 0), LANE_IN, "acme", 0, .to = "yard"},
        {2, AT(1, 7, 0), LANE_IN, "acme", 1, .to = "yard"},
        {3, AT(1, 8, 0), LANE_IN, "acme", 1, .to = "yard"},
        {3, AT(1, 8, 1), LANE_IN, "acme", 1, .to = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .exits = 1, .unpaired = 2);
    check_day(f, "acme", 1, .persons = 2, .entries = 3, .unpaired = 1, .present = 2);
    check_attended(f, "acme", 0, 1, (struct attended){0});
    check_peak(f, "acme", 1, 2, AT(1, 8, 0));
    assert_int_equal(zone_now(f, "yard"), 2);
}

static void inner_zones(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 8, 5), LANE_IN, "bolt", 3, .to = "yard/hall", .from = "yard"},
        {2, AT(0, 8, 6), LANE_IN, "acme", 0, .to = "yard/hall/lab", .from = "yard"},
        {2, AT(0, 8, 9), LANE_OUT, "acme", 0, .to = "yard/hall", .from = "yard/hall/lab"},
        {3, AT(0, 8, 9), LANE_OUT, "acme", 0, .to = "yard", .from = "yard/hall"},
        {1, AT(0, 9, 0), LANE_OUT, "acme", 0, .from = "yard"},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 2, .entries = 2, .exits = 1, .unpaired = 1, .present = 1);
    check_day(f, "bolt", 3, .persons = 0); /* inner gates attribute nobody anew */
    assert_int_equal(zone_now(f, "yard"), 1);
    assert_int_equal(zone_now(f, "hall"), 1);
    assert_int_equal(zone_now(f, "lab"), 0);
    check_zone_peak(f, "hall", AT(0, 0, 0), AT(1, 0, 0), 2, AT(0, 8, 6));
    check_zone_peak(f, "lab", AT(0, 0, 0), AT(1, 0, 0), 1, AT(0, 8, 6));
    check_zone_peak(f, "nowhere", AT(0, 0, 0), AT(1, 0, 0), 0, 0);
}

static void unsensed_grants_are_marked(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard", .unsensed = true},
        {1, AT(0, 9, 0), LANE_OUT, "acme", 0, .from = "yard", .unsensed = true},
    };
    apply_steps(f, steps);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .exits = 1, .unsensed = 2);
}

static void vehicles_have_presence_and_no_headcount(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard", .vehicle = true},
        {1, AT(0, 7, 0), LANE_OUT, "", 0, .from = "yard", .vehicle = true},
    };
    apply_steps(f, steps);
    assert_int_equal(rows_in(f, TABLE_PRESENCE), 1);
    assert_int_equal(rows_in(f, TABLE_PASSAGE), 2);
    static const enum table empty[] = {TABLE_INSIDE, TABLE_ATTENDANCE, TABLE_DAY,
                                       TABLE_MOVE,   TABLE_QUARTER,    TABLE_ZONE_NOW};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        assert_int_equal(rows_in(f, empty[i]), 0);
    }
}

/* --- late ones --- */

static void a_late_entry_takes_the_place_of_an_unseen_one(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        /* the inner gate is heard first: an entry that was not seen, on Tuesday */
        {1, AT(1, 6, 10), LANE_IN, "acme", 1, .to = "yard/hall", .from = "yard", .kind = PERSON_DAY},
        /* then the outer gate's backlog: the entry was at 05:50, for Monday's night shift */
        {1, AT(1, 5, 50), LANE_IN, "acme", 0, .to = "yard"},
    };
    apply_step(f, &steps[0]);
    check_day(f, "acme", 1, .persons = 1, .entries = 1, .unpaired = 1, .present = 1);
    apply_step(f, &steps[1]);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .present = 1, .revision = 1);
    check_day(f, "acme", 1, .revision = 1);
    check_attended(f, "acme", 0, 1, (struct attended){1, 0, AT(1, 5, 50), 0, PERSON_STAFF, 1});
    check_attended(f, "acme", 1, 1, (struct attended){0});
    check_peak(f, "acme", 0, 1, AT(1, 5, 50));
    check_peak(f, "acme", 1, 0, 0);
    assert_int_equal(zone_now(f, "yard"), 1);
    assert_int_equal(zone_now(f, "hall"), 1);
}

static void a_late_passage_never_moves_who_is_inside(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 12, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 11, 0), LANE_OUT, "acme", 0, .from = "yard"},
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard"},
    };
    apply_step(f, &steps[0]);
    apply_step(f, &steps[1]);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .exits = 1, .unpaired = 1, .present = 1,
              .revision = 1);
    apply_step(f, &steps[2]);
    check_day(f, "acme", 0, .persons = 1, .entries = 2, .exits = 1, .present = 1, .revision = 2);
    check_attended(f, "acme", 0, 1,
                   (struct attended){2, 1, AT(0, 8, 0), AT(0, 11, 0), PERSON_STAFF, 1});
    check_peak(f, "acme", 0, 1, AT(0, 8, 0));
}

static void a_backlog_revises_its_day(void **state)
{
    struct fixture *f = *state;
    static const struct step live = {1, AT(0, 8, 0), LANE_IN, "acme", 0, .delay_us = MINUTE_US};
    static const struct step backlog = {2, AT(0, 8, 1), LANE_IN, "acme", 0,
                                        .delay_us = MINUTE_US + 1};
    apply_step(f, &live);
    check_day(f, "acme", 0, .persons = 1, .entries = 1, .present = 1);
    apply_step(f, &backlog);
    check_day(f, "acme", 0, .persons = 2, .entries = 2, .present = 2, .revision = 1);
}

static void a_late_exit_lowers_the_peak(void **state)
{
    struct fixture *f = *state;
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard"},
        {2, AT(0, 8, 2), LANE_IN, "acme", 0, .to = "yard"},
        {3, AT(0, 8, 4), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 9, 0), LANE_IN, "acme", 0, .to = "yard"},
        {1, AT(0, 8, 3), LANE_OUT, "acme", 0, .from = "yard"},
    };
    for (size_t i = 0; i + 1 < ARRAY_LEN(steps); i++) {
        apply_step(f, &steps[i]);
    }
    check_peak(f, "acme", 0, 3, AT(0, 8, 4));
    apply_step(f, &steps[4]);
    check_peak(f, "acme", 0, 3, AT(0, 9, 0));
    check_zone_peak(f, "yard", AT(0, 8, 0), AT(0, 9, 0), 2, AT(0, 8, 2));
}

/* --- refusals --- */

static void bad_entries_change_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct step bad[] = {
        {1, AT(0, 8, 0), LANE_BOTH, "acme", 0, .to = ""},
        {1, AT(0, 8, 0), LANE_NO_DIRECTION, "acme", 0, .to = ""},
        {1, AT(0, 8, 0), LANE_IN, "", 0, .to = ""},
        {1, AT(0, 8, 0), LANE_IN, "Not A Name", 0, .to = ""},
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard//hall"},
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .from = "yard/yard"},
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .kind = HEADCOUNT_KINDS},
        {1, 0, LANE_IN, "acme", 0, .to = ""},
        {1, INT64_MAX, LANE_IN, "acme", 0, .to = ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct fault fault = {0};
        assert_int_equal(try_step(f, &bad[i], &fault), ERR_INPUT);
        assert_non_null(strstr(fault.what, "do not make a passage"));
    }
    struct handle holder;
    static const struct step good = {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard"};
    Parkgate__EventEntry entry = step_entry(&good, &holder);
    entry.counts = false;
    assert_int_equal(headcount_apply(f->txn, 1, (struct wall){0}, &entry, NULL), ERR_OK);
    entry.counts = true;
    entry.holder.len = 0;
    assert_int_equal(headcount_apply(f->txn, 1, (struct wall){0}, &entry, NULL), ERR_OK);
    entry.holder.len = 7;
    assert_int_equal(headcount_apply(f->txn, 1, (struct wall){0}, &entry, NULL), ERR_INPUT);
    assert_int_equal(rows_in(f, TABLE_PASSAGE), 0);
    assert_int_equal(rows_in(f, TABLE_DAY), 0);
}

static void a_repeated_event_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard", .journal = 1},
        {1, AT(0, 9, 0), LANE_IN, "acme", 0, .to = "yard", .journal = 2},
    };
    apply_steps(f, steps);
    assert_int_equal(try_step(f, &steps[0], &fault), ERR_REFUSED);
    assert_int_equal(try_step(f, &steps[1], &fault), ERR_REFUSED);
    check_day(f, "acme", 0, .persons = 1, .entries = 2, .unpaired = 1, .present = 1);
}
/* clang-format on */

/* --- random orders --- */

enum { RANDOM_STEPS = 14, RANDOM_SETS = 150, ORDERS = 6, DUMP_SIZE = 1 << 17 };

static void dump_bytes(char *out, size_t *at, struct bytes bytes)
{
    MUST(*at + 2 * bytes.size + 4 < DUMP_SIZE);
    bytes_to_hex(bytes, out + *at, DUMP_SIZE - *at);
    *at += 2 * bytes.size;
    out[(*at)++] = ' ';
}

static void dump_row(enum table table, struct bytes key, struct bytes value, char *out, size_t *at)
{
    uint8_t packed[256];
    if (table == TABLE_DAY) {
        AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
        assert_int_equal(
            store_unpack_message(key, value, &parkgate__day_record__descriptor, &found, NULL),
            ERR_OK);
        ((Parkgate__DayRecord *)found)->revision = 0;
        MUST(protobuf_c_message_get_packed_size(found) <= sizeof(packed));
        value = (struct bytes){packed, protobuf_c_message_pack(found, packed)};
        if (value.size == 0) {
            return; /* nothing is left of it but that it was revised */
        }
    }
    dump_bytes(out, at, key);
    dump_bytes(out, at, value);
    out[(*at)++] = '\n';
    out[*at] = '\0';
}

static void dump_tables(struct fixture *f, char *out)
{
    size_t at = 0;
    for (enum table table = 0; table < TABLE_COUNT; table++) {
        AUTO(store_iter_end) struct store_iter iter = {0};
        struct bytes key, value;
        at += (size_t)snprintf(out + at, DUMP_SIZE - at, "%s\n", table_names[table]);
        assert_int_equal(
            store_iter_prefix(f->txn, table, (struct bytes){0}, UINT64_MAX, &iter, NULL), ERR_OK);
        while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
            dump_row(table, key, value, out, &at);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->at_us != y->at_us) {
        return x->at_us < y->at_us ? -1 : 1;
    }
    return x->journal < y->journal ? -1 : 1;
}

static void any_order_gives_the_same_tables(void **state)
{
    struct fixture *f = *state;
    static char want[DUMP_SIZE], got[DUMP_SIZE];
    struct step steps[RANDOM_STEPS];
    int orders = 0;
    for (uint64_t set = 1; set <= RANDOM_SETS; set++) {
        uint64_t seed = set * 0x9e3779b97f4a7c15;
        for (size_t i = 0; i < RANDOM_STEPS; i++) {
            steps[i] = random_step(&seed, 3, 40);
            steps[i].journal = i + 1;
        }
        qsort(steps, RANDOM_STEPS, sizeof(steps[0]), by_time);
        fixture_restart(f);
        apply_steps(f, steps);
        dump_tables(f, want);
        for (int order = 0; order < ORDERS; order++, orders++) {
            shuffle(steps, RANDOM_STEPS, &seed);
            fixture_restart(f);
            apply_steps(f, steps);
            dump_tables(f, got);
            if (strcmp(want, got) != 0) {
                fail_msg("set %d, order %d:\n%s\nin order of time:\n%s", (int)set, order, got,
                         want);
            }
        }
    }
    print_message("%d orders\n", orders);
    assert_true(orders > 0);
}

#define store_test(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(a_plain_day),
        store_test(night_shift_across_midnight),
        store_test(a_break_at_half_past_six),
        store_test(two_tenants_for_one_person_on_one_day),
        store_test(exit_without_entry_and_missed_exit),
        store_test(inner_zones),
        store_test(unsensed_grants_are_marked),
        store_test(vehicles_have_presence_and_no_headcount),
        store_test(a_late_entry_takes_the_place_of_an_unseen_one),
        store_test(a_late_passage_never_moves_who_is_inside),
        store_test(a_backlog_revises_its_day),
        store_test(a_late_exit_lowers_the_peak),
        store_test(bad_entries_change_nothing),
        store_test(a_repeated_event_is_refused),
        store_test(any_order_gives_the_same_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
