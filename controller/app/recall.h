/* recall: a controller that was restored from a backup gets back what its gates keep.
 *
 * `restore` leaves a note of the backup's last entry; the first start takes it in (recall_begin).
 * From then on the controller is recovering: it gives no verdict, takes no event and changes no
 * gate's configuration, for what it knows is old; gates decide alone, and are told so. When
 * `parkgate recover` says so it asks each enrolled gate, slice by slice, for every event that its
 * outbox keeps, answered or not. What the backup knows already changes nothing. A gate that has
 * given all is done; when all are, or a person says so, the recovery ends.
 *
 * Nothing of it is lost by a restart of either side: asking again from the beginning is harmless.
 */
#pragma once

#include "controller/app/batch.h"
#include "schema/agent.pb-c.h"

/* Is the controller recovering? Table `recall` of ctl->txn says it. */
MUST_CHECK enum err recall_is_open(struct controller *ctl, bool *ret_open, struct fault *fault);
/* Names the last recovery, open or over: no two have the same name, though both began from one
 * backup. 0: there was none. */
MUST_CHECK enum err recall_name(struct controller *ctl, uint64_t *ret_name, struct fault *fault);
/* The store was restored from a backup whose journal ended at `backup_sequence`. Without enrolled
 * gates there is nobody to ask, and nothing begins; nor does it twice for one backup. Call it
 * between turn_create() and the first frame. */
MUST_CHECK enum err recall_begin(struct controller *ctl, uint64_t backup_sequence,
                                 struct fault *fault);
/* A gate's answer: works its events off, and asks for the next. */
MUST_CHECK enum err recall_heard(struct controller *ctl, struct input *input,
                                 struct session *session, const Parkgate__Recall *answer,
                                 struct fault *fault);
/* Once a second: asks gates that were not asked yet, or did not answer. */
void recall_tick(struct controller *ctl);
/* An operator's: asks from now on; ends it whatever is missing. Without a recovery they do nothing.
 */
MUST_CHECK enum err recall_ask(struct controller *ctl, const char *actor, struct fault *fault);
MUST_CHECK enum err recall_end(struct controller *ctl, const char *actor, const char *reason,
                               struct fault *fault);
/* Has this gate a live key? */
MUST_CHECK enum err recall_is_enrolled(struct controller *ctl, struct name gate, bool *ret_enrolled,
                                       struct fault *fault);
