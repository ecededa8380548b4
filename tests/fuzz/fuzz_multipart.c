/* Fuzzes the multipart splitter: the first byte is the size of the pieces, the rest a body with the
 * boundary "b". Parts must come out the same whatever the pieces are, and within their bounds. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t parts;
    uint64_t sum; /* of kinds and texts, in order */
};

static void on_part(void *ctx, enum multipart_kind kind, struct bytes text)
{
    struct seen *seen = ctx;
    MUST(text.size <= LIMIT_HTTP_TEXT_BYTES);
    MUST((kind == MULTIPART_TEXT) == (text.size > 0));
    seen->parts++;
    seen->sum = seen->sum * 31 + (uint64_t)kind;
    for (size_t i = 0; i < text.size; i++) {
        seen->sum = seen->sum * 31 + text.data[i];
    }
}

static enum err split(struct bytes body, size_t piece, struct seen *seen)
{
    struct multipart_sink sink = {.part = on_part, .ctx = seen};
    AUTO(multipart_destroy) struct multipart *m = multipart_create("b", body.size, sink);
    if (m == NULL) {
        return ERR_IO;
    }
    for (size_t at = 0; at < body.size; at += piece) {
        size_t left = body.size - at;
        struct bytes next = {.data = body.data + at, .size = left < piece ? left : piece};
        TRY(multipart_feed(m, next));
    }
    return multipart_end(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct bytes body = {.data = data + 1, .size = size - 1};
    struct seen whole = {.parts = 0};
    struct seen pieces = {.parts = 0};
    enum err a = split(body, size, &whole);
    enum err b = split(body, (size_t)data[0] % 64 + 1, &pieces);
    MUST(a == b && whole.parts == pieces.parts && whole.sum == pieces.sum);
    MUST(whole.parts <= MULTIPART_PARTS);
    return 0;
}
