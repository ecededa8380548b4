/* parkgate-controller: the shell around the state machine.
 *
 * Reads its configuration, checks what must be true before it starts, and drives
 * controller/app/turn from one loop. See docs/man/parkgate-controller.8.scd.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/launcher.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/metrics/port.h"
#include "common/metrics/process.h"
#include "common/seal/anchor_file.h"
#include "controller/alert_port.h"
#include "controller/app/alert_feed.h"
#include "controller/app/anchors.h"
#include "controller/app/ballast.h"
#include "controller/app/metrics.h"
#include "controller/app/recall.h"
#include "controller/app/recovery.h"
#include "controller/app/rekey.h"
#include "controller/app/turn.h"
#include "controller/job/index_file.h"
#include "controller/job/job.h"
#include "controller/job/replay_copy.h"
#include "controller/net/ports.h"
#include "controller/settings.h"
#include "controller/store/migrate.h"
#include "schema/envelope.h"

enum {
    GENESIS_MAX = 4 * 1024 * 1024,
    TICK_MS = 1000,
    RECOVERY_MAX = 4096,
    SWITCH_MS = 300,
    REBIND_MS = 20,
    READERS_CHECK_MS = 60000,
    PROCESS_MS = 5000 /* how often it is read what the process uses */
};

struct daemon {
    struct settings settings;
    struct loop *loop;
    struct ports *ports;
    struct metrics_port *metrics; /* NULL: none */
    struct alert_port *alerts;    /* NULL: none */
    uint64_t commits_told;        /* to those who listen there */
    struct controller *ctl;
    struct launcher_link *launcher;
    struct store *store, *keys;
    struct link_key_pair pair;
    bool again; /* the launcher is to start us anew */
    uint64_t commit_timer;
    struct mono commit_at;             /* when it is due */
    bool switching;                    /* to the next key of our own */
    uint64_t turns;                    /* ended so far, and 1 */
    uint64_t frames_turn[PORTS_COUNT]; /* in which a port's last frame was */
    uint64_t bulk_turn;                /* the last that did bulk work; 0: none */
    struct mono frame_at;              /* when the frame in work was in our hands */
    struct anchor_file anchors;        /* the export */
    bool anchors_failing;
};

/* --- start-up --- */

static enum err open_stores(struct daemon *d, struct fault *fault)
{
    uint32_t from = 0;
    struct store_options store = {.dir = d->settings.store,
                                  .kind = CONTROLLER_STORE_KIND,
                                  .version = CONTROLLER_STORE_VERSION,
                                  .tables = table_names,
                                  .table_count = TABLE_COUNT,
                                  .create = true};
    struct store_options keys = {.dir = d->settings.keys,
                                 .kind = KEY_STORE_KIND,
                                 .version = KEY_STORE_VERSION,
                                 .tables = key_table_names,
                                 .table_count = KEY_TABLE_COUNT,
                                 .create = true};
    TRY(store_open(&store, &d->store, fault));
    TRY(store_open(&keys, &d->keys, fault));
    TRY(migrate_store(d->store, &from, fault));
    if (from != CONTROLLER_STORE_VERSION) {
        log_event("store_migrated", LOG_TEXT("dir", d->settings.store), LOG_NUM("from", from),
                  LOG_NUM("to", CONTROLLER_STORE_VERSION));
    }
    if (store_is_on_volatile_fs(d->store)) {
        log_warning("store_is_volatile", LOG_TEXT("dir", d->settings.store));
    }
    return ERR_OK;
}

/* Empty when there is no file: only an empty store needs one. */
static Parkgate__Genesis *read_genesis(const char *path)
{
    int fd = path[0] == '\0' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    Parkgate__Genesis *genesis = NULL;
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0 && info.st_size <= GENESIS_MAX) {
        size_t size = (size_t)info.st_size;
        uint8_t *bytes = malloc(size);
        if (bytes != NULL && read(fd, bytes, size) == (ssize_t)size) {
            genesis = parkgate__genesis__unpack(NULL, size, bytes);
        }
        free(bytes);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return genesis;
}

/* A page that outlives a crash of the process (not a power cut, after which nothing was in work).
 */
