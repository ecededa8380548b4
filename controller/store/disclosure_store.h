/* disclosure_store: what was handed out on lawful demands, and to whom it was told: the transfer
 * log. */
#pragma once

#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: no such number. Free with parkgate__disclosure_record__free_unpacked(). */
MUST_CHECK enum err disclosure_get(struct store_txn *txn, uint64_t number,
                                   Parkgate__DisclosureRecord **ret, struct fault *fault);
/* The next one behind `number`. ERR_NOT_FOUND: no more. */
MUST_CHECK enum err disclosure_next(struct store_txn *txn, uint64_t number,
                                    Parkgate__DisclosureRecord **ret, struct fault *fault);

/* Is this person named in it? Nobody by a lane's day. */
bool disclosure_names(const Parkgate__DisclosureRecord *record, struct handle holder);
/* Was this person told of it; of a lane's day (no handle) was it posted? */
bool disclosure_is_told(const Parkgate__DisclosureRecord *record, struct handle holder);
/* By whom and how. NULL: not yet. Free with parkgate__disclosure_told__free_unpacked(). */
Parkgate__DisclosureTold *disclosure_told(const Parkgate__DisclosureRecord *record,
                                          struct handle holder);
/* May it be told at `now_us`: it was begun to be handed out, and its document forbids it no more?
 */
bool disclosure_may_be_told(const Parkgate__DisclosureRecord *record, int64_t now_us);
