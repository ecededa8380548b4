/* watch_receipts: what became of a bundle's entries, signed by the park (common/watch). */
#pragma once

#include "controller/app/watch.h"

/* One part of the receipt of a bundle that was applied, and its signature, as one row of bytes:
 * from the change that the request's `first` says. Refused when there is none of this number. */
MUST_CHECK enum err watch_receipts_answer(struct controller *ctl, struct request *request,
                                          const Parkgate__AuthorityRecord *authority,
                                          uint64_t number, struct fault *fault);
