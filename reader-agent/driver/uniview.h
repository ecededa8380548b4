/* uniview: what a Uniview terminal posts about a person who stood before it (PersonVerification).
 *
 * - One post is at most one reading. LibMatInfoList says whom the terminal found: LibType 3
 *   (employee) and 4 (visitor) with MatchStatus 1 (ok) or 7 (face-open ok) is CREDENTIAL_KIND_FACE
 *   with MatchPersonID as subject id; a firmware without it gives MatchPersonInfo.PersonCode.
 * - LibType 1 (the terminal's own black list), 2 (grey list, stranger), every other MatchStatus 0
 * to 11, and a post with faces and no match are PARSE_FAILED: they are counted and go nowhere.
 * - Several matches that name one person are that person. Two persons, a match whose id cannot be
 *   taken, or a card that matches nobody are PARSE_UNUSABLE: no reader may choose who it was.
 * - NotificationType 0 or nothing is live; everything else is history: when in doubt nothing opens.
 * - The lists' ...Num do not count: they may differ from the lists' lengths, and a list may be one
 *   object. Counts of a gate alone, and a heartbeat, are PARSE_FOREIGN.
 * - Another DeviceCode than the configured one is PARSE_BAD.
 * - CREDENTIAL_CLASS_UID_ONLY: the terminal's word. Names, ID numbers, card numbers, gender,
 *   temperature and pictures are never read.
 * - The event's id is made of Seq and Timestamp; without Seq there is none.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

/* Parses one body of at most LIMIT_HTTP_TEXT_BYTES, pictures cut. `device_id`: "" not compared.
 * Writes *ret_reading (whole) for PARSE_READING and PARSE_UNUSABLE only. */
enum parse_result uniview_parse(struct bytes text, struct name reader, const char *device_id,
                                struct reading *ret_reading);

/* {"RefId", "Time", "NextTime", "DeviceCode", "DeviceType"}: PARSE_FOREIGN, or PARSE_BAD. */
enum parse_result uniview_heartbeat(struct bytes text);

/* What stops the re-sends. */
#define UNIVIEW_ACKNOWLEDGEMENT "{\"Response\":{\"StatusCode\":0}}"
