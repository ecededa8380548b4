#include "common/base/clock.h"

#include <time.h>

#include "common/base/must.h"

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    MUST(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct wall system_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){.us = read_us(CLOCK_REALTIME)};
}

static struct mono system_mono(void *ctx)
{
    (void)ctx;
    return (struct mono){.us = read_us(CLOCK_MONOTONIC)};
}

const struct clock *clock_system(void)
{
    static const struct clock system = {.wall = system_wall, .mono = system_mono, .ctx = NULL};
    return &system;
}
