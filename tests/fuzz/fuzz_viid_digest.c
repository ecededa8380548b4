/* Fuzzes the digest headers of view libraries: what is read keeps its bounds, no text at all is
 * taken as an answer to our challenge, and what we answer to a challenge reads as the same again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/viid/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 4096 };

static void fill(void *ctx, uint8_t *out, size_t size)
{
    (void)ctx;
    memset(out, 7, size);
}

static struct digest_nonces nonces;

static void begin(void)
{
    static bool begun;
    struct fault fault;
    const struct entropy entropy = {.fill = fill};
    if (!begun) {
        MUST(seal_init(&fault) == ERR_OK);
        digest_begin(&nonces, &entropy);
        begun = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char header[TEXT_MAX + 1];
    char answer[DIGEST_HEADER_SIZE];
    struct digest_fields fields;
    struct digest_fields again;
    begin();
    if (size > TEXT_MAX) {
        return 0;
    }
    memcpy(header, data, size);
    header[size] = '\0';
    if (!digest_read(header, &fields)) {
        return 0;
    }
    struct digest_request request = {
        .method = "POST", .target = fields.uri, .realm = fields.realm, .password = "open sesame"};
    MUST(digest_check(&nonces, &fields, &request, (struct mono){.us = 1}) != DIGEST_GOOD);
    request.target = "/VIID/System/Register";
    if (digest_answer(&fields, &request, "park", "0a4f113b", 1, answer)) {
        MUST(strlen(answer) < sizeof(answer));
        bool quotes = strchr(fields.realm, '"') != NULL || strchr(fields.nonce, '"') != NULL ||
                      strchr(fields.opaque, '"') != NULL;
        MUST(quotes || digest_read(answer, &again));
        MUST(quotes || strcmp(again.nonce, fields.nonce) == 0);
    }
    return 0;
}
