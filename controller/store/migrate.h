/* migrate: brings a controller's store of an older version forward, once, before it is used.
 *
 * Each version has one step. A step reads in slices and writes in one transaction that also says
 * the new version, so that a process killed anywhere in it finds the store as it was and begins the
 * step again. New tables are made by store_open(); an older program does not look at them.
 */
#pragma once

#include "common/store/store.h"

/* Does nothing for a store of this version. *ret_from: the version that it had. Journal entries
 * that cannot be read are logged and passed over, so are rows of a store of version 3 that gates
 * have copies of, and of version 4 that get an index; on a full disk the ballast is given up.
 * ERR_CORRUPT: the journal's newest entry, or a row of a store of version 1 that gates have copies
 * of, cannot be read; ERR_FULL, ERR_IO: nothing was changed. */
MUST_CHECK enum err migrate_store(struct store *store, uint32_t *ret_from, struct fault *fault);
