/* local_time: times that a device sends as its own clock shows them, without a zone. */
#pragma once

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/tz.h"

/* "2025-06-02 08:00:00" or "2025/06/02 08:00:00", T for the blank and a fraction allowed, in the
 * zone of the device (NULL, not known: as if it were UTC; its measured offset then holds the rest).
 * Malformed, outside the years 1970 to 2199, or with anything behind it: us 0
 * (the device's time is not known). A time that the zone skips or has twice is what civil_to_wall
 * says. */
struct wall local_time(const char *text, const struct tz_table *zone);

/* The same, told apart: false is no time at all. A time before 1970, as of a clock that lost its
 * battery, is one that is not known (us 0). */
bool local_time_read(const char *text, const struct tz_table *zone, struct wall *ret_time);

/* Seconds since 1970, as a device counts them. 0, or beyond the year 2199: us 0. */
struct wall local_time_epoch(uint64_t seconds);
