/* Readers and boards by the park's rows. A change of rows is applied without a restart; what did
 * not change is left alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/driver/board_indicator.h"

enum { HTTP_AGAIN_MS = 5000 };

struct gate_device *device_find(struct gate *gate, struct name name)
{
    for (size_t i = 0; i < gate->device_count; i++) {
        if (gate->devices[i].configured && name_equal(gate->devices[i].name, name)) {
            return &gate->devices[i];
        }
    }
    return NULL;
}

void device_state_heard(struct gate *gate, struct name name, enum device_state state,
                        const char *what)
{
    struct gate_device *device = device_find(gate, name);
    if (device == NULL) {
        return;
    }
    log_event("device", LOG_TEXT("name", name.text), LOG_NUM("state", state),
              LOG_TEXT("what", what));
    if (device->state == state) {
        return;
    }
    device->state = state;
    const struct gate_reader *reader = gate_park_reader(gate->park, name);
    struct draft draft = {.kind = EVENT_DEVICE,
                          .reader = name,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .device_state = (uint32_t)state};
    if (reader != NULL) {
        draft.lane = reader->lane;
    }
    (void)snprintf(draft.note, sizeof(draft.note), "%s", what == NULL ? "" : what);
    struct grant_id id;
    struct fault fault = {0};
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("event_lost", LOG_TEXT("device", name.text), LOG_TEXT("why", fault.what));
    }
}

/* --- reading the rows --- */

static enum err add_row(void *ctx, struct bytes row, struct fault *fault)
{
    (void)fault;
    struct gate *gate = ctx;
    struct fault local = {0};
    if (gate_park_add(gate->park, gate->settings.gate, row, &local) != ERR_OK) {
        log_error("park_row_left_out", LOG_TEXT("why", local.what));
    }
    return ERR_OK;
}

static bool read_park(struct gate *gate)
{
    struct gate_park *fresh = calloc(1, sizeof(*fresh));
    MUST(fresh != NULL);
    struct gate_park *old = gate->park;
    gate->park = fresh;
    struct fault fault = {0};
    if (park_copy_walk(gate->store, add_row, gate, &fault) != ERR_OK) {
        log_error("park_not_read", LOG_TEXT("why", fault.what));
        gate->park = old;
        free(fresh);
        return false;
    }
    if (gate_park_close(fresh, &fault) != ERR_OK) {
        log_error("park_row_left_out", LOG_TEXT("why", fault.what));
    }
    free(old);
    return true;
}

static void want_device(struct gate *gate, struct name name)
{
    struct gate_device *unused = NULL;
    for (size_t i = 0; i < gate->device_count; i++) {
        if (name_equal(gate->devices[i].name, name)) {
            gate->devices[i].configured = true;
            return;
        }
        unused = gate->devices[i].configured ? unused : &gate->devices[i];
    }
    if (gate->device_count < GATE_DEVICES_MAX) {
        unused = &gate->devices[gate->device_count++];
    }
    if (unused != NULL) {
        *unused = (struct gate_device){.name = name, .configured = true};
    }
}

static void list_devices(struct gate *gate)
{
    for (size_t i = 0; i < gate->device_count; i++) {
        gate->devices[i].configured = false;
    }
    for (size_t i = 0; i < gate->park->reader_count; i++) {
        want_device(gate, gate->park->readers[i].name);
    }
    for (size_t i = 0; i < gate->park->board_count; i++) {
        want_device(gate, gate->park->boards[i].board);
    }
}

/* --- helpers --- */

static void load_card_keys(const struct gate_reader *reader, struct card_scheme *ret_scheme)
{
    struct fault fault = {0};
    if (card_setup_load(&reader->cards, ret_scheme, &fault) != ERR_OK) {
        log_error("card_key_failed", LOG_TEXT("reader", reader->name.text),
                  LOG_TEXT("why", fault.what));
    }
}

static void configure_nfc(struct gate *gate)
{
    static const struct nfc_reader_config none;
    struct nfc_reader_config *list = calloc(GATE_READERS_MAX, sizeof(*list));
    MUST(list != NULL);
    size_t count = 0;
    for (size_t i = 0; i < gate->park->reader_count; i++) {
        const struct gate_reader *reader = &gate->park->readers[i];
        if (reader->driver == DRIVER_NFC) {
            list[count] = none;
            list[count].reader = reader->name;
            memcpy(list[count].device, reader->device, sizeof(list[count].device));
            load_card_keys(reader, &list[count].scheme);
            count++;
        }
    }
    struct fault fault = {0};
    if (nfc_reader_configure(gate->nfc, list, count, &fault) != ERR_OK) {
        log_error("readers_not_configured", LOG_TEXT("why", fault.what));
    }
    seal_wipe(list, GATE_READERS_MAX * sizeof(*list));
    free(list);
}

