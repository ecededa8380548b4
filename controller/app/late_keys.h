/* late_keys: which records of the person-key environment were written since a compact copy of it
 * was begun, so that the copy can be brought to what the environment is before it takes its place.
 * Their places are kept, no key is: what stands there is read when it is brought.
 */
#pragma once

#include "common/store/store.h"

enum { LATE_KEYS_MAX = 1 << 18 }; /* more are not followed: the copy is thrown away */

/* Zero-initialised: nothing is followed. */
struct late_keys {
    bool on, lost;
    size_t count, brought;     /* places, in the order of their commits; of them brought */
    size_t used, at, capacity; /* of `bytes`; the first one that was not brought */
    uint8_t *bytes;
};

/* From the next transaction on. No write transaction of the environment is live. */
void late_keys_begin(struct late_keys *late);
/* Nothing is followed any more. */
void late_keys_end(struct late_keys *late);

/* Of each write transaction of the environment, followed or not: at its beginning, and before its
 * commit. True: it takes a key away, so what the file holds of it must be written over. */
void late_keys_opened(struct store_txn *txn);
MUST_CHECK bool late_keys_committing(struct late_keys *late, struct store_txn *txn);

size_t late_keys_left(const struct late_keys *late);
/* The next places that were not brought; their keys are borrowed until the next commit. Returns how
 * many, at most `max`. */
size_t late_keys_next(const struct late_keys *late, struct store_place *out, size_t max);
/* So many of them were brought. */
void late_keys_brought(struct late_keys *late, size_t count);
