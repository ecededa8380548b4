/* presence_now: where each holder is now, and how many are where. Tables PRESENCE, TENANT_NOW and
 * ZONE_NOW.
 *
 * The controller's headcount keeps them by the whole history (headcount_store.h); a gate, which has
 * no history, by the latest passage of each holder: presence_now_apply(). Zero has no row.
 */
#pragma once

#include "common/facts/passage_walk.h"
#include "common/park/presence.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

struct presence_row {
    bool known;
    struct presence state;
    struct wall last; /* latest passage */
    uint64_t last_journal;
    uint32_t person_kind;
    bool has_companion; /* of a vehicle inside */
    struct handle companion;
};

/* Nothing known of the holder: all zero. ERR_CORRUPT: the row is damaged. */
MUST_CHECK enum err presence_row_get(struct store_txn *txn, struct handle holder,
                                     struct presence_row *ret, struct fault *fault);
MUST_CHECK enum err presence_row_put(struct store_txn *txn, struct handle holder, bool vehicle,
                                     const struct presence_row *row, struct fault *fault);
/* Is the passage later than the row's latest? */
bool presence_row_is_before(const struct presence_row *row, const struct passage *passage);
/* Who came in with a vehicle stays its driver until it leaves, or another brings it. `with`: who
 * was with it at this passage; none: nobody was seen. */
void presence_row_companion(const struct presence_row *before, struct presence_row *after,
                            const ProtobufCBinaryData *with);

/* May be below zero in between: a late exit is counted before the one after it is taken back. */
MUST_CHECK enum err presence_add_to_zone(struct store_txn *txn, struct name zone, int32_t by,
                                         struct fault *fault);
/* How many of a tenant are present, whatever their day. */
MUST_CHECK enum err presence_add_to_tenant(struct store_txn *txn, struct name tenant, int32_t by,
                                           struct fault *fault);

/* What table PASSAGE keeps of the entry's holder, or of the driver who came with the vehicle. */
Parkgate__PassageRecord presence_passage_of(const Parkgate__EventEntry *entry, bool companion);

/* A gate's own passage that counts, laid over its copy: the holder, and who came with it. One that
 * is not its holder's latest changes nothing, nor does an entry of anything else.
 *
 * Over a copy that holds counts only (copy_class.h) nothing is known of a holder before his first
 * passage here, and so he counts as outside then: going in he is one more, going out he was none.
 * So the counts are never less than the true ones, and more by those who were inside already, or
 * went out. */
MUST_CHECK enum err presence_now_apply(struct store_txn *txn, uint64_t journal,
                                       const Parkgate__EventEntry *entry, struct fault *fault);
