#include "common/access/decide.h"

#include "common/base/must.h"

struct rule {
    uint16_t number;
    bool (*applies)(const struct facts *facts);
    enum outcome outcome;
    enum reason reason;
};

static bool is_read(const struct facts *facts)
{
    return facts->presentation != PRESENTATION_EXIT_BUTTON;
}

static bool is_history(const struct facts *facts)
{
    return is_read(facts) && facts->history;
}

static bool is_replayed(const struct facts *facts)
{
    return is_read(facts) && facts->replayed;
}

static bool is_stale(const struct facts *facts)
{
    return is_read(facts) && facts->freshness == FRESHNESS_STALE;
}

static bool is_exit_button(const struct facts *facts)
{
    return facts->presentation == PRESENTATION_EXIT_BUTTON;
}

static bool is_leaving(const struct facts *facts)
{
    return facts->direction == DIRECTION_OUT;
}

static enum lane_rule lane_rule_of(const struct facts *facts)
{
    return decide_lane_rule(facts->direction, facts->mode, facts->emergency,
                            facts->emergency_admits);
}

static bool lane_is_locked(const struct facts *facts)
{
    return lane_rule_of(facts) == LANE_RULE_LOCKED;
}

static bool lane_is_in_emergency(const struct facts *facts)
{
    return lane_rule_of(facts) == LANE_RULE_EMERGENCY;
}

static bool clock_is_unknown(const struct facts *facts)
{
    return facts->freshness != FRESHNESS_LIVE && !facts->admits_unknown_clock;
}

static bool is_without_roster(const struct facts *facts)
{
    return facts->without_roster;
}

static bool lease_is_over(const struct facts *facts)
{
    return facts->lease == LEASE_OVER;
}

/* Who may not hear the end of `free` grants it to nobody. */
static bool lane_is_free(const struct facts *facts)
{
    return lane_rule_of(facts) == LANE_RULE_FREE && facts->lease == LEASE_HOLDS &&
           facts->gate_clock_known;
}

static bool earlier_grant_stands(const struct facts *facts)
{
    return facts->repeat == REPEAT_OPEN;
}

static bool has_just_passed(const struct facts *facts)
{
    return facts->repeat == REPEAT_PASSED;
}

static bool has_no_plate(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_NO_PLATE;
}

static bool plate_was_not_read(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_NOT_READ;
}

static bool has_random_id(const struct facts *facts)
{
    return facts->proof == CARD_PROOF_RANDOM_ID;
}

static bool is_not_authentic(const struct facts *facts)
{
    return facts->proof == CARD_PROOF_FAILED;
}

static bool is_relay_suspect(const struct facts *facts)
{
    return facts->proof == CARD_PROOF_SLOW;
}

static bool is_unknown(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_UNKNOWN;
}

static bool is_revoked(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_REVOKED;
}

static bool is_not_yet_valid(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_NOT_YET_VALID;
}

static bool is_expired(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_EXPIRED;
}

static bool class_is_too_weak(const struct facts *facts)
{
    return facts->credential_class < facts->zone_class;
}

static bool is_not_authenticated(const struct facts *facts)
{
    return facts->credential_class < CREDENTIAL_CLASS_AUTHENTICATED;
}

static bool lease_asks_more(const struct facts *facts)
{
    return facts->lease != LEASE_HOLDS && is_not_authenticated(facts);
}

static bool gate_clock_asks_more(const struct facts *facts)
{
    return !facts->gate_clock_known && is_not_authenticated(facts);
}

static bool is_banned(const struct facts *facts)
{
    return facts->park_ban;
}

static bool tenant_is_suspended(const struct facts *facts)
{
    return facts->tenant_suspended;
}

static bool person_is_suspended(const struct facts *facts)
{
    return facts->person_suspended;
}

static bool has_no_assignment(const struct facts *facts)
{
    return !facts->has_assignment;
}

static bool zone_is_not_allowed(const struct facts *facts)
{
    return !facts->zone_allowed;
}

static bool is_closed_for_holiday(const struct facts *facts)
{
    return facts->holiday_closed;
}

static bool is_out_of_schedule(const struct facts *facts)
{
    return !facts->in_schedule;
}

