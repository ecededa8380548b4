/* subject_controller: what the controller promises by what it sends, and whether its stores hold
 * it. */
#pragma once

#include "tests/campaigns/power/replay.h"
#include "tests/unit/controller/harness.h"

enum promise_kind {
    PROMISE_EVENT = 1, /* this event was acknowledged as applied */
    PROMISE_HEAD,      /* a reply left when the journal ended there */
};

struct promise {
    uint64_t sequence;
    uint32_t kind, gate, epoch, reserved; /* gate: the first byte of its key */
};

/* What a frame that leaves promises; how many. */
size_t controller_promises(const struct sent *sent, struct promise promises[LIMIT_SEQS_PER_ACK]);

/* A power_judge. Both stores open; the chain verifies without a gap; no event stands twice; every
 * promise is there; every sealed field has its key and opens. Every 16th state is started as the
 * daemon does it, of every 64th the journal is replayed into an empty store and all tables are
 * compared. */
bool controller_judge(const char *dir, const struct power_marks *marks, uint64_t number,
                      char why[POWER_WHY_SIZE]);
