/* parkgate-agent --test: one device, step by step, for the person on the ladder. */
#include "reader-agent/app/device_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/store/park_copy.h"
#include "schema/errors.h"

enum { TURN_MS = 50, LINE_SIZE = 400, SILENT_MS = 6000 };

void device_test_say(enum test_step step, const char *en, const char *zh, ...)
{
    static const char *const marks[] = {"ok  ", "    ", "BAD "};
    char line[2][LINE_SIZE];
    va_list args;
    va_list again;
    va_start(args, zh);
    va_copy(again, args);
    (void)vsnprintf(line[0], sizeof(line[0]), en, args);
    (void)vsnprintf(line[1], sizeof(line[1]), zh, again);
    va_end(again);
    va_end(args);
    (void)printf("%s%s | %s\n", marks[step], line[0], line[1]);
    (void)fflush(stdout);
}

/* --- what may be tested --- */

static int refuse(int code, const char *en, const char *zh)
{
    (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: %s\n", en, zh);
    return code;
}

/* Somebody holds the lock on this file. A file that is not there is free. */
static bool is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    return held;
}

static int refuse_busy(const struct device_test *test)
{
    char en[LINE_SIZE];
    char zh[LINE_SIZE];
    (void)snprintf(en, sizeof(en),
                   "%s is busy: the agent of %s, or a helper that it left, works with it; stop it "
                   "first (systemctl stop parkgate-agent), post a guard meanwhile",
                   test->options->name, test->options->dir);
    (void)snprintf(zh, sizeof(zh),
                   "%s 正在使用中：%s 的代理或其遗留的助手程序占用该设备；请先停止（systemctl stop "
                   "parkgate-agent），其间请派人值守",
                   test->options->name, test->options->dir);
    return refuse(EXIT_REFUSED, en, zh);
}

static bool is_busy(const struct device_test *test)
{
    char path[SETTINGS_PATH_SIZE];
    char lock[SETTINGS_PATH_SIZE];
    (void)snprintf(lock, sizeof(lock), "run/%.31s.lock", test->options->name);
    return (settings_path(test->options->dir, "store/owner", path, NULL) == ERR_OK &&
            is_held(path)) ||
           (settings_path(test->options->dir, lock, path, NULL) == ERR_OK && is_held(path));
}

static enum err add_row(void *ctx, struct bytes row, struct fault *fault)
{
    struct device_test *test = ctx;
    (void)fault;
    return gate_park_add(&test->park, test->settings.gate, row, NULL) == ERR_FULL ? ERR_FULL
                                                                                  : ERR_OK;
}

static enum err read_rows(struct device_test *test, struct fault *fault)
{
    struct agent_store *store = NULL;
    TRY(agent_store_open_to_read(test->options->dir, &store, fault));
    enum err err = park_copy_walk(store, add_row, test, fault);
    agent_store_destroy(&store);
    struct fault left_out = {0}; /* a row that makes no sense is no reason to test nothing */
    if (err == ERR_OK && gate_park_close(&test->park, &left_out) != ERR_OK) {
        device_test_say(TEST_BAD, "%s", "园区行无效：%s", left_out.what);
    }
    return err;
}

static bool find_device(struct device_test *test)
{
    if (!name_from_text(test->options->name, &test->name)) {
        return false;
    }
    test->reader = gate_park_reader(&test->park, test->name);
    for (size_t i = 0; i < test->park.board_count && test->reader == NULL; i++) {
        if (name_equal(test->park.boards[i].board, test->name)) {
            test->board = &test->park.boards[i];
        }
    }
    return test->reader != NULL || test->board != NULL;
}

static int refuse_unknown(const struct device_test *test)
{
    char en[LINE_SIZE * 4];
    char zh[LINE_SIZE * 4];
    int used = snprintf(en, sizeof(en), "gate %s has no reader, board or camera \"%.40s\"; it has:",
                        test->settings.gate.text, test->options->name);
    int used_zh = snprintf(zh, sizeof(zh), "出入口 %s 没有名为“%.40s”的设备；现有：",
                           test->settings.gate.text, test->options->name);
    size_t readers = test->park.reader_count;
    for (size_t i = 0; i < readers + test->park.board_count && used < LINE_SIZE * 3; i++) {
        const char *name = i < readers ? test->park.readers[i].name.text
                                       : test->park.boards[i - readers].board.text;
        used += snprintf(en + used, sizeof(en) - (size_t)used, " %s", name);
        used_zh += snprintf(zh + used_zh, sizeof(zh) - (size_t)used_zh, " %s", name);
    }
    return refuse(EXIT_REFUSED, en, zh);
}

