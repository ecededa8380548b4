/* mutate: what can be wrong with a bundle. Every mutation makes of a good bundle one that must be
 * refused: before it is encoded (then digests, counts and signature are right again, as a station
 * with a bug or a bad will makes it), or after (as somebody on the way does).
 */
#pragma once

#include "tests/campaigns/bundles/craft.h"

/* What a mutation may work with. */
struct stage {
    struct craft_random *r;
    struct crafted *crafted;  /* the good one; changed before it is encoded */
    struct wire *wire;        /* encoded and signed; changed after */
    const struct wire *other; /* another good one of the same authority for the same place */
    const struct wire *old;   /* one that was taken before; NULL: none yet */
    const struct sign_key *key;
    struct watch_expected *expected; /* what the park knows: it may change, too */
};

struct mutation {
    const char *name;
    /* Exactly one of both. False: this bundle has nothing to do it to. */
    bool (*before)(struct stage *s);
    bool (*after)(struct stage *s);
};

const struct mutation *mutation_table(size_t *ret_count);