static void configure_boards(struct gate *gate)
{
    struct fault fault = {0};
    if (board_actuator_configure(gate->boards, gate->park->boards, gate->park->board_count,
                                 &fault) != ERR_OK) {
        log_error("boards_not_configured", LOG_TEXT("why", fault.what));
    }
}

/* The password is the file's first line. */
enum err device_secret_read(const char *path, char *out, size_t size, struct fault *fault)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fault_set(fault, ERR_IO, "secret file %s: %s", path, strerror(errno));
    }
    enum err err = ERR_OK;
    if (fstat(fileno(file), &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err = fault_set(fault, ERR_REFUSED, "others may read %s; run: chmod 600 %s", path, path);
    } else if (fgets(out, (int)size, file) == NULL) {
        err = fault_set(fault, ERR_INPUT, "secret file %s is empty", path);
    } else {
        out[strcspn(out, "\r\n")] = '\0';
    }
    (void)fclose(file);
    return err;
}

/* --- face terminals that we speak to --- */

static bool terminal_config(struct gate *gate, const struct gate_reader *reader,
                            struct face_terminal_config *config)
{
    struct helper_terminal *where = &config->where;
    struct fault fault = {0};
    bool has_scheme = strstr(reader->terminal, "://") != NULL;
    config->reader = reader->name;
    config->asks = reader->control == TERMINAL_ASKS;
    int size = snprintf(where->url, sizeof(where->url), "%s%s", has_scheme ? "" : "http://",
                        reader->terminal);
    int ca_size =
        snprintf(where->ca_file, sizeof(where->ca_file), "%s", gate->settings.terminal_ca);
    int user_size = snprintf(where->user, sizeof(where->user), "%s", reader->http.user);
    if (size >= (int)sizeof(where->url) || ca_size >= (int)sizeof(where->ca_file) ||
        user_size >= (int)sizeof(where->user)) {
        (void)fault_set(&fault, ERR_INPUT, "its address, user or terminal_ca is too long");
    } else if (device_secret_read(reader->secret_file, where->password, sizeof(where->password),
                                  &fault) == ERR_OK) {
        return true;
    }
    log_error("terminal_left_out", LOG_TEXT("reader", reader->name.text),
              LOG_TEXT("why", fault.what));
    return false;
}

static void configure_terminals(struct gate *gate)
{
    struct face_terminal_config *list = calloc(GATE_READERS_MAX, sizeof(*list));
    MUST(list != NULL);
    size_t count = 0;
    for (size_t i = 0; i < gate->park->reader_count; i++) {
        const struct gate_reader *reader = &gate->park->readers[i];
        if (reader->terminal[0] != '\0' && terminal_config(gate, reader, &list[count])) {
            count++;
        }
    }
    struct fault fault = {0};
    if (face_terminals_configure(gate->terminals, list, count, &fault) != ERR_OK) {
        log_error("terminals_not_configured", LOG_TEXT("why", fault.what));
    }
    seal_wipe(list, GATE_READERS_MAX * sizeof(*list));
    free(list);
}

/* --- the HTTP listener --- */

/* The zone of a device's local times. NULL: not known on this box; its clock's measured offset then
 * holds the rest. */
static const struct tz_table *zone_of(struct gate *gate, const char *name)
{
    struct tz_table **place = gate->zones;
    struct fault fault = {0};
    while (place < gate->zones + GATE_ZONES_MAX && *place != NULL) {
        if (strcmp((*place)->name, name) == 0) {
            return *place;
        }
        place++;
    }
    if (name[0] == '\0' || place == gate->zones + GATE_ZONES_MAX) {
        return NULL;
    }
    *place = calloc(1, sizeof(**place));
    MUST(*place != NULL);
    if (tz_load(TZ_DIRECTORY, name, *place, &fault) != ERR_OK) {
        log_warning("time_zone_not_read", LOG_TEXT("zone", name), LOG_TEXT("why", fault.what));
        free(*place);
        *place = NULL;
    }
    return *place;
}

static size_t list_http(struct gate *gate, struct http_device *list)
{
    size_t count = 0;
    for (size_t i = 0; i < gate->park->reader_count; i++) {
        const struct gate_reader *reader = &gate->park->readers[i];
        if (reader->driver == DRIVER_NFC || count == GATE_HTTP_MAX) {
            continue;
        }
        struct fault fault = {0};
        list[count] = reader->http;
        list[count].zone = zone_of(gate, reader->http.time_zone);
        if (reader->http.user[0] != '\0' &&
            device_secret_read(reader->secret_file, list[count].password,
                               sizeof(list[count].password), &fault) != ERR_OK) {
            log_error("reader_left_out", LOG_TEXT("reader", reader->name.text),
                      LOG_TEXT("why", fault.what));
            device_state_heard(gate, reader->name, DEVICE_DOWN, "its secret file cannot be read");
            continue;
        }
        count++;
    }
    return count;
}

