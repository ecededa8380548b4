/* Goal: every entry counts for the right tenant and day. Method: the examples of
 * docs/decision-rules.md part 2 row by row, ties and clock changes, then every quarter hour of
 * three days against properties. */
#include "common/access/business_day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define ZONES           PARKGATE_SOURCE_DIR "/tests/data/zoneinfo"
#define H(hour, minute) ((hour)*60 + (minute))

enum { A = 100, B = 200, C = 300 };
enum { MAY = 20574 }; /* 2026-05-01 is this day; the rows name days of that May */

static struct tz_table shanghai;
static struct tz_table berlin;

static int load_zones(void **state)
{
    (void)state;
    return tz_load(ZONES, "Asia/Shanghai", &shanghai, NULL) != ERR_OK ||
           tz_load(ZONES, "Europe/Berlin", &berlin, NULL) != ERR_OK;
}

/* tenant, first and last day of May, start, end, early margin, cut */
#define WORKS(tenant_, from, to, start, end, early, cut)                                           \
    {                                                                                              \
        .tenant = (tenant_), .from_day = MAY - 1 + (from), .to_day = MAY - 1 + (to),               \
        .start_minute = (start), .end_minute = (end), .early_minutes = (early),                    \
        .cut_minute = (cut)                                                                        \
    }

#define DAY_2      WORKS(A, 2, 2, H(8, 0), H(17, 0), 30, H(6, 0))
#define NIGHT_1    WORKS(A, 1, 1, H(22, 0), H(7, 0), 30, H(6, 0))
#define NIGHTS_1_5 WORKS(A, 1, 5, H(22, 0), H(7, 0), 30, H(6, 0))
#define MORNING_A  WORKS(A, 2, 2, H(8, 0), H(12, 0), 30, H(6, 0))
#define NOON_B     WORKS(B, 2, 2, H(13, 0), H(17, 0), 30, H(6, 0))
#define LATE_B     WORKS(B, 2, 2, H(11, 0), H(15, 0), 30, H(6, 0))

