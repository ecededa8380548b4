/* Goal: only the configured devices are heard, what they post is durable before it is answered, and
 * nobody can fill, block or read the listener. Method: real sockets on loopback driven in one
 * thread with a clock that the test turns, one case for each status and bound, digests computed
 * here. */
#include "reader-agent/driver/http_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

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
};

static struct world world;

static struct mono fake_mono(void *ctx)
{
    (void)ctx;
    return world.mono;
}

static struct wall fake_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){.us = 0};
}

static const struct clock fake_clock = {.mono = fake_mono, .wall = fake_wall, .ctx = NULL};

static enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
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

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    (void)ctx;
    assert_true(world.state_count < ARRAY_LEN(world.states));
    world.state_of[world.state_count] = state;
    (void)snprintf(world.states[world.state_count++], sizeof(world.states[0]), "%s: %s",
                   device.text, what);
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

static struct http_listener_config config_of(const struct http_device *list, size_t count)
{
    return (struct http_listener_config){
        .address = "127.0.0.1",
        .port = 0,
        .devices = list,
        .device_count = count,
        .sink = {.reading = take_reading, .state = take_state, .ctx = NULL},
        .clock = &fake_clock,
        .entropy = entropy_system(),
    };
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){.mono = {.us = 1000000}, .watched = -1};
    struct http_listener_config config = config_of(devices, ARRAY_LEN(devices));
    struct fault fault = {.what = ""};
    assert_int_equal(http_listener_create(&config, &world.listener, &fault), ERR_OK);
    return 0;
}

static int tear_down(void **state)
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

static struct client client_open(const char *source)
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

static void client_close(struct client *c)
{
    (void)close(c->fd);
    c->fd = -1;
}

