/* Goal: the launcher keeps what is wanted running, through every kind of death. Method: a launcher
 * in a child process, whose worker obeys orders from a pipe and tells what it hears on another;
 * programs of /bin as helpers; deaths are made by kill(2) and waited for by the worker's news. */
#include "common/base/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/must.h"

enum { DEADLINE_MS = 20000, WORDS_MAX = 8 };

struct stage {
    char dir[64];
    char orders[80];
    char news[80];
    int orders_fd;
    int news_fd;
    pid_t launcher;
    pid_t worker;
};

/* The worker: obeys, and tells. */

static void tell(void *ctx, const struct launcher_report *report)
{
    static const char *const kinds[] = {
        [LAUNCHER_STARTED] = "started", [LAUNCHER_EXITED] = "exited", [LAUNCHER_JOB_DONE] = "job"};
    char line[256];
    const char *end = report->output + report->output_size;
    const char *tail = end;
    for (int newlines = 0; tail > report->output; tail--) {
        newlines += tail[-1] == '\n' ? 1 : 0;
        if (newlines == 2) {
            break;
        }
    }
    int length = report->kind == LAUNCHER_JOB_DONE
                     ? snprintf(line, sizeof(line), "job %d status %d size %u ends %.*s\n",
                                (int)report->job, report->status, report->output_size,
                                (int)(end - tail - (end > tail ? 1 : 0)), tail)
                     : snprintf(line, sizeof(line), "%s %s %d status %d\n", kinds[report->kind],
                                report->name.text, (int)report->pid, report->status);
    MUST(write(*(int *)ctx, line, (size_t)length) == length);
}

static void obey(struct launcher_link *link, char *line)
{
    const char *words[WORDS_MAX + 1] = {NULL};
    size_t count = 0;
    for (char *at = line; *at != '\0' && count < WORDS_MAX; count++) {
        words[count] = at;
        at += strcspn(at, " ");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    struct name name = {.text = ""};
    struct fault fault;
    enum err err = ERR_OK;
    if (count > 1) {
        (void)name_from_text(words[1], &name);
    }
    switch (words[0][0]) {
    case 'w':
        err = launcher_want(link, name, words + 2, &fault);
        break;
    case 'd':
        err = launcher_drop(link, name, &fault);
        break;
    case 'r':
        err = launcher_restart(link, name, &fault);
        break;
    case 's':
        err = launcher_settle(link, &fault);
        break;
    case 'j':
        err = launcher_job(link, (uint64_t)strtoul(words[1], NULL, 10), words + 2, &fault);
        break;
    case 'h': /* hangs: hears nobody any more */
        for (;;) {
            (void)pause();
        }
    default:
        MUST(false);
    }
    MUST(err == ERR_OK);
}

/* One line of at most `size` - 1 bytes; they are short and written at once. */
static bool read_line(int fd, char *line, size_t size, int timeout_ms)
{
    size_t length = 0;
    while (length < size - 1) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, timeout_ms) != 1 || read(fd, line + length, 1) != 1) {
            return false;
        }
        if (line[length] == '\n') {
            break;
        }
        length++;
    }
    line[length] = '\0';
    return true;
}

static int obedient_worker(void *ctx, struct launcher_link *link)
{
    const struct stage *stage = ctx;
    int orders = open(stage->orders, O_RDWR | O_CLOEXEC);
    int news = open(stage->news, O_RDWR | O_CLOEXEC);
    MUST(orders >= 0 && news >= 0);
    dprintf(news, "worker %d\n", (int)getpid());
    for (;;) {
        char line[256];
        struct pollfd ready[] = {
            {.fd = orders,            .events = POLLIN},
            {.fd = launcher_fd(link), .events = POLLIN}
        };
        MUST(poll(ready, 2, -1) > 0);
        if (ready[1].revents != 0 && launcher_turn(link, tell, &news, NULL) != ERR_OK) {
            return 99;
        }
        if (ready[0].revents != 0 && read_line(orders, line, sizeof(line), 0)) {
            if (strncmp(line, "return ", 7) == 0) {
                return (int)strtol(line + 7, NULL, 10);
            }
            obey(link, line);
        }
    }
}

/* The stage of one test. */

static void order(struct stage *stage, const char *text)
{
    size_t length = strlen(text);
    assert_int_equal(write(stage->orders_fd, text, length), length);
}

/* Waits for the next news and checks that it begins so; returns what follows. */
static const char *expect(struct stage *stage, const char *beginning)
{
    static char line[512];
    if (!read_line(stage->news_fd, line, sizeof(line), DEADLINE_MS)) {
        fail_msg("no news; expected \"%s\"", beginning);
    }
    if (strncmp(line, beginning, strlen(beginning)) != 0) {
        fail_msg("news \"%s\"; expected \"%s\"", line, beginning);
    }
    return line + strlen(beginning);
}

