/* park_copy: the gate's rows of the park as the controller last sent them, and the lanes' modes. */
#pragma once

#include "common/base/ids.h"
#include "reader-agent/store/agent_store.h"

enum { PARK_COPY_ROWS_MAX = 2048, PARK_COPY_ROW_BYTES = 16384 };

/* Replaces all rows and their version in one step. Rows are packed ParkRow messages, each with a
 * kind and name of its own; ERR_INPUT: one cannot be read or stands twice, nothing was changed. */
MUST_CHECK enum err park_copy_replace(struct agent_store *store, uint64_t version,
                                      const struct bytes *rows, size_t count, struct wall now,
                                      struct fault *fault);
/* Calls `each` with every packed ParkRow, by kind and name. The bytes are borrowed for the call. */
MUST_CHECK enum err park_copy_walk(struct agent_store *store,
                                   enum err (*each)(void *ctx, struct bytes row,
                                                    struct fault *fault),
                                   void *ctx, struct fault *fault);
/* Mode last ordered for a lane. ERR_NOT_FOUND: none. */
MUST_CHECK enum err lane_order_get(struct agent_store *store, struct name lane, uint32_t *ret_mode,
                                  struct fault *fault);