/* One round: waits until either side can go on, and lets both. */
static void pump(struct client *c, bool wants_to_write)
{
    int wait = http_listener_timeout_ms(world.listener);
    struct pollfd fds[] = {
        {.fd = http_listener_fd(world.listener),     .events = POLLIN},
        {.fd = c != NULL && !c->closed ? c->fd : -1,
         .events = (short)(POLLIN | (wants_to_write ? POLLOUT : 0))  },
    };
    assert_true(poll(fds, 2, wait < 0 || wait > 100 ? 100 : wait) >= 0);
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
static void client_send(struct client *c, const void *data, size_t size)
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

static void client_text(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/* The status of the next answer, its head in c->in; 0: closed without. */
static int client_answer(struct client *c)
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
static void client_forget(struct client *c)
{
    c->size = 0;
    c->in[0] = '\0';
}

static int post_as(const char *source, const char *path, const char *type, const char *more,
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

static int post(const char *path, const char *type, const char *body)
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

static void a_post_is_durable_before_it_is_answered(void **state)
{
    (void)state;
    struct client c = client_open("127.0.0.1");
    char head[256];
    (void)snprintf(head, sizeof(head),
                   "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                   strlen(plate_body));
    world.watched = c.fd; /* take_reading checks it */
    client_text(&c, head);
    client_text(&c, plate_body);
    assert_int_equal(client_answer(&c), 200);
    assert_int_equal(world.reading_count, 1);
    assert_string_equal(world.readings[0].reader.text, "cam-1");
    assert_int_equal(counted(HTTP_COUNT_READINGS), 1);
    client_close(&c);
}

static void multipart_and_json_bodies(void **state)
{
    (void)state;
    assert_int_equal(post("/cam1", parts_type, parts_body), 200);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(post("/face1", "application/json", FACE("1")), 200);
    static const char mixed[] = "--MIME_boundary\nContent-Type: application/json\n\n" FACE(
        "2") "\n--MIME_boundary\nContent-Type: image/jpeg\n\n\xff\xd8\xff\xe0 0123456789 "
             "abc\n--MIME_boundary\n\n" FACE("3") "\n--MIME_boundary--\n";
    assert_int_equal(post("/face1", "multipart/mixed; boundary=MIME_boundary", mixed), 200);
    assert_int_equal(world.reading_count, 4);
    assert_string_equal(world.readings[3].device_event, "face-1/3");
    assert_int_equal(post("/cam1?channel=1", "application/xml", plate_body), 200);
    assert_int_equal(world.reading_count, 5);
}

static void many_events_on_one_connection(void **state)
{
    (void)state;
    struct client c = client_open("127.0.0.1");
    for (size_t i = 0; i < 20; i++) {
        char text[1024];
        client_forget(&c);
        (void)snprintf(text, sizeof(text),
                       "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(plate_body), plate_body);
        client_text(&c, text);
        assert_int_equal(client_answer(&c), 200);
        assert_false(c.closed);
    }
    assert_int_equal(world.reading_count, 20);
    client_close(&c);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *request;
        int status;
        enum http_count counter;
    } cases[] = {
        {"127.0.0.1", "GET /cam1 HTTP/1.1\r\nHost: x\r\n\r\n",                             405, HTTP_COUNT_WRONG_METHOD},
        {"127.0.0.1", "PUT /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n",        405,
         HTTP_COUNT_WRONG_METHOD                                                                                       },
        {"127.0.0.1", "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",        404,
         HTTP_COUNT_WRONG_PATH                                                                                         },
        {"127.0.0.1", "POST /cam11 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",     404,
         HTTP_COUNT_WRONG_PATH                                                                                         },
        {"127.0.0.1", "POST /Cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",      404,
         HTTP_COUNT_WRONG_PATH                                                                                         },
        {"127.0.0.1", "POST /shared HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",    403,
         HTTP_COUNT_WRONG_SOURCE                                                                                       },
        {"127.0.0.9", "POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",    403,
         HTTP_COUNT_WRONG_SOURCE                                                                                       },
        {"127.0.0.1", "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4194305\r\n\r\n", 413,
         HTTP_COUNT_TOO_LARGE                                                                                          },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t before = counted(cases[i].counter);
        struct client c = client_open(cases[i].source);
        client_text(&c, cases[i].request);
        assert_int_equal(client_answer(&c), cases[i].status);
        assert_int_equal(counted(cases[i].counter), before + 1);
        /* Nothing about us, and nothing to read. */
        assert_null(strcasestr(c.in, "server:"));
        assert_null(strcasestr(c.in, "microhttpd"));
        assert_null(strcasestr(c.in, "date:"));
        assert_non_null(strcasestr(c.in, "content-length: 0"));
        client_close(&c);
    }
    assert_int_equal(world.calls, 0);
}

static void the_source_tells_devices_of_one_path_apart(void **state)
{
    (void)state;
    /* The body names another address: nobody looks at it. */
    static const char liar[] = "<EventNotificationAlert><ipAddress>127.0.0.2</ipAddress><ANPR>"
                               "<licensePlate>浙A12345</licensePlate></ANPR>"
                               "</EventNotificationAlert>";
    assert_int_equal(post_as("127.0.0.3", "/shared", "application/xml", "", liar), 200);
    assert_string_equal(world.readings[0].reader.text, "cam-3");
    assert_int_equal(post_as("127.0.0.2", "/shared", "application/xml", "", liar), 200);
    assert_string_equal(world.readings[1].reader.text, "cam-2");
}

/* ---- digest ---- */

static void hex_digest(const EVP_MD *md, const char *text, char *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    assert_int_equal(EVP_Digest(text, strlen(text), digest, &size, md, NULL), 1);
    bytes_to_hex((struct bytes){.data = digest, .size = size}, out, 2 * EVP_MAX_MD_SIZE + 1);
}

/* The nonce of the challenge for this algorithm. */
static void nonce_of(const char *head, const char *algorithm, char out[256])
{
    char mark[64];
    (void)snprintf(mark, sizeof(mark), "algorithm=%s", algorithm);
    for (const char *at = head; (at = strcasestr(at, "WWW-Authenticate: Digest")) != NULL; at++) {
        const char *end = strstr(at, "\r\n");
        const char *here = strstr(at, mark);
        const char *nonce = strstr(at, "nonce=\"");
        if (here != NULL && here < end && nonce != NULL && nonce < end) {
            nonce += 7;
            (void)snprintf(out, 256, "%.*s", (int)strcspn(nonce, "\""), nonce);
            return;
        }
    }
    fail_msg("no challenge for %s", algorithm);
}

static void authorization(const EVP_MD *md, const char *algorithm, const char *user,
                          const char *password, const char *nonce, unsigned nc, char out[2048])
{
    char text[1024];
    char a1[2 * EVP_MAX_MD_SIZE + 1];
    char a2[2 * EVP_MAX_MD_SIZE + 1];
    char response[2 * EVP_MAX_MD_SIZE + 1];
    (void)snprintf(text, sizeof(text), "%s:device:%s", user, password);
    hex_digest(md, text, a1);
    hex_digest(md, "POST:/digest", a2);
    (void)snprintf(text, sizeof(text), "%s:%s:%08x:c0ffee:auth:%s", a1, nonce, nc, a2);
    hex_digest(md, text, response);
    (void)snprintf(out, 2048,
                   "Authorization: Digest username=\"%s\", realm=\"device\", nonce=\"%s\", "
                   "uri=\"/digest\", algorithm=%s, qop=auth, nc=%08x, cnonce=\"c0ffee\", "
                   "response=\"%s\"\r\n",
                   user, nonce, algorithm, nc, response);
}

static int digest_post(struct client *c, const char *header)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "POST /digest HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", header,
                   strlen(plate_body), plate_body);
    client_forget(c);
    client_text(c, text);
    return client_answer(c);
}

static void digest_accounts(void **state)
{
    (void)state;
    const struct {
        const char *algorithm;
        const EVP_MD *md;
        const char *user, *password;
        int status;
        const char *reader;
    } cases[] = {
        {"MD5",     EVP_md5(),    "gate",   "open sesame", 200, "cam-4"},
        {"SHA-256", EVP_sha256(), "gate",   "open sesame", 200, "cam-4"},
        {"SHA-256", EVP_sha256(), "other",  "barley",      200, "cam-5"},
        {"MD5",     EVP_md5(),    "gate",   "barley",      401, NULL   },
        {"SHA-256", EVP_sha256(), "gate",   "Open sesame", 401, NULL   },
        {"MD5",     EVP_md5(),    "nobody", "open sesame", 401, NULL   },
        {"MD5",     EVP_md5(),    "",       "",            401, NULL   },
        {"MD5",     EVP_sha256(), "gate",   "open sesame", 401, NULL   },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        /* One connection, as a camera keeps it: challenge, then answer; the body is sent twice. */
        struct client c = client_open("127.0.0.1");
        char nonce[256];
        char header[2048];
        size_t before = world.reading_count;
        uint64_t wrong = counted(HTTP_COUNT_WRONG_DIGEST);
        assert_int_equal(digest_post(&c, ""), 401);
        assert_int_equal(counted(HTTP_COUNT_WRONG_DIGEST), wrong); /* nothing was wrong yet */
        nonce_of(c.in, cases[i].algorithm, nonce);
        assert_false(c.closed);
        authorization(cases[i].md, cases[i].algorithm, cases[i].user, cases[i].password, nonce, 1,
                      header);
        assert_int_equal(digest_post(&c, header), cases[i].status);
        assert_int_equal(world.reading_count, before + (cases[i].status == 200 ? 1 : 0));
        assert_int_equal(counted(HTTP_COUNT_WRONG_DIGEST),
                         wrong + (cases[i].status == 401 ? 1 : 0));
        if (cases[i].reader != NULL) {
            assert_string_equal(world.readings[before].reader.text, cases[i].reader);
            /* The same header again is a replay: its count was used. */
            assert_int_equal(digest_post(&c, header), 401);
            assert_int_equal(world.reading_count, before + 1);
        }
        client_close(&c);
    }
    /* A nonce that we never gave, and headers that are none. */
    static const char *const headers[] = {
        "Authorization: Digest\r\n",
        "Authorization: Basic Z2F0ZTpvcGVuIHNlc2FtZQ==\r\n",
        "Authorization: Digest username=\"gate\"\r\n",
        ("Authorization: Digest username=\"gate\", realm=\"device\", nonce=\"00\", "
         "uri=\"/digest\", response=\"00\"\r\n"),
        "Authorization: Digest algorithm=\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct client c = client_open("127.0.0.1");
        assert_int_equal(digest_post(&c, headers[i]), 401);
        client_close(&c);
    }
    assert_int_equal(world.reading_count, 3);
}

static void a_nonce_of_before_a_restart_is_stale(void **state)
{
    (void)state;
    char nonce[256];
    char header[2048];
    struct client c = client_open("127.0.0.1");
    assert_int_equal(digest_post(&c, ""), 401);
    nonce_of(c.in, "SHA-256", nonce);
    client_close(&c);
    http_listener_destroy(&world.listener);
    struct http_listener_config config = config_of(devices, ARRAY_LEN(devices));
    struct fault fault = {.what = ""};
    assert_int_equal(http_listener_create(&config, &world.listener, &fault), ERR_OK);

    c = client_open("127.0.0.1");
    authorization(EVP_sha256(), "SHA-256", "gate", "open sesame", nonce, 1, header);
    assert_int_equal(digest_post(&c, header), 401);
    assert_int_equal(world.calls, 0);
    assert_non_null(strstr(c.in, "stale=\"true\""));
    nonce_of(c.in, "SHA-256", nonce); /* the camera goes on with the new one */
    authorization(EVP_sha256(), "SHA-256", "gate", "open sesame", nonce, 1, header);
    assert_int_equal(digest_post(&c, header), 200);
    client_close(&c);
}

/* ---- what the sink and the body say ---- */

static void a_full_outbox_is_503_and_an_unknown_reader_403(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        int status;
    } cases[] = {
        {ERR_FULL,    503},
        {ERR_IO,      503},
        {ERR_REFUSED, 403},
        {ERR_OK,      200}
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        world.next[i] = cases[i].err;
        assert_int_equal(post("/cam1", "application/xml", plate_body), cases[i].status);
    }
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(counted(HTTP_COUNT_NOT_STORED), 2);
    assert_int_equal(counted(HTTP_COUNT_NOT_KNOWN), 1);
}

static void bad_bodies_are_400_and_said_once_a_minute(void **state)
{
    (void)state;
    static const struct {
        const char *path, *type, *body;
    } cases[] = {
        {"/cam1", "application/xml",     "garbage"                                   },
        {"/cam1", "application/xml",     ""                                          },
        {"/cam1", "application/xml",     "<a/>"                                      },
        {"/cam1", "application/xml",     "{\"a\":1}"                                 },
        {"/cam1", "application/xml",     FACE("1")                                   }, /* another device's language */
        {"/cam1", "image/jpeg",          "\xff\xd8\xff\xe0 0123456789"               },
        {"/cam1", "multipart/form-data", "--boundary\r\n\r\n<a/>"                    },
        {"/cam1", parts_type,            "no delimiter"                              },
        {"/cam1", parts_type,            "--boundary\r\n\r\nword\r\n--boundary--\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(post(cases[i].path, cases[i].type, cases[i].body), 400);
        world.mono.us += 1000000;
    }
    assert_int_equal(counted(HTTP_COUNT_BAD), ARRAY_LEN(cases));
    assert_int_equal(world.calls, 0);
    assert_int_equal(world.state_count, 1);
    assert_string_equal(world.states[0], "cam-1: camera cam-1: body not understood");
    assert_int_equal(world.state_of[0], DEVICE_DOWN);

    assert_int_equal(post("/face1", "application/json", plate_body), 400);
    assert_int_equal(world.state_count, 2); /* its own minute */
    assert_int_equal(post("/cam1", "application/xml", plate_body), 200);
    assert_int_equal(world.state_count, 3);
    assert_int_equal(world.state_of[2], DEVICE_UP);
    assert_int_equal(post("/cam1", "application/xml", plate_body), 200);
    assert_int_equal(world.state_count, 3);
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 400);
    assert_int_equal(world.state_count, 3);
    world.mono.us += INT64_C(60000000);
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 400);
    assert_int_equal(world.state_count, 4);
}

