/* copy_class: which gates are told where each person is, and which only how many are where.
 *
 * A gate whose lanes' rules ask where somebody is (park_gate_asks_presence) has table PRESENCE in
 * its copy; every other gate holds counts only: no row of PRESENCE, and in STANDING that somebody's
 * grant stands open, and not whose. Both kinds of copies have a digest of their own, which the
 * controller keeps side by side.
 */
#pragma once

#include "common/facts/copy_rows.h"

enum copy_class { COPY_PRESENCE, COPY_COUNTS, COPY_CLASS_COUNT };

/* Are such rows told otherwise to gates of one class than to those of the other? */
bool copy_class_differs(enum table table);
/* Does a copy of this class hold rows of the table at all? */
bool copy_class_holds(enum copy_class class, enum table table);
/* The row as a gate of this class is told it; `ret` may not be `row`. False: nothing of it. */
bool copy_class_row(enum copy_class class, const struct copy_row *row, struct copy_row *ret);

/* One digest for each class. */
struct copy_digests {
    struct copy_digest of[COPY_CLASS_COUNT];
};

void copy_digests_add(struct copy_digests *digests, const struct copy_row *row);
void copy_digests_subtract(struct copy_digests *digests, const struct copy_row *row);
bool copy_digests_equal(const struct copy_digests *a, const struct copy_digests *b);
/* A visitor for copy_walk() that adds each row to the struct copy_digests `ctx`. */
enum err copy_visit_digests(void *ctx, const struct copy_row *row, struct bytes stored_key,
                            struct fault *fault);
/* As kept in table COPY_DIGEST; nothing kept: of no rows, and so is the second digest of a store of
 * version 3, which had none. ERR_CORRUPT: damaged. */
MUST_CHECK enum err copy_digests_get(struct store_txn *txn, struct copy_digests *ret,
                                     struct fault *fault);
MUST_CHECK enum err copy_digests_put(struct store_txn *txn, const struct copy_digests *digests,
                                     struct fault *fault);
