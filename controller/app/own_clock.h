/* own_clock: the controller's own wall clock, measured on its journal.
 *
 * The time of the newest entry is a mark that outlives every restart. A clock that stands over a
 * second before it, or before what it said itself since the start, is told by a fault until it has
 * passed that mark, or a start finds no newer entry. Rules go on by the clock as it is: one that
 * ran ahead by years and was put right must not stop the park. Gates, which compare theirs with
 * this one, say so too (clock-untrusted).
 */
#pragma once

#include "controller/app/controller.h"

/* Once, with the time of the journal's newest entry. */
void own_clock_begin(struct controller *ctl, struct wall newest);
/* Once a second. */
void own_clock_tick(struct controller *ctl);
