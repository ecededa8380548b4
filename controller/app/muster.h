/* muster: who is inside, when everybody is to be accounted for. */
#pragma once

#include "controller/app/controller.h"
#include "schema/record.pb-c.h"

enum { MUSTER_OPEN_S = 60 }; /* a list with names goes on page by page for so long */

/* Is fire or evacuation on anywhere? */
MUST_CHECK enum err muster_is_on(struct controller *ctl, bool *ret_on, struct fault *fault);

/* The name of a person; "(erased)" when it cannot be opened any more. */
void muster_name(struct controller *ctl, struct handle person, char *out, size_t size);
