/* watch_look: which entries of the watch list a read matches.
 *
 * Asked once a read, by who decides on it, of listed and unlisted alike: the same look-ups,
 * whatever they find. What comes of it has no way to a lane but the guard's check (guard_check.h).
 *
 * I6: an entry matches only while its bundle is closed, its term runs and its authority is not
 * suspended (watch_store.h). A gate that does not know the time cannot say that a term runs:
 * nothing matches there; the controller finds what there was when the event arrives.
 */
#pragma once

#include "common/facts/gather.h"
#include "common/facts/watch_store.h"

struct watch_looked {
    struct watch_finds exact; /* the plate or badge that was shown, or the person who holds it */
    struct watch_finds face;  /* the person as a face alone names him: candidates */
    struct watch_finds other; /* of the read that waited at the lane: told when it came */
};

/* What the read, and the one that it completes, match at view->now. `subject` as gather_facts()
 * told it. */
MUST_CHECK enum err watch_look(const struct facts_view *view, const Parkgate__Event *event,
                               const struct subject *subject, struct watch_looked *ret,
                               struct fault *fault);

/* Does one of them want the person asked to the guard's desk? By exact match alone. */
bool watch_wants_review(const struct watch_looked *looked);
