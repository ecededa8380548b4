/* Goal: a credential has one canonical form and hostile bytes have none. Method: tables of good and
 * bad input per kind, then random bytes against "what is made is canonical". */
#include "common/access/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/plate.h"
#include "common/base/must.h"

static void uid_lengths(void **state)
{
    (void)state;
    uint8_t uid[16];
    memset(uid, 0xa5, sizeof(uid));
    for (size_t size = 0; size <= sizeof(uid); size++) {
        struct credential got = {.kind = CREDENTIAL_KIND_PIN};
        bool ok = credential_from_uid((struct bytes){.data = uid, .size = size}, &got);
        assert_int_equal(ok, size == 4 || size == 7 || size == 10);
        assert_int_equal(got.kind, ok ? CREDENTIAL_KIND_BADGE : CREDENTIAL_KIND_PIN);
    }
    struct credential got;
    uint8_t zero[7] = {0};
    assert_false(credential_from_uid(BYTES_OF(zero), &got));
}

static void uids_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical; /* NULL: refused */
    } rows[] = {
        {"04a1b2c3",               "04a1b2c3"            },
        {"04A1B2C3",               "04a1b2c3"            },
        {" 04:A1:b2:c3\t",         "04a1b2c3"            },
        {"04-a1-b2-c3-d4-e5-f6",   "04a1b2c3d4e5f6"      },
        {"04 a1 b2 c3 d4 e5 f6",   "04a1b2c3d4e5f6"      },
        {"000102030405060708ff",   "000102030405060708ff"},
        {"",                       NULL                  },
        {"04a1b2",                 NULL                  },
        {"04a1b2c3d4",             NULL                  },
        {"04a1b2c",                NULL                  },
        {"04a1b2cg",               NULL                  },
        {"04::a1b2c3",             NULL                  },
        {":04a1b2c3",              NULL                  },
        {"04a1b2c3:",              NULL                  },
        {"0:4a1b2c3",              NULL                  },
        {"00000000",               NULL                  },
        {"000102030405060708090a", NULL                  },
        {"0x04a1b2c3",             NULL                  },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct credential got;
        bool ok = credential_from_uid_text(bytes_of_text(rows[i].text), &got);
        if (ok != (rows[i].canonical != NULL)) {
            fail_msg("`%s`", rows[i].text);
        }
        if (ok) {
            char text[BADGE_UID_TEXT_SIZE];
            badge_uid_format(credential_view(&got), text);
            assert_string_equal(text, rows[i].canonical);
        }
    }
    uint8_t with_nul[] = {'0', '4', 0, 'a', '1', 'b', '2', 'c', '3'};
    struct credential got;
    assert_false(credential_from_uid_text(BYTES_OF(with_nul), &got));
}

static void random_uids(void **state)
{
    (void)state;
    assert_true(badge_uid_is_random((struct bytes){.data = (const uint8_t *)"\x08xyz", .size = 4}));
    assert_false(
        badge_uid_is_random((struct bytes){.data = (const uint8_t *)"\x04xyz", .size = 4}));
    assert_false(
        badge_uid_is_random((struct bytes){.data = (const uint8_t *)"\x08xyzabc", .size = 7}));
    assert_false(badge_uid_is_random((struct bytes){0}));
}

static void plates(void **state)
{
    (void)state;
    struct plate plate;
    struct credential a;
    struct credential b;
    assert_int_equal(plate_read(bytes_of_text("浙A·o2345"), PLATE_SOURCE_TEXT, &plate), PLATE_OK);
    assert_true(credential_from_plate(&plate, &a));
    assert_int_equal(plate_read(bytes_of_text("浙A02345"), PLATE_SOURCE_GAT1400, &plate), PLATE_OK);
    assert_true(credential_from_plate(&plate, &b));
    assert_true(credential_equal(&a, &b));
    assert_true(bytes_equal(credential_view(&a), bytes_of_text("浙A02345")));
    assert_true(credential_is_canonical(CREDENTIAL_KIND_PLATE, bytes_of_text("浙A02345")));
    assert_false(credential_is_canonical(CREDENTIAL_KIND_PLATE, bytes_of_text("浙a02345")));
    assert_false(credential_is_canonical(CREDENTIAL_KIND_PLATE, bytes_of_text("浙A?2345")));
    assert_false(credential_is_canonical(CREDENTIAL_KIND_PLATE, bytes_of_text("TRUCK1")));
    assert_int_equal(plate_read(bytes_of_text("TRUCK1"), PLATE_SOURCE_TEXT, &plate), PLATE_FOREIGN);
    assert_false(credential_from_plate(&plate, &a));
}