static bool zone_is_not_started(const struct facts *facts)
{
    return !facts->zone_started;
}

static bool lacks_clearance(const struct facts *facts)
{
    return facts->clearance == CLEARANCE_MISSING;
}

static bool clearance_is_over(const struct facts *facts)
{
    return facts->clearance == CLEARANCE_EXPIRED;
}

static bool needs_second(const struct facts *facts)
{
    return facts->second == DEMAND_MISSING;
}

static bool second_is_wrong(const struct facts *facts)
{
    return facts->second == DEMAND_WRONG;
}

static bool needs_driver(const struct facts *facts)
{
    return facts->driver == DEMAND_MISSING;
}

static bool driver_is_wrong(const struct facts *facts)
{
    return facts->driver == DEMAND_WRONG;
}

static bool needs_partner(const struct facts *facts)
{
    return facts->partner != DEMAND_MET;
}

static bool needs_escort(const struct facts *facts)
{
    return facts->escort != DEMAND_MET;
}

static bool is_inside_already(const struct facts *facts)
{
    return facts->passback == PASSBACK_INSIDE;
}

static bool comes_too_soon(const struct facts *facts)
{
    return facts->passback == PASSBACK_TOO_SOON;
}

static bool zone_is_full(const struct facts *facts)
{
    return facts->zone_limit != 0 && facts->zone_count >= facts->zone_limit;
}

static bool tenant_is_full(const struct facts *facts)
{
    return facts->tenant_limit != 0 && facts->tenant_count >= facts->tenant_limit;
}

static bool is_too_crowded(const struct facts *facts)
{
    return !facts->crowd_admits;
}

static bool interlock_holds(const struct facts *facts)
{
    return !facts->interlock_clear;
}

static bool is_valid(const struct facts *facts)
{
    return facts->credential == CREDENTIAL_STATE_VALID;
}

/* Only who would be let in is asked to the guard, for all above has had its say. */
static bool asks_guard_check(const struct facts *facts)
{
    return is_valid(facts) && facts->guard_check != GUARD_CHECK_NONE;
}

static bool is_valid_though_inside(const struct facts *facts)
{
    return is_valid(facts) && facts->passback == PASSBACK_NOTED;
}

/* The first rule that applies decides. Their order is policy, so it is data: what is not live opens
 * nothing, then life safety before security, security before paperwork. From R60 on all are about
 * entries, for R40 and R50 took every way out. is_valid is asked last and not presumed, so that a
 * state which no rule knows ends as a denial. */
