/* hit_store: hits of the watch list. Tables WATCH_HIT, WATCH_DAY and WATCH_TOLD.
 *
 * All `ret_*` messages are the caller's: free with parkgate__..._free_unpacked(x, NULL).
 */
#pragma once

#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

struct bytes hit_key(struct keybuf *key, const char *authority, uint64_t number);
struct bytes hit_day_key(struct keybuf *key, struct handle entry, int32_t day);

/* How often an entry was met on a day; nothing yet: all zero, *ret NULL. */
MUST_CHECK enum err hit_day_get(struct store_txn *txn, struct handle entry, int32_t day,
                                Parkgate__WatchDay **ret, struct fault *fault);
/* A row of WATCH_DAY that says where and when: since when it does. */
struct hit_near {
    struct wall noted;
    struct handle entry;
    int32_t day;
};
struct bytes hit_near_key(struct keybuf *key, const struct hit_near *near);
/* The one that was noted first. ERR_NOT_FOUND: none. */
MUST_CHECK enum err hit_first_near(struct store_txn *txn, struct hit_near *ret,
                                   struct fault *fault);
/* The number of the authority's newest hit; 0: it has none. */
MUST_CHECK enum err hit_newest(struct store_txn *txn, const char *authority, uint64_t *ret_number,
                               struct fault *fault);
