/* migrate_watch: what version 5 of the controller's store knows of persons on the watch list, made
 * of what version 4 had (migrate.h). */
#pragma once

#include "common/store/store.h"

/* Who is live, terms with their counts, bundles of the day. Rows that cannot be read are logged and
 * passed over. */
MUST_CHECK enum err migrate_watch(struct store_txn *txn, struct fault *fault);
