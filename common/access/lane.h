/* lane: what a lane's sensors mean. The lane machine, pure: inputs and times in, reports out.
 *
 * A grant waits for its passage; a pulse of the passage sensor uses the oldest waiting grant.
 *
 *   state                                input              report
 *   no grant waits                       pulse              forced
 *   no grant waits, but the time of the
 *     one used last still runs           pulse              tailgated, of that grant
 *   grants wait                          pulse              passed, oldest grant
 *   grants wait                          pass time over     not taken
 *   lane without passage input           grant              unsensed, at once
 *   any                                  held for held_ms   held; when it ends, held ended
 *   manual release pulled or the lane
 *     released by fire, none waits       pulse              by hand: nobody broke in, nobody is known
 *   any                                  manual release     manual; when it is put back, manual ended
 *   any                                  crush for
 *                                        blocked_ms         blocked; when it ends, blocked ended
 *
 * Whether an earlier machine of this lane told of a manual release or a block is not known: so the
 * first look tells that the release is in place, and the first look without anything there that
 * the block ended.
 *
 * Up to LANE_QUEUE_MAX grants may wait: a reader can be quicker than the walkers. Which of two
 * people walked first cannot be sensed, so the oldest grant is the one used. An arm lets one person
 * through for each pulse of its relay, so after a passage the caller opens again for the next grant
 * that waits, and that grant's time begins anew.
 *
 * A lane with an anti-crush input (a rising bollard, a barrier's arm) must not close while something
 * stands there, nor before whoever has a grant came through: lane_must_stay_open(). It says nothing
 * of opening: what waits before a shut lane opens nothing by standing there.
 *
 * While the board is out of reach time stands still for waiting grants: the caller does not call
 * lane_tick(). On its return `late` pulses come first, then time goes on. A late pulse is never
 * "tailgated": when it happened is not known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "schema/grant.h"
#include "schema/kinds.h"

enum {
    LANE_QUEUE_MAX = 4,
    LANE_PULSES_MAX = 16, /* of one call */
    LANE_REPORTS_MAX = LANE_PULSES_MAX + LANE_QUEUE_MAX + 2,
    LANE_HELD_MS = 10000,    /* usual lane_rules.held_ms */
    LANE_BLOCKED_MS = 60000, /* usual lane_rules.blocked_ms */
    LANE_CLEAR_MS = 1000,    /* so long nothing stood there before it may close: a trailer's gap */
};

/* One way a lane may be used. Its opening belongs to a journalled event (`id`), or to a press of
 * the exit button that the board answered alone (`press`). */
struct lane_grant {
    struct grant_id id;
    uint64_t press;
    enum lane_direction direction;
};

struct lane_rules {
    bool sensed;      /* has a passage input */
    uint32_t pass_ms; /* how long a grant waits for its passage */
    uint32_t held_ms;
    uint32_t blocked_ms;
    enum lane_direction direction; /* of a passage without a grant */
};

struct lane_report {
    enum passage_kind kind;
    struct lane_grant grant; /* passed, not taken, tailgated, unsensed; else no id, no press and the
                                lane's direction */
    bool late;
};

/* Reports of one call, oldest first. */
struct lane_reports {
    struct lane_report list[LANE_REPORTS_MAX];
    uint8_t count;
};

struct lane_waiting {
    struct lane_grant grant;
    struct mono until;
};

/* A plain value. */
struct lane {
    struct lane_rules rules;
    struct lane_waiting waiting[LANE_QUEUE_MAX]; /* oldest first */
    uint8_t waiting_count;
    bool has_used;
    struct lane_waiting used; /* the grant used last; until then more pulses are tailgaters */
    bool held;                /* level of the held input */
    bool held_reported;
    struct mono held_since;
    bool crush; /* level of the anti-crush input */
    bool blocked_reported, clear_seen;
    struct mono crush_since;
    bool manual, manual_seen; /* the manual release is pulled; was looked at */
    bool released;            /* fire or evacuation: held open for everybody */
};

struct lane lane_of(struct lane_rules rules);

/* New rules for a lane that goes on: waiting grants keep their times. */
void lane_set_rules(struct lane *lane, struct lane_rules rules);

/* No more grants may wait now. A lane without passage input is never full. */
bool lane_is_full(const struct lane *lane);

/* A grant whose opening is sent to the board now. The lane must not be full. */
struct lane_reports lane_grant(struct lane *lane, struct lane_grant grant, struct mono now);

/* Ends the oldest waiting grant as "not taken", to make room: nobody is kept from leaving because
 * four before him did not walk. */
struct lane_reports lane_make_room(struct lane *lane);

/* Ends all waiting grants of this direction as "not taken": nobody is to come through by them. */
struct lane_reports lane_void(struct lane *lane, enum lane_direction direction);

/* The lane is held open for everybody (true), or no more: a passage without a grant is by hand. */
void lane_release(struct lane *lane, bool released);

/* `count` turns of the arm since the last call, at most LANE_PULSES_MAX: with more, call again. */
struct lane_reports lane_pulses(struct lane *lane, uint32_t count, bool late, struct mono now);

/* The held-open input is at `level` now. */
struct lane_reports lane_held(struct lane *lane, bool level, struct mono now);

/* The anti-crush input is at `level` now: true, something stands there. */
struct lane_reports lane_crush(struct lane *lane, bool level, struct mono now);

/* The manual release is pulled (true) or put back. `late`: seen after an outage of the board. */
struct lane_reports lane_manual(struct lane *lane, bool pulled, bool late);

/* What is open must stay open: something stands there, or a grant waits for its passage. Whoever
 * closes a lane waits LANE_CLEAR_MS after this was true last. */
bool lane_must_stay_open(const struct lane *lane);

/* Time passed. `late`: the board was away since the last call, so what ends now ended then. */
struct lane_reports lane_tick(struct lane *lane, bool late, struct mono now);