static enum err map_in_work(struct daemon *d, struct in_work **ret, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/in-work", d->settings.store);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof(struct in_work)) == 0) {
        page = mmap(NULL, sizeof(struct in_work), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (page == MAP_FAILED) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    *ret = page;
    in_work_started(*ret);
    return ERR_OK;
}

/* --- effects --- */

static struct mono mono_now(void)
{
    const struct clock *clock = clock_system();
    return clock->mono(clock->ctx);
}

static bool is_verdict(struct bytes frame)
{
    struct envelope envelope;
    struct complaint ignored;
    return envelope_read(frame, &envelope, &ignored) && envelope.kind == MESSAGE_VERDICT;
}

static void send_frame(void *ctx, enum port port, const struct link_peer *peer, struct bytes frame)
{
    struct daemon *d = ctx;
    if (d->ports == NULL) {
        return; /* between two keys of ours: what must arrive is asked for again */
    }
    ports_send(d->ports, (int)port, peer, frame);
    if (port == PORT_AGENTS && is_verdict(frame)) {
        turn_verdict_sent(d->ctl, mono_now().us - d->frame_at.us);
    }
}

static enum err start_job(void *ctx, uint64_t job, const char *const args[], struct fault *fault)
{
    struct daemon *d = ctx;
    const char *argv[LAUNCHER_ARGS_MAX] = {"parkgate-controller", "--config", d->settings.config,
                                           "--job"};
    size_t count = 4;
    for (size_t i = 0; args[i] != NULL && count + 1 < LAUNCHER_ARGS_MAX; i++) {
        argv[count++] = args[i];
    }
    argv[count] = NULL;
    return launcher_job(d->launcher, job, argv, fault);
}

/* Files of the directory `anchors` beside the key file, or where anchor_dir says. Nobody waits for
 * them: what cannot be kept is told. */
static bool keep_anchor(void *ctx, const char *keeper, const struct sign_public *key,
                        const char *line)
{
    struct daemon *d = ctx;
    char path[SETTINGS_PATH_SIZE * 2];
    struct fault fault = {0};
    bool own = key != NULL;
    struct anchor_file told = {.path = path};
    struct anchor_file *file = own ? &d->anchors : &told;
    (void)snprintf(path, sizeof(path), "%s/%s", d->settings.anchor_dir, keeper);
    file->path = path;
    if (mkdir(d->settings.anchor_dir, 0700) != 0 && errno != EEXIST) {
        (void)fault_set(&fault, ERR_IO, "%s: %s", d->settings.anchor_dir, strerror(errno));
    } else if (anchor_file_add(file, key, line, &fault) == ERR_OK) {
        d->anchors_failing = false;
        return true;
    }
    if (!d->anchors_failing) {
        log_error("anchor_not_kept", LOG_TEXT("what", fault.what));
    }
    d->anchors_failing = true;
    return false;
}

/* --- the loop --- */

static void begin(struct daemon *d)
{
    turn_begin(d->ctl, loop_wall(d->loop), loop_mono(d->loop));
}

static void on_frame(void *ctx, int port, const struct link_msg *msg)
{
    struct daemon *d = ctx;
    d->frame_at = mono_now();
    begin(d);
    turn_frame(d->ctl, (enum port)port, &msg->peer, &msg->key, msg->payload);
}

/* What is left wakes the next turn. A turn takes no more frames once three quarters of its time are
 * spent, half while an import goes on, so that its slice fits as well. Gates come first: operators
 * wait until no event does, but never for longer than some turns; and after a slice of bulk work
 * comes the commit. */
static bool on_more(void *ctx, int port)
{
    enum { AFTER_BULK_TURNS = 50, OPERATORS_WAIT_TURNS = 20 };
    struct daemon *d = ctx;
    uint64_t waited = d->turns - d->frames_turn[port];
    bool importing = d->bulk_turn != 0 && d->turns - d->bulk_turn < AFTER_BULK_TURNS;
    int64_t most_us = (int64_t)LIMIT_TURN_MS * 1000 * (importing ? 2 : 3) / 4;
    int64_t spent_us = mono_now().us - loop_mono(d->loop).us;
    bool asks = port == PORT_OPERATORS || port == PORT_STATIONS;
    bool yields = asks && !ports_drained(d->ports, PORT_AGENTS) && waited < OPERATORS_WAIT_TURNS;
    if (yields || (waited == 0 && (spent_us >= most_us || turn_did_bulk(d->ctl)))) {
        return false;
    }
    d->frames_turn[port] = d->turns;
    return true;
}

static bool on_allow(void *ctx, int port, const struct link_key *key)
{
    struct daemon *d = ctx;
    return turn_allows(d->ctl, (enum port)port, key);
}

static enum err open_ports(struct daemon *d, struct fault *fault);

static bool beside_key(const struct daemon *d, const char *suffix,
                       char out[SETTINGS_PATH_SIZE + 16])
{
    return snprintf(out, SETTINGS_PATH_SIZE + 16, "%s%s", d->settings.key_file, suffix) <
           SETTINGS_PATH_SIZE + 16;
}

static void open_ports_again(void *ctx)
{
    struct daemon *d = ctx;
    struct fault fault = {0};
    if (open_ports(d, &fault) != ERR_OK) { /* the former sockets are not gone yet */
        (void)loop_after(d->loop, REBIND_MS, 0, open_ports_again, d);
        return;
    }
    log_event("server_key_switched", LOG_TEXT("agents", ports_endpoint(d->ports, 0)));
}

/* What was said last by the old key is on its way: from now on by the new one. The note goes last,
 * so that who waits for it finds all in place. */
static void switch_key(void *ctx)
{
    struct daemon *d = ctx;
    char next[SETTINGS_PATH_SIZE + 16];
    char old[SETTINGS_PATH_SIZE + 16];
    char note[SETTINGS_PATH_SIZE + 16];
    struct link_key_pair pair;
    struct fault fault = {0};
    d->switching = false;
    if (!beside_key(d, ".next", next) || !beside_key(d, ".old", old) ||
        !beside_key(d, ".switch", note) || link_key_pair_read(next, &pair, &fault) != ERR_OK ||
        rename(d->settings.key_file, old) != 0 || rename(next, d->settings.key_file) != 0) {
        log_error("server_key_not_switched",
                  LOG_TEXT("why", fault.what[0] != '\0' ? fault.what : strerror(errno)));
        return;
    }
    link_key_pair_destroy(&d->pair);
    d->pair = pair;
    link_key_pair_destroy(&pair);
    link_key_to_z85(d->pair.public_key, d->ctl->endpoints.server_key);
    ports_destroy(&d->ports);
    open_ports_again(d);
    (void)unlink(note);
}

/* controller.key.next is told to the gates; once controller.key.switch is there, it takes over.
 * Both are made by `parkgate server`. */
static void look_for_next_key(struct daemon *d)
{
    char next[SETTINGS_PATH_SIZE + 16];
    char note[SETTINGS_PATH_SIZE + 16];
    struct link_key_pair pair;
    struct fault fault = {0};
    if (d->switching || !beside_key(d, ".next", next) || !beside_key(d, ".switch", note) ||
        access(next, F_OK) != 0) {
        return;
    }
    if (!d->ctl->has_next_server_key) {
        if (link_key_pair_read(next, &pair, &fault) != ERR_OK) {
            log_error("server_key_not_switched", LOG_TEXT("why", fault.what));
            return;
        }
        rekey_server_next(d->ctl, pair.public_key);
        link_key_pair_destroy(&pair);
    } else if (access(note, F_OK) == 0) {
        rekey_server_now(d->ctl);
        d->switching = true;
        (void)loop_after(d->loop, SWITCH_MS, 0, switch_key, d);
    }
}

/* index.key.next, made by `parkgate server reindex`: durable in index.key first, then used. */
static void look_for_next_index_key(struct daemon *d)
{
    const char *path = d->settings.index_key_file;
    struct index_keys keys = d->ctl->index_keys;
    struct fault fault = {0};
    enum err err = index_file_next(path, &keys, &fault);
    if (err == ERR_OK) {
        index_keys_use(d->ctl, &keys);
        log_event("index_key_replaced", LOG_NUM("keys", keys.count));
    } else if (err != ERR_NOT_FOUND) {
        log_error("index_key_not_replaced", LOG_TEXT("why", fault.what));
    }
    if (err != ERR_NOT_FOUND) {
        index_file_end_next(path);
    }
    seal_wipe(&keys, sizeof(keys));
}

/* sign.key.next, made by `parkgate server resign`. It is in place before anything is signed with
 * it; the one before stays as sign.key.old until the journal says that it vouched. */
static void look_for_next_sign_key(struct daemon *d)
{
    struct sign_key key;
    struct fault fault = {0};
    if (anchors_key_is_named(d->ctl)) {
        settings_end_former_sign_key(&d->settings);
    }
    enum err err = settings_next_sign_key(&d->settings, &key, &fault);
    if (err == ERR_OK) {
        anchors_use_key(d->ctl, &key);
        log_event("sign_key_replaced");
    } else if (err != ERR_NOT_FOUND) {
        log_error("sign_key_not_replaced", LOG_TEXT("why", fault.what));
    }
    seal_wipe(&key, sizeof(key));
}

static void tell_alerts(struct daemon *d)
{
    d->commits_told = turn_commits(d->ctl);
    if (d->alerts != NULL) {
        alert_port_turn(d->alerts);
    }
}

static void on_tick(void *ctx)
{
    struct daemon *d = ctx;
    begin(d);
    look_for_next_key(d);
    look_for_next_index_key(d);
    look_for_next_sign_key(d);
    turn_tick(d->ctl);
    tell_alerts(d);
}

static void on_readers_check(void *ctx)
{
    struct daemon *d = ctx;
    unsigned freed = 0;
    struct fault fault = {0};
    if (store_check_readers(d->store, &freed, &fault) == ERR_OK && freed > 0) {
        log_event("readers_freed", LOG_NUM("count", freed));
    }
}

static void on_process(void *ctx)
{
    struct daemon *d = ctx;
    struct process_figures figures;
    struct fault fault = {0};
    if (process_figures_read(&figures, &fault) == ERR_OK) {
        turn_process(d->ctl, &figures);
    }
}

static void on_commit_due(void *ctx)
{
    struct daemon *d = ctx;
    d->commit_timer = 0; /* the end of this turn commits */
    begin(d);
}

/* An event among slices makes it due earlier. */
static void arm_commit(struct daemon *d, int64_t due_ms)
{
    struct mono at = mono_after_ms(loop_mono(d->loop), due_ms);
    if (d->commit_timer != 0 && mono_before(at, d->commit_at)) {
        loop_cancel(d->loop, d->commit_timer);
        d->commit_timer = 0;
    }
    if (d->commit_timer == 0) {
        d->commit_timer = loop_after(d->loop, due_ms, 0, on_commit_due, d);
        d->commit_at = at;
    }
}

static void on_turn_end(void *ctx)
{
    struct daemon *d = ctx;
    begin(d);
    int64_t due_ms = turn_end(d->ctl);
    if (turn_is_over(d->ctl)) {
        log_error("store_given_up", LOG_TEXT("dir", d->settings.store),
                  LOG_TEXT("now", "started again; see the kernel's log for the disk"));
        d->again = true;
        loop_stop(d->loop);
        return;
    }
    if (due_ms >= 0) {
        arm_commit(d, due_ms);
    }
    if (turn_commits(d->ctl) != d->commits_told) {
        tell_alerts(d);
    }
    d->bulk_turn = turn_did_bulk(d->ctl) ? d->turns : d->bulk_turn;
    d->turns++;
    turn_took(d->ctl, mono_now().us - loop_mono(d->loop).us);
}

static void on_committed(void *ctx, int64_t us)
{
    struct daemon *d = ctx;
    turn_committed(d->ctl, us);
}

static void on_report(void *ctx, const struct launcher_report *report)
{
    struct daemon *d = ctx;
    if (report->kind == LAUNCHER_JOB_DONE) {
        begin(d);
        turn_job_done(d->ctl, report->job, report->status, report->output);
    }
}

static void on_launcher(void *ctx, unsigned events)
{
    struct daemon *d = ctx;
    struct fault fault = {0};
    (void)events;
    if (launcher_turn(d->launcher, on_report, d, &fault) != ERR_OK) {
        log_error("launcher_gone", LOG_TEXT("what", fault.what));
        loop_stop(d->loop);
    }
}

static enum err open_ports(struct daemon *d, struct fault *fault)
{
    struct ports_options options = {
        .keys = &d->pair, .frame = on_frame, .more = on_more, .allow = on_allow, .ctx = d};
    for (int i = 0; i < PORTS_COUNT; i++) {
        options.endpoints[i] = d->settings.endpoints[i];
    }
    return ports_create(d->loop, &options, &d->ports, fault);
}

static enum err fill_metrics(void *ctx, const struct metric_out *out, struct fault *fault)
{
    struct daemon *d = ctx;
    begin(d);
    return metrics_all(d->ctl, out, fault);
}

/* Nobody at a gate waits for figures: without this port everything else goes on. */
static void open_metrics(struct daemon *d)
{
    struct fault fault = {0};
    struct metrics_port_options options = {.address = d->settings.metrics_address,
                                           .port = (uint16_t)d->settings.metrics_port,
                                           .fill = fill_metrics,
                                           .ctx = d};
    if (d->settings.metrics_port == 0) {
        return;
    }
    if (metrics_port_create(d->loop, &options, &d->metrics, &fault) != ERR_OK) {
        log_error("metrics_port_failed", LOG_TEXT("what", fault.what));
        return;
    }
    log_event("metrics_port_ready", LOG_TEXT("address", options.address),
              LOG_NUM("port", metrics_port_number(d->metrics)));
    if (!metrics_port_is_local(d->metrics)) {
        log_warning("metrics_port_is_open", LOG_TEXT("address", options.address));
    }
}

static enum err alert_lines(void *ctx, uint64_t after, char *out, size_t capacity, size_t *ret_size,
                            uint64_t *ret_after, struct fault *fault)
{
    struct daemon *d = ctx;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(d->store, &txn, fault));
    return alert_feed_lines(txn, after, out, capacity, ret_size, ret_after, fault);
}

