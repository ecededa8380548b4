/* Goal: a server hears known keys only, knows each by its key, and nothing of a wrong shape gets
 * in. Method: real CURVE sockets on loopback; misbehaving peers are raw libzmq sockets. A peer that
 * must not be heard is followed by one that is: when the second is heard, the first was dropped. */
#include "tests/unit/link/fixture.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void known_key_talks_both_ways(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    struct link_client *client = connect_with(bench, &keys);
    static uint8_t large[LINK_FRAME_MAX];
    memset(large, 'x', sizeof(large));
    say(bench, client, bytes_of_text("hello"));
    struct link_msg msg = hear(bench);
    assert_true(bytes_equal(msg.payload, bytes_of_text("hello")));
    assert_true(link_key_equal(msg.key, keys.public_key));
    assert_int_equal(link_server_send(bench->server, &msg.peer, BYTES_OF(large), NULL), ERR_OK);
    assert_true(bytes_equal(hear_answer(bench, client), BYTES_OF(large)));
    say(bench, client, BYTES_OF(large));
    msg = hear(bench);
    assert_true(bytes_equal(msg.payload, BYTES_OF(large)));
    struct link_counters counters = link_server_counters(bench->server);
    assert_int_equal(counters.received, 2);
    assert_int_equal(counters.sent, 1);
    link_client_destroy(&client);
    assert_null(client);
}

static void each_message_carries_its_senders_key(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys[2] = {draw_allowed(bench), draw_allowed(bench)};
    struct link_client *clients[2] = {connect_with(bench, &keys[0]), connect_with(bench, &keys[1])};
    for (uint8_t round = 0; round < 20; round++) {
        for (uint8_t who = 0; who < 2; who++) {
            uint8_t text[2] = {who, round};
            say(bench, clients[who], BYTES_OF(text));
        }
        for (int i = 0; i < 2; i++) {
            struct link_msg msg = hear(bench);
            assert_true(link_key_equal(msg.key, keys[msg.payload.data[0]].public_key));
            assert_int_equal(link_server_send(bench->server, &msg.peer, msg.payload, NULL), ERR_OK);
        }
        for (uint8_t who = 0; who < 2; who++) {
            uint8_t text[2] = {who, round};
            assert_true(bytes_equal(hear_answer(bench, clients[who]), BYTES_OF(text)));
        }
    }
    link_client_destroy(&clients[0]);
    link_client_destroy(&clients[1]);
}

/* A raw DEALER with CURVE that does what our client never would. */
static void *raw_client(struct bench *bench, const struct link_key_pair *keys, void *context)
{
    static const int linger = 0;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    MUST(socket != NULL);
    MUST(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)) == 0);
    MUST(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, bench->keys.public_key.bytes, 32) == 0);
    MUST(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key.bytes, 32) == 0);
    MUST(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key.bytes, 32) == 0);
    return socket;
}

static void raw_connect(struct bench *bench, void *socket)
{
    MUST(zmq_connect(socket, bench->endpoint) == 0);
}

/* A good client says "after" until it is heard; nothing else must have been heard before. */
static void only_a_good_client_is_heard(struct bench *bench)
{
    struct link_key_pair keys = draw_allowed(bench);
    struct link_client *client = connect_with(bench, &keys);
    say(bench, client, bytes_of_text("after"));
    struct link_msg msg = hear(bench);
    assert_true(bytes_equal(msg.payload, bytes_of_text("after")));
    assert_true(link_key_equal(msg.key, keys.public_key));
    link_client_destroy(&client);
}

static void unknown_key_gets_nothing(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_pair();
    void *context = zmq_ctx_new();
    void *stranger = raw_client(bench, &keys, context);
    raw_connect(bench, stranger);
    MUST(zmq_send(stranger, "let me in", 9, 0) == 9);
    wait_for_refusals(bench, 1);
    only_a_good_client_is_heard(bench);
    assert_int_equal(zmq_recv(stranger, NULL, 0, ZMQ_DONTWAIT), -1);
    assert_int_equal(link_zap_counters(bench->zap).allowed, 1);
    MUST(zmq_close(stranger) == 0 && zmq_ctx_term(context) == 0);
}

static struct link_client *watched_client(struct bench *bench, const struct link_key_pair *keys)
{
    struct link_client *client = NULL;
    struct link_client_options options = {.keys = keys,
                                          .server_key = bench->keys.public_key,
                                          .endpoint = bench->endpoint,
                                          .watch_refusal = true};
    assert_int_equal(link_client_create(bench->link, &options, &client, NULL), ERR_OK);
    return client;
}

