/* base64: RFC 4648 text back to bytes, for devices that send a text this way. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The alphabet of section 4; padding may be missing, nothing else may stand in it. False: not that,
 * or over `room` bytes; `out` is then undefined. */
bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *ret_size);
