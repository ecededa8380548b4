#include "common/access/civil.h"

#include "common/base/must.h"

enum { SECONDS_PER_DAY = 86400 };

/* Days of the years 1 and 9999, first and last. */
enum { DAY_OF_YEAR_1 = -719162, DAY_OF_YEAR_9999_END = 2932896 };

enum { DAYS_MAX = 100000000 }; /* what 64 bits of microseconds hold, with room to spare */

struct local_offset {
    int32_t offset_s;
    bool dst;
};

static int64_t divide_down(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

/* Days since 1970-01-01 and back, for any Gregorian date; counted in eras of 400 years that begin
 * on 1 March, so that a leap day is the last of its year.
 * Source: H. Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t day_from_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = divide_down(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil_date civil_date_of(int32_t day)
{
    int64_t shifted = (int64_t)day + 719468;
    int64_t era = divide_down(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_date){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

static bool is_leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool civil_day_of(struct civil_date date, int32_t *ret_day)
{
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return false;
    }
    *ret_day = (int32_t)day_from_date(date.year, date.month, date.day);
    return true;
}

enum weekday civil_weekday(int32_t day)
{
    /* 1970-01-01 was a Thursday. */
    int64_t from_monday = (int64_t)day + WEEKDAY_THURSDAY;
    return (enum weekday)(from_monday - divide_down(from_monday, 7) * 7);
}

/* The day of `year` that a rule of the zone's footer names. */
static int64_t change_day(const struct tz_change *change, int64_t year)
{
    int64_t new_year = day_from_date(year, 1, 1);
    if (change->kind == TZ_DAY_ZERO) {
        return new_year + change->day;
    }
    if (change->kind == TZ_DAY_JULIAN) {
        bool after_leap_day = is_leap_year(year) && change->day > 59;
        return new_year + change->day - 1 + after_leap_day;
    }
    int64_t first = day_from_date(year, change->month, 1);
    int64_t sunday_based = (civil_weekday((int32_t)first) + 1) % 7;
    int64_t to_weekday = (change->day - sunday_based + 7) % 7;
    int64_t in_month = to_weekday + (int64_t)(change->week - 1) * 7;
    while (in_month >= days_in_month(year, change->month)) {
        in_month -= 7; /* week 5 is the last one, which may be the fourth */
    }
    return first + in_month;
}

static int64_t change_instant(const struct tz_change *change, int64_t year, int32_t offset_before_s)
{
    return change_day(change, year) * SECONDS_PER_DAY + change->time_s - offset_before_s;
}

/* After the last transition. A change may lie days outside its own year (time up to 167 h), so the
 * latest one at or before the instant is sought among three years. Where a period ends at the very
 * instant at which the next begins (summer time all year), the begin counts. */
static struct local_offset tail_offset(const struct tz_tail *tail, int64_t at_s)
{
    struct local_offset standard = {.offset_s = tail->standard_s, .dst = false};
    struct local_offset dst = {.offset_s = tail->dst_s, .dst = true};
    if (!tail->has_dst) {
        return standard;
    }
    int64_t year =
        civil_date_of((int32_t)divide_down(at_s + tail->standard_s, SECONDS_PER_DAY)).year;
    int64_t latest_s = INT64_MIN;
    struct local_offset found = standard;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t begins_s = change_instant(&tail->dst_begins, y, tail->standard_s);
        int64_t ends_s = change_instant(&tail->dst_ends, y, tail->dst_s);
        if (begins_s <= at_s && begins_s >= latest_s) {
            latest_s = begins_s;
            found = dst;
        }
        if (ends_s <= at_s && ends_s > latest_s) {
            latest_s = ends_s;
            found = standard;
        }
    }
    return found;
}

