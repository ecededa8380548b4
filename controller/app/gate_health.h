/* gate_health: what a heartbeat says of a gate's own state, against the faults that stand about it.
 *
 * Live events overtake a backlog: that a reader went down while the gate was apart may come behind
 * the word that it is up again, and nothing would ever end that fault. With nothing on its way what
 * the heartbeat says is the newest.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"

/* Ends faults about devices of this gate, and about its copy, that are over; raises and ends the
 * one about its clock. */
MUST_CHECK enum err gate_health_heard(struct controller *ctl, const struct session *session,
                                      const Parkgate__Heartbeat *beat, struct fault *fault);
