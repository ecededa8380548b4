/* passage_walk: a holder's passages in the order of time. Table PASSAGE. */
#pragma once

#include "common/park/presence.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

enum { HEADCOUNT_KINDS = 16 }; /* bound of enum person_kind */

/* A row of the table, checked and taken apart. */
struct passage_row {
    struct passage passage;
    bool vehicle;
    uint32_t person_kind; /* enum person_kind */
    uint32_t attribution; /* enum business_day_row */
    char shift[NAME_SIZE];
};

void passage_key(struct keybuf *key, struct handle holder, struct wall at, uint64_t journal);

/* False: direction neither in nor out, no tenant (vehicles may have none), bad zones, a kind, shift
 * or time outside its bounds. */
bool passage_row_of(const Parkgate__PassageRecord *record, struct wall at, uint64_t journal,
                    struct passage_row *ret_row);

/* The holder's passages from (at, journal) on. Next says ERR_NOT_FOUND after the last. End with
 * store_iter_end(). */
MUST_CHECK enum err passage_walk_begin(struct store_txn *txn, struct handle holder, struct wall at,
                                       uint64_t journal, struct store_iter *iter,
                                       struct fault *fault);
/* The holder's passages before (at, journal), latest first. */
MUST_CHECK enum err passage_walk_begin_back(struct store_txn *txn, struct handle holder,
                                            struct wall at, uint64_t journal,
                                            struct store_iter *iter, struct fault *fault);
MUST_CHECK enum err passage_walk_next(struct store_iter *iter, struct passage_row *ret_row,
                                      struct fault *fault);

/* Where the holder was when (at, journal) came: found from the last definite passage before it. */
MUST_CHECK enum err passage_state_before(struct store_txn *txn, struct handle holder,
                                         struct wall at, uint64_t journal,
                                         struct presence *ret_state, struct fault *fault);
