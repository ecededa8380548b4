/* sight: how far a caller sees into the journal.
 *
 * Entries that tell of hits are for security alone (store/hidden_store.h). Keys that keep the chain
 * - admin, security, auditor - are told sequences as the chain has them: they check it. Everybody
 * else counts the entries that he may see, without gaps.
 */
#pragma once

#include "controller/app/request.h"

/* Are entries of hits shown to this key? Beside it, only the guard of that lane and the station
 * learn that somebody is looked for: by alerts and hits. */
bool sight_of_hits(const struct request *request);
/* Is this key told sequences as the chain has them? */
bool sight_of_chain(const struct request *request);

/* The number by which this caller is told of the entry `sequence` (or, if he may not see it, of the
 * one before it that he may), and the sequence that he means by a number. In ctl->txn. */
MUST_CHECK enum err sight_told(const struct controller *ctl, const struct request *request,
                               uint64_t sequence, uint64_t *ret, struct fault *fault);
MUST_CHECK enum err sight_meant(const struct controller *ctl, const struct request *request,
                                uint64_t number, uint64_t *ret, struct fault *fault);

/* A mark that says where a list of alerts' news ended, to nobody but this controller: it is another
 * one each time, so that it does not tell whether something came that the caller may not see. Hex
 * digits. False: no such mark, or of before the index key was replaced. */
enum { SIGHT_MARK_SIZE = 2 * (8 + SEAL_OVERHEAD) + 1 };
void sight_mark(const struct controller *ctl, uint64_t place, char out[static SIGHT_MARK_SIZE]);
bool sight_mark_place(const struct controller *ctl, const char *mark, uint64_t *ret);