static void client_learns_that_its_key_was_refused(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair stranger_keys = draw_pair();
    struct link_key_pair good_keys = draw_allowed(bench);
    struct link_client *stranger = watched_client(bench, &stranger_keys);
    struct link_client *good = watched_client(bench, &good_keys);
    struct mono deadline = in_ms(10000);
    while (!link_client_is_refused(stranger)) {
        MUST(!is_past(deadline));
        pump(bench, link_client_socket(stranger), ZMQ_POLLIN);
    }
    say(bench, good, bytes_of_text("after"));
    (void)hear(bench);
    assert_false(link_client_is_refused(good));
    link_client_destroy(&stranger);
    link_client_destroy(&good);
}

static void stolen_public_key_gets_nothing(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair victim = draw_allowed(bench);
    struct link_key_pair thief = draw_pair();
    thief.public_key = victim.public_key;
    void *context = zmq_ctx_new();
    void *stranger = raw_client(bench, &thief, context);
    raw_connect(bench, stranger);
    MUST(zmq_send(stranger, "it is me", 8, 0) == 8);
    only_a_good_client_is_heard(bench);
    assert_int_equal(link_zap_counters(bench->zap).allowed, 1); /* the handshake failed earlier */
    MUST(zmq_close(stranger) == 0 && zmq_ctx_term(context) == 0);
}

static void key_of_another_domain_gets_nothing(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    bench->domain = "operators";
    void *context = zmq_ctx_new();
    void *stranger = raw_client(bench, &keys, context);
    raw_connect(bench, stranger);
    MUST(zmq_send(stranger, "x", 1, 0) == 1);
    wait_for_refusals(bench, 1);
    bench->domain = "agents";
    only_a_good_client_is_heard(bench);
    MUST(zmq_close(stranger) == 0 && zmq_ctx_term(context) == 0);
}

static void no_curve_gets_nothing(void **state)
{
    struct bench *bench = *state;
    static const int linger = 0;
    void *context = zmq_ctx_new();
    void *stranger = zmq_socket(context, ZMQ_DEALER);
    MUST(zmq_setsockopt(stranger, ZMQ_LINGER, &linger, sizeof(linger)) == 0);
    raw_connect(bench, stranger);
    MUST(zmq_send(stranger, "plain", 5, 0) == 5);
    only_a_good_client_is_heard(bench);
    MUST(zmq_close(stranger) == 0 && zmq_ctx_term(context) == 0);
}

/* Pumps until the server has dropped as much as `dropped` says. */
static void wait_for_drops(struct bench *bench, uint64_t shape, uint64_t peer)
{
    struct mono deadline = in_ms(DEADLINE_MS);
    struct link_msg msg;
    struct link_counters counters = link_server_counters(bench->server);
    while (counters.dropped_shape < shape || counters.dropped_peer < peer) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
        assert_int_equal(link_server_recv(bench->server, &msg, NULL), ERR_NOT_FOUND);
        counters = link_server_counters(bench->server);
    }
    assert_int_equal(counters.dropped_shape, shape);
    assert_int_equal(counters.dropped_peer, peer);
}

static void wrong_shapes_are_dropped_and_counted(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    void *context = zmq_ctx_new();
    void *peer = raw_client(bench, &keys, context);
    raw_connect(bench, peer);
    MUST(zmq_send(peer, "two", 3, ZMQ_SNDMORE) == 3 && zmq_send(peer, "frames", 6, 0) == 6);
    MUST(zmq_send(peer, "", 0, ZMQ_SNDMORE) == 0 && zmq_send(peer, "enveloped", 9, 0) == 9);
    MUST(zmq_send(peer, "", 0, 0) == 0);
    for (int i = 0; i < 100; i++) {
        MUST(zmq_send(peer, "x", 1, i < 99 ? ZMQ_SNDMORE : 0) == 1);
    }
    wait_for_drops(bench, 4, 0);
    MUST(zmq_send(peer, "good", 4, 0) == 4); /* the same peer is heard when it behaves */
    struct link_msg msg = hear(bench);
    assert_true(bytes_equal(msg.payload, bytes_of_text("good")));
    MUST(zmq_close(peer) == 0 && zmq_ctx_term(context) == 0);
}

static void oversize_frame_never_arrives(void **state)
{
    struct bench *bench = *state;
    static uint8_t huge[LINK_FRAME_MAX + 1];
    struct link_key_pair keys = draw_allowed(bench);
    void *context = zmq_ctx_new();
    void *peer = raw_client(bench, &keys, context);
    raw_connect(bench, peer);
    MUST(zmq_send(peer, huge, sizeof(huge), 0) == (int)sizeof(huge));
    struct mono deadline = in_ms(DEADLINE_MS);
    while (link_zap_counters(bench->zap).allowed < 1) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
    }
    only_a_good_client_is_heard(bench);
    struct link_counters counters = link_server_counters(bench->server);
    assert_int_equal(counters.received, 1);
    assert_int_equal(counters.dropped_shape, 0); /* libzmq stopped it, before it took memory */
    MUST(zmq_close(peer) == 0 && zmq_ctx_term(context) == 0);
}

