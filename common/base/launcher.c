#include "common/base/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/launcher_spawn.h"
#include "common/base/launcher_wire.h"
#include "common/base/log.h"
#include "common/base/must.h"

enum {
    WORKER_GRACE_MS = 3000,
    HELPER_GRACE_MS = 2000,
    SERVED_MS = 1000,   /* up for this long: not a crash loop */
    SETTLED_MS = 10000, /* up for this long: all is forgiven */
    FOR_EVER_MS = 3600 * 1000,
};

/* A process that is kept running. */
struct kept {
    pid_t pid; /* 0: not running */
    uint32_t failures;
    struct mono started;
    struct mono due;     /* not running: start it then */
    struct mono kill_at; /* told to stop: SIGKILL then; us 0: not told */
};

struct helper {
    bool used;
    bool leaving; /* forget it once it has ended */
    bool wanted;  /* by the worker that runs now */
    struct name name;
    struct kept kept;
    uint32_t args_size;
    char args[LAUNCHER_ARG_BYTES];
};

struct job {
    bool used;
    bool ended;
    uint64_t id;
    pid_t pid;
    int status;
    int fd;
    uint32_t output_size;
    char output[LAUNCHER_OUTPUT_BYTES];
};

struct launcher {
    const char *program;
    char dir[PATH_MAX];
    launcher_worker *work;
    void *ctx;
    int signals;
    int line; /* to the worker; -1 none */
    struct kept worker;
    bool done; /* the worker said its last word */
    int status;
    bool stopping;
    bool helpers_told;
    struct helper helpers[LAUNCHER_HELPERS_MAX];
    struct job jobs[LAUNCHER_JOBS_MAX];
};

uint32_t launcher_backoff_ms(uint32_t *failures, int64_t up_ms)
{
    static const uint32_t delays_ms[] = {0, 100, 200, 400, 800, 1600, 3200, 5000};
    if (up_ms >= SETTLED_MS) {
        *failures = 0;
    } else if (up_ms >= SERVED_MS && *failures > 1) {
        *failures = 1;
    }
    size_t last = ARRAY_LEN(delays_ms) - 1;
    size_t row = *failures < last ? *failures : last;
    *failures = (uint32_t)(row < last ? row + 1 : last);
    return delays_ms[row];
}

static struct mono now_mono(void)
{
    const struct clock *clock = clock_system();
    return clock->mono(clock->ctx);
}

static bool is_due(struct mono at, struct mono now)
{
    return !mono_before(now, at);
}

static int status_of(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* Answers are small beside the socket's buffer; a worker that reads nothing loses news, not us. */
static bool answer(struct launcher *l, const struct launcher_answer *a)
{
    size_t size = offsetof(struct launcher_answer, output) + a->output_size;
    return l->line >= 0 && send(l->line, a, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void answer_helper(struct launcher *l, enum launcher_report_kind kind,
                          const struct helper *helper, int status)
{
    const struct launcher_answer a = {
        .kind = kind, .name = helper->name, .pid = helper->kept.pid, .status = status};
    (void)answer(l, &a);
}

static void kept_ended(struct kept *kept)
{
    struct mono now = now_mono();
    bool told = kept->kill_at.us != 0;
    int64_t up_ms = (now.us - kept->started.us) / 1000;
    uint32_t delay_ms = told ? 0 : launcher_backoff_ms(&kept->failures, up_ms);
    kept->pid = 0;
    kept->kill_at.us = 0;
    kept->due = mono_after_ms(now, delay_ms);
}

static void tell_to_stop(struct kept *kept, int64_t grace_ms)
{
    if (kept->pid > 0 && kept->kill_at.us == 0) {
        (void)kill(kept->pid, SIGTERM);
        kept->kill_at = mono_after_ms(now_mono(), grace_ms);
    }
}

static void kill_if_due(const struct kept *kept, struct mono now)
{
    if (kept->pid > 0 && kept->kill_at.us != 0 && is_due(kept->kill_at, now)) {
        (void)kill(kept->pid, SIGKILL);
    }
}

/* The worker */

__attribute__((noreturn)) static void be_worker(struct launcher *l, int fd, pid_t launcher_pid)
{
    struct launcher_link link = {.fd = fd};
    launcher_reset_signals();
    launcher_close_others(fd);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != launcher_pid) {
        _exit(255);
    }
    int status = l->work(l->ctx, &link);
    if (status >= 0) {
        launcher_done(&link, status);
    }
    exit(status >= 0 ? status : 255);
}

static void start_worker(struct launcher *l)
{
    int ends[2] = {-1, -1};
    pid_t self = getpid();
    l->worker.started = now_mono();
    pid_t pid = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0) {
        pid = fork();
    }
    if (pid == 0) {
        be_worker(l, ends[1], self);
    }
    if (ends[1] >= 0) {
        close(ends[1]);
    }
    if (pid < 0) {
        log_error("worker_not_started", LOG_TEXT("program", l->program),
                  LOG_TEXT("why", strerror(errno)));
        if (ends[0] >= 0) {
            close(ends[0]);
        }
        kept_ended(&l->worker);
        return;
    }
    l->worker.pid = pid;
    l->line = ends[0];
}

static void stop_jobs(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_JOBS_MAX; i++) {
        struct job *job = &l->jobs[i];
        if (job->used && !job->ended) {
            (void)kill(job->pid, SIGKILL);
        }
    }
}

