/* headcount_store: what a passage changes in the headcount tables, and what they answer.
 *
 * Tables PASSAGE, PRESENCE, INSIDE, TENANT_NOW, ATTENDANCE, DAY here; MOVE, QUARTER, ZONE_NOW in
 * move_store. The rules are pure and stand in common/park/presence.h: what a holder's state is
 * after a passage, and which changes of counts that makes. This room looks up the passage's
 * neighbours in time and writes.
 *
 * What is zero has no row, so the tables depend on the passages alone and not on the order in which
 * they came, but for one figure: DayRecord.revision, which counts those that came out of it. A day
 * that was revised down to nothing keeps its row for that.
 */
#pragma once

#include "common/access/civil.h"
#include "common/facts/passage_walk.h"
#include "common/park/presence.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

enum {
    HEADCOUNT_LATE_S = 60, /* journalled later than this after its capture, it revises its day */
};

/* Applies one passage that counts, of the journal entry with that sequence and time; any other
 * entry, and one without a holder (nobody knows whose presence it would be), changes nothing.
 *
 * Presence follows the passage that is latest by captured time (journal sequence breaks ties). One
 * that comes late is put in its place: it changes its day's figures, peak, hours and revision; who
 * is inside now changes only where the passages since then left that open (moves between inner
 * zones). Deterministic: the tables depend on the entries alone.
 *
 * A vehicle gets its PASSAGE and PRESENCE and changes no count; the driver who came or went with it
 * (EventEntry.companion) is a person of the same passage and is counted like any other.
 *
 * ERR_INPUT    direction, tenant, zones, holder, kind or time of the entry are against their bounds
 * ERR_REFUSED  this journal sequence was applied before
 * ERR_CORRUPT  the tables contradict themselves; the journal rebuilds them
 */
MUST_CHECK enum err headcount_apply(struct store_txn *txn, uint64_t journal, struct wall journalled,
                                    const Parkgate__EventEntry *entry, struct fault *fault);

struct headcount_peak {
    int32_t count;
    struct wall at; /* us 0: none */
};

/* Highest number of persons of `tenant` inside at one time, among those counted for `day`. */
MUST_CHECK enum err headcount_tenant_peak(struct store_txn *txn, struct name tenant, int32_t day,
                                          struct headcount_peak *ret_peak, struct fault *fault);
/* Of a zone (its inner zones included) within [from, until), both at full quarter hours. The time
 * is `from` when as many were inside from before. */
MUST_CHECK enum err headcount_zone_peak(struct store_txn *txn, struct name zone, struct wall from,
                                        struct wall until, struct headcount_peak *ret_peak,
                                        struct fault *fault);
