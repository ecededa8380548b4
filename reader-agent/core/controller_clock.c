#include "reader-agent/core/controller_clock.h"

#include "schema/limits.h"

enum { AGES_US_A_SECOND = 5000 }; /* a reading loses so much of its sharpness a second */

static bool is_sane(int64_t us)
{
    return us > 0 && us < INT64_MAX / 4;
}

/* Do the two readings exclude each other? Then its clock was set. */
static bool has_stepped(const struct controller_clock *clock, struct mono asked, struct mono heard,
                        struct wall said)
{
    return said.us - heard.us > clock->ahead_us ||
           said.us - asked.us < clock->ahead_us - clock->span_us;
}

void controller_clock_heard(struct controller_clock *clock, struct mono asked, struct mono heard,
                            struct wall said)
{
    int64_t span_us = heard.us - asked.us;
    if (span_us < 0 || !is_sane(said.us)) {
        return;
    }
    int64_t age_s = (heard.us - clock->kept.us) / 1000000;
    int64_t may_us = clock->span_us + age_s * AGES_US_A_SECOND;
    if (clock->known && span_us > may_us && !has_stepped(clock, asked, heard, said)) {
        return;
    }
    *clock = (struct controller_clock){
        .known = true, .ahead_us = said.us - asked.us, .span_us = span_us, .kept = heard};
}

void controller_clock_forget(struct controller_clock *clock)
{
    *clock = (struct controller_clock){0};
}

uint32_t controller_clock_left_ms(const struct controller_clock *clock, int64_t issued_us,
                                  uint32_t lasts_ms, struct mono now)
{
    uint32_t lasts = lasts_ms < LIMIT_COMMAND_MS ? lasts_ms : LIMIT_COMMAND_MS;
    if (issued_us == 0) {
        return lasts;
    }
    if (!clock->known || !is_sane(issued_us)) {
        return 0;
    }
    int64_t age_us = now.us + clock->ahead_us - issued_us;
    if (age_us < -LIMIT_COMMAND_MS * INT64_C(1000)) {
        return 0;
    }
    int64_t left_ms = lasts - age_us / 1000;
    return left_ms <= 0 ? 0 : left_ms > lasts ? lasts : (uint32_t)left_ms;
}
