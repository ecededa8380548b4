/* guard_check: shall a guard look before this entry opens?
 *
 * What decide() is told as one fact, so that nobody at a lane, in an event or in a log can tell
 * why: a spot check, a plate whose colour does not fit, an exact `review` entry of the watch list.
 * Only what decides on a read asks it: `explain`, enrolment and declarations never do, and answer
 * listed and unlisted alike (structure.bounds_test).
 */
#pragma once

#include "common/facts/watch_look.h"

enum { SPOT_CHECK_PERIOD_MS = 1800000 };

/* Is this entry one of the share that the park's zones have checked? Drawn by a keyed hash of
 * holder, zone and half hour: who shows the credential again, or goes to the next lane of the zone,
 * gets the same answer, as who is listed does; nobody without the key knows it before. Of the zones
 * newly entered the one with the largest share draws. */
bool guard_check_is_drawn(const struct facts_view *view, const struct park_lane *lane,
                          struct handle holder);

/* The fact for a presentation that gather_facts() has told `subject` of, and watch_look() what it
 * matches. NONE at exits, and where nobody is known. */
enum guard_check guard_check_of(const struct facts_view *view, const struct park_lane *lane,
                                enum lane_direction direction, const struct subject *subject,
                                const struct watch_looked *looked);
