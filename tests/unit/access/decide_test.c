/* Goal: pin the decision table. Method: one row per rule in policy order, labels carrying the
 * numbers of docs/decision-rules.md; the page against the table; then every combination of facts
 * against the properties that must survive any change of policy. */
#include "common/access/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define GRANT(r) OUTCOME_GRANT, REASON_##r
#define DENY(r)  OUTCOME_DENY, REASON_##r
#define REVIEW   OUTCOME_REVIEW, REASON_GUARD_CHECK
#define CHECKED  .guard_check = GUARD_CHECK_WANTED

/* A worker whom nothing holds, at an ordinary entry; each row then changes a little. */
#define GOOD                                                                                       \
    .freshness = FRESHNESS_LIVE, .zone_class = CREDENTIAL_CLASS_UID_ONLY,                          \
    .credential = CREDENTIAL_STATE_VALID, .credential_class = CREDENTIAL_CLASS_UID_ONLY,           \
    .has_assignment = true, .zone_allowed = true, .in_schedule = true, .zone_count = 79,           \
    .zone_limit = 80, .zone_started = true, .clearance = CLEARANCE_HELD, .second = DEMAND_MET,     \
    .driver = DEMAND_MET, .partner = DEMAND_MET, .escort = DEMAND_MET, .passback = PASSBACK_CLEAR, \
    .crowd_admits = true, .interlock_clear = true, .lease = LEASE_HOLDS, .gate_clock_known = true, \
    .guard_check = GUARD_CHECK_NONE
#define BUTTON .presentation = PRESENTATION_EXIT_BUTTON
#define OUT    .direction = DIRECTION_OUT

