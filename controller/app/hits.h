/* hits: what a read of somebody or something listed leads to: a row for the station, an alert, and
 * nothing else.
 *
 * Of a plate's entry the station is told each approach, of a person's the first of a business day;
 * what comes later is counted in the park. Reads at one lane in one direction less than
 * HIT_APPROACH_S apart are one approach. An event that arrives late is a hit when its entry acted
 * at its capture, too, and still acts: nothing is looked for in the past.
 *
 * All of it stands in the entry of the read itself, so that the journal's numbers show nobody that
 * there was a hit, and it is found after the verdict has gone out, so that no answer is later for
 * it. No hit opens, locks or detains: nothing here reaches a lane (structure.bounds_test).
 */
#pragma once

#include "common/facts/watch_look.h"
#include "controller/app/alerts.h"
#include "controller/app/answer.h"
#include "controller/app/controller.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum {
    HIT_APPROACH_S = 120,
    /* An entry's days are kept so long after their end: an event may come as late. Of a person's
     * day of before nothing is told any more, for nobody knows whether it was told. */
    HIT_DAYS_KEPT = LIMIT_OUTBOX_DAYS + 1,
    HIT_NOTES_BYTES = 40 * 1024,
};

/* Where and when a read was. */
struct hit_place {
    uint64_t event; /* the journal sequence that its entry gets */
    const char *gate, *lane;
    enum lane_direction direction;
    struct wall captured;
    int32_t day; /* the business day of a person's hit */
};

/* The business day that a read of this person counts for: the one he is inside under, else the one
 * that an entry would have; the park's date for whom the roster does not know. */
MUST_CHECK enum err hit_day(const struct facts_view *view, const struct subject *subject,
                            struct wall captured, int32_t *ret, struct fault *fault);

/* An alert about one entry: of a read's exact matches one alert, of its candidates one for each
 * plate or person that it may be. */
struct hit_alert {
    const struct alert_kind *kind;
    struct watch_found found;
    struct handle subject; /* the entry, or a candidate */
};

/* What one read led to, until its entry is recorded. */
struct hit_notes {
    struct hit_place place;
    ProtobufCBinaryData hits[WATCH_FOUND_MAX], candidates[WATCH_FOUND_MAX];
    Parkgate__EventWatch message; /* of these */
    struct alert_draft alert;     /* the first; it stands in the entry, too */
    struct hit_alert more[2 * WATCH_FOUND_MAX];
    size_t more_count;
    size_t used;
    uint8_t bytes[HIT_NOTES_BYTES];
};

/* True: a row of the list, or of what it led to, cannot be read, and that was logged. Nothing of it
 * is found then; a passage is not refused for it, nor anything else of its batch. */
bool hits_pass_over(enum err err, const struct fault *what);

/* Notes what `finds` (of the read's exact matches) leads to. */
MUST_CHECK enum err hits_exact(struct controller *ctl, const struct watch_finds *finds,
                               struct hit_notes *notes, struct fault *fault);

/* The notes as EventEntry.watch; borrowed from `notes`. Empty: nothing was found. */
ProtobufCBinaryData hit_notes_pack(struct hit_notes *notes);
/* After the entry: alerts that had no place in it, for a read that matches several entries. */
MUST_CHECK enum err hit_notes_rest(struct controller *ctl, struct hit_notes *notes,
                                   struct fault *fault);

/* What the station wrote for the guard of this alert of kind `watch-hit`: what to do, whom to call.
 * Nothing once the entry's key is destroyed. For who may see the alert (verbs_hits.c). */
MUST_CHECK enum err hit_note(struct controller *ctl, struct answer *a,
                             const Parkgate__AlertRecord *alert, struct fault *fault);

/* --- for candidates.c --- */

/* Does the entry act now, and did it at the capture of an event that came late, too? */
MUST_CHECK enum err hit_acted_then(struct controller *ctl, struct handle entry,
                                   struct wall captured, bool *ret, struct fault *fault);
/* What a hit of `found` at `place` is; borrows from both. */
Parkgate__WatchHit hit_of(const struct watch_found *found, const struct hit_place *place,
                          enum watch_how how);
/* One hit: counted, and told to the station where it is the first of its day or a plate's; its
 * number is found here. *ret_told: it has one. NULL notes: an entry of its own. */
MUST_CHECK enum err hit_record(struct controller *ctl, struct hit_notes *notes,
                               Parkgate__WatchHit *hit, bool *ret_told, struct fault *fault);
/* Keeps the message's packed bytes among the notes. */
ProtobufCBinaryData hit_notes_keep(struct hit_notes *notes, const ProtobufCMessage *message);
/* Tells the guard: in the entry where there is room, else after it. */
MUST_CHECK enum err hit_notes_alert(struct controller *ctl, struct hit_notes *notes,
                                    const struct hit_alert *alert, struct fault *fault);