static const struct {
    const char *label;
    struct assignment assignments[3];
    size_t count;
    int day; /* of May 2026 */
    int minute;
    enum business_day_row row;
    uint32_t tenant;
    int business_day; /* of May 2026 */
} cases[] = {
    {"A1 early margin begins",                {DAY_2},                                      1, 2, H(7,  30), BUSINESS_DAY_IN_SHIFT,      A, 2},
    {"A1 late for work",                      {DAY_2},                                      1, 2, H(9,  15), BUSINESS_DAY_IN_SHIFT,      A, 2},
    {"A1 last minute",                        {DAY_2},                                      1, 2, H(16, 59), BUSINESS_DAY_IN_SHIFT,      A, 2},
    {"A3 a minute before the margin",         {DAY_2},                                      1, 2, H(7,  29), BUSINESS_DAY_CUT_HOUR,      A, 2},
    {"A3 at the shift's end",                 {DAY_2},                                      1, 2, H(17, 0),  BUSINESS_DAY_CUT_HOUR,      A, 2},
    {"A3 before the cut, kept in its days",   {DAY_2},                                      1, 2, H(5,  30), BUSINESS_DAY_CUT_HOUR,      A, 2},
    {"A3 after midnight, cut day is its day", {DAY_2},                                      1, 3, H(5,  59), BUSINESS_DAY_CUT_HOUR,      A, 2},
    {"A5 the cut ends its day",               {DAY_2},                                      1, 3, H(6,  0),  BUSINESS_DAY_UNDECLARED,    C, 3},
    {"A5 the evening before",                 {DAY_2},                                      1, 1, H(23, 0),  BUSINESS_DAY_UNDECLARED,    C, 1},
    {"A1 night shift begins",                 {NIGHT_1},                                    1, 1, H(21, 55), BUSINESS_DAY_IN_SHIFT,      A, 1},
    {"A1 night shift after midnight",         {NIGHT_1},                                    1, 2, H(0,  40), BUSINESS_DAY_IN_SHIFT,      A, 1},
    {"A1 a break at 06:30",                   {NIGHT_1},                                    1, 2, H(6,  30), BUSINESS_DAY_IN_SHIFT,      A, 1},
    {"A5 night shift is over",                {NIGHT_1},                                    1, 2, H(7,  5),  BUSINESS_DAY_UNDECLARED,    C, 2},
    {"A3 nights of a week, in the morning",
     {NIGHTS_1_5},
     1,                                                                                        2,
     H(7,                                                                                               5),
     BUSINESS_DAY_CUT_HOUR,                                                                                                              A,
     2                                                                                                                                       },
    {"A1 nights of a week, a break at 06:30",
     {NIGHTS_1_5},
     1,                                                                                        6,
     H(6,                                                                                               30),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              A,
     5                                                                                                                                       },
    {"A1 two tenants, the first",             {MORNING_A, NOON_B},                          2, 2, H(7,  45), BUSINESS_DAY_IN_SHIFT,      A, 2},
    {"A1 two tenants, the second",
     {MORNING_A, NOON_B},
     2,                                                                                        2,
     H(12,                                                                                              35),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              B,
     2                                                                                                                                       },
    {"A4 between both",                       {MORNING_A, NOON_B},                          2, 2, H(12, 10), BUSINESS_DAY_NEAREST_SHIFT, B, 2},
    {"A4 early in the morning",
     {NOON_B, MORNING_A},
     2,                                                                                        2,
     H(6,                                                                                               30),
     BUSINESS_DAY_NEAREST_SHIFT,                                                                                                         A,
     2                                                                                                                                       },
    {"A4 after both",                         {MORNING_A, NOON_B},                          2, 2, H(18, 0),  BUSINESS_DAY_NEAREST_SHIFT, B, 2},
    {"A2 overlap, nearest start",
     {MORNING_A, LATE_B},
     2,                                                                                        2,
     H(11,                                                                                              20),
     BUSINESS_DAY_IN_SHIFTS,                                                                                                             B,
     2                                                                                                                                       },
    {"A2 overlap, in its margin",
     {MORNING_A, LATE_B},
     2,                                                                                        2,
     H(10,                                                                                              45),
     BUSINESS_DAY_IN_SHIFTS,                                                                                                             B,
     2                                                                                                                                       },
    {"A1 only one contains it",               {MORNING_A, LATE_B},                          2, 2, H(10, 29), BUSINESS_DAY_IN_SHIFT,      A, 2},
    {"A2 tie: the one already begun",
     {WORKS(B, 2, 2, H(13, 0), H(17, 0), 240, 0), WORKS(A, 2, 2, H(9, 0), H(12, 0), 0, 0)},
     2,                                                                                        2,
     H(11,                                                                                              0),
     BUSINESS_DAY_IN_SHIFTS,                                                                                                             A,
     2                                                                                                                                       },
    {"A4 tie: the one to come",
     {WORKS(A, 2, 2, H(8, 0), H(10, 0), 0, 0), WORKS(B, 2, 2, H(14, 0), H(17, 0), 0, 0)},
     2,                                                                                        2,
     H(11,                                                                                              0),
     BUSINESS_DAY_NEAREST_SHIFT,                                                                                                         B,
     2                                                                                                                                       },
    {"A2 equal starts: declared first",
     {WORKS(B, 2, 2, H(8, 0), H(12, 0), 0, 0), WORKS(A, 2, 2, H(8, 0), H(17, 0), 0, 0)},
     2,                                                                                        2,
     H(9,                                                                                               0),
     BUSINESS_DAY_IN_SHIFTS,                                                                                                             B,
     2                                                                                                                                       },
    {"A4 equal starts: declared first",
     {WORKS(B, 2, 2, H(8, 0), H(12, 0), 0, 0), WORKS(A, 2, 2, H(8, 0), H(12, 0), 0, 0)},
     2,                                                                                        2,
     H(13,                                                                                              0),
     BUSINESS_DAY_NEAREST_SHIFT,                                                                                                         B,
     2                                                                                                                                       },
    {"A4 tomorrow's shift is nearest",
     {WORKS(A, 2, 3, H(0, 30), H(5, 0), 0, 0), WORKS(B, 2, 2, H(9, 0), H(17, 0), 0, 0)},
     2,                                                                                        2,
     H(23,                                                                                              50),
     BUSINESS_DAY_NEAREST_SHIFT,                                                                                                         A,
     3                                                                                                                                       },
    {"A1 margin over midnight",
     {WORKS(A, 3, 3, H(0, 30), H(5, 0), 60, 0)},
     1,                                                                                        2,
     H(23,                                                                                              40),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              A,
     3                                                                                                                                       },
    {"A1 24 hours",
     {WORKS(A, 1, 1, H(8, 0), H(8, 0), 0, 0)},
     1,                                                                                        2,
     H(7,                                                                                               59),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              A,
     1                                                                                                                                       },
    {"A1 both days of a 24 hour shift meet",
     {WORKS(A, 1, 2, H(8, 0), H(8, 0), 0, 0)},
     1,                                                                                        2,
     H(8,                                                                                               0),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              A,
     2                                                                                                                                       },
    {"A1 ends at 24:00",
     {WORKS(A, 1, 1, H(16, 0), H(24, 0), 0, 0)},
     1,                                                                                        1,
     H(23,                                                                                              59),
     BUSINESS_DAY_IN_SHIFT,                                                                                                              A,
     1                                                                                                                                       },
    {"A5 none at all",                        {{0}},                                        0, 2, H(3,  30), BUSINESS_DAY_UNDECLARED,    C, 1},
    {"A5 none at all, after the cut",         {{0}},                                        0, 2, H(4,  0),  BUSINESS_DAY_UNDECLARED,    C, 2},
    {"A5 against its bounds",
     {WORKS(A, 3, 1, H(8, 0), H(17, 0), 0, 0)},
     1,                                                                                        2,
     H(9,                                                                                               0),
     BUSINESS_DAY_UNDECLARED,                                                                                                            C,
     2                                                                                                                                       },
};

