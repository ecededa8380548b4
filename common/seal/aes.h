/* aes: AES-128 as cards use it: single blocks, CBC without padding, and CMAC (NIST SP 800-38B).
 *
 * For the protocols of devices only. What we store ourselves is sealed (seal.h). seal_init() must
 * have been called; one thread.
 */
#pragma once

#include "common/base/bytes.h"

enum { AES_KEY_SIZE = 16, AES_BLOCK_SIZE = 16, AES_RUN_MAX = 64 };

/* A secret key. Wipe it (seal_wipe) when done. */
struct aes_key {
    uint8_t bytes[AES_KEY_SIZE];
};

struct aes_block {
    uint8_t bytes[AES_BLOCK_SIZE];
};

/* One block without chaining. */
struct aes_block aes_encrypt(const struct aes_key *key, const struct aes_block *plain);

/* Cipher block chaining over `size` bytes, a multiple of 16 up to AES_RUN_MAX (else it aborts).
 * `*chain` is the initialisation vector, and afterwards the last block of ciphertext, so that the
 * next run continues the chain. `out` may be `in`. */
void aes_cbc_encrypt(const struct aes_key *key, struct aes_block *chain, const uint8_t *in,
                     uint8_t *out, size_t size);
void aes_cbc_decrypt(const struct aes_key *key, struct aes_block *chain, const uint8_t *in,
                     uint8_t *out, size_t size);

/* The two subkeys of CMAC: `whole` masks a last block that is full, `padded` one that was filled up
 * with 80 00 ... */
struct aes_subkeys {
    struct aes_block whole;
    struct aes_block padded;
};

struct aes_subkeys aes_cmac_subkeys(const struct aes_key *key);

/* CMAC of at most AES_RUN_MAX bytes (else it aborts), beginning from `chain`; zeros for the plain
 * CMAC. */
struct aes_block aes_cmac(const struct aes_key *key, const struct aes_block *chain,
                          struct bytes data);
