#include "controller/app/in_work.h"

#include <string.h>

static bool same(const struct seal_hash *a, const struct seal_hash *b)
{
    return memcmp(a->bytes, b->bytes, SEAL_HASH_SIZE) == 0;
}

/* The suspect's place; with `make`, a free one or else the one with the fewest crashes. -1: none.
 */
static int place_of(const struct in_work *in_work, const struct seal_hash *digest, bool make)
{
    int least = 0;
    for (int i = 0; i < IN_WORK_SUSPECTS; i++) {
        if (in_work->suspects[i].crashes > 0 && same(&in_work->suspects[i].digest, digest)) {
            return i;
        }
        if (in_work->suspects[i].crashes < in_work->suspects[least].crashes) {
            least = i;
        }
    }
    return make ? least : -1;
}

void in_work_started(struct in_work *in_work)
{
    if (in_work->active == 0) {
        return;
    }
    int at = place_of(in_work, &in_work->current, true);
    if (!same(&in_work->suspects[at].digest, &in_work->current)) {
        in_work->suspects[at].crashes = 0;
        in_work->suspects[at].digest = in_work->current;
    }
    in_work->suspects[at].crashes++;
    in_work->active = 0;
}

bool in_work_begin(struct in_work *in_work, const struct seal_hash *digest)
{
    int at = place_of(in_work, digest, false);
    if (at >= 0 && in_work->suspects[at].crashes >= IN_WORK_CRASHES) {
        return false; /* it stays one: its refusal may have to be worked off again */
    }
    in_work->current = *digest;
    in_work->active = 1;
    return true;
}

void in_work_end(struct in_work *in_work)
{
    int at = place_of(in_work, &in_work->current, false);
    if (at >= 0) {
        in_work->suspects[at].crashes = 0;
    }
    in_work->active = 0;
}
