/* business_day: for which tenant and which day does an entry count?
 *
 * One table of rows, first that fits decides; docs/decision-rules.md part 2 explains each with an
 * example. Pure; the zone and the assignments are values. The row goes into the journal, and
 * `parkgate headcount --why` names it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/access/civil.h"

enum { ASSIGNMENTS_MAX = 8, NO_ASSIGNMENT = -1 };

/* A person works for a tenant in one shift on a range of days. Minutes are local. */
struct assignment {
    uint32_t tenant;  /* whatever number the caller knows the tenant by; only handed back */
    int32_t from_day; /* first and last day on which the shift starts, both included */
    int32_t to_day;
    uint16_t start_minute;  /* 0..1439 */
    uint16_t end_minute;    /* 0..1440; not after start_minute: on the next day (equal: 24 hours) */
    uint16_t early_minutes; /* margin before the start that still counts as the shift; 0..720 */
    uint16_t cut_minute;    /* 0..1439; the tenant's day begins here */
};

/* The tenant under whom an entry without an assignment counts: who expects the person (a visit's
 * host, a driver's booking), else that of the credential. */
struct home_tenant {
    uint32_t tenant;
    uint16_t cut_minute;
    bool invited; /* it expects the person */
};

/* Stored in the journal: append only, never renumber. */
enum business_day_row {
    BUSINESS_DAY_IN_SHIFT = 1,      /* inside one shift */
    BUSINESS_DAY_IN_SHIFTS = 2,     /* inside several: the one that starts nearest */
    BUSINESS_DAY_CUT_HOUR = 3,      /* in none, one valid assignment: its tenant's cut hour */
    BUSINESS_DAY_NEAREST_SHIFT = 4, /* in none, several valid: the shift that starts nearest */
    BUSINESS_DAY_UNDECLARED = 5,    /* no valid assignment: home tenant, by its cut hour */
    BUSINESS_DAY_INVITED = 6,       /* none, but expected: the tenant who expects, by its cut hour */
};

struct attribution {
    enum business_day_row row;
    uint32_t tenant;
    int32_t day;    /* the business day: days since 1970-01-01, local */
    int assignment; /* index into the given array; NO_ASSIGNMENT when invited or undeclared */
};

/* Total for count <= ASSIGNMENTS_MAX (more is our bug: aborts). `captured` is the corrected capture
 * time. An assignment against its bounds is as if it were not there. */
struct attribution business_day_of(const struct tz_table *tz, struct wall captured,
                                   const struct assignment *assignments, size_t count,
                                   struct home_tenant home);

/* Are the bounds of struct assignment kept? */
bool assignment_is_valid(const struct assignment *assignment);

/* The local date of an instant by a cut hour: before it, still the day before. */
int32_t business_day_by_cut(const struct tz_table *tz, struct wall when, uint16_t cut_minute);

/* Stable kebab-case name (`in-shift`); `unknown` for a number that is no row. */
const char *business_day_row_name(enum business_day_row row);
/* One sentence, for people. */
const char *business_day_row_en(enum business_day_row row);
const char *business_day_row_zh(enum business_day_row row);
