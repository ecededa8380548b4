/* Fuzzes the Uniview parsers: a reading is whole, within its bounds, never better than uid-only. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/uniview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    const struct name reader = {.text = "unv-1"};
    struct reading r;
    struct bytes text = {.data = data, .size = size};
    enum parse_result result = uniview_parse(text, reader, "", &r);
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        MUST((result == PARSE_READING) == (r.id_size > 0));
        MUST((r.kind == CREDENTIAL_KIND_FACE) == (r.id_size > 0));
        MUST(r.id_size <= FACE_SUBJECT_MAX && r.raw_size == 0);
        MUST(r.cclass <= CREDENTIAL_CLASS_UID_ONLY);
        MUST(memchr(r.device_event, '\0', sizeof(r.device_event)) != NULL);
    }
    (void)uniview_heartbeat(text);
    return 0;
}
