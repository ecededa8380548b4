/* ingest: one event of a gate, from the checked message to its journal entry.
 *
 * Known sequence, same digest: answered again, nothing changed. Known, another digest: refused,
 * kept aside, a fault. A presentation is decided here, once; everything else only reports what was
 * done.
 */
#pragma once

#include "controller/app/batch.h"
#include "controller/app/sessions.h"
#include "schema/agent.pb-c.h"

/* Works off one event of `session` in ctl->txn, sends the verdict at once and leaves the answer to
 * the batch. `packed` is the event's body as received. */
MUST_CHECK enum err ingest_event(struct controller *ctl, struct input *input,
                                 const struct session *session, const Parkgate__Event *event,
                                 struct bytes packed, struct fault *fault);
