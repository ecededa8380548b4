/* outbox: the rows of events, and what is known of each. Writing goes through batch.h.
 *
 * An event is pending until the controller answered it; the number of pending rows is the outbox's
 * depth. Answered rows are kept for OUTBOX_KEEP_DAYS, so that a controller that lost its disk can
 * ask for them, then trimmed in slices; sooner, oldest first, when there are more rows than the
 * outbox is to hold. A refused event goes to the quarantine and is trimmed with the others.
 */
#pragma once

#include "reader-agent/store/batch.h"

enum { OUTBOX_KEEP_DAYS = LIMIT_OUTBOX_DAYS, OUTBOX_SLICE = 200 };

/* Days since 1970 in UTC; before 1970: 0. */
uint32_t outbox_day(struct wall at);

/* An event as stored. */
struct outbox_event {
    struct grant_id id;
    uint32_t day;
    uint32_t kind;
    uint8_t digest[EVENT_DIGEST_SIZE];
    size_t sealed_size;
    uint8_t sealed[SEALED_EVENT_MAX];
};

/* ERR_NOT_FOUND: no such event. */
MUST_CHECK enum err outbox_get(struct agent_store *store, struct grant_id id,
                               struct outbox_event *ret_event, struct fault *fault);
/* Up to `limit` pending ids after `after`, ascending. */
MUST_CHECK enum err outbox_pending(struct agent_store *store, struct grant_id after, size_t limit,
                                   struct grant_id *ret_ids, size_t *ret_count,
                                   struct fault *fault);
/* How many events are not answered yet; constant time. */
MUST_CHECK enum err outbox_depth(struct agent_store *store, uint64_t *ret_depth,
                                 struct fault *fault);
/* Events that stand here, answered or not; constant time. */
MUST_CHECK enum err outbox_rows(struct agent_store *store, uint64_t *ret_rows, struct fault *fault);
/* The first event of `epoch` that is not answered, and the day of its key. ERR_NOT_FOUND: all are.
 */
MUST_CHECK enum err outbox_first_pending(struct agent_store *store, uint32_t epoch,
                                         uint64_t *ret_sequence, uint32_t *ret_day,
                                         struct fault *fault);
MUST_CHECK enum err outbox_is_pending(struct agent_store *store, struct grant_id id,
                                      bool *ret_pending, struct fault *fault);
/* Up to `limit` presentations without a verdict, ascending. */
MUST_CHECK enum err outbox_open_presentations(struct agent_store *store, size_t limit,
                                              struct grant_id *ret_ids, size_t *ret_count,
                                              struct fault *fault);
/* The verdict acted on. ERR_NOT_FOUND: none. */
MUST_CHECK enum err outbox_acted(struct agent_store *store, struct grant_id id,
                                 struct acted *ret_acted, struct fault *fault);
/* Where an event went when epochs changed; itself when it did not move. */
MUST_CHECK enum err outbox_moved(struct agent_store *store, struct grant_id id,
                                 struct grant_id *ret_id, struct fault *fault);

/* Up to `limit` ids of events that stand here, answered or not, after `after`, ascending. */
MUST_CHECK enum err outbox_kept(struct agent_store *store, struct grant_id after, size_t limit,
                                struct grant_id *ret_ids, size_t *ret_count, struct fault *fault);

/* Deletes up to OUTBOX_SLICE answered rows that are old enough, or the oldest of those that are
 * more than `most` rows in all. *ret_trimmed: how many. */
MUST_CHECK enum err outbox_trim(struct agent_store *store, struct wall now, uint64_t most,
                                size_t *ret_trimmed, struct fault *fault);
/* Calls `destroy` for each day whose key seals no row any more, oldest first: it destroys the key.
 * Then the day and the boxes of its key are forgotten; a day whose key could not be destroyed
 * (false) comes again. Today is never among them. */
MUST_CHECK enum err outbox_free_days(struct agent_store *store, struct wall now,
                                     bool (*destroy)(void *ctx, uint32_t day), void *ctx,
                                     struct fault *fault);
/* Events refused for good and kept aside. */
MUST_CHECK enum err outbox_quarantined(struct agent_store *store, uint64_t *ret_count,
                                       struct fault *fault);

/* --- for this room only --- */

/* Rows sealed under the key of `day`, plus `by` (1 or -1). */
MUST_CHECK enum err outbox_days_add(struct store_txn *txn, uint32_t day, int by,
                                    struct fault *fault);
MUST_CHECK enum err outbox_put(struct store_txn *txn, const struct batch_event *event,
                               struct fault *fault);
/* Puts the event under its new id and takes everything known of the old one along. */
MUST_CHECK enum err outbox_move(struct store_txn *txn, const struct batch_event *event,
                                struct fault *fault);
MUST_CHECK enum err outbox_put_acted(struct store_txn *txn, struct grant_id id,
                                     const struct acted *acted, struct fault *fault);
MUST_CHECK enum err outbox_put_answer(struct store_txn *txn, const struct batch_answer *answer,
                                      uint32_t today, struct wall now, struct fault *fault);
