/* approvals: what one person asks for and another one decides.
 *
 * A request whose verb stands in the table of approvals.c is worked off on trial first: a bad one
 * is refused at once and nothing is kept. A good one waits as an entry with its own bytes; another
 * person, whose role allows the same verb, grants or refuses it within LIMIT_APPROVAL_S. When
 * granted, the very same bytes are worked off in the asker's name, whose key must still be live and
 * allowed.
 *
 * Two keys of one person are one person (KeyRecord.person). What takes records out of their bounds
 * (a hold, a disclosure) needs two other persons; each agrees once, the last one carries it out,
 * and whoever lost his key or role meanwhile did not agree.
 */
#pragma once

#include "controller/app/request.h"

/* Whose key it is: never empty. Borrowed. */
const char *key_person(const Parkgate__KeyRecord *key);

/* Does this request need a second person? Only while there is one: a park that has a single admin
 * can still make its second. */
MUST_CHECK enum err approval_is_needed(struct controller *ctl, const struct request *request,
                                       bool *ret_needed, struct fault *fault);

/* Whether it can be decided on still; in one word, and by whom it was: the keys that agreed, then
 * `last`, with commas. (verbs_approvals.c) */
/* What was asked before this waits no more. */
int64_t approval_oldest_us(struct wall now);
bool approval_is_waiting(const Parkgate__ApprovalRecord *record, struct wall now);
const char *approval_state_word(const Parkgate__ApprovalRecord *record, struct wall now);
void approval_deciders(const Parkgate__ApprovalRecord *record, const char *last, char *out,
                       size_t size);

/* Keeps a request that was good on trial; the answer says its number. Refused when there are not
 * so many other persons as it needs. */
MUST_CHECK enum err approval_ask(struct controller *ctl, struct request *request,
                                 struct fault *fault);
