#include "controller/app/metrics.h"

#include <string.h>

#include "common/base/launcher.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/copies.h"
#include "controller/app/metrics_park.h"
#include "controller/app/waiters.h"
#include "controller/journal/journal.h"
#include "controller/net/ports.h"
#include "controller/store/face_store.h"
#include "controller/store/hidden_store.h"

enum { KEYS_LOOKED_AT = 1024, IMPORTS_LOOKED_AT = 64, APPROVALS_NEWEST = 256 };

/* --- the process and its stores --- */

static enum err store_figures_of(const struct store *store, const char *name,
                                 struct store_figures *ret, struct fault *fault)
{
    struct store_stats stats;
    uint64_t room = 0;
    store_stats_of(store, &stats);
    TRY(store_disk_free(store, &room, fault));
    *ret = (struct store_figures){
        .name = name,
        .map_bytes = (int64_t)stats.map_size,
        .map_limit = (int64_t)STORE_MAP_MAX,
        .used_bytes = (int64_t)stats.used_bytes,
        .free_bytes = room > INT64_MAX ? INT64_MAX : (int64_t)room,
        .readers = stats.readers,
        .readers_limit = stats.readers_max,
    };
    return ERR_OK;
}

static enum err put_process(struct controller *ctl, struct store_txn *txn,
                            const struct metric_out *out, struct fault *fault)
{
    struct store_figures stores[2];
    (void)txn;
    process_figures_put(out, &ctl->process, ctl->mono.us - ctl->started.us);
    TRY(store_figures_of(ctl->store, "store", &stores[0], fault));
    TRY(store_figures_of(ctl->keys, "keys", &stores[1], fault));
    store_figures_put(out, stores, ARRAY_LEN(stores));
    metric_put(out, METRIC_STORE_FULL, "", ctl->store_full);
    return ERR_OK;
}

/* Whoever counts these rows while he stands at a lane would learn whether he is looked for. */
static const enum table about_hits[] = {
    TABLE_ALERT,
    TABLE_ALERT_STEP,
    TABLE_ALERT_FOLD,
    TABLE_ALERT_OPEN,
    TABLE_ALERT_DUE,
    TABLE_ALERT_NEWS,
    TABLE_ALERT_SUM,
    TABLE_ALERT_LABEL,
    TABLE_WATCH_HIT,
    TABLE_WATCH_DAY,
    TABLE_WATCH_TOLD,
    TABLE_CANDIDATE,
    TABLE_CANDIDATE_AT,
    TABLE_CANDIDATE_LEAD,
    TABLE_CANDIDATE_DUE,
    TABLE_HIDDEN,
    TABLE_DISPOSITION_NOTICE,
    TABLE_DISPOSITION_DUE,
    TABLE_DISPOSITION_DUE_OF,
    TABLE_WATCH_NEAR,
};

static bool is_about_hits(size_t table)
{
    for (size_t i = 0; i < ARRAY_LEN(about_hits); i++) {
        if (about_hits[i] == table) {
            return true;
        }
    }
    return false;
}

/* Entries of the journal, but for those that tell of hits. */
static enum err shown_entries(struct store_txn *txn, uint64_t *ret, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(txn, &head, fault));
    return hidden_shown(txn, head.sequence, ret, fault);
}

static enum err put_tables(struct controller *ctl, struct store_txn *txn,
                           const struct metric_out *out, struct fault *fault)
{
    uint64_t shown = 0;
    TRY(shown_entries(txn, &shown, fault));
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (is_about_hits(i)) {
            continue;
        }
        uint64_t rows = 0;
        char labels[METRIC_LABELS_SIZE] = "";
        TRY(store_count(txn, i, &rows, fault));
        rows = i == TABLE_JOURNAL ? shown : rows;
        metric_label(labels, "table", table_names[i]);
        metric_put(out, METRIC_STORE_ROWS, labels, (int64_t)rows);
    }
    metric_put(out, METRIC_JOURNAL, "", (int64_t)shown);
    metric_put(out, METRIC_COMMITS, "", (int64_t)ctl->commits);
    metric_put(out, METRIC_INPUTS, "", (int64_t)ctl->inputs);
    metric_put(out, METRIC_BATCH_INPUTS, "", (int64_t)ctl->batch_inputs_most);
    return ERR_OK;
}

/* --- time --- */

