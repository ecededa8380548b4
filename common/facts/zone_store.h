/* zone_store: what zones with rules of their own remember: entries of the last minutes, and the day
 * on which they were opened. Tables CROWD, STARTED. */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"

#define CROWD_WINDOW_US INT64_C(60000000)     /* an entry counts for less than this */
#define CROWD_KEEP_US   (2 * CROWD_WINDOW_US) /* reads may be judged a little out of order */

/* Entries into the zone captured later than CROWD_WINDOW_US before `when`, up to `when` and a
 * little beyond it (events of other gates may be ahead). Stops counting at `limit`. */
MUST_CHECK enum err crowd_count(struct store_txn *txn, struct name zone, struct wall when,
                                uint32_t limit, uint32_t *ret_count, struct fault *fault);

/* Was the zone opened on this local day by its first person? */
MUST_CHECK enum err zone_is_started(struct store_txn *txn, struct name zone, int32_t day,
                                    bool *ret_started, struct fault *fault);

/* Projections only. What lies more than CROWD_KEEP_US before the zone's newest entry is dropped. */
MUST_CHECK enum err crowd_add(struct store_txn *txn, const char *zone, struct wall captured,
                              uint64_t journal, struct fault *fault);
/* The earliest passage of the day holds, in whatever order they come. */
MUST_CHECK enum err zone_start(struct store_txn *txn, const char *zone, int32_t day,
                               struct wall captured, struct fault *fault);