/* The rows change what GOOD has set: that is their point. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

static const struct {
    const char *label;
    struct facts facts;
    enum outcome outcome;
    enum reason reason;
} cases[] = {
    {"R10 history",                        {GOOD, .history = true},                                      DENY(HISTORY)           },
    {"R10 not even an exit",               {GOOD, OUT, .history = true},                                 DENY(HISTORY)           },
    {"R10 nor a free lane",                {GOOD, .history = true, .mode = LANE_MODE_FREE},              DENY(HISTORY)           },
    {"R10 before R20",                     {GOOD, .history = true, .replayed = true},                    DENY(HISTORY)           },
    {"R20 replayed",                       {GOOD, .replayed = true},                                     DENY(REPLAYED)          },
    {"R20 not even an exit",               {GOOD, OUT, .replayed = true},                                DENY(REPLAYED)          },
    {"R30 stale",                          {GOOD, .freshness = FRESHNESS_STALE},                         DENY(STALE_READ)        },
    {"R30 not even an exit",               {GOOD, OUT, .freshness = FRESHNESS_STALE},                    DENY(STALE_READ)        },
    {"R30 an unknown clock is not stale",  {GOOD, OUT, .freshness = FRESHNESS_UNKNOWN},                  GRANT(EXIT)             },
    {"R40 button",                         {BUTTON},                                                     GRANT(EXIT_BUTTON)      },
    {"R40 button of an exit",              {BUTTON, OUT},                                                GRANT(EXIT_BUTTON)      },
    {"R40 locked",                         {BUTTON, .mode = LANE_MODE_LOCKED},                           GRANT(EXIT_BUTTON)      },
    {"R40 a press has no age",             {BUTTON, .freshness = FRESHNESS_STALE},                       GRANT(EXIT_BUTTON)      },
    {"R40 nor a history",                  {BUTTON, .history = true, .replayed = true},                  GRANT(EXIT_BUTTON)      },
    {"R50 a worker leaves",                {GOOD, OUT},                                                  GRANT(EXIT)             },
    {"R50 a stranger leaves",              {OUT},                                                        GRANT(EXIT)             },
    {"R50 locked",                         {OUT, .mode = LANE_MODE_LOCKED},                              GRANT(EXIT)             },
    {"R50 emergency",                      {OUT, .emergency = true},                                     GRANT(EXIT)             },
    {"R50 controller silent",              {OUT, .without_roster = true},                                GRANT(EXIT)             },
    {"R50 a repeat",                       {GOOD, OUT, .repeat = REPEAT_PASSED},                         GRANT(EXIT)             },
    {"R50 a banned person",                {GOOD, OUT, .park_ban = true},                                GRANT(EXIT)             },
    {"R50 an unread plate",                {OUT, .credential = CREDENTIAL_STATE_NOT_READ},               GRANT(EXIT)             },
    {"R60 locked",                         {GOOD, .mode = LANE_MODE_LOCKED},                             DENY(LANE_LOCKED)       },
    {"R60 before R70",                     {GOOD, .mode = LANE_MODE_LOCKED, .emergency = true},          DENY(LANE_LOCKED)       },
    {"R70 emergency",                      {GOOD, .emergency = true},                                    DENY(EMERGENCY_CLOSED)  },
    {"R70 beats free",                     {.emergency = true, .mode = LANE_MODE_FREE},                  DENY(EMERGENCY_CLOSED)  },
    {"R70 admitted",                       {GOOD, .emergency = true, .emergency_admits = true},          GRANT(GRANTED)          },
    {"R80 unknown clock",                  {GOOD, .freshness = FRESHNESS_UNKNOWN},                       DENY(CLOCK_UNKNOWN)     },
    {"R80 beats free",
     {GOOD, .freshness = FRESHNESS_UNKNOWN, .mode = LANE_MODE_FREE},
     DENY(CLOCK_UNKNOWN)                                                                                                         },
    {"R80 the lane admits it",
     {GOOD, .freshness = FRESHNESS_UNKNOWN, .admits_unknown_clock = true},
     GRANT(GRANTED)                                                                                                              },
    {"R90 controller silent",              {GOOD, .without_roster = true},                               DENY(CONTROLLER_SILENT) },
    {"R90 beats free",
     {GOOD, .without_roster = true, .mode = LANE_MODE_FREE},
     DENY(CONTROLLER_SILENT)                                                                                                     },
    {"R92 lease over",                     {GOOD, .lease = LEASE_OVER},                                  DENY(LEASE_OVER)        },
    {"R92 beats free",                     {GOOD, .lease = LEASE_OVER, .mode = LANE_MODE_FREE},          DENY(LEASE_OVER)        },
    {"R92 never at an exit",               {OUT, .lease = LEASE_OVER},                                   GRANT(EXIT)             },
    {"R100 free for a stranger",
     {.freshness = FRESHNESS_LIVE,
      .mode = LANE_MODE_FREE,
      .lease = LEASE_HOLDS,
      .gate_clock_known = true},
     GRANT(LANE_SET_FREE)                                                                                                        },
    {"R100 not after the lease",
     {.freshness = FRESHNESS_LIVE,
      .mode = LANE_MODE_FREE,
      .lease = LEASE_AUTHENTICATED,
      .gate_clock_known = true},
     DENY(CREDENTIAL_UNKNOWN)                                                                                                    },
    {"R100 nor without the time",
     {.freshness = FRESHNESS_LIVE, .mode = LANE_MODE_FREE, .lease = LEASE_HOLDS},
     DENY(CREDENTIAL_UNKNOWN)                                                                                                    },
    {"R100 free for a repeat",
     {GOOD, .mode = LANE_MODE_FREE, .repeat = REPEAT_PASSED},
     GRANT(LANE_SET_FREE)                                                                                                        },
    {"R110 the earlier grant stands",      {GOOD, .repeat = REPEAT_OPEN},                                DENY(REPEAT)            },
    {"R120 has just passed",               {GOOD, .repeat = REPEAT_PASSED},                              DENY(REPEAT_PASSED)     },
    {"R130 no plate",                      {GOOD, .credential = CREDENTIAL_STATE_NO_PLATE},              DENY(NO_PLATE)          },
    {"R140 plate not read",                {GOOD, .credential = CREDENTIAL_STATE_NOT_READ},              DENY(PLATE_NOT_READ)    },
    {"R141 random id",                     {GOOD, .proof = CARD_PROOF_RANDOM_ID},                        DENY(CARD_RANDOM_ID)    },
    {"R141 leaves all the same",           {GOOD, OUT, .proof = CARD_PROOF_RANDOM_ID},                   GRANT(EXIT)             },
    {"R142 a copy",                        {GOOD, .proof = CARD_PROOF_FAILED},                           DENY(CARD_NOT_AUTHENTIC)},
    {"R142 before unknown",
     {.freshness = FRESHNESS_LIVE, .proof = CARD_PROOF_FAILED, .lease = LEASE_HOLDS},
     DENY(CARD_NOT_AUTHENTIC)                                                                                                    },
    {"R143 relayed",                       {GOOD, .proof = CARD_PROOF_SLOW},                             DENY(RELAY_SUSPECTED)   },
    {"R143 proof given",                   {GOOD, .proof = CARD_PROOF_GIVEN},                            GRANT(GRANTED)          },
    {"R150 unknown",                       {GOOD, .credential = CREDENTIAL_STATE_UNKNOWN},               DENY(CREDENTIAL_UNKNOWN)},
    {"R160 revoked",                       {GOOD, .credential = CREDENTIAL_STATE_REVOKED},               DENY(CREDENTIAL_REVOKED)},
    {"R170 not yet",
     {GOOD, .credential = CREDENTIAL_STATE_NOT_YET_VALID},
     DENY(CREDENTIAL_NOT_YET)                                                                                                    },
    {"R180 expired",                       {GOOD, .credential = CREDENTIAL_STATE_EXPIRED},               DENY(CREDENTIAL_EXPIRED)},
    {"R190 one class too weak",
     {GOOD, .zone_class = CREDENTIAL_CLASS_AUTHENTICATED},
     DENY(CLASS_TOO_WEAK)                                                                                                        },
    {"R190 stronger than asked",
     {GOOD, .credential_class = CREDENTIAL_CLASS_AUTHENTICATED},
     GRANT(GRANTED)                                                                                                              },
    {"R191 lease over, a weak class",
     {GOOD, .lease = LEASE_AUTHENTICATED, .park_ban = true},
     DENY(LEASE_CLASS)                                                                                                           },
    {"R191 an authenticated one",
     {GOOD, .lease = LEASE_AUTHENTICATED, .credential_class = CREDENTIAL_CLASS_AUTHENTICATED},
     GRANT(GRANTED)                                                                                                              },
    {"R191 a stranger stays unknown",
     {GOOD, .lease = LEASE_AUTHENTICATED, .credential = CREDENTIAL_STATE_UNKNOWN},
     DENY(CREDENTIAL_UNKNOWN)                                                                                                    },
    {"R192 no time, a weak class",
     {GOOD, .gate_clock_known = false, .park_ban = true},
     DENY(GATE_CLOCK_UNKNOWN)                                                                                                    },
    {"R192 an authenticated one",
     {GOOD, .gate_clock_known = false, .credential_class = CREDENTIAL_CLASS_AUTHENTICATED},
     GRANT(GRANTED)                                                                                                              },
    {"R192 never at an exit",              {OUT, .gate_clock_known = false},                             GRANT(EXIT)             },
    {"R200 park ban",                      {GOOD, .park_ban = true, .tenant_suspended = true},           DENY(PARK_BAN)          },
    {"R210 tenant suspended",
     {GOOD, .tenant_suspended = true, .person_suspended = true},
     DENY(TENANT_SUSPENDED)                                                                                                      },
    {"R220 person suspended",
     {GOOD, .person_suspended = true, .has_assignment = false},
     DENY(PERSON_SUSPENDED)                                                                                                      },
    {"R230 no assignment",
     {GOOD, .has_assignment = false, .zone_allowed = false},
     DENY(NO_ASSIGNMENT)                                                                                                         },
    {"R240 zone",                          {GOOD, .zone_allowed = false, .holiday_closed = true},        DENY(ZONE_NOT_ALLOWED)  },
    {"R250 holiday",                       {GOOD, .holiday_closed = true, .in_schedule = false},         DENY(HOLIDAY)           },
    {"R260 schedule",                      {GOOD, .in_schedule = false, .zone_count = 80},               DENY(OUT_OF_SCHEDULE)   },
    {"R261 zone not started",
     {GOOD, .zone_started = false, .clearance = CLEARANCE_MISSING},
     DENY(FIRST_PERSON_MISSING)                                                                                                  },
    {"R261 after the schedule",
     {GOOD, .zone_started = false, .in_schedule = false},
     DENY(OUT_OF_SCHEDULE)                                                                                                       },
    {"R262 clearance missing",
     {GOOD, .clearance = CLEARANCE_MISSING, .second = DEMAND_MISSING},
     DENY(CLEARANCE_MISSING)                                                                                                     },
    {"R263 clearance over",
     {GOOD, .clearance = CLEARANCE_EXPIRED, .second = DEMAND_MISSING},
     DENY(CLEARANCE_EXPIRED)                                                                                                     },
    {"R264 second needed",
     {GOOD, .second = DEMAND_MISSING, .driver = DEMAND_MISSING},
     DENY(SECOND_NEEDED)                                                                                                         },
    {"R265 second wrong",
     {GOOD, .second = DEMAND_WRONG, .driver = DEMAND_MISSING},
     DENY(SECOND_WRONG)                                                                                                          },
    {"R266 driver needed",
     {GOOD, .driver = DEMAND_MISSING, .partner = DEMAND_MISSING},
     DENY(DRIVER_NEEDED)                                                                                                         },
    {"R267 driver wrong",
     {GOOD, .driver = DEMAND_WRONG, .partner = DEMAND_MISSING},
     DENY(DRIVER_WRONG)                                                                                                          },
    {"R268 alone",
     {GOOD, .partner = DEMAND_MISSING, .passback = PASSBACK_INSIDE},
     DENY(PARTNER_NEEDED)                                                                                                        },
    {"R268 with the wrong one",            {GOOD, .partner = DEMAND_WRONG},                              DENY(PARTNER_NEEDED)    },
    {"R269 inside already",
     {GOOD, .passback = PASSBACK_INSIDE, .zone_count = 80},
     DENY(ANTI_PASSBACK)                                                                                                         },
    {"R269 never at an exit",              {GOOD, OUT, .passback = PASSBACK_INSIDE},                     GRANT(EXIT)             },
    {"R270 full",                          {GOOD, .zone_count = 80},                                     DENY(ZONE_FULL)         },
    {"R270 over full",                     {GOOD, .zone_count = 81},                                     DENY(ZONE_FULL)         },
    {"R270 no limit",                      {GOOD, .zone_count = 4000000000U, .zone_limit = 0},           GRANT(GRANTED)          },
    {"R271 tenant full",
     {GOOD, .tenant_count = 5, .tenant_limit = 5, .crowd_admits = false},
     DENY(TENANT_FULL)                                                                                                           },
    {"R271 the last place of the tenant",
     {GOOD, .tenant_count = 4, .tenant_limit = 5},
     GRANT(GRANTED)                                                                                                              },
    {"R272 crowd",                         {GOOD, .crowd_admits = false, .passback = PASSBACK_TOO_SOON}, DENY(CROWD_LIMIT)       },
    {"R273 too soon",
     {GOOD, .passback = PASSBACK_TOO_SOON, .escort = DEMAND_MISSING},
     DENY(PASSBACK_TIMED)                                                                                                        },
    {"R274 without the host",
     {GOOD, .escort = DEMAND_MISSING, .interlock_clear = false},
     DENY(ESCORT_NEEDED)                                                                                                         },
    {"R274 with somebody else",            {GOOD, .escort = DEMAND_WRONG},                               DENY(ESCORT_NEEDED)     },
    {"R275 the other door is open",        {GOOD, .interlock_clear = false},                             DENY(INTERLOCK)         },
    {"R275 never at an exit",              {GOOD, OUT, .interlock_clear = false},                        GRANT(EXIT)             },
    {"R276 guard check",                   {GOOD, CHECKED},                                              REVIEW                  },
    {"R276 before soft passback",          {GOOD, CHECKED, .passback = PASSBACK_NOTED},                  REVIEW                  },
    {"R276 says nothing of who is denied",
     {GOOD, CHECKED, .interlock_clear = false},
     DENY(INTERLOCK)                                                                                                             },
    {"R276 nor of a stranger",
     {GOOD, CHECKED, .credential = CREDENTIAL_STATE_UNKNOWN},
     DENY(CREDENTIAL_UNKNOWN)                                                                                                    },
    {"R276 not at a free lane",            {GOOD, CHECKED, .mode = LANE_MODE_FREE},                      GRANT(LANE_SET_FREE)    },
    {"R276 never at an exit",              {GOOD, CHECKED, OUT},                                         GRANT(EXIT)             },
    {"R276 nor of a button",               {CHECKED, BUTTON},                                            GRANT(EXIT_BUTTON)      },
    {"R279 soft passback",                 {GOOD, .passback = PASSBACK_NOTED},                           GRANT(GRANTED_PASSBACK) },
    {"R280 the last free place",           {GOOD},                                                       GRANT(GRANTED)          },
    {"the careful zero",                   {0},                                                          DENY(CLOCK_UNKNOWN)     },
    {"a state that no rule knows",         {GOOD, .credential = (enum credential_state)77},              DENY(NO_RULE)           },
};
#pragma GCC diagnostic pop

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct verdict got = decide(&cases[i].facts);
        if (got.outcome != cases[i].outcome || got.reason != cases[i].reason) {
            fail_msg("%s: got %s, %s", cases[i].label, outcome_name(got.outcome),
                     reason_text(got.reason)->name);
        }
    }
}

/* Each rule must have at least one row above that carries its number and gets its reason. */
static void each_rule_has_a_row(void **state)
{
    (void)state;
    struct decision_rule rule;
    for (size_t r = 0; decide_rule_at(r, &rule); r++) {
        char label[16];
        (void)snprintf(label, sizeof(label), "R%u ", (unsigned)rule.number);
        bool found = false;
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            found = found || (strncmp(cases[i].label, label, strlen(label)) == 0 &&
                              cases[i].reason == rule.reason);
        }
        if (!found) {
            fail_msg("%shas no row", label);
        }
    }
}

