/* Goal: every request of ours goes to the address that was configured, once, and no answer is too
 * much for it. Method: libcurl against a child process that gives canned answers on loopback and
 * counts who comes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/http/client.h"

enum { REQUEST_SIZE = 4096, WITHIN_MS = 10000 };

struct peer {
    int listener;
    pid_t child;
    char url[64];
    int heard; /* what it was asked comes here */
};

/* A post's body is "words". */
static bool is_whole(const char *request)
{
    return strstr(request, "\r\n\r\n") != NULL &&
           (strncmp(request, "POST", 4) != 0 || strstr(request, "\r\n\r\nwords") != NULL);
}

static void serve_one(int fd, const char *answer, int tell)
{
    char request[REQUEST_SIZE] = "";
    size_t used = 0;
    while (!is_whole(request)) {
        ssize_t got = read(fd, request + used, sizeof(request) - 1 - used);
        if (got <= 0) {
            _exit(1);
        }
        used += (size_t)got;
    }
    if (write(tell, request, used) != (ssize_t)used || write(fd, answer, strlen(answer)) < 0) {
        _exit(1);
    }
    (void)close(fd);
}

/* Each connection gets this answer; what came is told. */
static void serve(int listener, const char *answer, int tell)
{
    for (;;) {
        serve_one(accept(listener, NULL, NULL), answer, tell);
    }
}

static struct peer peer_begin(const char *form)
{
    struct peer peer;
    char answer[REQUEST_SIZE];
    int told[2];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(bind(peer.listener, (struct sockaddr *)&at, size) == 0 && listen(peer.listener, 8) == 0);
    MUST(getsockname(peer.listener, (struct sockaddr *)&at, &size) == 0 && pipe(told) == 0);
    (void)snprintf(peer.url, sizeof(peer.url), "http://127.0.0.1:%u/", ntohs(at.sin_port));
    (void)snprintf(answer, sizeof(answer), "%s", form);
    peer.child = fork();
    MUST(peer.child >= 0);
    if (peer.child == 0) {
        serve(peer.listener, answer, told[1]);
    }
    (void)close(told[1]);
    peer.heard = told[0];
    return peer;
}

/* Returns all that it was asked. */
static const char *peer_end(struct peer *peer)
{
    static char heard[REQUEST_SIZE];
    (void)kill(peer->child, SIGKILL);
    MUST(waitpid(peer->child, NULL, 0) == peer->child);
    ssize_t got = read(peer->heard, heard, sizeof(heard) - 1);
    heard[got < 0 ? 0 : got] = '\0';
    (void)close(peer->heard);
    (void)close(peer->listener);
    return heard;
}

static CURLcode ask(const struct peer *peer, struct http_body *body, long *ret_status)
{
    struct curl_slist *headers = NULL;
    CURL *curl = curl_easy_init();
    MUST(curl != NULL);
    const struct http_line line = {
        .url = peer->url, .ca_file = "", .connect_ms = WITHIN_MS, .total_ms = WITHIN_MS};
    http_line_set(curl, &line);
    http_post_set(curl, "words", 5);
    http_body_set(curl, body);
    http_header_add(&headers, "X-One", "1");
    http_header_add(&headers, "Expect", "");
    MUST(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK);
    CURLcode code = curl_easy_perform(curl);
    *ret_status = http_status(curl, code);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code;
}

static void an_answer_comes_whole(void **state)
{
    (void)state;
    uint8_t room[16];
    struct http_body body = {.data = room, .most = 5};
    long status = 0;
    struct peer peer = peer_begin("HTTP/1.1 201 Made\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(ask(&peer, &body, &status), CURLE_OK);
    const char *heard = peer_end(&peer);
    assert_int_equal(status, 201);
    assert_int_equal(body.size, 5);
    assert_memory_equal(room, "hello", 5);
    assert_non_null(strstr(heard, "POST / HTTP/1.1"));
    assert_non_null(strstr(heard, "X-One: 1"));
    assert_null(strstr(heard, "Expect:"));
    assert_non_null(strstr(heard, "\r\n\r\nwords"));
}

static void an_answer_that_is_too_large_ends_it(void **state)
{
    (void)state;
    uint8_t room[4];
    struct http_body body = {.data = room, .most = sizeof(room)};
    long status = 0;
    struct peer peer = peer_begin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(ask(&peer, &body, &status), CURLE_WRITE_ERROR);
    (void)peer_end(&peer);
    assert_true(body.too_large);
    assert_int_equal(status, 0);
}

static void nobody_sends_us_elsewhere(void **state)
{
    (void)state;
    uint8_t room[16];
    char answer[256];
    struct http_body body = {.data = room, .most = sizeof(room)};
    long status = 0;
    struct peer other = peer_begin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", other.url);
    struct peer peer = peer_begin(answer);
    assert_int_equal(setenv("http_proxy", other.url, 1), 0);
    assert_int_equal(ask(&peer, &body, &status), CURLE_OK);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(status, 302);
    assert_non_null(strstr(peer_end(&peer), "POST"));
    assert_string_equal(peer_end(&other), "");
}

static void other_schemes_are_refused(void **state)
{
    (void)state;
    uint8_t room[16];
    struct http_body body = {.data = room, .most = sizeof(room)};
    long status = 0;
    struct peer file = {.url = "file:///etc/hostname"};
    assert_int_equal(ask(&file, &body, &status), CURLE_UNSUPPORTED_PROTOCOL);
    assert_int_equal(status, 0);
}

static void a_wait_tells_who_is_readable_and_who_has_ended(void **state)
{
    (void)state;
    uint8_t room[16];
    bool ready[3];
    int pipes[2];
    CURLcode code = CURLE_OK;
    struct http_body body = {.data = room, .most = sizeof(room)};
    struct peer peer = peer_begin("HTTP/1.1 204 None\r\n\r\n");
    const struct http_line line = {
        .url = peer.url, .ca_file = "", .connect_ms = WITHIN_MS, .total_ms = WITHIN_MS};
    CURLM *multi = curl_multi_init();
    CURL *curl = curl_easy_init();
    MUST(multi != NULL && curl != NULL && pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1);
    const int fds[] = {-1, pipes[1], pipes[0]};
    http_wait(multi, fds, 3, WITHIN_MS, ready);
    assert_false(ready[0]);
    assert_false(ready[1]); /* only to be written */
    assert_true(ready[2]);
    assert_null(http_next_ended(multi, &code));
    http_line_set(curl, &line);
    http_body_set(curl, &body);
    assert_int_equal(curl_multi_add_handle(multi, curl), CURLM_OK);
    CURL *ended = NULL;
    while (ended == NULL) {
        int running = 0;
        assert_int_equal(curl_multi_perform(multi, &running), CURLM_OK);
        ended = http_next_ended(multi, &code);
        if (ended == NULL) {
            http_wait(multi, NULL, 0, WITHIN_MS, NULL);
        }
    }
    assert_ptr_equal(ended, curl);
    assert_int_equal(http_status(curl, code), 204);
    (void)curl_multi_remove_handle(multi, curl);
    curl_easy_cleanup(curl);
    (void)curl_multi_cleanup(multi);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    (void)peer_end(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_whole),
        cmocka_unit_test(an_answer_that_is_too_large_ends_it),
        cmocka_unit_test(nobody_sends_us_elsewhere),
        cmocka_unit_test(other_schemes_are_refused),
        cmocka_unit_test(a_wait_tells_who_is_readable_and_who_has_ended),
    };
    MUST(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
