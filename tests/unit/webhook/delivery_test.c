/* Goal: what is posted is signed so that anybody can check it, and no answer loses a line. Method:
 * a known signature (made with openssl), every class of answer, files of an outbox read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "controller/webhook/delivery.h"
#include "controller/webhook/outbox.h"

#define LINE                                                                                       \
    "{\"seq\":120,\"alert\":118,\"event\":\"raised\",\"kind\":\"forced\",\"lane\":\"a-in\","       \
    "\"priority\":2}"

static void a_line_has_its_seq(void **state)
{
    static const char *const wrong[] = {
        "",           "{\"seq\":}",   "{\"seq\":1}",
        "seq",        "{\"seq\":x,}", "{\"seq\":99999999999999999999,}",
        "{\"a\":1,}", "{\"seq\":1,"};
    uint64_t seq = 0;
    (void)state;
    assert_true(delivery_seq(bytes_of_text(LINE), &seq));
    assert_int_equal(seq, 120);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (delivery_seq(bytes_of_text(wrong[i]), &seq)) {
            fail_msg("taken: %s", wrong[i]);
        }
    }
    assert_false(delivery_is_begin(bytes_of_text(LINE)));
    assert_true(delivery_is_begin(
        bytes_of_text("{\"seq\":1,\"alert\":0,\"event\":\"begin\",\"kind\":\"\"}")));
}

/* printf '1767225600.%s' "$LINE" | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b... */
static void the_signature_is_a_plain_hmac(void **state)
{
    struct seal_key secret;
    char signature[DELIVERY_SIGNATURE_SIZE];
    (void)state;
    memset(secret.bytes, 0x0b, sizeof(secret.bytes));
    assert_int_equal(seal_init(NULL), ERR_OK);
    delivery_sign(&secret, (struct wall){INT64_C(1767225600999999)}, bytes_of_text(LINE),
                  signature);
    assert_string_equal(
        signature,
        "t=1767225600,v1=cd791a227d5a6b0961ac8735d3765fb990b2e0fbbee8189c4ff70127a4f4d95b");
}

static void no_outage_loses_a_line(void **state)
{
    static const long again[] = {0, 100, 301, 304, 408, 429, 500, 502, 503, 599};
    uint32_t refusals = 0;
    int64_t wait = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(again); i++) {
        int64_t before = 0;
        for (uint32_t failures = 0; failures < 10000; failures++) {
            assert_int_equal(delivery_judge(again[i], 0, failures, &refusals, &wait),
                             DELIVERY_AGAIN);
            assert_true(wait >= before && wait > 0 && wait <= DELIVERY_BACKOFF_MAX_MS);
            before = wait;
        }
        assert_int_equal(before, DELIVERY_BACKOFF_MAX_MS);
    }
    assert_int_equal(delivery_judge(200, 0, 9, &refusals, &wait), DELIVERY_DONE);
    assert_int_equal(delivery_judge(204, 0, 0, &refusals, &wait), DELIVERY_DONE);
}

static void what_is_refused_for_good_is_a_dead_letter(void **state)
{
    uint32_t refusals = 0;
    int64_t wait = 0;
    (void)state;
    for (uint32_t i = 0; i + 1 < DELIVERY_TRIES; i++) {
        assert_int_equal(delivery_judge(400, 0, i, &refusals, &wait), DELIVERY_AGAIN);
    }
    assert_int_equal(delivery_judge(400, 0, 4, &refusals, &wait), DELIVERY_DEAD);
    refusals = 0;
    for (uint32_t i = 0; i < 100; i++) { /* in a row: an outage between begins anew */
        assert_int_equal(delivery_judge(i % 4 == 3 ? 503 : 404, 0, i, &refusals, &wait),
                         DELIVERY_AGAIN);
    }
}

static void an_answer_may_ask_for_patience(void **state)
{
    uint32_t refusals = 0;
    int64_t wait = 0;
    (void)state;
    assert_int_equal(delivery_retry_after_s(bytes_of_text(" 120\r\n")), 120);
    assert_int_equal(delivery_retry_after_s(bytes_of_text("0")), 0);
    assert_int_equal(delivery_retry_after_s(bytes_of_text("999999999999999999999999")), 0);
    assert_int_equal(delivery_retry_after_s(bytes_of_text("86400")), 3600);
    assert_int_equal(delivery_retry_after_s(bytes_of_text("Wed, 21 Oct 2026 07:28:00 GMT")), 0);
    assert_int_equal(delivery_retry_after_s(bytes_of_text("12 monkeys")), 0);
    assert_int_equal(delivery_retry_after_s((struct bytes){0}), 0);
    assert_int_equal(delivery_judge(503, 90, 0, &refusals, &wait), DELIVERY_AGAIN);
    assert_int_equal(wait, 90000);
}

static void the_cursor_is_kept(void **state)
{
    char dir[] = "/tmp/parkgate-webhook-XXXXXX";
    char path[64];
    char text[32] = "";
    uint64_t seq = 0;
    bool there = true;
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(outbox_read(dir, &seq, &there, NULL), ERR_OK);
    assert_false(there);
    assert_int_equal(outbox_write(dir, 41, NULL), ERR_OK);
    assert_int_equal(outbox_write(dir, UINT64_MAX - 1, NULL), ERR_OK);
    assert_int_equal(outbox_read(dir, &seq, &there, NULL), ERR_OK);
    assert_true(there && seq == UINT64_MAX - 1);
    assert_int_equal(outbox_dead(dir, bytes_of_text("a"), NULL), ERR_OK);
    assert_int_equal(outbox_dead(dir, bytes_of_text("b"), NULL), ERR_OK);
    (void)snprintf(path, sizeof(path), "%s/dead-letters", dir);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text) - 1, file), 4);
    (void)fclose(file);
    assert_string_equal(text, "a\nb\n");
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/cursor", dir);
    file = fopen(path, "we");
    (void)fputs("12x\n", file);
    (void)fclose(file);
    assert_int_equal(outbox_read(dir, &seq, &there, NULL), ERR_INPUT);
    (void)unlink(path);
    (void)rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_seq),
        cmocka_unit_test(the_signature_is_a_plain_hmac),
        cmocka_unit_test(no_outage_loses_a_line),
        cmocka_unit_test(what_is_refused_for_good_is_a_dead_letter),
        cmocka_unit_test(an_answer_may_ask_for_patience),
        cmocka_unit_test(the_cursor_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
