/* approaches: where and when somebody or something listed was met last is kept only as long as
 * another read of the same approach may come (HIT_APPROACH_S after it was recorded): then a number
 * of the day is left. One entry, for all approaches that are over, that only they see who see hits.
 */
#pragma once

#include "controller/app/controller.h"

/* Once a second. */
void approaches_tick(struct controller *ctl);
