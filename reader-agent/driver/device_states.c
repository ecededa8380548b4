#include "reader-agent/driver/device_states.h"

#include <stdio.h>
#include <string.h>

/* Its place, a free one, or LIMIT_HELPERS_PER_AGENT. */
static size_t place_of(const struct device_states *states, struct name device)
{
    size_t free_place = LIMIT_HELPERS_PER_AGENT;
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        if (name_equal(states->names[i], device)) {
            return i;
        }
        if (states->names[i].text[0] == '\0' && free_place == LIMIT_HELPERS_PER_AGENT) {
            free_place = i;
        }
    }
    return free_place;
}

void device_states_say(struct device_states *states, const struct driver_sink *sink,
                       struct name device, enum device_state state, const char *what)
{
    size_t place = place_of(states, device);
    if (place == LIMIT_HELPERS_PER_AGENT) {
        sink->state(sink->ctx, device, state, what);
        return;
    }
    bool known = name_equal(states->names[place], device);
    bool is_news = !known || states->states[place] != state ||
                   (state == DEVICE_UP && what[0] != '\0' && strcmp(states->words[place], what) != 0);
    states->names[place] = device;
    states->states[place] = state;
    (void)snprintf(states->words[place], sizeof(states->words[place]), "%s", what);
    if (is_news) {
        sink->state(sink->ctx, device, state, what);
    }
}

void device_states_forget(struct device_states *states, struct name device)
{
    size_t place = place_of(states, device);
    if (place < LIMIT_HELPERS_PER_AGENT) {
        states->names[place] = (struct name){.text = ""};
    }
}
