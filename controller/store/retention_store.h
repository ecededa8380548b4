/* retention_store: how long each class of records is kept, and how far its last run came. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* All zero when nothing was ever said of the class or done to it. Free with
 * parkgate__retention_record__free_unpacked(). */
MUST_CHECK enum err retention_get(struct store_txn *txn, const char *class_name,
                                  Parkgate__RetentionRecord **ret, struct fault *fault);
