/* metrics: what the programs show of themselves to a monitoring system, beside its bound. One
 * table, schema/metrics.c; docs/metrics.md says of each what it means and what to do near its
 * bound.
 *
 * No metric carries a person, vehicle, badge or plate, nor the name of a person's key: labels are
 * names of the park file and words of ours, and nothing else.
 *
 * Times are microseconds wherever they are numbers, and seconds in what leaves the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_GAUGE = 0, METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_TYPE_COUNT };
enum metric_unit { METRIC_PLAIN = 0, METRIC_SECONDS, METRIC_BYTES };

/* In the order in which they are shown. Names are what is stable, not these numbers. */
enum metric {
    /* of any daemon's process */
    METRIC_UPTIME,
    METRIC_OPEN_FDS,
    METRIC_ANONYMOUS,
    METRIC_CPU,
    METRIC_STORE_MAP,
    METRIC_STORE_USED,
    METRIC_STORE_FREE,
    METRIC_STORE_READERS,
    /* of the controller */
    METRIC_STORE_FULL,
    METRIC_STORE_ROWS,
    METRIC_JOURNAL,
    METRIC_COMMITS,
    METRIC_INPUTS,
    METRIC_BATCH_INPUTS,
    METRIC_TURN,
    METRIC_TURN_WORK,
    METRIC_TURN_WORK_LONGEST,
    METRIC_TURNS_LATE,
    METRIC_TURN_INPUTS,
    METRIC_TURN_ROWS,
    METRIC_BULK_ROWS,
    METRIC_INSIDE,
    METRIC_INSIDE_QUANTILE,
    METRIC_COMMIT,
    METRIC_COMMIT_QUANTILE,
    METRIC_FRAMES_REFUSED,
    METRIC_AGENTS,
    METRIC_WAITERS,
    METRIC_JOBS,
    METRIC_OPEN_FAULTS,
    METRIC_QUARANTINE,
    METRIC_NAMES,
    METRIC_FACE_PERSONS,
    METRIC_APPROVALS,
    METRIC_IMPORTS,
    METRIC_IMPORT_ROWS,
    METRIC_COPY_PARTS,
    METRIC_COPY_BYTES,
    METRIC_COPY_ROWS,
    METRIC_COPY_SNAPSHOTS,
    METRIC_COPY_DROPPED,
    METRIC_PARK_ROWS,
    METRIC_SCHEDULE_WINDOWS,
    METRIC_TENANT_ZONES,
    METRIC_ZONE_PERSONS,
    METRIC_ZONE_CROWD,
    METRIC_GATE_ONLINE,
    METRIC_GATE_SILENCE,
    METRIC_GATE_OFFSET,
    METRIC_GATE_OUTBOX,
    METRIC_GATE_COPY_LAG,
    METRIC_GATE_DEVICES,
    /* of a gate's box */
    METRIC_AGENT_LINK_UP,
    METRIC_AGENT_ALONE,
    METRIC_AGENT_SILENCE,
    METRIC_AGENT_MISSED_IN_ROW,
    METRIC_AGENT_MISSED,
    METRIC_AGENT_ANSWER,
    METRIC_AGENT_ANSWER_LONGEST,
    METRIC_AGENT_PRESENTATIONS,
    METRIC_AGENT_OUTBOX,
    METRIC_AGENT_IN_FLIGHT,
    METRIC_AGENT_QUARANTINE,
    METRIC_AGENT_LATE,
    METRIC_AGENT_ASIDE,
    METRIC_AGENT_ASIDE_BYTES,
    METRIC_AGENT_CONNECTIONS,
    METRIC_AGENT_DEVICE_UP,
    METRIC_AGENT_DEVICE_OFFSET,
    METRIC_COUNT,
};

struct metric_spec {
    const char *name; /* parkgate_..., ends in its unit; a counter in _total */
    enum metric_type type;
    enum metric_unit unit;
    int64_t limit; /* its bound; 0: none, or each of its rows brings its own */
    const char
        *bounds; /* with blanks: the names of schema/limits.h that it stands beside; "": none */
    const char *label; /* the names of its labels, with commas; "": none */
    const char *en, *zh;
};

/* METRIC_COUNT rows. */
const struct metric_spec *metric_table(void);
/* By name; NULL: none. A histogram is found by the names of its samples, too (_bucket, _sum,
 * _count). */
const struct metric_spec *metric_find(const char *name);

/* Bounds of schema/limits.h that no metric stands beside, each with the reason. */
struct metric_unshown {
    const char *bound, *why;
};
const struct metric_unshown *metric_unshown_table(size_t *ret_count);
