/* standing_store: what stands open at a lane's entry now. Table STANDING: one small record a lane.
 *
 * A grant stands open from its read on until a report says that somebody passed or that it was not
 * taken; it also ends with the lane's pass time, which the reader of this table must look at. A
 * lane keeps the STANDING_MAX newest; a lane at which nothing stands has no row.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"

enum { STANDING_MAX = 8 };

struct standing_grant {
    uint64_t journal;     /* of its read, or of the guard's command */
    struct wall captured; /* its read */
    struct handle holder; /* none: nobody known, or a vehicle */
};

/* The holder of a grant in the copy of a gate that holds counts only: a person, and not which.
 * Two of them are two persons, as far as that gate knows. */
struct handle standing_somebody(void);

struct standing {
    size_t count;
    struct standing_grant grants[STANDING_MAX];
    bool held;           /* held open, by the report that was captured last */
    struct wall held_at; /* of that report; us 0: never */
};

/* Nothing known of the lane: all zero. */
MUST_CHECK enum err standing_get(struct store_txn *txn, struct name lane, struct standing *ret,
                                 struct fault *fault);

/* Does the grant stand open at `when`, as far as time tells? Up to exactly pass_ms after its read.
 */
bool standing_is_open(const struct standing_grant *grant, struct wall when, uint32_t pass_ms);

/* A bound of all grants in the table, in constant time. */
MUST_CHECK enum err standing_at_most(struct store_txn *txn, uint64_t *ret_grants,
                                     struct fault *fault);

/* The next lane at which something stands, behind `after` (empty: the first), by name.
 * ERR_NOT_FOUND: no more. */
MUST_CHECK enum err standing_next(struct store_txn *txn, struct name after, struct name *ret_lane,
                                  struct standing *ret, struct fault *fault);

/* Projections only. A grant that stands already, or one that is older than all of a full lane,
 * changes nothing. */
MUST_CHECK enum err standing_open(struct store_txn *txn, const char *lane,
                                  const struct standing_grant *grant, struct fault *fault);
/* One that does not stand is nothing to end. */
MUST_CHECK enum err standing_end(struct store_txn *txn, const char *lane, uint64_t journal,
                                 struct fault *fault);
/* Reports may come out of order: the one captured last holds. */
MUST_CHECK enum err standing_held(struct store_txn *txn, const char *lane, bool held,
                                  struct wall captured, struct fault *fault);
