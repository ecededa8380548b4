/* project_watch: what the projections of bundles and of single steps share. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The row of an authority, of a bundle; an entry with all its indexes; the rows alone by which an
 * entry acts on its target. As the record wants them: its stage, its state. */
MUST_CHECK enum err project_watch_authority(struct store_txn *txn,
                                            const Parkgate__AuthorityRecord *record,
                                            struct fault *fault);
MUST_CHECK enum err project_watch_bundle(struct store_txn *txn, const Parkgate__WatchBundle *bundle,
                                         struct fault *fault);
MUST_CHECK enum err project_watch_entry(struct store_txn *txn, Parkgate__WatchRecord *record,
                                        struct fault *fault);
MUST_CHECK enum err project_watch_rows(struct store_txn *txn, const Parkgate__WatchRecord *record,
                                       struct fault *fault);

/* One change of a bundle into its sums (`begun`, `ended`, each WATCH_MATCHER_COUNT long): entries
 * that begin or end to act when it is closed, for the figures of the year. */
void project_watch_sum(Parkgate__WatchBundle *bundle, uint32_t kind,
                       const Parkgate__WatchRecord *record);
