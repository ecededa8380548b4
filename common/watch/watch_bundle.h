/* watch_bundle: is a bundle to be taken, whole? First its signed manifest, then chunk by chunk.
 *
 *   signature = Ed25519 by the authority's signing key over "parkgate watch manifest 1\n", manifest
 *   manifest  = packed WatchManifest: authority, park, number, SHA-256 of the manifest before,
 *               SHA-256 of each chunk, counts
 *   chunk     = packed WatchChunk: its index, packed WatchChanges, ids rising through the bundle
 *
 * All bytes count as they were received: the signature is judged before anything is parsed, and
 * each message has one form (watch_form.h). Ids that rise make every change of a bundle another
 * entry's, wherever a chunk ends. A bundle is taken when all of this holds for all of it, and the
 * park's own rules (caps, renewals, what the ids mean here) do; then its manifest's SHA-256 is the
 * base of the next one. No heap is kept, no clock read.
 */
#pragma once

#include "common/base/ids.h"
#include "common/seal/sign.h"
#include "common/watch/watch_change.h"

#define WATCH_SIGN_MANIFEST "parkgate watch manifest 1\n"
#define WATCH_SIGN_RECEIPT  "parkgate watch receipt 1\n"

enum { WATCH_SIGNED_MAX = LIMIT_WATCH_CHUNK_BYTES + 32 };

/* What is signed: the line, then the body (at most LIMIT_WATCH_CHUNK_BYTES, else it aborts).
 * Borrowed from `out`. */
struct bytes watch_signed(const char *line, struct bytes body, uint8_t out[WATCH_SIGNED_MAX]);

/* 32 KiB: not for the stack of a deep call. */
struct watch_manifest {
    struct name authority, park;
    uint64_t number; /* from 1 */
    bool has_previous;
    struct seal_hash previous;
    struct wall made;
    uint32_t changes;
    uint32_t counts[WATCH_CHANGE_COUNT]; /* by enum watch_change_kind */
    struct seal_hash digest;             /* of the manifest itself: the bundle's */
    uint32_t chunk_count;
    struct seal_hash chunks[LIMIT_WATCH_CHUNKS];
};

/* What the park knows of the authority that pushes. */
struct watch_expected {
    struct name authority, park;
    struct sign_public key;
    uint64_t last_number;         /* of the bundle applied last; 0: none yet */
    struct seal_hash last_digest; /* its manifest's; not looked at for none */
    struct wall now;
};

/* Its form alone: for a manifest that was checked before. False: ERROR_WATCH_FORM. */
bool watch_manifest_read(struct bytes manifest, struct watch_manifest *ret, struct complaint *c);

/* Signature, form, authority, park, number, base, age, in this order. False: the first that does
 * not hold, 640 to 645 or 657; *ret is then undefined. */
bool watch_manifest_check(struct bytes manifest, const struct sign_value *signature,
                          const struct watch_expected *expected, struct watch_manifest *ret,
                          struct complaint *c);

/* How far a bundle was walked through. Zero-initialised: at its beginning. A plain value: it may be
 * kept, and after a restart is made again by walking through the chunks that are there. */
struct watch_walk {
    uint32_t chunks;
    uint32_t changes;
    uint32_t counts[WATCH_CHANGE_COUNT];
    char last_id[LIMIT_WATCH_ID_BYTES + 1];
};

/* What is done with each change, in order; NULL `take`: nothing. False ends the walk with its own
 * complaint. */
struct watch_taker {
    bool (*take)(void *ctx, const struct watch_change *change, struct complaint *c);
    void *ctx;
};

/* The next chunk of the bundle: digest, form, index, order, counts, every change. True: *walk is
 * behind it. False: *walk is as before, and what the taker had of this chunk does not count. */
bool watch_chunk_check(const struct watch_manifest *manifest, struct watch_walk *walk,
                       struct bytes chunk, struct watch_taker taker, struct complaint *c);

/* Were all chunks walked through, and do they hold what the manifest says? */
bool watch_bundle_is_whole(const struct watch_manifest *manifest, const struct watch_walk *walk,
                           struct complaint *c);
