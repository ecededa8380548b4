/* Goal: the port answers GET /metrics and nothing else, stays within its bounds, and never holds
 * the loop. Method: the real loop and real sockets on loopback in one thread, a clock that the test
 * moves; each request one connection, read to its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/metrics/port.h"

enum { ANSWER_SIZE = 4096, CLIENTS_MAX = METRICS_PORT_CONNECTIONS + 2 };

/* The system's clocks, and what the test adds. */
static int64_t ahead_us;

static struct wall wall_now(void *ctx)
{
    (void)ctx;
    struct wall now = clock_system()->wall(NULL);
    return (struct wall){now.us + ahead_us};
}

static struct mono mono_now(void *ctx)
{
    (void)ctx;
    struct mono now = clock_system()->mono(NULL);
    return (struct mono){now.us + ahead_us};
}

static const struct clock test_clock = {.wall = wall_now, .mono = mono_now};

struct client {
    int fd; /* -1: none */
    size_t used;
    bool closed;
    char text[ANSWER_SIZE];
};

static struct {
    struct loop *loop;
    struct metrics_port *port;
    enum err filled; /* what the next filling says */
    int fills;
    struct client clients[CLIENTS_MAX];
    size_t waits_for; /* loop_stop when so many clients were closed */
} world;

static enum err fill(void *ctx, const struct metric_out *out, struct fault *fault)
{
    (void)ctx;
    world.fills++;
    if (world.filled != ERR_OK) {
        return fault_set(fault, world.filled, "no figures now");
    }
    metric_put(out, METRIC_AGENTS, "", world.fills);
    return ERR_OK;
}

static int setup(void **state)
{
    struct fault fault = {0};
    (void)state;
    memset(&world, 0, sizeof(world));
    ahead_us = 0;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        world.clients[i].fd = -1;
    }
    struct metrics_port_options options = {.address = "127.0.0.1", .fill = fill};
    MUST(loop_create(&test_clock, &world.loop, &fault) == ERR_OK);
    MUST(metrics_port_create(world.loop, &options, &world.port, &fault) == ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (world.clients[i].fd >= 0) {
            (void)close(world.clients[i].fd);
        }
    }
    metrics_port_destroy(&world.port);
    loop_destroy(&world.loop);
    return 0;
}

static size_t closed_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        count += world.clients[i].closed;
    }
    return count;
}

static void on_answer(void *ctx, unsigned events)
{
    struct client *client = ctx;
    (void)events;
    ssize_t got =
        recv(client->fd, client->text + client->used, ANSWER_SIZE - 1 - client->used, MSG_DONTWAIT);
    if (got > 0) {
        client->used += (size_t)got;
        client->text[client->used] = '\0';
        return;
    }
    client->closed = true;
    loop_remove_fd(world.loop, client->fd);
    if (closed_count() >= world.waits_for) {
        loop_stop(world.loop);
    }
}

