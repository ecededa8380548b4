/* ban_store: the park's own bans, the newest of each holder. */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The newest ban of a person or vehicle, in force or over. ERR_NOT_FOUND: there never was one. Free
 * with parkgate__ban_record__free_unpacked(). */
MUST_CHECK enum err ban_get(struct store_txn *txn, struct handle holder,
                            Parkgate__BanRecord **ret_ban, struct fault *fault);

/* In force at `when`: begun, not over, not lifted on appeal. */
bool ban_in_force(const Parkgate__BanRecord *ban, struct wall when);

/* Is the holder banned at `when`? */
MUST_CHECK enum err ban_holds(struct store_txn *txn, struct handle holder, struct wall when,
                              bool *ret_holds, struct fault *fault);
