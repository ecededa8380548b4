/* alikes: listed plates that a camera may have taken for what it read.
 *
 * The controller alone knows them: the hashes of skeletons (common/access/plate_alike.h) stand in
 * table WATCH_ALIKE; what stands under the same one is opened and compared. A read costs one keyed
 * hash and one look-up, listed or not; one with unread characters, which opens nothing anyway, some
 * more.
 */
#pragma once

#include "common/facts/watch_look.h"
#include "controller/app/controller.h"

enum { ALIKES_OPENED_MAX = 64 }; /* entries under a read's skeletons that are compared */

/* What a listed plate stands under in WATCH_ALIKE. `normal` is its normal form. */
struct seal_hash alike_hash_of(const struct controller *ctl, struct bytes normal);

/* Adds the entries that act on a plate like the one that was read, but not on that itself. */
MUST_CHECK enum err alikes_find(struct controller *ctl, const Parkgate__Event *event,
                                struct watch_finds *ret, struct fault *fault);
