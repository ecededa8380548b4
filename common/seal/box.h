/* box: bytes closed to the holder of a secret key, by anybody who has its public half.
 *
 * X25519 (RFC 7748) with a key pair drawn for each box, HKDF-SHA-256 (RFC 5869) over the shared
 * secret, AES-256-GCM:
 *
 *   box  = public half of the drawn pair (32) | nonce (12) | ciphertext | tag (16)
 *   key  = HKDF(salt: none, secret: X25519(drawn, public),
 *               info: "parkgate box 1", NUL, purpose, NUL, drawn public, public)
 *   aad  = none: what a box is for stands in `purpose`
 *
 * A box says nothing of who closed it: what must come from somebody is signed, or comes on a link
 * that knows its peer. Call seal_init() before.
 */
#pragma once

#include "common/seal/seal.h"

enum {
    SEAL_BOX_KEY_SIZE = 32,
    SEAL_BOX_OVERHEAD = SEAL_BOX_KEY_SIZE + SEAL_OVERHEAD, /* bytes that seal_box_close() adds */
    SEAL_BOX_PURPOSE_MAX = 64,
};

struct seal_box_public {
    uint8_t bytes[SEAL_BOX_KEY_SIZE];
};

/* Wipe it (seal_wipe) when done. */
struct seal_box_secret {
    uint8_t bytes[SEAL_BOX_KEY_SIZE];
};

/* A fresh pair. */
void seal_box_draw(const struct entropy *entropy, struct seal_box_secret *ret_secret,
                   struct seal_box_public *ret_public);
/* The public half of any 32 bytes. */
struct seal_box_public seal_box_public_of(const struct seal_box_secret *secret);

/* Closes `plain` to the holder of `to`'s secret half.
 *
 * purpose   what the box is for; seal_box_open() needs the same; at most SEAL_BOX_PURPOSE_MAX bytes
 * out       plain.size + SEAL_BOX_OVERHEAD bytes exactly; `out_size` other than that aborts
 *
 * ERR_INPUT  `to` is no public key (one of the few points that give everybody the same secret)
 */
MUST_CHECK enum err seal_box_close(const struct seal_box_public *to, const char *purpose,
                                   const struct entropy *entropy, struct bytes plain, uint8_t *out,
                                   size_t out_size, struct fault *fault);

/* The key that the holders of two pairs share, and nobody else has: what is closed under it
 * (seal_close) comes from one of the two. `purpose` as above; another purpose gives an unrelated
 * key.
 *
 *   key  = HKDF(salt: none, secret: X25519(own, peer),
 *               info: "parkgate pair 1", NUL, purpose, NUL, both public halves, the lower one
 * first)
 *
 * ERR_INPUT  `peer` is no public key */
MUST_CHECK enum err seal_box_pair_key(const struct seal_box_secret *own,
                                      const struct seal_box_public *peer, const char *purpose,
                                      struct seal_key *ret_key, struct fault *fault);

/* Opens what seal_box_close() made, into `out` (not inside `box`).
 *
 * out_size  at least box.size - SEAL_BOX_OVERHEAD, else it aborts
 * ret_size  bytes of plain; written only on ERR_OK
 *
 * ERR_CORRUPT  closed to another key or for another purpose, any changed, missing or surplus byte
 */
MUST_CHECK enum err seal_box_open(const struct seal_box_secret *secret, const char *purpose,
                                  struct bytes box, uint8_t *out, size_t out_size, size_t *ret_size,
                                  struct fault *fault);