/* The table rows of the page, `| R10 | ... | deny | `history` | ...`, are the rows of the code. */
static void the_page_is_the_table(void **state)
{
    (void)state;
    FILE *page = fopen(PARKGATE_SOURCE_DIR "/docs/decision-rules.md", "r");
    assert_non_null(page);
    char line[1024];
    size_t count = 0;
    while (fgets(line, sizeof(line), page) != NULL) {
        unsigned number = 0;
        char outcome[16];
        char reason[32];
        if (sscanf(line, "| R%u | %*[^|]| %15[a-z]%*[^|]| `%31[a-z-]`", &number, outcome, reason) !=
            3) {
            continue;
        }
        struct decision_rule rule;
        assert_true(decide_rule_at(count++, &rule));
        assert_int_equal(rule.number, number);
        assert_string_equal(outcome_name(rule.outcome), outcome);
        assert_string_equal(reason_text(rule.reason)->name, reason);
    }
    assert_int_equal(fclose(page), 0);
    struct decision_rule past;
    assert_false(decide_rule_at(count, &past));
    assert_true(count > 0);
}

static void rule_numbers_rise(void **state)
{
    (void)state;
    struct decision_rule rule;
    unsigned before = 0;
    for (size_t i = 0; decide_rule_at(i, &rule); i++) {
        assert_true(rule.number > before);
        before = rule.number;
    }
}

