/* plate_reading: a plate's text, as a camera sends it, in a reading.
 *
 * A plate is CREDENTIAL_CLASS_BEARER: whoever drives the vehicle shows it. `id` is the normal form
 * of common/access/plate.h, `raw` the camera's own text. `unknown`, 无车牌, _无_, no text, or one
 * that is longer than a credential may be: a vehicle was seen and its plate not read,
 * CREDENTIAL_KIND_NONE and an empty id.
 */
#pragma once

#include "reader-agent/driver/driver.h"

/* `text` in UTF-8, NULL: none. Writes kind, class, id and raw of a reading that has none yet. */
void plate_reading_set(struct reading *reading, const char *text);