static void peers_that_name_themselves_are_dropped(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys[2] = {draw_allowed(bench), draw_allowed(bench)};
    void *context = zmq_ctx_new();
    void *peers[2];
    for (int i = 0; i < 2; i++) {
        peers[i] = raw_client(bench, &keys[i], context);
        MUST(zmq_setsockopt(peers[i], ZMQ_ROUTING_ID, "gate1", 5) == 0);
        raw_connect(bench, peers[i]);
        MUST(zmq_send(peers[i], "I am gate1", 10, 0) == 10);
        if (i == 0) {
            wait_for_drops(bench, 0, 1);
        }
    }
    only_a_good_client_is_heard(bench); /* the second one with that id is ignored by ROUTER */
    assert_int_equal(link_server_counters(bench->server).dropped_peer, 1);
    MUST(zmq_close(peers[0]) == 0 && zmq_close(peers[1]) == 0 && zmq_ctx_term(context) == 0);
}

static void send_to_nobody_and_to_a_full_queue_are_answers(void **state)
{
    struct bench *bench = *state;
    static uint8_t large[LINK_FRAME_MAX];
    struct link_peer nobody = {
        .id = {0, 1, 2, 3, 4}
    };
    struct fault fault = {.code = ERR_OK};
    assert_int_equal(link_server_send(bench->server, &nobody, bytes_of_text("x"), &fault),
                     ERR_NOT_FOUND);
    struct link_key_pair keys = draw_allowed(bench);
    struct link_client *client = connect_with(bench, &keys);
    say(bench, client, bytes_of_text("hello"));
    struct link_msg msg = hear(bench);
    enum err err = ERR_OK;
    uint64_t sent = 0;
    while ((err = link_server_send(bench->server, &msg.peer, BYTES_OF(large), &fault)) == ERR_OK) {
        sent++; /* nobody reads at the other end */
        assert_true(sent < 100000);
    }
    assert_int_equal(err, ERR_BUSY);
    assert_int_equal(fault.code, ERR_OK);
    for (uint64_t got = 0; got < sent; got++) { /* what was taken arrives, all of it */
        assert_int_equal(hear_answer(bench, client).size, sizeof(large));
    }
    struct link_counters counters = link_server_counters(bench->server);
    assert_int_equal(counters.send_busy, 1);
    assert_int_equal(counters.send_gone, 1);
    assert_int_equal(counters.sent, sent);
    link_client_destroy(&client);
}

static void gone_client_is_not_found(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    struct link_client *client = connect_with(bench, &keys);
    say(bench, client, bytes_of_text("hello"));
    struct link_msg msg = hear(bench);
    link_client_destroy(&client);
    struct mono deadline = in_ms(DEADLINE_MS);
    while (link_server_send(bench->server, &msg.peer, bytes_of_text("x"), NULL) != ERR_NOT_FOUND) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
    }
    client = connect_with(bench, &keys); /* a restarted gate is heard at once, under a new peer */
    say(bench, client, bytes_of_text("again"));
    struct link_msg again = hear(bench);
    assert_true(link_key_equal(again.key, keys.public_key));
    assert_memory_not_equal(again.peer.id, msg.peer.id, sizeof(msg.peer.id));
    link_client_destroy(&client);
}

static void unconnected_client_is_busy(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    struct fault fault = {.code = ERR_OK};
    struct bytes payload;
    struct link_client *client = connect_with(bench, &keys);
    /* nobody answers the handshake yet, so nothing may be queued */
    assert_int_equal(link_client_send(client, bytes_of_text("x"), &fault), ERR_BUSY);
    assert_int_equal(fault.code, ERR_OK);
    assert_int_equal(link_client_recv(client, &payload, &fault), ERR_NOT_FOUND);
    link_client_destroy(&client);
}

static void a_refused_client_must_be_made_anew(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_pair();
    struct link_client *client = connect_with(bench, &keys);
    wait_for_refusals(bench, 1);
    bench->allowed[bench->allowed_count++] = keys.public_key; /* enrolled a moment too late */
    link_client_destroy(&client);
    client = connect_with(bench, &keys);
    say(bench, client, bytes_of_text("now"));
    assert_true(link_key_equal(hear(bench).key, keys.public_key));
    link_client_destroy(&client);
}

