#include "reader-agent/driver/local_time.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/bytes.h"

enum { DATE_SIZE = 10, CLOCK_SIZE = 8, YEAR_FIRST = 1970, YEAR_LAST = 2199 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Does `text` have the digits and marks of `form` ('0' stands for any digit, '/' for - and /)? */
static bool has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++) {
        bool fits = *form == '0'   ? is_digit(*text)
                    : *form == '/' ? *text == '/' || *text == '-'
                    : *form == ' ' ? *text == ' ' || *text == 'T'
                                   : *text == *form;
        if (!fits) {
            return false;
        }
    }
    return true;
}

static int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* ".123", or nothing, and then the end. */
static bool fraction_us(const char *at, int64_t *ret_us)
{
    *ret_us = 0;
    if (*at == '\0') {
        return true;
    }
    if (*at++ != '.' || !is_digit(*at)) {
        return false;
    }
    for (int64_t unit = 100000; is_digit(*at); unit /= 10, at++) {
        *ret_us += (*at - '0') * unit;
    }
    return *at == '\0';
}

bool local_time_read(const char *text, const struct tz_table *zone, struct wall *ret_time)
{
    int64_t fraction;
    int32_t day;
    if (!has_form(text, "0000/00/00 00:00:00") || text[4] != text[7] ||
        !fraction_us(text + DATE_SIZE + 1 + CLOCK_SIZE, &fraction)) {
        return false;
    }
    struct civil_date date = {.year = two_digits(text) * 100 + two_digits(text + 2),
                              .month = (uint8_t)two_digits(text + 5),
                              .day = (uint8_t)two_digits(text + 8)};
    const char *at = text + DATE_SIZE + 1;
    int hour = two_digits(at);
    int minute = two_digits(at + 3);
    int second = two_digits(at + 6);
    if (date.year < YEAR_FIRST || date.year > YEAR_LAST || !civil_day_of(date, &day) || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    int64_t begin_us = zone != NULL ? civil_to_wall(zone, day, hour * 60 + minute).us
                                    : (day * INT64_C(1440) + hour * 60 + minute) * 60000000;
    int64_t us = begin_us + second * INT64_C(1000000) + fraction;
    *ret_time = (struct wall){.us = us > 0 ? us : 0};
    return true;
}

struct wall local_time(const char *text, const struct tz_table *zone)
{
    struct wall when = {.us = 0};
    (void)local_time_read(text, zone, &when);
    return when;
}

struct wall local_time_epoch(uint64_t seconds)
{
    const uint64_t end = UINT64_C(7258118400); /* 2200-01-01 */
    return (struct wall){.us = seconds < end ? (int64_t)seconds * 1000000 : 0};
}