static pid_t expect_pid(struct stage *stage, const char *beginning)
{
    return (pid_t)strtol(expect(stage, beginning), NULL, 10);
}

static int end_status(struct stage *stage)
{
    int status = 0;
    assert_int_equal(waitpid(stage->launcher, &status, 0), stage->launcher);
    stage->launcher = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_alive(pid_t pid)
{
    char path[64];
    char text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t size = read(fd, text, sizeof(text) - 1);
    close(fd);
    /* A dead orphan may wait for whoever reaps it here. */
    return size > 0 && strstr(text, ") Z ") == NULL && strstr(text, ") X ") == NULL;
}

/* The end of a process that is not our child cannot be waited for otherwise. */
static void wait_until_dead(pid_t pid)
{
    const struct clock *clock = clock_system();
    struct mono end = mono_after_ms(clock->mono(NULL), DEADLINE_MS);
    while (is_alive(pid)) {
        if (!mono_before(clock->mono(NULL), end)) {
            fail_msg("process %d lives on", (int)pid);
        }
        (void)poll(NULL, 0, 1);
    }
}

static int set_up(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    snprintf(stage->dir, sizeof(stage->dir), "/tmp/launcher-test-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    snprintf(stage->orders, sizeof(stage->orders), "%s/orders", stage->dir);
    snprintf(stage->news, sizeof(stage->news), "%s/news", stage->dir);
    assert_int_equal(mkfifo(stage->orders, 0600), 0);
    assert_int_equal(mkfifo(stage->news, 0600), 0);
    stage->orders_fd = open(stage->orders, O_RDWR | O_CLOEXEC);
    stage->news_fd = open(stage->news, O_RDWR | O_CLOEXEC);
    stage->launcher = fork();
    if (stage->launcher == 0) {
        /* A descriptor that must not reach anybody. */
        (void)dup2(stage->news_fd, 77);
        const struct launcher_options options = {.helper_dir = "/bin", .program = "test"};
        _exit(launcher_run(&options, obedient_worker, stage));
    }
    stage->worker = expect_pid(stage, "worker ");
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    if (stage->launcher > 0) {
        kill(stage->launcher, SIGTERM);
        (void)end_status(stage);
    }
    close(stage->orders_fd);
    close(stage->news_fd);
    unlink(stage->orders);
    unlink(stage->news);
    rmdir(stage->dir);
    free(stage);
    return 0;
}

static void a_workers_return_is_final(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t helper = expect_pid(stage, "started a ");
    order(stage, "return 0\n");
    assert_int_equal(end_status(stage), 0);
    assert_false(is_alive(helper));
}

static void a_refusal_is_final_where_nothing_runs(void **state)
{
    struct stage *stage = *state;
    order(stage, "return 5\n");
    assert_int_equal(end_status(stage), 5);
}

/* An exit's button hangs on its board's helper, not on why the agent cannot start again. */
static void a_refusal_ends_no_helper(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t helper = expect_pid(stage, "started a ");
    order(stage, "return 5\n");
    stage->worker = expect_pid(stage, "worker ");
    assert_true(is_alive(helper));
}

static void a_crashed_worker_comes_back_and_helpers_go_on(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t a = expect_pid(stage, "started a ");
    order(stage, "want b tail -f /dev/null\n");
    pid_t b = expect_pid(stage, "started b ");
    kill(stage->worker, SIGKILL);
    pid_t again = expect_pid(stage, "worker ");
    assert_int_not_equal(again, stage->worker);
    assert_true(is_alive(a) && is_alive(b));
    order(stage, "want a tail -f /dev/null\n");
    assert_int_equal(expect_pid(stage, "started a "), a);
    order(stage, "settle\n");
    assert_int_equal(expect_pid(stage, "exited b "), b);
    assert_true(is_alive(a));
}

static void a_worker_may_ask_to_be_started_again(void **state)
{
    struct stage *stage = *state;
    order(stage, "return -1\n");
    assert_int_not_equal(expect_pid(stage, "worker "), stage->worker);
}

static void a_dead_helper_comes_back(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t first = expect_pid(stage, "started a ");
    kill(first, SIGKILL);
    const char *rest = expect(stage, "exited a ");
    assert_non_null(strstr(rest, "status 137"));
    pid_t second = expect_pid(stage, "started a ");
    assert_int_not_equal(second, first);
    order(stage, "restart a\n");
    assert_int_equal(expect_pid(stage, "exited a "), second);
    (void)expect_pid(stage, "started a ");
}

static void wanting_twice_is_wanting_once(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t first = expect_pid(stage, "started a ");
    order(stage, "want a tail -f /dev/null\n");
    assert_int_equal(expect_pid(stage, "started a "), first);
    order(stage, "want a tail -F /dev/null\n");
    assert_int_equal(expect_pid(stage, "exited a "), first);
    assert_int_not_equal(expect_pid(stage, "started a "), first);
    order(stage, "drop a\n");
    (void)expect(stage, "exited a ");
    order(stage, "drop a\n");
    order(stage, "want a tail -f /dev/null\n");
    (void)expect(stage, "started a ");
}

static void a_helper_that_cannot_start_is_told(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a no-such-program-at-all\n");
    (void)expect(stage, "started a ");
    assert_non_null(strstr(expect(stage, "exited a "), "status 255"));
}

static void jobs_give_status_and_last_output(void **state)
{
    struct stage *stage = *state;
    order(stage, "job 1 seq 1 5000\n");
    assert_string_equal(expect(stage, "job 1 status 0 size 8192 ends "), "5000");
    order(stage, "job 2 false\n");
    (void)expect(stage, "job 2 status 1 size 0 ends ");
    order(stage, "job 3 no-such-program-at-all\n");
    (void)expect(stage, "job 3 status 255 ");
}

static void programs_get_nothing_of_ours(void **state)
{
    struct stage *stage = *state;
    /* ls shows 0, 1, 2 and the directory it reads. */
    order(stage, "job 1 ls -x -w 99 /proc/self/fd\n");
    assert_string_equal(expect(stage, "job 1 status 0 size 11 ends "), "0  1  2  3");
    order(stage, "job 2 grep NoNewPrivs /proc/self/status\n");
    assert_string_equal(expect(stage, "job 2 status 0 size 14 ends "), "NoNewPrivs:\t1");
    order(stage, "job 3 readlink /proc/self/fd/0\n");
    assert_string_equal(expect(stage, "job 3 status 0 size 10 ends "), "/dev/null");
    order(stage, "job 4 grep SigBlk /proc/self/status\n");
    assert_string_equal(expect(stage, "job 4 status 0 size 25 ends "), "SigBlk:\t0000000000000000");
}

static void a_stopped_launcher_stops_all(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t helper = expect_pid(stage, "started a ");
    kill(stage->launcher, SIGTERM);
    (void)end_status(stage);
    assert_false(is_alive(stage->worker));
    assert_false(is_alive(helper));
}

static void a_killed_launcher_takes_its_worker_only(void **state)
{
    struct stage *stage = *state;
    order(stage, "want a tail -f /dev/null\n");
    pid_t helper = expect_pid(stage, "started a ");
    order(stage, "hang\n");
    kill(stage->launcher, SIGKILL);
    assert_int_equal(end_status(stage), 128 + SIGKILL);
    wait_until_dead(stage->worker);
    assert_true(is_alive(helper));
    kill(helper, SIGKILL);
}

static void back_off_rises_and_forgives(void **state)
{
    (void)state;
    static const struct {
        int64_t up_ms;
        uint32_t delay_ms;
    } rows[] = {
        {5,     0   },
        {5,     100 },
        {5,     200 },
        {5,     400 },
        {5,     800 },
        {5,     1600},
        {5,     3200},
        {5,     5000},
        {5,     5000},
        {1000,  100 },
        {5,     200 },
        {999,   400 },
        {9999,  100 },
        {9999,  100 },
        {10000, 0   },
        {5,     100 },
    };
    uint32_t failures = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(launcher_backoff_ms(&failures, rows[i].up_ms), rows[i].delay_ms);
    }
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    char long_text[LAUNCHER_ARG_BYTES + 1];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct fault fault;
    const char *path[] = {"../bin/sh", NULL};
    const char *too_long[] = {"sh", long_text, NULL};
    const char *too_many[LAUNCHER_ARGS_MAX + 2];
    for (size_t i = 0; i <= LAUNCHER_ARGS_MAX; i++) {
        too_many[i] = "x";
    }
    too_many[LAUNCHER_ARGS_MAX + 1] = NULL;
    struct name name = {.text = "a"};
    assert_int_equal(launcher_want(NULL, name, path, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "\"../bin/sh\" is not the plain name of a program");
    assert_int_equal(launcher_want(NULL, name, too_long, &fault), ERR_INPUT);
    assert_int_equal(launcher_job(NULL, 1, too_many, &fault), ERR_INPUT);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_workers_return_is_final),
        STAGED(a_refusal_is_final_where_nothing_runs),
        STAGED(a_refusal_ends_no_helper),
        STAGED(a_crashed_worker_comes_back_and_helpers_go_on),
        STAGED(a_worker_may_ask_to_be_started_again),
        STAGED(a_dead_helper_comes_back),
        STAGED(wanting_twice_is_wanting_once),
        STAGED(a_helper_that_cannot_start_is_told),
        STAGED(jobs_give_status_and_last_output),
        STAGED(programs_get_nothing_of_ours),
        STAGED(a_stopped_launcher_stops_all),
        STAGED(a_killed_launcher_takes_its_worker_only),
        cmocka_unit_test(back_off_rises_and_forgives),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
