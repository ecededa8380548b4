/* Goal: no port opens unjudged, and the judge answers only well-formed questions. Method: the
 * self-test timed and repeated, misuse in a child, and forged requests to the judge's own socket.
 */
#include "common/link/internal.h"
#include "tests/unit/link/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void self_test_is_quick_and_leaves_no_trace(void **state)
{
    struct bench *bench = *state;
    struct mono limit = in_ms(1000); /* some 10 ms on a quiet machine */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(link_zap_self_test(bench->zap, NULL), ERR_OK);
    }
    assert_false(is_past(limit));
    assert_true(link_zap_is_proved(bench->zap));
    assert_int_equal(bench->asked, 0);
    assert_int_equal(link_zap_counters(bench->zap).allowed, 0);
    assert_int_equal(link_zap_counters(bench->zap).refused, 0);
}

static void second_judge_is_busy(void **state)
{
    struct bench *bench = *state;
    struct link_zap *second = NULL;
    struct fault fault = {0};
    struct link_zap_policy policy = {.allow = allow_listed, .ctx = bench};
    assert_int_equal(link_zap_create(bench->link, policy, &second, &fault), ERR_BUSY);
    assert_string_equal(fault.what, "this link has a ZAP handler already");
}

/* In a child of its own, as a fork must not carry sockets. */
static bool unproved_server_aborts(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        MUST(freopen("/dev/null", "w", stderr) != NULL);
        struct bench bench = {.keys = draw_pair()};
        struct link_zap_policy policy = {.allow = allow_listed, .ctx = &bench};
        struct link_server_options options = {.keys = &bench.keys, .domain = "agents"};
        if (link_create(&bench.link, NULL) == ERR_OK &&
            link_zap_create(bench.link, policy, &bench.zap, NULL) == ERR_OK) {
            enum err err = link_server_create(bench.link, bench.zap, &options, &bench.server, NULL);
            (void)err;
        }
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void a_server_without_proof_aborts(void **state)
{
    (void)state;
    assert_true(unproved_server_aborts());
}

struct question {
    const char *frames[9];
    size_t sizes[9]; /* 0: strlen */
    const char *status;
};

static const char key_bytes[33] = "0123456789abcdef0123456789abcdef";

#define KEY_HEX "3031323334353637383961626364656630313233343536373839616263646566"

static const struct question questions[] = {
    {{"1.0", "r1", "agents", "a", "i", "CURVE", key_bytes},         {0},       "200"},
    {{"1.0", "r1", "operators", "a", "i", "CURVE", key_bytes},      {0},       "400"},
    {{"1.1", "r1", "agents", "a", "i", "CURVE", key_bytes},         {0},       "400"},
    {{"1.0", "r1", "agents", "a", "i", "NULL"},                     {0},       "400"},
    {{"1.0", "r1", "agents", "a", "i", "PLAIN", key_bytes},         {0},       "400"},
    {{"1.0", "r1", "agents", "a", "i", "CURVE", "short"},           {0},       "400"},
    {{"1.0", "r1", "agents", "a", "i", "CURVE"},                    {0},       "400"},
    {{"1.0", "r1", "agents", "a", "i", "CURVE", key_bytes, "more"}, {0},       "400"},
    {{"1.0"},                                                       {0},       "400"},
    {{"1.0", "r1", "agents\0x", "a", "i", "CURVE", key_bytes},      {0, 0, 8}, "400"},
};

static void ask(void *socket, const struct question *question)
{
    size_t count = 0;
    while (count < ARRAY_LEN(question->frames) && question->frames[count] != NULL) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        const char *frame = question->frames[i];
        size_t size = question->sizes[i] != 0 ? question->sizes[i] : strlen(frame);
        MUST(zmq_send(socket, frame, size, i + 1 < count ? ZMQ_SNDMORE : 0) == (int)size);
    }
}

static void next_frame_is(void *socket, const char *text)
{
    char frame[128] = {0};
    int size = zmq_recv(socket, frame, sizeof(frame) - 1, ZMQ_DONTWAIT);
    assert_true(size >= 0);
    assert_string_equal(frame, text);
}

static void only_well_formed_questions_can_pass(void **state)
{
    struct bench *bench = *state;
    memcpy(bench->allowed[0].bytes, key_bytes, 32);
    bench->allowed_count = 1;
    uint64_t malformed = 0;
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        /* the judge's own socket lives in the link's context: reach it through another of its */
        bool passes = strcmp(questions[i].status, "200") == 0;
        void *asker = NULL;
        assert_int_equal(link_socket_open(bench->link, ZMQ_REQ, 10, &asker, NULL), ERR_OK);
        MUST(zmq_connect(asker, "inproc://zeromq.zap.01") == 0);
        ask(asker, &questions[i]);
        zmq_pollitem_t item = {.socket = asker, .events = ZMQ_POLLIN};
        struct mono deadline = in_ms(DEADLINE_MS);
        while (zmq_poll(&item, 1, 0) == 0) {
            assert_false(is_past(deadline));
            pump(bench, asker, ZMQ_POLLIN);
        }
        next_frame_is(asker, "1.0");
        next_frame_is(asker, questions[i].frames[1] != NULL ? "r1" : "");
        next_frame_is(asker, questions[i].status);
        next_frame_is(asker, passes ? "OK" : "unknown key");
        next_frame_is(asker, passes ? KEY_HEX : "");
        next_frame_is(asker, "");
        malformed += i >= 2;
        link_socket_close(bench->link, &asker);
    }
    assert_int_equal(link_zap_counters(bench->zap).malformed, malformed);
    assert_int_equal(link_zap_counters(bench->zap).allowed, 1);
    assert_int_equal(link_zap_counters(bench->zap).refused, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_without_proof_aborts),
        LINK_TEST(self_test_is_quick_and_leaves_no_trace),
        LINK_TEST(second_judge_is_busy),
        LINK_TEST(only_well_formed_questions_can_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
