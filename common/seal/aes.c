#include "common/seal/aes.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

/* Cards are few and slow: a context for each call costs nothing that anybody notices, and leaves no
 * key schedule behind. */
static void run(const struct aes_key *key, const struct aes_block *iv, bool encrypt,
                const uint8_t *in, uint8_t *out, size_t size)
{
    MUST(size % AES_BLOCK_SIZE == 0 && size <= AES_RUN_MAX);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int wrote = 0;
    MUST(context != NULL);
    MUST(EVP_CipherInit_ex2(context, EVP_aes_128_cbc(), key->bytes, iv->bytes, encrypt ? 1 : 0,
                            NULL) == 1);
    MUST(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
    MUST(EVP_CipherUpdate(context, out, &wrote, in, (int)size) == 1 && (size_t)wrote == size);
    EVP_CIPHER_CTX_free(context);
}

void aes_cbc_encrypt(const struct aes_key *key, struct aes_block *chain, const uint8_t *in,
                     uint8_t *out, size_t size)
{
    if (size > 0) {
        run(key, chain, true, in, out, size);
        memcpy(chain->bytes, out + size - AES_BLOCK_SIZE, AES_BLOCK_SIZE);
    }
}

void aes_cbc_decrypt(const struct aes_key *key, struct aes_block *chain, const uint8_t *in,
                     uint8_t *out, size_t size)
{
    struct aes_block last;
    if (size > 0) {
        MUST(size >= AES_BLOCK_SIZE);
        memcpy(last.bytes, in + size - AES_BLOCK_SIZE, AES_BLOCK_SIZE);
        run(key, chain, false, in, out, size);
        *chain = last;
    }
}

struct aes_block aes_encrypt(const struct aes_key *key, const struct aes_block *plain)
{
    static const struct aes_block zero;
    struct aes_block cipher;
    run(key, &zero, true, plain->bytes, cipher.bytes, AES_BLOCK_SIZE);
    return cipher;
}

/* Doubling in GF(2^128): in constant time, for a subkey is a secret. */
static struct aes_block doubled(const struct aes_block *block)
{
    struct aes_block out;
    uint8_t carry = (uint8_t)(0x87 & -(block->bytes[0] >> 7));
    for (size_t i = 0; i + 1 < AES_BLOCK_SIZE; i++) {
        out.bytes[i] = (uint8_t)(block->bytes[i] << 1 | block->bytes[i + 1] >> 7);
    }
    out.bytes[AES_BLOCK_SIZE - 1] = (uint8_t)(block->bytes[AES_BLOCK_SIZE - 1] << 1 ^ carry);
    return out;
}

struct aes_subkeys aes_cmac_subkeys(const struct aes_key *key)
{
    static const struct aes_block zero;
    struct aes_block base = aes_encrypt(key, &zero);
    struct aes_subkeys subkeys = {.whole = doubled(&base)};
    subkeys.padded = doubled(&subkeys.whole);
    seal_wipe(&base, sizeof(base));
    return subkeys;
}

struct aes_block aes_cmac(const struct aes_key *key, const struct aes_block *chain,
                          struct bytes data)
{
    MUST(data.size <= AES_RUN_MAX);
    struct aes_subkeys subkeys = aes_cmac_subkeys(key);
    uint8_t padded[AES_RUN_MAX] = {0};
    bool whole = data.size > 0 && data.size % AES_BLOCK_SIZE == 0;
    size_t size = whole ? data.size : (data.size / AES_BLOCK_SIZE + 1) * AES_BLOCK_SIZE;
    if (data.size > 0) {
        memcpy(padded, data.data, data.size);
    }
    if (!whole) {
        padded[data.size] = 0x80;
    }
    const struct aes_block *mask = whole ? &subkeys.whole : &subkeys.padded;
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        padded[size - AES_BLOCK_SIZE + i] ^= mask->bytes[i];
    }
    struct aes_block mac = *chain;
    aes_cbc_encrypt(key, &mac, padded, padded, size);
    seal_wipe(&subkeys, sizeof(subkeys));
    seal_wipe(padded, sizeof(padded));
    return mac;
}
