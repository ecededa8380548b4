/* watch_sum: how many entries of the watch list began and ended to act, by year (UTC), authority
 * and matcher. Sums of the journal's outcomes: they stay when the entries are swept away. Test
 * entries are none.
 */
#pragma once

#include "common/base/clock.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

MUST_CHECK enum err watch_sum_add(struct store_txn *txn, const char *authority, uint32_t matcher,
                                  struct wall at, uint64_t begun, uint64_t ended,
                                  struct fault *fault);
/* One entry that began, or ended, at `at`. */
MUST_CHECK enum err watch_sum_begun(struct store_txn *txn, const Parkgate__WatchRecord *record,
                                    struct wall at, struct fault *fault);
MUST_CHECK enum err watch_sum_ended(struct store_txn *txn, const Parkgate__WatchRecord *record,
                                    struct wall at, struct fault *fault);

/* Those that acted in a year, at its beginning or later: all that began by its end, less all that
 * ended before it. */
enum { WATCH_SUM_WORD_SIZE = 64, WATCH_SUMS_MAX = 128 };
struct watch_sums {
    size_t count;
    struct {
        char authority[WATCH_SUM_WORD_SIZE], matcher[WATCH_SUM_WORD_SIZE];
        uint64_t begun, ended;
    } items[WATCH_SUMS_MAX];
};
MUST_CHECK enum err watch_sum_year(struct store_txn *txn, uint32_t year, struct watch_sums *ret,
                                   struct fault *fault);
