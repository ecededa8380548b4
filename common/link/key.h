/* key: CURVE keys, their texts and their files.
 *
 * A key file is text, mode 0600, two lines: `public = Z85` and `secret = Z85` (ZeroMQ RFC 32). A
 * public key file has the first line only and may be read by all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum {
    LINK_KEY_SIZE = 32,
    LINK_KEY_HEX_SIZE = 2 * LINK_KEY_SIZE + 1, /* with the final NUL */
    LINK_KEY_Z85_SIZE = 40 + 1,                /* with the final NUL */
};

/* A Curve25519 key, public wherever nothing else is said. */
struct link_key {
    uint8_t bytes[LINK_KEY_SIZE];
};

struct link_key_pair {
    struct link_key public_key;
    struct link_key secret_key; /* wipe with link_key_pair_destroy() */
};

bool link_key_equal(struct link_key a, struct link_key b);
/* Lower-case hex: what User-Id, the key table and the logs carry. */
void link_key_to_hex(struct link_key key, char out[LINK_KEY_HEX_SIZE]);
bool link_key_from_hex(const char *hex, struct link_key *ret_key);
void link_key_to_z85(struct link_key key, char out[LINK_KEY_Z85_SIZE]);
bool link_key_from_z85(const char *z85, struct link_key *ret_key);

/* A fresh pair, drawn by libzmq. ERR_UNSUPPORTED: libzmq without CURVE. */
MUST_CHECK enum err link_key_pair_draw(struct link_key_pair *ret_pair, struct fault *fault);
/* Wipes the secret; usable with AUTO. */
void link_key_pair_destroy(struct link_key_pair *pair);

/* Writes a new file and its directory entry to disk. ERR_REFUSED: the file exists already. */
MUST_CHECK enum err link_key_pair_write(const char *path, const struct link_key_pair *pair,
                                        struct fault *fault);
MUST_CHECK enum err link_key_write(const char *path, struct link_key key, struct fault *fault);

/* ERR_NOT_FOUND  no such file (the fault says so too)
 * ERR_REFUSED    group or others have any right on it; the text names the chmod that helps
 * ERR_INPUT      not a key file, or public and secret key do not belong together */
MUST_CHECK enum err link_key_pair_read(const char *path, struct link_key_pair *ret_pair,
                                       struct fault *fault);
/* Takes a public key file or a key file (then also its mode is checked), and gives the public key.
 */
MUST_CHECK enum err link_key_read(const char *path, struct link_key *ret_key, struct fault *fault);
