#include "common/seal/seal.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include "common/base/must.h"
#include "common/seal/known_answers.h"

enum { OPENSSL_OLDEST = 0x30000160 }; /* 3.0.22: parser and signature fixes of 2025 and 2026 */

/* The one mutable state of this room: algorithms fetched once by seal_init(), because a fetch per
 * call costs more than the hash itself. */
static struct {
    bool ready;
    EVP_MD *sha256;
    EVP_CIPHER *aes_256_gcm;
    EVP_MAC *hmac;
    EVP_MD_CTX *hash_context;
    EVP_MAC_CTX *hmac_context;
    EVP_CIPHER_CTX *cipher_context;
} openssl;

static bool fetch_all(void)
{
    openssl.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    openssl.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    openssl.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    openssl.hash_context = EVP_MD_CTX_new();
    openssl.cipher_context = EVP_CIPHER_CTX_new();
    openssl.hmac_context = openssl.hmac == NULL ? NULL : EVP_MAC_CTX_new(openssl.hmac);
    if (openssl.hmac_context == NULL) {
        return false;
    }
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, sizeof(digest) - 1),
        OSSL_PARAM_construct_end(),
    };
    return openssl.sha256 != NULL && openssl.aes_256_gcm != NULL && openssl.hash_context != NULL &&
           openssl.cipher_context != NULL &&
           EVP_MAC_CTX_set_params(openssl.hmac_context, params) == 1;
}

enum err seal_init(struct fault *fault)
{
    if (openssl.ready) {
        return ERR_OK;
    }
    if (OpenSSL_version_num() < OPENSSL_OLDEST) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "OpenSSL %s is too old, 3.0.22 is needed; run: apt-get install libssl3",
                         OpenSSL_version(OPENSSL_VERSION_STRING));
    }
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || !fetch_all()) {
        return fault_set(fault, ERR_IO, "OpenSSL %s lacks SHA-256, HMAC or AES-256-GCM",
                         OpenSSL_version(OPENSSL_VERSION_STRING));
    }
    openssl.ready = true;
    const char *wrong = seal_known_answer_that_fails();
    if (wrong != NULL) {
        openssl.ready = false;
        return fault_set(fault, ERR_CORRUPT,
                         "OpenSSL %s gives a wrong answer for %s; reinstall the package libssl3",
                         OpenSSL_version(OPENSSL_VERSION_STRING), wrong);
    }
    return ERR_OK;
}

struct seal_hash seal_hash_of(struct bytes data)
{
    struct seal_hash hash;
    MUST(openssl.ready);
    MUST(EVP_DigestInit_ex2(openssl.hash_context, openssl.sha256, NULL) == 1);
    MUST(EVP_DigestUpdate(openssl.hash_context, data.data, data.size) == 1);
    MUST(EVP_DigestFinal_ex(openssl.hash_context, hash.bytes, NULL) == 1);
    return hash;
}

void seal_hasher_begin(struct seal_hasher *hasher)
{
    MUST(openssl.ready);
    hasher->context = EVP_MD_CTX_new();
    MUST(hasher->context != NULL);
    MUST(EVP_DigestInit_ex2(hasher->context, openssl.sha256, NULL) == 1);
}

void seal_hasher_add(struct seal_hasher *hasher, struct bytes data)
{
    MUST(hasher->context != NULL);
    MUST(EVP_DigestUpdate(hasher->context, data.data, data.size) == 1);
}

void seal_hasher_copy(const struct seal_hasher *from, struct seal_hasher *to)
{
    MUST(from->context != NULL && to->context == NULL);
    seal_hasher_begin(to);
    MUST(EVP_MD_CTX_copy_ex(to->context, from->context) == 1);
}

struct seal_hash seal_hasher_end(struct seal_hasher *hasher)
{
    struct seal_hash hash;
    MUST(hasher->context != NULL);
    MUST(EVP_DigestFinal_ex(hasher->context, hash.bytes, NULL) == 1);
    seal_hasher_destroy(hasher);
    return hash;
}

void seal_hasher_destroy(struct seal_hasher *hasher)
{
    EVP_MD_CTX_free(hasher->context);
    hasher->context = NULL;
}

static void hmac_begin(const struct seal_key *key)
{
    MUST(openssl.ready);
    MUST(EVP_MAC_init(openssl.hmac_context, key->bytes, sizeof(key->bytes), NULL) == 1);
}

static void hmac_add(struct bytes data)
{
    if (data.size > 0) {
        MUST(EVP_MAC_update(openssl.hmac_context, data.data, data.size) == 1);
    }
}

static void hmac_end(uint8_t out[SEAL_HASH_SIZE])
{
    size_t size = 0;
    MUST(EVP_MAC_final(openssl.hmac_context, out, &size, SEAL_HASH_SIZE) == 1);
    MUST(size == SEAL_HASH_SIZE);
}

static void hmac_add_sized(struct bytes part)
{
    uint8_t prefix[4];
    struct writer size = writer_of(prefix, sizeof(prefix));
    MUST(part.size <= UINT32_MAX);
    writer_u32(&size, (uint32_t)part.size);
    hmac_add(writer_view(&size));
    hmac_add(part);
}