static const struct rule rules[] = {
    {10,  is_history,             OUTCOME_DENY,   REASON_HISTORY             },
    {20,  is_replayed,            OUTCOME_DENY,   REASON_REPLAYED            },
    {30,  is_stale,               OUTCOME_DENY,   REASON_STALE_READ          },
    {40,  is_exit_button,         OUTCOME_GRANT,  REASON_EXIT_BUTTON         },
    {50,  is_leaving,             OUTCOME_GRANT,  REASON_EXIT                },
    {60,  lane_is_locked,         OUTCOME_DENY,   REASON_LANE_LOCKED         },
    {70,  lane_is_in_emergency,   OUTCOME_DENY,   REASON_EMERGENCY_CLOSED    },
    {80,  clock_is_unknown,       OUTCOME_DENY,   REASON_CLOCK_UNKNOWN       },
    {90,  is_without_roster,      OUTCOME_DENY,   REASON_CONTROLLER_SILENT   },
    {92,  lease_is_over,          OUTCOME_DENY,   REASON_LEASE_OVER          },
    {100, lane_is_free,           OUTCOME_GRANT,  REASON_LANE_SET_FREE       },
    {110, earlier_grant_stands,   OUTCOME_DENY,   REASON_REPEAT              },
    {120, has_just_passed,        OUTCOME_DENY,   REASON_REPEAT_PASSED       },
    {130, has_no_plate,           OUTCOME_DENY,   REASON_NO_PLATE            },
    {140, plate_was_not_read,     OUTCOME_DENY,   REASON_PLATE_NOT_READ      },
    {141, has_random_id,          OUTCOME_DENY,   REASON_CARD_RANDOM_ID      },
    {142, is_not_authentic,       OUTCOME_DENY,   REASON_CARD_NOT_AUTHENTIC  },
    {143, is_relay_suspect,       OUTCOME_DENY,   REASON_RELAY_SUSPECTED     },
    {150, is_unknown,             OUTCOME_DENY,   REASON_CREDENTIAL_UNKNOWN  },
    {160, is_revoked,             OUTCOME_DENY,   REASON_CREDENTIAL_REVOKED  },
    {170, is_not_yet_valid,       OUTCOME_DENY,   REASON_CREDENTIAL_NOT_YET  },
    {180, is_expired,             OUTCOME_DENY,   REASON_CREDENTIAL_EXPIRED  },
    {190, class_is_too_weak,      OUTCOME_DENY,   REASON_CLASS_TOO_WEAK      },
    {191, lease_asks_more,        OUTCOME_DENY,   REASON_LEASE_CLASS         },
    {192, gate_clock_asks_more,   OUTCOME_DENY,   REASON_GATE_CLOCK_UNKNOWN  },
    {200, is_banned,              OUTCOME_DENY,   REASON_PARK_BAN            },
    {210, tenant_is_suspended,    OUTCOME_DENY,   REASON_TENANT_SUSPENDED    },
    {220, person_is_suspended,    OUTCOME_DENY,   REASON_PERSON_SUSPENDED    },
    {230, has_no_assignment,      OUTCOME_DENY,   REASON_NO_ASSIGNMENT       },
    {240, zone_is_not_allowed,    OUTCOME_DENY,   REASON_ZONE_NOT_ALLOWED    },
    {250, is_closed_for_holiday,  OUTCOME_DENY,   REASON_HOLIDAY             },
    {260, is_out_of_schedule,     OUTCOME_DENY,   REASON_OUT_OF_SCHEDULE     },
    {261, zone_is_not_started,    OUTCOME_DENY,   REASON_FIRST_PERSON_MISSING},
    {262, lacks_clearance,        OUTCOME_DENY,   REASON_CLEARANCE_MISSING   },
    {263, clearance_is_over,      OUTCOME_DENY,   REASON_CLEARANCE_EXPIRED   },
    {264, needs_second,           OUTCOME_DENY,   REASON_SECOND_NEEDED       },
    {265, second_is_wrong,        OUTCOME_DENY,   REASON_SECOND_WRONG        },
    {266, needs_driver,           OUTCOME_DENY,   REASON_DRIVER_NEEDED       },
    {267, driver_is_wrong,        OUTCOME_DENY,   REASON_DRIVER_WRONG        },
    {268, needs_partner,          OUTCOME_DENY,   REASON_PARTNER_NEEDED      },
    {269, is_inside_already,      OUTCOME_DENY,   REASON_ANTI_PASSBACK       },
    {270, zone_is_full,           OUTCOME_DENY,   REASON_ZONE_FULL           },
    {271, tenant_is_full,         OUTCOME_DENY,   REASON_TENANT_FULL         },
    {272, is_too_crowded,         OUTCOME_DENY,   REASON_CROWD_LIMIT         },
    {273, comes_too_soon,         OUTCOME_DENY,   REASON_PASSBACK_TIMED      },
    {274, needs_escort,           OUTCOME_DENY,   REASON_ESCORT_NEEDED       },
    {275, interlock_holds,        OUTCOME_DENY,   REASON_INTERLOCK           },
    {276, asks_guard_check,       OUTCOME_REVIEW, REASON_GUARD_CHECK         },
    {279, is_valid_though_inside, OUTCOME_GRANT,  REASON_GRANTED_PASSBACK    },
    {280, is_valid,               OUTCOME_GRANT,  REASON_GRANTED             },
};

void facts_ask_nothing(struct facts *facts)
{
    facts->zone_started = true;
    facts->clearance = CLEARANCE_HELD;
    facts->second = DEMAND_MET;
    facts->driver = DEMAND_MET;
    facts->partner = DEMAND_MET;
    facts->escort = DEMAND_MET;
    facts->passback = PASSBACK_CLEAR;
    facts->crowd_admits = true;
    facts->interlock_clear = true;
    facts->guard_check = GUARD_CHECK_NONE;
    facts->lease = LEASE_HOLDS;
    facts->gate_clock_known = true;
}

