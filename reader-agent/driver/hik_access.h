/* hik_access: the event of an ISAPI access or face terminal (AccessControllerEvent), read by
 * jansson.
 *
 * - The presence of the object AccessControllerEvent decides; eventType and dateTime may be
 *   missing. Another eventType is a foreign event. No such object and no eventType: bad.
 * - What an event is, majorEventType and subEventType say (the table in hik_access.c). Without both
 *   it is bad.
 * - A face pass is CREDENTIAL_KIND_FACE with employeeNoString as subject id: an opaque text by the
 *   rule of credential_from_face, leading zeros kept, never used as part of a path.
 * - A card pass is CREDENTIAL_KIND_BADGE only when cardNo is text of 8, 14 or 20 hex digits, the
 * UID of 4, 7 or 10 bytes. Terminals must be set to report card numbers as hex UIDs: the decimal
 *   numbers that others send are not taken (one of eight digits cannot be told from a UID and is
 *   then an unknown badge).
 * - A pass whose credential cannot be taken is PARSE_UNUSABLE, a reading with CREDENTIAL_KIND_NONE:
 * it opens no entry, and nobody stands before an exit because of a number's form.
 * - Failed checks and strangers are PARSE_FAILED: they are counted and go nowhere.
 * - Both kinds are CREDENTIAL_CLASS_UID_ONLY: the terminal's word, clonable by whoever owns the
 * terminal. Nothing of this driver is ever CREDENTIAL_CLASS_AUTHENTICATED.
 * - currentEvent false is history; missing or true is live. A value that is no truth value is
 *   history too: when in doubt nothing opens.
 * - A name that stands twice in one object is bad: no reader may choose which of two people it was.
 * - remoteCheck true in a live pass with a serialNo: the terminal waits for the answer (ask).
 * - 5/21 is no presentation: the terminal unlocked its door (unlocked), whoever let it.
 * - Name, mask, temperature, demographic fields and picture rectangles are never read.
 * - The event's id is the reader with serialNo ("READER/123"); no serialNo, no id.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

/* Parses one text part of at most LIMIT_HTTP_TEXT_BYTES posted by `reader`. Writes *ret_reading
 * (whole) only for PARSE_READING and PARSE_UNUSABLE, *ret_notice (a static sentence) only for
 * PARSE_NOTICE. */
enum parse_result hik_access_parse(struct bytes text, struct name reader,
                                   struct reading *ret_reading, const char **ret_notice);