static void foreign_events_are_200_and_dropped(void **state)
{
    (void)state;
    static const char xml[] = "<EventNotificationAlert><eventType>linedetection</eventType>"
                              "</EventNotificationAlert>";
    static const char json[] = "{\"eventType\":\"heartBeat\"}";
    assert_int_equal(post("/cam1", "application/xml", xml), 200);
    assert_int_equal(post("/cam1", "application/json", json), 200);
    assert_int_equal(post("/face1", "application/json", json), 200);
    assert_int_equal(post("/face1", "application/xml", xml), 200);
    assert_int_equal(counted(HTTP_COUNT_FOREIGN), 4);
    /* A picture alone is nothing that we could lose. */
    assert_int_equal(post("/cam1", parts_type,
                          "--boundary\r\n\r\n\xff\xd8\xff\xe0 0123456789 abc\r\n--boundary--\r\n"),
                     200);
    assert_int_equal(world.calls, 0);
}

static void strangers_are_counted_and_buttons_are_told(void **state)
{
    (void)state;
    static const char *const format =
        "{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":%s,"
        "\"employeeNoString\":\"17\",\"cardNo\":\"12345\"}}";
    char body[256];
    (void)snprintf(body, sizeof(body), format, "76");
    assert_int_equal(post("/face1", "application/json", body), 200);
    assert_int_equal(counted(HTTP_COUNT_FAILED), 1);
    assert_int_equal(world.calls, 0);
    (void)snprintf(body, sizeof(body), format, "23");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(post("/face1", "application/json", body), 200);
    }
    assert_int_equal(counted(HTTP_COUNT_NOTICES), 3);
    assert_int_equal(world.state_count, 2);
    assert_string_equal(world.states[1], "face-1: exit button pressed at the terminal");
    (void)snprintf(body, sizeof(body), format, "1"); /* a decimal card number */
    assert_int_equal(post("/face1", "application/json", body), 200);
    assert_int_equal(counted(HTTP_COUNT_UNUSABLE), 1);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(world.readings[0].kind, CREDENTIAL_KIND_NONE);
}