static void take_orders(struct launcher *l);

static void worker_ended(struct launcher *l, int status)
{
    take_orders(l); /* its last word may still lie on the line */
    if (l->line >= 0) {
        close(l->line);
        l->line = -1;
    }
    if (!l->done) {
        log_warning("worker_ended", LOG_TEXT("program", l->program), LOG_NUM("status", status));
    }
    kept_ended(&l->worker);
    stop_jobs(l);
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        l->helpers[i].wanted = false;
    }
    l->stopping = l->stopping || l->done;
}

/* Helpers */

static struct helper *find_helper(struct launcher *l, struct name name)
{
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used && name_equal(l->helpers[i].name, name)) {
            return &l->helpers[i];
        }
    }
    return NULL;
}

static struct helper *free_helper(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (!l->helpers[i].used) {
            return &l->helpers[i];
        }
    }
    return NULL;
}

static void start_helper(struct launcher *l, struct helper *helper)
{
    helper->kept.started = now_mono();
    pid_t pid = launcher_spawn(l->dir, helper->args, helper->args_size, -1);
    if (pid < 0) {
        kept_ended(&helper->kept);
        return;
    }
    helper->kept.pid = pid;
    answer_helper(l, LAUNCHER_STARTED, helper, 0);
}

static void helper_ended(struct launcher *l, struct helper *helper, int status)
{
    bool told = helper->kept.kill_at.us != 0;
    answer_helper(l, LAUNCHER_EXITED, helper, status);
    kept_ended(&helper->kept);
    if (helper->leaving) {
        helper->used = false;
    } else if (!told) {
        log_warning("helper_ended", LOG_TEXT("program", l->program),
                    LOG_TEXT("name", helper->name.text), LOG_NUM("status", status),
                    LOG_NUM("again_in_ms", (helper->kept.due.us - now_mono().us) / 1000));
    }
}

static void drop_helper(struct helper *helper)
{
    helper->leaving = true;
    tell_to_stop(&helper->kept, HELPER_GRACE_MS);
    if (helper->kept.pid == 0) {
        helper->used = false;
    }
}

static void set_args(struct helper *helper, const struct launcher_order *order)
{
    memcpy(helper->args, order->args, order->args_size);
    helper->args_size = order->args_size;
}

static void order_want(struct launcher *l, const struct launcher_order *order)
{
    struct helper *helper = find_helper(l, order->name);
    if (helper == NULL) {
        helper = free_helper(l);
        if (helper == NULL) {
            log_error("helper_refused", LOG_TEXT("program", l->program),
                      LOG_TEXT("name", order->name.text), LOG_NUM("most", LAUNCHER_HELPERS_MAX));
            return;
        }
        memset(helper, 0, sizeof(*helper));
        helper->used = true;
        helper->name = order->name;
        set_args(helper, order);
    }
    helper->wanted = true;
    helper->leaving = false;
    bool same = helper->args_size == order->args_size &&
                memcmp(helper->args, order->args, order->args_size) == 0;
    if (!same) {
        set_args(helper, order);
        helper->kept.failures = 0;
        helper->kept.due = now_mono();
        tell_to_stop(&helper->kept, HELPER_GRACE_MS);
    } else if (helper->kept.pid > 0 && helper->kept.kill_at.us == 0) {
        answer_helper(l, LAUNCHER_STARTED, helper, 0);
    }
}

static void order_drop(struct launcher *l, const struct launcher_order *order)
{
    struct helper *helper = find_helper(l, order->name);
    if (helper != NULL) {
        drop_helper(helper);
    }
}

static void order_restart(struct launcher *l, const struct launcher_order *order)
{
    struct helper *helper = find_helper(l, order->name);
    if (helper != NULL && helper->kept.pid > 0) {
        (void)kill(helper->kept.pid, SIGKILL);
    }
}

