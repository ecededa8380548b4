/* Goal: sealed bytes open only unchanged and under the same key, hashes separate their inputs.
 * Method: known answers, round trips of many sizes, then every byte changed and every truncation.
 */
#include "common/seal/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"

static const struct seal_key key = {
    {1, 2, 3}
};
static const struct seal_key other_key = {
    {1, 2, 4}
};
static const uint8_t nonce[SEAL_NONCE_SIZE] = {9, 8, 7};
static const uint8_t aad[] = {'j', '1'};

static bool hash_is(struct seal_hash hash, const char *hex)
{
    char text[2 * SEAL_HASH_SIZE + 1];
    bytes_to_hex(BYTES_OF(hash.bytes), text, sizeof(text));
    return strcmp(text, hex) == 0;
}

static void starts_and_again(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(seal_init(&fault), ERR_OK);
    assert_int_equal(seal_init(&fault), ERR_OK);
}

static void hash_in_steps_equals_hash_at_once(void **state)
{
    (void)state;
    uint8_t text[200];
    memset(text, 'p', sizeof(text));
    struct seal_hash whole = seal_hash_of(BYTES_OF(text));
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        AUTO(seal_hasher_destroy) struct seal_hasher hasher = {0};
        seal_hasher_begin(&hasher);
        seal_hasher_add(&hasher, (struct bytes){.data = text, .size = cut});
        /* another hash in between disturbs nothing */
        assert_true(hash_is(seal_hash_of(bytes_of_text("")),
                            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        seal_hasher_add(&hasher, (struct bytes){.data = text + cut, .size = sizeof(text) - cut});
        struct seal_hash steps = seal_hasher_end(&hasher);
        assert_memory_equal(steps.bytes, whole.bytes, SEAL_HASH_SIZE);
    }
    AUTO(seal_hasher_destroy) struct seal_hasher unfinished = {0};
    seal_hasher_begin(&unfinished);
}

static bool same(struct seal_hash a, struct seal_hash b)
{
    return seal_equal(BYTES_OF(a.bytes), BYTES_OF(b.bytes));
}

static void keyed_hash_separates_key_domain_and_parts(void **state)
{
    (void)state;
    struct bytes ab = bytes_of_text("ab");
    struct bytes a = bytes_of_text("a");
    struct bytes b = bytes_of_text("b");
    struct seal_hash base = seal_keyed_hash(&key, "badge", SEAL_PARTS(ab));
    assert_true(same(base, seal_keyed_hash(&key, "badge", SEAL_PARTS(ab))));
    assert_false(same(base, seal_keyed_hash(&other_key, "badge", SEAL_PARTS(ab))));
    assert_false(same(base, seal_keyed_hash(&key, "plate", SEAL_PARTS(ab))));
    assert_false(same(base, seal_keyed_hash(&key, "badge", SEAL_PARTS(a, b))));
    assert_false(same(base, seal_keyed_hash(&key, "badge", SEAL_PARTS(ab, bytes_of_text("")))));
    assert_false(same(base, seal_keyed_hash(&key, "badge", NULL, 0)));
}

static void derived_keys_differ_by_purpose_and_context(void **state)
{
    (void)state;
    struct seal_key first = seal_derive(&key, "person", bytes_of_text("1"));
    struct seal_key again = seal_derive(&key, "person", bytes_of_text("1"));
    struct seal_key purpose = seal_derive(&key, "vehicle", bytes_of_text("1"));
    struct seal_key context = seal_derive(&key, "person", bytes_of_text("2"));
    struct seal_key from = seal_derive(&other_key, "person", bytes_of_text("1"));
    assert_memory_equal(first.bytes, again.bytes, SEAL_KEY_SIZE);
    assert_memory_not_equal(first.bytes, purpose.bytes, SEAL_KEY_SIZE);
    assert_memory_not_equal(first.bytes, context.bytes, SEAL_KEY_SIZE);
    assert_memory_not_equal(first.bytes, from.bytes, SEAL_KEY_SIZE);
}

static void sealed_bytes_of_every_size_open_again(void **state)
{
    (void)state;
    uint8_t plain[300];
    uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD];
    uint8_t opened[sizeof(plain)];
    for (size_t i = 0; i < sizeof(plain); i++) {
        plain[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof(plain); size++) {
        size_t got = 999;
        struct bytes in = {.data = plain, .size = size};
        seal_close(&key, nonce, BYTES_OF(aad), in, sealed, size + SEAL_OVERHEAD);
        assert_memory_equal(sealed, nonce, sizeof(nonce));
        struct bytes closed = {.data = sealed, .size = size + SEAL_OVERHEAD};
        assert_int_equal(seal_open(&key, BYTES_OF(aad), closed, opened, sizeof(opened), &got, NULL),
                         ERR_OK);
        assert_int_equal(got, size);
        assert_memory_equal(opened, plain, size);
    }
}

struct closed {
    uint8_t bytes[5 + SEAL_OVERHEAD];
};

static struct closed close_plate(void)
{
    struct closed closed;
    seal_close(&key, nonce, BYTES_OF(aad), bytes_of_text("A1234"), closed.bytes,
               sizeof(closed.bytes));
    return closed;
}

static void refuses(const struct seal_key *with, struct bytes with_aad, struct bytes sealed)
{
    uint8_t opened[64];
    size_t size = 999;
    struct fault fault = {0};
    memset(opened, 0xee, sizeof(opened));
    assert_int_equal(seal_open(with, with_aad, sealed, opened, sizeof(opened), &size, &fault),
                     ERR_CORRUPT);
    assert_int_equal(size, 999);
    assert_int_equal(fault.code, ERR_CORRUPT);
    assert_null(memmem(opened, sizeof(opened), "A1234", 5));
}

static void any_change_is_corrupt(void **state)
{
    (void)state;
    struct closed good = close_plate();
    for (size_t at = 0; at < sizeof(good.bytes); at++) {
        struct closed bad = good;
        bad.bytes[at] ^= 0x10;
        refuses(&key, BYTES_OF(aad), BYTES_OF(bad.bytes));
        refuses(&key, BYTES_OF(aad), (struct bytes){.data = good.bytes, .size = at});
    }
    uint8_t longer[sizeof(good.bytes) + 1] = {0};
    memcpy(longer, good.bytes, sizeof(good.bytes));
    refuses(&key, BYTES_OF(aad), BYTES_OF(longer));
    refuses(&other_key, BYTES_OF(aad), BYTES_OF(good.bytes));
    refuses(&key, bytes_of_text("j2"), BYTES_OF(good.bytes));
    refuses(&key, bytes_of_text(""), BYTES_OF(good.bytes));
}

static void counting_fill(void *ctx, uint8_t *out, size_t size)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < size; i++) {
        out[i] = (*next)++;
    }
}

