/* recall_rows: what gates' copies say of holders, taken in by a controller that was built again.
 *
 * A gate's word makes stricter what the backup knows: removals, suspensions, ends of assignments,
 * revocations and bans. What it adds, new holders, credentials and assignments, counts for what
 * happened and lets nobody in before another gate says the same (recall_waits.h). It frees nobody
 * and changes no name. So the order of rows and gates does not matter.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"

/* One packed CopyRow of `session`'s copy. What cannot be used is logged and passed over.
 * *ret_fresh: it is a person or vehicle that was not known. */
MUST_CHECK enum err recall_row(struct controller *ctl, const struct session *session,
                               const ProtobufCBinaryData *packed, uint64_t recovery,
                               bool *ret_fresh, struct fault *fault);
/* A read that is given again, of a credential that the backup does not know: whose it is, the
 * gate's copy says (packed CredentialRecord; may be empty). Holder and credential then go on under
 * the handles that they had. */
MUST_CHECK enum err recall_credential(struct controller *ctl, const struct session *session,
                                      const Parkgate__Event *event,
                                      const ProtobufCBinaryData *packed, struct fault *fault);
