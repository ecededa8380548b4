/* utf8: code points of foreign text, strictly, and the folding of full-width forms. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { UTF8_POINT_MAX = 4 }; /* bytes of one code point */

/* Reads the code point at *at and moves *at behind it. False at the end and at anything that is not
 * well-formed UTF-8 (overlong forms, surrogates, above U+10FFFF, cut short); *at then stays. */
bool utf8_next(struct bytes text, size_t *at, uint32_t *ret_point);

/* Writes `point` (a valid one) and returns its number of bytes, 1 to UTF8_POINT_MAX. */
size_t utf8_put(uint32_t point, char out[UTF8_POINT_MAX]);

/* Full-width ASCII (U+FF01 to U+FF5E) to ASCII; the blanks of Unicode and the tab to U+0020; all
 * others stay. This is the part of NFKC that keyed or printed numbers meet. */
uint32_t utf8_fold_width(uint32_t point);
