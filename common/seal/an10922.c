#include "common/seal/an10922.h"

#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { DIVERSIFY_AES_128 = 0x01, INPUT_SIZE = 32 };

struct aes_key an10922_derive(const struct aes_key *master, struct bytes m)
{
    MUST(m.size >= 1 && m.size <= AN10922_INPUT_MAX);
    struct aes_subkeys subkeys = aes_cmac_subkeys(master);
    bool whole = m.size == AN10922_INPUT_MAX;
    const struct aes_block *mask = whole ? &subkeys.whole : &subkeys.padded;
    uint8_t input[INPUT_SIZE] = {DIVERSIFY_AES_128};
    memcpy(input + 1, m.data, m.size);
    if (!whole) {
        input[1 + m.size] = 0x80;
    }
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        input[INPUT_SIZE - AES_BLOCK_SIZE + i] ^= mask->bytes[i];
    }
    struct aes_block chain = {{0}};
    struct aes_key derived;
    aes_cbc_encrypt(master, &chain, input, input, INPUT_SIZE);
    memcpy(derived.bytes, chain.bytes, sizeof(derived.bytes));
    seal_wipe(&subkeys, sizeof(subkeys));
    seal_wipe(&chain, sizeof(chain));
    seal_wipe(input, sizeof(input));
    return derived;
}
