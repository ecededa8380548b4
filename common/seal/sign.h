/* sign: Ed25519 signatures (RFC 8032), and the files of their keys.
 *
 * What is signed begins with a line that says what it is ("parkgate journal head 1\n"), so that a
 * signature made for one thing is never one for another. Key files are PEM as openssl writes and
 * reads them: the secret half PKCS #8, mode 0600, the public half SubjectPublicKeyInfo.
 *
 *   openssl pkeyutl -verify -pubin -inkey PUBLIC -rawin -in MESSAGE -sigfile SIGNATURE
 *
 * Call seal_init() before.
 */
#pragma once

#include "common/seal/seal.h"

enum {
    SIGN_KEY_SIZE = 32,
    SIGN_PEM_SIZE = 256,   /* a public half as PEM, with its NUL */
    SIGN_BASE64_SIZE = 89, /* a signature as base64, with its NUL */
    SIGN_KEY_ID_SIZE = 17, /* with its NUL */
    SIGN_FILE_MAX = 4096,  /* a key file that is longer is none */
};

/* The secret half. Wipe it (seal_wipe) when done. */
struct sign_key {
    uint8_t bytes[SIGN_KEY_SIZE];
};

struct sign_public {
    uint8_t bytes[SIGN_KEY_SIZE];
};

struct sign_value {
    uint8_t bytes[SEAL_SIGNATURE_SIZE];
};

/* A fresh secret half. */
struct sign_key sign_key_make(const struct entropy *entropy);
struct sign_public sign_public_of(const struct sign_key *key);

/* False: no key that anybody would make: not in its canonical encoding, or a point of small order,
 * under which one signature may be good for many messages. */
bool sign_public_is_sound(const struct sign_public *key);

/* The same key and message give the same signature. */
void sign_make(const struct sign_key *key, struct bytes message, struct sign_value *ret);
MUST_CHECK bool sign_is_good(const struct sign_public *key, struct bytes message,
                             const struct sign_value *value);

/* A key in few characters: the first 16 hex digits of SHA-256 over its 32 bytes. For people and
 * file names; who must be sure compares the key. */
void sign_key_id(const struct sign_public *key, char out[SIGN_KEY_ID_SIZE]);

/* A signature as base64 without line breaks, and back. False: no signature in canonical base64. */
void sign_to_base64(const struct sign_value *value, char out[SIGN_BASE64_SIZE]);
bool sign_from_base64(const char *text, struct sign_value *ret);

/* The public half as PEM, and back: a file's text, surplus text around the block allowed, as
 * openssl does. ERR_INPUT: it holds no public Ed25519 key. */
void sign_public_to_pem(const struct sign_public *key, char out[SIGN_PEM_SIZE]);
MUST_CHECK enum err sign_public_from_pem(const char *pem, struct sign_public *ret,
                                         struct fault *fault);

/* Writes a new file, 0600, durable with its directory on ERR_OK. ERR_REFUSED: there is one. ERR_IO.
 */
MUST_CHECK enum err sign_key_write(const char *path, const struct sign_key *key,
                                   struct fault *fault);
/* ERR_NOT_FOUND: no such file. ERR_REFUSED: others may read it. ERR_INPUT: it holds no secret
 * Ed25519 key without a passphrase. ERR_IO. */
MUST_CHECK enum err sign_key_read(const char *path, struct sign_key *ret, struct fault *fault);
/* As above, but 0644, and of the public half. */
MUST_CHECK enum err sign_public_write(const char *path, const struct sign_public *key,
                                      struct fault *fault);
MUST_CHECK enum err sign_public_read(const char *path, struct sign_public *ret,
                                     struct fault *fault);
