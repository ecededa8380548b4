#include "controller/app/metrics_park.h"

#include "common/base/must.h"
#include "common/facts/lane_store.h"
#include "common/facts/zone_store.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"

/* --- the park file --- */

struct park_row {
    const char *kind;
    size_t count;
    int64_t limit;
};

/* Largest of an array's figures: what comes nearest to a bound that each has. */
static int64_t most_windows(const struct park *park)
{
    int64_t most = 0;
    for (size_t i = 0; i < park->schedule_count; i++) {
        int64_t count = park->schedules[i].weekly.window_count;
        most = count > most ? count : most;
    }
    return most;
}

static int64_t most_zones(const struct park *park)
{
    int64_t most = 0;
    for (size_t i = 0; i < park->tenant_count; i++) {
        int64_t count = park->tenants[i].zone_count;
        most = count > most ? count : most;
    }
    return most;
}

enum err metrics_park_rows(struct controller *ctl, struct store_txn *txn,
                           const struct metric_out *out, struct fault *fault)
{
    const struct park *park = ctl->park;
    const struct park_row rows[] = {
        {"zone",      park->zone_count,      LIMIT_ZONES     },
        {"gate",      park->gate_count,      LIMIT_GATES     },
        {"lane",      park->lane_count,      LIMIT_LANES     },
        {"reader",    park->reader_count,    LIMIT_READERS   },
        {"board",     park->board_count,     LIMIT_BOARDS    },
        {"tenant",    park->tenant_count,    LIMIT_TENANTS   },
        {"shift",     park->shift_count,     LIMIT_SHIFTS    },
        {"schedule",  park->schedule_count,  LIMIT_SCHEDULES },
        {"holiday",   park->holidays.count,  LIMIT_HOLIDAYS  },
        {"passback",  park->passback_count,  LIMIT_PASSBACKS },
        {"clearance", park->clearance_count, LIMIT_CLEARANCES},
    };
    (void)txn;
    (void)fault;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char labels[METRIC_LABELS_SIZE] = "";
        metric_label(labels, "kind", rows[i].kind);
        metric_put_bound(out, METRIC_PARK_ROWS, labels, (int64_t)rows[i].count, rows[i].limit);
    }
    metric_put(out, METRIC_SCHEDULE_WINDOWS, "", most_windows(park));
    metric_put(out, METRIC_TENANT_ZONES, "", most_zones(park));
    return ERR_OK;
}

enum err metrics_zones(struct controller *ctl, struct store_txn *txn, const struct metric_out *out,
                       struct fault *fault)
{
    for (size_t i = 0; i < ctl->park->zone_count; i++) {
        const struct park_zone *zone = &ctl->park->zones[i];
        uint32_t persons = 0;
        char labels[METRIC_LABELS_SIZE] = "";
        TRY(zone_persons_get(txn, zone->name, &persons, fault));
        metric_label(labels, "zone", zone->name.text);
        metric_put_bound(out, METRIC_ZONE_PERSONS, labels, persons, zone->capacity);
    }
    return ERR_OK;
}

enum err metrics_crowds(struct controller *ctl, struct store_txn *txn, const struct metric_out *out,
                        struct fault *fault)
{
    for (size_t i = 0; i < ctl->park->zone_count; i++) {
        const struct park_zone *zone = &ctl->park->zones[i];
        uint32_t entries = 0;
        char labels[METRIC_LABELS_SIZE] = "";
        if (zone->crowd > 0) {
            TRY(crowd_count(txn, zone->name, ctl->now, 2 * zone->crowd, &entries, fault));
            metric_label(labels, "zone", zone->name.text);
            metric_put_bound(out, METRIC_ZONE_CROWD, labels, entries, zone->crowd);
        }
    }
    return ERR_OK;
}

/* --- gates --- */

typedef int64_t gate_figure(const struct controller *ctl, const struct session *session);

static int64_t is_online(const struct controller *ctl, const struct session *session)
{
    (void)ctl;
    return session != NULL && !session->away;
}

