/* Goal: a box opens with the secret half of its key and for its own purpose only, unchanged.
 * Method: a box made by other software, round trips, every byte changed, every truncation.
 */
#include "common/seal/box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static void counting_fill(void *ctx, uint8_t *out, size_t size)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < size; i++) {
        out[i] = (*next)++;
    }
}

static struct seal_box_secret secret_of(const char *hex)
{
    struct seal_box_secret secret;
    MUST(bytes_from_hex(hex, secret.bytes, sizeof(secret.bytes)));
    return secret;
}

/* RFC 7748, section 6.1 */
static struct seal_box_secret alice(void)
{
    return secret_of("77076d0a7318a57d3c16c17251b26645df4c2f92ebc0992ac177fba51db92c2a");
}

static struct seal_box_secret bob(void)
{
    return secret_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
}

static const char known_box[] = "6090b87362191925efc9dcfcc03bd9e17066e9f7a1b41d0f64413ba60755871c"
                                "25262728292a2b2c2d2e2f30b2deec2b32f0088a4221d0235c2093c02f4c6747"
                                "33ca56efc2a444ba73e27f08920b";

struct closed {
    uint8_t bytes[18 + SEAL_BOX_OVERHEAD];
};

static struct closed close_to(const struct seal_box_secret *secret, uint8_t first)
{
    struct closed closed;
    struct entropy seeded = {.fill = counting_fill, .ctx = &first};
    struct seal_box_public to = seal_box_public_of(secret);
    assert_int_equal(seal_box_close(&to, "day key", &seeded, bytes_of_text("the key of one day"),
                                    closed.bytes, sizeof(closed.bytes), NULL),
                     ERR_OK);
    return closed;
}

static void closes_as_other_software_does(void **state)
{
    (void)state;
    struct seal_box_secret to = bob();
    struct closed closed = close_to(&to, 5);
    char hex[2 * sizeof(closed.bytes) + 1];
    bytes_to_hex(BYTES_OF(closed.bytes), hex, sizeof(hex));
    assert_string_equal(hex, known_box);
}

static enum err open_with(const struct seal_box_secret *secret, const char *purpose,
                          struct bytes box)
{
    uint8_t opened[64];
    size_t size = 999;
    struct fault fault = {0};
    memset(opened, 0xee, sizeof(opened));
    enum err err = seal_box_open(secret, purpose, box, opened, sizeof(opened), &size, &fault);
    if (err == ERR_OK) {
        assert_int_equal(size, 18);
        assert_memory_equal(opened, "the key of one day", 18);
    } else {
        assert_int_equal(size, 999);
        assert_int_equal(fault.code, err);
        assert_null(memmem(opened, sizeof(opened), "the key", 7));
    }
    return err;
}

static void only_its_key_and_purpose_open_it(void **state)
{
    (void)state;
    struct seal_box_secret to = bob();
    struct seal_box_secret other = alice();
    struct closed closed = close_to(&to, 9);
    assert_int_equal(open_with(&to, "day key", BYTES_OF(closed.bytes)), ERR_OK);
    assert_int_equal(open_with(&other, "day key", BYTES_OF(closed.bytes)), ERR_CORRUPT);
    assert_int_equal(open_with(&to, "muster", BYTES_OF(closed.bytes)), ERR_CORRUPT);
    assert_int_equal(open_with(&to, "", BYTES_OF(closed.bytes)), ERR_CORRUPT);
}

static void any_change_is_corrupt(void **state)
{
    (void)state;
    struct seal_box_secret to = bob();
    struct closed good = close_to(&to, 9);
    for (size_t at = 0; at < sizeof(good.bytes); at++) {
        struct closed bad = good;
        bad.bytes[at] ^= 0x10;
        assert_int_equal(open_with(&to, "day key", BYTES_OF(bad.bytes)), ERR_CORRUPT);
        assert_int_equal(open_with(&to, "day key", (struct bytes){.data = good.bytes, .size = at}),
                         ERR_CORRUPT);
    }
    uint8_t longer[sizeof(good.bytes) + 1] = {0};
    memcpy(longer, good.bytes, sizeof(good.bytes));
    assert_int_equal(open_with(&to, "day key", BYTES_OF(longer)), ERR_CORRUPT);
}

