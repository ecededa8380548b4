#include "reader-agent/app/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/figures.h"
#include "reader-agent/app/gate.h"
#include "schema/errors.h"

enum { UPKEEP_MS = 60000, UPKEEP_AGAIN_MS = 200 };

/* --- checks before the start --- */

static enum err check_dir(const char *dir, struct fault *fault)
{
    struct stat st;
    if (stat(dir, &st) != 0) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "%s: %s; join the gate first: parkgate-agent --join --dir %s ...", dir,
                         strerror(errno), dir);
    }
    if (!S_ISDIR(st.st_mode) || (st.st_mode & (S_IWGRP | S_IROTH | S_IWOTH)) != 0) {
        return fault_set(fault, ERR_REFUSED,
                         "%s must be a directory that others cannot use; run: chmod 700 %s", dir,
                         dir);
    }
    return ERR_OK;
}

static enum err read_files(struct gate *gate, struct fault *fault)
{
    char key_path[SETTINGS_PATH_SIZE];
    TRY(check_dir(gate->dir, fault));
    TRY(settings_read(gate->dir, &gate->settings, fault));
    TRY(settings_path(gate->dir, "agent.key", key_path, fault));
    return link_key_pair_read(key_path, &gate->keys, fault);
}

/* --- timers --- */

static void tick(void *ctx)
{
    struct gate *gate = ctx;
    devices_tick(gate);
    terminals_tick(gate);
    uplink_tick(gate);
    copy_tick(gate);
    carry_tick(gate);
    rekey_tick(gate);
    record_late_again(gate);
    recover_again(gate);
    outbox_tick(gate);
    clock_watch_tick(gate);
    muster_tick(gate);
}

static bool drop_day(void *ctx, uint32_t day)
{
    struct gate *gate = ctx;
    struct fault fault = {0};
    if (vault_drop_day(gate->vault, day, &fault) != ERR_OK) {
        log_error("day_key_kept", LOG_NUM("day", day), LOG_TEXT("why", fault.what));
        return false;
    }
    log_event("day_key_destroyed", LOG_NUM("day", day));
    return true;
}

static void upkeep(void *ctx);

static void trim(void *ctx)
{
    struct gate *gate = ctx;
    struct fault fault = {0};
    size_t trimmed = 0;
    size_t bodies = 0;
    if (outbox_trim(gate->store, gate_wall(gate), outbox_most_rows(gate), &trimmed, &fault) !=
            ERR_OK ||
        aside_trim(gate->store, gate_wall(gate), &bodies, &fault) != ERR_OK ||
        outbox_free_days(gate->store, gate_wall(gate), drop_day, gate, &fault) != ERR_OK) {
        log_error("trim_failed", LOG_TEXT("why", fault.what));
        return;
    }
    if (trimmed == OUTBOX_SLICE) {
        (void)loop_after(gate->loop, UPKEEP_AGAIN_MS, 0, trim, gate);
    }
}

static void upkeep(void *ctx)
{
    struct gate *gate = ctx;
    struct fault fault = {0};
    if (agent_store_upkeep(gate->store, &fault) != ERR_OK) {
        log_error("store_upkeep_failed", LOG_TEXT("why", fault.what));
    }
    struct agent_health health;
    agent_store_health(gate->store, &health);
    if (health.is_short) {
        log_error("disk_short", LOG_TEXT("dir", gate->dir),
                  LOG_TEXT("do", "free disk space: at the next shortage entries are denied"));
    }
    if (health.used_percent >= STORE_USED_WARN_PERCENT) {
        log_warning("store_grows", LOG_NUM("used_percent", health.used_percent));
    }
    trim(gate);
}

static void turn_end(void *ctx)
{
    enum { ROUNDS_MAX = 4 }; /* what is done after a commit may have something to record itself */
    struct gate *gate = ctx;
    for (int i = 0; i < ROUNDS_MAX && !batch_is_empty(&gate->batch); i++) {
        if (record_commit(gate, NULL) != ERR_OK) {
            break;
        }
    }
}

static void launcher_heard_one(void *ctx, const struct launcher_report *report)
{
    struct gate *gate = ctx;
    helper_port_process(gate->port, report);
}

static void launcher_ready(void *ctx, unsigned events)
{
    (void)events;
    struct gate *gate = ctx;
    struct fault fault = {0};
    if (launcher_turn(gate->launcher, launcher_heard_one, gate, &fault) != ERR_OK) {
        log_error("launcher_gone", LOG_TEXT("why", fault.what));
        loop_stop(gate->loop);
    }
}

/* --- begin and end --- */