static int64_t silence_us(const struct controller *ctl, const struct session *session)
{
    return ctl->mono.us - (session == NULL ? ctl->started.us : session->heard.us);
}

/* What a gate says of its clock may be any number. */
static int64_t offset_us(const struct controller *ctl, const struct session *session)
{
    int64_t bound = INT64_MAX / 1000;
    int64_t ms = session->offset_ms;
    (void)ctl;
    return (ms > bound ? bound : ms < -bound ? -bound : ms) * 1000;
}

static int64_t outbox_events(const struct controller *ctl, const struct session *session)
{
    (void)ctl;
    return session->pending > INT64_MAX ? INT64_MAX : (int64_t)session->pending;
}

/* One metric of every gate of the park; of those alone that are connected, unless `all`. */
static void put_gates(struct controller *ctl, const struct metric_out *out, enum metric metric,
                      bool all, gate_figure *figure)
{
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct name gate = ctl->park->gates[i].name;
        const struct session *session = session_of_gate(&ctl->sessions, gate);
        char labels[METRIC_LABELS_SIZE] = "";
        if (all || session != NULL) {
            metric_label(labels, "gate", gate.text);
            metric_put(out, metric, labels, figure(ctl, session));
        }
    }
}

enum err metrics_gates_heard(struct controller *ctl, struct store_txn *txn,
                             const struct metric_out *out, struct fault *fault)
{
    (void)txn;
    (void)fault;
    put_gates(ctl, out, METRIC_GATE_ONLINE, true, is_online);
    put_gates(ctl, out, METRIC_GATE_SILENCE, true, silence_us);
    return ERR_OK;
}

/* Gates that keep no copy lag behind nothing. */
static enum err put_lags(struct controller *ctl, struct store_txn *txn,
                         const struct metric_out *out, struct fault *fault)
{
    struct journal_head head;
    uint64_t newest = 0;
    TRY(journal_head(txn, &head, fault));
    TRY(hidden_shown(txn, head.sequence, &newest, fault));
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct name gate = ctl->park->gates[i].name;
        const struct session *session = session_of_gate(&ctl->sessions, gate);
        char labels[METRIC_LABELS_SIZE] = "";
        if (session != NULL) {
            const struct copy_feed *feed = &session->feed;
            uint64_t at = newest;
            if (feed->asked) {
                TRY(hidden_shown(txn, feed->anew ? 0 : feed->sequence, &at, fault));
            }
            metric_label(labels, "gate", gate.text);
            metric_put(out, METRIC_GATE_COPY_LAG, labels,
                       at > newest ? 0 : (int64_t)(newest - at));
        }
    }
    return ERR_OK;
}

enum err metrics_gates_outbox(struct controller *ctl, struct store_txn *txn,
                              const struct metric_out *out, struct fault *fault)
{
    put_gates(ctl, out, METRIC_GATE_OFFSET, false, offset_us);
    put_gates(ctl, out, METRIC_GATE_OUTBOX, false, outbox_events);
    return put_lags(ctl, txn, out, fault);
}

enum err metrics_gates_devices(struct controller *ctl, struct store_txn *txn,
                               const struct metric_out *out, struct fault *fault)
{
    static const char *const states[SESSION_DEVICE_STATES] = {
        [DEVICE_UNKNOWN] = "unknown",
        [DEVICE_UP] = "up",
        [DEVICE_DOWN] = "down",
        [DEVICE_TAMPER] = "tamper",
    };
    (void)txn;
    (void)fault;
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct name gate = ctl->park->gates[i].name;
        const struct session *session = session_of_gate(&ctl->sessions, gate);
        for (size_t k = 0; session != NULL && k < ARRAY_LEN(states); k++) {
            char labels[METRIC_LABELS_SIZE] = "";
            metric_label(labels, "gate", gate.text);
            metric_label(labels, "state", states[k]);
            metric_put(out, METRIC_GATE_DEVICES, labels, session->devices[k]);
        }
    }
    return ERR_OK;
}