static void a_bad_part_stops_no_good_one(void **state)
{
    (void)state;
    static const char body[] = "--boundary\n\n{broken\n--boundary\n\n" FACE(
        "5") "\n--boundary\n\n{\"x\":}\n--boundary--\n";
    assert_int_equal(post("/face1", parts_type, body), 400);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(counted(HTTP_COUNT_BAD), 2);
}

/* ---- bounds ---- */

/* A chunked body of `size` bytes after its first text; -1: closed without an answer. */
static int post_chunked(const char *first, size_t size)
{
    static char chunk[65536];
    memset(chunk, 'x', sizeof(chunk));
    struct client c = client_open("127.0.0.1");
    char text[2048];
    (void)snprintf(text, sizeof(text),
                   "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n",
                   parts_type, strlen(first), first);
    client_text(&c, text);
    for (size_t sent = 0; sent < size && !c.closed && c.size == 0; sent += sizeof(chunk)) {
        client_text(&c, "10000\r\n");
        client_send(&c, chunk, sizeof(chunk));
        client_text(&c, "\r\n");
    }
    client_text(&c, "0\r\n\r\n");
    int status = client_answer(&c);
    client_close(&c);
    return status;
}

static const char picture_begins[] = "--boundary\r\n\r\n" PLATE(
    "a3", "浙A12345") "\r\n--boundary\r\n\r\n\xff\xd8\xff\xe0 0123456789 abc";

