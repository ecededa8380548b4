/* json_device: the plain JSON of docs/plain-json.md, for readers whose maker has no driver here.
 *
 * One event an object, or up to JSON_DEVICE_EVENTS in {"events": [...]}:
 *   kind       badge (UID in hex), bits (26 or 34 of a Wiegand line), qr, pin, plate, face, alive
 *   value      text, or a whole number
 *   time       ISO 8601 with zone; without one the device's time is not known
 *   history    true: not live. Everything but false, null and nothing is taken as true
 *   event      the device's own id of it, by which its repeats are told
 *   direction  in, out
 *   confidence percent, of a plate
 *
 * - Unknown members are left out; one that stands twice makes the body PARSE_BAD.
 * - A bad event does not stop the others.
 * - Digits of a keypad are nowhere but in the reading's id: never in raw, never in a sentence.
 * - Bits with a wrong parity or length are PARSE_MISREAD: no read, never a guess. The same bits
 * again within WIEGAND_BOUNCE_MS are PARSE_BOUNCE.
 * - Classes are those of credential_class_of: nothing from here is authenticated.
 */
#pragma once

#include <stddef.h>

#include "common/access/wiegand.h"
#include "common/base/bytes.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

enum {
    JSON_DEVICE_EVENTS = 32,
    JSON_DEVICE_EVENT_ID_BYTES = 128,
    JSON_DEVICE_VALUE_BYTES = 256,
};

/* What one event came to. *reading is whole for PARSE_READING and PARSE_UNUSABLE. `text` is the
 * event alone for PARSE_BAD, else NULL; all is borrowed. */
struct json_device_sink {
    void (*take)(void *ctx, enum parse_result result, const struct reading *reading,
                 const char *text);
    void *ctx;
};

/* False: the text is no such JSON, or has more events than JSON_DEVICE_EVENTS: nothing was taken.
 * `line` is what the reader's line gave last; `now` is when the text came. */
bool json_device_parse(struct bytes text, const struct http_device *device,
                       struct wiegand_line *line, struct mono now, struct json_device_sink sink);