static enum err alert_now(void *ctx, char *out, size_t capacity, size_t *ret_size,
                          uint64_t *ret_after, struct fault *fault)
{
    struct daemon *d = ctx;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(d->store, &txn, fault));
    return alert_feed_now(txn, out, capacity, ret_size, ret_after, fault);
}

/* Nobody at a gate waits for these either. */
static void open_alerts(struct daemon *d)
{
    struct fault fault = {0};
    struct alert_port_options options = {
        .path = d->settings.alert_socket, .lines = alert_lines, .now = alert_now, .ctx = d};
    if (options.path[0] == '\0') {
        return;
    }
    if (alert_port_create(d->loop, &options, &d->alerts, &fault) != ERR_OK) {
        log_error("alert_socket_failed", LOG_TEXT("what", fault.what));
        return;
    }
    log_event("alert_socket_ready", LOG_TEXT("path", options.path));
}

static void fill_endpoints(const struct daemon *d, struct endpoints *endpoints)
{
    (void)snprintf(endpoints->agents, sizeof(endpoints->agents), "%s", d->settings.endpoints[0]);
    (void)snprintf(endpoints->operators, sizeof(endpoints->operators), "%s",
                   d->settings.endpoints[1]);
    (void)snprintf(endpoints->enrol, sizeof(endpoints->enrol), "%s", d->settings.endpoints[2]);
    link_key_to_z85(d->pair.public_key, endpoints->server_key);
}

