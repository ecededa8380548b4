/* Fuzzes the access event parser: a reading is whole, within its bounds, never better than
 * uid-only; a person's reading has a credential, an unlocked door and a pass without one have none;
 * neither that door nor history asks. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/hik_access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    const struct name reader = {.text = "face-1"};
    const char *notice = NULL;
    struct reading r;
    struct bytes text = {.data = data, .size = size};
    enum parse_result result = hik_access_parse(text, reader, &r, &notice);
    MUST((result == PARSE_NOTICE) == (notice != NULL));
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        MUST((result == PARSE_READING && !r.unlocked) == (r.id_size > 0));
        MUST(!r.unlocked || (result == PARSE_READING && r.ask == 0 && !r.history));
        MUST(!r.history || r.ask == 0);
        MUST((r.kind != CREDENTIAL_KIND_NONE) == (r.id_size > 0));
        MUST(r.id_size <= FACE_SUBJECT_MAX && r.raw_size == 0);
        MUST(r.cclass <= CREDENTIAL_CLASS_UID_ONLY);
        MUST(memchr(r.device_event, '\0', sizeof(r.device_event)) != NULL);
    }
    return 0;
}
