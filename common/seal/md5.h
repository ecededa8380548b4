/* md5: MD5 (RFC 1321), which HTTP digest asks for with peers that know nothing better.
 *
 * Never for anything of our own: two texts with the same MD5 are easily made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { SEAL_MD5_SIZE = 16, SEAL_MD5_TEXT_SIZE = 2 * SEAL_MD5_SIZE + 1 };

/* Lower-case hex of the MD5 of the texts, one behind the other with a colon between, as RFC 7616
 * puts them together. False: this OpenSSL has no MD5. */
bool seal_md5_of_texts(const char *const *texts, size_t count, char out[SEAL_MD5_TEXT_SIZE]);