static enum err create_controller(struct daemon *d, struct fault *fault)
{
    Parkgate__Genesis *genesis = read_genesis(d->settings.genesis);
    struct turn_options options = {
        .store = d->store,
        .keys = d->keys,
        .entropy = entropy_system(),
        .outlet = {.send = send_frame, .job = start_job, .anchor = keep_anchor, .ctx = d},
        .zoneinfo = d->settings.zoneinfo,
        .genesis = genesis,
        .now = loop_wall(d->loop),
        .mono = loop_mono(d->loop)
    };
    fill_endpoints(d, &options.endpoints);
    enum err err = index_file_read(d->settings.index_key_file, &options.index_keys, fault);
    if (err == ERR_OK) {
        err = settings_gates_key(&d->settings, entropy_system(), &options.gates_key, fault);
    }
    if (err == ERR_OK) {
        err = settings_recovery_key(&d->settings, entropy_system(), &options.recovery_key, fault);
    }
    if (err == ERR_OK) {
        err = settings_sign_key(&d->settings, entropy_system(), &options.sign_key,
                                &options.former_sign_key, &options.has_former_sign_key, fault);
    }
    if (err == ERR_OK) {
        err = map_in_work(d, &options.in_work, fault);
    }
    if (err == ERR_OK) {
        err = turn_create(&options, &d->ctl, fault);
    }
    seal_wipe(&options.gates_key, sizeof(options.gates_key));
    seal_wipe(&options.recovery_key, sizeof(options.recovery_key));
    seal_wipe(&options.sign_key, sizeof(options.sign_key));
    seal_wipe(&options.former_sign_key, sizeof(options.former_sign_key));
    seal_wipe(&options.index_keys, sizeof(options.index_keys));
    if (genesis != NULL) {
        parkgate__genesis__free_unpacked(genesis, NULL);
    }
    return err;
}

