/* Goal: a signature holds for its key and message alone, and key files are what openssl reads.
 * Method: RFC 8032's example, every byte changed, round trips, files of openssl and of other modes.
 */
#include "common/seal/sign.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"

/* RFC 8032, section 7.1, test 2. */
static struct sign_key known_key(void)
{
    struct sign_key key;
    MUST(bytes_from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                        key.bytes, sizeof(key.bytes)));
    return key;
}

static const char known_public[] =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char known_value[] =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
/* The same key as `openssl pkey` writes it. */
static const char known_public_pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
    "-----END PUBLIC KEY-----\n";

static void signs_as_the_standard_says(void **state)
{
    (void)state;
    static const uint8_t message[] = {0x72};
    char hex[2 * SEAL_SIGNATURE_SIZE + 1];
    struct sign_key key = known_key();
    struct sign_public public = sign_public_of(&key);
    struct sign_value value;
    bytes_to_hex(BYTES_OF(public.bytes), hex, sizeof(hex));
    assert_string_equal(hex, known_public);
    sign_make(&key, BYTES_OF(message), &value);
    bytes_to_hex(BYTES_OF(value.bytes), hex, sizeof(hex));
    assert_string_equal(hex, known_value);
    assert_true(sign_is_good(&public, BYTES_OF(message), &value));
}

static void holds_for_its_key_and_message_alone(void **state)
{
    (void)state;
    uint8_t message[40] = "parkgate journal head 1\nand what follows";
    struct sign_key key = sign_key_make(entropy_system());
    struct sign_key other = sign_key_make(entropy_system());
    struct sign_public public = sign_public_of(&key);
    struct sign_public other_public = sign_public_of(&other);
    struct sign_value value;
    sign_make(&key, BYTES_OF(message), &value);
    assert_true(sign_is_good(&public, BYTES_OF(message), &value));
    assert_false(sign_is_good(&other_public, BYTES_OF(message), &value));
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] ^= 1;
        assert_false(sign_is_good(&public, BYTES_OF(message), &value));
        message[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(value.bytes); i++) {
        value.bytes[i] ^= 1;
        assert_false(sign_is_good(&public, BYTES_OF(message), &value));
        value.bytes[i] ^= 1;
    }
    struct bytes shorter = {.data = message, .size = sizeof(message) - 1};
    assert_false(sign_is_good(&public, shorter, &value));
}

static void base64_goes_there_and_back(void **state)
{
    (void)state;
    struct sign_key key = known_key();
    struct sign_value value;
    struct sign_value got;
    char text[SIGN_BASE64_SIZE];
    char changed[SIGN_BASE64_SIZE + 8];
    sign_make(&key, bytes_of_text("x"), &value);
    sign_to_base64(&value, text);
    assert_true(sign_from_base64(text, &got));
    assert_memory_equal(got.bytes, value.bytes, sizeof(got.bytes));
    (void)snprintf(changed, sizeof(changed), "%s\n", text);
    assert_false(sign_from_base64(changed, &got));
    (void)snprintf(changed, sizeof(changed), " %.87s", text);
    assert_false(sign_from_base64(changed, &got));
    (void)snprintf(changed, sizeof(changed), "%s", text);
    changed[5] = '*';
    assert_false(sign_from_base64(changed, &got));
    (void)snprintf(changed, sizeof(changed), "%s", text);
    changed[85]++; /* a bit that stands for no byte */
    assert_false(sign_from_base64(changed, &got));
    assert_false(sign_from_base64("", &got));
}

