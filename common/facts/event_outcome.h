/* event_outcome: what becomes of a gate's event: who it is about, what was decided, what it counts
 * for. The controller records it as the event's entry; a gate lays it over its copy.
 *
 * Begin, then what the event's kind asks for; the entry is whole afterwards but for what only the
 * recorder knows (gate, key, digest, sealed bytes). Its texts and handles are borrowed from the
 * event, the park and the outcome itself, which must stay where it is.
 */
#pragma once

#include "common/facts/gather.h"
#include "common/facts/gather_presence.h"

struct event_outcome {
    const Parkgate__Event *event;
    const struct park_lane *lane; /* NULL: the event names none */
    enum lane_direction direction;
    Parkgate__EventEntry entry;
    struct subject subject;
    struct zone_marks marks;
    struct counted_for counted, counted_driver;
    char zone_to[PARK_PATH_SIZE], zone_from[PARK_PATH_SIZE];
};

/* Of a lane of both directions: the reader's, else what the event says. */
enum lane_direction event_direction(const struct park *park, const Parkgate__Event *event,
                                    const struct park_lane *lane);

/* What came in. `now`: nothing was captured later. Of events that are about no read this is all. */
void event_outcome_begin(struct event_outcome *out, const Parkgate__Event *event,
                         const struct park_lane *lane, enum lane_direction direction,
                         struct wall now);

/* A presentation: who it is (from out->subject), what was decided and what becomes of the reads
 * that wait at the lane. With NULL the gate had decided, and the event says what: it is recorded as
 * that. */
void event_outcome_verdict(struct event_outcome *out, const struct verdict *verdict);
void event_outcome_subject(struct event_outcome *out);

/* A passage: whom it is about is said by the read that it belongs to, as table EVENT has it. Sets
 * subject, and at a lane of both directions the way that the read asked for. */
void event_outcome_follows(struct event_outcome *out, const Parkgate__EventIndex *read);
/* Did somebody go through, by a report of this kind (enum passage_kind), on a grant? */
bool event_passes(uint32_t passage);
/* One who passed: for whom and where it counts, from the tables as they were before. Call it for
 * the first passage on a read alone, of a holder that is known. */
MUST_CHECK enum err event_outcome_count(struct event_outcome *out, const struct facts_view *view,
                                        struct fault *fault);