/* A first admin again (`parkgate admin recover`): the file stands beside the key file, so who can
 * write it could be the controller. Nothing about it stops a start: gates wait for us. */
static void recover_admin(struct daemon *d)
{
    char path[SETTINGS_PATH_SIZE + 16];
    uint8_t bytes[RECOVERY_MAX];
    struct stat info;
    struct fault fault = {0};
    const char *slash = strrchr(d->settings.key_file, '/');
    (void)snprintf(path, sizeof(path), "%.*srecovery.pb",
                   slash == NULL ? 0 : (int)(slash - d->settings.key_file) + 1,
                   d->settings.key_file);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return;
    }
    bool ours = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0 &&
                (info.st_uid == geteuid() || info.st_uid == 0);
    ssize_t size = ours ? read(fd, bytes, sizeof(bytes)) : -1;
    (void)close(fd);
    Parkgate__Recovery *recovery =
        size > 0 ? parkgate__recovery__unpack(NULL, (size_t)size, bytes) : NULL;
    enum err err =
        recovery == NULL
            ? fault_set(&fault, ERR_REFUSED, "%s is not ours alone (mode 0600), or not whole", path)
            : recovery_apply(d->ctl, recovery, &fault);
    if (recovery != NULL) {
        parkgate__recovery__free_unpacked(recovery, NULL);
    }
    if (err == ERR_OK && unlink(path) == 0) {
        log_event("admin_recovered", LOG_TEXT("file", path));
    } else {
        log_error("recovery_refused", LOG_TEXT("what", fault.what));
    }
}

