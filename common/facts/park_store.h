/* park_store: rows of the park file to and from the plain value the decisions read. */
#pragma once

#include "common/park/park.h"
#include "common/store/store.h"
#include "schema/park.pb-c.h"

/* Adds one row. False: a value is out of its bounds or there are too many; *c says which. */
MUST_CHECK bool park_add_row(struct park *park, uint32_t kind, const char *name, struct bytes body,
                             struct complaint *c);

/* The park of the newest configuration version, sorted; an empty one (version 0) before the first.
 */
MUST_CHECK enum err park_load(struct store_txn *txn, struct park *ret_park, struct fault *fault);

/* The staged rows 0..count-1 as a sorted park. False: *c says why. */
MUST_CHECK enum err park_load_staged(struct store_txn *txn, uint64_t stage, struct park *ret_park,
                                     uint32_t *ret_count, struct complaint *c, struct fault *fault);