static void http_more(void *ctx);

/* One turn takes one piece of each body. What the listener has read from the kernel already wakes
 * no poll: it asks for another turn, between which all others have theirs. */
static void listener_turn(struct gate_listener *http)
{
    if (http->listener == NULL) {
        return;
    }
    http_listener_turn(http->listener);
    int wait_ms = http_listener_timeout_ms(http->listener);
    if (wait_ms >= 0 && wait_ms < GATE_TICK_MS) {
        loop_cancel(http->gate->loop, http->again);
        http->again = loop_after(http->gate->loop, wait_ms, 0, http_more, http);
    }
}

static void http_more(void *ctx)
{
    struct gate_listener *http = ctx;
    http->again = 0;
    listener_turn(http);
}

static void http_ready(void *ctx, unsigned events)
{
    (void)events;
    listener_turn(ctx);
}

static void stop_http(struct gate *gate)
{
    for (size_t i = 0; i < GATE_LISTENERS; i++) {
        struct gate_listener *http = &gate->http[i];
        loop_cancel(gate->loop, http->again);
        http->again = 0;
        if (http->listener != NULL) {
            loop_remove_fd(gate->loop, http_listener_fd(http->listener));
            http_listener_destroy(&http->listener);
        }
    }
}

static enum err start_listener(struct gate_listener *http, int64_t port, bool tls,
                               struct fault *fault)
{
    struct gate *gate = http->gate;
    const struct settings *settings = &gate->settings;
    if (http->listener != NULL) {
        return ERR_OK;
    }
    struct http_listener_config config = {.address = settings->http_address,
                                          .port = (uint16_t)port,
                                          .cert_file = tls ? settings->http_cert : NULL,
                                          .key_file = tls ? settings->http_key : NULL,
                                          .devices = gate->http_devices,
                                          .device_count = gate->http_count,
                                          .sink = readings_sink(gate),
                                          .replies = gate->replies,
                                          .clock = gate->clock,
                                          .entropy = gate->entropy};
    TRY(http_listener_create(&config, &http->listener, fault));
    if (loop_add_fd(gate->loop, http_listener_fd(http->listener), LOOP_READ, http_ready, http) !=
        ERR_OK) {
        http_listener_destroy(&http->listener);
        return fault_set(fault, ERR_FULL, "the loop has no room for the HTTP listener");
    }
    return ERR_OK;
}

static enum err start_http(struct gate *gate, struct fault *fault)
{
    const struct settings *settings = &gate->settings;
    bool has_cert = settings->http_cert[0] != '\0' && settings->http_key[0] != '\0';
    bool both = settings->https_port != 0;
    if (settings->http_address[0] == '\0') {
        return fault_set(fault, ERR_INPUT,
                         "devices post here, and agent.conf has no http_address; add it");
    }
    if (both && !has_cert) {
        return fault_set(fault, ERR_INPUT,
                         "agent.conf has https_port and no certificate; add http_cert, http_key");
    }
    for (size_t i = 0; i < GATE_LISTENERS; i++) {
        gate->http[i].gate = gate;
    }
    TRY(start_listener(&gate->http[0], settings->http_port, has_cert && !both, fault));
    return both ? start_listener(&gate->http[1], settings->https_port, true, fault) : ERR_OK;
}

/* All listeners that the settings ask for. */
static bool http_runs(const struct gate *gate)
{
    return gate->http[0].listener != NULL &&
           (gate->settings.https_port == 0 || gate->http[1].listener != NULL);
}

/* The address may come later than we do, at a start of the box. */
static void try_http(struct gate *gate)
{
    struct fault fault = {0};
    gate->http_retry = mono_after_ms(gate_mono(gate), HTTP_AGAIN_MS);
    if (gate->http_count == 0 || start_http(gate, &fault) == ERR_OK) {
        return;
    }
    log_error("http_listener_failed", LOG_TEXT("why", fault.what),
              LOG_NUM("again_in_ms", HTTP_AGAIN_MS));
    for (size_t i = 0; i < gate->http_count; i++) {
        device_state_heard(gate, gate->http_devices[i].reader, DEVICE_DOWN,
                           "the listener did not start: see http_listener_failed in the log");
    }
}