/* The number of transitions at or before the instant. */
static uint32_t transitions_until(const struct tz_table *tz, int64_t at_s)
{
    uint32_t low = 0;
    uint32_t high = tz->transition_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tz->transitions[middle].at_s <= at_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct local_offset offset_at(const struct tz_table *tz, int64_t at_s)
{
    uint32_t passed = transitions_until(tz, at_s);
    if (passed == tz->transition_count && tz->tail.present) {
        return tail_offset(&tz->tail, at_s);
    }
    if (passed == 0) {
        return (struct local_offset){.offset_s = tz->first_offset_s, .dst = tz->first_dst};
    }
    const struct tz_transition *last = &tz->transitions[passed - 1];
    return (struct local_offset){.offset_s = last->offset_s, .dst = last->dst};
}

struct civil civil_of(const struct tz_table *tz, struct wall when)
{
    MUST(tz != NULL);
    int64_t at_s = divide_down(when.us, 1000000);
    struct local_offset offset = offset_at(tz, at_s);
    int64_t local_s = at_s + offset.offset_s;
    int64_t day = divide_down(local_s, SECONDS_PER_DAY);
    int64_t second_of_day = local_s - day * SECONDS_PER_DAY;
    return (struct civil){
        .day = (int32_t)day,
        .minute = (uint16_t)(second_of_day / 60),
        .second = (uint8_t)(second_of_day % 60),
        .weekday = civil_weekday((int32_t)day),
        .offset_s = offset.offset_s,
        .dst = offset.dst,
    };
}

/* Two offsets can matter: those a day before and a day after. If the local time exists under the
 * earlier one, the first of the possible instants is that. If it exists under neither, it lies in a
 * gap, where the earlier offset is the rule too. So the later one counts only where it alone fits.
 */
struct wall civil_to_wall(const struct tz_table *tz, int32_t day, int32_t minute)
{
    MUST(tz != NULL);
    day = day < -DAYS_MAX ? -DAYS_MAX : day > DAYS_MAX ? DAYS_MAX : day;
    int64_t local_s = (int64_t)day * SECONDS_PER_DAY + (int64_t)minute * 60;
    int32_t before_s = offset_at(tz, local_s - SECONDS_PER_DAY - 2 * 3600).offset_s;
    int32_t after_s = offset_at(tz, local_s + SECONDS_PER_DAY + 2 * 3600).offset_s;
    int64_t by_before_s = local_s - before_s;
    int64_t by_after_s = local_s - after_s;
    bool before_fits = offset_at(tz, by_before_s).offset_s == before_s;
    bool after_fits = offset_at(tz, by_after_s).offset_s == after_s;
    int64_t at_s = after_fits && !before_fits ? by_after_s : by_before_s;
    return (struct wall){.us = at_s * 1000000};
}

/* Exactly `count` ASCII digits; -1 when there is anything else. */
static int32_t digits(const uint8_t *at, size_t count)
{
    int32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

bool civil_date_parse(struct bytes text, int32_t *ret_day)
{
    if (text.size != CIVIL_DATE_SIZE - 1 || text.data[4] != '-' || text.data[7] != '-') {
        return false;
    }
    int32_t year = digits(text.data, 4);
    int32_t month = digits(text.data + 5, 2);
    int32_t day = digits(text.data + 8, 2);
    if (year < 0 || month < 0 || day < 0) {
        return false;
    }
    struct civil_date date = {.year = year, .month = (uint8_t)month, .day = (uint8_t)day};
    return civil_day_of(date, ret_day);
}

/* `count` decimal digits of `value`, no NUL; returns where the next character goes. */
static char *put_digits(char *out, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + count;
}

static char *put_char(char *out, char c)
{
    *out = c;
    return out + 1;
}

static char *put_date(char *out, int32_t day)
{
    int32_t shown = day < DAY_OF_YEAR_1          ? DAY_OF_YEAR_1
                    : day > DAY_OF_YEAR_9999_END ? DAY_OF_YEAR_9999_END
                                                 : day;
    struct civil_date date = civil_date_of(shown);
    out = put_char(put_digits(out, date.year, 4), '-');
    out = put_char(put_digits(out, date.month, 2), '-');
    return put_digits(out, date.day, 2);
}

void civil_date_format(int32_t day, char out[CIVIL_DATE_SIZE])
{
    *put_date(out, day) = '\0';
}

void civil_stamp_format(const struct tz_table *tz, struct wall when, char out[CIVIL_STAMP_SIZE])
{
    struct civil local = civil_of(tz, when);
    int64_t milliseconds = divide_down(when.us, 1000) - divide_down(when.us, 1000000) * 1000;
    int32_t offset_minutes = (local.offset_s < 0 ? -local.offset_s : local.offset_s) / 60;
    char *at = put_char(put_date(out, local.day), 'T');
    at = put_char(put_digits(at, local.minute / 60, 2), ':');
    at = put_char(put_digits(at, local.minute % 60, 2), ':');
    at = put_char(put_digits(at, local.second, 2), '.');
    at = put_digits(at, milliseconds, 3);
    at = put_char(at, local.offset_s < 0 ? '-' : '+');
    at = put_char(put_digits(at, offset_minutes / 60, 2), ':');
    *put_digits(at, offset_minutes % 60, 2) = '\0';
}
