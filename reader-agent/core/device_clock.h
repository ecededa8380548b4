/* device_clock: how far a device's clock is off, measured from its own live posts.
 *
 * A sample is the time of receipt minus the device's capture time: its clock's error plus the delay
 * of that post. Delays only ever add, so the offset is the least of the samples that agree with the
 * median of the last DEVICE_CLOCK_SAMPLES. It is unknown until three agree within
 * DEVICE_CLOCK_AGREE_MS.
 *
 * One delayed post is an outlier and stays stale. Three in a row that agree with each other and not
 * with the rest show that the clock was set: the measurement begins anew with them, so that a clock
 * that somebody corrects does not shut an exit for long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

enum { DEVICE_CLOCK_SAMPLES = 16, DEVICE_CLOCK_ENOUGH = 3, DEVICE_CLOCK_AGREE_MS = 2000 };

struct device_clock {
    int64_t samples_us[DEVICE_CLOCK_SAMPLES]; /* the newest at next - 1 */
    size_t count;
    size_t next;
};

/* Takes a live post. `captured` without a time (us 0) is no sample. */
void device_clock_add(struct device_clock *clock, struct wall captured, struct wall received);
/* What must be added to the device's time to get ours. False: not known. */
bool device_clock_offset(const struct device_clock *clock, int64_t *ret_offset_us);
