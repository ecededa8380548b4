#include "common/watch/watch_form.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

static bool is_same(const ProtobufCMessage *message, struct bytes packed)
{
    if (protobuf_c_message_get_packed_size(message) != packed.size) {
        return false;
    }
    uint8_t *again = malloc(packed.size + 1);
    MUST(again != NULL);
    (void)protobuf_c_message_pack(message, again);
    bool same = memcmp(again, packed.data, packed.size) == 0;
    free(again);
    return same;
}

ProtobufCMessage *watch_form_read(const ProtobufCMessageDescriptor *descriptor, struct bytes packed,
                                  struct message_bounds bounds, const char **ret_why)
{
    static const uint8_t nothing[1];
    const uint8_t *data = packed.size > 0 ? packed.data : nothing;
    *ret_why = precheck(packed, bounds);
    if (*ret_why != NULL) {
        return NULL;
    }
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, packed.size, data);
    if (message == NULL) {
        *ret_why = "its fields do not fit";
        return NULL;
    }
    if (message->n_unknown_fields > 0) {
        *ret_why = "it has a field that is not known";
    } else if (packed.size > 0 && !is_same(message, packed)) {
        *ret_why = "our encoder writes it differently";
    }
    if (*ret_why != NULL) {
        watch_form_free(&message);
    }
    return message;
}

void watch_form_free(ProtobufCMessage **message)
{
    if (*message != NULL) {
        protobuf_c_message_free_unpacked(*message, NULL);
    }
    *message = NULL;
}

size_t watch_form_write(const ProtobufCMessage *message, uint8_t *out, size_t capacity)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > capacity) {
        return SIZE_MAX;
    }
    (void)protobuf_c_message_pack(message, out);
    return size;
}
