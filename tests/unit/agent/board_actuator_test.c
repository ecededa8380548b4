/* Goal: the agent's end of a board: who is let in, each opening answered exactly once, reports
 * acknowledged only when durable, a silent helper told as lost. Method: a real socket in a
 * temporary directory, a helper played by this test, a clock of its own. */
#include "reader-agent/driver/board_actuator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/base/packet.h"
#include "reader-agent/driver/board_indicator.h"

enum { TEXT_SIZE = 1024 };

struct stage {
    char dir[64];
    char socket[96];
    char heard[TEXT_SIZE];
    struct mono now;
    struct clock clock;
    struct helper_port *port;
    struct board_actuator *boards;
    enum err durable; /* answer of the report sink */
    int helper;
};

static void note(struct stage *stage, const char *word)
{
    size_t at = strlen(stage->heard);
    snprintf(stage->heard + at, sizeof(stage->heard) - at, "%s%s", at > 0 ? " " : "", word);
}

static struct mono stage_mono(void *ctx)
{
    return ((struct stage *)ctx)->now;
}

static struct wall stage_wall(void *ctx)
{
    return (struct wall){.us = ((struct stage *)ctx)->now.us};
}

static enum err no_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    (void)ctx;
    (void)reading;
    (void)fault;
    fail();
    return ERR_OK;
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    char word[160];
    snprintf(word, sizeof(word), "%s=%d(%s)", device.text, (int)state, what);
    note(ctx, word);
}

static void take_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result)
{
    char word[96];
    snprintf(word, sizeof(word), "%s/%u:%s", lane.text, (unsigned)grant.sequence,
             helper_open_result_name(result));
    note(ctx, word);
}

static void take_button(void *ctx, struct name lane, uint64_t press, struct wall at)
{
    char word[96];
    (void)at;
    snprintf(word, sizeof(word), "button:%s/%u", lane.text, (unsigned)press);
    note(ctx, word);
}

static enum err take_report(void *ctx, struct name board, const struct helper_report *report,
                            struct fault *fault)
{
    struct stage *stage = ctx;
    char word[96];
    (void)fault;
    snprintf(word, sizeof(word), "report:%s/%u", board.text, (unsigned)report->number);
    note(stage, word);
    return stage->durable;
}

static void expect(struct stage *stage, const char *heard)
{
    helper_port_turn(stage->port);
    assert_string_equal(stage->heard, heard);
    stage->heard[0] = '\0';
}

static int call(const struct stage *stage, enum helper_program program, const char *name,
                uint32_t pid)
{
    int fd = -1;
    uint8_t frame[HELPER_FRAME_BYTES];
    struct helper_message hello = {
        .kind = HELPER_SAYS_HELLO, .hello = {.program = program, .pid = pid}
    };
    assert_true(name_from_text(name, &hello.hello.name));
    assert_int_equal(packet_connect(stage->socket, &fd, NULL), ERR_OK);
    size_t size = helper_pack(&hello, frame);
    assert_int_equal(packet_send(fd, (struct bytes){frame, size}), ERR_OK);
    return fd;
}

/* The kind of the next message to the helper; 0 nothing, -1 cut off. */
static int next_to(int fd, struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = 0;
    enum err err = packet_receive(fd, frame, sizeof(frame), &size);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? 0 : -1;
    }
    assert_int_equal(helper_unpack((struct bytes){frame, size}, message, NULL), ERR_OK);
    return (int)message->kind;
}

static void say(const struct stage *stage, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    assert_int_equal(packet_send(stage->helper, (struct bytes){frame, size}), ERR_OK);
}

static struct board_config config_of(const char *board, const char *lane)
{
    struct board_config config;
    memset(&config, 0, sizeof(config));
    assert_true(name_from_text(board, &config.board));
    config.setup.transport = HELPER_TCP;
    (void)snprintf(config.setup.address, sizeof(config.setup.address), "127.0.0.1:%c", board[1]);
    config.setup.lane_count = 1;
    assert_true(name_from_text(lane, &config.setup.lanes[0].name));
    return config;
}

