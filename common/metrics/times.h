/* times: how long something takes, counted in a few fixed buckets. A plain value, all zero: empty.
 */
#pragma once

#include "common/metrics/metric.h"

enum {
    METRIC_TIMES_FIRST = 8, /* powers of two: 256 us ... */
    METRIC_TIMES_LAST = 22, /* ... 4 s; what takes longer is behind the last */
    METRIC_TIMES_BUCKETS = METRIC_TIMES_LAST - METRIC_TIMES_FIRST + 1,
};

struct metric_times {
    uint64_t count, bucket[METRIC_TIMES_BUCKETS]; /* up to and including its bound */
    int64_t sum_us, longest_us;
};

/* Counts one; below zero counts as zero. */
void metric_times_add(struct metric_times *times, int64_t us);
void metric_times_put(const struct metric_out *out, enum metric metric,
                      const struct metric_times *times);
