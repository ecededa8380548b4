/* Fuzzes the plain JSON: a reading is whole and within its bounds, what was typed at a keypad
 * stands in its id and nowhere else, and only a bad event is shown. The first byte says how the
 * reader is configured. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/json_device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx, enum parse_result result, const struct reading *r, const char *text)
{
    size_t *count = ctx;
    (*count)++;
    MUST((result == PARSE_BAD) == (text != NULL));
    if (result != PARSE_READING && result != PARSE_UNUSABLE) {
        return;
    }
    MUST((r->kind != CREDENTIAL_KIND_NONE) == (r->id_size > 0));
    MUST(r->kind != CREDENTIAL_KIND_PIN || r->raw_size == 0);
    MUST(r->cclass <= CREDENTIAL_CLASS_UID_ONLY);
    MUST(r->id_size == 0 || r->kind == CREDENTIAL_KIND_PLATE ||
         credential_is_canonical(r->kind, (struct bytes){.data = r->id, .size = r->id_size}));
    MUST(memchr(r->device_event, '\0', sizeof(r->device_event)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wiegand_line line = {.any = false};
    size_t count = 0;
    if (size < 1 || size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    const struct http_device device = {.reader = {.text = "qr-1"}, .reversed = (data[0] & 1) != 0};
    struct bytes text = {.data = data + 1, .size = size - 1};
    bool is = json_device_parse(text, &device, &line, (struct mono){.us = 1},
                                (struct json_device_sink){.take = take, .ctx = &count});
    MUST(is || count == 0);
    MUST(count <= JSON_DEVICE_EVENTS);
    return 0;
}
