/* gather_presence: what of the facts follows from who is inside and who goes in: rules R261, R269
 * to R273, R275 and R279 of docs/decision-rules.md, from the tables of view->txn. */
#pragma once

#include "common/facts/gather.h"

/* Of an entry of a known holder at `lane`, whose read was captured at `captured` (by the corrected
 * clock, never later than now). Nothing of it is ever asked of an exit. */
MUST_CHECK enum err gather_presence(const struct facts_view *view, const struct park_lane *lane,
                                    const struct subject *subject, struct wall captured,
                                    struct facts *facts, struct fault *fault);

/* Persons whose grant into the zone stands open at `when`: distinct ones that are not inside it
 * yet, without `asker`. */
MUST_CHECK enum err gather_standing(const struct facts_view *view, struct name zone,
                                    struct handle asker, struct wall when, uint32_t *ret_count,
                                    struct fault *fault);

/* The zones that a passage in at `lane` marks, for its entry (EventEntry): those with a limit of
 * entries a minute, and those that it opens for the day because the holder has their first
 * clearance. Names are borrowed from the park. */
struct zone_marks {
    size_t crowd_count, opened_count;
    char *crowd[PARK_ZONE_DEPTH_MAX], *opened[PARK_ZONE_DEPTH_MAX];
    int32_t day; /* local, of the capture */
};
MUST_CHECK enum err gather_zone_marks(const struct facts_view *view, const struct park_lane *lane,
                                      const struct subject *subject, struct wall captured,
                                      struct zone_marks *ret, struct fault *fault);