/* Takes the next digit of base `base` off *number. */
static unsigned digit(unsigned *number, unsigned base)
{
    unsigned value = *number % base;
    *number /= base;
    return value;
}

enum {
    LANE_COMBINATIONS = 16 * 27 * 16 * 3 * 7,
    HOLDER_COMBINATIONS = 256,
    ALONE_COMBINATIONS = 3 * 2 * 2
};

static struct facts lane_facts(unsigned n)
{
    struct facts facts = {.zone_limit = 9};
    facts.presentation = (enum presentation)digit(&n, 2);
    facts.direction = (enum direction)digit(&n, 2);
    facts.history = digit(&n, 2);
    facts.replayed = digit(&n, 2);
    facts.freshness = (enum freshness)digit(&n, 3);
    facts.repeat = (enum repeat)digit(&n, 3);
    facts.mode = (enum lane_mode)digit(&n, 3);
    facts.emergency = digit(&n, 2);
    facts.emergency_admits = digit(&n, 2);
    facts.admits_unknown_clock = digit(&n, 2);
    facts.without_roster = digit(&n, 2);
    facts.zone_class = CREDENTIAL_CLASS_UID_ONLY;
    facts.credential_class = (enum credential_class)digit(&n, 3);
    facts.credential = (enum credential_state)digit(&n, 7);
    assert_int_equal(n, 0);
    facts_ask_nothing(&facts);
    return facts;
}

