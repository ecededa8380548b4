/* entropy: random bytes, behind one small interface so that a simulation can seed them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct entropy {
    void (*fill)(void *ctx, uint8_t *out, size_t size);
    void *ctx;
};

/* getrandom(2), which is fit for keys. A failing call aborts: no key is ever made without it. */
const struct entropy *entropy_system(void);

static inline void entropy_fill(const struct entropy *entropy, uint8_t *out, size_t size)
{
    entropy->fill(entropy->ctx, out, size);
}
