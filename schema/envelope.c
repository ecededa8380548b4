#include "schema/envelope.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "schema/agent.pb-c.h"
#include "schema/operator.pb-c.h"
#include "schema/precheck.h"

struct message_spec {
    enum message_kind kind;
    const ProtobufCMessageDescriptor *descriptor;
    struct message_bounds bounds;
};

/* A body's own bounds; the frame's bound comes first. */
static const struct message_spec specs[] = {
    {MESSAGE_HELLO,         &parkgate__hello__descriptor,         {48, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_WELCOME,       &parkgate__welcome__descriptor,       {32, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_HELLO_REFUSED, &parkgate__hello_refused__descriptor, {32, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_CONFIG,        &parkgate__config__descriptor,        {LIMIT_ROWS_PER_MESSAGE + 16, 2048}        },
    {MESSAGE_EVENT,         &parkgate__event__descriptor,         {64, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_VERDICT,       &parkgate__verdict__descriptor,       {16, LIMIT_TEXT_BYTES}                     },
 /* packed arrays: one field of up to ten bytes an element */
    {MESSAGE_ACK,
     &parkgate__ack__descriptor,
     {3 * LIMIT_SEQS_PER_ACK + 16, 10 * LIMIT_SEQS_PER_ACK}                                                  },
    {MESSAGE_COMMAND,       &parkgate__command__descriptor,       {16, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_HEARTBEAT,     &parkgate__heartbeat__descriptor,     {512, 4096}                                },
    {MESSAGE_SUBJECTS,
     &parkgate__subjects__descriptor,
     {LIMIT_SUBJECTS_PER_MESSAGE + 8, LIMIT_TEXT_BYTES}                                                      },
    {MESSAGE_REKEY,         &parkgate__rekey__descriptor,         {16, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_COPY_PART,
     &parkgate__copy_part__descriptor,
     {LIMIT_COPY_ROWS_PER_PART, LIMIT_FRAME_BYTES}                                                           },
    {MESSAGE_COPY_HAVE,     &parkgate__copy_have__descriptor,     {16, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_EMERGENCY,     &parkgate__emergency__descriptor,     {LIMIT_ZONES, LIMIT_TEXT_BYTES}            },
    {MESSAGE_MUSTER,        &parkgate__muster__descriptor,        {LIMIT_ROWS_PER_MESSAGE, LIMIT_FRAME_BYTES}},
    {MESSAGE_RECALL,
     &parkgate__recall__descriptor,
     {LIMIT_RECALL_EVENTS + 16, LIMIT_RECALL_ITEM_BYTES}                                                     },
    {MESSAGE_ANCHOR,        &parkgate__anchor__descriptor,        {4, LIMIT_TEXT_BYTES}                      },
    {MESSAGE_REQUEST,
     &parkgate__request__descriptor,
     {LIMIT_ROWS_PER_MESSAGE + 2 * LIMIT_ARGS_PER_REQUEST + 8, LIMIT_WATCH_CHUNK_BYTES}                      },
    {MESSAGE_REPLY,         &parkgate__reply__descriptor,         {LIMIT_CELLS_PER_REPLY + 256, 16384}       },
    {MESSAGE_ENROL,         &parkgate__request__descriptor,       {16, LIMIT_TEXT_BYTES}                     },
    {MESSAGE_ENROLLED,      &parkgate__reply__descriptor,         {64, LIMIT_TEXT_BYTES}                     },
};

static const struct message_spec *find_spec(uint16_t kind)
{
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        if (specs[i].kind == kind) {
            return &specs[i];
        }
    }
    return NULL;
}

static const char *number(char out[24], uint64_t value)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)value);
    return out;
}

_Bool envelope_read(struct bytes frame, struct envelope *ret, struct complaint *c)
{
    char a[24];
    char b[24];
    char d[24];
    if (frame.size > LIMIT_FRAME_BYTES) {
        return complain(c, ERROR_FRAME_OVERSIZED, number(a, frame.size),
                        number(b, LIMIT_FRAME_BYTES), NULL, NULL);
    }
    struct reader r = reader_of(frame);
    uint16_t magic = reader_u16(&r);
    uint8_t version = reader_u8(&r);
    (void)reader_u8(&r);
    uint16_t kind = reader_u16(&r);
    (void)reader_u16(&r);
    uint64_t sequence = reader_u64(&r);
    if (r.bad) {
        return complain(c, ERROR_FRAME_TRUNCATED, number(a, frame.size), NULL, NULL, NULL);
    }
    if (magic != 0x5047) {
        return complain(c, ERROR_FRAME_VERSION, "of another program",
                        number(b, PROTOCOL_VERSION_OLDEST), number(d, PROTOCOL_VERSION), NULL);
    }
    if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION) {
        return complain(c, ERROR_FRAME_VERSION, number(a, version),
                        number(b, PROTOCOL_VERSION_OLDEST), number(d, PROTOCOL_VERSION), NULL);
    }
    *ret = (struct envelope){
        .version = version,
        .kind = kind,
        .sequence = sequence,
        .body = {.data = frame.data + r.at, .size = frame.size - r.at}
    };
    return 1;
}

ProtobufCMessage *envelope_unpack(const struct envelope *envelope, struct complaint *c)
{
    char a[24];
    const struct message_spec *spec = find_spec(envelope->kind);
    if (spec == NULL) {
        (void)complain(c, ERROR_FRAME_KIND, number(a, envelope->kind), NULL, NULL, NULL);
        return NULL;
    }
    const char *word = precheck(envelope->body, spec->bounds);
    if (word != NULL) {
        (void)complain(c, ERROR_FRAME_BODY, number(a, envelope->kind), word, NULL, NULL);
        return NULL;
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(spec->descriptor, NULL, envelope->body.size, envelope->body.data);
    if (message == NULL) {
        (void)complain(c, ERROR_FRAME_BODY, number(a, envelope->kind), "its fields do not fit",
                       NULL, NULL);
    }
    return message;
}

static void write_head(uint8_t version, enum message_kind kind, uint64_t sequence, uint8_t *out)
{
    struct writer w = writer_of(out, ENVELOPE_SIZE);
    writer_u16(&w, 0x5047);
    writer_u8(&w, version);
    writer_u8(&w, 0);
    writer_u16(&w, (uint16_t)kind);
    writer_u16(&w, 0);
    writer_u64(&w, sequence);
    MUST(!w.bad && w.size == ENVELOPE_SIZE);
}

size_t envelope_write(uint8_t version, enum message_kind kind, uint64_t sequence,
                      const ProtobufCMessage *body, uint8_t *out, size_t capacity)
{
    size_t body_size = protobuf_c_message_get_packed_size(body);
    MUST(ENVELOPE_SIZE + body_size <= capacity && ENVELOPE_SIZE + body_size <= LIMIT_FRAME_BYTES);
    write_head(version, kind, sequence, out);
    (void)protobuf_c_message_pack(body, out + ENVELOPE_SIZE);
    return ENVELOPE_SIZE + body_size;
}

size_t envelope_wrap(uint8_t version, enum message_kind kind, uint64_t sequence, struct bytes body,
                     uint8_t *out, size_t capacity)
{
    MUST(ENVELOPE_SIZE + body.size <= capacity && ENVELOPE_SIZE + body.size <= LIMIT_FRAME_BYTES);
    write_head(version, kind, sequence, out);
    memcpy(out + ENVELOPE_SIZE, body.data, body.size);
    return ENVELOPE_SIZE + body.size;
}
