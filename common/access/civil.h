/* civil: between instants (UTC) and local dates and times of one zone.
 *
 * A date is a count of days since 1970-01-01 in the proleptic Gregorian calendar, negative before.
 * All functions are total and pure; the zone is a value (common/base/tz.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/tz.h"

enum {
    MINUTES_PER_DAY = 1440,
    CIVIL_DATE_SIZE = 11,  /* YYYY-MM-DD and the NUL */
    CIVIL_STAMP_SIZE = 30, /* YYYY-MM-DDThh:mm:ss.mmm+hh:mm and the NUL */
};

enum weekday {
    WEEKDAY_MONDAY = 0,
    WEEKDAY_TUESDAY,
    WEEKDAY_WEDNESDAY,
    WEEKDAY_THURSDAY,
    WEEKDAY_FRIDAY,
    WEEKDAY_SATURDAY,
    WEEKDAY_SUNDAY,
};

struct civil {
    int32_t day;          /* days since 1970-01-01, local */
    uint16_t minute;      /* 0..1439 of the local day */
    uint8_t second;       /* 0..59 */
    enum weekday weekday; /* of `day` */
    int32_t offset_s;     /* local time minus UTC */
    bool dst;
};

struct civil_date {
    int32_t year;
    uint8_t month; /* 1..12 */
    uint8_t day;   /* 1..31 */
};

struct civil civil_of(const struct tz_table *tz, struct wall when);

/* The instant of `minute` (any number, also negative or over 1439) counted from 00:00 of local
 * `day`. Where the clock jumps over that time (spring), the offset before the jump is used, so
 * 02:30 becomes 03:30; where the clock shows it twice (autumn), the first of both is meant. A day
 * beyond +-100,000,000 (270,000 years) is taken as that bound. */
struct wall civil_to_wall(const struct tz_table *tz, int32_t day, int32_t minute);

enum weekday civil_weekday(int32_t day);
struct civil_date civil_date_of(int32_t day);
/* False: no such date, or a year outside 1..9999. */
bool civil_day_of(struct civil_date date, int32_t *ret_day);

/* Exactly YYYY-MM-DD, a real date. */
bool civil_date_parse(struct bytes text, int32_t *ret_day);
/* Days outside the years 1 to 9999 are shown as the nearest date inside. */
void civil_date_format(int32_t day, char out[CIVIL_DATE_SIZE]);
/* ISO 8601 with milliseconds and offset, for people and exports. */
void civil_stamp_format(const struct tz_table *tz, struct wall when, char out[CIVIL_STAMP_SIZE]);
