/* Goal: local dates and times are right in every zone and year. Method: vectors that Python's
 * zoneinfo made (civil_vectors.py) over zone files kept in tests/data, then dates against a
 * day-by-day walk. */
#include "common/access/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/access/civil_vectors.h"

#define ZONES PARKGATE_SOURCE_DIR "/tests/data/zoneinfo"

/* Loads `name` unless it is loaded already. */
static void zone(const char *name, struct tz_table *table)
{
    if (strcmp(table->name, name) != 0) {
        struct fault fault = {0};
        if (tz_load(ZONES, name, table, &fault) != ERR_OK) {
            fail_msg("%s", fault.what);
        }
    }
}

static struct tz_table table;

static void instants_to_local(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
        zone(instants[i].zone, &table);
        /* Half a second on: only whole seconds decide, before 1970 too. */
        struct civil got =
            civil_of(&table, (struct wall){.us = instants[i].utc_s * 1000000 + 500000});
        int32_t second = got.minute * 60 + got.second;
        if (got.day != instants[i].day || second != instants[i].second_of_day ||
            got.offset_s != instants[i].offset_s) {
            fail_msg("%s %lld: got day %d second %d offset %d", instants[i].zone,
                     (long long)instants[i].utc_s, got.day, second, got.offset_s);
        }
    }
    print_message("instants: %zu\n", ARRAY_LEN(instants));
}

static void local_to_instants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
        zone(locals[i].zone, &table);
        struct wall got = civil_to_wall(&table, locals[i].day, locals[i].minute);
        if (got.us != locals[i].utc_s * 1000000) {
            fail_msg("%s day %d minute %d: got %lld, not %lld", locals[i].zone, locals[i].day,
                     locals[i].minute, (long long)got.us / 1000000, (long long)locals[i].utc_s);
        }
    }
    print_message("local times: %zu\n", ARRAY_LEN(locals));
}

static void shanghai_had_summer_time_in_1991(void **state)
{
    (void)state;
    int32_t day = 0;
    assert_true(civil_date_parse(bytes_of_text("1991-07-01"), &day));
    zone("Asia/Shanghai", &table);
    struct civil got = civil_of(&table, civil_to_wall(&table, day, 12 * 60));
    assert_int_equal(got.offset_s, 9 * 3600);
    assert_true(got.dst);
    assert_int_equal(got.minute, 12 * 60);
    assert_int_equal(got.weekday, WEEKDAY_MONDAY);
}

static void minutes_may_leave_their_day(void **state)
{
    (void)state;
    zone("Europe/Berlin", &table);
    int32_t day = 0;
    assert_true(civil_date_parse(bytes_of_text("2026-05-02"), &day));
    assert_true(civil_to_wall(&table, day, 1440 + 30).us == civil_to_wall(&table, day + 1, 30).us);
    assert_true(civil_to_wall(&table, day, -30).us == civil_to_wall(&table, day - 1, 1410).us);
}

static void every_day_of_five_centuries(void **state)
{
    (void)state;
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t day = 0;
    assert_true(civil_day_of((struct civil_date){1899, 12, 31}, &day));
    int weekday = WEEKDAY_SUNDAY; /* 1899-12-31 */
    struct civil_date walk = {1899, 12, 31};
    while (walk.year < 2400) {
        struct civil_date got = civil_date_of(day);
        int32_t back = 0;
        assert_int_equal(got.year, walk.year);
        assert_int_equal(got.month, walk.month);
        assert_int_equal(got.day, walk.day);
        assert_true(civil_day_of(walk, &back) && back == day);
        assert_int_equal(civil_weekday(day), weekday);

        bool leap = (walk.year % 4 == 0 && walk.year % 100 != 0) || walk.year % 400 == 0;
        int length = lengths[walk.month - 1] + (walk.month == 2 && leap);
        walk.day++;
        if (walk.day > length) {
            assert_false(civil_day_of(walk, &back));
            walk.day = 1;
            walk.month++;
        }
        if (walk.month > 12) {
            walk.month = 1;
            walk.year++;
        }
        day++;
        weekday = (weekday + 1) % 7;
    }
}

