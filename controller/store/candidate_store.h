/* candidate_store: open candidates, found by entry and lane, by the one that their alert is about,
 * and by when they were raised. Tables CANDIDATE, CANDIDATE_AT, CANDIDATE_LEAD, CANDIDATE_DUE.
 *
 * Nobody walks the table itself: a read that finds one costs the same however many are open.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: somebody decided on it, or it never was. Free with
 * parkgate__candidate__free_unpacked(x, NULL). */
MUST_CHECK enum err candidate_get(struct store_txn *txn, struct handle candidate,
                                  Parkgate__Candidate **ret, struct fault *fault);
/* The open one of this entry at this lane. ERR_NOT_FOUND: none. */
MUST_CHECK enum err candidate_at(struct store_txn *txn, struct handle entry, const char *lane,
                                 struct handle *ret, struct fault *fault);
/* Those whose alert is about `lead`, at most `max`. */
MUST_CHECK enum err candidates_of_lead(struct store_txn *txn, struct handle lead, size_t max,
                                       struct handle *out, size_t *ret_count, struct fault *fault);
/* Those raised before `until`, the oldest first, at most `max`. */
MUST_CHECK enum err candidates_raised_before(struct store_txn *txn, struct wall until, size_t max,
                                             struct handle *out, size_t *ret_count,
                                             struct fault *fault);
/* How many are open, in constant time. */
MUST_CHECK enum err candidate_count(struct store_txn *txn, uint64_t *ret_count,
                                    struct fault *fault);

/* The index rows of one, for a store of before there were any (migrate.h). ERR_CORRUPT: its hit
 * cannot be read; nothing was written. */
MUST_CHECK enum err candidate_index(struct store_txn *txn, const Parkgate__Candidate *candidate,
                                    struct fault *fault);
