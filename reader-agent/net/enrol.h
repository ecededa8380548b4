/* enrol: a new gate's box asks the controller to be let in, once, with a one-time code. */
#pragma once

#include "common/base/err.h"
#include "common/link/link.h"
#include "schema/errors.h"

struct enrolment {
    struct link *link;                /* borrowed */
    const struct link_key_pair *keys; /* of the box; the controller learns the public one */
    struct link_key server_key;
    const char *endpoint; /* of the controller's enrolment port */
    const char *gate;
    const char *code;
};

enum { ENROL_WAIT_MS = 10000 };

/* Asks and waits for the answer, at most ENROL_WAIT_MS.
 * ERR_OK       the box's key is known to the controller now
 * ERR_REFUSED  *ret_complaint says why (206: the code)
 * ERR_TIMEOUT  no answer: nothing is known about the code, try again with the same one
 * Others as link_client_create(). */
MUST_CHECK enum err enrol(const struct enrolment *enrolment, struct complaint *ret_complaint,
                          struct fault *fault);