static void bodies_over_the_cap_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(post_chunked(picture_begins, LIMIT_HTTP_BODY_BYTES - 65536 * 2), 200);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(post_chunked(picture_begins, LIMIT_HTTP_BODY_BYTES), 413);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(counted(HTTP_COUNT_TOO_LARGE), 1);
    /* One that never ends is cut off. */
    assert_int_equal(post_chunked(picture_begins, (size_t)LIMIT_HTTP_BODY_BYTES * 4), 0);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(counted(HTTP_COUNT_CUT_OFF), 1);
}

static void texts_over_the_cap_change_nothing(void **state)
{
    (void)state;
    static char text[LIMIT_HTTP_TEXT_BYTES + 512];
    static const char end[] = PLATE("a4", "浙A12345");
    memset(text, ' ', sizeof(text) - 1);
    text[0] = '<'; /* no blanks to skip */
    text[1] = '!', text[2] = '-', text[3] = '-';
    memcpy(text + LIMIT_HTTP_TEXT_BYTES - sizeof(end) - 2, "-->", 3);
    memcpy(text + LIMIT_HTTP_TEXT_BYTES - sizeof(end) + 1, end, sizeof(end));
    assert_int_equal(strlen(text), LIMIT_HTTP_TEXT_BYTES);
    assert_int_equal(post("/cam1", "application/xml", text), 200);
    assert_int_equal(world.reading_count, 1);
    text[LIMIT_HTTP_TEXT_BYTES] = ' ';
    text[LIMIT_HTTP_TEXT_BYTES + 1] = '\0';
    assert_int_equal(post("/cam1", "application/xml", text), 413);
    static char parts[sizeof(text) + 512];
    (void)snprintf(parts, sizeof(parts),
                   "--boundary\n\n" PLATE("a5", "浙A12345") "\n--boundary\n\n%s"
                                                            "\n--boundary--\n",
                   text);
    assert_int_equal(post("/cam1", parts_type, parts), 413);
    assert_int_equal(world.reading_count, 1); /* not even the good part before it */
}