/* A store that `restore` made: what its gates keep beyond the backup is to be asked for. */
static enum err look_for_restored(struct daemon *d, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE + 16];
    const char *slash = strrchr(d->settings.key_file, '/');
    unsigned long long backup = 0;
    (void)snprintf(path, sizeof(path), "%.*srestored",
                   slash == NULL ? 0 : (int)(slash - d->settings.key_file) + 1,
                   d->settings.key_file);
    FILE *note = fopen(path, "re");
    if (note == NULL) {
        return errno == ENOENT ? ERR_OK : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    bool good = fscanf(note, "%llu", &backup) == 1;
    (void)fclose(note);
    if (!good) {
        return fault_set(fault, ERR_INPUT,
                         "%s: no journal number; restore the backup again, or remove this file to "
                         "start without asking the gates",
                         path);
    }
    TRY(anchors_restored(d->ctl, backup, fault)); /* the first entry behind the backup */
    TRY(recall_begin(d->ctl, backup, fault));
    log_event("restored", LOG_NUM("backup", backup));
    return unlink(path) == 0 ? ERR_OK : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
}

/* What verify and checkpoint left that were killed with us; a start does not fail of it. */
static void remove_left_copies(const struct daemon *d)
{
    unsigned removed = 0;
    struct fault fault = {0};
    if (replay_copy_sweep(d->settings.store, &removed, &fault) != ERR_OK) {
        log_error("verify_copy_stays", LOG_TEXT("what", fault.what));
    }
    if (removed > 0) {
        log_event("verify_copies_removed", LOG_NUM("count", removed));
    }
}

