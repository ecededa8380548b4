/* gauges: what the controller measures of itself, as one plain value.
 *
 * Functional core: no clock, no heap; whoever measures hands times in. Soft state: no rule may read
 * it, and no journal or table knows it.
 *
 * A histogram counts microseconds in fixed buckets. The first eight are one microsecond wide, then
 * each power of two is cut into eight, so a quantile is at most an eighth too high. It never grows
 * and never forgets; who wants a window keeps a copy and takes the difference.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    GAUGES_PER_OCTAVE = 8,
    GAUGES_OCTAVES = 24, /* up to 2^26 us, a little over a minute; what is longer is in the last */
    GAUGES_BUCKETS = GAUGES_PER_OCTAVE * (GAUGES_OCTAVES + 1),
};

/* All zero: empty. */
struct gauges_times {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us;
    uint64_t bucket[GAUGES_BUCKETS];
};

/* Counts one time; below zero counts as zero. */
void gauges_add(struct gauges_times *times, int64_t us);

/* Bucket i holds the times below this and not below that of bucket i - 1 (0 before the first). The
 * last one holds everything longer, too: UINT64_MAX. */
uint64_t gauges_bucket_end_us(size_t bucket);

/* How many times were below `us`; exact where `us` is the end of a bucket, else up to the last
 * bucket that ends at or before it. For a Prometheus histogram with bounds of one's own choice,
 * powers of two are ends of buckets. */
uint64_t gauges_below(const struct gauges_times *times, uint64_t us);

/* The time that `permille` of all do not exceed: end of the bucket it lies in, at most max_us. 0
 * when there is none. permille 1 to 1000. */
uint64_t gauges_quantile_us(const struct gauges_times *times, unsigned permille);

/* What was counted since `before`, a copy of the same histogram. max_us is not known of a
 * difference: the end of the highest bucket, at most after->max_us. */
struct gauges_times gauges_since(const struct gauges_times *after,
                                 const struct gauges_times *before);

struct gauges {
    /* A verdict: from the frame in our hands to the verdict in the socket's. */
    struct gauges_times inside;
    /* A turn of the loop, wall time, from the wait's end to the end of the turn ... */
    struct gauges_times turn;
    /* ... and without its commits, which is what LIMIT_TURN_MS bounds. */
    struct gauges_times turn_work;
    /* One durable commit, two syncs of the disk. */
    struct gauges_times commit;
    uint64_t turns_late;      /* over LIMIT_TURN_MS without commits */
    uint64_t turn_inputs_max; /* frames worked off in one turn */
    uint64_t turn_rows_max;   /* rows of bulk work in one turn */
    uint64_t rows;            /* rows of bulk work so far */

    /* of the turn that runs; gauges_turn_end() clears them */
    uint64_t turn_inputs, turn_rows;
    int64_t turn_commits_us;
};

/* One more frame was worked off. */
void gauges_input(struct gauges *gauges);
/* So many rows of bulk work (an import's, a park file's) were worked off. */
void gauges_rows(struct gauges *gauges, uint64_t rows);
/* One commit took so long. */
void gauges_commit(struct gauges *gauges, int64_t us);
/* The turn took so long, its commits included. */
void gauges_turn_end(struct gauges *gauges, int64_t us);
