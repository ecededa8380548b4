/* decide: may this presentation pass this lane now?
 *
 * Functional core: no I/O, no clock, no heap, no log. The shell gathers `struct facts`; the answer
 * is a value. Same facts, same verdict, for ever. The rules, their numbers and worked examples
 * stand in docs/decision-rules.md. Both daemons decide with this code.
 *
 * Zero is the careful value of every fact: `struct facts f = {0}` is an unknown credential at an
 * entry. So a fact that a shell forgets can refuse an entry, and can never open one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/access/credential.h"
#include "common/base/clock.h"
#include "schema/kinds.h"
#include "schema/reasons.h"

enum {
    STALE_AFTER_MS = 5000,   /* captured longer than this before it was received: stale */
    REPEAT_WINDOW_MS = 5000, /* default; a lane without a sensor uses its open time */
    REPEAT_LATE_MS = 500,    /* acted on so long after its capture: it stands from then, too ... */
    REPEAT_LATE_MAX_MS = 2 * STALE_AFTER_MS, /* ... but from no later than this */
};

/* Stored and sent: append only, never renumber (these four enums and the outcome). */
enum direction { DIRECTION_IN = 0, DIRECTION_OUT = 1 };
enum presentation { PRESENTATION_READ = 0, PRESENTATION_EXIT_BUTTON = 1 };
enum lane_mode { LANE_MODE_NORMAL = 0, LANE_MODE_FREE = 1, LANE_MODE_LOCKED = 2 };
enum outcome { OUTCOME_DENY = 0, OUTCOME_REVIEW = 1, OUTCOME_GRANT = 2 };

/* How old a read is, by the device's own clock corrected by its measured offset. */
enum freshness {
    FRESHNESS_UNKNOWN =
        0, /* offset not measured, or the capture lies in the future: no judgement */
    FRESHNESS_LIVE,
    FRESHNESS_STALE,
};

/* What became of the last grant for this credential at this lane and direction. */
enum grant_end {
    GRANT_OPEN,      /* no report yet */
    GRANT_PASSED,    /* the sensor saw the passage */
    GRANT_NOT_TAKEN, /* the lane closed again, or the opening failed: nobody went through */
};

enum repeat {
    REPEAT_NONE = 0,
    REPEAT_OPEN,   /* the earlier grant still stands: nothing new to open */
    REPEAT_PASSED, /* the holder has just gone through here */
};

/* Which state of the lane rules this direction, when several hold at once. */
enum lane_rule {
    LANE_RULE_NORMAL = 0,
    LANE_RULE_FREE,      /* every live read is granted and recorded */
    LANE_RULE_EMERGENCY, /* entry: closed; exit: released physically */
    LANE_RULE_LOCKED,    /* entries only */
};

/* A demand that this entry must meet beside the roster. Zero is the careful value; who asks nothing
 * says MET. */
enum demand {
    DEMAND_MISSING = 0, /* not there yet: the person is told what to do next */
    DEMAND_WRONG,       /* there, and not the right one */
    DEMAND_MET,
};

/* What is held of the clearances that the zone asks for: the least of them speaks. */
enum clearance_held { CLEARANCE_MISSING = 0, CLEARANCE_EXPIRED, CLEARANCE_HELD };

/* What the park's anti-passback says of this entry: the strictest of its rules speaks. */
enum passback {
    PASSBACK_INSIDE = 0, /* hard: the holder is inside already */
    PASSBACK_TOO_SOON,   /* timed: entered less than the minutes ago */
    PASSBACK_NOTED,      /* soft: is inside already; granted and marked */
    PASSBACK_CLEAR,
};

/* Shall a guard look first? Asked by a `review` entry of the watch list, a spot check or a plate's
 * colour alike, so that it says nothing of anybody. */
enum guard_check { GUARD_CHECK_WANTED = 0, GUARD_CHECK_NONE };

/* How long a gate may still decide alone, without its controller. */
enum lease {
    LEASE_OVER = 0,      /* and the lane lets nobody in then */
    LEASE_AUTHENTICATED, /* over; the lane lets in known people of class `authenticated` */
    LEASE_HOLDS,         /* or the controller decides: it needs none */
};

struct facts {
    /* The presentation. */
    enum presentation presentation;
    enum direction direction; /* of the passage asked for; a button press always means out */
    bool history;             /* the device itself marked it as history */
    bool replayed;            /* its device id or digest is one that we hold already */
    enum freshness freshness;
    enum repeat repeat;

