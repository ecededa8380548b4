/* field: borrowed views between our bytes and handles and protobuf-c's fields. */
#pragma once

#include "common/base/bytes.h"

#include <protobuf-c/protobuf-c.h>

static inline struct bytes field_view(const ProtobufCBinaryData *field)
{
    return (struct bytes){.data = field->data, .size = field->len};
}

static inline ProtobufCBinaryData field_of(struct bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.data};
}

/* Text from a bounded buffer as protobuf-c wants it; it does not write there. */
static inline char *field_text(const char *text)
{
    return (char *)(uintptr_t)text;
}
