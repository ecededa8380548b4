/* hold: which lanes of a board fire and evacuation hold open, and which entries stay closed. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schema/helper.h"

/* Bits by index of the lane in the setup. */
struct hold {
    uint32_t exits;   /* to be held open */
    uint32_t entries; /* to stay closed */
};

/* `latched`: fire at an input of its bus, not reset yet: it concerns all lanes; else `order` does,
 * if it has a state, the lanes it names. Whoever wants out goes through a lane of direction out or
 * both. Entries run on where `order` says that the park admits. */
struct hold hold_of(const struct helper_board *setup, bool latched,
                    const struct helper_release *order);

/* Bits of lanes of `from` as those of the same lanes in `to`, by name or by coil. A lane that is an
 * entry now, or is there no more, has none. */
uint32_t hold_moved(uint32_t lanes, const struct helper_board *from, const struct helper_board *to);
