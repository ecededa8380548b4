/* json_cut: JSON text while it streams, with its long strings left out.
 *
 * Devices put pictures (base64) into their JSON, megabytes of them. A string of more than
 * JSON_CUT_STRING_BYTES comes out as "" and nothing else changes, so that a parser still sees the
 * same fields; what never was JSON passes as it is. Nothing is held but the state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { JSON_CUT_STRING_BYTES = 2048 };

struct json_cut {
    bool in_string, escaped, cutting;
    size_t string_size; /* of the string so far, as it stands in the text */
    size_t cut;         /* bytes left out in all */
};

/* Takes a piece and appends what is kept behind the first `size` bytes of `out`, which holds at
 * most `room`. Returns the new size; what does not fit is dropped and *ret_full set (never
 * cleared). The begin of a string that turns out long is taken back out of `out`: give the same
 * `out` each time.
 */
size_t json_cut_feed(struct json_cut *cut, struct bytes piece, uint8_t *out, size_t size,
                     size_t room, bool *ret_full);
