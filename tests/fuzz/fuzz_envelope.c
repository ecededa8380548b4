/* Fuzzes a frame from the wire: envelope, bounds, unpacking. What can be read packs and reads again
 * to the same bytes, so that nothing is lost between a peer and a store. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "schema/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_repack(const ProtobufCMessage *message)
{
    size_t first_size = protobuf_c_message_get_packed_size(message);
    uint8_t *first = malloc(first_size + 1);
    MUST(first != NULL && protobuf_c_message_pack(message, first) == first_size);
    ProtobufCMessage *again =
        protobuf_c_message_unpack(message->descriptor, NULL, first_size, first);
    MUST(again != NULL && protobuf_c_message_get_packed_size(again) == first_size);
    uint8_t *second = malloc(first_size + 1);
    MUST(second != NULL && protobuf_c_message_pack(again, second) == first_size);
    MUST(memcmp(first, second, first_size) == 0);
    free(first);
    free(second);
    protobuf_c_message_free_unpacked(again, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope = {.version = 0};
    struct complaint complaint = {.number = ERROR_NONE};
    if (!envelope_read((struct bytes){.data = data, .size = size}, &envelope, &complaint)) {
        MUST(complaint.number != ERROR_NONE);
        return 0;
    }
    MUST(envelope.body.size + ENVELOPE_SIZE == size && size <= LIMIT_FRAME_BYTES);
    ProtobufCMessage *message = envelope_unpack(&envelope, &complaint);
    if (message == NULL) {
        MUST(complaint.number != ERROR_NONE);
        return 0;
    }
    check_repack(message);
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