static void pem_is_as_openssl_writes_it(void **state)
{
    (void)state;
    struct sign_key key = known_key();
    struct sign_public public = sign_public_of(&key);
    struct sign_public got;
    char pem[SIGN_PEM_SIZE];
    char id[SIGN_KEY_ID_SIZE];
    struct fault fault = {0};
    sign_public_to_pem(&public, pem);
    assert_string_equal(pem, known_public_pem);
    assert_int_equal(sign_public_from_pem(pem, &got, NULL), ERR_OK);
    assert_memory_equal(got.bytes, public.bytes, sizeof(got.bytes));
    pem[40] = '!';
    assert_int_equal(sign_public_from_pem(pem, &got, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "no public Ed25519 key in PEM");
    assert_int_equal(sign_public_from_pem("", &got, NULL), ERR_INPUT);
    /* An X25519 key is none. */
    assert_int_equal(
        sign_public_from_pem("-----BEGIN PUBLIC KEY-----\n"
                             "MCowBQYDK2VuAyEA3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNre9xt+FGK08=\n"
                             "-----END PUBLIC KEY-----\n",
                             &got, NULL),
        ERR_INPUT);
    sign_key_id(&public, id);
    assert_int_equal(strlen(id), SIGN_KEY_ID_SIZE - 1);
}

/* --- files --- */

struct place {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    static struct place place;
    (void)snprintf(place.dir, sizeof(place.dir), "/tmp/parkgate-sign-XXXXXX");
    assert_non_null(mkdtemp(place.dir));
    (void)snprintf(place.path, sizeof(place.path), "%s/sign.key", place.dir);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    assert_int_equal(rmdir(place->dir), 0);
    return 0;
}

static void write_text(const struct place *place, const char *text, mode_t mode)
{
    (void)unlink(place->path);
    int fd = open(place->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void a_secret_file_is_ours_alone(void **state)
{
    struct place *place = *state;
    struct sign_key key = sign_key_make(entropy_system());
    struct sign_key got;
    struct stat info;
    struct fault fault = {0};
    char text[256];
    assert_int_equal(sign_key_read(place->path, &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(sign_key_write(place->path, &key, NULL), ERR_OK);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(sign_key_read(place->path, &got, NULL), ERR_OK);
    assert_memory_equal(got.bytes, key.bytes, sizeof(got.bytes));
    assert_int_equal(sign_key_write(place->path, &key, &fault), ERR_REFUSED);
    assert_int_equal(chmod(place->path, 0640), 0);
    assert_int_equal(sign_key_read(place->path, &got, &fault), ERR_REFUSED);
    (void)snprintf(text, sizeof(text), "%s may be read by others; run: chmod 600 %s", place->path,
                   place->path);
    assert_string_equal(fault.what, text);
}

static void a_file_that_holds_no_key_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "hello\n",
        known_public_pem,
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg==\n"
        "-----END PRIVATE KEY-----\n",
        /* closed with a passphrase: nobody is asked for it */
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjMF8GCSqGSIb3DQEFDTBS\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n",
    };
    struct place *place = *state;
    struct sign_key got;
    struct fault fault = {0};
    char text[256];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        write_text(place, bad[i], 0600);
        assert_int_equal(sign_key_read(place->path, &got, &fault), ERR_INPUT);
    }
    (void)snprintf(text, sizeof(text), "%s: no secret Ed25519 key in PEM without a passphrase",
                   place->path);
    assert_string_equal(fault.what, text);
}

static void reads_what_openssl_made(void **state)
{
    struct place *place = *state;
    struct sign_key known = known_key();
    struct sign_key got;
    write_text(place,
               "-----BEGIN PRIVATE KEY-----\n"
               "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
               "-----END PRIVATE KEY-----\n",
               0600);
    assert_int_equal(sign_key_read(place->path, &got, NULL), ERR_OK);
    assert_memory_equal(got.bytes, known.bytes, sizeof(got.bytes));
}

static void a_public_file_goes_there_and_back(void **state)
{
    struct place *place = *state;
    struct sign_key key = sign_key_make(entropy_system());
    struct sign_public public = sign_public_of(&key);
    struct sign_public got;
    assert_int_equal(sign_public_read(place->path, &got, NULL), ERR_NOT_FOUND);
    assert_int_equal(sign_public_write(place->path, &public, NULL), ERR_OK);
    assert_int_equal(sign_public_read(place->path, &got, NULL), ERR_OK);
    assert_memory_equal(got.bytes, public.bytes, sizeof(got.bytes));
    write_text(place, "nothing\n", 0644);
    assert_int_equal(sign_public_read(place->path, &got, NULL), ERR_INPUT);
}

/* Points of small order, with either sign of x, and encodings that are not canonical. */
static void weak_keys_are_known(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p: 0 */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct sign_public key;
    for (size_t i = 0; i < 2 * ARRAY_LEN(weak); i++) {
        MUST(bytes_from_hex(weak[i / 2], key.bytes, sizeof(key.bytes)));
        key.bytes[SIGN_KEY_SIZE - 1] |= i % 2 == 0 ? 0 : 0x80;
        assert_false(sign_public_is_sound(&key));
    }
    for (int i = 0; i < 100; i++) {
        struct sign_key secret = sign_key_make(entropy_system());
        key = sign_public_of(&secret);
        assert_true(sign_public_is_sound(&key));
    }
    MUST(bytes_from_hex("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                        key.bytes, sizeof(key.bytes)));
    assert_true(sign_public_is_sound(&key)); /* p - 2, the highest y that is not of small order */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_standard_says),
        cmocka_unit_test(holds_for_its_key_and_message_alone),
        cmocka_unit_test(weak_keys_are_known),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(pem_is_as_openssl_writes_it),
        cmocka_unit_test_setup_teardown(a_secret_file_is_ours_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_holds_no_key_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_what_openssl_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_public_file_goes_there_and_back, set_up, tear_down),
    };
    struct fault fault = {0};
    MUST(seal_init(&fault) == ERR_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
