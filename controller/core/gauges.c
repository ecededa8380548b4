#include "controller/core/gauges.h"

#include "common/base/must.h"
#include "schema/limits.h"

enum { EXACT = GAUGES_PER_OCTAVE, OCTAVE_BITS = 3, US_PER_MS = 1000 };

static size_t bucket_of(uint64_t us)
{
    if (us < EXACT) {
        return (size_t)us;
    }
    unsigned top = 63U - (unsigned)__builtin_clzll(us); /* us is in [2^top, 2^(top + 1)) */
    size_t part = (size_t)(us >> (top - OCTAVE_BITS)) - GAUGES_PER_OCTAVE;
    size_t bucket = (size_t)(top - OCTAVE_BITS + 1) * GAUGES_PER_OCTAVE + part;
    return bucket < GAUGES_BUCKETS ? bucket : GAUGES_BUCKETS - 1;
}

uint64_t gauges_bucket_end_us(size_t bucket)
{
    MUST(bucket < GAUGES_BUCKETS);
    if (bucket == GAUGES_BUCKETS - 1) {
        return UINT64_MAX;
    }
    if (bucket < EXACT) {
        return bucket + 1;
    }
    size_t octave = bucket / GAUGES_PER_OCTAVE - 1;
    uint64_t part = bucket % GAUGES_PER_OCTAVE;
    return (GAUGES_PER_OCTAVE + part + 1) << octave;
}

void gauges_add(struct gauges_times *times, int64_t us)
{
    uint64_t value = us < 0 ? 0 : (uint64_t)us;
    times->count++;
    times->sum_us += value;
    times->max_us = value > times->max_us ? value : times->max_us;
    times->bucket[bucket_of(value)]++;
}

uint64_t gauges_below(const struct gauges_times *times, uint64_t us)
{
    uint64_t below = 0;
    for (size_t i = 0; i < GAUGES_BUCKETS && gauges_bucket_end_us(i) <= us; i++) {
        below += times->bucket[i];
    }
    return below;
}

uint64_t gauges_quantile_us(const struct gauges_times *times, unsigned permille)
{
    MUST(permille >= 1 && permille <= 1000);
    /* The rank without an overflow: whole thousands, then the rest, rounded up. */
    uint64_t rank = times->count / 1000 * permille + (times->count % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;
    for (size_t i = 0; i < GAUGES_BUCKETS && rank > 0; i++) {
        seen += times->bucket[i];
        if (seen >= rank) {
            uint64_t end = gauges_bucket_end_us(i) - 1; /* whole microseconds */
            return end < times->max_us ? end : times->max_us;
        }
    }
    return 0;
}

struct gauges_times gauges_since(const struct gauges_times *after,
                                 const struct gauges_times *before)
{
    struct gauges_times since = {.count = after->count - before->count,
                                 .sum_us = after->sum_us - before->sum_us};
    for (size_t i = 0; i < GAUGES_BUCKETS; i++) {
        since.bucket[i] = after->bucket[i] - before->bucket[i];
        if (since.bucket[i] > 0) {
            since.max_us = gauges_bucket_end_us(i) - 1;
        }
    }
    since.max_us = since.max_us < after->max_us ? since.max_us : after->max_us;
    return since;
}

void gauges_input(struct gauges *gauges)
{
    gauges->turn_inputs++;
}

void gauges_rows(struct gauges *gauges, uint64_t rows)
{
    gauges->turn_rows += rows;
    gauges->rows += rows;
}

void gauges_commit(struct gauges *gauges, int64_t us)
{
    gauges_add(&gauges->commit, us);
    gauges->turn_commits_us += us;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void gauges_turn_end(struct gauges *gauges, int64_t us)
{
    int64_t work_us = us - gauges->turn_commits_us;
    gauges_add(&gauges->turn, us);
    gauges_add(&gauges->turn_work, work_us);
    gauges->turns_late += work_us > (int64_t)LIMIT_TURN_MS * US_PER_MS;
    gauges->turn_inputs_max = larger(gauges->turn_inputs_max, gauges->turn_inputs);
    gauges->turn_rows_max = larger(gauges->turn_rows_max, gauges->turn_rows);
    gauges->turn_inputs = 0;
    gauges->turn_rows = 0;
    gauges->turn_commits_us = 0;
}
