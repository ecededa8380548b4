#include "common/access/schedule.h"

#include "common/base/must.h"

bool day_window_is_valid(struct day_window window)
{
    return window.start_minute < MINUTES_PER_DAY && window.end_minute >= 1 &&
           window.end_minute <= MINUTES_PER_DAY && window.start_minute != window.end_minute;
}

bool schedule_is_valid(const struct schedule *schedule)
{
    MUST(schedule != NULL);
    if (schedule->window_count > SCHEDULE_WINDOWS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < schedule->window_count; i++) {
        const struct week_window *window = &schedule->windows[i];
        if (window->weekdays == 0 || window->weekdays > EVERY_WEEKDAY ||
            !day_window_is_valid(window->hours)) {
            return false;
        }
    }
    return true;
}

static bool holiday_is_valid(const struct holiday *holiday)
{
    if (holiday->window_count > HOLIDAY_WINDOWS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < holiday->window_count; i++) {
        if (!day_window_is_valid(holiday->windows[i])) {
            return false;
        }
    }
    return true;
}

bool holidays_are_valid(const struct holidays *holidays)
{
    MUST(holidays != NULL);
    if (holidays->count > HOLIDAYS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < holidays->count; i++) {
        if (!holiday_is_valid(&holidays->days[i])) {
            return false;
        }
    }
    return true;
}

/* Does a window that began `days_ago` (0 or 1) days before the local day of `minute` cover it? */
static bool window_covers(struct day_window window, int days_ago, int32_t minute)
{
    if (!day_window_is_valid(window)) {
        return false;
    }
    bool crosses = window.end_minute < window.start_minute;
    int32_t end = window.end_minute + (crosses ? MINUTES_PER_DAY : 0);
    int32_t at = minute + days_ago * MINUTES_PER_DAY;
    return at >= window.start_minute && at < end;
}

static bool week_covers(const struct schedule *schedule, int32_t start_day, int days_ago,
                        int32_t minute)
{
    unsigned weekday = civil_weekday(start_day);
    for (unsigned i = 0; i < schedule->window_count && i < SCHEDULE_WINDOWS_MAX; i++) {
        const struct week_window *window = &schedule->windows[i];
        if ((window->weekdays >> weekday & 1) != 0 &&
            window_covers(window->hours, days_ago, minute)) {
            return true;
        }
    }
    return false;
}

static bool holiday_covers(const struct holiday *holiday, int days_ago, int32_t minute)
{
    for (unsigned i = 0; i < holiday->window_count && i < HOLIDAY_WINDOWS_MAX; i++) {
        if (window_covers(holiday->windows[i], days_ago, minute)) {
            return true;
        }
    }
    return false;
}

static const struct holiday *find_holiday(const struct holidays *holidays, int32_t day)
{
    if (holidays == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < holidays->count && i < HOLIDAYS_MAX; i++) {
        if (holidays->days[i].day == day) {
            return &holidays->days[i];
        }
    }
    return NULL;
}

/* By the windows that start today, or started yesterday and run on. */
static bool is_open(const struct schedule *schedule, const struct holidays *holidays,
                    struct civil now)
{
    for (int days_ago = 0; days_ago <= 1; days_ago++) {
        int32_t start_day = now.day - days_ago;
        const struct holiday *holiday = find_holiday(holidays, start_day);
        bool covered = holiday != NULL ? holiday_covers(holiday, days_ago, now.minute)
                                       : week_covers(schedule, start_day, days_ago, now.minute);
        if (covered) {
            return true;
        }
    }
    return false;
}

enum schedule_state schedule_state(const struct schedule *schedule, const struct holidays *holidays,
                                   struct civil now)
{
    MUST(schedule != NULL);
    if (is_open(schedule, holidays, now)) {
        return SCHEDULE_OPEN;
    }
    return is_open(schedule, NULL, now) ? SCHEDULE_HOLIDAY : SCHEDULE_CLOSED;
}

struct schedule schedule_always(void)
{
    return (struct schedule){
        .window_count = 1,
        .windows = {{.weekdays = EVERY_WEEKDAY,
                     .hours = {.start_minute = 0, .end_minute = MINUTES_PER_DAY}}},
    };
}
