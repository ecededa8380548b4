#include "common/seal/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/file.h"
#include "common/base/must.h"

enum { PATH_SIZE = 1024 };

static EVP_PKEY *secret_of(const struct sign_key *key)
{
    EVP_PKEY *made =
        EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, key->bytes, sizeof(key->bytes));
    MUST(made != NULL);
    return made;
}

static EVP_PKEY *public_of(const struct sign_public *key)
{
    EVP_PKEY *made =
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key->bytes, sizeof(key->bytes));
    MUST(made != NULL);
    return made;
}

struct sign_key sign_key_make(const struct entropy *entropy)
{
    struct sign_key key;
    entropy_fill(entropy, key.bytes, sizeof(key.bytes));
    return key;
}

struct sign_public sign_public_of(const struct sign_key *key)
{
    struct sign_public public;
    size_t size = sizeof(public.bytes);
    EVP_PKEY *secret = secret_of(key);
    MUST(EVP_PKEY_get_raw_public_key(secret, public.bytes, &size) == 1 &&
         size == sizeof(public.bytes));
    EVP_PKEY_free(secret);
    return public;
}

/* --- weak keys --- */

enum { SIGN_BIT = 0x80 };

/* y of the points whose order is 1, 2, 4 or 8, little-endian; the sign of x does not matter. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p - 1 */
};

/* y below p = 2^255 - 19: RFC 8032, 5.1.3, refuses others, and not every program does. */
static bool is_canonical(const uint8_t y[static SIGN_KEY_SIZE])
{
    bool high = y[SIGN_KEY_SIZE - 1] == 0x7f;
    for (size_t i = 1; i < SIGN_KEY_SIZE - 1; i++) {
        high = high && y[i] == 0xff;
    }
    return !high || y[0] < 0xed;
}

bool sign_public_is_sound(const struct sign_public *key)
{
    uint8_t y[SIGN_KEY_SIZE];
    char hex[2 * SIGN_KEY_SIZE + 1];
    memcpy(y, key->bytes, sizeof(y));
    y[SIGN_KEY_SIZE - 1] &= (uint8_t)~SIGN_BIT;
    bytes_to_hex(BYTES_OF(y), hex, sizeof(hex));
    for (size_t i = 0; i < ARRAY_LEN(small_order); i++) {
        if (strcmp(hex, small_order[i]) == 0) {
            return false;
        }
    }
    return is_canonical(y);
}

void sign_make(const struct sign_key *key, struct bytes message, struct sign_value *ret)
{
    size_t size = sizeof(ret->bytes);
    EVP_PKEY *secret = secret_of(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    MUST(context != NULL);
    MUST(EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, secret, NULL) == 1);
    MUST(EVP_DigestSign(context, ret->bytes, &size, message.data, message.size) == 1 &&
         size == sizeof(ret->bytes));
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(secret);
}

bool sign_is_good(const struct sign_public *key, struct bytes message,
                  const struct sign_value *value)
{
    return seal_signature_is_good(key->bytes, message, value->bytes);
}

void sign_key_id(const struct sign_public *key, char out[SIGN_KEY_ID_SIZE])
{
    struct seal_hash hash = seal_hash_of(BYTES_OF(key->bytes));
    struct bytes first = {.data = hash.bytes, .size = (SIGN_KEY_ID_SIZE - 1) / 2};
    bytes_to_hex(first, out, SIGN_KEY_ID_SIZE);
}

void sign_to_base64(const struct sign_value *value, char out[SIGN_BASE64_SIZE])
{
    int size = EVP_EncodeBlock((uint8_t *)out, value->bytes, sizeof(value->bytes));
    MUST(size == SIGN_BASE64_SIZE - 1);
}

bool sign_from_base64(const char *text, struct sign_value *ret)
{
    enum { PADDED = (SIGN_BASE64_SIZE - 1) / 4 * 3 };
    uint8_t decoded[PADDED];
    struct sign_value value;
    char again[SIGN_BASE64_SIZE];
    if (strlen(text) != SIGN_BASE64_SIZE - 1 ||
        EVP_DecodeBlock(decoded, (const uint8_t *)text, SIGN_BASE64_SIZE - 1) != PADDED) {
        return false;
    }
    memcpy(value.bytes, decoded, sizeof(value.bytes));
    sign_to_base64(&value, again);
    if (strcmp(again, text) != 0) {
        return false; /* other bits behind its end, or blanks within */
    }
    *ret = value;
    return true;
}

/* --- PEM --- */

/* Nobody is asked at a terminal. */
static int no_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static BIO *bio_of(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    MUST(bio != NULL);
    return bio;
}

