/* Fuzzes the plate event parser: a reading is whole, within its bounds, and only a plate or none.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/hik_anpr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    const struct name reader = {.text = "cam-1"};
    struct reading r;
    struct bytes text = {.data = data, .size = size};
    enum parse_result result = hik_anpr_parse(text, reader, &r);
    MUST(result == PARSE_READING || result == PARSE_FOREIGN || result == PARSE_BAD);
    if (result == PARSE_READING) {
        MUST(r.kind == CREDENTIAL_KIND_PLATE || r.kind == CREDENTIAL_KIND_NONE);
        MUST((r.kind == CREDENTIAL_KIND_PLATE) == (r.id_size > 0));
        MUST(r.id_size <= LIMIT_CREDENTIAL_BYTES && r.raw_size <= LIMIT_CREDENTIAL_BYTES);
        MUST(r.confidence <= 100 && r.cclass == CREDENTIAL_CLASS_BEARER);
        MUST(memchr(r.device_event, '\0', sizeof(r.device_event)) != NULL);
        MUST(strcmp(r.reader.text, "cam-1") == 0);
    }
    return 0;
}