static void keys_come_from_the_given_entropy(void **state)
{
    (void)state;
    uint8_t next = 5;
    struct entropy seeded = {.fill = counting_fill, .ctx = &next};
    struct seal_key first = seal_key_draw(&seeded);
    struct seal_key second = seal_key_draw(&seeded);
    assert_int_equal(first.bytes[0], 5);
    assert_int_equal(second.bytes[0], 37);
}

static void compares_and_wipes(void **state)
{
    (void)state;
    struct seal_key secret = key;
    assert_true(seal_equal(BYTES_OF(secret.bytes), BYTES_OF(key.bytes)));
    assert_false(seal_equal(BYTES_OF(secret.bytes), BYTES_OF(other_key.bytes)));
    assert_false(seal_equal(bytes_of_text("a"), bytes_of_text("ab")));
    assert_true(seal_equal(bytes_of_text(""), bytes_of_text("")));
    seal_wipe(&secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret.bytes); i++) {
        assert_int_equal(secret.bytes[i], 0);
    }
}

static void signature_of_other_message_or_key_is_bad(void **state)
{
    (void)state;
    uint8_t public_key[32];
    uint8_t signature[SEAL_SIGNATURE_SIZE];
    /* RFC 8032 section 7.1, test 1: the empty message */
    MUST(bytes_from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                        public_key, sizeof(public_key)));
    MUST(bytes_from_hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
                        signature, sizeof(signature)));
    assert_true(seal_signature_is_good(public_key, bytes_of_text(""), signature));
    assert_false(seal_signature_is_good(public_key, bytes_of_text("x"), signature));
    public_key[3] ^= 1;
    assert_false(seal_signature_is_good(public_key, bytes_of_text(""), signature));
}

/* A configuration that leaves OpenSSL without any algorithm: seal_init() must not read it. */
static void poison_configuration(void)
{
    static const char poison[] = "openssl_conf = a\n[a]\nproviders = b\n[b]\nnull = c\n[c]\n"
                                 "activate = 1\n";
    char path[] = "/tmp/parkgate-openssl-XXXXXX";
    int fd = mkstemp(path);
    MUST(fd >= 0 && write(fd, poison, sizeof(poison) - 1) == (ssize_t)sizeof(poison) - 1);
    MUST(setenv("OPENSSL_CONF", path, 1) == 0);
    struct fault fault = {0};
    if (seal_init(&fault) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", fault.what);
        abort();
    }
    MUST(close(fd) == 0 && unlink(path) == 0);
}

int main(void)
{
    poison_configuration();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_again),
        cmocka_unit_test(hash_in_steps_equals_hash_at_once),
        cmocka_unit_test(keyed_hash_separates_key_domain_and_parts),
        cmocka_unit_test(derived_keys_differ_by_purpose_and_context),
        cmocka_unit_test(sealed_bytes_of_every_size_open_again),
        cmocka_unit_test(any_change_is_corrupt),
        cmocka_unit_test(keys_come_from_the_given_entropy),
        cmocka_unit_test(compares_and_wipes),
        cmocka_unit_test(signature_of_other_message_or_key_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