static void each_box_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct seal_box_secret secret;
    struct seal_box_public to;
    uint8_t first[SEAL_BOX_OVERHEAD], second[SEAL_BOX_OVERHEAD];
    size_t size = 99;
    uint8_t nothing[1];
    seal_box_draw(entropy_system(), &secret, &to);
    assert_int_equal(seal_box_close(&to, "muster", entropy_system(), bytes_of_text(""), first,
                                    sizeof(first), NULL),
                     ERR_OK);
    assert_int_equal(seal_box_close(&to, "muster", entropy_system(), bytes_of_text(""), second,
                                    sizeof(second), NULL),
                     ERR_OK);
    assert_memory_not_equal(first, second, SEAL_BOX_KEY_SIZE);
    assert_int_equal(
        seal_box_open(&secret, "muster", BYTES_OF(first), nothing, sizeof(nothing), &size, NULL),
        ERR_OK);
    assert_int_equal(size, 0);
}

/* The points of low order give the secret zero with every key: whoever chose one could open every
 * box (RFC 7748, section 6.1). */
static void a_point_that_gives_zero_is_refused(void **state)
{
    (void)state;
    struct seal_box_public zero = {{0}};
    struct seal_box_public one = {{1}};
    struct seal_box_secret secret = bob();
    struct fault fault = {0};
    uint8_t out[1 + SEAL_BOX_OVERHEAD] = {0};
    assert_int_equal(seal_box_close(&zero, "day key", entropy_system(), bytes_of_text("k"), out,
                                    sizeof(out), &fault),
                     ERR_INPUT);
    assert_string_equal(fault.what, "a box for day key: this is no X25519 public key");
    assert_int_equal(seal_box_close(&one, "day key", entropy_system(), bytes_of_text("k"), out,
                                    sizeof(out), &fault),
                     ERR_INPUT);
    memset(out, 0, sizeof(out));
    assert_int_equal(open_with(&secret, "day key", BYTES_OF(out)), ERR_CORRUPT);
}

static void starts(void)
{
    struct fault fault = {0};
    if (seal_init(&fault) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", fault.what);
        abort();
    }
}

static void a_pair_has_a_key_of_its_own(void **state)
{
    struct seal_box_secret a = alice();
    struct seal_box_secret b = bob();
    struct seal_box_public a_public = seal_box_public_of(&a);
    struct seal_box_public b_public = seal_box_public_of(&b);
    struct seal_box_public zero = {{0}};
    struct seal_key one;
    struct seal_key other;
    (void)state;
    assert_int_equal(seal_box_pair_key(&a, &b_public, "carry", &one, NULL), ERR_OK);
    assert_int_equal(seal_box_pair_key(&b, &a_public, "carry", &other, NULL), ERR_OK);
    assert_memory_equal(&one, &other, sizeof(one));
    assert_int_equal(seal_box_pair_key(&b, &a_public, "carrot", &other, NULL), ERR_OK);
    assert_memory_not_equal(&one, &other, sizeof(one));
    assert_int_equal(seal_box_pair_key(&b, &b_public, "carry", &other, NULL), ERR_OK);
    assert_memory_not_equal(&one, &other, sizeof(one));
    assert_int_equal(seal_box_pair_key(&a, &zero, "carry", &other, NULL), ERR_INPUT);
}

int main(void)
{
    starts();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_as_other_software_does),
        cmocka_unit_test(only_its_key_and_purpose_open_it),
        cmocka_unit_test(any_change_is_corrupt),
        cmocka_unit_test(each_box_has_a_key_of_its_own),
        cmocka_unit_test(a_point_that_gives_zero_is_refused),
        cmocka_unit_test(a_pair_has_a_key_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
