/* A face terminal's answers: the first byte chooses the HTTP status, the rest is the body. Whatever
 * it says, it is read by every reader of answers, and no word of it is longer or stranger than a
 * line of the log bears. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/terminal/isapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 200, 200, 400, 401, 404, 500, 0};
    if (size == 0) {
        return 0;
    }
    struct isapi_answer answer = {
        .status = statuses[data[0] % ARRAY_LEN(statuses)],
        .body = {.data = data + 1, .size = size - 1}
    };
    char what[HELPER_WORD_SIZE];
    struct helper_settings settings;
    bool there = false;
    enum isapi_result result = isapi_result_of(&answer, what);
    MUST(result != ISAPI_DONE || answer.status == 200);
    MUST(memchr(what, '\0', sizeof(what)) != NULL);
    for (const char *c = what; *c != '\0'; c++) {
        MUST(*c >= ' ' && *c <= '~');
    }
    isapi_read_settings(&answer, &settings);
    MUST(settings.read || (!settings.remote_check && !settings.offline_opens));
    MUST(isapi_read_deletion(&answer) <= ISAPI_DELETION_UNREADABLE);
    (void)isapi_read_person(&answer, "E1", &there);
    return 0;
}