static enum err open_stores(struct gate *gate, struct fault *fault)
{
    TRY(seal_init(fault));
    TRY(agent_store_open(gate->dir, gate->entropy, &gate->store, fault));
    TRY(day_keys_open(gate->dir, gate->entropy, &gate->day_keys, fault));
    TRY(vault_create(gate->day_keys, gate->entropy, &gate->vault, fault));
    TRY(recovery_key_begin(gate, fault));
    TRY(copy_begin(gate, fault));
    struct agent_health health;
    agent_store_health(gate->store, &health);
    if (health.is_volatile) {
        log_warning("store_on_volatile_file_system", LOG_TEXT("dir", gate->dir));
    }
    return ERR_OK;
}

static enum err begin_loop(struct gate *gate, struct fault *fault)
{
    TRY(loop_create(gate->clock, &gate->loop, fault));
    TRY(loop_stop_on_signals(gate->loop, fault));
    loop_at_turn_end(gate->loop, turn_end, gate);
    if (gate->launcher != NULL && loop_add_fd(gate->loop, launcher_fd(gate->launcher), LOOP_READ,
                                              launcher_ready, gate) != ERR_OK) {
        return fault_set(fault, ERR_FULL, "the loop has no room for the launcher's line");
    }
    (void)loop_after(gate->loop, GATE_TICK_MS, GATE_TICK_MS, tick, gate);
    (void)loop_after(gate->loop, UPKEEP_AGAIN_MS, UPKEEP_MS, upkeep, gate);
    return ERR_OK;
}

enum err gate_begin(struct gate *gate, struct fault *fault)
{
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, not an end */
    TRY(read_files(gate, fault));
    TRY(link_raise_fds(LIMIT_FDS_MIN, fault));
    TRY(open_stores(gate, fault));
    TRY(begin_loop(gate, fault));
    recover(gate);
    clock_watch_begin(gate);
    muster_begin(gate, gate->muster.page);
    TRY(devices_begin(gate, fault));
    TRY(link_create(&gate->link, fault));
    TRY(uplink_begin(gate, fault));
    figures_begin(gate);
    return ERR_OK;
}

void gate_end(struct gate **handle)
{
    struct gate *gate = *handle;
    devices_hang_up(gate);
    if (gate->store != NULL) {
        (void)!record_commit(gate, NULL);
    }
    figures_end(gate);
    uplink_end(gate);
    devices_end(gate);
    if (gate->link != NULL) {
        link_destroy(&gate->link);
    }
    loop_destroy(&gate->loop);
    carry_end(gate);
    muster_end(gate);
    copy_end(gate);
    vault_destroy(&gate->vault);
    day_keys_destroy(&gate->day_keys);
    agent_store_destroy(&gate->store);
    link_key_pair_destroy(&gate->keys);
    link_key_pair_destroy(&gate->rekey.next);
    free(gate);
    *handle = NULL;
}

static void say_started(const struct gate *gate)
{
    const struct agent_state *state = agent_store_state(gate->store);
    uint64_t depth = 0;
    (void)!outbox_depth(gate->store, &depth, NULL);
    log_event("agent_started", LOG_TEXT("gate", gate->settings.gate.text),
              LOG_NUM("epoch", state->epoch), LOG_NUM("sequence", state->last_sequence),
              LOG_NUM("pending", depth), LOG_NUM("config", state->config_version));
}

struct gate *gate_create(const char *dir, const struct clock *clock, const struct entropy *entropy,
                         struct launcher_link *launcher)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    MUST(gate != NULL);
    (void)snprintf(gate->dir, sizeof(gate->dir), "%s", dir);
    gate->clock = clock;
    gate->entropy = entropy;
    gate->launcher = launcher;
    gate->late_markers = (uint64_t)gate_wall(gate).us; /* no earlier process gave these out */
    return gate;
}

struct muster_page *agent_share_page(void)
{
    void *page = mmap(NULL, sizeof(struct muster_page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    /* It holds a key: neither in a core file nor, where that is allowed, in swap. */
    (void)madvise(page, sizeof(struct muster_page), MADV_DONTDUMP);
    (void)mlock(page, sizeof(struct muster_page));
    return page;
}

int agent_run(const struct agent_start *start, struct launcher_link *launcher)
{
    struct gate *gate = gate_create(start->dir, clock_system(), entropy_system(), launcher);
    struct fault fault = {0};
    gate->muster.page = start->page;
    enum err err = gate_begin(gate, &fault);
    if (err == ERR_OK) {
        say_started(gate);
        err = loop_run(gate->loop, &fault);
    }
    if (err != ERR_OK) {
        log_error("agent_stopped", LOG_TEXT("code", err_name(err)), LOG_TEXT("why", fault.what));
    }
    gate_end(&gate);
    if (err == ERR_BUSY) {
        return LAUNCHER_WORKER_AGAIN; /* the store's last owner is about to end */
    }
    return err == ERR_OK ? EXIT_DONE : EXIT_REFUSED;
}
