/* crc32: CRC-32 as in ISO 3309 and zlib (polynomial 0xEDB88320, reflected). Finds damage, not
 * forgery. */
#pragma once

#include <stdint.h>

#include "common/base/bytes.h"

/* Continues `crc` (0 to begin) over `data`. */
uint32_t crc32_add(uint32_t crc, struct bytes data);
