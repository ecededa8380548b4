/* precheck: is a packed protobuf message within its bounds, before anything is allocated for it?
 *
 * protobuf-c 1.4.1 has no recursion limit and turns 1 MiB of empty elements into 37 MiB of heap.
 * Our messages are flat (no field is itself a message), so one walk over the top level counts all.
 */
#pragma once

#include <stdint.h>

#include "common/base/bytes.h"

struct message_bounds {
    uint32_t elements;    /* fields in all, known and unknown */
    uint32_t field_bytes; /* the longest bytes or string field */
};

/* NULL when `body` is well-formed protobuf wire format (varints, fixed, length-delimited; no groups)
 * within `bounds` and strings hold no NUL is left to the receiver. Else a plain English word. */
const char *precheck(struct bytes body, struct message_bounds bounds);
