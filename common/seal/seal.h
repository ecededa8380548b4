/* seal: hash, keyed hash, authenticated encryption, key derivation and signature check.
 *
 * OpenSSL 3 is called in this room only. Nothing here draws random numbers: keys and nonces come
 * in as values, drawn by the shell from struct entropy, so that a simulation can seed them.
 *
 * Caveats
 * - Call seal_init() once, first thing, before any other call here and before anything else in the
 *   process touches OpenSSL. Every other function aborts without it.
 * - One thread. The algorithms are fetched once and their contexts are used again by every call.
 * - A (key, nonce) pair must never close two different plains. Draw nonces from struct entropy.
 * - Where a function has no error to return, a failing OpenSSL can only mean memory run out; the
 *   process then aborts and is started again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/entropy.h"
#include "common/base/err.h"

enum {
    SEAL_KEY_SIZE = 32,
    SEAL_HASH_SIZE = 32,
    SEAL_NONCE_SIZE = 12,
    SEAL_TAG_SIZE = 16,
    SEAL_OVERHEAD = SEAL_NONCE_SIZE + SEAL_TAG_SIZE, /* bytes that seal_close() adds */
    SEAL_PLAIN_MAX = 1 << 20,                        /* longest plain, bytes */
    SEAL_SIGNATURE_SIZE = 64,
};

/* A secret key. Wipe it (seal_wipe) when done. */
struct seal_key {
    uint8_t bytes[SEAL_KEY_SIZE];
};

/* A SHA-256 value. */
struct seal_hash {
    uint8_t bytes[SEAL_HASH_SIZE];
};

/* Starts OpenSSL without its configuration file, fetches the algorithms and checks each with a
 * known answer. A second call does nothing.
 *
 * ERR_UNSUPPORTED  OpenSSL older than 3.0.22: do not start
 * ERR_CORRUPT      a known answer came out wrong: do not start
 * ERR_IO           an algorithm is missing: do not start
 */
MUST_CHECK enum err seal_init(struct fault *fault);

/* SHA-256 of `data`. */
struct seal_hash seal_hash_of(struct bytes data);

/* SHA-256 in steps: begin, add any number of times, end. `end` (or destroy, for an unfinished one)
 * gives back what OpenSSL holds; destroy accepts an ended or zeroed one. */
struct seal_hasher {
    void *context; /* OpenSSL's; NULL before begin and after end */
};

void seal_hasher_begin(struct seal_hasher *hasher);
void seal_hasher_add(struct seal_hasher *hasher, struct bytes data);
/* `to`, which holds nothing, goes on from where `from` is; both must be ended. */
void seal_hasher_copy(const struct seal_hasher *from, struct seal_hasher *to);
struct seal_hash seal_hasher_end(struct seal_hasher *hasher);
void seal_hasher_destroy(struct seal_hasher *hasher);

/* HMAC-SHA-256 over the domain's text and each part, every one preceded by its length as big-endian
 * 32 bits, so that no two different lists give the same input. `domain` says what the hash is for:
 * the same parts in another domain give an unrelated hash.
 * Write the parts as SEAL_PARTS(a, b, c). */
struct seal_hash seal_keyed_hash(const struct seal_key *key, const char *domain,
                                 const struct bytes *parts, size_t part_count);

/* Plain HMAC-SHA-256 (RFC 2104), for others who check it without knowing us. */
struct seal_hash seal_mac(const struct seal_key *key, struct bytes data);

#define SEAL_PARTS(...)                                                                            \
    ((const struct bytes[]){__VA_ARGS__}),                                                         \
        (sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes))

/* A key for one purpose, derived from `from` with HKDF-Expand (RFC 5869, SHA-256; info is the
 * purpose's text, a NUL, then `context`). Not to be turned back; same input, same key. */
struct seal_key seal_derive(const struct seal_key *from, const char *purpose, struct bytes context);

/* A fresh random key. */
struct seal_key seal_key_draw(const struct entropy *entropy);

/* Closes `plain` with AES-256-GCM: out = nonce, ciphertext, tag.
 *
 * nonce     12 bytes, never used before with this key
 * aad       bound to the result but not in it: seal_open() needs the same; may be empty
 * out       plain.size + SEAL_OVERHEAD bytes exactly; `out_size` other than that aborts
 * A plain over SEAL_PLAIN_MAX aborts: check the bounds of input before.
 */
void seal_close(const struct seal_key *key, const uint8_t nonce[SEAL_NONCE_SIZE], struct bytes aad,
                struct bytes plain, uint8_t *out, size_t out_size);

/* Opens what seal_close() made, into `out` (not inside `sealed`).
 *
 * out_size  at least sealed.size - SEAL_OVERHEAD, else it aborts
 * ret_size  bytes of plain; written only on ERR_OK
 *
 * ERR_CORRUPT  other key, other aad, any changed, missing or surplus byte; `out` is then wiped
 */
MUST_CHECK enum err seal_open(const struct seal_key *key, struct bytes aad, struct bytes sealed,
                              uint8_t *out, size_t out_size, size_t *ret_size, struct fault *fault);

/* Is `signature` the Ed25519 signature (RFC 8032) of `message` under the raw public key? */
MUST_CHECK bool seal_signature_is_good(const uint8_t public_key[32], struct bytes message,
                                       const uint8_t signature[SEAL_SIGNATURE_SIZE]);

/* Compares in a time that depends on the sizes only. Different sizes are unequal. */
bool seal_equal(struct bytes a, struct bytes b);

/* Overwrites with zeros in a way that the compiler keeps. */
void seal_wipe(void *secret, size_t size);
