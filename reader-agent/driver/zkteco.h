/* zkteco: ZKTeco's two PUSH protocols on one URL space, /iclock: attendance and access.
 *
 * A terminal calls with its serial number (SN) and nothing else to prove it: the listener lets it
 * in only from its own address with the SN of its row. What it gets back:
 *
 *   GET  cdata        the options (attendance) or registry=ok (access)
 *   POST registry     RegistryCode=...          POST push   the options of access
 *   GET  getrequest   OK: there are no commands for it       GET ping   OK
 *   POST devicecmd    OK
 *   POST cdata        a table, by the argument `table`:
 *     ATTLOG, rtlog   records: "OK: n" (attendance) or "OK", once each is durable or put aside
 *     OPERLOG, tabledata, ATTPHOTO, BIODATA   people, templates and pictures that nobody asked for:
 *                     dropped unread. tabledata is answered "user=<count>"
 *     options, rtstate   about the terminal itself
 *     anything else   put aside, then "OK"
 *
 * History. No field says that a record is old. A live record comes alone, at once; a table with
 * more than one record is one that was kept for us or is sent again, and all of it is history. A
 * record that comes late and alone is told by its age, once the terminal's clock is known.
 *
 * A garbage line does not stop the others: the whole table is put aside, and the good lines count.
 */
#pragma once

#include "reader-agent/driver/http_driver.h"

enum { ZKTECO_TABLE_BYTES = 256 * 1024, ZKTECO_RECORDS_MAX = 16384 };

/* One request of each protocol, for http_driver; public for tests. */
enum parse_result zkteco_att_parse(const struct http_call *call, struct bytes text,
                                   struct http_parsed *parsed);
enum parse_result zkteco_acc_parse(const struct http_call *call, struct bytes text,
                                   struct http_parsed *parsed);
void zkteco_att_answer(const struct http_call *call, const struct http_outcome *outcome,
                       struct http_answer *answer);
void zkteco_acc_answer(const struct http_call *call, const struct http_outcome *outcome,
                       struct http_answer *answer);
