/* subjects: which subjects the park's face terminals must know, and must know no longer.
 *
 * A terminal is to know the subject of each face that is attached, valid and held by somebody who
 * is still there; of every other it once was ordered to know, it is to forget it. Where that is not
 * so, an order is journalled (ENTRY_SUBJECT_ORDER). Gates are told their open orders when they say
 * HELLO, when there is a new one, and every SUBJECTS_AGAIN_MS until the terminal's answer is
 * journalled (EVENT_SUBJECT).
 */
#pragma once

#include "controller/app/batch.h"

enum {
    SUBJECTS_AGAIN_MS = 30000,
    SUBJECTS_SWEEP_MS = 3600000, /* all credentials are looked at again: some end by themselves */
    SUBJECTS_SWEEP_ROWS = 200,   /* of them in one step, one step a tick ... */
    SUBJECTS_SWEEP_ORDERS = 64,  /* ... and no more when so many orders came of them, */
    SUBJECTS_SWEEP_LOOKS = 2000, /* or so many terminals were asked about */
    SUBJECTS_COUNT_MAX = 2000,
    SUBJECTS_TELL_ROWS =
        256, /* told in one step; the other gates have their turn at the next tick */
};

/* Orders what this credential needs at every terminal, and tells the gates. `hash` is that of the
 * credential as it is recorded now. *ret_orders: how many. */
MUST_CHECK enum err subjects_settle(struct controller *ctl, struct bytes hash, const char *actor,
                                    size_t *ret_orders, struct fault *fault);

/* Is the subject still, or perhaps, at a terminal for another holder? Then somebody else's picture
 * would be recognised as this one's. *ret_reader: at which; empty: at none. */
MUST_CHECK enum err subjects_left(struct controller *ctl, struct bytes hash, struct handle holder,
                                  struct name *ret_reader, struct fault *fault);

/* Orders every terminal that may know a face of this person to forget it. The orders carry the
 * subject, sealed under a new key of the handle `key_of`, so that the person's own key can be
 * destroyed before the terminals have answered. The same orders again change nothing. */
MUST_CHECK enum err subjects_forget(struct controller *ctl, struct handle person,
                                    struct handle key_of, const char *actor, size_t *ret_orders,
                                    struct fault *fault);
/* How many orders about this person no terminal has confirmed; looks at SUBJECTS_COUNT_MAX. */
MUST_CHECK enum err subjects_waiting(struct controller *ctl, struct handle person,
                                     size_t *ret_count, struct fault *fault);

/* Tells a gate its open orders, after the commit. */
MUST_CHECK enum err subjects_tell(struct controller *ctl, struct session *session,
                                  struct fault *fault);

/* Once a second. */
void subjects_tick(struct controller *ctl);
