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

/* What became of an event that a gate gave again. */
enum recalled_end {
    RECALLED_KNOWN,   /* it was here; what the gate has of it may be unreadable */
    RECALLED_FRESH,   /* it is now */
    RECALLED_NO_LANE, /* the park does not have its lane, or gives it to another gate: not taken */
    RECALLED_UNREADABLE, /* kept aside, or no event */
    RECALLED_LATER,      /* this turn has opened enough boxes */
};

/* Works off an event that the gate's outbox kept (`packed`, as it was first sent), without answer
 * and without verdict: `item` says what was done. */
MUST_CHECK enum err ingest_recalled(struct controller *ctl, struct input *input,
                                    struct session *session, const Parkgate__RecalledEvent *item,
                                    const Parkgate__Event *event, struct bytes packed,
                                    enum recalled_end *ret_end, struct fault *fault);

/* Works off one event of `session` in ctl->txn, sends the verdict at once and leaves the answer to
 * the batch. `packed` is the event's body as received. */
MUST_CHECK enum err ingest_event(struct controller *ctl, struct input *input,
                                 struct session *session, const Parkgate__Event *event,
                                 struct bytes packed, struct fault *fault);
