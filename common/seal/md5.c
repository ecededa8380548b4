#include "common/seal/md5.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/base/err.h"
#include "common/base/must.h"

static void context_free(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
    *context = NULL;
}

static void algorithm_free(EVP_MD **algorithm)
{
    EVP_MD_free(*algorithm);
    *algorithm = NULL;
}

bool seal_md5_of_texts(const char *const *texts, size_t count, char out[SEAL_MD5_TEXT_SIZE])
{
    uint8_t digest[SEAL_MD5_SIZE];
    AUTO(algorithm_free) EVP_MD *md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    AUTO(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (md5 == NULL || context == NULL || EVP_DigestInit_ex2(context, md5, NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        MUST(i == 0 || EVP_DigestUpdate(context, ":", 1) == 1);
        MUST(EVP_DigestUpdate(context, texts[i], strlen(texts[i])) == 1);
    }
    MUST(EVP_DigestFinal_ex(context, digest, NULL) == 1);
    bytes_to_hex(BYTES_OF(digest), out, SEAL_MD5_TEXT_SIZE);
    return true;
}
