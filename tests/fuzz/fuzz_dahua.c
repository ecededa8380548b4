/* Fuzzes the Dahua parser: a reading is whole, within its bounds, and only a plate or none. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/dahua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    struct http_device device = {.reader = {.text = "cam-1"}, .driver = DRIVER_DAHUA};
    struct http_call call = {.device = &device, .method = "POST", .subpath = "/TollgateInfo"};
    struct http_parsed parsed = {.readings_max = HTTP_BODY_READINGS};
    enum parse_result result =
        dahua_parse(&call, (struct bytes){.data = data, .size = size}, &parsed);
    MUST(result == PARSE_READING || result == PARSE_FOREIGN || result == PARSE_BAD);
    MUST((result == PARSE_READING) == (parsed.reading_count == 1));
    MUST(result != PARSE_BAD || parsed.why != NULL);
    if (result == PARSE_READING) {
        const struct reading *r = &parsed.readings[0];
        MUST((r->kind == CREDENTIAL_KIND_PLATE) == (r->id_size > 0));
        MUST(r->kind == CREDENTIAL_KIND_PLATE || r->kind == CREDENTIAL_KIND_NONE);
        MUST(r->id_size <= LIMIT_CREDENTIAL_BYTES && r->raw_size <= LIMIT_CREDENTIAL_BYTES);
        MUST(r->confidence <= 100 && !r->history && r->ticket == 0);
        MUST(memchr(r->device_event, '\0', sizeof(r->device_event)) != NULL);
    }
    http_parsed_free(&parsed);
    return 0;
}
