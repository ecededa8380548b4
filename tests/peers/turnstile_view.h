/* The values of a lane as text: what "show" prints and "wait" compares. */
#ifndef PEERS_TURNSTILE_VIEW_H
#define PEERS_TURNSTILE_VIEW_H

#include <stdbool.h>

#include "tests/peers/turnstile_board.h"

#define VIEW_VALUE_SIZE (BOARD_LINE_UNITS * 3 + 1)
#define VIEW_ALL_SIZE   1024

/* True if there is a value of this name. */
bool view_has(const char *name);
/* Writes the value into out, and says whether it is the wanted one; a count may also be higher. The
 * name must be one that view_has knows. */
bool view_is(const struct board *board, const struct board_lane *lane, const char *name,
             const char *wanted, char out[VIEW_VALUE_SIZE]);
/* Writes all values as name=value, texts in quotes. */
void view_all(const struct board *board, const struct board_lane *lane, char out[VIEW_ALL_SIZE]);

#endif