struct seal_hash seal_mac(const struct seal_key *key, struct bytes data)
{
    struct seal_hash hash;
    hmac_begin(key);
    hmac_add(data);
    hmac_end(hash.bytes);
    return hash;
}

struct seal_hash seal_keyed_hash(const struct seal_key *key, const char *domain,
                                 const struct bytes *parts, size_t part_count)
{
    struct seal_hash hash;
    hmac_begin(key);
    hmac_add_sized(bytes_of_text(domain));
    for (size_t i = 0; i < part_count; i++) {
        hmac_add_sized(parts[i]);
    }
    hmac_end(hash.bytes);
    return hash;
}

struct seal_key seal_derive(const struct seal_key *from, const char *purpose, struct bytes context)
{
    static const uint8_t separator = 0;
    static const uint8_t first_block = 1; /* 32 bytes are one block of the expansion */
    struct seal_key derived;
    hmac_begin(from);
    hmac_add(bytes_of_text(purpose));
    hmac_add((struct bytes){.data = &separator, .size = 1});
    hmac_add(context);
    hmac_add((struct bytes){.data = &first_block, .size = 1});
    hmac_end(derived.bytes);
    return derived;
}

struct seal_key seal_key_draw(const struct entropy *entropy)
{
    struct seal_key key;
    entropy_fill(entropy, key.bytes, sizeof(key.bytes));
    return key;
}

void seal_close(const struct seal_key *key, const uint8_t nonce[SEAL_NONCE_SIZE], struct bytes aad,
                struct bytes plain, uint8_t *out, size_t out_size)
{
    EVP_CIPHER_CTX *context = openssl.cipher_context;
    MUST(openssl.ready && plain.size <= SEAL_PLAIN_MAX && aad.size <= SEAL_PLAIN_MAX);
    MUST(out_size == plain.size + SEAL_OVERHEAD);
    int size = 0;
    uint8_t *cipher = out + SEAL_NONCE_SIZE;
    memcpy(out, nonce, SEAL_NONCE_SIZE);
    MUST(EVP_EncryptInit_ex2(context, openssl.aes_256_gcm, key->bytes, nonce, NULL) == 1);
    if (aad.size > 0) {
        MUST(EVP_EncryptUpdate(context, NULL, &size, aad.data, (int)aad.size) == 1);
    }
    if (plain.size > 0) {
        MUST(EVP_EncryptUpdate(context, cipher, &size, plain.data, (int)plain.size) == 1);
        MUST((size_t)size == plain.size);
    }
    MUST(EVP_EncryptFinal_ex(context, cipher + plain.size, &size) == 1 && size == 0);
    MUST(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_SIZE, cipher + plain.size) ==
         1);
    /* The context keeps the key schedule until its next use: forget it now. */
    MUST(EVP_CIPHER_CTX_reset(context) == 1);
}

static bool decrypt(const struct seal_key *key, struct bytes aad, struct bytes sealed, uint8_t *out)
{
    EVP_CIPHER_CTX *context = openssl.cipher_context;
    int size = 0;
    size_t plain_size = sealed.size - SEAL_OVERHEAD;
    const uint8_t *cipher = sealed.data + SEAL_NONCE_SIZE;
    uint8_t tag[SEAL_TAG_SIZE];
    memcpy(tag, cipher + plain_size, sizeof(tag));
    MUST(EVP_DecryptInit_ex2(context, openssl.aes_256_gcm, key->bytes, sealed.data, NULL) == 1);
    if (aad.size > 0) {
        MUST(EVP_DecryptUpdate(context, NULL, &size, aad.data, (int)aad.size) == 1);
    }
    if (plain_size > 0) {
        MUST(EVP_DecryptUpdate(context, out, &size, cipher, (int)plain_size) == 1);
    }
    MUST(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_SIZE, tag) == 1);
    uint8_t none[1];
    bool good = EVP_DecryptFinal_ex(context, none, &size) == 1;
    MUST(EVP_CIPHER_CTX_reset(context) == 1);
    return good;
}

enum err seal_open(const struct seal_key *key, struct bytes aad, struct bytes sealed, uint8_t *out,
                   size_t out_size, size_t *ret_size, struct fault *fault)
{
    MUST(openssl.ready && aad.size <= SEAL_PLAIN_MAX);
    if (sealed.size < SEAL_OVERHEAD || sealed.size > SEAL_PLAIN_MAX + SEAL_OVERHEAD) {
        return fault_set(fault, ERR_CORRUPT, "sealed bytes: impossible size %zu", sealed.size);
    }
    MUST(out_size >= sealed.size - SEAL_OVERHEAD);
    if (!decrypt(key, aad, sealed, out)) {
        seal_wipe(out, sealed.size - SEAL_OVERHEAD);
        return fault_set(fault, ERR_CORRUPT,
                         "sealed bytes: they do not open with this key, or were changed");
    }
    *ret_size = sealed.size - SEAL_OVERHEAD;
    return ERR_OK;
}

bool seal_signature_is_good(const uint8_t public_key[32], struct bytes message,
                            const uint8_t signature[SEAL_SIGNATURE_SIZE])
{
    MUST(openssl.ready);
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public_key, SEAL_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    MUST(context != NULL);
    bool good =
        key != NULL && EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
        EVP_DigestVerify(context, signature, SEAL_SIGNATURE_SIZE, message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

bool seal_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}

void seal_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}
