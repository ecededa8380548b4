#include "schema/precheck.h"

static bool skip_varint(struct reader *r, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = reader_u8(r);
        if (r->bad) {
            return false;
        }
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_RUN = 2, WIRE_32 = 5 };

/* One packed array holds at most as many elements as it has bytes; they count, too. */
static const char *check_field(struct reader *r, struct message_bounds bounds)
{
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!skip_varint(r, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911) {
        return "a field number is broken";
    }
    switch (tag & 7) {
    case WIRE_VARINT:
        return skip_varint(r, &value) ? NULL : "a number is cut off";
    case WIRE_64:
        (void)reader_bytes(r, 8);
        return r->bad ? "a number is cut off" : NULL;
    case WIRE_32:
        (void)reader_bytes(r, 4);
        return r->bad ? "a number is cut off" : NULL;
    case WIRE_RUN:
        if (!skip_varint(r, &value)) {
            return "a length is cut off";
        }
        if (value > bounds.field_bytes) {
            return "a field is too long";
        }
        (void)reader_bytes(r, (size_t)value);
        return r->bad ? "a field is cut off" : NULL;
    default:
        return "a field has an unknown wire type";
    }
}

const char *precheck(struct bytes body, struct message_bounds bounds)
{
    struct reader r = reader_of(body);
    uint32_t elements = 0;
    while (r.at < r.in.size) {
        const char *word = check_field(&r, bounds);
        if (word != NULL) {
            return word;
        }
        if (++elements > bounds.elements) {
            return "too many elements";
        }
    }
    return NULL;
}
