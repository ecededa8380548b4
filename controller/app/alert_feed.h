/* alert_feed: what receivers outside are told of alerts, as lines of JSON.
 *
 *     {"seq":120,"alert":118,"event":"raised","kind":"forced","lane":"a-in","priority":2}
 *
 * `seq` is the journal sequence that told it, by which a receiver goes on later; `event` is raised,
 * escalated or closed. Nothing about a person: no name, number, handle, plate or badge. Where news
 * between two lines are kept no more, a line of event "news-lost" says so.
 */
#pragma once

#include "common/store/store.h"

enum { ALERT_LINE_MAX = 256, ALERT_LINES_PER_CALL = 200 };

/* Whole lines behind journal sequence `after`, as many as fit and at most ALERT_LINES_PER_CALL.
 * *ret_after: what was looked at; *ret_size 0: nothing new up to there. */
MUST_CHECK enum err alert_feed_lines(struct store_txn *txn, uint64_t after, char *out,
                                     size_t capacity, size_t *ret_size, uint64_t *ret_after,
                                     struct fault *fault);
/* For a receiver that begins now: a line of event "begin" that tells it where that is. */
MUST_CHECK enum err alert_feed_now(struct store_txn *txn, char *out, size_t capacity,
                                   size_t *ret_size, uint64_t *ret_sequence, struct fault *fault);
