/* Goal: the stretched key is scrypt's, so that a file made today opens with any other scrypt.
 * Method: a value computed by Python's hashlib.scrypt (n=32768, r=8, p=1). */
#include "common/seal/stretch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void it_is_scrypt(void **state)
{
    (void)state;
    static const uint8_t salt[SEAL_SALT_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                 8, 9, 10, 11, 12, 13, 14, 15};
    struct seal_key key;
    struct fault fault = {0};
    char hex[2 * SEAL_KEY_SIZE + 1];
    assert_int_equal(seal_stretch(bytes_of_text("correct horse"), salt, &key, &fault), ERR_OK);
    bytes_to_hex(BYTES_OF(key.bytes), hex, sizeof(hex));
    assert_string_equal(hex, "5c662628ac4eb1068a287e2aa2a202ae248e98db04d61d3327e7342db6ec7097");
    assert_int_equal(seal_stretch(bytes_of_text("correct horsE"), salt, &key, &fault), ERR_OK);
    bytes_to_hex(BYTES_OF(key.bytes), hex, sizeof(hex));
    assert_string_not_equal(hex,
                            "5c662628ac4eb1068a287e2aa2a202ae248e98db04d61d3327e7342db6ec7097");
}

int main(void)
{
    struct fault fault = {0};
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_scrypt)};
    return seal_init(&fault) == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
