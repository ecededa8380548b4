/* clearance_store: which clearances a person holds (induction, licence, health certificate). Table
 * CLEARANCE: one record a person and clearance, the newest said of it. */
#pragma once

#include "common/access/decide.h"
#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* What `person` holds of `clearance` at `when` (docs/decision-rules.md R262, R263): MISSING when
 * none is recorded, it was removed or begins later; EXPIRED at or after its end; else HELD, from
 * its beginning on. */
MUST_CHECK enum err clearance_state_of(struct store_txn *txn, struct handle person,
                                       struct name clearance, struct wall when,
                                       enum clearance_held *ret_held, struct fault *fault);

/* The record as it stands, also one that was removed. ERR_NOT_FOUND: none was ever made. Free with
 * parkgate__clearance_record__free_unpacked(). */
MUST_CHECK enum err clearance_get(struct store_txn *txn, struct handle person,
                                  struct name clearance, Parkgate__ClearanceRecord **ret_record,
                                  struct fault *fault);

/* Key of TABLE_CLEARANCE; with an empty name the prefix of all of the person's. */
struct bytes clearance_key(struct keybuf *key, struct handle person, struct name clearance);

/* Key of TABLE_NOTICE: one a tenant, end, person, clearance and step. */
struct bytes notice_key(struct keybuf *key, const Parkgate__NoticeRecord *notice);