static const struct home_tenant home = {.tenant = C, .cut_minute = H(4, 0)};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wall captured = civil_to_wall(&shanghai, MAY - 1 + cases[i].day, cases[i].minute);
        struct attribution got =
            business_day_of(&shanghai, captured, cases[i].assignments, cases[i].count, home);
        if (got.row != cases[i].row || got.tenant != cases[i].tenant ||
            got.day != MAY - 1 + cases[i].business_day) {
            fail_msg("%s: got row A%d (%s), tenant %u, %d May", cases[i].label, (int)got.row,
                     business_day_row_name(got.row), got.tenant, got.day - MAY + 1);
        }
        assert_int_equal(got.assignment == NO_ASSIGNMENT, got.row == BUSINESS_DAY_UNDECLARED);
        if (got.assignment != NO_ASSIGNMENT) {
            assert_int_equal(cases[i].assignments[got.assignment].tenant, got.tenant);
        }
    }
}

static void the_labels_cover_every_row(void **state)
{
    (void)state;
    for (int row = BUSINESS_DAY_IN_SHIFT; row <= BUSINESS_DAY_UNDECLARED; row++) {
        int found = 0;
        char label[16];
        (void)snprintf(label, sizeof(label), "A%d ", row);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            bool labelled = strncmp(cases[i].label, label, strlen(label)) == 0;
            assert_int_equal(labelled, (int)cases[i].row == row);
            found += labelled;
        }
        assert_true(found > 0);
    }
}

/* `| A1 | `in-shift` | ...` in the page is row 1 of the code. */
static void the_page_names_the_rows(void **state)
{
    (void)state;
    FILE *page = fopen(PARKGATE_SOURCE_DIR "/docs/decision-rules.md", "r");
    assert_non_null(page);
    static const enum business_day_row order[] = {
        BUSINESS_DAY_IN_SHIFT,      BUSINESS_DAY_IN_SHIFTS, BUSINESS_DAY_CUT_HOUR,
        BUSINESS_DAY_NEAREST_SHIFT, BUSINESS_DAY_INVITED,   BUSINESS_DAY_UNDECLARED};
    char line[1024];
    size_t found = 0;
    while (fgets(line, sizeof(line), page) != NULL) {
        int row = 0;
        char name[32];
        if (sscanf(line, "| A%d | `%31[a-z-]`", &row, name) == 2) {
            assert_true(found < ARRAY_LEN(order));
            assert_int_equal(row, order[found++]);
            assert_string_equal(business_day_row_name((enum business_day_row)row), name);
        }
    }
    assert_int_equal(fclose(page), 0);
    assert_int_equal(found, ARRAY_LEN(order));
    assert_string_equal(business_day_row_name((enum business_day_row)7), "unknown");
}