static enum err start(struct daemon *d, struct fault *fault)
{
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, not an end */
    TRY(seal_init(fault));
    TRY(link_raise_fds(LIMIT_FDS_MIN, fault));
    TRY(loop_create(clock_system(), &d->loop, fault));
    TRY(loop_stop_on_signals(d->loop, fault));
    TRY(link_key_pair_read(d->settings.key_file, &d->pair, fault));
    TRY(open_stores(d, fault));
    remove_left_copies(d);
    TRY(create_controller(d, fault));
    ballast_begin(d->ctl, BALLAST_BYTES);
    TRY(look_for_restored(d, fault)); /* before anything else is recorded */
    anchors_begin(d->ctl);
    recover_admin(d);
    store_time_commits(d->store, on_committed, d);
    store_time_commits(d->keys, on_committed, d);
    TRY(open_ports(d, fault));
    open_metrics(d);
    open_alerts(d);
    on_process(d);
    TRY(loop_add_fd(d->loop, launcher_fd(d->launcher), LOOP_READ, on_launcher, d));
    (void)loop_after(d->loop, TICK_MS, TICK_MS, on_tick, d);
    (void)loop_after(d->loop, PROCESS_MS, PROCESS_MS, on_process, d);
    (void)loop_after(d->loop, READERS_CHECK_MS, READERS_CHECK_MS, on_readers_check, d);
    loop_at_turn_end(d->loop, on_turn_end, d);
    return ERR_OK;
}

static void stop(struct daemon *d)
{
    metrics_port_destroy(&d->metrics);
    alert_port_destroy(&d->alerts);
    ports_destroy(&d->ports);
    turn_destroy(&d->ctl);
    store_destroy(&d->keys);
    store_destroy(&d->store);
    loop_destroy(&d->loop);
    link_key_pair_destroy(&d->pair);
}

/* Trouble at the start is for an operator to mend: the launcher does not try it again and again. */
static int worker(void *ctx, struct launcher_link *launcher)
{
    struct daemon *d = ctx;
    struct fault fault = {0};
    d->launcher = launcher;
    d->turns = 1;
    enum err err = start(d, &fault);
    if (err == ERR_OK) {
        log_event("controller_ready", LOG_TEXT("agents", ports_endpoint(d->ports, 0)),
                  LOG_TEXT("operators", ports_endpoint(d->ports, 1)),
                  LOG_TEXT("enrol", ports_endpoint(d->ports, 2)),
                  LOG_TEXT("stations", ports_endpoint(d->ports, 3)));
        err = loop_run(d->loop, &fault);
    }
    if (err != ERR_OK) {
        log_error("controller_refused", LOG_TEXT("error", err_name(err)),
                  LOG_TEXT("what", fault.what));
    }
    stop(d);
    log_event("controller_stopped", LOG_TEXT("error", err_name(err)));
    if (d->again) {
        return LAUNCHER_WORKER_AGAIN;
    }
    return err == ERR_OK ? 0 : 1;
}

/* --- the command line --- */

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: parkgate-controller --dir DIR | --config FILE\n"
                  "       parkgate-controller --verify (--dir DIR | --config FILE)\n"
                  "       parkgate-controller --audit [--anchors FILE] (--dir DIR | --config "
                  "FILE)\n"
                  "       parkgate-controller --restore BACKUP DIR [ERASED]\n"
                  "用法：parkgate-controller --dir 目录\n");
    return 2;
}

struct command {
    const char *job, *job_arg;
    bool bad;
};

static struct command read_command(int argc, char **argv, struct settings *settings)
{
    struct command command = {0};
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verify") == 0) {
            command.job = "verify";
        } else if (strcmp(argv[i], "--audit") == 0) {
            command.job = "audit";
        } else if (next == NULL) {
            command.bad = true;
        } else if (strcmp(argv[i], "--anchors") == 0) {
            command.job_arg = argv[++i];
        } else if (strcmp(argv[i], "--config") == 0) {
            (void)snprintf(settings->config, sizeof(settings->config), "%s", next);
            i++;
        } else if (strcmp(argv[i], "--dir") == 0) {
            (void)snprintf(settings->config, sizeof(settings->config), "%s/controller.conf", next);
            i++;
        } else if (strcmp(argv[i], "--job") == 0) {
            command.job = next;
            command.job_arg = i + 2 < argc ? argv[i + 2] : NULL;
            i += 2;
        } else {
            command.bad = true;
        }
    }
    command.bad |= settings->config[0] == '\0';
    return command;
}

