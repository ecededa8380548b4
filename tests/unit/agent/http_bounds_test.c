/* Goal: nobody can fill, block or wear out the listener, and no configuration makes it deaf or
 * blind. Method: real sockets on loopback in one thread; bodies, senders and files at and over each
 * bound. */
#include "tests/unit/agent/http_world.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
    assert_int_equal(post("/cam1", "application/xml", text), 200);
    assert_int_equal(world.aside_count, 1); /* kept as far as it may be long */
    assert_int_equal(world.aside_size, LIMIT_ASIDE_BYTES);
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
        CASE(bodies_over_the_cap_change_nothing),
        CASE(texts_over_the_cap_change_nothing),
        CASE(more_events_than_a_body_may_hold),
        CASE(slow_senders_are_ended),
        CASE(a_source_has_a_bound_of_connections),
        CASE(a_post_cut_off_changes_nothing),
        CASE(garbage_on_the_socket_is_survived),
        CASE(impossible_configurations_are_refused),
        CASE(every_counter_has_a_name),
        CASE(posts_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
