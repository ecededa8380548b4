#include "reader-agent/core/beats.h"

void beats_sent(struct beats *beats, struct wall said, struct mono sent)
{
    beats->items[beats->next] = (struct beat){.said = said, .sent = sent};
    beats->next = (beats->next + 1) % BEATS_KEPT;
}

bool beats_asked(const struct beats *beats, struct wall said, struct mono *ret)
{
    bool found = false;
    for (size_t i = 0; i < BEATS_KEPT; i++) {
        const struct beat *beat = &beats->items[i];
        if (said.us != 0 && beat->said.us == said.us && (!found || mono_before(beat->sent, *ret))) {
            *ret = beat->sent;
            found = true;
        }
    }
    return found;
}
