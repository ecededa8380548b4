/* dahua: the tollgate push of a Dahua camera (ITSAPI): TollgateInfo and KeepAlive in JSON.
 *
 * - "Active":"keepAlive" says that it lives. An object Picture is an event; only Plate.PlateNumber,
 *   SnapInfo.DeviceID and SnapInfo.AccurateTime are always in it. A name that stands twice in one
 *   object: bad.
 * - AccurateTime (else SnapTime) is local time without a zone: of the reader's time_zone, else the
 *   park's. Confidence is 0..255, told on as a percentage; IsExist false is no plate.
 * - Direction, trigger, lane numbers, vehicle and pictures are never read.
 * - The event's id is (DeviceID, AccurateTime, PlateNumber), as a fingerprint: a later post of the
 *   same pass, with or without pictures, adds nothing.
 * - A DeviceID that is not the configured device's is bad: another camera posts here.
 * - It has no history flag: history is false, freshness decides later.
 */
#pragma once

#include "reader-agent/driver/http_driver.h"

/* Parses one text of at most LIMIT_HTTP_TEXT_BYTES. A reading goes to `parsed` with PARSE_READING.
 */
enum parse_result dahua_parse(const struct http_call *call, struct bytes text,
                              struct http_parsed *parsed);
