/* A rising bollard behind a relay of the board: it sinks while the relay is on or its manual release
 * is pulled, and rises else, whatever stands on it. Vehicles raise the anti-crush input while they
 * stand on it. Each time it begins to rise under one is a violation: counted, and written to the
 * turn log. */
#ifndef PEERS_TURNSTILE_BOLLARD_H
#define PEERS_TURNSTILE_BOLLARD_H

#include "tests/peers/turnstile_board.h"

#define BOLLARD_RISE_US 800000
#define BOLLARD_SINK_US 300000

/* "up", "sinking", "down", "rising". */
const char *bollard_word(const struct board_lane *lane);
bool bollard_is_down(const struct board_lane *lane);

/* Its relay, or its release, may have changed; or time has passed. */
void bollard_move(struct board *board, struct board_lane *lane, int64_t now_us);
/* When it arrives where it is moving to; PEER_NEVER: it stands. */
int64_t bollard_next(const struct board_lane *lane);

/* A vehicle drives onto it; it must be down. */
void bollard_drive_on(struct board *board, struct board_lane *lane);
/* The vehicle that came first drives off, through the passage sensor. */
void bollard_drive_off(struct board *board, struct board_lane *lane, int64_t now_us);
/* Pulls the manual release, or puts it back. */
void bollard_release(struct board *board, struct board_lane *lane, bool pulled, int64_t now_us);

#endif
