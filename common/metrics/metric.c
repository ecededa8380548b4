#include "common/metrics/metric.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

/* One character of a label's value, as Prometheus has it. */
static const char *escaped(const char *at, char one[2])
{
    switch (*at) {
    case '\\':
        return "\\\\";
    case '"':
        return "\\\"";
    case '\n':
        return "\\n";
    default:
        one[0] = *at;
        one[1] = '\0';
        return one;
    }
}

void metric_label(char labels[METRIC_LABELS_SIZE], const char *name, const char *value)
{
    size_t used = strlen(labels);
    char one[2];
    used += (size_t)snprintf(labels + used, METRIC_LABELS_SIZE - used, "%s%s=\"",
                             used > 0 ? "," : "", name);
    MUST(used + 2 < METRIC_LABELS_SIZE);
    for (const char *at = value; *at != '\0'; at++) {
        const char *text = escaped(at, one);
        size_t size = strlen(text);
        if (used + size + 2 > METRIC_LABELS_SIZE - 1) {
            break;
        }
        memcpy(labels + used, text, size);
        used += size;
    }
    labels[used] = '"';
    labels[used + 1] = '\0';
}

void metric_value_text(enum metric_unit unit, int64_t value, char out[METRIC_VALUE_SIZE])
{
    if (unit != METRIC_SECONDS) {
        (void)snprintf(out, METRIC_VALUE_SIZE, "%lld", (long long)value);
        return;
    }
    uint64_t us = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int used = snprintf(out, METRIC_VALUE_SIZE, "%s%llu.%06llu", value < 0 ? "-" : "",
                        (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
    while (out[used - 1] == '0') {
        out[--used] = '\0';
    }
    if (out[used - 1] == '.') {
        out[used - 1] = '\0';
    }
}

void metric_put_bound(const struct metric_out *out, enum metric metric, const char *labels,
                      int64_t value, int64_t limit)
{
    const struct metric_spec *spec = &metric_table()[metric];
    char text[METRIC_VALUE_SIZE];
    char bound[METRIC_VALUE_SIZE] = "";
    metric_value_text(spec->unit, value, text);
    if (limit != 0) {
        metric_value_text(spec->unit, limit, bound);
    }
    out->sample(out->ctx, spec->name, labels, text, bound);
}

void metric_put(const struct metric_out *out, enum metric metric, const char *labels, int64_t value)
{
    metric_put_bound(out, metric, labels, value, metric_table()[metric].limit);
}

static void put_bucket(const struct metric_out *out, const struct metric_spec *spec,
                       const char *bound, uint64_t count)
{
    char name[METRIC_NAME_SIZE];
    char labels[METRIC_LABELS_SIZE] = "";
    char text[METRIC_VALUE_SIZE];
    (void)snprintf(name, sizeof(name), "%s_bucket", spec->name);
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
    metric_label(labels, "le", bound);
    out->sample(out->ctx, name, labels, text, "");
}

void metric_put_histogram(const struct metric_out *out, enum metric metric,
                          const struct metric_bucket *buckets, size_t bucket_count, uint64_t count,
                          int64_t sum)
{
    const struct metric_spec *spec = &metric_table()[metric];
    char name[METRIC_NAME_SIZE];
    char text[METRIC_VALUE_SIZE];
    MUST(spec->type == METRIC_HISTOGRAM);
    for (size_t i = 0; i < bucket_count; i++) {
        metric_value_text(spec->unit, buckets[i].bound, text);
        put_bucket(out, spec, text, buckets[i].count);
    }
    put_bucket(out, spec, "+Inf", count);
    (void)snprintf(name, sizeof(name), "%s_sum", spec->name);
    metric_value_text(spec->unit, sum, text);
    out->sample(out->ctx, name, "", text, "");
    (void)snprintf(name, sizeof(name), "%s_count", spec->name);
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
    out->sample(out->ctx, name, "", text, "");
}
