#include "reader-agent/core/device_clock.h"

static const int64_t agree_us = (int64_t)DEVICE_CLOCK_AGREE_MS * 1000;

/* Differences of more than a century are no measurement and are never added, so this cannot
 * overflow. */
static bool agree(int64_t a, int64_t b)
{
    int64_t apart = a > b ? a - b : b - a;
    return apart <= agree_us;
}

static int64_t newest(const struct device_clock *clock, size_t back)
{
    size_t at = (clock->next + DEVICE_CLOCK_SAMPLES - 1 - back) % DEVICE_CLOCK_SAMPLES;
    return clock->samples_us[at];
}

static int64_t median(const struct device_clock *clock)
{
    int64_t sorted[DEVICE_CLOCK_SAMPLES];
    for (size_t i = 0; i < clock->count; i++) {
        size_t at = i;
        while (at > 0 && sorted[at - 1] > newest(clock, i)) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = newest(clock, i);
    }
    return sorted[(clock->count - 1) / 2];
}

static size_t agreeing(const struct device_clock *clock, int64_t with, int64_t *ret_least)
{
    size_t count = 0;
    for (size_t i = 0; i < clock->count; i++) {
        int64_t sample = newest(clock, i);
        if (agree(sample, with)) {
            *ret_least = count == 0 || sample < *ret_least ? sample : *ret_least;
            count++;
        }
    }
    return count;
}

/* Do the newest three agree with each other and none of them with the median? */
static bool was_set(const struct device_clock *clock)
{
    if (clock->count <= DEVICE_CLOCK_ENOUGH) {
        return false;
    }
    int64_t middle = median(clock);
    for (size_t i = 0; i < DEVICE_CLOCK_ENOUGH; i++) {
        if (agree(newest(clock, i), middle) || !agree(newest(clock, i), newest(clock, 0))) {
            return false;
        }
    }
    return true;
}

static void put(struct device_clock *clock, int64_t sample_us)
{
    clock->samples_us[clock->next] = sample_us;
    clock->next = (clock->next + 1) % DEVICE_CLOCK_SAMPLES;
    if (clock->count < DEVICE_CLOCK_SAMPLES) {
        clock->count++;
    }
}

static void begin_anew(struct device_clock *clock)
{
    int64_t last[DEVICE_CLOCK_ENOUGH];
    for (size_t i = 0; i < DEVICE_CLOCK_ENOUGH; i++) {
        last[i] = newest(clock, DEVICE_CLOCK_ENOUGH - 1 - i);
    }
    *clock = (struct device_clock){0};
    for (size_t i = 0; i < DEVICE_CLOCK_ENOUGH; i++) {
        put(clock, last[i]);
    }
}

void device_clock_add(struct device_clock *clock, struct wall captured, struct wall received)
{
    const int64_t century_us = INT64_C(100) * 366 * 86400 * 1000000;
    int64_t sample_us = 0;
    if (captured.us == 0 || __builtin_sub_overflow(received.us, captured.us, &sample_us) ||
        sample_us > century_us || sample_us < -century_us) {
        return;
    }
    put(clock, sample_us);
    if (was_set(clock)) {
        begin_anew(clock);
    }
}

bool device_clock_offset(const struct device_clock *clock, int64_t *ret_offset_us)
{
    if (clock->count < DEVICE_CLOCK_ENOUGH) {
        return false;
    }
    int64_t least = 0;
    if (agreeing(clock, median(clock), &least) < DEVICE_CLOCK_ENOUGH) {
        return false;
    }
    *ret_offset_us = least;
    return true;
}