static void set_holder(struct facts *facts, unsigned bits)
{
    facts->park_ban = bits & 1;
    facts->tenant_suspended = bits & 2;
    facts->person_suspended = bits & 4;
    facts->has_assignment = bits & 8;
    facts->zone_allowed = bits & 16;
    facts->in_schedule = bits & 32;
    facts->holiday_closed = bits & 64;
    facts->zone_count = bits & 128 ? 9 : 8;
}

enum {
    DEMAND_COMBINATIONS = 5 * 2 * 3 * 81 * 4 * 8,
    PLAIN_COMBINATIONS = 2 * 2 * 2 * 3 * 3 * 2 * 2
};

/* What the zone and the lane ask beside the roster. */
static void set_demands(struct facts *facts, unsigned n)
{
    facts->proof = (enum card_proof)digit(&n, 5);
    facts->zone_started = digit(&n, 2);
    facts->clearance = (enum clearance_held)digit(&n, 3);
    facts->second = (enum demand)digit(&n, 3);
    facts->driver = (enum demand)digit(&n, 3);
    facts->partner = (enum demand)digit(&n, 3);
    facts->escort = (enum demand)digit(&n, 3);
    facts->passback = (enum passback)digit(&n, 4);
    facts->tenant_limit = 3;
    facts->tenant_count = digit(&n, 2) ? 3 : 2;
    facts->crowd_admits = digit(&n, 2);
    facts->interlock_clear = digit(&n, 2);
    assert_int_equal(n, 0);
}

/* A lane and a holder in which the demands can matter, and those in which they must not. */
static struct facts plain_facts(unsigned n)
{
    struct facts facts = {.zone_limit = 9, .zone_count = 8};
    set_holder(&facts, 8 | 16 | 32);
    facts.presentation = (enum presentation)digit(&n, 2);
    facts.direction = (enum direction)digit(&n, 2);
    facts.history = digit(&n, 2);
    facts.freshness = (enum freshness)digit(&n, 3);
    facts.mode = (enum lane_mode)digit(&n, 3);
    facts.emergency = digit(&n, 2);
    facts.credential = digit(&n, 2) ? CREDENTIAL_STATE_VALID : CREDENTIAL_STATE_UNKNOWN;
    facts.lease = LEASE_HOLDS;
    facts.gate_clock_known = true;
    assert_int_equal(n, 0);
    return facts;
}

/* Everything an entry asks of zone and lane, written out once more and in no order. */
static bool demands_met(const struct facts *f)
{
    bool proved = f->proof == CARD_PROOF_NONE || f->proof == CARD_PROOF_GIVEN;
    bool room = f->tenant_limit == 0 || f->tenant_count < f->tenant_limit;
    return f->second == DEMAND_MET && f->driver == DEMAND_MET && f->partner == DEMAND_MET &&
           f->escort == DEMAND_MET && f->clearance == CLEARANCE_HELD && f->zone_started &&
           (f->passback == PASSBACK_CLEAR || f->passback == PASSBACK_NOTED) && f->crowd_admits &&
           f->interlock_clear && proved && room;
}

/* Everything an entry asks of its holder, written out once more and in no order. */
static bool has_permit(const struct facts *f)
{
    return demands_met(f) && f->credential == CREDENTIAL_STATE_VALID &&
           f->credential_class >= f->zone_class && f->has_assignment && f->zone_allowed &&
           f->in_schedule && !f->park_ban && !f->tenant_suspended && !f->person_suspended &&
           !f->holiday_closed && f->zone_count < 9;
}

