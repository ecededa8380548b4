/* hik_anpr: the plate event of an ISAPI camera (EventNotificationAlert, eventType ANPR), read by
 * expat.
 *
 * - Names are matched without prefix and namespace: three namespaces and forwarded events with
 *   prefixes are in the field. The XML declaration may be missing, and is not believed.
 * - A document type (and so every entity of one), more than HIK_ANPR_DEPTH levels or
 *   HIK_ANPR_ELEMENTS elements make the text bad. Nothing outside the text is ever fetched.
 * - A plate of CREDENTIAL_CLASS_BEARER: whoever drives the vehicle shows it. `id` is the normal
 * form of common/access/plate.h, `raw` the device's own text.
 * - `unknown`, 无车牌, _无_ or no text: a vehicle was seen and its plate not read. That is a
 * reading with CREDENTIAL_KIND_NONE and an empty id. A plate that is longer than a credential may
 * be is the same: it can match nothing.
 * - Two plates that differ in one event: bad. Of other doubled fields the first counts.
 * - The camera's own words of lists and barriers are dropped, and so is `direction` (forward,
 *   reverse): what is forward depends on how the camera hangs, so direction is LANE_NO_DIRECTION.
 * - The event's id is (deviceUUID, UUID), else (dateTime, plate), as a fingerprint; the body's
 *   address is never looked at. Neither: no id.
 * - ANPR has no history flag: history is false, freshness decides later.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

enum { HIK_ANPR_DEPTH = 16, HIK_ANPR_ELEMENTS = 1024, HIK_ANPR_FIELD_BYTES = 128 };

/* Parses one text part of at most LIMIT_HTTP_TEXT_BYTES posted by `reader`. Writes *ret_reading
 * (whole) only for PARSE_READING. Never PARSE_NOTICE, PARSE_FAILED or PARSE_UNUSABLE. */
enum parse_result hik_anpr_parse(struct bytes text, struct name reader,
                                 struct reading *ret_reading);
