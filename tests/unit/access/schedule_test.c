/* Goal: windows open and close on the very minute, over midnight, holidays and clock changes.
 * Method: a table of instants in local time, then a walk through two nights on which the clock
 * changes. */
#include "common/access/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { MON = 1, TUE = 2, WED = 4, THU = 8, FRI = 16, SAT = 32, SUN = 64 };

static uint16_t at(const char *hh_mm)
{
    return (uint16_t)(((hh_mm[0] - '0') * 10 + hh_mm[1] - '0') * 60 + (hh_mm[3] - '0') * 10 +
                      hh_mm[4] - '0');
}

static int32_t day_of(const char *date)
{
    int32_t day = 0;
    assert_true(civil_date_parse(bytes_of_text(date), &day));
    return day;
}

static struct civil local(const char *date, const char *hh_mm)
{
    int32_t day = day_of(date);
    return (struct civil){.day = day, .minute = at(hh_mm), .weekday = civil_weekday(day)};
}

/* Weekdays 06:00-22:00, Monday to Friday nights 22:00-06:00, Sunday 00:00-24:00; two holidays. */
static void fill(struct schedule *schedule, struct holidays *holidays)
{
    *schedule = (struct schedule){
        .window_count = 3,
        .windows = {{MON | TUE | WED | THU | FRI, {360, 1320}},
                    {WED | FRI, {1320, 360}},
                    {SUN, {0, 1440}}}
    };
    *holidays = (struct holidays){.count = 2};
    holidays->days[0] = (struct holiday){.day = day_of("2026-10-01")}; /* Thursday, closed */
    holidays->days[1] = (struct holiday){
        .day = day_of("2026-10-05"), /* Monday, own windows */
        .window_count = 2,
        .windows = {{540, 720}, {1380, 120}}
    };
}

static void minutes_and_midnights(void **state)
{
    (void)state;
    static const struct {
        const char *label, *date, *time;
        enum schedule_state expected;
    } rows[] = {
        {"before the start",                           "2026-09-22", "05:59", SCHEDULE_CLOSED },
        {"the start is inside",                        "2026-09-22", "06:00", SCHEDULE_OPEN   },
        {"the last minute",                            "2026-09-22", "21:59", SCHEDULE_OPEN   },
        {"the end is outside",                         "2026-09-22", "22:00", SCHEDULE_CLOSED },
        {"a night window opens",                       "2026-09-23", "22:00", SCHEDULE_OPEN   },
        {"it runs over midnight",                      "2026-09-24", "00:00", SCHEDULE_OPEN   },
        {"to its last minute",                         "2026-09-24", "05:59", SCHEDULE_OPEN   },
        {"into the day window",                        "2026-09-24", "06:00", SCHEDULE_OPEN   },
        {"Friday's night on Saturday",                 "2026-09-26", "05:59", SCHEDULE_OPEN   },
        {"its end",                                    "2026-09-26", "06:00", SCHEDULE_CLOSED },
        {"the whole Sunday",                           "2026-09-27", "00:00", SCHEDULE_OPEN   },
        {"to 24:00",                                   "2026-09-27", "23:59", SCHEDULE_OPEN   },
        {"not into Monday",                            "2026-09-28", "00:00", SCHEDULE_CLOSED },
        {"holiday: last night's window runs on",       "2026-10-01", "03:00", SCHEDULE_OPEN   },
        {"holiday: and ends",                          "2026-10-01", "06:00", SCHEDULE_HOLIDAY},
        {"holiday: closed by day",                     "2026-10-01", "12:00", SCHEDULE_HOLIDAY},
        {"holiday: closed anyway",                     "2026-10-01", "23:00", SCHEDULE_CLOSED },
        {"own windows: before",                        "2026-10-05", "08:59", SCHEDULE_HOLIDAY},
        {"own windows: first",                         "2026-10-05", "09:00", SCHEDULE_OPEN   },
        {"own windows: between",                       "2026-10-05", "12:00", SCHEDULE_HOLIDAY},
        {"own windows: opens where the week does not", "2026-10-05", "23:00", SCHEDULE_OPEN   },
        {"own windows: over midnight",                 "2026-10-06", "01:59", SCHEDULE_OPEN   },
        {"own windows: their end",                     "2026-10-06", "02:00", SCHEDULE_CLOSED },
    };
    struct schedule schedule;
    struct holidays holidays;
    fill(&schedule, &holidays);
    assert_true(schedule_is_valid(&schedule) && holidays_are_valid(&holidays));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum schedule_state got =
            schedule_state(&schedule, &holidays, local(rows[i].date, rows[i].time));
        if (got != rows[i].expected) {
            fail_msg("%s: got %d", rows[i].label, (int)got);
        }
    }
}

static void without_holidays(void **state)
{
    (void)state;
    struct schedule schedule;
    struct holidays holidays;
    fill(&schedule, &holidays);
    assert_true(schedule_open(&schedule, NULL, local("2026-10-01", "12:00")));
    assert_false(schedule_open(&schedule, &holidays, local("2026-10-01", "12:00")));
}

