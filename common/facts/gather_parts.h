/* gather_parts: what the parts of gather share: one presentation on its way to its facts. */
#pragma once

#include "common/facts/gather.h"

/* A credential and its holder. */
struct gather_read {
    enum credential_state state;
    struct handle credential, holder;
    bool banned;                    /* the holder has a park ban */
    Parkgate__HolderRecord *record; /* NULL: nobody holds it; owned */
};

struct gathering {
    const struct facts_view *view;
    const Parkgate__Event *event;
    const struct park_lane *lane;
    enum lane_direction direction;
    struct wall captured;
    struct gather_read read;    /* what was shown */
    struct gather_read first;   /* what waited at the lane, and this read was held against */
    struct gather_read *whole;  /* of these two: who wants to pass */
    struct gather_read *driver; /* the other one, at a vehicle lane; NULL: none */
    bool class_waits;           /* the badge that says the class has not been shown yet */
    bool half;                  /* a driver's badge alone: nothing of him is asked yet */
    struct facts facts;
    struct subject subject;
};

/* gather.c: fills *ret from a record that is valid now; nothing when its holder is gone. */
MUST_CHECK enum err gather_holder_of(const struct facts_view *view,
                                     const Parkgate__CredentialRecord *record,
                                     struct gather_read *ret, struct fault *fault);

/* gather_permission.c: has_assignment to holiday_closed, and of a pair whether driver and vehicle
 * belong together. */
MUST_CHECK enum err gather_permission(struct gathering *g, struct fault *fault);

/* gather_pairing.c: who wants to pass, and what is still wanted of him. */
MUST_CHECK enum err gather_pair(struct gathering *g, struct fault *fault);
MUST_CHECK enum err gather_company(struct gathering *g, struct fault *fault);
