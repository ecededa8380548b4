/* grant: which journalled event of an agent an opening belongs to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The agent's outbox epoch and the sequence of the event (presentation, button, command) whose
 * committed verdict opens the lane. Sequence 0: none. */
struct grant_id {
    uint32_t epoch;
    uint64_t sequence;
};

/* The epoch of an exit's opening that has no place in the outbox yet, because nothing could be
 * written. No controller orders it, and it has no order among the others. */
#define GRANT_EPOCH_LATE UINT32_MAX

static inline bool grant_id_is_none(struct grant_id id)
{
    return id.sequence == 0;
}

static inline bool grant_id_equal(struct grant_id a, struct grant_id b)
{
    return a.epoch == b.epoch && a.sequence == b.sequence;
}