struct verdict decide(const struct facts *facts)
{
    MUST(facts != NULL);

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].applies(facts)) {
            return (struct verdict){.outcome = rules[i].outcome, .reason = rules[i].reason};
        }
    }
    return (struct verdict){.outcome = OUTCOME_DENY, .reason = REASON_NO_RULE};
}

bool decide_rule_at(size_t index, struct decision_rule *ret_rule)
{
    if (index >= ARRAY_LEN(rules)) {
        return false;
    }
    *ret_rule = (struct decision_rule){
        .number = rules[index].number,
        .outcome = rules[index].outcome,
        .reason = rules[index].reason,
    };
    return true;
}

bool decide_rule_applies(size_t index, const struct facts *facts)
{
    MUST(facts != NULL);
    return index < ARRAY_LEN(rules) && rules[index].applies(facts);
}

enum lane_rule decide_lane_rule(enum direction direction, enum lane_mode mode, bool emergency,
                                bool emergency_admits)
{
    bool leaving = direction == DIRECTION_OUT;
    if (mode == LANE_MODE_LOCKED && !leaving) {
        return LANE_RULE_LOCKED;
    }
    if (emergency && (leaving || !emergency_admits)) {
        return LANE_RULE_EMERGENCY;
    }
    return mode == LANE_MODE_FREE ? LANE_RULE_FREE : LANE_RULE_NORMAL;
}

enum freshness decide_freshness(struct wall captured, struct wall received,
                                const int64_t *offset_us)
{
    if (offset_us == NULL) {
        return FRESHNESS_UNKNOWN;
    }
    /* Times from devices may be anything: an age that does not fit is no measurement. */
    int64_t corrected_us = 0;
    int64_t age_us = 0;
    if (__builtin_add_overflow(captured.us, *offset_us, &corrected_us) ||
        __builtin_sub_overflow(received.us, corrected_us, &age_us)) {
        return FRESHNESS_UNKNOWN;
    }
    const int64_t limit_us = (int64_t)STALE_AFTER_MS * 1000;
    if (age_us < -limit_us) {
        return FRESHNESS_UNKNOWN;
    }
    return age_us > limit_us ? FRESHNESS_STALE : FRESHNESS_LIVE;
}

struct wall decide_acted_on(struct wall captured, struct wall at)
{
    const int64_t most_us = INT64_C(1000) * REPEAT_LATE_MAX_MS;
    int64_t late_us = 0;
    if (__builtin_sub_overflow(at.us, captured.us, &late_us) ||
        late_us < INT64_C(1000) * REPEAT_LATE_MS) {
        return captured;
    }
    late_us = late_us > most_us ? most_us : late_us;
    return __builtin_add_overflow(captured.us, late_us, &at.us) ? captured : at;
}

enum repeat decide_repeat(const struct granted *granted, struct wall captured, int64_t window_ms)
{
    int64_t window_us = 0;
    int64_t before_us = 0;
    int64_t after_us = 0;
    if (granted->end == GRANT_NOT_TAKEN || __builtin_mul_overflow(window_ms, 1000, &window_us) ||
        __builtin_sub_overflow(granted->captured.us, captured.us, &before_us) ||
        __builtin_sub_overflow(captured.us, granted->acted.us, &after_us)) {
        return REPEAT_NONE;
    }
    if (before_us >= window_us || after_us >= window_us) {
        return REPEAT_NONE;
    }
    return granted->end == GRANT_PASSED ? REPEAT_PASSED : REPEAT_OPEN;
}

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_DENY:
        return "deny";
    case OUTCOME_REVIEW:
        return "review";
    case OUTCOME_GRANT:
        return "grant";
    }
    return "unknown";
}

const char *direction_name(enum direction direction)
{
    switch (direction) {
    case DIRECTION_IN:
        return "in";
    case DIRECTION_OUT:
        return "out";
    }
    return "unknown";
}

const char *lane_mode_name(enum lane_mode mode)
{
    switch (mode) {
    case LANE_MODE_NORMAL:
        return "normal";
    case LANE_MODE_FREE:
        return "free";
    case LANE_MODE_LOCKED:
        return "locked";
    }
    return "unknown";
}