static void put_times(const struct metric_out *out, enum metric metric,
                      const struct gauges_times *times)
{
    enum { FIRST = 6, LAST = 21 }; /* powers of two: 64 us to 2 s, ends of the counted buckets */
    struct metric_bucket buckets[LAST - FIRST + 1];
    for (unsigned i = FIRST; i <= LAST; i++) {
        uint64_t bound = UINT64_C(1) << i;
        /* whole microseconds below the bound: the part that was cut off makes them "up to" it */
        buckets[i - FIRST] =
            (struct metric_bucket){.bound = (int64_t)bound, .count = gauges_below(times, bound)};
    }
    metric_put_histogram(out, metric, buckets, ARRAY_LEN(buckets), times->count,
                         (int64_t)times->sum_us);
}

static void put_quantiles(const struct metric_out *out, enum metric metric,
                          const struct gauges_times *times)
{
    static const struct {
        unsigned permille;
        const char *text;
    } quantiles[] = {
        {500, "0.5" },
        {990, "0.99"},
    };
    for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
        char labels[METRIC_LABELS_SIZE] = "";
        metric_label(labels, "quantile", quantiles[i].text);
        metric_put(out, metric, labels, (int64_t)gauges_quantile_us(times, quantiles[i].permille));
    }
}

static enum err put_turns(struct controller *ctl, struct store_txn *txn,
                          const struct metric_out *out, struct fault *fault)
{
    const struct gauges *g = &ctl->gauges;
    (void)txn;
    (void)fault;
    put_times(out, METRIC_TURN, &g->turn);
    put_times(out, METRIC_TURN_WORK, &g->turn_work);
    metric_put(out, METRIC_TURN_WORK_LONGEST, "", (int64_t)g->turn_work.max_us);
    metric_put(out, METRIC_TURNS_LATE, "", (int64_t)g->turns_late);
    metric_put_bound(out, METRIC_TURN_INPUTS, "", (int64_t)g->turn_inputs_max,
                     PORTS_COUNT * PORTS_FRAMES_A_TURN);
    metric_put(out, METRIC_TURN_ROWS, "", (int64_t)g->turn_rows_max);
    metric_put(out, METRIC_BULK_ROWS, "", (int64_t)g->rows);
    put_times(out, METRIC_INSIDE, &g->inside);
    put_quantiles(out, METRIC_INSIDE_QUANTILE, &g->inside);
    put_times(out, METRIC_COMMIT, &g->commit);
    put_quantiles(out, METRIC_COMMIT_QUANTILE, &g->commit);
    return ERR_OK;
}

/* --- people who ask, and what they began --- */

