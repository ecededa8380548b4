/* day_boxes: the keys of the outbox's days, each closed to the park's recovery key
 * (common/seal/day_box.h), beside the rows that are sealed under them.
 *
 * A day has one box for each key and recovery key that it had: one as a rule, more when the day
 * keys or the recovery key were lost in between. Retention takes them with the day
 * (outbox_free_days()).
 */
#pragma once

#include "common/seal/day_box.h"
#include "reader-agent/store/agent_store.h"


/* Up to DAY_BOXES_MAX boxes of a day, one behind the other; *ret_count 0: there is none. */
MUST_CHECK enum err day_boxes_get(struct agent_store *store, uint32_t day,
                                  uint8_t ret_boxes[DAY_BOXES_MAX * DAY_BOX_SIZE],
                                  size_t *ret_count, struct fault *fault);

struct day_box {
    uint32_t day;
    uint8_t id[DAY_BOX_ID_SIZE];
    uint8_t box[DAY_BOX_SIZE];
};

/* Up to `limit` days of rows, from `from` on, ascending. */
MUST_CHECK enum err day_boxes_days(struct agent_store *store, uint32_t from, size_t limit,
                                   uint32_t *ret_days, size_t *ret_count, struct fault *fault);
/* From now on `recovery_key` is the one: remembers it, and these boxes, in one step. */
MUST_CHECK enum err day_boxes_change_key(struct agent_store *store,
                                         const uint8_t recovery_key[RECOVERY_KEY_SIZE],
                                         const struct day_box *boxes, size_t count,
                                         struct fault *fault);

/* --- for this room only --- */

/* A box with this id that is there stays as it is. */
MUST_CHECK enum err day_boxes_put(struct store_txn *txn, uint32_t day,
                                  const uint8_t id[DAY_BOX_ID_SIZE],
                                  const uint8_t box[DAY_BOX_SIZE], struct fault *fault);
MUST_CHECK enum err day_boxes_drop(struct store_txn *txn, uint32_t day, struct fault *fault);