static struct client *client_open(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(metrics_port_number(world.port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &world.clients[i];
        if (client->fd < 0) {
            *client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            assert_true(client->fd >= 0);
            assert_int_equal(connect(client->fd, (struct sockaddr *)&to, sizeof(to)), 0);
            assert_int_equal(loop_add_fd(world.loop, client->fd, LOOP_READ, on_answer, client),
                             ERR_OK);
            return client;
        }
    }
    fail_msg("no client is left");
    return NULL;
}

static void client_send(const struct client *client, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(client->fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void too_late(void *ctx)
{
    (void)ctx;
    fail_msg("%zu connections ended, not %zu", closed_count(), world.waits_for);
}

/* Runs the loop until so many connections have ended. A stopped loop is not run again: a new one.
 */
static void run_until_closed(size_t count)
{
    struct fault fault = {0};
    world.waits_for = count;
    uint64_t timer = loop_after(world.loop, 20000, 0, too_late, NULL);
    assert_int_equal(loop_run(world.loop, &fault), ERR_OK);
    loop_cancel(world.loop, timer);
}

static const char *ask(const char *request)
{
    struct client *client = client_open();
    client_send(client, request);
    run_until_closed(1);
    return client->text;
}

static void a_page(void **state)
{
    (void)state;
    const char *text = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text, "\r\n\r\n# HELP parkgate_agents "));
    assert_non_null(strstr(text, "\nparkgate_agents 1\n"));
    assert_true(metrics_port_is_local(world.port));
}

static void expect_status(const char *request, const char *status)
{
    const char *text = ask(request);
    assert_memory_equal(text, "HTTP/1.1 ", 9);
    assert_memory_equal(text + 9, status, 3);
    assert_null(strstr(text, "parkgate"));
    assert_int_equal(world.fills, 0);
}

static void post_is_405(void **state)
{
    (void)state;
    expect_status("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", "405");
}

static void put_is_405(void **state)
{
    (void)state;
    expect_status("PUT /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405");
}

static void head_is_405(void **state)
{
    (void)state;
    expect_status("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "405");
}

static void another_path_is_404(void **state)
{
    (void)state;
    expect_status("GET /metrics/../store HTTP/1.1\r\nHost: x\r\n\r\n", "404");
}

static void a_page_that_cannot_be_made_is_503(void **state)
{
    (void)state;
    world.filled = ERR_FULL;
    const char *text = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_memory_equal(text, "HTTP/1.1 503", 12);
    assert_null(strstr(text, "parkgate"));
}

static void a_page_is_made_once_for_all_who_ask(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        client_send(client_open(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    run_until_closed(METRICS_PORT_CONNECTIONS);
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        assert_non_null(strstr(world.clients[i].text, "\nparkgate_agents 1\n"));
    }
    assert_int_equal(world.fills, 1);
}

static void go_ahead(void *ctx)
{
    (void)ctx;
    ahead_us += METRICS_PORT_REQUEST_MS * INT64_C(1000);
}

/* Four that say half a line hold all places, and give them up when their time is over: then those
 * who waited are served. */
static void one_that_never_ends_its_request_is_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        client_send(client_open(), "GET /metr");
    }
    for (size_t i = METRICS_PORT_CONNECTIONS; i < CLIENTS_MAX; i++) {
        client_send(client_open(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    (void)loop_after(world.loop, 100, 0, go_ahead, NULL);
    run_until_closed(CLIENTS_MAX);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        bool served = strstr(world.clients[i].text, "\nparkgate_agents 1\n") != NULL;
        assert_int_equal(served, i >= METRICS_PORT_CONNECTIONS);
    }
}

static void an_endless_header_is_refused(void **state)
{
    static char request[16384] = "GET /metrics HTTP/1.1\r\nHost: ";
    (void)state;
    size_t used = strlen(request);
    memset(request + used, 'x', sizeof(request) - 1 - used);
    struct client *client = client_open();
    (void)send(client->fd, request, strlen(request), MSG_NOSIGNAL);
    run_until_closed(1);
    assert_null(strstr(client->text, "parkgate_"));
    assert_int_equal(world.fills, 0);
}

static void places_to_listen(void **state)
{
    struct fault fault = {0};
    struct metrics_port *port = NULL;
    struct metrics_port_options options = {.address = "localhost", .fill = fill};
    (void)state;
    assert_int_equal(metrics_port_create(world.loop, &options, &port, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "metrics_address: localhost is no numeric address; for example "
                                    "metrics_address = 127.0.0.1");
    options.address = "127.0.0.1";
    options.port = metrics_port_number(world.port);
    fault = (struct fault){0};
    assert_int_equal(metrics_port_create(world.loop, &options, &port, &fault), ERR_IO);
    assert_non_null(strstr(fault.what, "metrics: cannot listen on 127.0.0.1 port "));
    assert_null(port);
    options.address = "0.0.0.0";
    options.port = 0;
    assert_int_equal(metrics_port_create(world.loop, &options, &port, &fault), ERR_OK);
    assert_false(metrics_port_is_local(port));
    metrics_port_destroy(&port);
    assert_null(port);
    metrics_port_destroy(&port);
}

#define PORT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORT_TEST(a_page),
        PORT_TEST(post_is_405),
        PORT_TEST(put_is_405),
        PORT_TEST(head_is_405),
        PORT_TEST(another_path_is_404),
        PORT_TEST(a_page_that_cannot_be_made_is_503),
        PORT_TEST(a_page_is_made_once_for_all_who_ask),
        PORT_TEST(one_that_never_ends_its_request_is_ended),
        PORT_TEST(an_endless_header_is_refused),
        PORT_TEST(places_to_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
