/* muster: who is inside, when everybody is to be accounted for. */
#pragma once

#include "controller/app/controller.h"
#include "schema/record.pb-c.h"

enum { MUSTER_OPEN_S = 60 }; /* a list with names goes on page by page for so long */

/* Is fire or evacuation on anywhere? *ret_sure: by a person's key, or by boards of more than one
 * gate: not by one gate's word alone, which a stolen key could say. */
MUST_CHECK enum err muster_is_on(struct controller *ctl, bool *ret_on, bool *ret_sure,
                                 struct fault *fault);

/* Is a box enrolled for the gate? */
MUST_CHECK enum err muster_gate_enrolled(struct controller *ctl, const struct park_gate *gate,
                                         bool *ret, struct fault *fault);
/* Has it told all that it knows? What it has not told may be people who went in or out. A gate
 * without a box has nothing to tell; how much one has, its first heartbeat says. While the
 * controller recovers none has: what they told the lost one is not here. In ctl->txn. */
MUST_CHECK enum err muster_gate_told(struct controller *ctl, const struct park_gate *gate,
                                     bool *ret, struct fault *fault);

/* The name of a person; "(erased)" when it cannot be opened any more. */
void muster_name(struct controller *ctl, struct handle person, char *out, size_t size);
