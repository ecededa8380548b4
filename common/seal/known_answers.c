#include "common/seal/known_answers.h"

#include <string.h>

#include "common/base/must.h"
#include "common/seal/aes.h"
#include "common/seal/box.h"
#include "common/seal/seal.h"

static bool is_hex(const void *got, size_t size, const char *expected)
{
    uint8_t wanted[128];
    MUST(size <= sizeof(wanted) && bytes_from_hex(expected, wanted, size));
    return memcmp(got, wanted, size) == 0;
}

static void from_hex(const char *hex, uint8_t *out, size_t size)
{
    MUST(bytes_from_hex(hex, out, size));
}

static struct seal_key counting_key(void)
{
    struct seal_key key;
    for (size_t i = 0; i < sizeof(key.bytes); i++) {
        key.bytes[i] = (uint8_t)i;
    }
    return key;
}

static bool sha_256(void)
{
    struct seal_hash hash = seal_hash_of(bytes_of_text("abc"));
    return is_hex(hash.bytes, sizeof(hash.bytes),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static bool keyed_hash(void)
{
    struct seal_key key = counting_key();
    struct seal_hash hash =
        seal_keyed_hash(&key, "badge", SEAL_PARTS(bytes_of_text("04a1b2c3"), bytes_of_text("")));
    return is_hex(hash.bytes, sizeof(hash.bytes),
                  "d0f8cec8e380c89f95c9df02e3bba8730af2c4018393a52614adddb6da82a2c2");
}

static bool derivation(void)
{
    struct seal_key key = counting_key();
    struct seal_key derived = seal_derive(&key, "day key", bytes_of_text("2024-05-06"));
    return is_hex(derived.bytes, sizeof(derived.bytes),
                  "37b5b8fbeac81538dc9047eb2c2caffad1d907dfa91cc39062735fd956b2b1cc");
}

static bool aes_256_gcm(void)
{
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    uint8_t plain[60];
    uint8_t aad[20];
    uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD];
    uint8_t opened[sizeof(plain)];
    size_t size = 0;
    from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key.bytes,
             sizeof(key.bytes));
    from_hex("cafebabefacedbaddecaf888", nonce, sizeof(nonce));
    from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad, sizeof(aad));
    from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
             plain, sizeof(plain));
    seal_close(&key, nonce, BYTES_OF(aad), BYTES_OF(plain), sealed, sizeof(sealed));
    if (!is_hex(sealed + sizeof(nonce), sizeof(sealed) - sizeof(nonce),
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                "76fc6ece0f4e1768cddf8853bb2d551b")) {
        return false;
    }
    if (seal_open(&key, BYTES_OF(aad), BYTES_OF(sealed), opened, sizeof(opened), &size, NULL) !=
            ERR_OK ||
        memcmp(opened, plain, sizeof(plain)) != 0) {
        return false;
    }
    sealed[sizeof(sealed) - 1] ^= 1;
    return seal_open(&key, BYTES_OF(aad), BYTES_OF(sealed), opened, sizeof(opened), &size, NULL) ==
           ERR_CORRUPT;
}

/* RFC 4493, example 2; it goes through CBC, too. */
static bool aes_128_cmac(void)
{
    static const struct aes_block zero;
    struct aes_key key;
    uint8_t text[AES_BLOCK_SIZE];
    from_hex("2b7e151628aed2a6abf7158809cf4f3c", key.bytes, sizeof(key.bytes));
    from_hex("6bc1bee22e409f96e93d7e117393172a", text, sizeof(text));
    struct aes_block mac = aes_cmac(&key, &zero, BYTES_OF(text));
    return is_hex(mac.bytes, sizeof(mac.bytes), "070a16b46b4d4144f79bdd9dd04a287c");
}

static bool ed25519(void)
{
    uint8_t public_key[32];
    uint8_t signature[SEAL_SIGNATURE_SIZE];
    static const uint8_t message[] = {0x72};
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", public_key,
             sizeof(public_key));
    from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
             signature, sizeof(signature));
    if (!seal_signature_is_good(public_key, BYTES_OF(message), signature)) {
        return false;
    }
    signature[0] ^= 1;
    return !seal_signature_is_good(public_key, BYTES_OF(message), signature);
}

/* Closed by tests/unit/seal/box_check.py to the key of RFC 7748, section 6.1. */
static bool box(void)
{
    struct seal_box_secret secret;
    uint8_t closed[18 + SEAL_BOX_OVERHEAD];
    uint8_t opened[18];
    size_t size = 0;
    from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", secret.bytes,
             sizeof(secret.bytes));
    from_hex("6090b87362191925efc9dcfcc03bd9e17066e9f7a1b41d0f64413ba60755871c"
             "25262728292a2b2c2d2e2f30b2deec2b32f0088a4221d0235c2093c02f4c674733ca56ef"
             "c2a444ba73e27f08920b",
             closed, sizeof(closed));
    struct seal_box_public public = seal_box_public_of(&secret);
    return is_hex(public.bytes, sizeof(public.bytes),
                  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f") &&
           seal_box_open(&secret, "day key", BYTES_OF(closed), opened, sizeof(opened), &size,
                         NULL) == ERR_OK &&
           size == sizeof(opened) && memcmp(opened, "the key of one day", size) == 0;
}

static const struct {
    const char *name;
    bool (*is_right)(void);
} answers[] = {
    {"SHA-256",      sha_256     },
    {"HMAC-SHA-256", keyed_hash  },
    {"HKDF-Expand",  derivation  },
    {"AES-256-GCM",  aes_256_gcm },
    {"AES-128-CMAC", aes_128_cmac},
    {"Ed25519",      ed25519     },
    {"X25519",       box         },
};

const char *seal_known_answer_that_fails(void)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        if (!answers[i].is_right()) {
            return answers[i].name;
        }
    }
    return NULL;
}
