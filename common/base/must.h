/* must: assertions that stay in release builds.
 *
 * For our own bugs only, never for input from a wire, disk, device or operator. A failed one
 * prints where and aborts; the launcher starts the program again, and exits stay free.
 */
#pragma once

#include <stddef.h>

/* Ends the process: `cond` was false at `file`:`line`. */
__attribute__((noreturn)) void must_fail(const char *cond, const char *file, int line);

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            must_fail(#cond, __FILE__, __LINE__);                                                  \
        }                                                                                          \
    } while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
