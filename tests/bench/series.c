#include "tests/bench/series.h"

#include <stdlib.h>

#include "common/base/must.h"

void series_add(struct series *series, int64_t ns)
{
    if (series->count == series->capacity) {
        series->capacity = series->capacity == 0 ? 1 << 16 : 2 * series->capacity;
        series->ns100 = realloc(series->ns100, series->capacity * sizeof(*series->ns100));
        MUST(series->ns100 != NULL);
    }
    int64_t units = ns < 0 ? 0 : ns / 100;
    series->ns100[series->count++] = units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

void series_clear(struct series *series)
{
    series->count = 0;
}

void series_destroy(struct series *series)
{
    free(series->ns100);
    *series = (struct series){0};
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The smallest value that `permille` of all do not exceed, in microseconds. */
static double quantile_us(const struct series *series, size_t permille)
{
    size_t rank = (series->count * permille + 999) / 1000;
    return rank == 0 ? 0.0 : series->ns100[rank - 1] / 10.0;
}

void series_print(struct series *series, FILE *out)
{
    if (series->count > 0) {
        qsort(series->ns100, series->count, sizeof(*series->ns100), by_size);
    }
    (void)fprintf(out,
                  "{\"count\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
                  "\"max_us\":%.1f}",
                  series->count, quantile_us(series, 500), quantile_us(series, 990),
                  quantile_us(series, 999), quantile_us(series, 1000));
}