    /* The lane. */
    enum lane_mode mode;
    bool emergency;            /* fire or emergency is on for this lane */
    bool emergency_admits;     /* the park lets entries run on in an emergency */
    bool admits_unknown_clock; /* lane's policy for entries while the offset is unknown */
    bool without_roster;       /* the controller is silent and there is no copy to ask */
    enum lease lease;          /* of the gate that decides */
    bool gate_clock_known; /* false: a gate that does not know what time it is, and asks nobody */
    enum credential_class zone_class; /* least class that the zone behind the lane accepts */

    /* The credential and its holder. Meaningless unless the state is VALID. */
    enum credential_state credential;
    enum credential_class credential_class; /* of this read, not of the enrolment */
    enum card_proof proof;                  /* of this read */
    bool park_ban;
    bool tenant_suspended; /* no tenant the holder could enter for now is active */
    bool person_suspended; /* every tenant the holder could enter for now has suspended him */
    bool has_assignment;   /* business_day_of found another row than `undeclared` */
    bool zone_allowed;
    bool in_schedule;    /* schedule_state said SCHEDULE_OPEN */
    bool holiday_closed; /* schedule_state said SCHEDULE_HOLIDAY */

    /* What the zone and the lane ask beside the roster. */
    bool zone_started; /* its first person of the day has come, or it waits for none, or this is one
                        */
    enum clearance_held clearance;
    enum demand second;  /* PIN or face after the badge, of the same person */
    enum demand driver;  /* plate and driver's badge on one booking or standing permission */
    enum demand partner; /* nobody enters a two-person zone alone */
    enum demand escort;  /* a visitor enters with the host */
    enum passback passback;

    /* The zone behind the lane. */
    uint32_t zone_count; /* persons inside now, with those whose grant still stands open */
    uint32_t zone_limit; /* 0: unlimited */
    uint32_t tenant_count, tenant_limit; /* the same, of the tenant the entry is for */
    bool crowd_admits; /* fewer entries in the last minute than the zone takes, or no such limit */
    bool interlock_clear; /* the lane that must be shut is shut, or there is none */

    enum guard_check guard_check;
};

struct verdict {
    enum outcome outcome;
    enum reason reason;
};

/* Sets every demand beside the roster as met: for a lane and a zone that ask nothing, and a
 * decision that needs no lease. */
void facts_ask_nothing(struct facts *facts);

/* Total: every `facts` has a verdict, also one with numbers that no enum has. */
struct verdict decide(const struct facts *facts);

/* A row of the rule table, for `explain`, the docs and the tests that compare them. */
struct decision_rule {
    uint16_t number; /* as in docs/decision-rules.md; grows along the table */
    enum outcome outcome;
    enum reason reason;
};

/* False past the end. */
bool decide_rule_at(size_t index, struct decision_rule *ret_rule);

/* Does the rule at `index` apply to these facts, whatever stands above it? For `explain`. False
 * past the end. */
bool decide_rule_applies(size_t index, const struct facts *facts);

/* Who wins among the states of a lane. Entries: locked > emergency > free > normal. Exits:
 * emergency > free > normal; a lock says nothing to an exit. */
enum lane_rule decide_lane_rule(enum direction direction, enum lane_mode mode, bool emergency,
                                bool emergency_admits);

/* Judges a capture. offset_us is what must be added to the device's clock to get ours; NULL while
 * it is not measured. A capture more than STALE_AFTER_MS ahead of `received` shows that the
 * measured offset no longer holds: FRESHNESS_UNKNOWN. */
enum freshness decide_freshness(struct wall captured, struct wall received,
                                const int64_t *offset_us);

/* A grant as the repeat rule sees it: its read's corrected capture time, and when the gate acted on
 * it (decide_acted_on(); not before `captured`). */
struct granted {
    struct wall captured, acted;
    enum grant_end end;
};

/* When a grant that was acted on at `at` counts as acted on: at its capture, if that was less than
 * REPEAT_LATE_MS before or lies after it; never later than REPEAT_LATE_MAX_MS after its capture,
 * whatever a gate's clock says. A gate that stood still acts late. */
struct wall decide_acted_on(struct wall captured, struct wall at);

/* Is a read at `captured`, of the same credential at the same lane and direction, a repeat of this
 * grant? It is while less than window_ms lie between it and the time from the grant's capture to
 * its act. Reads exactly window_ms apart are no repeat; order does not matter, for reads may arrive
 * out of order. */
enum repeat decide_repeat(const struct granted *granted, struct wall captured, int64_t window_ms);

/* Stable lower-case names: `grant`, `deny`, `review`; `in`, `out`; `normal`, `free`, `locked`. */
const char *outcome_name(enum outcome outcome);
const char *direction_name(enum direction direction);
const char *lane_mode_name(enum lane_mode mode);
