/* series: latencies of one run, each kept, so that quantiles are exact. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct series {
    size_t count, capacity;
    uint32_t *ns100; /* tenths of a microsecond, at most some seven minutes; owned */
};

/* Adds one; below zero counts as zero. */
void series_add(struct series *series, int64_t ns);
void series_clear(struct series *series);
void series_destroy(struct series *series);
/* Writes {"count":..,"p50_us":..,"p99_us":..,"p999_us":..,"max_us":..}; sorts the series. */
void series_print(struct series *series, FILE *out);
