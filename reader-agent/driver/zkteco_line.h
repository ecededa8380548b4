/* zkteco_line: the records of ZKTeco's two PUSH protocols, one line each.
 *
 * Attendance (ATTLOG), by place: PIN, time, status, verify, further columns. Some firmwares have
 * verify before status (the park file's `columns`).
 * Access (rtlog), by name, with tabs between: time pin cardno eventaddr event inoutstatus
 * verifytype index, in any order.
 *
 * - The PIN is text: `00042` keeps its zeros. It is CREDENTIAL_KIND_FACE, the terminal's subject
 * id, whatever the terminal checked. An access record of a card (verifytype 4) with a card number
 * is CREDENTIAL_KIND_BADGE instead: the number in decimal is the UID with its first byte highest,
 * or lowest where the reader is `reversed`.
 * - event 0 is a pass, 27 a card that the terminal does not know (PARSE_FAILED: it goes nowhere),
 *   200, 201, 202 and 206 are the door's and the terminal's own (PARSE_FOREIGN). Every other event
 *   is PARSE_BAD, to be put aside and looked at.
 * - A pass without a credential that can be taken is PARSE_UNUSABLE.
 * - verify 1 (finger), 4 (card), 15 (face) and a card's number are CREDENTIAL_CLASS_UID_ONLY: the
 *   terminal's word. 3 (password) and all others are CREDENTIAL_CLASS_BEARER.
 * - status and inoutstatus 0 is in, 1 is out.
 * - The time is the device's local one. A record without a time that can be read is PARSE_BAD: it
 *   could not be counted for its day, nor told from its repeat.
 * - The event's id is made of everything that identifies it: SN, index, PIN or card, time.
 */
#pragma once

#include "common/base/bytes.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

enum { ZKTECO_LINE_BYTES = 1024 }; /* a longer line is PARSE_BAD */

/* The line at the begin of *rest, without its CR and LF; *rest moves behind it. Lines of blanks
 * only are left out. False: no more lines. */
bool zkteco_next_line(struct bytes *rest, struct bytes *ret_line);

/* Write *ret_reading (whole) for PARSE_READING and PARSE_UNUSABLE only. History is the caller's to
 * say: no field of the line does. */
enum parse_result zkteco_att_line(struct bytes line, const struct http_device *device,
                                  const struct tz_table *zone, struct reading *ret_reading);
enum parse_result zkteco_acc_line(struct bytes line, const struct http_device *device,
                                  const struct tz_table *zone, struct reading *ret_reading);
