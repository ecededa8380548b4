/* project: what a journal entry changes in the tables.
 *
 * Projections apply outcomes. They read and write tables of the same transaction and nothing else:
 * no clock, no configuration, no key, no decision. So a replay of the journal into an empty store
 * gives the same keys and values. Live operation and replay run this one function.
 */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* Applies one entry whose sequence is set. ERR_CORRUPT: its kind or body is not known or cannot be
 * read; the caller gives the transaction up. */
MUST_CHECK enum err project_entry(struct store_txn *txn, const Parkgate__Entry *entry,
                                  struct fault *fault);
