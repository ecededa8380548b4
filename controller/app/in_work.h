/* in_work: what was being worked off when the process died.
 *
 * A small shared mapping that outlives a crash. At each start the shell calls in_work_started(); an
 * event that was in work at two crashes running is refused at the third start.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/seal/seal.h"

enum { IN_WORK_SUSPECTS = 8, IN_WORK_CRASHES = 2 };

struct in_work {
    uint32_t active; /* `current` is being worked off */
    struct seal_hash current;
    struct {
        uint32_t crashes; /* 0: free */
        struct seal_hash digest;
    } suspects[IN_WORK_SUSPECTS];
};

/* Counts a crash against what was in work, if anything was. */
void in_work_started(struct in_work *in_work);
/* False: this event was in work at IN_WORK_CRASHES crashes: do not touch it. */
bool in_work_begin(struct in_work *in_work, const struct seal_hash *digest);
/* It was worked off, or refused: it is no suspect any more. */
void in_work_end(struct in_work *in_work);