static int refuse_lane(const struct device_test *test)
{
    char en[LINE_SIZE];
    char zh[LINE_SIZE];
    (void)snprintf(en, sizeof(en), "%s moves no lane \"%.40s\"", test->options->name,
                   test->options->pulse);
    (void)snprintf(zh, sizeof(zh), "%s 不控制通道“%.40s”", test->options->name,
                   test->options->pulse);
    return refuse(EXIT_REFUSED, en, zh);
}

/* EXIT_DONE: the lane may be opened, or none is wanted. */
static int judge_pulse(const struct device_test *test)
{
    struct name lane;
    bool found = false;
    if (test->options->pulse == NULL) {
        return EXIT_DONE;
    }
    for (size_t i = 0; test->board != NULL && name_from_text(test->options->pulse, &lane) &&
                       i < test->board->setup.lane_count;
         i++) {
        found = found || name_equal(test->board->setup.lanes[i].name, lane);
    }
    if (!found) {
        return refuse_lane(test);
    }
    return test->options->yes ? EXIT_DONE
                              : refuse(EXIT_REFUSED,
                                       "--pulse opens the lane for real: look that nobody is in "
                                       "its way, then add --yes",
                                       "--pulse 会真实打开通道：请确认通道无人后再加 --yes");
}

/* False: not 1 to DEVICE_TEST_SECONDS_MAX. */
static bool read_seconds(struct device_test *test)
{
    const char *text = test->options->seconds;
    char *end = NULL;
    test->seconds = text == NULL ? DEVICE_TEST_SECONDS : strtol(text, &end, 10);
    return text == NULL || (*text >= '0' && *text <= '9' && *end == '\0' && test->seconds >= 1 &&
                            test->seconds <= DEVICE_TEST_SECONDS_MAX);
}

static int prepare(struct device_test *test)
{
    struct fault fault = {0};
    char en[LINE_SIZE];
    if (!read_seconds(test)) {
        return refuse(EXIT_USAGE, "--seconds takes 1 to 600", "--seconds 应为 1 到 600");
    }
    if (seal_init(&fault) != ERR_OK ||
        settings_read(test->options->dir, &test->settings, &fault) != ERR_OK ||
        read_rows(test, &fault) != ERR_OK ||
        settings_path(test->options->dir, "run", test->run_dir, &fault) != ERR_OK) {
        (void)snprintf(en, sizeof(en), "%.300s; look at --dir, and run it as the agent's user",
                       fault.what);
        return refuse(EXIT_BAD_FILE, en, "无法读取代理目录：请检查 --dir，并以代理的用户运行");
    }
    if (!find_device(test)) {
        return refuse_unknown(test);
    }
    int code = judge_pulse(test);
    if (code != EXIT_DONE) {
        return code;
    }
    if (is_busy(test)) {
        return refuse_busy(test);
    }
    (void)mkdir(test->run_dir, 0711);
    return EXIT_DONE;
}

/* --- the test itself, in the launcher's worker --- */

static void heard(void *ctx, const struct launcher_report *report)
{
    struct device_test *test = ctx;
    helper_port_process(test->port, report);
}

/* A board shows its inputs to the end; the others are done with their first good read. */
static bool is_done(const struct device_test *test, struct mono begun, struct mono now)
{
    bool over = !mono_before(now, mono_after_ms(begun, test->seconds * 1000));
    bool silent = !test->answered && test->listener == NULL &&
                  !mono_before(now, mono_after_ms(begun, SILENT_MS));
    bool enough = test->seen && test->board == NULL && test->trace == NULL;
    return over || silent || enough;
}

