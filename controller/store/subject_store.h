/* subject_store: which face terminal was ordered to know or to forget which subject, and how far
 * that is. One row a terminal and credential: the newest order is what is wanted.
 */
#pragma once

#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* Key of TABLE_SUBJECT: the terminal, the credential's hash; without a hash the terminal's prefix.
 */
struct bytes subject_key(struct keybuf *key, const char *reader, struct bytes hash);
/* Key of TABLE_SUBJECT_OPEN: the gate, the reader, has it failed, the order's number; number 0: the
 * reader's prefix. Those that failed stand behind those that were not tried yet. */
struct bytes subject_open_key(struct keybuf *key, const char *gate, const char *reader, bool failed,
                              uint64_t number);

/* ERR_NOT_FOUND: the terminal was never ordered anything about it. Free with
 * parkgate__subject_record__free_unpacked(). */
MUST_CHECK enum err subject_get(struct store_txn *txn, struct bytes key,
                                Parkgate__SubjectRecord **ret_record, struct fault *fault);
