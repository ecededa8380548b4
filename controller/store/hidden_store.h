/* hidden_store: the journal's entries that tell of hits, counted, so that the others have numbers
 * without gaps.
 *
 * Who stands at a lane and asks how long the journal is would see it grow by an entry that he is
 * not shown: somebody is looked for. So most callers count by shown numbers: the n-th entry that is
 * none of these has number n. Sequences and hashes of the chain stay what they are.
 */
#pragma once

#include <stdint.h>

#include "common/store/store.h"

/* Entries that would tell who is looked for, by standing beside a read: those of hits, those of
 * alerts (a fault's alert is in the fault's own entry), a notice's to a view library, and those of
 * the end of all these. */
bool hidden_kind(uint32_t kind);

/* Counts the entry. Entries come in the order of their sequences. */
MUST_CHECK enum err hidden_note(struct store_txn *txn, uint64_t sequence, struct fault *fault);

/* The number of the entry `sequence`, or, of a hidden one, of the shown one before it (0: none). */
MUST_CHECK enum err hidden_shown(struct store_txn *txn, uint64_t sequence, uint64_t *ret,
                                 struct fault *fault);

/* The sequence of the shown entry of this number; 0 gives 0. A number that is not there yet gives a
 * sequence that is not there yet. Numbers are below INT64_MAX. */
MUST_CHECK enum err hidden_sequence(struct store_txn *txn, uint64_t shown, uint64_t *ret,
                                    struct fault *fault);
