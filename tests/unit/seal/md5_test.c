/* Goal: MD5 is RFC 1321's, over texts that colons join. Method: the RFC's answers, and the example
 * of RFC 7616 (2617) with its three steps. */
#include "common/seal/md5.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/must.h"

static void the_rfcs_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *md5;
    } rows[] = {
        {"",               "d41d8cd98f00b204e9800998ecf8427e"},
        {"abc",            "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    };
    char out[SEAL_MD5_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(seal_md5_of_texts(&rows[i].text, 1, out));
        assert_string_equal(out, rows[i].md5);
    }
}

static void texts_are_joined_by_colons(void **state)
{
    (void)state;
    char ha1[SEAL_MD5_TEXT_SIZE];
    char ha2[SEAL_MD5_TEXT_SIZE];
    char out[SEAL_MD5_TEXT_SIZE];
    assert_true(seal_md5_of_texts(
        (const char *const[]){"Mufasa", "testrealm@host.com", "Circle Of Life"}, 3, ha1));
    assert_true(seal_md5_of_texts((const char *const[]){"GET", "/dir/index.html"}, 2, ha2));
    const char *const parts[] = {
        ha1, "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth", ha2};
    assert_true(seal_md5_of_texts(parts, 6, out));
    assert_string_equal(out, "6629fae49393a05397450978507c4ef1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_answers),
        cmocka_unit_test(texts_are_joined_by_colons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
