/* aside: bodies that devices posted and nobody understood, kept at the gate for a person to look
 * at.
 *
 * Each is sealed under the key of its day before it comes here. Bounded: LIMIT_ASIDE_COUNT bodies
 * and LIMIT_ASIDE_TOTAL_BYTES in all (the oldest make room), ASIDE_KEEP_DAYS. While a body stands,
 * the key of its day does; when it goes, outbox_free_days() tells when that key seals nothing more.
 * Written through batch.h, together with the event that tells the controller of it.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/seal/seal.h"
#include "reader-agent/store/agent_store.h"
#include "schema/limits.h"

enum {
    ASIDE_WHY_SIZE = 64, /* with its NUL */
    ASIDE_KEEP_DAYS = 30,
    ASIDE_SEALED_MAX = LIMIT_ASIDE_BYTES + SEAL_OVERHEAD,
};

/* What is known of a body without opening it. */
struct aside_head {
    uint64_t number; /* rises by one; never given out twice */
    uint32_t day;    /* of the key it is sealed under */
    struct wall at;
    struct name reader;
    char why[ASIDE_WHY_SIZE];       /* our words, nothing of the body */
    uint8_t digest[SEAL_HASH_SIZE]; /* of what was kept */
    size_t kept;                    /* bytes */
    size_t whole;                   /* bytes that came, without pictures */
};

struct aside_item {
    struct aside_head head;
    size_t sealed_size;
    uint8_t sealed[ASIDE_SEALED_MAX];
};

/* Is this body of this reader here already? */
MUST_CHECK enum err aside_has(struct agent_store *store, struct name reader,
                              const uint8_t digest[SEAL_HASH_SIZE], bool *ret_has,
                              struct fault *fault);
/* Up to `limit` heads with a number above `after`, ascending. */
MUST_CHECK enum err aside_list(struct agent_store *store, uint64_t after, size_t limit,
                               struct aside_head *ret_heads, size_t *ret_count,
                               struct fault *fault);
struct aside_totals {
    size_t count, bytes;
};
/* All that stand, as they are bounded. */
MUST_CHECK enum err aside_totals(struct agent_store *store, struct aside_totals *ret_totals,
                                 struct fault *fault);
/* ERR_NOT_FOUND: no such body (any more). */
MUST_CHECK enum err aside_get(struct agent_store *store, uint64_t number,
                              struct aside_item *ret_item, struct fault *fault);
/* Deletes what is older than ASIDE_KEEP_DAYS. *ret_trimmed: how many. */
MUST_CHECK enum err aside_trim(struct agent_store *store, struct wall now, size_t *ret_trimmed,
                               struct fault *fault);

/* --- for batch.c --- */
MUST_CHECK enum err aside_put(struct store_txn *txn, const struct aside_item *item,
                              struct fault *fault);
