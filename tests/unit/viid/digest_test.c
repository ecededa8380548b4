/* Goal: each shape of the digest that real peers send is taken, and nothing else is. Method:
 * headers made here with OpenSSL's MD5 by the RFC's formula, then changed one thing at a time. */
#include "controller/viid/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "common/base/must.h"

#define TARGET   "/VIID/System/Register"
#define PASSWORD "open sesame"

static struct digest_nonces nonces;
static char nonce[DIGEST_NONCE_SIZE];
static const struct mono start = {.us = 5000000};

static void md5(const char *text, char out[33])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    assert_int_equal(EVP_Digest(text, strlen(text), digest, &size, EVP_md5(), NULL), 1);
    for (unsigned i = 0; i < size; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
}

/* What a client sends, in which shape, and what it is wrong about. */
struct client {
    const char *user, *realm, *password, *method, *uri, *nc, *format, *algorithm;
};

#define BARE                                                                                       \
    "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", qop=auth, "  \
    "nc=%s, cnonce=\"0a4f113b\", opaque=\"5ccc069c403e\", algorithm=%s"
#define QUOTED                                                                                     \
    "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", "            \
    "qop=\"auth\", nc=\"%s\", cnonce=\"0a4f113b\", opaque=\"5ccc069c403e\", algorithm=\"%s\""
#define OPEN_OPAQUE_LAST                                                                           \
    "Digest username=\"%s\",realm=\"%s\",nonce=\"%s\",uri=\"%s\",response=\"%s\",qop=auth,nc=%s,"  \
    "cnonce=\"0a4f113b\",algorithm=%s,opaque=\"5ccc069c403e"
#define OPEN_OPAQUE_AMID                                                                           \
    "digest  opaque=\"5ccc069c403e, username=\"%s\", realm=\"%s\" , nonce=\"%s\", uri=\"%s\", "    \
    "response = \"%s\", qop=\"auth\", nc=\"%s\", cnonce=\"0a4f113b\", algorithm=%s"

static const struct client usual = {.user = "gate",
                                    .realm = "viid",
                                    .password = PASSWORD,
                                    .method = "POST",
                                    .uri = TARGET,
                                    .nc = "00000001",
                                    .format = BARE,
                                    .algorithm = "MD5"};

static void header_of(const struct client *c, char *out, size_t size)
{
    char text[2048];
    char ha1[33];
    char ha2[33];
    char response[33];
    (void)snprintf(text, sizeof(text), "%s:%s:%s", c->user, c->realm, c->password);
    md5(text, ha1);
    (void)snprintf(text, sizeof(text), "%s:%s", c->method, c->uri);
    md5(text, ha2);
    (void)snprintf(text, sizeof(text), "%s:%s:%s:0a4f113b:auth:%s", ha1, nonce, c->nc, ha2);
    md5(text, response);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int written = snprintf(out, size, c->format, c->user, c->realm, nonce, c->uri, response, c->nc,
                           c->algorithm);
#pragma GCC diagnostic pop
    assert_in_range(written, 1, size - 1);
}

static enum digest_result judge_at(const struct client *c, const char *target, struct mono now)
{
    char header[4096];
    struct digest_fields fields;
    struct digest_request request = {
        .method = "POST", .target = target, .realm = "viid", .password = PASSWORD};
    header_of(c, header, sizeof(header));
    assert_true(digest_read(header, &fields));
    return digest_check(&nonces, &fields, &request, now);
}

static enum digest_result judge(const struct client *c)
{
    return judge_at(c, TARGET, start);
}

static int begin(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(seal_init(&fault), ERR_OK);
    digest_begin(&nonces, entropy_system());
    digest_nonce(&nonces, start, nonce);
    return 0;
}

static void each_shape_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *format, *uri, *nc, *algorithm;
    } shapes[] = {
        {BARE,             TARGET,                        "00000001", "MD5"},
        {QUOTED,           TARGET,                        "00000002", "MD5"},
        {OPEN_OPAQUE_LAST, TARGET,                        "00000003", "MD5"},
        {OPEN_OPAQUE_AMID, TARGET,                        "00000004", "md5"},
        {BARE,             "http://10.0.0.5:8400" TARGET, "00000005", "MD5"},
        {QUOTED,           "https://park.example" TARGET, "00000006", "MD5"},
        {OPEN_OPAQUE_AMID, "http://host" TARGET,          "0000000A", "MD5"},
        {BARE,             TARGET,                        "b",        "MD5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        struct client c = usual;
        c.format = shapes[i].format;
        c.uri = shapes[i].uri;
        c.nc = shapes[i].nc;
        c.algorithm = shapes[i].algorithm;
        assert_int_equal(judge(&c), DIGEST_GOOD);
    }
}

