/* stretch: a key from what a person types or a badge says, slow on purpose (scrypt, RFC 7914). */
#pragma once

#include "common/seal/seal.h"

enum { SEAL_SALT_SIZE = 16 };

/* N = 2^15, r = 8, p = 1: 32 MiB and some tens of milliseconds for each guess.
 * ERR_IO: no memory for it. */
MUST_CHECK enum err seal_stretch(struct bytes typed, const uint8_t salt[SEAL_SALT_SIZE],
                                 struct seal_key *ret_key, struct fault *fault);
