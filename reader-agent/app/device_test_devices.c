/* What a card reader, a board and a camera say in a test. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "reader-agent/app/device_test.h"
#include "reader-agent/app/gate.h"

enum { MASK_SIZE = 48, CLOCK_OFF_MS = 1000, PULSE_MS = 2000 };

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static struct wall now_wall(void)
{
    return clock_system()->wall(NULL);
}

/* --- readings of cards and cameras --- */

/* First and last stay: enough to tell two apart on the ladder. */
static void mask(const struct reading *reading, char out[MASK_SIZE])
{
    bool raw = reading->id_size == 0;
    const uint8_t *id = raw ? reading->raw : reading->id;
    size_t size = raw ? reading->raw_size : reading->id_size;
    if (reading->kind == CREDENTIAL_KIND_PIN || size < 3) {
        (void)snprintf(out, MASK_SIZE, "***");
    } else if (reading->kind == CREDENTIAL_KIND_PLATE) {
        size_t first = id[0] >= 0xE0 ? 3 : 1;
        (void)snprintf(out, MASK_SIZE, "%.*s***%c", (int)first, (const char *)id, id[size - 1]);
    } else if (reading->kind == CREDENTIAL_KIND_BADGE || reading->kind == CREDENTIAL_KIND_NONE) {
        (void)snprintf(out, MASK_SIZE, "%02x***%02x", id[0], id[size - 1]);
    } else {
        (void)snprintf(out, MASK_SIZE, "%c***%c", id[0], id[size - 1]);
    }
}

static void say_proof(struct device_test *test, const struct reading *reading)
{
    static const struct {
        enum test_step step;
        const char *en, *zh;
    } words[] = {
        [CARD_PROOF_NONE] = {TEST_OK,  "read by its UID alone, which can be copied (%u ms)",
                             "仅读取 UID，可被复制（%u 毫秒）"                                                                                    },
        [CARD_PROOF_GIVEN] = {TEST_OK,  "it proved itself in %u ms",                           "认证通过，%u 毫秒"                                      },
        [CARD_PROOF_FAILED] = {TEST_BAD,
                             "it could not prove itself (%u ms): another key, or a copy",     "认证失败（%u 毫秒）：密钥不符或为复制卡"     },
        [CARD_PROOF_SLOW] = {TEST_BAD, "it proved itself too slowly, %u ms: perhaps a relay",
                             "认证过慢，%u 毫秒：疑似中继"                                                                                        },
        [CARD_PROOF_RANDOM_ID] = {TEST_BAD,
                             "it draws a new UID each time (%u ms) and no key reads its own", "每次随机 UID（%u 毫秒），且无密钥读取真实 UID"},
    };
    MUST((size_t)reading->proof < ARRAY_LEN(words));
    device_test_say(words[reading->proof].step, words[reading->proof].en, words[reading->proof].zh,
                    reading->exchange_ms);
    test->complained = test->complained || words[reading->proof].step == TEST_BAD;
}

static void say_clock(struct device_test *test, const struct reading *reading)
{
    int64_t off_ms = (now_wall().us - reading->captured.us) / 1000;
    if (reading->captured.us == 0) {
        device_test_say(TEST_SEEN, "missing: it sends no time; ours is taken",
                        "缺少：设备未发送时间，取本机时间");
        return;
    }
    bool off = !reading->history && (off_ms > CLOCK_OFF_MS || off_ms < -CLOCK_OFF_MS);
    device_test_say(off ? TEST_BAD : TEST_OK, "its clock is %lld ms behind ours",
                    "设备时钟比本机慢 %lld 毫秒", (long long)off_ms);
    test->complained = test->complained || off;
}

static void say_posted(struct device_test *test, const struct reading *reading)
{
    static const char *const ways[] = {"none", "in", "out", "both"};
    device_test_say(TEST_SEEN, "direction %s, colour %s, confidence %u %%, %s",
                    "方向 %s，颜色 %s，置信度 %u %%，%s", ways[reading->direction & 3],
                    plate_colour_name((enum plate_colour)reading->plate_colour),
                    reading->confidence, reading->history ? "history" : "live");
    if (reading->device_event[0] == '\0') {
        device_test_say(TEST_SEEN, "missing: it gives its events no id", "缺少：设备未给事件编号");
    }
    say_clock(test, reading);
}

static enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    struct device_test *test = ctx;
    char masked[MASK_SIZE];
    (void)fault;
    mask(reading, masked);
    test->answered = true;
    test->seen = true;
    device_test_say(TEST_OK, "%s %s seen", "读到 %s %s", credential_kind_name(reading->kind),
                    masked);
    if (test->reader->driver == DRIVER_NFC) {
        say_proof(test, reading);
    } else {
        say_posted(test, reading);
    }
    device_trace_reading(test->trace, reading, now_wall(), now_mono());
    return ERR_OK;
}