/* NULL, or the property that this verdict breaks. */
static const char *broken_property(const struct facts *f, struct verdict got)
{
    bool granted = got.outcome == OUTCOME_GRANT;
    bool button = f->presentation == PRESENTATION_EXIT_BUTTON;
    bool live = !f->history && !f->replayed && f->freshness != FRESHNESS_STALE;
    bool leaving = button || f->direction == DIRECTION_OUT;
    bool alone = f->lease != LEASE_HOLDS || !f->gate_clock_known;
    bool open_lane = f->mode == LANE_MODE_FREE && !alone;
    bool entry_granted = granted && !leaving;

    bool checked = f->guard_check != GUARD_CHECK_NONE;

    if (got.reason == REASON_NO_RULE) {
        return "every case is decided";
    }
    if ((got.outcome == OUTCOME_REVIEW) != (got.reason == REASON_GUARD_CHECK) ||
        (got.outcome == OUTCOME_REVIEW && !checked)) {
        return "a review is a guard check that is wanted";
    }
    if (got.outcome == OUTCOME_REVIEW && (leaving || !live || !has_permit(f) || open_lane)) {
        return "only who would be let in is asked to the guard";
    }
    if (entry_granted && checked && !open_lane) {
        return "who is asked to the guard is not let in by the lane";
    }
    if (leaving && (button || live) && !granted) {
        return "nobody is kept from leaving";
    }
    if (!button && !live && granted) {
        return "what is not live opens nothing";
    }
    if (entry_granted && !open_lane && !has_permit(f)) {
        return "no permit, no entry, but at a lane set free";
    }
    if (entry_granted && f->mode == LANE_MODE_LOCKED) {
        return "a locked entry never opens";
    }
    if (entry_granted && f->emergency && !f->emergency_admits) {
        return "an emergency closes entries";
    }
    if (entry_granted && f->without_roster) {
        return "a silent controller grants no entry";
    }
    if (entry_granted && f->lease == LEASE_OVER) {
        return "after the lease nobody enters";
    }
    if (entry_granted && alone &&
        (f->credential_class < CREDENTIAL_CLASS_AUTHENTICATED ||
         f->credential != CREDENTIAL_STATE_VALID)) {
        return "without lease or time only known people of the strongest class enter";
    }
    if (entry_granted && f->repeat != REPEAT_NONE && !open_lane) {
        return "a repeat opens nothing";
    }
    if (entry_granted && f->freshness != FRESHNESS_LIVE && !f->admits_unknown_clock) {
        return "an unknown clock enters only where the lane admits it";
    }
    bool plain = live && f->freshness == FRESHNESS_LIVE && f->mode == LANE_MODE_NORMAL &&
                 !f->emergency && !f->without_roster && f->repeat == REPEAT_NONE && !alone;
    if (!leaving && plain && has_permit(f) && !granted && !checked) {
        return "who has a permit enters at a plain lane";
    }
    return NULL;
}

static void every_combination(void **state)
{
    (void)state;
    unsigned long count = 0;
    for (unsigned lane = 0; lane < LANE_COMBINATIONS; lane++) {
        struct facts facts = lane_facts(lane);
        for (unsigned holder = 0; holder < HOLDER_COMBINATIONS; holder++) {
            set_holder(&facts, holder);
            const char *broken = broken_property(&facts, decide(&facts));
            if (broken != NULL) {
                fail_msg("%s: lane=%u holder=%u", broken, lane, holder);
            }
            count++;
        }
    }
    print_message("combinations decided: %lu\n", count);
    assert_true(count == (unsigned long)LANE_COMBINATIONS * HOLDER_COMBINATIONS);
}

static void every_combination_of_demands(void **state)
{
    (void)state;
    unsigned long count = 0;
    for (unsigned plain = 0; plain < PLAIN_COMBINATIONS; plain++) {
        struct facts facts = plain_facts(plain);
        for (unsigned demands = 0; demands < DEMAND_COMBINATIONS; demands++) {
            set_demands(&facts, demands);
            const char *broken = broken_property(&facts, decide(&facts));
            if (broken != NULL) {
                fail_msg("%s: plain=%u demands=%u", broken, plain, demands);
            }
            count++;
        }
    }
    print_message("combinations of demands decided: %lu\n", count);
    assert_true(count == (unsigned long)PLAIN_COMBINATIONS * DEMAND_COMBINATIONS);
}

/* A gate alone: every lane with every lease and clock, for who may enter, and for who may not. */
static void every_combination_of_a_gate_alone(void **state)
{
    (void)state;
    unsigned long count = 0;
    for (unsigned lane = 0; lane < LANE_COMBINATIONS; lane++) {
        struct facts facts = lane_facts(lane);
        for (unsigned alone = 0; alone < ALONE_COMBINATIONS; alone++) {
            unsigned n = alone;
            facts.lease = (enum lease)digit(&n, 3);
            facts.gate_clock_known = digit(&n, 2);
            set_holder(&facts, digit(&n, 2) ? 8 | 16 | 32 : 0);
            const char *broken = broken_property(&facts, decide(&facts));
            if (broken != NULL) {
                fail_msg("%s: lane=%u alone=%u", broken, lane, alone);
            }
            count++;
        }
    }
    print_message("combinations of a gate alone decided: %lu\n", count);
    assert_true(count == (unsigned long)LANE_COMBINATIONS * ALONE_COMBINATIONS);
}

