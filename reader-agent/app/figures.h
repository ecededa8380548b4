/* figures: what a gate's box shows of itself to a monitoring system, and the port for it. Which
 * figures there are stands in schema/metrics.c.
 */
#pragma once

#include "common/metrics/metric.h"
#include "reader-agent/app/gate.h"

/* Opens the port when agent.conf names one. Nobody at a gate waits for figures: without its port
 * the box does all else. */
void figures_begin(struct gate *gate);
void figures_end(struct gate *gate);

/* Puts all figures. Errors of the store. */
MUST_CHECK enum err figures_put(struct gate *gate, const struct metric_out *out,
                                struct fault *fault);