static enum err settle(void *ctx, struct fault *fault)
{
    (void)ctx;
    (void)fault;
    return ERR_OK;
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    struct device_test *test = ctx;
    (void)device;
    bool up = state == DEVICE_UP;
    device_test_say(up ? TEST_OK : TEST_BAD, "%s%s%s", "%s%s%s",
                    up ? "it answers" : "it does not work", what[0] == '\0' ? "" : ": ", what);
    test->answered = test->answered || up;
    if (up && test->reader->driver == DRIVER_NFC && !test->seen) {
        device_test_say(TEST_SEEN, "show a card now", "请出示一张卡");
    }
}

static enum err take_aside(void *ctx, struct name reader, struct bytes body, const char *why,
                           struct fault *fault)
{
    struct device_test *test = ctx;
    (void)reader;
    (void)fault;
    test->answered = true;
    test->complained = true;
    device_test_say(TEST_BAD, "a post of %zu bytes was not understood: %s",
                    "收到 %zu 字节，无法识别：%s", body.size, why);
    return ERR_OK;
}

static struct driver_sink sink_of(struct device_test *test)
{
    return (struct driver_sink){.reading = take_reading,
                                .settle = settle,
                                .state = take_state,
                                .aside = take_aside,
                                .ctx = test};
}

/* --- a card reader --- */

/* "pn532_uart:/dev/ttyUSB0:115200": its serial device; false: it names none. */
static bool serial_of(const char *connstring, char *out, size_t size)
{
    const char *path = strchr(connstring, ':');
    if (path == NULL || path[1] != '/') {
        return false;
    }
    size_t length = strcspn(path + 1, ":");
    (void)snprintf(out, size, "%.*s", (int)length, path + 1);
    return true;
}

static enum err check_serial(const char *path, struct fault *fault)
{
    if (access(path, R_OK | W_OK) == 0) {
        device_test_say(TEST_OK, "serial port %s is there", "串口 %s 存在", path);
        return ERR_OK;
    }
    return errno == ENOENT
               ? fault_set(fault, ERR_IO, "%s is not there: is the device plugged in?", path)
               : fault_set(fault, ERR_REFUSED, "no right to open %s: run it as root", path);
}

enum err device_test_begin_card(struct device_test *test, struct fault *fault)
{
    static const struct nfc_reader_config none;
    const struct driver_sink sink = sink_of(test);
    struct nfc_reader_config *config = malloc(sizeof(*config));
    char path[LIMIT_TEXT_BYTES + 1];
    MUST(config != NULL);
    *config = none;
    device_test_say(TEST_OK, "reader %s of lane %s: %s", "读头 %s，通道 %s：%s", test->name.text,
                    test->reader->lane.text, test->reader->device);
    enum err err =
        serial_of(test->reader->device, path, sizeof(path)) ? check_serial(path, fault) : ERR_OK;
    if (err == ERR_OK) {
        config->reader = test->name;
        memcpy(config->device, test->reader->device, sizeof(config->device));
        struct fault key_fault = {0};
        if (card_setup_load(&test->reader->cards, &config->scheme, &key_fault) != ERR_OK) {
            device_test_say(TEST_BAD, "its card key cannot be used: %s", "卡密钥不可用：%s",
                            key_fault.what);
            test->complained = true;
        }
        test->readers = nfc_reader_create(test->port, &sink);
        err = nfc_reader_configure(test->readers, config, 1, fault);
    }
    explicit_bzero(config, sizeof(*config));
    free(config);
    return err;
}

/* --- a board --- */

static void say_input(const struct helper_lane *lane, const char *what, struct helper_number input,
                      const struct helper_levels *old, const struct helper_levels *levels)
{
    uint64_t bit = UINT64_C(1) << (input.number % HELPER_LEVELS);
    bool first = old->looked == 0;
    uint16_t edges = (uint16_t)(levels->edges[input.number % HELPER_LEVELS] -
                                old->edges[input.number % HELPER_LEVELS]);
    bool changed = ((old->levels ^ levels->levels) & bit) != 0 || edges != 0;
    if (input.present && input.number < HELPER_LEVELS && (first || changed)) {
        device_test_say(TEST_SEEN, "lane %s, %s, input %u is %s%s", "通道 %s，%s，输入 %u 为 %s%s",
                        lane->name.text, what, input.number,
                        (levels->levels & bit) != 0 ? "on" : "off",
                        first || edges == 0 ? "" : " (edge)");
    }
}