static void a_client_finds_a_restarted_server(void **state)
{
    struct bench *bench = *state;
    struct link_key_pair keys = draw_allowed(bench);
    struct link_client *client = connect_with(bench, &keys);
    say(bench, client, bytes_of_text("before"));
    assert_true(bytes_equal(hear(bench).payload, bytes_of_text("before")));
    link_server_destroy(&bench->server);
    struct link_server_options options = {.keys = &bench->keys, .domain = "agents"};
    assert_int_equal(link_server_create(bench->link, bench->zap, &options, &bench->server, NULL),
                     ERR_OK);
    struct mono deadline = in_ms(DEADLINE_MS);
    enum err err = ERR_OK;
    /* the old socket closes in libzmq's own thread: the port comes free a moment later */
    while ((err = link_server_bind(bench->server, bench->endpoint, NULL, NULL)) == ERR_BUSY) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
    }
    assert_int_equal(err, ERR_OK);
    struct link_msg msg;
    while (link_server_recv(bench->server, &msg, NULL) != ERR_OK) {
        assert_false(is_past(deadline));
        enum err sent = link_client_send(client, bytes_of_text("after"), NULL);
        assert_true(sent == ERR_OK || sent == ERR_BUSY);
        pump(bench, NULL, 0);
    }
    assert_true(bytes_equal(msg.payload, bytes_of_text("after")));
    link_client_destroy(&client);
}

static void works_over_a_unix_socket(void **state)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc:///tmp/parkgate-link-%ld", (long)getpid());
    MUST(bench_make_at(state, endpoint) == 0);
    struct bench *bench = *state;
    struct link_key_pair stranger_keys = draw_pair();
    struct link_client *stranger = connect_with(bench, &stranger_keys);
    wait_for_refusals(bench, 1);
    only_a_good_client_is_heard(bench);
    link_client_destroy(&stranger);
    MUST(bench_remove(state) == 0);
    (void)unlink(endpoint + 6);
}

static void bad_endpoints_say_what_to_do(void **state)
{
    struct bench *bench = *state;
    struct fault fault = {0};
    static const char *const bad[] = {"inproc://x", "7700", "tcp://127.0.0.1", "tcp://nowhere:x",
                                      "pgm://eth0"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(link_server_bind(bench->server, bad[i], NULL, &fault), ERR_INPUT);
        assert_non_null(strstr(fault.what, "example: tcp://0.0.0.0:7700"));
    }
    assert_int_equal(link_server_bind(bench->server, bench->endpoint, NULL, &fault), ERR_BUSY);
    assert_non_null(strstr(fault.what, "is in use; stop the process that listens there"));
    struct link_key_pair keys = draw_pair();
    struct link_client *client = NULL;
    struct link_client_options options = {
        .keys = &keys, .server_key = bench->keys.public_key, .endpoint = "inproc://x"};
    assert_int_equal(link_client_create(bench->link, &options, &client, &fault), ERR_INPUT);
    options.endpoint = "controller:7700";
    assert_int_equal(link_client_create(bench->link, &options, &client, &fault), ERR_INPUT);
    assert_null(client);
}

static void descriptors_are_raised_or_refused(void **state)
{
    (void)state;
    struct rlimit before;
    struct rlimit low;
    struct rlimit after;
    struct fault fault = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(link_raise_fds(LINK_FDS_MIN, &fault), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_true(after.rlim_cur == before.rlim_max);
    uint64_t too_many = (uint64_t)before.rlim_max + 1;
    char what[300];
    (void)snprintf(what, sizeof(what),
                   "this process may open %llu files, %llu are needed; set LimitNOFILE=%llu in its "
                   "unit, or run: ulimit -n %llu",
                   (unsigned long long)before.rlim_max, (unsigned long long)too_many,
                   (unsigned long long)too_many, (unsigned long long)too_many);
    if (before.rlim_max != RLIM_INFINITY) {
        assert_int_equal(link_raise_fds(too_many, &fault), ERR_REFUSED);
        assert_string_equal(fault.what, what);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(known_key_talks_both_ways),
        LINK_TEST(each_message_carries_its_senders_key),
        LINK_TEST(unknown_key_gets_nothing),
        LINK_TEST(client_learns_that_its_key_was_refused),
        LINK_TEST(stolen_public_key_gets_nothing),
        LINK_TEST(key_of_another_domain_gets_nothing),
        LINK_TEST(no_curve_gets_nothing),
        LINK_TEST(wrong_shapes_are_dropped_and_counted),
        LINK_TEST(oversize_frame_never_arrives),
        LINK_TEST(peers_that_name_themselves_are_dropped),
        LINK_TEST(send_to_nobody_and_to_a_full_queue_are_answers),
        LINK_TEST(gone_client_is_not_found),
        LINK_TEST(unconnected_client_is_busy),
        LINK_TEST(a_refused_client_must_be_made_anew),
        LINK_TEST(a_client_finds_a_restarted_server),
        cmocka_unit_test(works_over_a_unix_socket),
        LINK_TEST(bad_endpoints_say_what_to_do),
        cmocka_unit_test(descriptors_are_raised_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