static void dates_as_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "2026-5-02",  "2026-05-2",   "2026-05-32",
                                      "2026-02-29", "2026-13-01", "2026-00-10",  "2026-05-00",
                                      "0000-01-01", "2026/05/02", "2026-05-02 ", "２026-05-0",
                                      "-026-05-02", "2026-05-0x"};
    int32_t day = 77;
    char text[CIVIL_DATE_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(civil_date_parse(bytes_of_text(bad[i]), &day));
        assert_int_equal(day, 77);
    }
    static const char *const good[] = {"0001-01-01", "1970-01-01", "2024-02-29", "9999-12-31"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(civil_date_parse(bytes_of_text(good[i]), &day));
        civil_date_format(day, text);
        assert_string_equal(text, good[i]);
    }
    civil_date_format(INT32_MAX, text);
    assert_string_equal(text, "9999-12-31");
    civil_date_format(INT32_MIN, text);
    assert_string_equal(text, "0001-01-01");
}

static void stamps(void **state)
{
    (void)state;
    char text[CIVIL_STAMP_SIZE];
    zone("Asia/Shanghai", &table);
    civil_stamp_format(&table, (struct wall){.us = 1777679445678901}, text);
    assert_string_equal(text, "2026-05-02T07:50:45.678+08:00");
    civil_stamp_format(&table, (struct wall){.us = -1}, text);
    assert_string_equal(text, "1970-01-01T07:59:59.999+08:00");
    zone("America/New_York", &table);
    civil_stamp_format(&table, (struct wall){.us = 0}, text);
    assert_string_equal(text, "1969-12-31T19:00:00.000-05:00");
}

/* Footers that no present zone has, made by hand. */
static bool dst_at(const struct tz_tail *tail, const char *date, int32_t utc_minute)
{
    struct tz_table made = {.tail = *tail};
    int32_t day = 0;
    assert_true(civil_date_parse(bytes_of_text(date), &day));
    return civil_of(&made, (struct wall){.us = ((int64_t)day * 1440 + utc_minute) * 60000000}).dst;
}

static void days_of_the_year(void **state)
{
    (void)state;
    struct tz_tail tail = {.present = true, .has_dst = true, .dst_s = 3600};
    tail.dst_begins = (struct tz_change){.kind = TZ_DAY_JULIAN, .day = 60}; /* always 1 March */
    tail.dst_ends = (struct tz_change){.kind = TZ_DAY_ZERO, .day = 300, .time_s = 3600};
    assert_false(dst_at(&tail, "2023-02-28", 1439));
    assert_true(dst_at(&tail, "2023-03-01", 0));
    assert_false(dst_at(&tail, "2024-02-29", 1439));
    assert_true(dst_at(&tail, "2024-03-01", 0));
    assert_true(dst_at(&tail, "2023-10-27", 1439)); /* day 300 from 0: 28 October */
    assert_false(dst_at(&tail, "2023-10-28", 0));
    assert_true(dst_at(&tail, "2024-10-26", 1439)); /* and 27 October in a leap year */
    assert_false(dst_at(&tail, "2024-10-27", 0));
}

static void summer_time_all_year(void **state)
{
    (void)state;
    struct tz_tail tail = {.present = true, .has_dst = true, .standard_s = -18000, .dst_s = -14400};
    tail.dst_begins = (struct tz_change){.kind = TZ_DAY_ZERO, .day = 0, .time_s = 0};
    tail.dst_ends = (struct tz_change){.kind = TZ_DAY_JULIAN, .day = 365, .time_s = 25 * 3600};
    for (int32_t minute = 0; minute < 800 * 1440; minute += 60) {
        assert_true(dst_at(&tail, "2023-12-01", minute));
    }
}

/* Total: no input may overflow, loop or abort (the sanitizers look on). */
static void extremes(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Shanghai", "Australia/Lord_Howe", "Europe/Dublin"};
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        char text[CIVIL_STAMP_SIZE];
        zone(zones[i], &table);
        civil_stamp_format(&table, (struct wall){.us = INT64_MAX}, text);
        assert_int_equal(text[0], '9');
        civil_stamp_format(&table, (struct wall){.us = INT64_MIN}, text);
        (void)civil_to_wall(&table, INT32_MAX, INT32_MAX);
        (void)civil_to_wall(&table, INT32_MIN, INT32_MIN);
        (void)civil_date_of(INT32_MIN);
        (void)civil_weekday(INT32_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_to_local),
        cmocka_unit_test(local_to_instants),
        cmocka_unit_test(shanghai_had_summer_time_in_1991),
        cmocka_unit_test(minutes_may_leave_their_day),
        cmocka_unit_test(every_day_of_five_centuries),
        cmocka_unit_test(dates_as_text),
        cmocka_unit_test(stamps),
        cmocka_unit_test(days_of_the_year),
        cmocka_unit_test(summer_time_all_year),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
