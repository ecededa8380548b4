/* carry: a roster and a lease for one gate, in a file that goes there by hand.
 *
 *   file   = head | chunk | chunk | ...      the last chunk says so, and nothing follows it
 *   head   = "PGCARRY1" | gate (32, NUL-padded) | number | made_us | sequence (u64, big-endian)
 *            | first 8 bytes of SHA-256 of the above | mark (16): keyed hash of the above
 *   chunk  = length (u32, its highest bit: the last one) | nonce | ciphertext | tag
 *            aad: head | index (u32) | last (u8)
 *   plain  = kind (u8): enum carry_kind | packed Config or CopyPart
 *
 * The key is that of the pair of controller and gate (seal_box_pair_key), so only that controller
 * can have written what this gate opens, and nobody else can read it. The short hash tells a stick
 * that is damaged from one that is another's.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/ids.h"
#include "common/seal/box.h"
#include "schema/limits.h"

enum {
    CARRY_HEAD_SIZE = 8 + NAME_SIZE + 3 * 8 + 8 + 16,
    CARRY_LENGTH_SIZE = 4,
    CARRY_PLAIN_MAX = LIMIT_FRAME_BYTES + 1, /* of a chunk */
    CARRY_SEALED_MAX = CARRY_PLAIN_MAX + SEAL_OVERHEAD,
};

enum carry_kind { CARRY_CONFIG = 1, CARRY_COPY = 2 };

struct carry_head {
    struct name gate;
    uint64_t number;   /* rises with each that is made: journal sequence of its entry */
    struct wall made;  /* the lease counts from here */
    uint64_t sequence; /* of the journal: the roster is as of then */
};

/* `own` and `peer` are the keys of the controller and the gate, on either side. ERR_INPUT: `peer`
 * is no key. */
MUST_CHECK enum err carry_key(const struct seal_box_secret *own, const struct seal_box_public *peer,
                              struct seal_key *ret, struct fault *fault);

void carry_head_write(const struct carry_head *head, const struct seal_key *key,
                      uint8_t out[CARRY_HEAD_SIZE]);
/* False: this is no head, or a damaged one. */
bool carry_head_read(const uint8_t head[CARRY_HEAD_SIZE], struct carry_head *ret);
/* Was it written by who has this key? */
bool carry_head_is_under(const uint8_t head[CARRY_HEAD_SIZE], const struct seal_key *key);

/* One chunk with its length, into `out` of CARRY_LENGTH_SIZE + CARRY_SEALED_MAX bytes; returns how
 * many. `message` is at most LIMIT_FRAME_BYTES (aborts). */
size_t carry_chunk_close(const struct seal_key *key, const uint8_t head[CARRY_HEAD_SIZE],
                         uint32_t index, bool last, enum carry_kind kind, struct bytes message,
                         const struct entropy *entropy, uint8_t *out);
/* False: no chunk has this length. */
bool carry_length_read(const uint8_t length[CARRY_LENGTH_SIZE], size_t *ret_size, bool *ret_last);
/* Opens one into `out` of CARRY_PLAIN_MAX bytes; *ret_message points into it. ERR_CORRUPT. */
MUST_CHECK enum err carry_chunk_open(const struct seal_key *key,
                                     const uint8_t head[CARRY_HEAD_SIZE], uint32_t index, bool last,
                                     struct bytes sealed, uint8_t *out, uint32_t *ret_kind,
                                     struct bytes *ret_message, struct fault *fault);