static void the_device_id_may_be_the_user(void **state)
{
    (void)state;
    struct client c = usual;
    c.user = "33020300001190000001";
    assert_int_equal(judge(&c), DIGEST_GOOD);
}

static void a_replayed_nc_is_stale(void **state)
{
    (void)state;
    struct client c = usual;
    c.nc = "00000007";
    assert_int_equal(judge(&c), DIGEST_GOOD);
    assert_int_equal(judge(&c), DIGEST_STALE);
    c.nc = "00000006";
    assert_int_equal(judge(&c), DIGEST_STALE);
    c.nc = "00000008";
    assert_int_equal(judge(&c), DIGEST_GOOD);
}

static void a_nonce_ends(void **state)
{
    (void)state;
    struct client c = usual;
    assert_int_equal(judge_at(&c, TARGET, mono_after_ms(start, DIGEST_NONCE_MS - 1)), DIGEST_GOOD);
    c.nc = "00000002";
    assert_int_equal(judge_at(&c, TARGET, mono_after_ms(start, DIGEST_NONCE_MS)), DIGEST_STALE);
}

static void a_foreign_nonce_is_stale(void **state)
{
    (void)state;
    struct client c = usual;
    nonce[20] = nonce[20] == 'a' ? 'b' : 'a';
    assert_int_equal(judge(&c), DIGEST_STALE);
    (void)snprintf(nonce, sizeof(nonce), "dcd98b7102dd2f0e8b11d0f600bfb0c0");
    assert_int_equal(judge(&c), DIGEST_STALE);
}

static void what_is_wrong_is_wrong(void **state)
{
    (void)state;
    struct client c = usual;
    c.password = "barley";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c = usual;
    c.realm = "elsewhere";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c = usual;
    c.method = "GET";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c = usual;
    c.algorithm = "SHA-256";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c = usual;
    c.nc = "00000000";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c.nc = "0000000001";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    assert_int_equal(judge(&usual), DIGEST_GOOD);
}

static void a_wrong_answer_counts_no_nc(void **state)
{
    (void)state;
    struct client c = usual;
    c.password = "barley";
    c.nc = "ffffffff";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    assert_int_equal(judge(&usual), DIGEST_GOOD);
}

static void the_uri_must_name_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *target;
        bool names;
    } rows[] = {
        {"/VIID/Dispositions",            "/VIID/Dispositions",            true },
        {"http://a:1/VIID/Dispositions",  "/VIID/Dispositions",            true },
        {"HTTPS://a/VIID/Dispositions",   "/VIID/Dispositions",            true },
        {"/VIID/Dispositions",            "http://b/VIID/Dispositions",    true },
        {"/VIID/Dispositions?IDList=a,b", "/VIID/Dispositions?IDList=a,b", true },
        {"/VIID/Dispositions",            "/VIID/Dispositions?IDList=a",   false},
        {"/VIID/Dispositions?IDList=a",   "/VIID/Dispositions?IDList=b",   false},
        {"/VIID/System/Time",             "/VIID/Dispositions",            false},
        {"/VIID/Dispositions/",           "/VIID/Dispositions",            false},
        {"/viid/Dispositions",            "/VIID/Dispositions",            false},
        {"VIID/Dispositions",             "/VIID/Dispositions",            false},
        {"http://a",                      "http://a",                      false},
        {"",                              "",                              false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(digest_uri_names(rows[i].uri, rows[i].target), rows[i].names);
    }
    struct client c = usual;
    c.uri = "/VIID/System/Time";
    assert_int_equal(judge(&c), DIGEST_WRONG);
    c.uri = "http://host/VIID/System/Time";
    assert_int_equal(judge(&c), DIGEST_WRONG);
}

