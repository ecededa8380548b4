/* muster: what `parkgate muster` makes of the controller's list. */
#pragma once

#include <stdbool.h>

#include "admin-cli/answer.h"

/* Persons by tenant and zone (columns tenant, zone, persons) out of one row a person. False: these
 * are no persons. *ret_counts is destroyed by the caller. */
bool muster_count(const struct answer *people, struct answer *ret_counts);