static int set_up(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    snprintf(stage->dir, sizeof(stage->dir), "/tmp/actuator-test-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    snprintf(stage->socket, sizeof(stage->socket), "%s/helpers.sock", stage->dir);
    stage->now.us = 1000000;
    stage->clock = (struct clock){.wall = stage_wall, .mono = stage_mono, .ctx = stage};
    stage->helper = -1;
    const struct helper_port_options options = {.run_dir = stage->dir, .clock = &stage->clock};
    struct fault fault;
    assert_int_equal(helper_port_create(&options, &stage->port, &fault), ERR_OK);
    const struct driver_sink states = {.reading = no_reading, .state = take_state, .ctx = stage};
    const struct actuator_sink sink = {
        .opened = take_opened, .button = take_button, .report = take_report, .ctx = stage};
    stage->boards = board_actuator_create(stage->port, &states, &sink);
    const struct board_config list[] = {config_of("b1", "in1"), config_of("b2", "in2")};
    assert_int_equal(board_actuator_configure(stage->boards, list, 2, &fault), ERR_OK);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    if (stage->helper >= 0) {
        close(stage->helper);
    }
    board_actuator_destroy(&stage->boards);
    helper_port_destroy(&stage->port);
    unlink(stage->socket);
    rmdir(stage->dir);
    free(stage);
    return 0;
}

static void join(struct stage *stage)
{
    struct helper_message message;
    stage->helper = call(stage, HELPER_BOARD, "b1", (uint32_t)getpid());
    expect(stage, "");
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_WELCOME);
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_BOARD);
    assert_string_equal(message.board.lanes[0].name.text, "in1");
    assert_int_equal(next_to(stage->helper, &message), 0);
}

static enum err order_open(struct stage *stage, const char *lane, uint64_t sequence)
{
    struct opening opening = {
        .grant = {.epoch = 1, .sequence = sequence},
        .direction = LANE_IN,
        .expires = mono_after_ms(stage->now, 2000)
    };
    assert_true(name_from_text(lane, &opening.lane));
    return board_actuator_ops.open(stage->boards, &opening, NULL);
}

static void strangers_are_cut_off(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    uint32_t pid = (uint32_t)getpid();
    const int strangers[] = {
        call(stage, HELPER_BOARD, "b9", pid),     /* nobody wants it */
        call(stage, HELPER_NFC, "b1", pid),       /* another program */
        call(stage, HELPER_BOARD, "b1", pid + 1), /* not who it says */
    };
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        expect(stage, "");
        assert_int_equal(next_to(strangers[i], &message), -1);
        close(strangers[i]);
    }
    int mute = -1;
    assert_int_equal(packet_connect(stage->socket, &mute, NULL), ERR_OK);
    expect(stage, "");
    assert_int_equal(next_to(mute, &message), 0);
    stage->now = mono_after_ms(stage->now, HELPER_SILENCE_MS);
    expect(stage, "");
    assert_int_equal(next_to(mute, &message), -1);
    close(mute);
}

static void an_opening_is_answered_once(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    assert_int_equal(order_open(stage, "in1", 1), ERR_IO);
    join(stage);
    assert_int_equal(order_open(stage, "in9", 1), ERR_NOT_FOUND);
    assert_int_equal(order_open(stage, "in2", 1), ERR_IO);
    assert_int_equal(order_open(stage, "in1", 1), ERR_OK);
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_OPEN);
    assert_int_equal(message.open.grant.sequence, 1);
    assert_true(message.open.expires.us == stage->now.us + 2000000);
    const struct helper_message done = {
        .kind = HELPER_SAYS_OPEN_RESULT,
        .open_result = {.lane = {"in1"}, .grant = {1, 1}, .result = OPEN_DONE}
    };
    say(stage, &done);
    say(stage, &done);
    expect(stage, "in1/1:opened");
}

static void openings_of_a_lost_helper_are_lost(void **state)
{
    struct stage *stage = *state;
    join(stage);
    assert_int_equal(order_open(stage, "in1", 1), ERR_OK);
    assert_int_equal(order_open(stage, "in1", 2), ERR_OK);
    close(stage->helper);
    stage->helper = -1;
    expect(stage, "in1/1:helper-lost in1/2:helper-lost b1=2(its helper ended)");
    join(stage);
}

/* For a moment less than would be too long, in turns as they come. */
static void be_silent(struct stage *stage)
{
    for (int ms = 0; ms < HELPER_SILENCE_MS - HELPER_HEARTBEAT_MS; ms += HELPER_HEARTBEAT_MS) {
        stage->now = mono_after_ms(stage->now, HELPER_HEARTBEAT_MS);
        expect(stage, "");
    }
    stage->now = mono_after_ms(stage->now, HELPER_HEARTBEAT_MS - 1);
    expect(stage, "");
}