static void faces_tokens_pins(void **state)
{
    (void)state;
    struct credential zeros;
    struct credential number;
    char long_text[QR_TOKEN_MAX + 1];
    memset(long_text, 'x', sizeof(long_text));
    assert_true(credential_from_face(bytes_of_text("00042"), &zeros));
    assert_true(credential_from_face(bytes_of_text("42"), &number));
    assert_false(credential_equal(&zeros, &number));
    assert_false(credential_from_face(bytes_of_text(""), &zeros));
    assert_false(credential_from_face(bytes_of_text("a b"), &zeros));
    assert_false(credential_from_face(bytes_of_text("张三"), &zeros));
    assert_false(
        credential_from_face((struct bytes){.data = (uint8_t *)long_text, .size = 33}, &zeros));
    assert_true(
        credential_from_qr((struct bytes){.data = (uint8_t *)long_text, .size = 64}, &zeros));
    assert_false(credential_from_qr(BYTES_OF(long_text), &zeros));
    assert_false(credential_from_qr((struct bytes){0}, &zeros));
    assert_true(credential_from_pin(bytes_of_text("0042"), &zeros));
    assert_false(credential_from_pin(bytes_of_text("042"), &zeros));
    assert_false(credential_from_pin(bytes_of_text("1234567890123"), &zeros));
    assert_false(credential_from_pin(bytes_of_text("12a4"), &zeros));
    /* Equal bytes of another kind are another credential. */
    assert_true(credential_from_pin(bytes_of_text("0042"), &zeros));
    assert_true(credential_from_face(bytes_of_text("0042"), &number));
    assert_false(credential_equal(&zeros, &number));
}

static void what_is_made_is_canonical(void **state)
{
    (void)state;
    typedef bool maker(struct bytes, struct credential *);
    static maker *const makers[] = {credential_from_uid, credential_from_uid_text,
                                    credential_from_face, credential_from_qr, credential_from_pin};
    uint64_t seed = 0x20260501U;
    int made = 0;
    for (int run = 0; run < 200000; run++) {
        uint8_t raw[80];
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        size_t size = (size_t)(seed >> 33) % sizeof(raw);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            raw[i] = run % 2 == 0 ? (uint8_t)(seed >> 56) : (uint8_t)('0' + (seed >> 60) % 10);
        }
        for (size_t m = 0; m < ARRAY_LEN(makers); m++) {
            struct credential got;
            if (makers[m]((struct bytes){.data = raw, .size = size}, &got)) {
                made++;
                assert_true(credential_is_canonical(got.kind, credential_view(&got)));
            }
        }
    }
    assert_true(made > 1000);
}

static void names_and_classes(void **state)
{
    (void)state;
    for (int i = CREDENTIAL_KIND_BADGE; i <= CREDENTIAL_KIND_PIN; i++) {
        enum credential_kind kind = CREDENTIAL_KIND_NONE;
        assert_true(
            credential_kind_from_name(credential_kind_name((enum credential_kind)i), &kind));
        assert_int_equal(kind, i);
        /* Nothing that is read by itself proves itself. */
        assert_true(credential_class_of(kind) < CREDENTIAL_CLASS_AUTHENTICATED);
    }
    for (int i = CREDENTIAL_CLASS_BEARER; i <= CREDENTIAL_CLASS_AUTHENTICATED; i++) {
        enum credential_class class = CREDENTIAL_CLASS_BEARER;
        assert_true(
            credential_class_from_name(credential_class_name((enum credential_class)i), &class));
        assert_int_equal(class, i);
    }
    enum credential_kind kind;
    enum credential_class class;
    assert_false(credential_kind_from_name("none", &kind));
    assert_false(credential_class_from_name("", &class));
    assert_string_equal(credential_kind_name(CREDENTIAL_KIND_NONE), "none");
    assert_string_equal(credential_kind_name((enum credential_kind)6), "unknown");
    assert_string_equal(credential_class_name((enum credential_class)3), "unknown");
    assert_int_equal(credential_class_of((enum credential_kind)99), CREDENTIAL_CLASS_BEARER);
    assert_false(credential_is_canonical(CREDENTIAL_KIND_NONE, bytes_of_text("x")));
    assert_false(credential_is_canonical((enum credential_kind)99, bytes_of_text("x")));
    assert_true(CREDENTIAL_CLASS_BEARER < CREDENTIAL_CLASS_UID_ONLY &&
                CREDENTIAL_CLASS_UID_ONLY < CREDENTIAL_CLASS_AUTHENTICATED);
}

static void weak_pins(void **state)
{
    (void)state;
    static const char *const weak[] = {"0000",   "9999",     "1234",   "4321", "7890",  "0987", "890123",
                                       "1212",   "123123",   "998998", "1111", "55555", "2345", "987654",
                                       "12341234", "0101"};
    static const char *const good[] = {"8306", "5271", "1243", "12341", "0042", "739164825", "1221", "64091"};
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        if (!pin_is_weak(bytes_of_text(weak[i]))) {
            fail_msg("%s is weak", weak[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (pin_is_weak(bytes_of_text(good[i]))) {
            fail_msg("%s is good", good[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uid_lengths),       cmocka_unit_test(uids_as_text),
        cmocka_unit_test(random_uids),       cmocka_unit_test(plates),
        cmocka_unit_test(faces_tokens_pins), cmocka_unit_test(what_is_made_is_canonical),
        cmocka_unit_test(names_and_classes), cmocka_unit_test(weak_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
