/* hits: what a read of somebody or something listed leads to: an entry, an alert, a row for the
 * station, and nothing else.
 *
 * Of a plate's entry the station is told each approach, of a person's the first of a business day;
 * what comes later is counted in the park. Reads at one lane in one direction less than
 * HIT_APPROACH_S apart are one approach. An event that arrives late is a hit when its entry acted
 * at its capture, too, and still acts: nothing is looked for in the past.
 *
 * No hit opens, locks or detains: nothing here reaches a lane (structure.bounds_test). It is
 * written after the verdict has gone out, so no answer is later for it.
 */
#pragma once

#include "common/facts/watch_look.h"
#include "controller/app/controller.h"
#include "schema/kinds.h"

enum { HIT_APPROACH_S = 120 };

/* Where and when a read was, after its entry was recorded. */
struct hit_place {
    uint64_t event; /* its journal sequence */
    const char *gate, *lane;
    enum lane_direction direction;
    struct wall captured;
    int32_t day; /* the business day of a person's hit */
};

/* The business day that a read of this person counts for: the one he is inside under, else the one
 * that an entry would have; the park's date for whom the roster does not know. */
MUST_CHECK enum err hit_day(const struct facts_view *view, const struct subject *subject,
                            struct wall captured, int32_t *ret, struct fault *fault);

/* Records what `finds` (of the read's exact matches) leads to, in ctl->txn. */
MUST_CHECK enum err hits_exact(struct controller *ctl, const struct watch_finds *finds,
                               const struct hit_place *place, struct fault *fault);

/* Does the entry act now, and did it at the capture of an event that came late, too? */
MUST_CHECK enum err hit_acted_then(struct controller *ctl, struct handle entry,
                                   struct wall captured, bool *ret, struct fault *fault);

/* What a hit of `found` at `place` is; borrows from both. */
Parkgate__WatchHit hit_of(const struct watch_found *found, const struct hit_place *place,
                          enum watch_how how);

/* One hit: counted, and told to the station where it is the first of its day or a plate's; its
 * number is found here. *ret_told: it has one. */
MUST_CHECK enum err hit_record(struct controller *ctl, Parkgate__WatchHit *hit, bool *ret_told,
                               struct fault *fault);
