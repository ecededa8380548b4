/* park: the simulated park's rows. Gates g0, g1, ... with a lane in and a lane out each, of
 * turnstiles with a passage sensor; an exit button at each way out. Tenants acme (cut 06:00) and
 * beta (cut 04:00); shifts day 08-17 and night 22-07, both with 30 minutes of margin. */
#pragma once

#include "common/link/key.h"
#include "schema/park.pb-c.h"

/* *ret_room is to be freed when the genesis was used. */
Parkgate__Genesis *park_genesis(const struct link_key *admin, uint8_t **ret_room);
