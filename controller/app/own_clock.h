/* own_clock: the controller's own wall clock, measured on its journal.
 *
 * The mark is the time of the newest entry at the start, and what the clock itself said since. A
 * clock that stands over a second before it is told by a fault until it has passed the mark. What
 * could not be recorded is tried again each second. A restart begins with a new mark: the entries
 * that were made meanwhile, the fault's own with them, bear the time of the clock as it is, so the
 * first look after a restart ends the fault whether the clock was put right or not. A restart ends
 * the alarm, not the error. Rules go on by the clock as it is: one that ran ahead by years and was
 * put right must not stop the park. Gates, which compare theirs with this one, say so too
 * (clock-untrusted).
 */
#pragma once

#include "controller/app/controller.h"

/* Once, with the time of the journal's newest entry. */
void own_clock_begin(struct controller *ctl, struct wall newest);
/* Once a second. */
void own_clock_tick(struct controller *ctl);