static void order_settle(struct launcher *l, const struct launcher_order *order)
{
    (void)order;
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used && !l->helpers[i].wanted) {
            drop_helper(&l->helpers[i]);
        }
    }
}

static bool helpers_run(const struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used && l->helpers[i].kept.pid > 0) {
            return true;
        }
    }
    return false;
}

/* What helpers do must not end with a worker that cannot start again: people leave through them. */
static void order_done(struct launcher *l, const struct launcher_order *order)
{
    l->done = order->status == 0 || !helpers_run(l);
    l->status = order->status;
}

/* Jobs */

static struct job *free_job(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_JOBS_MAX; i++) {
        if (!l->jobs[i].used) {
            return &l->jobs[i];
        }
    }
    return NULL;
}

static bool start_job(struct launcher *l, struct job *job, const struct launcher_order *order)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = launcher_spawn(l->dir, order->args, order->args_size, ends[1]);
    close(ends[1]);
    if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        close(ends[0]);
        return false;
    }
    memset(job, 0, sizeof(*job));
    *job = (struct job){.used = true, .id = order->job, .pid = pid, .fd = ends[0]};
    return true;
}

static void order_job(struct launcher *l, const struct launcher_order *order)
{
    struct job *job = free_job(l);
    if (job == NULL || !start_job(l, job, order)) {
        const struct launcher_answer a = {
            .kind = LAUNCHER_JOB_DONE, .job = order->job, .status = 255};
        (void)answer(l, &a);
    }
}

/* Keeps the last bytes of what it wrote. */
static void read_job(struct job *job)
{
    char more[4096];
    for (;;) {
        ssize_t size = read(job->fd, more, sizeof(more));
        if (size <= 0) {
            if (size == 0 || errno != EAGAIN) {
                close(job->fd);
                job->fd = -1;
            }
            return;
        }
        size_t keep = LAUNCHER_OUTPUT_BYTES - (size_t)size;
        if (job->output_size > keep) {
            memmove(job->output, job->output + job->output_size - keep, keep);
            job->output_size = (uint32_t)keep;
        }
        memcpy(job->output + job->output_size, more, (size_t)size);
        job->output_size += (uint32_t)size;
    }
}

static void finish_job(struct launcher *l, struct job *job)
{
    struct launcher_answer a = {.kind = LAUNCHER_JOB_DONE,
                                .job = job->id,
                                .pid = job->pid,
                                .status = job->status,
                                .output_size = job->output_size};
    memcpy(a.output, job->output, job->output_size);
    /* Without a worker nobody waits for it; with a full line it is tried again. */
    if (!answer(l, &a) && l->line >= 0 && errno == EAGAIN) {
        return;
    }
    if (job->fd >= 0) {
        close(job->fd);
    }
    job->used = false;
}

static void turn_jobs(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_JOBS_MAX; i++) {
        struct job *job = &l->jobs[i];
        if (job->used && job->fd >= 0) {
            read_job(job);
        }
        if (job->used && job->ended) {
            finish_job(l, job);
        }
    }
}

/* The loop */

static void take_orders(struct launcher *l)
{
    static void (*const handlers[])(struct launcher *, const struct launcher_order *) = {
        [ORDER_WANT] = order_want,     [ORDER_DROP] = order_drop, [ORDER_RESTART] = order_restart,
        [ORDER_SETTLE] = order_settle, [ORDER_JOB] = order_job,   [ORDER_DONE] = order_done,
    };
    struct launcher_order order;
    while (l->line >= 0) {
        ssize_t size = recv(l->line, &order, sizeof(order), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (size <= 0) {
            close(l->line);
            l->line = -1;
            return;
        }
        MUST(order.kind >= ORDER_WANT && order.kind <= ORDER_DONE);
        handlers[order.kind](l, &order);
    }
}

static void process_ended(struct launcher *l, pid_t pid, int status)
{
    if (pid == l->worker.pid) {
        worker_ended(l, status);
        return;
    }
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used && l->helpers[i].kept.pid == pid) {
            helper_ended(l, &l->helpers[i], status);
            return;
        }
    }
    for (size_t i = 0; i < LAUNCHER_JOBS_MAX; i++) {
        if (l->jobs[i].used && l->jobs[i].pid == pid) {
            l->jobs[i].ended = true;
            l->jobs[i].status = status;
            return;
        }
    }
}

static void reap(struct launcher *l)
{
    int status = 0;
    for (;;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) {
            return;
        }
        process_ended(l, pid, status_of(status));
    }
}

static void take_signals(struct launcher *l)
{
    struct signalfd_siginfo info;
    while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            l->stopping = true;
        }
    }
    reap(l);
}

