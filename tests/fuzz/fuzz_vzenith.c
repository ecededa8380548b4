/* Fuzzes the VZenith parser: the first byte says which form of configuration, the rest is a body. A
 * reading is whole and within its bounds; a poll never comes from a body. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/vzenith.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct reading *r)
{
    MUST(r->kind == CREDENTIAL_KIND_PLATE || r->kind == CREDENTIAL_KIND_NONE);
    MUST((r->kind == CREDENTIAL_KIND_PLATE) == (r->id_size > 0));
    MUST(r->id_size <= LIMIT_CREDENTIAL_BYTES && r->raw_size <= LIMIT_CREDENTIAL_BYTES);
    MUST(r->confidence <= 100 && r->direction == LANE_NO_DIRECTION && r->ticket == 0);
    MUST(memchr(r->device_event, '\0', sizeof(r->device_event)) != NULL);
    MUST(strcmp(r->reader.text, "cam-1") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    struct http_device device = {.reader = {.text = "cam-1"}, .driver = DRIVER_VZENITH};
    struct http_call call = {.device = &device, .method = "POST", .subpath = ""};
    struct http_parsed parsed = {.readings_max = HTTP_BODY_READINGS};
    if (data[0] % 2 == 1) {
        memcpy(device.device_id, "2e0a-4d7f", sizeof("2e0a-4d7f"));
    }
    struct bytes text = {.data = data + 1, .size = size - 1};
    enum parse_result result = vzenith_parse(&call, text, &parsed);
    MUST(result == PARSE_READING || result == PARSE_FOREIGN || result == PARSE_BAD);
    MUST((result == PARSE_READING) == (parsed.reading_count == 1) && !parsed.polls);
    MUST(result != PARSE_BAD || parsed.why != NULL);
    if (result == PARSE_READING) {
        check(&parsed.readings[0]);
    }
    http_parsed_free(&parsed);
    return 0;
}
