/* watch_make: a bundle, from changes to signed bytes; and its file.
 *
 *   file = "PGWATCH1" | manifest | signature (64) | chunk | chunk | ...
 *          manifest and chunks each with their length before them (u32, big-endian)
 *
 * Used by the station's command line and by tests. What is made was read by the same check that the
 * park uses, so nothing is signed that the park would refuse for its form.
 */
#pragma once

#include "common/watch/watch_bundle.h"

/* Changes being collected, in any order. Zero-initialised: empty; the handle is a plain struct. */
struct watch_maker {
    uint8_t *data; /* packed changes, one after the other */
    size_t size, capacity;
    struct watch_made_change *changes;
    size_t count, change_capacity;
};

/* Takes a copy. False: LIMIT_WATCH_CHANGES are there (ERROR_LIMIT_REACHED). Memory run out aborts.
 */
bool watch_maker_add(struct watch_maker *maker, const struct watch_change *change,
                     struct complaint *c);
void watch_maker_destroy(struct watch_maker *maker);

/* What a bundle says of itself; the counts and digests are worked out. */
struct watch_plan {
    struct name authority, park;
    uint64_t number;           /* from 1 */
    struct seal_hash previous; /* digest of the bundle before; not looked at for number 1 */
    struct wall made;
};

/* A whole bundle: parts of one buffer, its file. */
struct watch_bundle {
    uint8_t *file;
    size_t file_size;
    struct bytes manifest; /* borrowed from `file`, like the chunks */
    struct sign_value signature;
    size_t chunk_count;
    struct bytes chunks[LIMIT_WATCH_CHUNKS];
};

/* Puts the changes in order, packs and signs them. False: *c says what the park would refuse; the
 * number of a change is then its place in the order of ids. */
bool watch_make(struct watch_maker *maker, const struct watch_plan *plan,
                const struct sign_key *key, struct watch_bundle *ret, struct complaint *c);

/* Reads a file into *ret, which takes `file` (from malloc) and frees it. False: it is no bundle's
 * file; *ret_why says why, in English. What is in it was not checked. */
bool watch_bundle_open(uint8_t *file, size_t size, struct watch_bundle *ret, const char **ret_why);
void watch_bundle_destroy(struct watch_bundle *bundle);

/* Manifest, all chunks, wholeness: as the park does it, in one go. */
bool watch_bundle_check(const struct watch_bundle *bundle, const struct watch_expected *expected,
                        struct watch_taker taker, struct complaint *c);
