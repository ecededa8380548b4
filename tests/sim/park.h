/* park: the simulated park's rows. Gates g0, g1, ... with a lane in and a lane out each, of
 * turnstiles with a passage sensor; an exit button at each way out. Tenants acme (cut 06:00) and
 * beta (cut 04:00); shifts day 08-17 and night 22-07, both with 30 minutes of margin. The first
 * gates have a lane in for vehicles, too, with a reader alone. Boards of even gates have coils
 * alone, those of odd ones flash-on registers. */
#pragma once

#include "common/link/key.h"
#include "schema/park.pb-c.h"

enum {
    PARK_PORT = 20000, /* of g0's board */
    PARK_BUTTON_INPUT = 2,
    PARK_RESET_INPUT = 6,
    PARK_FIRE_INPUT = 7,
    PARK_COUNTERS = 0x100,
    PARK_FLASH = 0x200,
};

/* *ret_room is to be freed when the genesis was used. */
Parkgate__Genesis *park_genesis(const struct link_key *admin, uint8_t **ret_room);
