/* gather_clearance: rules R262 and R263 of docs/decision-rules.md. */
#pragma once

#include "common/facts/view.h"

/* What the person holds of all clearances that the zones newly entered at `lane` ask for: the worst
 * of them. */
MUST_CHECK enum err gather_clearance(const struct facts_view *view, const struct park_lane *lane,
                                     struct handle person, enum clearance_held *ret_held,
                                     struct fault *fault);
