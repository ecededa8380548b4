/* Goal: a key file gives back what was written, to its owner only. Method: real files: written,
 * read, opened to others, and each kind of wrong content, with exact texts. */
#include "common/link/key.h"

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

struct place {
    char dir[64], secret[96], public_file[96];
};

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    MUST(place != NULL);
    (void)snprintf(place->dir, sizeof(place->dir), "/tmp/parkgate-key-XXXXXX");
    MUST(mkdtemp(place->dir) != NULL);
    (void)snprintf(place->secret, sizeof(place->secret), "%s/key", place->dir);
    (void)snprintf(place->public_file, sizeof(place->public_file), "%s/key.pub", place->dir);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;
    (void)unlink(place->secret);
    (void)unlink(place->public_file);
    MUST(rmdir(place->dir) == 0);
    free(place);
    return 0;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    MUST(stat(path, &info) == 0);
    return info.st_mode & 07777;
}

static void texts_both_ways(void **state)
{
    (void)state;
    struct link_key_pair pair;
    struct link_key read = {{0}};
    char hex[LINK_KEY_HEX_SIZE];
    char z85[LINK_KEY_Z85_SIZE];
    assert_int_equal(link_key_pair_draw(&pair, NULL), ERR_OK);
    link_key_to_hex(pair.public_key, hex);
    assert_true(link_key_from_hex(hex, &read));
    assert_true(link_key_equal(read, pair.public_key));
    assert_false(link_key_equal(read, pair.secret_key));
    link_key_to_z85(pair.secret_key, z85);
    assert_true(link_key_from_z85(z85, &read));
    assert_true(link_key_equal(read, pair.secret_key));
    link_key_pair_destroy(&pair);
    assert_int_equal(pair.secret_key.bytes[0] | pair.secret_key.bytes[31], 0);
    static const char *const bad[] = {"",
                                      "0",
                                      "0123456789012345678901234567890123456789x",
                                      "012345678901234567890123456789012345678",
                                      "01234567890123456789012345678901234567 9",
                                      "0123456789012345678901234567890123456789\n",
                                      "#####012345678901234567890123456789~~~~~"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(link_key_from_z85(bad[i], &read));
        assert_false(link_key_from_hex(bad[i], &read));
    }
}

static void files_round_trip_with_their_modes(void **state)
{
    struct place *place = *state;
    struct link_key_pair pair;
    struct link_key_pair read;
    struct link_key key;
    struct fault fault = {0};
    assert_int_equal(link_key_pair_draw(&pair, NULL), ERR_OK);
    mode_t before = umask(0);
    assert_int_equal(link_key_pair_write(place->secret, &pair, &fault), ERR_OK);
    (void)umask(0177);
    assert_int_equal(link_key_write(place->public_file, pair.public_key, &fault), ERR_OK);
    (void)umask(before);
    assert_int_equal(mode_of(place->secret), 0600);
    assert_int_equal(mode_of(place->public_file), 0644);
    assert_int_equal(link_key_pair_read(place->secret, &read, &fault), ERR_OK);
    assert_true(link_key_equal(read.public_key, pair.public_key));
    assert_true(link_key_equal(read.secret_key, pair.secret_key));
    assert_int_equal(link_key_read(place->secret, &key, &fault), ERR_OK);
    assert_true(link_key_equal(key, pair.public_key));
    assert_int_equal(link_key_read(place->public_file, &key, &fault), ERR_OK);
    assert_true(link_key_equal(key, pair.public_key));
    assert_int_equal(link_key_pair_write(place->secret, &pair, &fault), ERR_REFUSED);
    assert_non_null(strstr(fault.what, "exists already; a key is never overwritten"));
    assert_int_equal(link_key_pair_read(place->public_file, &read, &fault), ERR_REFUSED);
}

static void readable_by_others_is_refused(void **state)
{
    static const mode_t bad[] = {0640, 0604, 0620, 0602, 0660, 0777};
    struct place *place = *state;
    struct link_key_pair pair;
    struct link_key key;
    char what[300];
    assert_int_equal(link_key_pair_draw(&pair, NULL), ERR_OK);
    assert_int_equal(link_key_pair_write(place->secret, &pair, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct fault fault = {0};
        assert_int_equal(chmod(place->secret, bad[i]), 0);
        (void)snprintf(what, sizeof(what),
                       "%s can be read by other users (mode %04o); run: chmod 600 %s",
                       place->secret, (unsigned)bad[i], place->secret);
        assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_REFUSED);
        assert_string_equal(fault.what, what);
        assert_int_equal(link_key_read(place->secret, &key, &fault), ERR_REFUSED);
    }
}

static void content_is(const struct place *place, const char *text)
{
    int fd = open(place->secret, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
}

static void wrong_content_is_refused(void **state)
{
    struct place *place = *state;
    struct link_key_pair pair;
    struct link_key_pair other;
    struct fault fault = {0};
    char public_z85[LINK_KEY_Z85_SIZE];
    char secret_z85[LINK_KEY_Z85_SIZE];
    char text[2000];
    assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_NOT_FOUND);
    assert_non_null(strstr(fault.what, ": no such key file"));
    assert_int_equal(link_key_pair_draw(&pair, NULL), ERR_OK);
    assert_int_equal(link_key_pair_draw(&other, NULL), ERR_OK);
    link_key_to_z85(other.public_key, public_z85);
    link_key_to_z85(pair.secret_key, secret_z85);
    static const char *const bad[] = {"", "hello\n", "public = 123\n", "# only words\n",
                                      "-----BEGIN PRIVATE KEY-----\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        content_is(place, bad[i]);
        assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_INPUT);
    }
    (void)snprintf(text, sizeof(text), "public = %s\nsecret = %s\n", public_z85, secret_z85);
    content_is(place, text);
    assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_INPUT);
    assert_non_null(strstr(fault.what, "public and secret key do not belong together"));
    (void)snprintf(text, sizeof(text), "public = %s\n", public_z85);
    content_is(place, text);
    assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_INPUT);
    assert_non_null(strstr(fault.what, "lacks its public or its secret key"));
    (void)snprintf(text, sizeof(text), "public = %s\npublic = %s\n", public_z85, public_z85);
    content_is(place, text);
    assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_INPUT);
    memset(text, '#', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    content_is(place, text);
    assert_int_equal(link_key_pair_read(place->secret, &pair, &fault), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_both_ways),
        cmocka_unit_test_setup_teardown(files_round_trip_with_their_modes, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(readable_by_others_is_refused, place_make, place_remove),
        cmocka_unit_test_setup_teardown(wrong_content_is_refused, place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