/* A guard check turns a grant of an entry into a review, and changes nothing else. */
static const char *broken_by_check(const struct facts *f)
{
    struct facts checked = *f;
    checked.guard_check = GUARD_CHECK_WANTED;
    struct verdict plain = decide(f);
    struct verdict got = decide(&checked);
    bool is_entry = plain.reason == REASON_GRANTED || plain.reason == REASON_GRANTED_PASSBACK;
    const char *broken = broken_property(&checked, got);
    if (broken != NULL) {
        return broken;
    }
    return is_entry ? (got.outcome == OUTCOME_REVIEW ? NULL : "a granted entry is checked")
           : got.outcome == plain.outcome && got.reason == plain.reason
               ? NULL
               : "a check changes nothing but the grant of an entry";
}

/* Every lane with holders who may enter and who fail by one thing each; every demand. */
static void every_combination_of_a_guard_check(void **state)
{
    (void)state;
    const unsigned may = 8 | 16 | 32;
    unsigned long count = 0;
    const char *broken = NULL;
    for (unsigned lane = 0; lane < LANE_COMBINATIONS; lane++) {
        struct facts facts = lane_facts(lane);
        for (unsigned n = 0; n < 9 * ALONE_COMBINATIONS / 2; n++, count++) {
            unsigned at = n;
            unsigned flipped = digit(&at, 9);
            facts.lease = (enum lease)digit(&at, 3);
            facts.gate_clock_known = digit(&at, 2);
            set_holder(&facts, flipped == 8 ? may : may ^ (1U << flipped));
            broken = broken_by_check(&facts);
            if (broken != NULL) {
                fail_msg("%s: lane=%u n=%u", broken, lane, n);
            }
        }
    }
    for (unsigned plain = 0; plain < PLAIN_COMBINATIONS; plain += 2) { /* reads, no presses */
        struct facts facts = plain_facts(plain);
        for (unsigned demands = 0; demands < DEMAND_COMBINATIONS; demands++, count++) {
            set_demands(&facts, demands);
            broken = broken_by_check(&facts);
            if (broken != NULL) {
                fail_msg("%s: plain=%u demands=%u", broken, plain, demands);
            }
        }
    }
    print_message("combinations with a guard check decided: %lu\n", count);
    assert_true(count > 1000000);
}

/* What explain says of each rule is what decide acts on. */
static void the_first_rule_that_applies_decides(void **state)
{
    (void)state;
    for (unsigned demands = 0; demands < DEMAND_COMBINATIONS; demands += 7) {
        struct facts facts = plain_facts(demands % PLAIN_COMBINATIONS);
        struct decision_rule rule;
        size_t index = 0;
        set_demands(&facts, demands);
        while (!decide_rule_applies(index, &facts)) {
            index++;
        }
        assert_true(decide_rule_at(index, &rule));
        assert_int_equal(decide(&facts).reason, rule.reason);
    }
}