/* More nonces in use than are counted: the oldest ends, so that nothing of it can be replayed. */
static void forgotten_nonces_are_over(void **state)
{
    (void)state;
    char first[DIGEST_NONCE_SIZE];
    memcpy(first, nonce, sizeof(first));
    assert_int_equal(judge(&usual), DIGEST_GOOD);
    for (int i = 1; i <= DIGEST_NONCES; i++) {
        struct mono now = {.us = start.us + i};
        digest_nonce(&nonces, now, nonce);
        assert_int_equal(judge_at(&usual, TARGET, now), DIGEST_GOOD);
    }
    struct client c = usual;
    memcpy(nonce, first, sizeof(nonce));
    c.nc = "00000009";
    assert_int_equal(judge_at(&c, TARGET, mono_after_ms(start, 1)), DIGEST_STALE);
    assert_int_equal(judge_at(&usual, TARGET, mono_after_ms(start, 1)), DIGEST_STALE);
}

static void what_is_no_digest(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Basic Z2F0ZQ==",
        "Digest",
        "DigestX a=b",
        "Digest username",
        "Digest username=\"a\", username=\"b\"",
        "Digest nc=1, NC=2",
    };
    char large[DIGEST_FIELD_SIZE + 64];
    struct digest_fields fields;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(digest_read(bad[i], &fields));
    }
    int at = snprintf(large, sizeof(large), "Digest cnonce=\"");
    memset(large + at, 'x', DIGEST_FIELD_SIZE);
    large[at + DIGEST_FIELD_SIZE] = '\0';
    assert_false(digest_read(large, &fields));
    assert_true(digest_read("Digest  username=a,unknown=\"x\",,nc=1", &fields));
    assert_string_equal(fields.username, "a");
    assert_string_equal(fields.nc, "1");
}

/* Our answer to a challenge is one that our own check takes, and the RFC's example. */
static void a_challenge_is_answered(void **state)
{
    (void)state;
    char challenge[256];
    char header[DIGEST_HEADER_SIZE];
    struct digest_fields asked;
    struct digest_fields said;
    struct digest_request request = {
        .method = "POST", .target = TARGET, .realm = "viid", .password = PASSWORD};
    (void)snprintf(challenge, sizeof(challenge),
                   "Digest realm=\"viid\", qop=\"auth,auth-int\", nonce=\"%s\", opaque=\"5ccc",
                   nonce);
    assert_true(digest_read(challenge, &asked));
    assert_true(digest_answer(&asked, &request, "gate", "0a4f113b", 1, header));
    assert_true(digest_read(header, &said));
    assert_int_equal(digest_check(&nonces, &said, &request, start), DIGEST_GOOD);
    assert_string_equal(said.opaque, "5ccc");

    assert_true(digest_read("Digest realm=\"testrealm@host.com\", qop=\"auth\", "
                            "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
                            &asked));
    request = (struct digest_request){
        .method = "GET", .target = "/dir/index.html", .password = "Circle Of Life"};
    assert_true(digest_answer(&asked, &request, "Mufasa", "0a4f113b", 1, header));
    assert_non_null(strstr(header, "response=\"6629fae49393a05397450978507c4ef1\""));
}

static void challenges_that_we_do_not_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Digest realm=\"a\", nonce=\"b\"",
        "Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"",
        "Digest realm=\"a\", nonce=\"b\", qop=\"auth\", algorithm=SHA-256",
        "Digest realm=\"a\", qop=\"auth\"",
    };
    char header[DIGEST_HEADER_SIZE];
    struct digest_fields asked;
    struct digest_request request = {.method = "POST", .target = TARGET, .password = PASSWORD};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(digest_read(bad[i], &asked));
        assert_false(digest_answer(&asked, &request, "gate", "0a4f113b", 1, header));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_shape_is_taken, begin),
        cmocka_unit_test_setup(the_device_id_may_be_the_user, begin),
        cmocka_unit_test_setup(a_replayed_nc_is_stale, begin),
        cmocka_unit_test_setup(a_nonce_ends, begin),
        cmocka_unit_test_setup(a_foreign_nonce_is_stale, begin),
        cmocka_unit_test_setup(what_is_wrong_is_wrong, begin),
        cmocka_unit_test_setup(a_wrong_answer_counts_no_nc, begin),
        cmocka_unit_test_setup(the_uri_must_name_what_was_asked_for, begin),
        cmocka_unit_test_setup(forgotten_nonces_are_over, begin),
        cmocka_unit_test_setup(what_is_no_digest, begin),
        cmocka_unit_test_setup(a_challenge_is_answered, begin),
        cmocka_unit_test_setup(challenges_that_we_do_not_answer, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
