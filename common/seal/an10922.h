/* an10922: a card's own AES-128 key, diversified from a master key (NXP AN10922, section 2.2).
 *
 * D = CMAC(K, 0x01 || M), where the input is always brought to 32 bytes first: for M under 31 bytes
 * that differs from a plain CMAC over the short input.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/seal/aes.h"

enum { AN10922_INPUT_MAX = 31 };

/* `m`: the card's UID, application id and system identifier one after the other, 1 to
 * AN10922_INPUT_MAX bytes (else it aborts). Wipe the key when done. */
struct aes_key an10922_derive(const struct aes_key *master, struct bytes m);
