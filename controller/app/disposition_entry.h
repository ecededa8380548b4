/* disposition_entry: a disposition becomes an entry of the watch list: one person enters what the
 * order says, another one compares and confirms, then the park signs it.
 *
 * The authority is one whose bundles the park itself signs (its signing key is the park's): it
 * sends no bundles of its own, so the two can never be mixed. What is confirmed is a bundle of one
 * change, built, signed and judged as a station's is (common/watch), within that authority's cap; a
 * person's entry then waits for its countersignature as any other.
 */
#pragma once

#include "controller/app/dispositions.h"
#include "controller/app/watch.h"

/* Seals what the order says beside it: *record is then `entered`. Refused: fields that an entry may
 * not have; *record is then as it was. */
MUST_CHECK enum err disposition_enter(struct controller *ctl, struct request *request,
                                      const Parkgate__DispositionRecord *record,
                                      struct fault *fault);
/* Applies it, or refuses it as a bundle is refused; the caller has judged who asks. */
MUST_CHECK enum err disposition_confirm(struct controller *ctl, struct request *request,
                                        const Parkgate__DispositionRecord *record,
                                        struct fault *fault);
/* The entry of a confirmed one is withdrawn from the watch list, if it still runs. */
MUST_CHECK enum err disposition_undo(struct controller *ctl, struct request *request,
                                     const Parkgate__DispositionRecord *record,
                                     struct fault *fault);
/* What was entered. ERR_NOT_FOUND: nothing, or its key is destroyed. */
MUST_CHECK enum err disposition_entered(struct controller *ctl,
                                        const Parkgate__DispositionRecord *record,
                                        struct watch_entry *ret, struct fault *fault);
