/* move_store: how many were inside, over time, for each scope (tenant-day or zone).
 *
 * Tables MOVE, QUARTER, ZONE_NOW. Every change of presence is one MOVE row under its passage's time
 * and journal sequence; a passage changes one scope at most once, so that is a key. A QUARTER row
 * sums a quarter hour (UTC), so that a peak is found from 96 rows a day, not from each passage.
 * That of a quarter comes from its minutes, which stand in the same table under the scope's letter
 * in lower case ('t', 'z'), so that a passage that comes late costs the moves of one minute and not
 * those of a morning.
 * What is zero has no row: the tables depend on the moves alone, not on how they came about.
 */
#pragma once

#include "common/base/clock.h"
#include "common/park/presence.h"
#include "common/store/store.h"

#define QUARTER_US ((int64_t)15 * 60 * 1000000)

/* The quarter hour in which an instant lies: its start. */
struct wall quarter_of(struct wall at);

/* Adds what the passage (at, journal) changed in change->scope, or corrects what it changed before.
 * Reads the moves of that minute which are later (all of them where the highest point may come
 * down), and the quarter's minutes. */
MUST_CHECK enum err move_store_add(struct store_txn *txn, struct wall at, uint64_t journal,
                                   const struct presence_change *change, struct fault *fault);

struct quarter {
    struct wall start;
    int32_t net;        /* persons: presence at its end less that at its start */
    int32_t top;        /* highest presence in it less that at its start, at least 0 */
    struct wall top_at; /* when first; us 0: at its start */
    uint32_t entries;
    uint32_t exits;
};

/* The quarters of a scope in which something happened, ascending, those that start within
 * [from, until). Next says ERR_NOT_FOUND after the last. End with store_iter_end(). */
MUST_CHECK enum err quarters_begin(struct store_txn *txn, const struct presence_scope *scope,
                                   struct wall from, struct wall until, struct store_iter *iter,
                                   struct fault *fault);
/* The same, latest first. */
MUST_CHECK enum err quarters_begin_back(struct store_txn *txn, const struct presence_scope *scope,
                                        struct wall from, struct wall until,
                                        struct store_iter *iter, struct fault *fault);
MUST_CHECK enum err quarters_next(struct store_iter *iter, struct quarter *ret_quarter,
                                  struct fault *fault);

/* Persons in the zone now, its inner zones included; 0 for a zone that nobody knows.
 * ERR_CORRUPT: less than nobody. */
MUST_CHECK enum err move_store_zone_now(struct store_txn *txn, struct name zone, int32_t *ret_count,
                                        struct fault *fault);
