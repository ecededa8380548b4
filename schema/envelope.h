/* envelope: what stands around every message on the wire.
 *
 * One ZeroMQ frame = 16 bytes of envelope, then the packed body (schema/agent.proto, operator.proto):
 *   'P' 'G' | version u8 | 0 u8 | kind u16 | 0 u16 | sequence u64        (big-endian)
 * `sequence` is the outbox sequence of an event, the request's number in a request and its replies,
 * and 0 elsewhere. The whole frame is at most LIMIT_FRAME_BYTES.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "schema/errors.h"
#include "schema/kinds.h"
#include "schema/limits.h"

#include <protobuf-c/protobuf-c.h>

enum { ENVELOPE_SIZE = 16 };

struct envelope {
    uint8_t version;
    uint16_t kind; /* enum message_kind, or a number of a newer version */
    uint64_t sequence;
    struct bytes body; /* borrowed from the frame */
};

/* Reads and checks magic, size and version (PROTOCOL_VERSION_OLDEST..PROTOCOL_VERSION).
 * False: *c says why; *ret untouched. The body is not looked at. */
MUST_CHECK _Bool envelope_read(struct bytes frame, struct envelope *ret, struct complaint *c);

/* Unpacks the body as `kind` after counting its elements and sizes (precheck, no recursion).
 * NULL: *c says why. The caller frees by protobuf_c_message_free_unpacked(msg, NULL). */
ProtobufCMessage *envelope_unpack(const struct envelope *envelope, struct complaint *c);

/* Writes envelope and body into out. Returns the frame's size; a body too large for the limit or
 * for `capacity` is our own bug (senders split before): aborts. */
size_t envelope_write(uint8_t version, enum message_kind kind, uint64_t sequence,
                      const ProtobufCMessage *body, uint8_t *out, size_t capacity);

/* The same around a body that is packed already, so that its bytes are sent as they are stored. */
size_t envelope_wrap(uint8_t version, enum message_kind kind, uint64_t sequence, struct bytes body,
                     uint8_t *out, size_t capacity);