static void more_events_than_a_body_may_hold(void **state)
{
    (void)state;
    static char body[65536];
    for (size_t count = HTTP_BODY_READINGS; count <= HTTP_BODY_READINGS + 1; count++) {
        size_t size = 0;
        for (size_t i = 0; i < count; i++) {
            size +=
                (size_t)snprintf(body + size, sizeof(body) - size, "--boundary\n\n%s\n", FACE("1"));
        }
        int status = post("/face1", parts_type, body);
        assert_int_equal(status, count > HTTP_BODY_READINGS ? 413 : 200);
        assert_int_equal(world.reading_count, HTTP_BODY_READINGS);
    }
}

static void slow_senders_are_ended(void **state)
{
    (void)state;
    static const char *const begins[] = {
        "",
        "POST /cam1 HT",
        "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<Even",
        "POST /no-such HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    };
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct client c = client_open("127.0.0.1");
        client_text(&c, begins[i]);
        pump(&c, false);
        /* It trickles a byte now and then: lively, but never done. */
        for (size_t k = 0; k < 9; k++) {
            world.mono.us += HTTP_LISTENER_REQUEST_MS * INT64_C(100);
            client_text(&c, begins[i][0] == '\0' ? "" : "x");
            pump(&c, false);
            assert_false(c.closed);
        }
        world.mono.us += HTTP_LISTENER_REQUEST_MS * INT64_C(100) + 1;
        assert_int_equal(http_listener_timeout_ms(world.listener), 0);
        assert_int_equal(client_answer(&c), 0);
        assert_true(c.closed);
        client_close(&c);
    }
    assert_int_equal(counted(HTTP_COUNT_CUT_OFF), 1);
    assert_int_equal(world.calls, 0);

    /* A good device that keeps its connection is not slow: each answer starts its time anew. */
    struct client c = client_open("127.0.0.1");
    for (size_t i = 0; i < 5; i++) {
        client_forget(&c);
        char text[1024];
        (void)snprintf(text, sizeof(text),
                       "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(plate_body), plate_body);
        client_text(&c, text);
        assert_int_equal(client_answer(&c), 200);
        world.mono.us += HTTP_LISTENER_REQUEST_MS * INT64_C(900);
        pump(&c, false);
    }
    client_close(&c);
}

static void a_source_has_a_bound_of_connections(void **state)
{
    (void)state;
    struct client many[HTTP_LISTENER_PER_SOURCE + 1];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = client_open("127.0.0.1");
        pump(&many[i], false);
    }
    struct client *last = &many[HTTP_LISTENER_PER_SOURCE];
    int64_t end = now_ms() + WAIT_MS;
    while (!last->closed) {
        pump(last, false);
        assert_true(now_ms() < end);
    }
    assert_false(many[0].closed);
    /* Others are served meanwhile. */
    assert_int_equal(post_as("127.0.0.2", "/shared", "application/xml", "", plate_body), 200);
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        client_close(&many[i]);
    }
}

