/* recovery: the way back when the last admin key is lost.
 *
 * Who can write beside the controller's own key file, on its machine, can make a first admin again:
 * not silently, for it is an entry of the journal (`events --kind recovery`) and a fault that is
 * noted.
 */
#pragma once

#include "controller/app/controller.h"

/* Adds the admin key, in a transaction of its own, committed when it returns. A key that is live
 * already is done: a crash between commit and the file's removal repeats nothing.
 * ERR_INPUT: name or key cannot be used, or the name is another live key's; nothing is changed. */
MUST_CHECK enum err recovery_apply(struct controller *ctl, const Parkgate__Recovery *recovery,
                                   struct fault *fault);