static void a_silent_helper_is_lost(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    join(stage);
    const struct helper_message beat = {.kind = HELPER_SAYS_HEARTBEAT};
    for (int i = 0; i < 8; i++) {
        stage->now = mono_after_ms(stage->now, HELPER_HEARTBEAT_MS);
        say(stage, &beat);
        expect(stage, i == 7 ? "b2=2(its helper does not start)" : "");
        assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_HEARTBEAT);
    }
    be_silent(stage);
    stage->now = mono_after_ms(stage->now, 1);
    expect(stage, "b1=2(its helper hangs)");
    expect(stage, "");
}

static void a_stall_of_its_own_is_nobodys_silence(void **state)
{
    struct stage *stage = *state;
    join(stage);
    be_silent(stage);
    stage->now = mono_after_ms(stage->now, 60 * HELPER_SILENCE_MS);
    expect(stage, "");
    stage->now = mono_after_ms(stage->now, 1);
    expect(stage, "b1=2(its helper hangs)");
}

static void reports_are_acknowledged_when_durable(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    join(stage);
    const struct helper_message report = {
        .kind = HELPER_SAYS_REPORT,
        .report = {.number = 7, .kind = REPORT_PASSAGE, .lane = {"in1"}}
    };
    stage->durable = ERR_FULL;
    say(stage, &report);
    expect(stage, "report:b1/7");
    assert_int_equal(next_to(stage->helper, &message), 0);
    stage->durable = ERR_OK;
    say(stage, &report);
    expect(stage, "report:b1/7");
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_REPORT_ACK);
    assert_int_equal(message.report_ack.number, 7);
}

static void a_board_speaks_for_its_own_lanes(void **state)
{
    struct stage *stage = *state;
    join(stage);
    struct helper_message press = {
        .kind = HELPER_SAYS_BUTTON, .button = {.lane = {"in2"}, .press = 5}
    };
    say(stage, &press);
    expect(stage, "");
    press.button.lane = (struct name){"in1"};
    say(stage, &press);
    expect(stage, "button:in1/5");
}

static void states_are_said_when_they_change(void **state)
{
    struct stage *stage = *state;
    join(stage);
    struct helper_message up = {.kind = HELPER_SAYS_STATE, .state = {.state = DEVICE_UP}};
    say(stage, &up);
    say(stage, &up);
    expect(stage, "b1=1()");
    snprintf(up.state.what, sizeof(up.state.what), "news");
    say(stage, &up);
    expect(stage, "b1=1(news)");
}

static void a_board_no_longer_configured_is_dropped(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    join(stage);
    assert_int_equal(order_open(stage, "in1", 1), ERR_OK);
    const struct board_config list[] = {config_of("b2", "in1")};
    assert_int_equal(board_actuator_configure(stage->boards, list, 1, NULL), ERR_OK);
    expect(stage, "in1/1:helper-lost b1=2(no longer configured)");
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_OPEN);
    assert_int_equal(next_to(stage->helper, &message), -1);
}

static void displays(void **state)
{
    struct stage *stage = *state;
    struct helper_message message;
    struct board_config config = config_of("b1", "in1");
    const struct indication green = {.colour = COLOUR_GREEN,
                                     .line1 = "一二三四五六七八九十一二三四五六七八九十"
                                              "一二三四五六七八九十一二三四五六七八九十",
                                     .line2 = "ok"};
    const struct name lane = {"in1"};
    join(stage);
    assert_int_equal(board_indicator_ops.show(stage->boards, lane, &green, NULL), ERR_NOT_FOUND);
    config.setup.has_displays = true;
    config.setup.lanes[0].display.present = true;
    assert_int_equal(board_actuator_configure(stage->boards, &config, 1, NULL), ERR_OK);
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_BOARD);
    assert_int_equal(board_indicator_ops.show(stage->boards, lane, &green, NULL), ERR_OK);
    assert_int_equal(next_to(stage->helper, &message), HELPER_SAYS_INDICATE);
    assert_string_equal(message.indicate.line1, /* 33 characters of 3 bytes */
                        "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三");
    assert_string_equal(message.indicate.line2, "ok");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(strangers_are_cut_off),
        STAGED(an_opening_is_answered_once),
        STAGED(openings_of_a_lost_helper_are_lost),
        STAGED(a_silent_helper_is_lost),
        STAGED(a_stall_of_its_own_is_nobodys_silence),
        STAGED(reports_are_acknowledged_when_durable),
        STAGED(a_board_speaks_for_its_own_lanes),
        STAGED(states_are_said_when_they_change),
        STAGED(a_board_no_longer_configured_is_dropped),
        STAGED(displays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