static void configure_http(struct gate *gate)
{
    struct http_device *list = calloc(GATE_HTTP_MAX, sizeof(*list));
    MUST(list != NULL);
    size_t count = list_http(gate, list);
    bool same =
        count == gate->http_count && memcmp(list, gate->http_devices, count * sizeof(*list)) == 0;
    if (!same || (!http_runs(gate) && count > 0)) {
        stop_http(gate);
        memcpy(gate->http_devices, list, count * sizeof(*list));
        gate->http_count = count;
        try_http(gate);
    }
    seal_wipe(list, GATE_HTTP_MAX * sizeof(*list));
    free(list);
}

/* --- the whole --- */

void devices_apply(struct gate *gate)
{
    if (!read_park(gate)) {
        return;
    }
    list_devices(gate);
    configure_nfc(gate);
    configure_boards(gate);
    configure_terminals(gate);
    configure_http(gate);
    helper_port_settle(gate->port);
    emergency_tell_boards(gate);
    log_event("devices_configured", LOG_NUM("lanes", gate->park->lane_count),
              LOG_NUM("readers", gate->park->reader_count),
              LOG_NUM("boards", gate->park->board_count), LOG_NUM("posting", gate->http_count));
}

static void port_ready(void *ctx, unsigned events)
{
    (void)events;
    helper_port_turn(((struct gate *)ctx)->port);
}

void devices_tick(struct gate *gate)
{
    helper_port_turn(gate->port);
    emergency_tick(gate);
    if (!http_runs(gate) && gate->http_count > 0 &&
        !mono_before(gate_mono(gate), gate->http_retry)) {
        try_http(gate);
    }
    for (size_t i = 0; i < GATE_LISTENERS; i++) {
        listener_turn(&gate->http[i]);
    }
}

static enum err make_run_dir(const struct gate *gate, char path[SETTINGS_PATH_SIZE],
                             struct fault *fault)
{
    TRY(settings_path(gate->dir, "run", path, fault));
    if (mkdir(path, 0711) != 0 && errno != EEXIST) {
        return fault_set(fault, ERR_IO, "%s: mkdir: %s", path, strerror(errno));
    }
    return ERR_OK;
}

enum err devices_begin(struct gate *gate, struct fault *fault)
{
    char run_dir[SETTINGS_PATH_SIZE];
    TRY(make_run_dir(gate, run_dir, fault));
    struct helper_port_options options = {
        .run_dir = run_dir,
        .helper_user = gate->settings.helper_user[0] == '\0' ? NULL : gate->settings.helper_user,
        .link = gate->launcher,
        .clock = gate->clock};
    TRY(helper_port_create(&options, &gate->port, fault));
    if (loop_add_fd(gate->loop, helper_port_fd(gate->port), LOOP_READ, port_ready, gate) !=
        ERR_OK) {
        return fault_set(fault, ERR_FULL, "the loop has no room for the helpers' socket");
    }
    struct driver_sink sink = readings_sink(gate);
    struct actuator_sink lanes = lanes_sink(gate);
    struct face_terminal_sink terminals = terminals_sink(gate);
    gate->nfc = nfc_reader_create(gate->port, &sink);
    if (!nfc_reader_keys_are_locked(gate->nfc)) {
        log_warning("card_keys_not_locked", LOG_TEXT("why", "RLIMIT_MEMLOCK is too low"));
    }
    gate->boards = board_actuator_create(gate->port, &sink, &lanes);
    gate->replies = replies_create(&lanes, gate->clock);
    MUST(gate->replies != NULL);
    gate->terminals = face_terminals_create(gate->port, gate->clock, &sink, &terminals);
    gate->actuator = &board_actuator_ops;
    gate->actuator_self = gate->boards;
    gate->indicator = &board_indicator_ops;
    gate->indicator_self = gate->boards;
    emergency_begin(gate);
    devices_apply(gate);
    return gate->park != NULL ? ERR_OK
                              : fault_set(fault, ERR_CORRUPT, "the stored park cannot be read");
}

void devices_hang_up(struct gate *gate)
{
    if (gate->loop != NULL) {
        stop_http(gate);
    }
}

void devices_end(struct gate *gate)
{
    devices_hang_up(gate);
    replies_destroy(&gate->replies);
    nfc_reader_destroy(&gate->nfc);
    board_actuator_destroy(&gate->boards);
    face_terminals_destroy(&gate->terminals);
    if (gate->port != NULL) {
        loop_remove_fd(gate->loop, helper_port_fd(gate->port));
    }
    helper_port_destroy(&gate->port);
    free(gate->park);
    gate->park = NULL;
    for (size_t i = 0; i < GATE_ZONES_MAX; i++) {
        free(gate->zones[i]);
        gate->zones[i] = NULL;
    }
}
