#include "common/access/lane.h"

#include "common/base/must.h"

static void add_report(struct lane_reports *reports, enum passage_kind kind,
                       struct lane_grant grant, bool late)
{
    MUST(reports->count < LANE_REPORTS_MAX);
    reports->list[reports->count] =
        (struct lane_report){.kind = kind, .grant = grant, .late = late};
    reports->count++;
}

/* What a report without a grant carries in its place. */
static struct lane_grant no_grant(const struct lane *lane)
{
    return (struct lane_grant){.direction = lane->rules.direction};
}

static void remove_waiting(struct lane *lane, size_t index)
{
    for (size_t i = index + 1; i < lane->waiting_count; i++) {
        lane->waiting[i - 1] = lane->waiting[i];
    }
    lane->waiting_count--;
}

struct lane lane_of(struct lane_rules rules)
{
    return (struct lane){.rules = rules};
}

void lane_set_rules(struct lane *lane, struct lane_rules rules)
{
    lane->rules = rules;
}

bool lane_is_full(const struct lane *lane)
{
    return lane->rules.sensed && lane->waiting_count == LANE_QUEUE_MAX;
}

struct lane_reports lane_grant(struct lane *lane, struct lane_grant grant, struct mono now)
{
    MUST(!lane_is_full(lane));
    struct lane_reports reports = {.count = 0};
    if (!lane->rules.sensed) {
        add_report(&reports, PASSAGE_UNSENSED, grant, false);
        return reports;
    }
    lane->waiting[lane->waiting_count] =
        (struct lane_waiting){.grant = grant, .until = mono_after_ms(now, lane->rules.pass_ms)};
    lane->waiting_count++;
    return reports;
}

struct lane_reports lane_make_room(struct lane *lane)
{
    struct lane_reports reports = {.count = 0};
    if (lane->waiting_count > 0) {
        add_report(&reports, PASSAGE_NOT_TAKEN, lane->waiting[0].grant, false);
        remove_waiting(lane, 0);
    }
    return reports;
}

struct lane_reports lane_void(struct lane *lane, enum lane_direction direction)
{
    struct lane_reports reports = {.count = 0};
    for (size_t i = 0; i < lane->waiting_count;) {
        if (lane->waiting[i].grant.direction == direction) {
            add_report(&reports, PASSAGE_NOT_TAKEN, lane->waiting[i].grant, false);
            remove_waiting(lane, i);
        } else {
            i++;
        }
    }
    return reports;
}

void lane_release(struct lane *lane, bool released)
{
    lane->released = released;
}

static void one_pulse(struct lane *lane, bool late, struct mono now, struct lane_reports *reports)
{
    if (lane->waiting_count > 0) {
        lane->used = lane->waiting[0];
        lane->has_used = true;
        remove_waiting(lane, 0);
        if (lane->waiting_count > 0) {
            lane->waiting[0].until = mono_after_ms(now, lane->rules.pass_ms);
        }
        add_report(reports, PASSAGE_PASSED, lane->used.grant, late);
    } else if (lane->manual || lane->released) {
        add_report(reports, PASSAGE_BY_HAND, no_grant(lane), late);
    } else if (!late && lane->has_used && mono_before(now, lane->used.until)) {
        add_report(reports, PASSAGE_TAILGATED, lane->used.grant, false);
    } else {
        add_report(reports, PASSAGE_FORCED, no_grant(lane), late);
    }
}

struct lane_reports lane_pulses(struct lane *lane, uint32_t count, bool late, struct mono now)
{
    MUST(count <= LANE_PULSES_MAX);
    struct lane_reports reports = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        one_pulse(lane, late, now, &reports);
    }
    return reports;
}

struct lane_reports lane_held(struct lane *lane, bool level, struct mono now)
{
    struct lane_reports reports = {.count = 0};
    if (level && !lane->held) {
        lane->held_since = now;
    }
    if (!level && lane->held_reported) {
        add_report(&reports, PASSAGE_HELD_ENDED, no_grant(lane), false);
        lane->held_reported = false;
    }
    lane->held = level;
    return reports;
}

struct lane_reports lane_crush(struct lane *lane, bool level, struct mono now)
{
    struct lane_reports reports = {.count = 0};
    if (level && !lane->crush) {
        lane->crush_since = now;
    }
    if (!level && (lane->blocked_reported || !lane->clear_seen)) {
        add_report(&reports, PASSAGE_BLOCKED_ENDED, no_grant(lane), false);
        lane->blocked_reported = false;
        lane->clear_seen = true;
    }
    lane->crush = level;
    return reports;
}

struct lane_reports lane_manual(struct lane *lane, bool pulled, bool late)
{
    struct lane_reports reports = {.count = 0};
    if (pulled != lane->manual || !lane->manual_seen) {
        add_report(&reports, pulled ? PASSAGE_MANUAL : PASSAGE_MANUAL_ENDED, no_grant(lane), late);
    }
    lane->manual = pulled;
    lane->manual_seen = true;
    return reports;
}

bool lane_must_stay_open(const struct lane *lane)
{
    return lane->crush || lane->waiting_count > 0;
}

/* A level that lasts too long, once. */
static void tick_level(struct lane *lane, bool *reported, struct mono until, enum passage_kind kind,
                       bool late, struct mono now, struct lane_reports *reports)
{
    if (!*reported && !mono_before(now, until)) {
        add_report(reports, kind, no_grant(lane), late);
        *reported = true;
    }
}

struct lane_reports lane_tick(struct lane *lane, bool late, struct mono now)
{
    struct lane_reports reports = {.count = 0};
    size_t i = 0;
    while (i < lane->waiting_count) {
        if (mono_before(now, lane->waiting[i].until)) {
            i++;
            continue;
        }
        add_report(&reports, PASSAGE_NOT_TAKEN, lane->waiting[i].grant, late);
        remove_waiting(lane, i);
    }
    if (lane->held) {
        tick_level(lane, &lane->held_reported, mono_after_ms(lane->held_since, lane->rules.held_ms),
                   PASSAGE_HELD, late, now, &reports);
    }
    if (lane->crush) {
        tick_level(lane, &lane->blocked_reported,
                   mono_after_ms(lane->crush_since, lane->rules.blocked_ms), PASSAGE_BLOCKED, late,
                   now, &reports);
    }
    return reports;
}