static void say_lane(const struct helper_lane *lane, const struct helper_levels *old,
                     const struct helper_levels *levels)
{
    say_input(lane, "passage 通行", lane->passage, old, levels);
    say_input(lane, "tamper 防拆", lane->tamper, old, levels);
    say_input(lane, "button 按钮", lane->button, old, levels);
    say_input(lane, "held 常开", lane->held, old, levels);
    say_input(lane, "crush 防砸", lane->crush, old, levels);
    say_input(lane, "manual 手动释放", lane->manual, old, levels);
}

static void send(struct device_test *test, const struct helper_message *message)
{
    struct fault fault = {0};
    if (helper_port_send(test->port, test->name, message, &fault) != ERR_OK) {
        device_test_say(TEST_BAD, "its helper does not take a message: %s",
                        "助手程序不接收消息：%s", fault.what);
        test->complained = true;
    }
}

/* A grant of its own epoch, which no event ever has. */
static void pulse(struct device_test *test)
{
    struct helper_message message = {
        .kind = HELPER_SAYS_OPEN,
        .open = {.grant = {.epoch = UINT32_MAX, .sequence = (uint64_t)now_wall().us},
                 .expires = mono_after_ms(now_mono(), PULSE_MS),
                 .direction = LANE_BOTH}
    };
    if (test->options->pulse != NULL && !test->pulsed) {
        MUST(name_from_text(test->options->pulse, &message.open.lane));
        test->pulsed = true;
        device_test_say(TEST_SEEN, "opening lane %s once", "打开通道 %s 一次",
                        test->options->pulse);
        send(test, &message);
    }
}

static void hear_levels(struct device_test *test, const struct helper_levels *levels)
{
    if (test->levels.looked == 0) {
        device_test_say(TEST_OK, "its inputs are read%s", "已读取输入%s",
                        levels->has_counters ? ", with edge counters 带边沿计数"
                                             : ", without edge counters 无边沿计数");
    }
    for (size_t i = 0; i < test->board->setup.lane_count; i++) {
        say_lane(&test->board->setup.lanes[i], &test->levels, levels);
    }
    test->levels = *levels;
    test->seen = true;
    pulse(test);
}

static void hear_opened(struct device_test *test, const struct helper_open_result *result)
{
    bool done = result->result == OPEN_DONE;
    device_test_say(done ? TEST_OK : TEST_BAD, "lane %s: %s", "通道 %s：%s", result->lane.text,
                    helper_open_result_name(result->result));
    test->complained = test->complained || !done;
}

static void hear_report(struct device_test *test, const struct helper_report *report)
{
    static const char *const passages[] = {"",
                                           "passed",
                                           "not-taken",
                                           "forced",
                                           "held-open",
                                           "tailgated",
                                           "unsensed",
                                           "held-ended",
                                           "by-hand",
                                           "manual-release",
                                           "manual-release-ended",
                                           "blocked",
                                           "blocked-ended"};
    const struct helper_message ack = {.kind = HELPER_SAYS_REPORT_ACK,
                                       .report_ack = {.number = report->number}};
    const char *what = report->kind == REPORT_LATE_OPEN                ? "exit button opened it"
                       : report->kind == REPORT_TAMPER                 ? "tamper"
                       : (size_t)report->passage < ARRAY_LEN(passages) ? passages[report->passage]
                                                                       : "?";
    device_test_say(TEST_SEEN, "lane %s: %s", "通道 %s：%s", report->lane.text, what);
    send(test, &ack);
}

static void board_joined(void *self, struct name name)
{
    struct device_test *test = self;
    const struct helper_message watch = {.kind = HELPER_SAYS_WATCH};
    const struct helper_message setup = {.kind = helper_board_kind(&test->board->setup),
                                         .board = test->board->setup};
    (void)name;
    device_test_say(TEST_OK, "its helper program runs", "助手程序已启动");
    device_trace_frame(test->trace, &setup, now_mono());
    send(test, &setup);
    send(test, &watch);
}

static void board_lost(void *self, struct name name, const char *what)
{
    struct device_test *test = self;
    (void)name;
    test->complained = true;
    device_test_say(TEST_BAD, "its helper program is gone: %s", "助手程序已退出：%s", what);
}

