/* grants_seen: so that one grant opens once, however often its command arrives. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schema/grant.h"

enum { GRANTS_SEEN_MAX = 256 };

struct grants_seen {
    struct grant_id ring[GRANTS_SEEN_MAX];
    uint16_t count;
    uint16_t next;
    struct grant_id forgotten; /* highest that fell out of the ring; none: nothing did */
};

/* Seen before, or not above one that was already forgotten. */
bool grants_seen_has(const struct grants_seen *seen, struct grant_id id);
void grants_seen_add(struct grants_seen *seen, struct grant_id id);