static void who_wins_at_a_lane(void **state)
{
    (void)state;
    static const struct {
        enum direction direction;
        enum lane_mode mode;
        bool emergency, admits;
        enum lane_rule winner;
    } rows[] = {
        {DIRECTION_IN,  LANE_MODE_NORMAL, false, false, LANE_RULE_NORMAL   },
        {DIRECTION_IN,  LANE_MODE_FREE,   false, false, LANE_RULE_FREE     },
        {DIRECTION_IN,  LANE_MODE_LOCKED, false, false, LANE_RULE_LOCKED   },
        {DIRECTION_IN,  LANE_MODE_NORMAL, true,  false, LANE_RULE_EMERGENCY},
        {DIRECTION_IN,  LANE_MODE_FREE,   true,  false, LANE_RULE_EMERGENCY},
        {DIRECTION_IN,  LANE_MODE_LOCKED, true,  false, LANE_RULE_LOCKED   },
        {DIRECTION_IN,  LANE_MODE_NORMAL, true,  true,  LANE_RULE_NORMAL   },
        {DIRECTION_IN,  LANE_MODE_FREE,   true,  true,  LANE_RULE_FREE     },
        {DIRECTION_IN,  LANE_MODE_LOCKED, true,  true,  LANE_RULE_LOCKED   },
        {DIRECTION_OUT, LANE_MODE_NORMAL, false, false, LANE_RULE_NORMAL   },
        {DIRECTION_OUT, LANE_MODE_FREE,   false, false, LANE_RULE_FREE     },
        {DIRECTION_OUT, LANE_MODE_LOCKED, false, false, LANE_RULE_NORMAL   },
        {DIRECTION_OUT, LANE_MODE_NORMAL, true,  true,  LANE_RULE_EMERGENCY},
        {DIRECTION_OUT, LANE_MODE_FREE,   true,  false, LANE_RULE_EMERGENCY},
        {DIRECTION_OUT, LANE_MODE_LOCKED, true,  false, LANE_RULE_EMERGENCY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(
            decide_lane_rule(rows[i].direction, rows[i].mode, rows[i].emergency, rows[i].admits),
            rows[i].winner);
    }
}

static void freshness_at_its_edges(void **state)
{
    (void)state;
    static const struct {
        int64_t captured_us, received_us, offset_us;
        enum freshness expected;
    } rows[] = {
        {0,         5000000,    0,          FRESHNESS_LIVE   },
        {0,         5000001,    0,          FRESHNESS_STALE  },
        {3000000,   0,          0,          FRESHNESS_LIVE   },
        {5000000,   0,          0,          FRESHNESS_LIVE   },
        {5000001,   0,          0,          FRESHNESS_UNKNOWN},
        {0,         3600000000, 3600000000, FRESHNESS_LIVE   },
        {0,         3605000001, 3600000000, FRESHNESS_STALE  },
        {INT64_MAX, 0,          1,          FRESHNESS_UNKNOWN},
        {INT64_MIN, INT64_MAX,  0,          FRESHNESS_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(decide_freshness((struct wall){rows[i].captured_us},
                                          (struct wall){rows[i].received_us}, &rows[i].offset_us),
                         rows[i].expected);
    }
    assert_int_equal(decide_freshness((struct wall){0}, (struct wall){INT64_MAX}, NULL),
                     FRESHNESS_UNKNOWN);
}

static void repeat_at_its_edges(void **state)
{
    (void)state;
    static const struct {
        int64_t after_us;
        enum grant_end end;
        int64_t late_us;
        enum repeat expected;
    } rows[] = {
        {2000000,  GRANT_OPEN,      0,       REPEAT_OPEN  },
        {2000000,  GRANT_PASSED,    0,       REPEAT_PASSED},
        {2000000,  GRANT_NOT_TAKEN, 0,       REPEAT_NONE  },
        {4999999,  GRANT_OPEN,      0,       REPEAT_OPEN  },
        {5000000,  GRANT_OPEN,      0,       REPEAT_NONE  },
        {-2000000, GRANT_OPEN,      0,       REPEAT_OPEN  },
        {-5000000, GRANT_PASSED,    0,       REPEAT_NONE  },
        {0,        GRANT_OPEN,      0,       REPEAT_OPEN  },
        {5400000,  GRANT_OPEN,      4700000, REPEAT_OPEN  },
        {5400000,  GRANT_PASSED,    4700000, REPEAT_PASSED},
        {5400000,  GRANT_NOT_TAKEN, 4700000, REPEAT_NONE  },
        {9699999,  GRANT_OPEN,      4700000, REPEAT_OPEN  },
        {9700000,  GRANT_OPEN,      4700000, REPEAT_NONE  },
        {-4999999, GRANT_OPEN,      4700000, REPEAT_OPEN  },
        {-5000000, GRANT_OPEN,      4700000, REPEAT_NONE  },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct granted granted = {{100000000}, {100000000 + rows[i].late_us}, rows[i].end};
        struct wall captured = {granted.captured.us + rows[i].after_us};
        assert_int_equal(decide_repeat(&granted, captured, REPEAT_WINDOW_MS), rows[i].expected);
    }
    const struct granted granted = {{100000000}, {100000000}, GRANT_OPEN};
    const struct granted ancient = {{INT64_MIN}, {INT64_MIN}, GRANT_OPEN};
    assert_int_equal(decide_repeat(&granted, granted.captured, 0), REPEAT_NONE);
    assert_int_equal(decide_repeat(&ancient, (struct wall){INT64_MAX}, REPEAT_WINDOW_MS),
                     REPEAT_NONE);
    assert_int_equal(decide_repeat(&granted, granted.captured, INT64_MAX), REPEAT_NONE);
}

static void a_late_act_counts_from_when_it_was_done_and_not_without_end(void **state)
{
    (void)state;
    static const struct {
        int64_t captured, at, expected;
    } rows[] = {
        {100000000, 100000000, 100000000}, {100000000, 100499999, 100000000},
        {100000000, 100500000, 100500000}, {100000000, 104700000, 104700000},
        {100000000, 110000000, 110000000}, {100000000, 110000001, 110000000},
        {100000000, INT64_MAX, 110000000}, {100000000, 99000000, 100000000},
        {INT64_MIN, INT64_MAX, INT64_MIN}, {INT64_MAX, INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wall acted =
            decide_acted_on((struct wall){rows[i].captured}, (struct wall){rows[i].at});
        assert_int_equal(acted.us, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule),
        cmocka_unit_test(each_rule_has_a_row),
        cmocka_unit_test(the_page_is_the_table),
        cmocka_unit_test(rule_numbers_rise),
        cmocka_unit_test(every_combination),
        cmocka_unit_test(every_combination_of_demands),
        cmocka_unit_test(every_combination_of_a_gate_alone),
        cmocka_unit_test(every_combination_of_a_guard_check),
        cmocka_unit_test(the_first_rule_that_applies_decides),
        cmocka_unit_test(who_wins_at_a_lane),
        cmocka_unit_test(freshness_at_its_edges),
        cmocka_unit_test(repeat_at_its_edges),
        cmocka_unit_test(a_late_act_counts_from_when_it_was_done_and_not_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