/* Who is expected counts where he is expected, unless an assignment says more. */
static void an_invited_entry_counts_for_who_expects(void **state)
{
    (void)state;
    const struct home_tenant host = {.tenant = 9, .cut_minute = 4 * 60, .invited = true};
    const struct assignment day = DAY_2;
    struct attribution got =
        business_day_of(&shanghai, civil_to_wall(&shanghai, MAY + 1, H(3, 59)), NULL, 0, host);
    assert_int_equal(got.row, BUSINESS_DAY_INVITED);
    assert_int_equal(got.tenant, 9);
    assert_int_equal(got.day, MAY + 0);
    assert_int_equal(got.assignment, NO_ASSIGNMENT);
    got = business_day_of(&shanghai, civil_to_wall(&shanghai, MAY + 1, H(4, 0)), NULL, 0, host);
    assert_int_equal(got.day, MAY + 1);
    got = business_day_of(&shanghai, civil_to_wall(&shanghai, MAY + 1, H(9, 0)), &day, 1, host);
    assert_int_equal(got.row, BUSINESS_DAY_IN_SHIFT);
}

/* On 29 March 2026 Berlin's 02:00 becomes 03:00, on 25 October its 03:00 becomes 02:00. */
static void a_night_shift_over_a_clock_change(void **state)
{
    (void)state;
    static const int32_t days[] = {20540, 20750}; /* 28 March, 24 October 2026 */
    static const int hours[] = {8, 10};           /* true length of 22:00 to 07:00 */
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        struct assignment night = {.tenant = A,
                                   .from_day = days[i],
                                   .to_day = days[i],
                                   .start_minute = H(22, 0),
                                   .end_minute = H(7, 0),
                                   .cut_minute = H(6, 0)};
        struct wall start = civil_to_wall(&berlin, days[i], H(22, 0));
        for (int minute = 0; minute <= hours[i] * 60; minute++) {
            struct wall captured = {start.us + (int64_t)minute * 60000000};
            struct attribution got = business_day_of(&berlin, captured, &night, 1, home);
            bool inside = minute < hours[i] * 60;
            assert_int_equal(got.row == BUSINESS_DAY_IN_SHIFT, inside);
            assert_true(!inside || got.day == days[i]);
        }
    }
}

/* Whatever the hour: a declared entry names an assignment on one of its days, and at most a day
 * off. */
static void every_quarter_hour(void **state)
{
    (void)state;
    static const struct assignment all[] = {DAY_2, NIGHT_1, NIGHTS_1_5, MORNING_A, NOON_B, LATE_B};
    for (unsigned set = 0; set < 1U << ARRAY_LEN(all); set++) {
        struct assignment chosen[ASSIGNMENTS_MAX];
        size_t count = 0;
        for (size_t i = 0; i < ARRAY_LEN(all); i++) {
            if ((set >> i & 1) != 0) {
                chosen[count++] = all[i];
            }
        }
        for (int32_t minute = 0; minute < 5 * MINUTES_PER_DAY; minute += 15) {
            struct wall captured = civil_to_wall(&shanghai, MAY - 1, minute);
            struct attribution got = business_day_of(&shanghai, captured, chosen, count, home);
            int32_t local_day = civil_of(&shanghai, captured).day;
            assert_in_range(got.day, (uint32_t)local_day - 1, (uint32_t)local_day + 1);
            if (got.assignment != NO_ASSIGNMENT) {
                const struct assignment *found = &chosen[got.assignment];
                assert_true(got.day >= found->from_day && got.day <= found->to_day);
                assert_int_equal(got.tenant, found->tenant);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(the_labels_cover_every_row),
        cmocka_unit_test(the_page_names_the_rows),
        cmocka_unit_test(an_invited_entry_counts_for_who_expects),
        cmocka_unit_test(a_night_shift_over_a_clock_change),
        cmocka_unit_test(every_quarter_hour),
    };
    return cmocka_run_group_tests(tests, load_zones, NULL);
}
