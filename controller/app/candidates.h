/* candidates: what may be a hit, and is none before a named person confirmed it.
 *
 * Plates that cameras take for a listed one, and persons known by a face alone. Each is sealed
 * under a key of its own. A guard decides by the alert (alerts.h): confirmed, it is recorded as the
 * hit that it is, if its entry still acts; rejected, or not confirmed within LIMIT_CANDIDATE_S, it
 * is gone. The key is destroyed either way; the alert's count remains. No candidate asks anybody to
 * the guard's desk, and deciding on one opens nothing.
 */
#pragma once

#include "controller/app/alerts.h"
#include "controller/app/answer.h"
#include "controller/app/hits.h"

/* Notes what the read of `event` may be: one candidate an entry and lane at a time. */
MUST_CHECK enum err candidates_raise(struct controller *ctl, const struct watch_finds *finds,
                                     enum watch_how how, const Parkgate__Event *event,
                                     struct hit_notes *notes, struct fault *fault);

/* What is compared before it is decided: the raw read beside the entry, or, of a face, nothing. The
 * note `how` is `none` when it was decided. For who may see the alert (verbs_hits.c). */
MUST_CHECK enum err candidate_note(struct controller *ctl, struct answer *a,
                                   const Parkgate__AlertRecord *alert, struct fault *fault);

/* alert_hooks.c: an alert of kind `watch-candidate` was decided. */
alert_decided candidate_decided;

/* Those that nobody decided in time lapse, whatever became of their alert; in a batch of its own.
 */
void candidates_tick(struct controller *ctl);
