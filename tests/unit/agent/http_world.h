/* http_world: a listener on loopback with a clock that the test turns, a sink that remembers, and a
 * client, all in one thread. For the tests of http_listener; include it once. */
#pragma once

#include "reader-agent/driver/http_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { WAIT_MS = 10000, READINGS_MAX = 512, ANSWER_BYTES = 8192 };

/* ---- the listener's surroundings ---- */

struct world {
    struct mono mono;
    struct http_listener *listener;
    struct reading readings[READINGS_MAX];
    size_t reading_count;
    enum err next[8]; /* answers of the sink; ERR_OK beyond */
    size_t calls;
    int watched; /* a client that must not have its answer while the sink is at work */
    char states[16][128];
    enum device_state state_of[16];
    size_t state_count;
    enum err aside_next; /* the sink's answer to the next body */
    size_t aside_count, aside_size;
    char aside[768]; /* of the last one: reader, why, body */
};

static struct world world;

static inline struct mono fake_mono(void *ctx)
{
    (void)ctx;
    return world.mono;
}

static inline struct wall fake_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){.us = 0};
}

static const struct clock fake_clock = {.mono = fake_mono, .wall = fake_wall, .ctx = NULL};

static inline enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    (void)ctx;
    (void)fault;
    char byte;
    if (world.watched >= 0) {
        assert_int_equal(recv(world.watched, &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
    }
    enum err err = world.calls < ARRAY_LEN(world.next) ? world.next[world.calls] : ERR_OK;
    world.calls++;
    if (err == ERR_OK) {
        assert_true(world.reading_count < READINGS_MAX);
        world.readings[world.reading_count++] = *reading;
    }
    return err;
}

static inline void take_state(void *ctx, struct name device, enum device_state state,
                              const char *what)
{
    (void)ctx;
    assert_true(world.state_count < ARRAY_LEN(world.states));
    world.state_of[world.state_count] = state;
    (void)snprintf(world.states[world.state_count++], sizeof(world.states[0]), "%s: %s",
                   device.text, what);
}

static inline enum err take_aside(void *ctx, struct name reader, struct bytes body, const char *why,
                                  struct fault *fault)
{
    (void)ctx;
    (void)fault;
    if (world.aside_next != ERR_OK) {
        return world.aside_next;
    }
    world.aside_count++;
    (void)snprintf(world.aside, sizeof(world.aside), "%s: %s: %.*s", reader.text, why,
                   body.size < 512 ? (int)body.size : 512, (const char *)body.data);
    world.aside_size = body.size;
    return ERR_OK;
}

#define DEVICE(name, kind, where, from, account, secret)                                           \
    {                                                                                              \
        .reader = {.text = name}, .driver = kind, .path = where, .source = from, .user = account,  \
        .password = secret                                                                         \
    }

static const struct http_device devices[] = {
    DEVICE("cam-1", DRIVER_HIK_ANPR, "/cam1", "any", "", ""),
    DEVICE("face-1", DRIVER_HIK_ACCESS, "/face1", "any", "", ""),
    DEVICE("cam-2", DRIVER_HIK_ANPR, "/shared", "127.0.0.2", "", ""),
    DEVICE("cam-3", DRIVER_HIK_ANPR, "/shared", "127.0.0.3", "", ""),
    DEVICE("cam-4", DRIVER_HIK_ANPR, "/digest", "127.0.0.1", "gate", "open sesame"),
    DEVICE("cam-5", DRIVER_HIK_ANPR, "/digest", "127.0.0.1", "other", "barley"),
};

static inline struct http_listener_config config_of(const struct http_device *list, size_t count)
{
    return (struct http_listener_config){
        .address = "127.0.0.1",
        .port = 0,
        .devices = list,
        .device_count = count,
        .sink = {.reading = take_reading, .state = take_state, .aside = take_aside, .ctx = NULL},
        .clock = &fake_clock,
        .entropy = entropy_system(),
    };
}

static inline int set_up(void **state)
{
    (void)state;
    world = (struct world){.mono = {.us = 1000000}, .watched = -1};
    struct http_listener_config config = config_of(devices, ARRAY_LEN(devices));
    struct fault fault = {.what = ""};
    assert_int_equal(http_listener_create(&config, &world.listener, &fault), ERR_OK);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    http_listener_destroy(&world.listener);
    assert_null(world.listener);
    return 0;
}

static uint64_t counted(enum http_count what)
{
    return http_listener_counters(world.listener)->of[what];
}

/* ---- a client ---- */

struct client {
    int fd;
    char in[ANSWER_BYTES];
    size_t size;
    bool closed;
};

static int64_t now_ms(void)
{
    return clock_system()->mono(NULL).us / 1000;
}

static inline struct client client_open(const char *source)
{
    struct client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(c.fd >= 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
    assert_int_equal(bind(c.fd, (struct sockaddr *)&from, sizeof(from)), 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_listener_port(world.listener))};
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
    return c;
}

static inline void client_close(struct client *c)
{
    (void)close(c->fd);
    c->fd = -1;
}

/* One round: waits until either side can go on, and lets both. */
static inline void pump(struct client *c, bool wants_to_write)
{
    int wait = http_listener_timeout_ms(world.listener);
    struct pollfd fds[] = {
        {.fd = http_listener_fd(world.listener),     .events = POLLIN},
        {.fd = c != NULL && !c->closed ? c->fd : -1,
         .events = (short)(POLLIN | (wants_to_write ? POLLOUT : 0))  },
    };
    assert_true(poll(fds, 2, wait < 0 || wait > 10 ? 10 : wait) >= 0);
    http_listener_turn(world.listener);
    if (c == NULL || c->closed) {
        return;
    }
    ssize_t got = recv(c->fd, c->in + c->size, sizeof(c->in) - 1 - c->size, MSG_DONTWAIT);
    if (got > 0) {
        c->size += (size_t)got;
        c->in[c->size] = '\0';
    } else if (got == 0 || errno == ECONNRESET) {
        c->closed = true;
    }
}

/* Sends what the listener takes; stops early when it closes or has answered. */
static inline void client_send(struct client *c, const void *data, size_t size)
{
    const char *at = data;
    int64_t end = now_ms() + WAIT_MS;
    while (size > 0 && !c->closed && c->size == 0) {
        ssize_t sent = send(c->fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        } else if (errno != EAGAIN) {
            return;
        }
        pump(c, size > 0);
        assert_true(now_ms() < end);
    }
}

static inline void client_text(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/* The status of the next answer, its head in c->in; 0: closed without. */
static inline int client_answer(struct client *c)
{
    int64_t end = now_ms() + WAIT_MS;
    while (strstr(c->in, "\r\n\r\n") == NULL && !c->closed) {
        pump(c, false);
        assert_true(now_ms() < end);
    }
    int status = 0;
    if (strncmp(c->in, "HTTP/1.1 ", 9) == 0) {
        status = (int)strtol(c->in + 9, NULL, 10);
    }
    c->size = 0;
    return status;
}

/* For the next answer on the same connection. */
static inline void client_forget(struct client *c)
{
    c->size = 0;
    c->in[0] = '\0';
}

static inline int post_as(const char *source, const char *path, const char *type, const char *more,
                          const char *body)
{
    struct client c = client_open(source);
    char head[2048];
    (void)snprintf(
        head, sizeof(head),
        "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", path,
        type, more, strlen(body));
    client_text(&c, head);
    client_text(&c, body);
    int status = client_answer(&c);
    client_close(&c);
    return status;
}

static inline int post(const char *path, const char *type, const char *body)
{
    return post_as("127.0.0.1", path, type, "", body);
}

#define PLATE(uuid, text)                                                                          \
    "<EventNotificationAlert><eventType>ANPR</eventType><UUID>" uuid                               \
    "</UUID><ANPR><licensePlate>" text "</licensePlate></ANPR></EventNotificationAlert>"
#define FACE(serial)                                                                               \
    "{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":75,"                        \
    "\"employeeNoString\":\"17\",\"serialNo\":" serial "}}"

static const char plate_body[] = PLATE("a1", "浙A12345");
static const char parts_type[] = "multipart/form-data; boundary=boundary";
static const char parts_body[] =
    "--boundary\r\nContent-Disposition: form-data; name=\"anpr.xml\"\r\n\r\n" PLATE(
        "a2", "浙A12345") "\r\n--boundary\r\nContent-Disposition: form-data; "
                          "filename=\"detectionPicture.jpg\"\r\n\r\n\xff\xd8\xff\xe0 0123456789 "
                          "abc\r\n--boundary--\r\n";