static enum err names_of_key(struct store_txn *txn, struct bytes key_name, int32_t day,
                             uint32_t *ret_names, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_bytes(&key, key_name); /* as TABLE_KEY_NAME has it: a text with its end */
    keybuf_u32(&key, (uint32_t)day);
    *ret_names = 0;
    enum err err = store_get_message(txn, TABLE_LOOKUP, keybuf_view(&key),
                                     &parkgate__lookup_sum__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret_names = ((Parkgate__LookupSum *)(void *)message)->names;
    store_message_destroy(&message);
    return ERR_OK;
}

/* The key's name is a person's: only the figure is shown. */
static enum err most_names(struct controller *ctl, struct store_txn *txn, int64_t *ret_most,
                           struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    int32_t today = controller_today(ctl);
    enum err err;
    *ret_most = 0;
    TRY(store_iter_prefix(txn, TABLE_KEY_NAME, (struct bytes){0}, KEYS_LOOKED_AT, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint32_t names = 0;
        TRY(names_of_key(txn, key, today, &names, fault));
        *ret_most = names > *ret_most ? names : *ret_most;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct imports {
    int64_t open, rows;
};

/* Of the newest ones: an open one is among them, or nobody goes on with it. */
static enum err look_at_imports(struct store_txn *txn, struct imports *ret, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    enum err err;
    *ret = (struct imports){0};
    TRY(store_iter_range_back(txn, TABLE_STAGE, (struct bytes){0}, (struct bytes){0},
                              IMPORTS_LOOKED_AT, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__stage_record__descriptor, &message, fault));
        const Parkgate__StageRecord *stage = (void *)message;
        if (stage->state == STAGE_OPEN) {
            ret->open++;
            ret->rows = stage->rows > ret->rows ? stage->rows : ret->rows;
        }
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Of the newest ones, as above. */
static enum err approvals_waiting(struct controller *ctl, struct store_txn *txn,
                                  int64_t *ret_waiting, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    enum err err;
    *ret_waiting = 0;
    TRY(store_iter_range_back(txn, TABLE_APPROVAL, (struct bytes){0}, (struct bytes){0},
                              APPROVALS_NEWEST, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__approval_record__descriptor, &message,
                                 fault));
        const Parkgate__ApprovalRecord *record = (void *)message;
        *ret_waiting += record->state == APPROVAL_WAITING && ctl->now.us < record->expires_us;
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err face_persons(struct store_txn *txn, int64_t *ret_now, struct fault *fault)
{
    Parkgate__FaceCountRecord *count = NULL;
    TRY(face_count_get(txn, &count, fault));
    *ret_now = (int64_t)count->now;
    parkgate__face_count_record__free_unpacked(count, NULL);
    return ERR_OK;
}

static int64_t sessions_used(const struct controller *ctl)
{
    int64_t used = 0;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        used += ctl->sessions.items[i].used;
    }
    return used;
}

static void put_copies(const struct controller *ctl, const struct metric_out *out)
{
    struct copies_figures figures = copies_figures_of(ctl);
    metric_put(out, METRIC_COPY_PARTS, "", (int64_t)figures.parts);
    metric_put(out, METRIC_COPY_BYTES, "", (int64_t)figures.bytes);
    metric_put(out, METRIC_COPY_ROWS, "", (int64_t)figures.rows);
    metric_put(out, METRIC_COPY_SNAPSHOTS, "", (int64_t)figures.snapshots);
    metric_put(out, METRIC_COPY_DROPPED, "", (int64_t)figures.dropped);
}

static enum err put_talk(struct controller *ctl, struct store_txn *txn,
                         const struct metric_out *out, struct fault *fault)
{
    uint64_t faults = 0;
    uint64_t quarantine = 0;
    int64_t names = 0;
    int64_t approvals = 0;
    int64_t faces = 0;
    struct imports imports;
    struct waiters_load load = waiters_load_of(ctl->waiters);
    TRY(store_count(txn, TABLE_FAULT, &faults, fault));
    TRY(store_count(txn, TABLE_QUARANTINE, &quarantine, fault));
    TRY(most_names(ctl, txn, &names, fault));
    TRY(approvals_waiting(ctl, txn, &approvals, fault));
    TRY(face_persons(txn, &faces, fault));
    TRY(look_at_imports(txn, &imports, fault));
    metric_put(out, METRIC_FRAMES_REFUSED, "", (int64_t)ctl->frames_refused);
    metric_put(out, METRIC_AGENTS, "", sessions_used(ctl));
    metric_put(out, METRIC_WAITERS, "", (int64_t)load.waiting);
    metric_put_bound(out, METRIC_JOBS, "", (int64_t)load.jobs, LAUNCHER_JOBS_MAX);
    metric_put(out, METRIC_OPEN_FAULTS, "", (int64_t)faults);
    metric_put(out, METRIC_QUARANTINE, "", (int64_t)quarantine);
    metric_put(out, METRIC_NAMES, "", names);
    metric_put(out, METRIC_FACE_PERSONS, "", faces);
    metric_put(out, METRIC_APPROVALS, "", approvals);
    metric_put(out, METRIC_IMPORTS, "", imports.open);
    metric_put(out, METRIC_IMPORT_ROWS, "", imports.rows);
    put_copies(ctl, out);
    return ERR_OK;
}

/* --- all --- */

typedef enum err metric_group(struct controller *ctl, struct store_txn *txn,
                              const struct metric_out *out, struct fault *fault);

/* In the order of the registry, so that the samples of a metric stand together. */
static metric_group *const groups[] = {
    put_process,
    put_tables,
    put_turns,
    put_talk,
    metrics_park_rows,
    metrics_zones,
    metrics_crowds,
    metrics_gates_heard,
    metrics_gates_outbox,
    metrics_gates_devices,
};

size_t metrics_group_count(void)
{
    return ARRAY_LEN(groups);
}

enum err metrics_group(struct controller *ctl, struct store_txn *txn, size_t group,
                       const struct metric_out *out, struct fault *fault)
{
    MUST(group < ARRAY_LEN(groups));
    return groups[group](ctl, txn, out, fault);
}

enum err metrics_all(struct controller *ctl, const struct metric_out *out, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        TRY(groups[i](ctl, txn, out, fault));
    }
    return ERR_OK;
}
