/* alerts: the live view's bell. */
#pragma once

#include "admin-cli/cli.h"

struct answer;

/* Rings once if a row of the answer says that this key is told of it (column `rings`): at a
 * terminal alone, and not where lines are for a program. */
void alerts_ring(const struct cli *cli, const struct answer *answer, bool quiet);
