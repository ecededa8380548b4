/* process: what a daemon's process uses of its machine (read from /proc), and its stores. */
#pragma once

#include <stdint.h>

#include "common/base/err.h"
#include "common/metrics/metric.h"

struct process_figures {
    int64_t open_fds, fd_limit;
    int64_t anonymous_bytes; /* RssAnon */
    int64_t cpu_us;          /* user and system */
};

/* Costs some tens of microseconds and one system call an open descriptor or so: not in every turn.
 * ERR_IO: /proc is not there; *ret is then untouched. */
MUST_CHECK enum err process_figures_read(struct process_figures *ret, struct fault *fault);

/* Puts them, METRIC_UPTIME to METRIC_CPU. */
void process_figures_put(const struct metric_out *out, const struct process_figures *figures,
                         int64_t uptime_us);

/* One store, as its owner read it (store_stats_of, store_disk_free). */
struct store_figures {
    const char *name;
    int64_t map_bytes, map_limit, used_bytes, free_bytes;
    int64_t readers, readers_limit;
};

/* Puts those of all stores, METRIC_STORE_MAP to METRIC_STORE_READERS. */
void store_figures_put(const struct metric_out *out, const struct store_figures *stores,
                       size_t count);
