/* reasons: why a verdict is what it is, as one stable number each, with its sentences.
 *
 * The numbers stand in journals, outboxes and messages: append only, never renumber, never reuse.
 * docs/decision-rules.md says which rule gives which reason. The sentences may be improved freely.
 */
#pragma once

#include <stddef.h>

enum reason {
    REASON_NO_RULE = 0,             /* denied: no rule applied */
    REASON_GRANTED = 1,             /* granted: every check passed */
    REASON_EXIT = 2,                /* granted: a live read at an exit */
    REASON_EXIT_BUTTON = 3,         /* granted: the exit button was pressed */
    REASON_LANE_SET_FREE = 4,       /* granted: the lane is set free */
    REASON_OPENED_BY_STAFF = 5,     /* granted: a member of staff opened the lane */
    REASON_AGENT_ERROR = 6,         /* granted: an exit whose commit failed at the gate */
    REASON_HISTORY = 7,             /* denied: the device marked the read as history */
    REASON_REPLAYED = 8,            /* denied: this very read is known already */
    REASON_STALE_READ = 9,          /* denied: captured too long before it was received */
    REASON_CLOCK_UNKNOWN = 10,      /* denied: device clock not measured yet; lane says deny */
    REASON_LANE_LOCKED = 11,        /* denied: the lane is locked */
    REASON_EMERGENCY_CLOSED = 12,   /* denied: emergency, entries are closed */
    REASON_CONTROLLER_SILENT = 13,  /* denied: no answer, and nothing to decide from */
    REASON_REPEAT = 14,             /* denied: opens nothing new, the earlier grant holds */
    REASON_REPEAT_PASSED = 15,      /* denied: this credential has just passed here */
    REASON_NO_PLATE = 16,           /* denied: the vehicle carries no plate */
    REASON_PLATE_NOT_READ = 17,     /* denied: the camera could not read the plate */
    REASON_CREDENTIAL_UNKNOWN = 18, /* denied: nobody holds this credential */
    REASON_CREDENTIAL_REVOKED = 19, /* denied: taken back */
    REASON_CREDENTIAL_NOT_YET = 20, /* denied: valid later */
    REASON_CREDENTIAL_EXPIRED = 21, /* denied: no longer valid */
    REASON_CLASS_TOO_WEAK = 22,     /* denied: the zone asks for a stronger class */
    REASON_PARK_BAN = 23,           /* denied: the park's own ban */
    REASON_TENANT_SUSPENDED = 24,   /* denied: the tenant is suspended */
    REASON_PERSON_SUSPENDED = 25,   /* denied: suspended by the tenant */
    REASON_NO_ASSIGNMENT = 26,      /* denied: no assignment covers this time */
    REASON_ZONE_NOT_ALLOWED = 27,   /* denied: not for this zone */
    REASON_HOLIDAY = 28,            /* denied: closed by the holiday list */
    REASON_OUT_OF_SCHEDULE = 29,    /* denied: outside the weekly windows */
    REASON_ZONE_FULL = 30,          /* denied: the zone is at its limit */
    REASON_CARD_RANDOM_ID = 31, /* denied: the card makes up a new id each time */
    REASON_CARD_NOT_AUTHENTIC = 32, /* denied: the card could not prove itself */
    REASON_RELAY_SUSPECTED = 33, /* denied: the card answered slower than it can */
    REASON_FIRST_PERSON_MISSING = 34, /* denied: the zone waits for its first person */
    REASON_CLEARANCE_MISSING = 35, /* denied: a clearance is not held */
    REASON_CLEARANCE_EXPIRED = 36, /* denied: a clearance is over */
    REASON_SECOND_NEEDED = 37, /* denied for now: PIN or face comes next */
    REASON_SECOND_WRONG = 38, /* denied: the second credential is not of this person */
    REASON_DRIVER_NEEDED = 39, /* denied for now: plate or driver comes next */
    REASON_DRIVER_WRONG = 40, /* denied: this driver is not booked for this vehicle */
    REASON_PARTNER_NEEDED = 41, /* denied for now: nobody enters here alone */
    REASON_ANTI_PASSBACK = 42, /* denied: is inside already */
    REASON_TENANT_FULL = 43, /* denied: the tenant is at its limit */
    REASON_CROWD_LIMIT = 44, /* denied for now: too many in one minute */
    REASON_PASSBACK_TIMED = 45, /* denied: entered a short while ago */
    REASON_ESCORT_NEEDED = 46, /* denied for now: the host comes first */
    REASON_INTERLOCK = 47, /* denied for now: the other lane is open */
    REASON_GRANTED_PASSBACK = 48, /* granted: is inside already; soft anti-passback marks it */
    REASON_LEASE_OVER = 49, /* denied: the gate decided alone for too long */
    REASON_LEASE_CLASS = 50, /* denied: it did, and now asks for the class `authenticated` */
    REASON_GATE_CLOCK_UNKNOWN = 51, /* denied: the gate does not know the time, and asks for it */
    REASON_OUTBOX_FULL = 52, /* denied: the gate can keep no more events */
    REASON_STORE_FULL = 53,  /* denied: the controller can record nothing */
    REASON_CATCHING_UP = 54, /* denied for now: the gate alone still reads what it did itself */
    REASON_GUARD_CHECK = 55, /* review: the guard looks first; nothing opens by itself */
    REASON_COUNT,                   /* one past the last; not a reason */
};

/* What the indicator shows. A repeat is no grant, but its lane still stands open: green. */
enum reason_light { REASON_LIGHT_RED, REASON_LIGHT_GREEN, REASON_LIGHT_YELLOW };

enum { REASON_LANE_UNITS_MAX = 31 }; /* UTF-16 units of one display line, without its end */

struct reason_text {
    enum reason reason;
    enum reason_light light;
    const char *name;        /* stable, kebab-case: `zone-full` */
    const char *lane_zh;     /* first display line, for the person at the lane */
    const char *lane_en;     /* second display line; both at most REASON_LANE_UNITS_MAX */
    const char *operator_zh; /* one longer sentence for staff, with the remedy where there is one */
    const char *operator_en;
};

/* Static text, never NULL. A number that this version does not know (it came from a newer one)
 * gets a text of its own, named `unknown-reason`, red, with .reason REASON_NO_RULE. */
const struct reason_text *reason_text(enum reason reason);

/* The text with this name; NULL when there is none. */
const struct reason_text *reason_by_name(const char *name);

/* Iteration in numeric order: `index` from 0; NULL past the end. */
const struct reason_text *reason_at(size_t index);
