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

/* Is this row of the park one that the gate works with? What decisions read, it reads too when it
 * is alone; of other gates' devices it is told nothing. */
bool agents_row_is_for(const struct park *park, struct name gate, uint32_t kind, struct name name);

/* A command to a lane of the present park. */
struct lane_command {
    const struct park_lane *lane;
    uint32_t verb; /* enum lane_verb */
    enum lane_direction direction;
    uint64_t presentation; /* the read that it answers, of the lane's gate; 0 none */
    uint32_t presentation_epoch;
    const char *actor, *reason;
};

/* Records a command and sends it after the commit. False: *c says why (the gate is away), nothing
 * recorded. */
MUST_CHECK bool agents_command(struct controller *ctl, const struct lane_command *wanted,
                               uint64_t *ret_sequence, struct complaint *c, enum err *ret_err,
                               struct fault *fault);

/* Keyed hash under which a one-time code is kept. */
struct seal_hash agents_code_hash(const struct controller *ctl, const char *gate, const char *code);
