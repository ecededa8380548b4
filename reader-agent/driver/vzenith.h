/* vzenith: the plate event of a VZenith camera (臻识, also sold as Alphadigi and Boyue),
 * AlarmInfoPlate in JSON. Its answer opens the barrier that is wired to the camera: see replies.h.
 *
 * - The object AlarmInfoPlate with result.PlateResult decides. Brief mode leaves out confidence,
 *   timeStamp and location. Of a name that stands twice in one object no reader may choose: bad.
 * - isoffline 1 is history, and so is a value that is no truth value; missing is live. History
 * opens nothing.
 * - license is UTF-8, or percent-encoded UTF-8 or GBK where it holds %XX. In the envelope of the
 *   MQTT form (a name, and AlarmInfoPlate in payload) it is base64 of UTF-8. imagePath is
 *   percent-encoded GBK; it is never shown and only helps to tell repeats.
 * - `type` (police, armed police, military, embassy, ...) opens nothing by itself; `plateid`,
 *   white-list words, trigger and direction of the camera are never read.
 * - The event's id is (serialno, time, plate), else (serialno, imagePath, plate), as a fingerprint;
 *   else none: where its answer opens a lane the digest of the body then tells it from others, for
 *   good at an entry. serialno counts without its dash and whatever its case.
 * - A serialno that is not the configured device's is bad: another camera posts here.
 * - What the camera asks at its comet path tells nothing and is never kept: it holds its account.
 */
#pragma once

#include "reader-agent/driver/http_driver.h"

/* Parses one text of at most LIMIT_HTTP_TEXT_BYTES. A reading goes to `parsed` with PARSE_READING.
 */
enum parse_result vzenith_parse(const struct http_call *call, struct bytes text,
                                struct http_parsed *parsed);
