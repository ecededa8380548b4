/* schedule: is this local time inside the weekly windows, holidays considered?
 *
 * A window belongs to the day on which it starts and is half-open: its start is inside, its end is
 * not. One whose end is not after its start runs on into the next day. Windows are read off the
 * wall clock: in the night of a clock change a window across it is an hour longer or shorter, a
 * window that the clock jumps over does not open, one that it shows twice opens twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/civil.h"

enum {
    SCHEDULE_WINDOWS_MAX = 16,
    HOLIDAYS_MAX = 128,
    HOLIDAY_WINDOWS_MAX = 4,
    EVERY_WEEKDAY = 0x7f,
};

struct day_window {
    uint16_t start_minute; /* 0..1439 */
    uint16_t end_minute;   /* 1..1440; below start_minute: next day. Equal to it: not valid */
};

struct week_window {
    uint8_t weekdays; /* bit n: enum weekday n, the day on which it starts */
    struct day_window hours;
};

/* No window: never open. */
struct schedule {
    uint8_t window_count;
    struct week_window windows[SCHEDULE_WINDOWS_MAX];
};

/* On its day these windows stand in place of the weekly ones; none: closed. A window that began the
 * day before runs on into a holiday. */
struct holiday {
    int32_t day;
    uint8_t window_count;
    struct day_window windows[HOLIDAY_WINDOWS_MAX];
};

/* In any order; the first of two for one day counts. */
struct holidays {
    uint16_t count;
    struct holiday days[HOLIDAYS_MAX];
};

enum schedule_state {
    SCHEDULE_CLOSED = 0, /* outside, holiday or not */
    SCHEDULE_HOLIDAY,    /* closed, and open without the holiday list */
    SCHEDULE_OPEN,
};

/* Total. `holidays` may be NULL: none. A window that is not valid is as if it were not there. */
enum schedule_state schedule_state(const struct schedule *schedule, const struct holidays *holidays,
                                   struct civil now);

static inline bool schedule_open(const struct schedule *schedule, const struct holidays *holidays,
                                 struct civil now)
{
    return schedule_state(schedule, holidays, now) == SCHEDULE_OPEN;
}

/* For who reads park files: are the bounds above kept? */
bool day_window_is_valid(struct day_window window);
bool schedule_is_valid(const struct schedule *schedule);
bool holidays_are_valid(const struct holidays *holidays);

/* Every day, all day. */
struct schedule schedule_always(void);
