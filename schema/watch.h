/* watch: the closed lists of the watch list, for both sides (schema/watch.proto).
 *
 * Stored, signed and sent: append only, never renumber. What does not stand here cannot be watched
 * for: there is no category for opinion, petition, belief, ethnicity, health or a class of people,
 * no action that holds, locks or opens, and no instruction to detain.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WATCH_VERSION = 1 };

enum watch_category {
    WATCH_CATEGORY_NONE = 0,
    WATCH_CATEGORY_WARRANT = 1,        /* arrest warrant */
    WATCH_CATEGORY_COURT_ORDER = 2,    /* a court's, of a person or a vehicle */
    WATCH_CATEGORY_MISSING_PERSON = 3, /* looked for by the family or a guardian */
    WATCH_CATEGORY_STOLEN_VEHICLE = 4,
    WATCH_CATEGORY_WANTED_VEHICLE = 5,
    WATCH_CATEGORY_COUNT,
};

enum watch_matcher {
    WATCH_MATCHER_NONE = 0,
    WATCH_MATCHER_PLATE = 1,
    WATCH_MATCHER_BADGE = 2,    /* names its holder: a person */
    WATCH_MATCHER_IDENTITY = 3, /* a person, by the keyed hash of the identity number */
    WATCH_MATCHER_COUNT,
};

enum watch_action {
    WATCH_ACTION_NONE = 0,
    WATCH_ACTION_NOTIFY = 1, /* silent: the passage goes on */
    WATCH_ACTION_REVIEW = 2, /* entries only: asked to the guard's desk, the lane is free */
    WATCH_ACTION_COUNT,
};

/* What the guard is asked to do. */
enum watch_instruction {
    WATCH_INSTRUCTION_NONE = 0,
    WATCH_INSTRUCTION_CALL = 1,
    WATCH_INSTRUCTION_OBSERVE = 2,
    WATCH_INSTRUCTION_ASK_TO_DESK = 3,
    WATCH_INSTRUCTION_CHECK_DOCUMENT = 4,
    WATCH_INSTRUCTION_CHECK_VEHICLE = 5,
    WATCH_INSTRUCTION_OFFER_HELP = 6,
    WATCH_INSTRUCTION_KEEP_DISTANCE = 7,
    WATCH_INSTRUCTION_COUNT,
};

enum watch_change_kind {
    WATCH_CHANGE_NONE = 0,
    WATCH_CHANGE_ADD = 1,
    WATCH_CHANGE_RENEW = 2,
    WATCH_CHANGE_WITHDRAW = 3,
    WATCH_CHANGE_COUNT,
};

/* What became of an entry. */
enum watch_state {
    WATCH_STATE_NONE = 0,
    WATCH_STATE_WAITING = 1,   /* for a park officer's countersignature */
    WATCH_STATE_ACTING = 2,    /* from its begin to its end */
    WATCH_STATE_WITHDRAWN = 3, /* by the station */
    WATCH_STATE_REFUSED = 4,   /* by a park officer */
    WATCH_STATE_ENDED = 5,     /* its end has passed */
    WATCH_STATE_SUSPENDED = 6, /* its authority is */
    WATCH_STATE_COUNT,
};

/* Stable kebab-case names; a number out of range: `unknown`. */
const char *watch_category_name(uint32_t category);
const char *watch_matcher_name(uint32_t matcher);
const char *watch_action_name(uint32_t action);
const char *watch_instruction_name(uint32_t instruction);
const char *watch_change_name(uint32_t kind);
const char *watch_state_name(uint32_t state);

/* False: no such name. */
bool watch_category_from_name(const char *name, enum watch_category *ret);
bool watch_matcher_from_name(const char *name, enum watch_matcher *ret);
bool watch_action_from_name(const char *name, enum watch_action *ret);
bool watch_instruction_from_name(const char *name, enum watch_instruction *ret);
bool watch_change_from_name(const char *name, enum watch_change_kind *ret);

/* The sentence for the guard; a number out of range: "". */
const char *watch_instruction_en(uint32_t instruction);
const char *watch_instruction_zh(uint32_t instruction);

/* Of a person: acts after a countersignature, is counted against LIMIT_WATCH_PERSONS. */
static inline bool watch_matcher_is_person(enum watch_matcher matcher)
{
    return matcher == WATCH_MATCHER_BADGE || matcher == WATCH_MATCHER_IDENTITY;
}

/* A plate entry has a vehicle's category or a court's order, a person's has no vehicle's: nobody
 * comes under the countersignature's bound by the plate of a car. */
bool watch_category_fits(enum watch_category category, enum watch_matcher matcher);
