/* emergency_store: the emergency state of the park, as both daemons' tables have it. */
#pragma once

#include "common/park/park.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The one key of table EMERGENCY. */
struct bytes emergency_key(struct keybuf *key);

/* What holds. *ret NULL: nothing was ever declared. Free with
 * parkgate__emergency_record__free_unpacked(). */
MUST_CHECK enum err emergency_get(struct store_txn *txn, Parkgate__EmergencyRecord **ret,
                                  struct fault *fault);

/* Does the record hold at this lane: a state is on, for the whole park or for zones that the lane's
 * zone is or lies in? So a lane that leads out of them into another zone stays as it is. */
bool emergency_holds(const Parkgate__EmergencyRecord *record, const struct park *park,
                     const struct park_lane *lane);

/* The facts of a decision: is an emergency on for this lane, and do entries run on in it? */
MUST_CHECK enum err emergency_at_lane(struct store_txn *txn, const struct park *park,
                                      const struct park_lane *lane, bool *ret_on, bool *ret_admits,
                                      struct fault *fault);

/* "none", "fire", "evacuation". */
const char *emergency_name(uint32_t state);
