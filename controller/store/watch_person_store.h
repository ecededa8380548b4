/* watch_person_store: persons on the watch list, counted without walking what is long over. Tables
 * WATCH_LIVE and WATCH_PERSON.
 *
 * WATCH_LIVE has a row for each person's entry that waits or acts, in the order of their ends, so
 * that those which are over by now are never looked at. WATCH_PERSON counts terms: a row for each
 * target, case number and entry that acted or may yet, with the terms that it took under that case
 * number alone. Who was withdrawn, refused or over before anybody countersigned took none.
 *
 * Rows of terms are written with their slice, so that a bundle cannot take one twice; what came of
 * its bundle, at its close. Both are of at most twice LIMIT_WATCH_PERSONS additions.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* How many persons an authority has live: waiting and acting, each entry once. */
struct watch_persons {
    uint32_t waiting, acting;
};
MUST_CHECK enum err watch_persons_of(struct store_txn *txn, const char *authority, struct wall now,
                                     struct watch_persons *ret, struct fault *fault);

/* Terms used under this target and case number by entries other than `but`; once they are over
 * `enough`, not all of them are counted. */
MUST_CHECK enum err watch_terms_of(struct store_txn *txn, const char *authority,
                                   const struct seal_hash *term_hash, struct handle but,
                                   uint32_t enough, uint32_t *ret_terms, struct fault *fault);
/* Those of one entry; 0: none. */
MUST_CHECK enum err watch_terms_of_entry(struct store_txn *txn, const char *authority,
                                         struct bytes term_hash, struct handle entry,
                                         uint32_t *ret_terms, struct fault *fault);

/* --- for the projections of the watch list --- */

/* Is it over without that it ever acted? */
bool watch_never_acted(const Parkgate__WatchRecord *record);
/* Did a bundle say it of a person? */
bool watch_is_person(const Parkgate__WatchRecord *record);

/* A change of an open bundle: fills record->renewed_was and former_term, before the record (whose
 * fields are its own, as unpacked) is written. */
MUST_CHECK enum err project_person_staged(struct store_txn *txn, uint32_t kind,
                                          Parkgate__WatchRecord *record, struct fault *fault);
/* That change came to nothing. */
MUST_CHECK enum err project_person_undone(struct store_txn *txn, uint32_t kind,
                                          const Parkgate__WatchRecord *record, struct fault *fault);
/* What was valid (NULL: nothing) and what is now. */
MUST_CHECK enum err project_person_moved(struct store_txn *txn, const Parkgate__WatchRecord *old,
                                         const Parkgate__WatchRecord *now, struct fault *fault);
/* No row of this entry stands any more. */
MUST_CHECK enum err project_person_forgotten(struct store_txn *txn,
                                             const Parkgate__WatchRecord *record,
                                             struct fault *fault);
/* All persons that a bundle changed, now that it is closed or cancelled. */
MUST_CHECK enum err project_persons_closed(struct store_txn *txn,
                                           const Parkgate__WatchBundle *bundle, bool cancelled,
                                           struct fault *fault);
/* Entries of persons of this authority that wait or act at `now`, in the order of their ends; the
 * table may be written on the way. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err watch_live_begin(struct store_txn *txn, const char *authority, struct wall now,
                                     struct store_iter *iter, struct fault *fault);
MUST_CHECK enum err watch_live_next(struct store_iter *iter, struct handle *ret_entry,
                                    uint32_t *ret_state, struct fault *fault);

/* For a store of before version 5 (migrate.h): the row of terms. 0: it goes. */
MUST_CHECK enum err watch_terms_put(struct store_txn *txn, const char *authority,
                                    struct bytes term_hash, struct handle entry, uint32_t terms,
                                    struct fault *fault);
