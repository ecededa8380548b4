/* muster_seal: the list of who is inside, on its way to a muster post and at rest there.
 *
 * Each list has a key of its own, drawn by the controller. Its parts are AES-256-GCM under that
 * key; the key is closed in a box (box.h) to the park's muster key, whose secret half is in a
 * guard's hands and nowhere else:
 *
 *   part n   = seal_close(key; aad: "parkgate muster 1", sequence (8), n (4), last? (1); names)
 *   key box  = seal_box_close(muster key; purpose "parkgate muster list"; key)
 *
 * So parts of two lists cannot be mixed, put into another order, or be cut off unseen.
 */
#pragma once

#include "common/seal/box.h"

enum {
    MUSTER_KEY_BOX_SIZE = SEAL_KEY_SIZE + SEAL_BOX_OVERHEAD,
    MUSTER_PARTS_MAX = 600, /* of one list: 60,000 persons */
    MUSTER_KEY_TEXT_SIZE = 2 * SEAL_BOX_KEY_SIZE + 1,
};

/* Which part of which list. */
struct muster_place {
    uint64_t sequence; /* of the journal, when the list was begun */
    uint32_t part;     /* from 1 */
    bool last;
};

/* `out_size` is plain.size + SEAL_OVERHEAD. */
void muster_seal_part(const struct seal_key *key, struct muster_place place,
                      const struct entropy *entropy, struct bytes plain, uint8_t *out,
                      size_t out_size);
/* As seal_open(). */
MUST_CHECK enum err muster_open_part(const struct seal_key *key, struct muster_place place,
                                     struct bytes sealed, uint8_t *out, size_t out_size,
                                     size_t *ret_size, struct fault *fault);

/* ERR_INPUT: `to` is no public key. */
MUST_CHECK enum err muster_close_key(const struct seal_box_public *to,
                                     const struct entropy *entropy, const struct seal_key *key,
                                     uint8_t out[MUSTER_KEY_BOX_SIZE], struct fault *fault);
/* ERR_CORRUPT: it is closed to another key. */
MUST_CHECK enum err muster_open_key(const struct seal_box_secret *secret, struct bytes box,
                                    struct seal_key *ret_key, struct fault *fault);
