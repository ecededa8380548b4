/* Fuzzes the filter of long strings: the first byte is the size of the pieces. What comes out is
 * the same whatever the pieces are, never longer than what went in, and the same again when no
 * string was long. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/json_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 16384 };

struct result {
    size_t size, cut;
    bool full;
    uint8_t out[ROOM];
};

static void run(struct bytes text, size_t piece, struct result *r)
{
    struct json_cut cut = {0};
    r->size = 0;
    r->full = false;
    for (size_t at = 0; at < text.size; at += piece) {
        size_t left = text.size - at;
        struct bytes next = {.data = text.data + at, .size = left < piece ? left : piece};
        r->size = json_cut_feed(&cut, next, r->out, r->size, sizeof(r->out), &r->full);
    }
    r->cut = cut.cut;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result whole, pieces;
    if (size < 1) {
        return 0;
    }
    struct bytes text = {.data = data + 1, .size = size - 1};
    run(text, size, &whole);
    run(text, (size_t)data[0] % 64 + 1, &pieces);
    MUST(whole.size == pieces.size && whole.full == pieces.full && whole.cut == pieces.cut);
    MUST(memcmp(whole.out, pieces.out, whole.size) == 0);
    MUST(whole.full || whole.size + whole.cut == text.size);
    MUST(whole.cut > 0 || whole.full || memcmp(whole.out, text.data, text.size) == 0);
    return 0;
}
