#include "reader-agent/board/grants_seen.h"

#include <stddef.h>

/* A new epoch follows all of the one before. */
static bool is_above(struct grant_id a, struct grant_id b)
{
    return a.epoch != b.epoch ? a.epoch > b.epoch : a.sequence > b.sequence;
}

bool grants_seen_has(const struct grants_seen *seen, struct grant_id id)
{
    if (!grant_id_is_none(seen->forgotten) && !is_above(id, seen->forgotten)) {
        return true;
    }
    for (size_t i = 0; i < seen->count; i++) {
        if (grant_id_equal(seen->ring[i], id)) {
            return true;
        }
    }
    return false;
}

void grants_seen_add(struct grants_seen *seen, struct grant_id id)
{
    struct grant_id *place = &seen->ring[seen->next];
    if (seen->count == GRANTS_SEEN_MAX) {
        /* An opening of a full disk's time stands above all epochs: it would forget every other. */
        if (place->epoch != GRANT_EPOCH_LATE && is_above(*place, seen->forgotten)) {
            seen->forgotten = *place;
        }
    } else {
        seen->count++;
    }
    *place = id;
    seen->next = (uint16_t)((seen->next + 1) % GRANTS_SEEN_MAX);
}
