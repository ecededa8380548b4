#include "common/metrics/times.h"

void metric_times_add(struct metric_times *times, int64_t us)
{
    int64_t taken = us < 0 ? 0 : us;
    times->count++;
    times->sum_us += taken;
    times->longest_us = taken > times->longest_us ? taken : times->longest_us;
    for (unsigned i = 0; i < METRIC_TIMES_BUCKETS; i++) {
        times->bucket[i] += taken <= INT64_C(1) << (METRIC_TIMES_FIRST + i);
    }
}

void metric_times_put(const struct metric_out *out, enum metric metric,
                      const struct metric_times *times)
{
    struct metric_bucket buckets[METRIC_TIMES_BUCKETS];
    for (unsigned i = 0; i < METRIC_TIMES_BUCKETS; i++) {
        buckets[i] = (struct metric_bucket){.bound = INT64_C(1) << (METRIC_TIMES_FIRST + i),
                                            .count = times->bucket[i]};
    }
    metric_put_histogram(out, metric, buckets, METRIC_TIMES_BUCKETS, times->count, times->sum_us);
}