static void start_what_is_due(struct launcher *l, struct mono now)
{
    if (l->worker.pid == 0 && is_due(l->worker.due, now)) {
        start_worker(l);
    }
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        struct helper *helper = &l->helpers[i];
        if (helper->used && helper->kept.pid == 0 && is_due(helper->kept.due, now)) {
            start_helper(l, helper);
        }
    }
}

/* The worker first, while its helpers still serve it. */
static void stop_in_order(struct launcher *l)
{
    tell_to_stop(&l->worker, WORKER_GRACE_MS);
    if (l->worker.pid > 0 || l->helpers_told) {
        return;
    }
    l->helpers_told = true;
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used) {
            drop_helper(&l->helpers[i]);
        }
    }
}

static int64_t sooner_ms(int64_t timeout_ms, struct mono at, struct mono now)
{
    int64_t wait_ms = (at.us - now.us + 999) / 1000;
    if (wait_ms < 0) {
        wait_ms = 0;
    }
    return wait_ms < timeout_ms ? wait_ms : timeout_ms;
}

static int64_t kept_wait_ms(const struct launcher *l, const struct kept *kept, int64_t timeout_ms,
                            struct mono now)
{
    if (kept->pid == 0) {
        return l->stopping ? timeout_ms : sooner_ms(timeout_ms, kept->due, now);
    }
    if (kept->kill_at.us != 0) {
        /* After a SIGKILL its end comes as SIGCHLD; look again soon all the same. */
        int64_t wait_ms = sooner_ms(timeout_ms, kept->kill_at, now);
        return wait_ms > 0 ? wait_ms : 50;
    }
    return timeout_ms;
}

static void wait_for_something(struct launcher *l, struct mono now)
{
    struct pollfd fds[2 + LAUNCHER_JOBS_MAX] = {
        {.fd = l->signals, .events = POLLIN},
        {.fd = l->line,    .events = POLLIN},
    };
    int64_t timeout_ms = kept_wait_ms(l, &l->worker, FOR_EVER_MS, now);
    for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
        if (l->helpers[i].used) {
            timeout_ms = kept_wait_ms(l, &l->helpers[i].kept, timeout_ms, now);
        }
    }
    for (size_t i = 0; i < LAUNCHER_JOBS_MAX; i++) {
        const struct job *job = &l->jobs[i];
        fds[2 + i] = (struct pollfd){.fd = job->used ? job->fd : -1, .events = POLLIN};
        if (job->used && job->ended && timeout_ms > 100) {
            timeout_ms = 100; /* its answer did not fit the line */
        }
    }
    (void)poll(fds, ARRAY_LEN(fds), (int)timeout_ms);
}

static void run_loop(struct launcher *l)
{
    for (;;) {
        take_signals(l);
        take_orders(l);
        turn_jobs(l);
        struct mono now = now_mono();
        if (l->stopping) {
            stop_in_order(l);
            if (l->worker.pid == 0 && !helpers_run(l)) {
                return;
            }
        } else {
            start_what_is_due(l, now);
        }
        kill_if_due(&l->worker, now);
        for (size_t i = 0; i < LAUNCHER_HELPERS_MAX; i++) {
            if (l->helpers[i].used) {
                kill_if_due(&l->helpers[i].kept, now);
            }
        }
        wait_for_something(l, now);
    }
}

static bool find_own_dir(char *dir, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", dir, size - 1);
    if (length <= 0) {
        return false;
    }
    dir[length] = '\0';
    char *slash = strrchr(dir, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

static bool prepare(struct launcher *l, const struct launcher_options *options)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGINT);
    launcher_open_standard();
    if (options->helper_dir != NULL) {
        int length = snprintf(l->dir, sizeof(l->dir), "%s", options->helper_dir);
        if (length < 0 || (size_t)length >= sizeof(l->dir)) {
            return false;
        }
    } else if (!find_own_dir(l->dir, sizeof(l->dir))) {
        return false;
    }
    if (sigprocmask(SIG_BLOCK, &mine, NULL) != 0) {
        return false;
    }
    l->signals = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
    return l->signals >= 0;
}

int launcher_run(const struct launcher_options *options, launcher_worker *worker, void *ctx)
{
    struct launcher *l = calloc(1, sizeof(*l));
    MUST(l != NULL);
    l->program = options->program;
    l->work = worker;
    l->ctx = ctx;
    l->line = -1;
    if (!prepare(l, options)) {
        log_error("launcher_failed", LOG_TEXT("program", l->program),
                  LOG_TEXT("why", strerror(errno)));
        free(l);
        return 1;
    }
    run_loop(l);
    int status = l->status;
    close(l->signals);
    free(l);
    return status;
}
