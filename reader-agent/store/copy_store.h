/* copy_store: the gate's copy of the controller's tables, in an environment of its own, DIR/copy.
 *
 * What is committed is the copy itself: the replicated tables as they stood at one sequence of the
 * journal (common/facts/copy_rows.h), and nothing of the gate's. The gate's own events are laid
 * over it in one write transaction that is never committed (`own`): undoing them is dropping it,
 * and after a crash they are laid anew from the outbox. A read transaction beside it sees the copy
 * alone.
 *
 * The copy is expendable: when it is damaged it is thrown away whole, and the controller is asked
 * for another. One of begin_own and begin_take at a time; a take ends the own transaction first.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/limits.h"

enum { COPY_COVERED_MAX = LIMIT_COPY_ROWS_PER_PART / 2 };

struct copy_range {
    uint64_t first, last; /* both included */
};

/* What the copy is of. */
struct copy_about {
    uint64_t generation; /* 0: there is none, or it is damaged */
    uint64_t sequence;
    struct seal_hash digest; /* of its rows ... */
    uint64_t rows;           /* ... and how many they are */
    uint64_t config_version;
    struct wall wall; /* the controller's clock at `sequence` */
    struct seal_key credential_key;
    uint32_t covered_epoch;
    size_t covered_count; /* the gate's own events that are in it; rising */
    struct copy_range covered[COPY_COVERED_MAX];
    uint64_t carry;   /* highest number of a carried roster that was taken */
    bool counts_only; /* it has no presence (common/facts/copy_class.h) */
};

struct copy_store;

/* Of DIR/copy, which is not touched yet: there is no copy. ERR_INPUT: the path is too long.
 * ERR_IO: no memory. */
MUST_CHECK enum err copy_store_create(const char *dir, struct copy_store **ret_store,
                                      struct fault *fault);
/* Opens it or makes it; nothing when it is open. A damaged one, or one of another version, is
 * thrown away first. Checks it in a child process and waits for that: call it at the start, before
 * any socket or thread exists. The calls below that write do the same at work, after a write of its
 * root failed and while it is not open: rare, and it holds the loop up for as long as the check
 * takes. Errors as store_open(): there is no copy then, and the next one that is taken whole is put
 * in its place. */
MUST_CHECK enum err copy_store_open(struct copy_store *store, struct fault *fault);
void copy_store_destroy(struct copy_store **store);

/* Borrowed. */
const struct copy_about *copy_store_about(const struct copy_store *store);
/* Is the own event with this place in the copy already? */
bool copy_covers(const struct copy_about *about, uint32_t epoch, uint64_t sequence);

/* What a credential stands under in it. */
struct seal_hash copy_hash_of(const struct copy_about *about, uint32_t kind,
                              struct bytes canonical);

/* Throws the copy away, with what is laid over it. Afterwards there is none (generation 0), also
 * when it could not be made anew (ERR_FULL, ERR_IO): the next take tries that again. */
MUST_CHECK enum err copy_store_reset(struct copy_store *store, struct fault *fault);

/* The copy alone, without what is laid over it, as of its last commit. ERR_NOT_FOUND: there is
 * none.
 */
MUST_CHECK enum err copy_store_begin_read(struct copy_store *store, struct store_txn **ret_txn,
                                          struct fault *fault);

/* --- own events on top --- */

/* The transaction in which decisions read and own events are laid; NULL: none is open. */
struct store_txn *copy_store_own(const struct copy_store *store);
MUST_CHECK enum err copy_store_begin_own(struct copy_store *store, struct store_txn **ret_txn,
                                         struct fault *fault);
/* Takes back all that was laid. */
void copy_store_drop_own(struct copy_store *store);

/* --- news --- */

/* Begins to take rows; with `anew` all that is there goes first. */
MUST_CHECK enum err copy_store_begin_take(struct copy_store *store, bool anew, struct fault *fault);
/* Packed CopyRows. ERR_INPUT: a row that no copy holds. ERR_CORRUPT: what it replaces is damaged.
 * ERR_MAP_FULL: drop, copy_store_grow(), and take all again. */
MUST_CHECK enum err copy_store_take(struct copy_store *store, const struct bytes *rows,
                                    size_t count, struct fault *fault);
/* Is the digest of all taken rows the one in `about`, and nobody's place among them where it is of
 * counts only? ERR_REFUSED: no. */
MUST_CHECK enum err copy_store_fits(const struct copy_store *store, const struct copy_about *about,
                                    struct fault *fault);
/* Makes all taken rows valid in one step, when their digest is the one in `about`. ERR_REFUSED: it
 * is not, and nothing was changed. */
MUST_CHECK enum err copy_store_end_take(struct copy_store *store, const struct copy_about *about,
                                        struct fault *fault);
void copy_store_drop_take(struct copy_store *store);
MUST_CHECK enum err copy_store_grow(struct copy_store *store, struct fault *fault);

/* --- is it still what it was? --- */

/* Walks on over at most `limit` rows of the copy and sums them up; at the end the sum must be the
 * one that is kept. *ret_done: it was walked to the end, and is whole; the next call begins again.
 * ERR_CORRUPT: a record is damaged; whoever reads it is told so, the others hold, and the walk goes
 * on behind it. ERR_REFUSED: every record is sound and the sum is not the one that is kept: nothing
 * of the copy can be trusted. */
MUST_CHECK enum err copy_store_check(struct copy_store *store, size_t limit, bool *ret_done,
                                     struct fault *fault);
