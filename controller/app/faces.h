/* faces: how many persons have a face attached, and what follows of it: from LIMIT_FACE_PERSONS_WARN
 * on a fault stands, and LIMIT_FACE_PERSONS is not passed before the filing with the authority has
 * its number here. Persons are counted, not faces. */
#pragma once

#include "controller/app/request.h"

/* May this person have a face attached? False: refused, or *ret_err. */
bool faces_room(struct controller *ctl, struct request *request, struct handle person,
                enum err *ret_err, struct fault *fault);

/* After faces were attached or removed: the warning begins or ends. */
MUST_CHECK enum err faces_changed(struct controller *ctl, struct fault *fault);
