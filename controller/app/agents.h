/* agents: the controller's side of the conversation with gates (schema/GRAMMAR.md), and enrolment.
 */
#pragma once

#include "controller/app/batch.h"

/* Works off one frame of the agents' port. */
input_worker agents_input;
/* Works off one frame of the enrolment port. */
input_worker agents_enrol_input;

/* Once a second: gates not heard for LIMIT_SILENCE_MS become a fault. */
void agents_tick(struct controller *ctl);

/* Sends every connected gate its rows of the newest configuration, after the commit. */
MUST_CHECK enum err agents_push_config(struct controller *ctl, struct fault *fault);

/* Records a command to a lane and sends it after the commit. `lane` is of the present park.
 * False: *c says why (the gate is away), nothing recorded. */
MUST_CHECK bool agents_command(struct controller *ctl, const struct park_lane *lane, uint32_t verb,
                               enum lane_direction direction, const char *actor, const char *reason,
                               uint64_t *ret_sequence, struct complaint *c, enum err *ret_err,
                               struct fault *fault);

/* Keyed hash under which a one-time code is kept. */
struct seal_hash agents_code_hash(const struct controller *ctl, const char *gate, const char *code);
