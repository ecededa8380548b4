/* day_store: a tenant's day in figures. Tables ATTENDANCE and DAY.
 *
 * ATTENDANCE has one row for each person who entered on that tenant's day; the headcount is their
 * number. It is kept in DAY beside the other sums.
 */
#pragma once

#include "common/facts/passage_walk.h"
#include "common/park/presence.h"
#include "common/store/store.h"

/* The passage that changes the day. */
struct day_visit {
    struct store_txn *txn;
    struct handle holder;
    const struct passage_row *row;
    bool is_latest; /* of its holder: nothing before it need be read */
    bool revises;   /* it comes out of its order */
};

/* Adds to the day of by->scope what `visit`, and for a late passage those after it, changed there;
 * the passage is in its table already. ERR_CORRUPT: the tables contradict themselves. */
MUST_CHECK enum err day_store_change(const struct day_visit *visit,
                                     const struct presence_change *by, struct fault *fault);
