/* Fuzzes a datagram between the agent and its helper programs. What can be read packs and reads
 * again to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "schema/helper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct helper_message message;
    static struct helper_message again;
    struct fault fault = {.code = ERR_OK};
    enum err err = helper_unpack((struct bytes){.data = data, .size = size}, &message, &fault);
    if (err != ERR_OK) {
        MUST((err == ERR_CORRUPT || err == ERR_UNSUPPORTED) && fault.code == err);
        return 0;
    }
    uint8_t first[HELPER_FRAME_BYTES];
    uint8_t second[HELPER_FRAME_BYTES];
    size_t first_size = helper_pack(&message, first);
    MUST(first_size <= sizeof(first));
    MUST(helper_unpack((struct bytes){.data = first, .size = first_size}, &again, &fault) ==
         ERR_OK);
    MUST(helper_pack(&again, second) == first_size && memcmp(first, second, first_size) == 0);
    return 0;
}