static void a_post_cut_off_changes_nothing(void **state)
{
    (void)state;
    struct client c = client_open("127.0.0.1");
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(plate_body) + 1, plate_body);
    client_text(&c, text);
    pump(&c, false);
    client_close(&c);
    int64_t end = now_ms() + WAIT_MS;
    while (counted(HTTP_COUNT_CUT_OFF) == 0) {
        pump(NULL, false);
        assert_true(now_ms() < end);
    }
    assert_int_equal(world.calls, 0);
}

static void garbage_on_the_socket_is_survived(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET\r\n\r\n",
        "POST /cam1 HTTP/9.9\r\n\r\n",
        "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /cam1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST %00/cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
        struct client c = client_open("127.0.0.1");
        client_text(&c, garbage[i]);
        (void)shutdown(c.fd, SHUT_WR);
        pump(&c, false); /* what still waits for more is ended in its time */
        world.mono.us += HTTP_LISTENER_REQUEST_MS * INT64_C(1000);
        int status = client_answer(&c);
        assert_true(status == 0 || status >= 400);
        client_close(&c);
    }
    assert_int_equal(world.calls, 0);
    assert_int_equal(post("/cam1", "application/xml", plate_body), 200);
}

/* ---- configuration ---- */

static void impossible_configurations_are_refused(void **state)
{
    (void)state;
    static const struct http_device good = {.reader = {.text = "cam-1"},
                                            .driver = DRIVER_HIK_ANPR,
                                            .path = "/a",
                                            .source = "192.0.2.1"};
    struct http_device list[6] = {good, good, good, good, good, good};
    (void)snprintf(list[0].path, sizeof(list[0].path), "a");
    (void)snprintf(list[1].path, sizeof(list[1].path), "/a?b");
    (void)snprintf(list[2].source, sizeof(list[2].source), "localhost");
    (void)snprintf(list[3].user, sizeof(list[3].user), "user");
    list[4].driver = DRIVER_NFC;
    memset(list[5].path, '/', sizeof(list[5].path));
    struct http_listener *listener = NULL;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct fault fault = {.what = ""};
        struct http_listener_config config = config_of(&list[i], 1);
        assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
        assert_non_null(strstr(fault.what, "cam-1"));
        assert_null(listener);
    }
    struct http_device twice[2] = {good, good};
    struct http_listener_config config = config_of(twice, 2);
    struct fault fault = {.what = ""};
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    (void)snprintf(twice[1].source, sizeof(twice[1].source), "any"); /* it would meet the first */
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    (void)snprintf(twice[1].path, sizeof(twice[1].path), "/b");
    config.address = "0.0.0.0"; /* "any" is for loopback alone */
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    assert_non_null(strstr(fault.what, "loopback"));
    config = config_of(&good, 1);
    config.address = "gate.example";
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    config = config_of(&good, 1);
    config.cert_file = "/nonexistent";
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    config.key_file = "/nonexistent";
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_IO);
    /* The port is taken: said, not shared. */
    config = config_of(&good, 1);
    config.port = http_listener_port(world.listener);
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_IO);
    assert_null(listener);
}

