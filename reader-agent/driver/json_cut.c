#include "reader-agent/driver/json_cut.h"

/* The byte belongs to the string that is open. False: it ended it. */
static bool in_string(struct json_cut *cut, uint8_t byte)
{
    if (cut->escaped) {
        cut->escaped = false;
    } else if (byte == '\\') {
        cut->escaped = true;
    } else if (byte == '"') {
        return false;
    }
    return true;
}

size_t json_cut_feed(struct json_cut *cut, struct bytes piece, uint8_t *out, size_t size,
                     size_t room, bool *ret_full)
{
    for (size_t i = 0; i < piece.size; i++) {
        uint8_t byte = piece.data[i];
        if (!cut->in_string) {
            cut->in_string = byte == '"';
            cut->string_size = 0;
            cut->cutting = false;
        } else if (!in_string(cut, byte)) {
            cut->in_string = false;
        } else if (cut->cutting) {
            cut->cut++;
            continue;
        } else if (++cut->string_size > JSON_CUT_STRING_BYTES && !*ret_full) {
            size -= cut->string_size - 1; /* all of it so far; its quote stays */
            cut->cut += cut->string_size;
            cut->cutting = true;
            continue;
        }
        if (size == room) {
            *ret_full = true;
        } else if (!*ret_full) {
            out[size++] = byte;
        }
    }
    return size;
}
