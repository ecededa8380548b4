/* fixture: a proved link with one server on a loopback port, and a pump that stands in for the
 * loop. Waiting is polling with a deadline; nothing sleeps. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/link/zap.h"

enum { DEADLINE_MS = 10000, ALLOWED_MAX = 4 };

struct bench {
    struct link *link;
    struct link_zap *zap;
    struct link_server *server;
    struct link_key_pair keys; /* the server's */
    char endpoint[LINK_ENDPOINT_SIZE];
    struct link_key allowed[ALLOWED_MAX];
    size_t allowed_count;
    const char *domain; /* that the policy allows */
    uint64_t asked;
};

static bool allow_listed(void *ctx, const char *domain, const struct link_key *key)
{
    struct bench *bench = ctx;
    bench->asked++;
    for (size_t i = 0; i < bench->allowed_count; i++) {
        if (strcmp(domain, bench->domain) == 0 && link_key_equal(bench->allowed[i], *key)) {
            return true;
        }
    }
    return false;
}

static inline struct link_key_pair draw_pair(void)
{
    struct link_key_pair pair;
    MUST(link_key_pair_draw(&pair, NULL) == ERR_OK);
    return pair;
}

static inline struct link_key_pair draw_allowed(struct bench *bench)
{
    struct link_key_pair pair = draw_pair();
    MUST(bench->allowed_count < ALLOWED_MAX);
    bench->allowed[bench->allowed_count++] = pair.public_key;
    return pair;
}

static inline struct mono in_ms(int64_t ms)
{
    const struct clock *clock = clock_system();
    return mono_after_ms(clock->mono(clock->ctx), ms);
}

static inline bool is_past(struct mono deadline)
{
    const struct clock *clock = clock_system();
    return !mono_before(clock->mono(clock->ctx), deadline);
}

static int bench_make_at(void **state, const char *endpoint)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct fault fault = {0};
    MUST(bench != NULL);
    bench->domain = "agents";
    bench->keys = draw_pair();
    MUST(link_create(&bench->link, &fault) == ERR_OK);
    MUST(link_zap_create(bench->link, (struct link_zap_policy){.allow = allow_listed, .ctx = bench},
                         &bench->zap, &fault) == ERR_OK);
    MUST(link_zap_self_test(bench->zap, &fault) == ERR_OK);
    struct link_server_options options = {.keys = &bench->keys, .domain = "agents"};
    MUST(link_server_create(bench->link, bench->zap, &options, &bench->server, &fault) == ERR_OK);
    MUST(link_server_bind(bench->server, endpoint, bench->endpoint, &fault) == ERR_OK);
    *state = bench;
    return 0;
}

static inline int bench_make(void **state)
{
    return bench_make_at(state, "tcp://127.0.0.1:*");
}

static inline int bench_remove(void **state)
{
    struct bench *bench = *state;
    link_server_destroy(&bench->server);
    link_zap_destroy(&bench->zap);
    link_destroy(&bench->link);
    free(bench);
    return 0;
}

static inline struct link_client *connect_with(struct bench *bench,
                                               const struct link_key_pair *keys)
{
    struct link_client *client = NULL;
    struct link_client_options options = {
        .keys = keys, .server_key = bench->keys.public_key, .endpoint = bench->endpoint};
    assert_int_equal(link_client_create(bench->link, &options, &client, NULL), ERR_OK);
    return client;
}

/* One turn of the loop: waits at most 20 ms for the server, the judge or `socket`. */
static inline void pump(struct bench *bench, void *socket, short events)
{
    zmq_pollitem_t items[3] = {0};
    items[0].socket = link_zap_socket(bench->zap);
    items[0].events = ZMQ_POLLIN;
    items[1].socket = link_server_socket(bench->server);
    items[1].events = ZMQ_POLLIN;
    items[2].socket = socket;
    items[2].events = events;
    MUST(zmq_poll(items, socket != NULL ? 3 : 2, 20) >= 0);
    MUST(link_zap_turn(bench->zap, NULL) == ERR_OK);
}

/* Pumps until the client is connected and `text` is handed over. */
static inline void say(struct bench *bench, struct link_client *client, struct bytes payload)
{
    struct mono deadline = in_ms(DEADLINE_MS);
    enum err err = ERR_OK;
    while ((err = link_client_send(client, payload, NULL)) == ERR_BUSY) {
        assert_false(is_past(deadline));
        pump(bench, link_client_socket(client), ZMQ_POLLOUT);
    }
    assert_int_equal(err, ERR_OK);
}

/* Pumps until the server has a message. */
static inline struct link_msg hear(struct bench *bench)
{
    struct mono deadline = in_ms(DEADLINE_MS);
    struct link_msg msg;
    enum err err = ERR_OK;
    while ((err = link_server_recv(bench->server, &msg, NULL)) == ERR_NOT_FOUND) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
    }
    assert_int_equal(err, ERR_OK);
    return msg;
}

static inline struct bytes hear_answer(struct bench *bench, struct link_client *client)
{
    struct mono deadline = in_ms(DEADLINE_MS);
    struct bytes payload;
    enum err err = ERR_OK;
    while ((err = link_client_recv(client, &payload, NULL)) == ERR_NOT_FOUND) {
        assert_false(is_past(deadline));
        pump(bench, link_client_socket(client), ZMQ_POLLIN);
    }
    assert_int_equal(err, ERR_OK);
    return payload;
}

/* Pumps until the judge has refused `count` keys. */
static inline void wait_for_refusals(struct bench *bench, uint64_t count)
{
    struct mono deadline = in_ms(DEADLINE_MS);
    while (link_zap_counters(bench->zap).refused < count) {
        assert_false(is_past(deadline));
        pump(bench, NULL, 0);
    }
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