static void run(struct device_test *test)
{
    const struct clock *clock = clock_system();
    struct mono begun = clock->mono(NULL);
    while (!is_done(test, begun, clock->mono(NULL))) {
        struct pollfd fds[] = {
            {.fd = launcher_fd(test->link),                                        .events = POLLIN},
            {.fd = test->port != NULL ? helper_port_fd(test->port) : -1,           .events = POLLIN},
            {.fd = test->listener != NULL ? http_listener_fd(test->listener) : -1,
             .events = POLLIN                                                                      }
        };
        int wait_ms = test->listener != NULL ? http_listener_timeout_ms(test->listener) : TURN_MS;
        (void)poll(fds, ARRAY_LEN(fds), wait_ms >= 0 && wait_ms < TURN_MS ? wait_ms : TURN_MS);
        if (test->port != NULL && launcher_turn(test->link, heard, test, NULL) != ERR_OK) {
            return;
        }
        if (test->port != NULL) {
            helper_port_turn(test->port);
        }
        if (test->listener != NULL) {
            http_listener_turn(test->listener);
        }
    }
}

static int verdict(const struct device_test *test)
{
    const char *name = test->name.text;
    if (test->complained) {
        device_test_say(TEST_BAD, "verdict: %s is not in order, see BAD above",
                        "结论：%s 有问题，见上方 BAD", name);
        return EXIT_REFUSED;
    }
    if (test->seen) {
        device_test_say(TEST_OK, "verdict: %s works", "结论：%s 正常", name);
        return EXIT_DONE;
    }
    if (test->answered) {
        device_test_say(TEST_BAD, "verdict: %s answers, and nothing was shown to it",
                        "结论：%s 有应答，但未出示任何凭证", name);
        return EXIT_REFUSED;
    }
    device_test_say(TEST_BAD, "verdict: %s is silent; check power, cable and address",
                    "结论：%s 无应答；请检查电源、线缆和地址", name);
    return EXIT_REFUSED;
}

static enum err begin(struct device_test *test, struct fault *fault)
{
    const struct helper_port_options options = {
        .run_dir = test->run_dir,
        .helper_user = test->settings.helper_user[0] == '\0' ? NULL : test->settings.helper_user,
        .link = test->link,
        .clock = clock_system()};
    if (test->options->record != NULL) {
        TRY(device_trace_create(test->options->record, test->name, entropy_system(),
                                clock_system()->mono(NULL), &test->trace, fault));
    }
    if (test->reader != NULL && test->reader->driver != DRIVER_NFC) {
        return device_test_begin_camera(test, fault);
    }
    TRY(helper_port_create(&options, &test->port, fault));
    return test->board != NULL ? device_test_begin_board(test, fault)
                               : device_test_begin_card(test, fault);
}

static void end(struct device_test *test)
{
    http_listener_destroy(&test->listener);
    if (test->readers != NULL) {
        nfc_reader_destroy(&test->readers);
    }
    if (test->port != NULL) {
        helper_port_destroy(&test->port);
    }
    device_trace_destroy(&test->trace);
    seal_wipe(&test->http, sizeof(test->http));
    free(test->zone);
    test->zone = NULL;
}

static int worker(void *ctx, struct launcher_link *link)
{
    struct device_test *test = ctx;
    struct fault fault = {0};
    test->link = link;
    *test->result = EXIT_REFUSED;
    if (begin(test, &fault) == ERR_OK) {
        run(test);
        if (test->listener != NULL) {
            device_test_end_camera(test);
        }
        *test->result = verdict(test);
    } else {
        (void)refuse(EXIT_REFUSED, fault.what, "无法开始测试：见上一行");
    }
    end(test);
    return EXIT_DONE; /* the launcher tries a refusal again */
}

int agent_test_device(const struct device_test_options *options)
{
    struct device_test *test = calloc(1, sizeof(*test));
    int *result =
        mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(test != NULL && result != MAP_FAILED);
    *result = EXIT_REFUSED;
    test->options = options;
    test->result = result;
    int code = prepare(test);
    if (code == EXIT_DONE) {
        struct launcher_options launcher = {
            .helper_dir = test->settings.helper_dir[0] == '\0' ? NULL : test->settings.helper_dir,
            .program = "parkgate-agent"};
        code = launcher_run(&launcher, worker, test);
        code = code == EXIT_DONE ? *result : code;
    }
    (void)munmap(result, sizeof(*result));
    free(test);
    return code;
}
