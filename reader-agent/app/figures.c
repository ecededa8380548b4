#include "reader-agent/app/figures.h"

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/metrics/port.h"
#include "common/metrics/process.h"
#include "reader-agent/store/aside.h"

/* --- figures --- */

static enum err put_process(struct gate *gate, const struct metric_out *out, struct fault *fault)
{
    struct process_figures process;
    struct store_stats stats;
    uint64_t room = 0;
    TRY(process_figures_read(&process, fault));
    TRY(agent_store_stats(gate->store, &stats, &room, fault));
    const struct store_figures store = {
        .name = "store",
        .map_bytes = (int64_t)stats.map_size,
        .map_limit = (int64_t)STORE_MAP_MAX,
        .used_bytes = (int64_t)stats.used_bytes,
        .free_bytes = room > INT64_MAX ? INT64_MAX : (int64_t)room,
        .readers = stats.readers,
        .readers_limit = stats.readers_max,
    };
    process_figures_put(out, &process, gate_mono(gate).us - gate->figures.begun.us);
    store_figures_put(out, &store, 1);
    return ERR_OK;
}

static void put_link(struct gate *gate, const struct metric_out *out)
{
    struct mono now = gate_mono(gate);
    const struct link_state *link = &gate->link_state;
    metric_put(out, METRIC_AGENT_LINK_UP, "", link_state_is_up(link, now));
    metric_put(out, METRIC_AGENT_ALONE, "", !link_state_answers(link, now));
    metric_put(out, METRIC_AGENT_SILENCE, "", now.us - link->heard.us);
    metric_put(out, METRIC_AGENT_MISSED_IN_ROW, "", link->misses);
    metric_put(out, METRIC_AGENT_MISSED, "", (int64_t)gate->figures.missed);
    metric_times_put(out, METRIC_AGENT_ANSWER, &gate->figures.answers);
    metric_put(out, METRIC_AGENT_ANSWER_LONGEST, "", gate->figures.answers.longest_us);
    metric_put_bound(out, METRIC_AGENT_PRESENTATIONS, "",
                     (int64_t)presentation_count(&gate->presentations), PRESENTATIONS_MAX);
}

static int64_t late_count(const struct gate *gate)
{
    int64_t count = 0;
    for (size_t i = 0; i < GATE_LATE_MAX; i++) {
        count += gate->late[i].used;
    }
    return count;
}

static enum err put_outbox(struct gate *gate, const struct metric_out *out, struct fault *fault)
{
    uint64_t depth = 0;
    uint64_t quarantined = 0;
    struct aside_totals aside;
    TRY(outbox_depth(gate->store, &depth, fault));
    TRY(outbox_quarantined(gate->store, &quarantined, fault));
    TRY(aside_totals(gate->store, &aside, fault));
    metric_put(out, METRIC_AGENT_OUTBOX, "", (int64_t)depth);
    metric_put_bound(out, METRIC_AGENT_IN_FLIGHT, "", (int64_t)gate->backlog.in_flight_count,
                     BACKLOG_WINDOW);
    metric_put(out, METRIC_AGENT_QUARANTINE, "", (int64_t)quarantined);
    metric_put_bound(out, METRIC_AGENT_LATE, "", late_count(gate), GATE_LATE_MAX);
    metric_put(out, METRIC_AGENT_ASIDE, "", (int64_t)aside.count);
    metric_put(out, METRIC_AGENT_ASIDE_BYTES, "", (int64_t)aside.bytes);
    return ERR_OK;
}

static int64_t connections(const struct gate *gate)
{
    int64_t most = 0;
    for (size_t i = 0; i < GATE_LISTENERS; i++) {
        int64_t count = gate->http[i].listener == NULL
                            ? 0
                            : (int64_t)http_listener_connections(gate->http[i].listener);
        most = count > most ? count : most;
    }
    return most;
}

static void put_devices(const struct gate *gate, const struct metric_out *out)
{
    metric_put(out, METRIC_AGENT_CONNECTIONS, "", connections(gate));
    for (size_t i = 0; i < gate->device_count; i++) {
        const struct gate_device *device = &gate->devices[i];
        char labels[METRIC_LABELS_SIZE] = "";
        if (device->configured) {
            metric_label(labels, "device", device->name.text);
            metric_put(out, METRIC_AGENT_DEVICE_UP, labels, device->state == DEVICE_UP);
        }
    }
    for (size_t i = 0; i < gate->device_count; i++) {
        const struct gate_device *device = &gate->devices[i];
        char labels[METRIC_LABELS_SIZE] = "";
        int64_t offset_us = 0;
        if (device->configured && device_clock_offset(&device->clock, &offset_us)) {
            metric_label(labels, "device", device->name.text);
            metric_put(out, METRIC_AGENT_DEVICE_OFFSET, labels, offset_us);
        }
    }
}

enum err figures_put(struct gate *gate, const struct metric_out *out, struct fault *fault)
{
    TRY(put_process(gate, out, fault));
    put_link(gate, out);
    TRY(put_outbox(gate, out, fault));
    put_devices(gate, out);
    return ERR_OK;
}

/* --- the port --- */

static enum err fill(void *ctx, const struct metric_out *out, struct fault *fault)
{
    return figures_put(ctx, out, fault);
}

void figures_begin(struct gate *gate)
{
    struct fault fault = {0};
    struct metrics_port_options options = {.address = gate->settings.metrics_address,
                                           .port = (uint16_t)gate->settings.metrics_port,
                                           .fill = fill,
                                           .ctx = gate};
    gate->figures.begun = gate_mono(gate);
    if (gate->settings.metrics_port == 0) {
        return;
    }
    if (metrics_port_create(gate->loop, &options, &gate->figures.port, &fault) != ERR_OK) {
        log_error("metrics_port_failed", LOG_TEXT("what", fault.what));
        return;
    }
    log_event("metrics_port_ready", LOG_TEXT("address", options.address),
              LOG_NUM("port", metrics_port_number(gate->figures.port)));
    if (!metrics_port_is_local(gate->figures.port)) {
        log_warning("metrics_port_is_open", LOG_TEXT("address", options.address));
    }
}

void figures_end(struct gate *gate)
{
    metrics_port_destroy(&gate->figures.port);
}
