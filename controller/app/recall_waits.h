/* recall_waits: what one gate alone gave back and would let somebody in by.
 *
 * A holder, credential or assignment that the backup does not know may be a hostile gate's own
 * invention. So it comes back with `told_by`, and lets nobody in: the credential of a holder, or
 * one by itself, is not valid yet, the assignment permits nothing, and no gate's copy holds any of
 * them. What happened before is counted with it all the same. It is as good as any other from the
 * moment on in which another gate's copy tells the very same, or a person confirms it
 * (`parkgate recover confirm`). Each that waits stands in table `recall`.
 */
#pragma once

#include "common/facts/recall_store.h"
#include "controller/app/controller.h"

/* Writes down that the row, which carries told_by = `gate` already, waits. */
MUST_CHECK enum err recall_row_waits(struct controller *ctl, const char *gate, uint64_t recovery,
                                     const struct recall_row *row, struct fault *fault);
/* Takes told_by away, if the row is there and has it; it waits no longer. `actor`: the key, or the
 * gate that told the same. */
MUST_CHECK enum err recall_row_confirm(struct controller *ctl, const char *actor,
                                       const struct recall_row *row, const char *reason,
                                       struct fault *fault);

/* The next row behind `after` that waits; with `holder` not NULL of this one alone. *ret_record:
 * since when, and who told it; free it. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err recall_row_next(struct controller *ctl, const struct recall_row *after,
                                    const struct handle *holder, struct recall_row *ret,
                                    Parkgate__RecallRecord **ret_record, struct fault *fault);
