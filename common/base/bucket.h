/* bucket: how often something may happen: `burst` times at once, and once in each `each_ms`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

/* All zeros: full. */
struct bucket {
    struct mono paid_to; /* what was taken is paid off then */
};

/* Takes one. False: there is none, nothing was taken. */
bool bucket_take(struct bucket *bucket, struct mono now, int64_t each_ms, uint32_t burst);
/* Would it be given? */
bool bucket_has(const struct bucket *bucket, struct mono now, int64_t each_ms, uint32_t burst);
/* Nothing was taken for long: it is as full as it gets. */
bool bucket_is_full(const struct bucket *bucket, struct mono now);
