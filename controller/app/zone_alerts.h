/* zone_alerts: faults of zones that fill up: two pre-alerts and the soft limit
 * (docs/decision-rules.md R270). */
#pragma once

#include "controller/app/controller.h"

/* Raises and ends the alerts of every zone that has limits; call after each passage that counts,
 * for a late one may have changed any zone. */
MUST_CHECK enum err zone_alerts_after_passage(struct controller *ctl, struct fault *fault);
/* The same of every zone, after the park was changed: its limits may be gone. */
MUST_CHECK enum err zone_alerts_after_change(struct controller *ctl, struct fault *fault);
