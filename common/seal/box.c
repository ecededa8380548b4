#include "common/seal/box.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "common/base/must.h"

static const char box_text[] = "parkgate box 1";
static const char pair_text[] = "parkgate pair 1";

enum { INFO_MAX = sizeof(pair_text) + SEAL_BOX_PURPOSE_MAX + 1 + 2 * SEAL_BOX_KEY_SIZE };

static EVP_PKEY *key_of(const struct seal_box_secret *secret)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret->bytes, SEAL_BOX_KEY_SIZE);
    MUST(key != NULL);
    return key;
}

struct seal_box_public seal_box_public_of(const struct seal_box_secret *secret)
{
    struct seal_box_public public;
    size_t size = sizeof(public.bytes);
    EVP_PKEY *key = key_of(secret);
    MUST(EVP_PKEY_get_raw_public_key(key, public.bytes, &size) == 1 &&
         size == sizeof(public.bytes));
    EVP_PKEY_free(key);
    return public;
}

void seal_box_draw(const struct entropy *entropy, struct seal_box_secret *ret_secret,
                   struct seal_box_public *ret_public)
{
    entropy_fill(entropy, ret_secret->bytes, sizeof(ret_secret->bytes));
    *ret_public = seal_box_public_of(ret_secret);
}

/* False: `public` gives the same secret with everybody. */
static bool agree(const struct seal_box_secret *secret, const uint8_t *public, struct seal_key *ret)
{
    size_t size = sizeof(ret->bytes);
    EVP_PKEY *own = key_of(secret);
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public, SEAL_BOX_KEY_SIZE);
    MUST(peer != NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    MUST(context != NULL && EVP_PKEY_derive_init(context) == 1);
    bool good = EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, ret->bytes, &size) == 1 && size == sizeof(ret->bytes);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return good;
}

static void stretch_to_key(struct seal_key *shared, struct bytes info, struct seal_key *ret)
{
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = hkdf == NULL ? NULL : EVP_KDF_CTX_new(hkdf);
    MUST(context != NULL);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, sizeof(digest) - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared->bytes, sizeof(shared->bytes)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.data,
                                          info.size),
        OSSL_PARAM_construct_end(),
    };
    MUST(EVP_KDF_derive(context, ret->bytes, sizeof(ret->bytes), params) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
}

/* `first` and `second` are both public halves, `secret` belongs to one of them and meets the other,
 * `with`. `version`: with its NUL. */
static bool meet(struct bytes version, const struct seal_box_secret *secret, const uint8_t *with,
                 const char *purpose, const uint8_t *first, const uint8_t *second,
                 struct seal_key *ret)
{
    uint8_t text[INFO_MAX];
    struct writer info = writer_of(text, sizeof(text));
    struct seal_key shared;
    static const uint8_t separator = 0;
    MUST(strlen(purpose) <= SEAL_BOX_PURPOSE_MAX);
    writer_bytes(&info, version);
    writer_bytes(&info, bytes_of_text(purpose));
    writer_bytes(&info, (struct bytes){.data = &separator, .size = 1});
    writer_bytes(&info, (struct bytes){.data = first, .size = SEAL_BOX_KEY_SIZE});
    writer_bytes(&info, (struct bytes){.data = second, .size = SEAL_BOX_KEY_SIZE});
    MUST(!info.bad);
    bool good = agree(secret, with, &shared);
    if (good) {
        stretch_to_key(&shared, writer_view(&info), ret);
    }
    seal_wipe(&shared, sizeof(shared));
    return good;
}

static bool box_key(const struct seal_box_secret *secret, const uint8_t *with, const char *purpose,
                    const uint8_t *drawn, const uint8_t *to, struct seal_key *ret)
{
    return meet(BYTES_OF(box_text), secret, with, purpose, drawn, to, ret);
}

enum err seal_box_pair_key(const struct seal_box_secret *own, const struct seal_box_public *peer,
                           const char *purpose, struct seal_key *ret_key, struct fault *fault)
{
    struct seal_box_public mine = seal_box_public_of(own);
    bool lower = memcmp(mine.bytes, peer->bytes, SEAL_BOX_KEY_SIZE) < 0;
    const uint8_t *first = lower ? mine.bytes : peer->bytes;
    const uint8_t *second = lower ? peer->bytes : mine.bytes;
    return meet(BYTES_OF(pair_text), own, peer->bytes, purpose, first, second, ret_key)
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "a key for %s: this is no X25519 public key", purpose);
}

enum err seal_box_close(const struct seal_box_public *to, const char *purpose,
                        const struct entropy *entropy, struct bytes plain, uint8_t *out,
                        size_t out_size, struct fault *fault)
{
    struct seal_box_secret drawn;
    struct seal_box_public drawn_public;
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    MUST(out_size == plain.size + SEAL_BOX_OVERHEAD);
    seal_box_draw(entropy, &drawn, &drawn_public);
    bool good = box_key(&drawn, to->bytes, purpose, drawn_public.bytes, to->bytes, &key);
    seal_wipe(&drawn, sizeof(drawn));
    if (!good) {
        return fault_set(fault, ERR_INPUT, "a box for %s: this is no X25519 public key", purpose);
    }
    entropy_fill(entropy, nonce, sizeof(nonce));
    memcpy(out, drawn_public.bytes, sizeof(drawn_public.bytes));
    seal_close(&key, nonce, bytes_of_text(""), plain, out + SEAL_BOX_KEY_SIZE,
               out_size - SEAL_BOX_KEY_SIZE);
    seal_wipe(&key, sizeof(key));
    return ERR_OK;
}

enum err seal_box_open(const struct seal_box_secret *secret, const char *purpose, struct bytes box,
                       uint8_t *out, size_t out_size, size_t *ret_size, struct fault *fault)
{
    struct seal_key key;
    if (box.size < SEAL_BOX_OVERHEAD) {
        return fault_set(fault, ERR_CORRUPT, "a box for %s: impossible size %zu", purpose,
                         box.size);
    }
    struct seal_box_public to = seal_box_public_of(secret);
    if (!box_key(secret, box.data, purpose, box.data, to.bytes, &key)) {
        return fault_set(fault, ERR_CORRUPT, "a box for %s: its drawn key is none", purpose);
    }
    struct bytes sealed = {.data = box.data + SEAL_BOX_KEY_SIZE,
                           .size = box.size - SEAL_BOX_KEY_SIZE};
    enum err err = seal_open(&key, bytes_of_text(""), sealed, out, out_size, ret_size, fault);
    seal_wipe(&key, sizeof(key));
    return err;
}
