/* device_states: what was last said about each device, so that only changes are said. Plain value.
 */
#pragma once

#include "reader-agent/driver/driver.h"

struct device_states {
    struct name names[LIMIT_HELPERS_PER_AGENT]; /* empty: free */
    enum device_state states[LIMIT_HELPERS_PER_AGENT];
    char words[LIMIT_HELPERS_PER_AGENT][HELPER_WORD_SIZE]; /* said with it; "" none */
};

/* Says it to the sink when it is news: another state, or another word of one that is up. */
void device_states_say(struct device_states *states, const struct driver_sink *sink,
                       struct name device, enum device_state state, const char *what);
/* The device is no longer configured. */
void device_states_forget(struct device_states *states, struct name device);
