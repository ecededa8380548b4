/* metric: figures on their way out, each with its name, labels and bound as text.
 *
 * Who has figures calls metric_put...(); where they go (a page in Prometheus' format, the rows of a
 * reply) is a struct metric_out. All rows of one metric are put one behind the other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "schema/metrics.h"

enum { METRIC_LABELS_SIZE = 160, METRIC_VALUE_SIZE = 32, METRIC_NAME_SIZE = 96 };

struct metric_out {
    /* One sample. `name` is that of the registry, or of a histogram's sample; labels as Prometheus
     * writes them between braces ("" none); `limit` "": none. All borrowed for the call. */
    void (*sample)(void *ctx, const char *name, const char *labels, const char *value,
                   const char *limit);
    void *ctx;
};

/* Appends name="value" to `labels`, which begins as "". A value that does not fit is cut. */
void metric_label(char labels[METRIC_LABELS_SIZE], const char *name, const char *value);

/* A value as text: seconds from microseconds, 1500000 as "1.5". */
void metric_value_text(enum metric_unit unit, int64_t value, char out[METRIC_VALUE_SIZE]);

/* With the metric's own bound. */
void metric_put(const struct metric_out *out, enum metric metric, const char *labels,
                int64_t value);
/* With the bound of this row; 0: none. */
void metric_put_bound(const struct metric_out *out, enum metric metric, const char *labels,
                      int64_t value, int64_t limit);

/* A histogram: counts up to and including each bound, ascending. */
struct metric_bucket {
    int64_t bound; /* in the metric's unit */
    uint64_t count;
};
void metric_put_histogram(const struct metric_out *out, enum metric metric,
                          const struct metric_bucket *buckets, size_t bucket_count, uint64_t count,
                          int64_t sum);
