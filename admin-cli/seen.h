/* seen: which texts stood in a file before, and in which line. */
#pragma once

#include <stddef.h>

/* Zero-initialised: empty. */
struct seen {
    struct seen_slot *slots;
    size_t count, capacity;
};

/* 0: new, remembered with `line`. Else the line it stood in. The text is copied. */
unsigned seen_before(struct seen *seen, const char *text, unsigned line);
void seen_destroy(struct seen *seen);
