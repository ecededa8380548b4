/* watch_open: what an entry of the watch list says, opened with its own key. */
#pragma once

#include "controller/app/controller.h"
#include "schema/watch.pb-c.h"

/* As it was signed. ERR_NOT_FOUND: there is no such entry, or its key is destroyed. Free with
 * parkgate__watch_entry__free_unpacked(). */
MUST_CHECK enum err watch_open(struct controller *ctl, struct handle entry,
                               Parkgate__WatchEntry **ret, struct fault *fault);