/* What was written into `bio`, as a text; frees it. */
static size_t take_text(BIO *bio, char *out, size_t out_size)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    MUST(size > 0 && (size_t)size < out_size);
    memcpy(out, data, (size_t)size);
    out[size] = '\0';
    seal_wipe(data, (size_t)size);
    BIO_free(bio);
    return (size_t)size;
}

void sign_public_to_pem(const struct sign_public *key, char out[SIGN_PEM_SIZE])
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *public = public_of(key);
    MUST(bio != NULL && PEM_write_bio_PUBKEY(bio, public) == 1);
    (void)take_text(bio, out, SIGN_PEM_SIZE);
    EVP_PKEY_free(public);
}

enum err sign_public_from_pem(const char *pem, struct sign_public *ret, struct fault *fault)
{
    struct sign_public public;
    size_t size = sizeof(public.bytes);
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    bool good = key != NULL && EVP_PKEY_is_a(key, "ED25519") == 1 &&
                EVP_PKEY_get_raw_public_key(key, public.bytes, &size) == 1 &&
                size == sizeof(public.bytes);
    EVP_PKEY_free(key);
    BIO_free(bio);
    if (!good) {
        return fault_set(fault, ERR_INPUT, "no public Ed25519 key in PEM");
    }
    *ret = public;
    return ERR_OK;
}

static enum err secret_from_pem(const char *pem, struct sign_key *ret, struct fault *fault)
{
    struct sign_key secret;
    size_t size = sizeof(secret.bytes);
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    bool good = key != NULL && EVP_PKEY_is_a(key, "ED25519") == 1 &&
                EVP_PKEY_get_raw_private_key(key, secret.bytes, &size) == 1 &&
                size == sizeof(secret.bytes);
    EVP_PKEY_free(key);
    BIO_free(bio);
    if (good) {
        *ret = secret;
    }
    seal_wipe(&secret, sizeof(secret));
    return good ? ERR_OK
                : fault_set(fault, ERR_INPUT, "no secret Ed25519 key in PEM without a passphrase");
}

/* --- files --- */

static enum err read_text(const char *path, bool is_secret, char out[SIGN_FILE_MAX],
                          struct fault *fault)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        enum err err = file_fault(path, fault);
        return errno == ENOENT ? ERR_NOT_FOUND : err;
    }
    enum err err = ERR_OK;
    ssize_t got = 0;
    if (fstat(fd, &info) != 0) {
        err = file_fault(path, fault);
    } else if (is_secret && (info.st_mode & 077) != 0) {
        err = fault_set(fault, ERR_REFUSED, "%s may be read by others; run: chmod 600 %s", path,
                        path);
    } else if ((got = read(fd, out, SIGN_FILE_MAX - 1)) < 0) {
        err = file_fault(path, fault);
    }
    (void)close(fd);
    if (err == ERR_OK) {
        out[got] = '\0';
    }
    return err;
}

/* Puts the path before what is wrong. */
static enum err at_path(enum err err, const char *path, struct fault *fault)
{
    struct fault inner = {0};
    if (err == ERR_OK || fault == NULL) {
        return err;
    }
    inner = *fault;
    return fault_set(fault, err, "%s: %s", path, inner.what);
}

enum err sign_key_write(const char *path, const struct sign_key *key, struct fault *fault)
{
    char pem[SIGN_PEM_SIZE];
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *secret = secret_of(key);
    MUST(bio != NULL &&
         PEM_write_bio_PKCS8PrivateKey(bio, secret, NULL, NULL, 0, no_passphrase, NULL) == 1);
    size_t size = take_text(bio, pem, sizeof(pem));
    EVP_PKEY_free(secret);
    enum err err =
        file_write_new(path, 0600, (struct bytes){.data = (uint8_t *)pem, .size = size}, fault);
    seal_wipe(pem, sizeof(pem));
    return err;
}

enum err sign_key_read(const char *path, struct sign_key *ret, struct fault *fault)
{
    char text[SIGN_FILE_MAX];
    TRY(read_text(path, true, text, fault));
    enum err err = at_path(secret_from_pem(text, ret, fault), path, fault);
    seal_wipe(text, sizeof(text));
    return err;
}

enum err sign_public_write(const char *path, const struct sign_public *key, struct fault *fault)
{
    char pem[SIGN_PEM_SIZE];
    sign_public_to_pem(key, pem);
    return file_write_new(path, 0644, bytes_of_text(pem), fault);
}

enum err sign_public_read(const char *path, struct sign_public *ret, struct fault *fault)
{
    char text[SIGN_FILE_MAX];
    TRY(read_text(path, false, text, fault));
    return at_path(sign_public_from_pem(text, ret, fault), path, fault);
}
