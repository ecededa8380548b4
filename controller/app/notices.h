/* notices: a tenant is told 30, 7 and 1 days before a clearance of one of its people ends.
 *
 * Each step is told once, as an entry of the journal; `notice list` shows it. Looked for when the
 * park's day changes, at the start, and when a clearance was recorded, in slices.
 */
#pragma once

#include "controller/app/controller.h"

enum { NOTICES_PER_TURN = 50 };

/* Look again, soon. */
void notices_wanted(struct controller *ctl);

/* Once a second. */
void notices_tick(struct controller *ctl);
