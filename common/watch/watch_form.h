/* watch_form: a signed message has one form: what our encoder makes of it. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/base/bytes.h"
#include "schema/precheck.h"

/* Reads `packed` when packing it again gives the same bytes: no field twice, unknown, out of order,
 * written as zero or empty, no number longer than it must be, no text with a NUL. The bounds come
 * before anything is allocated. NULL: *ret_why says in English what is wrong. Freed by
 * watch_form_free(). */
ProtobufCMessage *watch_form_read(const ProtobufCMessageDescriptor *descriptor, struct bytes packed,
                                  struct message_bounds bounds, const char **ret_why);
/* NULLs and accepts NULL: for AUTO. */
void watch_form_free(ProtobufCMessage **message);

/* The one form of `message`, into `out`. SIZE_MAX: it does not fit. */
size_t watch_form_write(const ProtobufCMessage *message, uint8_t *out, size_t capacity);