static void none_and_always(void **state)
{
    (void)state;
    struct schedule none = {0};
    struct schedule always = schedule_always();
    assert_true(schedule_is_valid(&always));
    for (int32_t day = 20000; day < 20007; day++) {
        for (uint16_t minute = 0; minute < MINUTES_PER_DAY; minute++) {
            struct civil now = {.day = day, .minute = minute, .weekday = civil_weekday(day)};
            assert_int_equal(schedule_state(&always, NULL, now), SCHEDULE_OPEN);
            assert_int_equal(schedule_state(&none, NULL, now), SCHEDULE_CLOSED);
        }
    }
}

static void bounds(void **state)
{
    (void)state;
    assert_false(day_window_is_valid((struct day_window){360, 360}));
    assert_false(day_window_is_valid((struct day_window){1440, 60}));
    assert_false(day_window_is_valid((struct day_window){0, 1441}));
    assert_false(day_window_is_valid((struct day_window){60, 0}));
    assert_true(day_window_is_valid((struct day_window){1439, 1440}));
    struct schedule schedule = {.window_count = 1, .windows = {{MON, {60, 60}}}};
    assert_false(schedule_is_valid(&schedule));
    assert_false(schedule_open(&schedule, NULL, local("2026-09-21", "01:00")));
    schedule.windows[0] = (struct week_window){
        0, {60, 120}
    };
    assert_false(schedule_is_valid(&schedule));
    schedule.windows[0].weekdays = 0x80;
    assert_false(schedule_is_valid(&schedule));
    schedule.window_count = SCHEDULE_WINDOWS_MAX + 1;
    assert_false(schedule_is_valid(&schedule));
    assert_false(schedule_open(&schedule, NULL, local("2026-09-21", "01:00")));
    struct holidays holidays = {.count = 1};
    holidays.days[0].window_count = HOLIDAY_WINDOWS_MAX + 1;
    assert_false(holidays_are_valid(&holidays));
    holidays.days[0].window_count = 1;
    assert_false(holidays_are_valid(&holidays));
    holidays.count = HOLIDAYS_MAX + 1;
    assert_false(holidays_are_valid(&holidays));
}

/* Minutes that a window is open in true time, over the two days from `date` 12:00. */
static int open_minutes(const struct tz_table *tz, struct day_window window, const char *date)
{
    struct schedule schedule = {.window_count = 1, .windows = {{SAT, window}}};
    struct wall start = civil_to_wall(tz, day_of(date), 12 * 60);
    int open = 0;
    for (int i = 0; i < 2 * MINUTES_PER_DAY; i++) {
        struct wall now = {start.us + (int64_t)i * 60000000};
        open += schedule_open(&schedule, NULL, civil_of(tz, now));
    }
    return open;
}

static void clock_changes(void **state)
{
    (void)state;
    struct tz_table berlin;
    assert_int_equal(
        tz_load(PARKGATE_SOURCE_DIR "/tests/data/zoneinfo", "Europe/Berlin", &berlin, NULL),
        ERR_OK);
    const struct day_window night = {22 * 60, 6 * 60};
    const struct day_window evening = {22 * 60, 2 * 60 + 30};
    assert_int_equal(open_minutes(&berlin, night, "2026-05-02"), 8 * 60);
    assert_int_equal(open_minutes(&berlin, night, "2026-03-28"), 7 * 60); /* 02:00 becomes 03:00 */
    assert_int_equal(open_minutes(&berlin, night, "2026-10-24"), 9 * 60); /* 03:00 becomes 02:00 */
    assert_int_equal(open_minutes(&berlin, evening, "2026-03-28"), 4 * 60);
    assert_int_equal(open_minutes(&berlin, evening, "2026-10-24"), 4 * 60 + 60);
}

static void a_window_in_the_gap_does_not_open(void **state)
{
    (void)state;
    struct tz_table berlin;
    assert_int_equal(
        tz_load(PARKGATE_SOURCE_DIR "/tests/data/zoneinfo", "Europe/Berlin", &berlin, NULL),
        ERR_OK);
    struct schedule schedule = {.window_count = 1, .windows = {{SUN, {120, 180}}}};
    int open[2] = {0, 0};
    const char *const dates[] = {"2026-03-29", "2026-10-25"};
    for (size_t d = 0; d < ARRAY_LEN(dates); d++) {
        struct wall start = civil_to_wall(&berlin, day_of(dates[d]), 0);
        for (int i = 0; i < 6 * 60; i++) {
            struct wall now = {start.us + (int64_t)i * 60000000};
            open[d] += schedule_open(&schedule, NULL, civil_of(&berlin, now));
        }
    }
    assert_int_equal(open[0], 0);
    assert_int_equal(open[1], 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_and_midnights),
        cmocka_unit_test(without_holidays),
        cmocka_unit_test(none_and_always),
        cmocka_unit_test(bounds),
        cmocka_unit_test(clock_changes),
        cmocka_unit_test(a_window_in_the_gap_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