static void board_says(void *self, struct name name, const struct helper_message *message)
{
    struct device_test *test = self;
    device_trace_frame(test->trace, message, now_mono());
    switch (message->kind) {
    case HELPER_SAYS_STATE:
        device_test_say(message->state.state == DEVICE_UP ? TEST_OK : TEST_BAD, "unit %u: %s %s",
                        "单元 %u：%s %s", test->board->setup.unit,
                        message->state.state == DEVICE_UP ? "connected, it answers" : "no answer",
                        message->state.what);
        test->answered = test->answered || message->state.state == DEVICE_UP;
        break;
    case HELPER_SAYS_LEVELS:
        hear_levels(test, &message->levels);
        break;
    case HELPER_SAYS_OPEN_RESULT:
        hear_opened(test, &message->open_result);
        break;
    case HELPER_SAYS_REPORT:
        hear_report(test, &message->report);
        break;
    default:
        break;
    }
    (void)name;
}

enum err device_test_begin_board(struct device_test *test, struct fault *fault)
{
    const struct helper_board *setup = &test->board->setup;
    device_test_say(TEST_OK, "board %s: %s %s, unit %u, %u lanes",
                    "控制板 %s：%s %s，单元 %u，%u 条通道", test->name.text,
                    setup->transport == HELPER_TCP ? "Modbus TCP" : "Modbus RTU", setup->address,
                    setup->unit, setup->lane_count);
    if (setup->transport == HELPER_RTU) {
        TRY(check_serial(setup->address, fault));
    }
    helper_port_listen(test->port, (struct helper_ear){.program = HELPER_BOARD,
                                                       .joined = board_joined,
                                                       .lost = board_lost,
                                                       .message = board_says,
                                                       .self = test});
    return helper_port_want(test->port, HELPER_BOARD, test->name, NULL, fault);
}

/* --- a camera, or anything else that posts --- */

static enum err fill_http(struct device_test *test, struct fault *fault)
{
    struct fault ignored = {0};
    test->http = test->reader->http;
    test->http.opens = (struct name){{0}}; /* in a test nothing opens */
    test->zone = calloc(1, sizeof(*test->zone));
    MUST(test->zone != NULL);
    if (test->http.time_zone[0] != '\0' &&
        tz_load(TZ_DIRECTORY, test->http.time_zone, test->zone, &ignored) == ERR_OK) {
        test->http.zone = test->zone;
    }
    return test->http.user[0] == '\0'
               ? ERR_OK
               : device_secret_read(test->reader->secret_file, test->http.password,
                                    sizeof(test->http.password), fault);
}

enum err device_test_begin_camera(struct device_test *test, struct fault *fault)
{
    const struct settings *settings = &test->settings;
    bool tls = settings->http_cert[0] != '\0' && settings->https_port == 0;
    TRY(fill_http(test, fault));
    if (settings->http_address[0] == '\0') {
        return fault_set(fault, ERR_INPUT, "agent.conf has no http_address, at which it posts");
    }
    struct http_listener_config config = {.address = settings->http_address,
                                          .port = (uint16_t)settings->http_port,
                                          .cert_file = tls ? settings->http_cert : NULL,
                                          .key_file = tls ? settings->http_key : NULL,
                                          .devices = &test->http,
                                          .device_count = 1,
                                          .sink = sink_of(test),
                                          .clock = clock_system(),
                                          .entropy = entropy_system()};
    TRY(http_listener_create(&config, &test->listener, fault));
    device_test_say(TEST_OK, "%s of lane %s: waiting for it to post to %s:%u%s, %s",
                    "%s，通道 %s：等待其上报到 %s:%u%s，%s", test->name.text,
                    test->reader->lane.text, settings->http_address,
                    http_listener_port(test->listener), test->http.path,
                    test->http.user[0] == '\0' ? "no account 无账号" : "digest account 需摘要认证");
    return ERR_OK;
}

void device_test_end_camera(struct device_test *test)
{
    static const enum http_count wrong[] = {HTTP_COUNT_WRONG_METHOD, HTTP_COUNT_WRONG_PATH,
                                            HTTP_COUNT_WRONG_SOURCE, HTTP_COUNT_WRONG_DIGEST,
                                            HTTP_COUNT_TOO_LARGE,    HTTP_COUNT_CUT_OFF};
    const struct http_counters *counters = http_listener_counters(test->listener);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (counters->of[wrong[i]] > 0) {
            device_test_say(TEST_BAD, "%llu posts refused: %s", "拒绝了 %llu 次上报：%s",
                            (unsigned long long)counters->of[wrong[i]], http_count_name(wrong[i]));
            test->complained = true;
        }
    }
    if (!test->complained && test->seen && test->http.user[0] != '\0') {
        device_test_say(TEST_OK, "its account is right (digest)", "账号正确（摘要认证）");
    }
}