static void every_counter_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < HTTP_COUNTS; i++) {
        assert_non_null(http_count_name((enum http_count)i));
    }
}

/* ---- TLS, with the openssl program as client ---- */

static int run(char *const argv[], int in, int out)
{
    int pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(in >= 0 ? in : null, 0);
        (void)dup2(out >= 0 ? out : null, 1);
        (void)dup2(null, 2);
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void posts_over_tls(void **state)
{
    (void)state;
    char dir[] = "/tmp/http-listener-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char key[64];
    char cert[64];
    (void)snprintf(key, sizeof(key), "%s/key.pem", dir);
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
    char *make[] = {"openssl", "req",     "-x509", "-newkey",       "rsa:2048",
                    "-nodes",  "-keyout", key,     "-out",          cert,
                    "-days",   "2",       "-subj", "/CN=localhost", NULL};
    int status = 0;
    assert_true(waitpid(run(make, -1, -1), &status, 0) > 0);
    if (WEXITSTATUS(status) == 127) {
        (void)rmdir(dir);
        skip();
    }
    assert_int_equal(status, 0);

    struct http_listener_config config = config_of(devices, ARRAY_LEN(devices));
    config.cert_file = cert;
    config.key_file = key;
    struct fault fault = {.what = ""};
    assert_int_equal(chmod(key, 0644), 0);
    http_listener_destroy(&world.listener);
    assert_int_equal(http_listener_create(&config, &world.listener, &fault), ERR_REFUSED);
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(http_listener_create(&config, &world.listener, &fault), ERR_OK);

    int in[2];
    int out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    char target[32];
    (void)snprintf(target, sizeof(target), "127.0.0.1:%u", http_listener_port(world.listener));
    char *client[] = {"openssl",  "s_client", "-quiet", "-CAfile", cert, "-verify_return_error",
                      "-connect", target,     NULL};
    int pid = run(client, in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    char text[1024];
    int size = snprintf(text, sizeof(text),
                        "POST /cam1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(plate_body), plate_body);
    assert_int_equal(write(in[1], text, (size_t)size), size);
    int64_t end = now_ms() + WAIT_MS;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        pump(NULL, false);
        assert_true(now_ms() < end);
    }
    char answer[256] = "";
    assert_true(read(out[0], answer, sizeof(answer) - 1) > 0);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
    assert_int_equal(world.reading_count, 1);
    (void)close(in[1]);
    (void)close(out[0]);
    (void)unlink(key);
    (void)unlink(cert);
    (void)rmdir(dir);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CASE(a_post_is_durable_before_it_is_answered),
        CASE(multipart_and_json_bodies),
        CASE(many_events_on_one_connection),
        CASE(refusals),
        CASE(the_source_tells_devices_of_one_path_apart),
        CASE(digest_accounts),
        CASE(a_nonce_of_before_a_restart_is_stale),
        CASE(a_full_outbox_is_503_and_an_unknown_reader_403),
        CASE(bad_bodies_are_400_and_said_once_a_minute),
        CASE(foreign_events_are_200_and_dropped),
        CASE(strangers_are_counted_and_buttons_are_told),
        CASE(a_bad_part_stops_no_good_one),
        CASE(bodies_over_the_cap_change_nothing),
        CASE(texts_over_the_cap_change_nothing),
        CASE(more_events_than_a_body_may_hold),
        CASE(slow_senders_are_ended),
        CASE(a_source_has_a_bound_of_connections),
        CASE(a_post_cut_off_changes_nothing),
        CASE(garbage_on_the_socket_is_survived),
        CASE(impossible_configurations_are_refused),
        cmocka_unit_test(every_counter_has_a_name),
        CASE(posts_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
