/* Fuzzes a carried roster as a gate reads it: the head with its hash made good, so that what stands
 * in it is reached, a chunk's length, and the sealed bytes under a key of our own. Nothing that was
 * not closed under that key opens. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/carry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HASHED = CARRY_HEAD_SIZE - 16 - 8 };

static void read_chunk(const uint8_t *head, struct bytes rest)
{
    static uint8_t plain[CARRY_PLAIN_MAX];
    static const struct seal_key key = {{7}};
    struct bytes message;
    uint32_t kind = 0;
    size_t length = 0;
    bool last = false;
    if (rest.size < CARRY_LENGTH_SIZE || !carry_length_read(rest.data, &length, &last) ||
        length > rest.size - CARRY_LENGTH_SIZE) {
        return;
    }
    struct bytes sealed = {.data = rest.data + CARRY_LENGTH_SIZE, .size = length};
    MUST(carry_chunk_open(&key, head, 0, last, sealed, plain, &kind, &message, NULL) != ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t head[CARRY_HEAD_SIZE];
    struct carry_head read;
    static const struct seal_key key = {{7}};
    if (size < sizeof(head) || seal_init(NULL) != ERR_OK) {
        return 0;
    }
    memcpy(head, data, sizeof(head));
    struct seal_hash hash = seal_hash_of((struct bytes){.data = head, .size = HASHED});
    memcpy(head + HASHED, hash.bytes, 8);
    if (carry_head_read(head, &read)) {
        MUST(read.gate.text[0] != '\0' && !carry_head_is_under(head, &key));
    }
    read_chunk(head, (struct bytes){.data = data + sizeof(head), .size = size - sizeof(head)});
    return 0;
}
