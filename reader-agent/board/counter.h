/* counter: what a board's edge counter says happened since it was read last. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    COUNTER_EDGE_MS = 20,    /* no input gives edges closer than this on average */
    COUNTER_EDGES_MAX = 4096 /* nor more than this between two readings */
};

/* Rising edges between the readings `before` and `now`, `elapsed_ms` apart; the counter wraps at
 * 65,536. More edges than can have been in that time mean that the board began anew: 0, and
 * *ret_restarted is true. */
uint32_t counter_advance(uint16_t before, uint16_t now, int64_t elapsed_ms, bool *ret_restarted);
