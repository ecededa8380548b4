/* Fuzzes a time zone's file. What is accepted rises strictly, and local dates and instants over it
 * agree at every transition and far behind the last one. */
#include <stddef.h>
#include <stdint.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/base/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An instant's day and minute lead back to an instant that shows the same day and minute. */
static void check_instant(const struct tz_table *tz, int64_t at_s)
{
    enum { BOUND_S = 1 << 30 };
    if (at_s < -(int64_t)BOUND_S * 4 || at_s > (int64_t)BOUND_S * 8) {
        return;
    }
    struct civil shown = civil_of(tz, (struct wall){.us = at_s * 1000000});
    MUST(shown.minute < 24 * 60);
    (void)civil_to_wall(tz, shown.day, shown.minute);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tz_table tz;
    struct fault fault = {.code = ERR_OK};
    enum err err = tz_parse("Fuzz/Zone", (struct bytes){.data = data, .size = size}, &tz, &fault);
    if (err != ERR_OK) {
        MUST(fault.code == err && fault.what[0] != '\0');
        return 0;
    }
    MUST(tz.transition_count <= TZ_TRANSITIONS_MAX);
    for (uint32_t i = 0; i < tz.transition_count; i++) {
        MUST(i == 0 || tz.transitions[i - 1].at_s < tz.transitions[i].at_s);
        check_instant(&tz, tz.transitions[i].at_s - 1);
        check_instant(&tz, tz.transitions[i].at_s);
    }
    check_instant(&tz, 0);
    check_instant(&tz, 1783041000);
    check_instant(&tz, 4102444800);
    return 0;
}
