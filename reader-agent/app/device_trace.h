/* device_trace: what a device said, as lines of JSON that tests can replay.
 *
 * Nothing personal is in it: a UID, plate, PIN or subject id becomes a pseudonym of the same shape,
 * the same within one trace and another in the next: a keyed hash under a key that is never
 * written. Frames of helpers stand as hex (schema/helper.h); lanes and devices keep their names.
 *
 *   {"ms":812,"device":"north-in-badge","frame":"0105..."}
 *   {"ms":950,"device":"cam-1","kind":"plate","id":"浙K73142","direction":1,"history":false,
 *    "colour":1,"confidence":98,"age_ms":120}
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "reader-agent/driver/driver.h"

struct device_trace;

/* Makes the file, mode 0600. ERR_IO: it cannot be made, or is there already. seal_init() was
 * called. */
MUST_CHECK enum err device_trace_create(const char *path, struct name device,
                                        const struct entropy *entropy, struct mono now,
                                        struct device_trace **ret_trace, struct fault *fault);
/* NULL is left alone, here and below: nothing is recorded then. */
void device_trace_destroy(struct device_trace **trace);

/* A frame that names no person: READ, PROVED and keys are not taken. */
void device_trace_frame(struct device_trace *trace, const struct helper_message *message,
                        struct mono now);
/* A card's read as the frame in which its helper said it; anything else as its fields. */
void device_trace_reading(struct device_trace *trace, const struct reading *reading,
                          struct wall wall, struct mono now);

/* The pseudonym: bytes for a badge; for texts letters stay letters and digits digits, other
 * characters stand as they are. */
void device_trace_hide(const struct device_trace *trace, enum credential_kind kind, uint8_t *id,
                       size_t size);
