/* Goal: only the configured devices are heard, and what they post is durable before it is answered.
 * Method: real sockets on loopback in one thread, one case for each status, digests computed here.
 */
#include "tests/unit/agent/http_world.h"

#include <signal.h>

#include <openssl/evp.h>

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

static void bad_bodies_are_put_aside_and_said_once_a_minute(void **state)
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
        assert_int_equal(post(cases[i].path, cases[i].type, cases[i].body), 200);
        assert_int_equal(world.aside_count, i + 1);
        world.mono.us += 1000000;
    }
    assert_int_equal(counted(HTTP_COUNT_BAD), ARRAY_LEN(cases));
    assert_int_equal(world.calls, 0);
    assert_int_equal(world.state_count, 1);
    assert_string_equal(world.states[0], "cam-1: camera cam-1: body not understood");
    assert_int_equal(world.state_of[0], DEVICE_DOWN);

    assert_int_equal(post("/face1", "application/json", plate_body), 200);
    assert_int_equal(world.state_count, 2); /* its own minute */
    assert_string_equal(world.states[1], "face-1: terminal face-1: body not understood");
    assert_int_equal(post("/cam1", "application/xml", plate_body), 200);
    assert_int_equal(world.state_count, 3);
    assert_int_equal(world.state_of[2], DEVICE_UP);
    assert_int_equal(post("/cam1", "application/xml", plate_body), 200);
    assert_int_equal(world.state_count, 3);
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 200);
    assert_int_equal(world.state_count, 3);
    world.mono.us += INT64_C(60000000);
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 200);
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
    assert_int_equal(post("/face1", parts_type, body), 200);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(counted(HTTP_COUNT_BAD), 2);
    assert_int_equal(world.aside_count, 1);
    assert_string_equal(world.aside,
                        "face-1: not an event that its driver knows: "
                        "{broken\n{\"x\":}\n"); /* one body, its bad texts, no good one */
}

static void what_cannot_be_put_aside_is_sent_again(void **state)
{
    (void)state;
    world.aside_next = ERR_FULL;
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 503);
    assert_int_equal(counted(HTTP_COUNT_NOT_STORED), 1);
    world.aside_next = ERR_REFUSED;
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 403);
    assert_int_equal(counted(HTTP_COUNT_NOT_KNOWN), 1);
    world.aside_next = ERR_OK;
    assert_int_equal(post("/cam1", "application/xml", "garbage"), 200);
    assert_int_equal(world.aside_count, 1);
    assert_string_equal(world.aside, "cam-1: neither XML nor JSON: garbage");
}

static void pictures_are_cut_from_what_is_put_aside(void **state)
{
    (void)state;
    static const char picture[] = "\xff\xd8\xff\xe0 0123456789 abc";
    static const char parts[] =
        "--boundary\n\n<a/>\n--boundary\n\n\xff\xd8\xff\xe0 0123456789 abc\n"
        "--boundary--\n";
    assert_int_equal(post("/cam1", "image/jpeg", picture), 200);
    assert_string_equal(world.aside, "cam-1: no text in it: ");
    assert_int_equal(post("/cam1", parts_type, parts), 200);
    assert_int_equal(world.aside_count, 2);
    assert_string_equal(world.aside, "cam-1: not an event that its driver knows: <a/>\n");
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
        CASE(bad_bodies_are_put_aside_and_said_once_a_minute),
        CASE(foreign_events_are_200_and_dropped),
        CASE(strangers_are_counted_and_buttons_are_told),
        CASE(a_bad_part_stops_no_good_one),
        CASE(what_cannot_be_put_aside_is_sent_again),
        CASE(pictures_are_cut_from_what_is_put_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
