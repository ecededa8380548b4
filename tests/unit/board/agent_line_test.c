/* Goal: a message that waits for the bus holds up what comes behind it and nothing else; heartbeats
 * and what costs the bus nothing never wait. Method: the agent's end of a real socket, played. */
#include "reader-agent/helper/agent_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/base/packet.h"

struct stage {
    int listener, agent;
    struct agent_line *line;
    struct mono now;
    char heard[256];
};

static void note_up(void *ctx)
{
    (void)ctx;
}

static void note_message(void *ctx, const struct helper_message *message)
{
    struct stage *stage = ctx;
    size_t used = strlen(stage->heard);
    unsigned long long number = message->kind == HELPER_SAYS_OPEN ? message->open.grant.sequence
                                                                  : message->report_ack.number;
    snprintf(stage->heard + used, sizeof(stage->heard) - used, "%s%llu ",
             message->kind == HELPER_SAYS_OPEN ? "open" : "ack", number);
}

static bool is_open(void *ctx, const struct helper_message *message)
{
    (void)ctx;
    return message->kind == HELPER_SAYS_OPEN;
}

static void say(struct stage *stage, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    assert_int_equal(packet_send(stage->agent, (struct bytes){.data = frame, .size = size}),
                     ERR_OK);
}

static void say_kind(struct stage *stage, enum helper_kind kind)
{
    const struct helper_message message = {.kind = kind};
    say(stage, &message);
}

static void order_open(struct stage *stage, uint64_t sequence)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_OPEN,
        .open = {.lane = {"in1"}, .grant = {1, sequence}, .direction = LANE_IN}
    };
    say(stage, &message);
}

static void acknowledge(struct stage *stage, uint64_t number)
{
    const struct helper_message message = {.kind = HELPER_SAYS_REPORT_ACK,
                                           .report_ack = {.number = number}};
    say(stage, &message);
}

static int setup(void **state)
{
    static struct stage stage;
    char path[] = "/tmp/agent-line-XXXXXX";
    char socket_path[64];
    struct packet_peer peer;
    stage = (struct stage){.now = {.us = 1000000}};
    MUST(mkdtemp(path) != NULL);
    snprintf(socket_path, sizeof(socket_path), "%s/agent", path);
    assert_int_equal(packet_listen(socket_path, (uid_t)-1, &stage.listener, NULL), ERR_OK);
    stage.line = agent_line_create(
        socket_path, HELPER_BOARD, (struct name){"b1"},
        (struct agent_ear){
            .up = note_up, .message = note_message, .waits = is_open, .ctx = &stage});
    agent_line_turn(stage.line, stage.now);
    assert_int_equal(packet_accept(stage.listener, &peer), ERR_OK);
    stage.agent = peer.fd;
    say_kind(&stage, HELPER_SAYS_WELCOME);
    agent_line_turn(stage.line, stage.now);
    assert_true(agent_line_is_up(stage.line));
    (void)unlink(socket_path);
    (void)rmdir(path);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    agent_line_destroy(&stage->line);
    close(stage->agent);
    close(stage->listener);
    return 0;
}

static void heard(struct stage *stage, const char *what)
{
    agent_line_turn(stage->line, stage->now);
    assert_string_equal(stage->heard, what);
    stage->heard[0] = '\0';
}

static void heartbeats_and_answers_wait_for_nothing(void **state)
{
    struct stage *stage = *state;
    for (int i = 0; i < 20; i++) {
        say_kind(stage, HELPER_SAYS_HEARTBEAT);
    }
    acknowledge(stage, 7);
    acknowledge(stage, 8);
    heard(stage, "ack7 ack8 ");
    assert_false(agent_line_has_message(stage->line));
}

static void one_that_waits_is_heard_when_it_is_taken(void **state)
{
    struct stage *stage = *state;
    acknowledge(stage, 1);
    order_open(stage, 2);
    order_open(stage, 3);
    acknowledge(stage, 4);
    heard(stage, "ack1 ");
    assert_true(agent_line_has_message(stage->line));
    heard(stage, "");
    agent_line_take(stage->line, stage->now);
    assert_string_equal(stage->heard, "open2 ");
    stage->heard[0] = '\0';
    heard(stage, "");
    agent_line_take(stage->line, stage->now);
    heard(stage, "open3 ack4 ");
    assert_false(agent_line_has_message(stage->line));
}

/* Its beats stand behind what waits. */
static void an_agent_that_is_kept_waiting_is_not_gone(void **state)
{
    struct stage *stage = *state;
    order_open(stage, 2);
    heard(stage, "");
    stage->now = mono_after_ms(stage->now, 3 * HELPER_SILENCE_MS);
    heard(stage, "");
    assert_true(agent_line_is_up(stage->line));
    agent_line_take(stage->line, stage->now);
    stage->heard[0] = '\0';
    stage->now = mono_after_ms(stage->now, HELPER_SILENCE_MS - 1);
    heard(stage, "");
    assert_true(agent_line_is_up(stage->line));
    stage->now = mono_after_ms(stage->now, 1);
    heard(stage, "");
    assert_false(agent_line_is_up(stage->line));
}

#define LINE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE_TEST(heartbeats_and_answers_wait_for_nothing),
        LINE_TEST(one_that_waits_is_heard_when_it_is_taken),
        LINE_TEST(an_agent_that_is_kept_waiting_is_not_gone),
    };
    return cmocka_run_group_tests_name("agent_line", tests, NULL, NULL);
}