static int run_carry(const struct settings *s, const struct job_paths *paths, const char *what)
{
    struct job_carry_keys keys;
    struct fault fault = {0};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    enum err err = seal_init(&fault);
    if (err == ERR_OK) {
        err = link_key_pair_read(s->key_file, &pair, &fault);
    }
    if (err == ERR_OK) {
        err = settings_gates_key(s, entropy_system(), &keys.gates, &fault);
    }
    if (err != ERR_OK) {
        (void)printf("failed=%s\n", fault.what);
        return 1;
    }
    memcpy(keys.controller.bytes, pair.secret_key.bytes, sizeof(keys.controller.bytes));
    int status = job_carry(paths, &keys, what);
    seal_wipe(&keys, sizeof(keys));
    return status;
}

static int run_job(const struct settings *s, const struct command *command)
{
    char gates_key_file[SETTINGS_PATH_SIZE];
    char recovery_key_file[SETTINGS_PATH_SIZE];
    char sign_key_file[SETTINGS_PATH_SIZE];
    char checkpoint_dir[SETTINGS_PATH_SIZE];
    if (settings_beside_key(s, "gates.key", gates_key_file, NULL) != ERR_OK ||
        settings_beside_key(s, "recovery.key", recovery_key_file, NULL) != ERR_OK ||
        settings_beside_key(s, "sign.key", sign_key_file, NULL) != ERR_OK ||
        settings_beside_key(s, "checkpoints", checkpoint_dir, NULL) != ERR_OK) {
        return usage();
    }
    struct job_paths paths = {.store = s->store,
                              .keys = s->keys,
                              .config = s->config,
                              .key_file = s->key_file,
                              .index_key_file = s->index_key_file,
                              .gates_key_file = gates_key_file,
                              .recovery_key_file = recovery_key_file,
                              .sign_key_file = sign_key_file,
                              .anchor_dir = s->anchor_dir,
                              .checkpoint_dir = checkpoint_dir};
    if (strcmp(command->job, "verify") == 0) {
        return job_verify(&paths);
    }
    if (strcmp(command->job, "audit") == 0) {
        return job_audit(&paths, command->job_arg);
    }
    if (strcmp(command->job, "audit-export") == 0 && command->job_arg != NULL) {
        return job_audit_export(&paths, command->job_arg);
    }
    if (strcmp(command->job, "checkpoint") == 0) {
        return job_checkpoint(&paths);
    }
    if (strcmp(command->job, "checkpoint-tidy") == 0) {
        return job_checkpoint_tidy(&paths);
    }
    if (strcmp(command->job, "truncate") == 0 && command->job_arg != NULL) {
        return job_truncate(&paths, command->job_arg);
    }
    if (strcmp(command->job, "recount") == 0) {
        return job_recount(&paths);
    }
    if (strcmp(command->job, "rewrite-keys") == 0) {
        return job_rewrite_keys(&paths);
    }
    if (strcmp(command->job, "wipe-keys") == 0) {
        return job_wipe_keys(&paths);
    }
    if (strcmp(command->job, "carry") == 0 && command->job_arg != NULL) {
        return run_carry(s, &paths, command->job_arg);
    }
    if (strcmp(command->job, "backup") == 0 && command->job_arg != NULL) {
        return job_backup(&paths, command->job_arg);
    }
    return usage();
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    static const struct launcher_options options = {.program = "parkgate-controller"};
    struct fault fault = {0};
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "--restore") == 0) {
        return job_restore(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
    }
    struct command command = read_command(argc, argv, &daemon.settings);
    if (command.bad) {
        return usage();
    }
    if (settings_read(&daemon.settings, &fault) != ERR_OK) {
        (void)fprintf(stderr, "parkgate-controller: %s\n", fault.what);
        return 2;
    }
    return command.job != NULL ? run_job(&daemon.settings, &command)
                               : launcher_run(&options, worker, &daemon);
}
