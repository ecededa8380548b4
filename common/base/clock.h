/* clock: wall time and monotonic time as distinct types, and where they come from.
 *
 * The core gets times as values. Only the shell (main.c, the loop) reads a struct clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z. Labels and passage order; may jump. */
struct wall {
    int64_t us;
};

/* Microseconds since some start. Deadlines and back-off; never jumps, never a date. */
struct mono {
    int64_t us;
};

static inline bool wall_before(struct wall a, struct wall b)
{
    return a.us < b.us;
}

static inline bool mono_before(struct mono a, struct mono b)
{
    return a.us < b.us;
}

static inline struct mono mono_after_ms(struct mono from, int64_t ms)
{
    return (struct mono){.us = from.us + ms * 1000};
}

/* One small interface, so that a simulation can stand in its place. */
struct clock {
    struct wall (*wall)(void *ctx);
    struct mono (*mono)(void *ctx);
    void *ctx;
};

/* The system's CLOCK_REALTIME and CLOCK_MONOTONIC. The value is static and never freed. */
const struct clock *clock_system(void);
