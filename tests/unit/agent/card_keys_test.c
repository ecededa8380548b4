/* Goal: each reader's cards get their own key and nothing else leaves; a key file that others may
 * read, or that holds no key, gives none. Method: the vector of AN10922 through the whole way from
 * a park row and a file; each file spoilt in one way. */
#include "reader-agent/driver/card_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/card_setup.h"

#define MASTER  "00112233445566778899AABBCCDDEEFF"
#define UID_KEY "0f0e0d0c0b0a09080706050403020100"

static char directory[] = "/tmp/card-keys-XXXXXX";
static char master_path[64], uid_path[64];

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static Parkgate__ParkReader good_row(void)
{
    Parkgate__ParkReader row = PARKGATE__PARK_READER__INIT;
    row.desfire_aid = "3042f5";
    row.desfire_key_no = 1;
    row.desfire_key_file = master_path;
    row.desfire_system_id = "4E585020416275";
    write_file(master_path, MASTER "\n", 0600);
    write_file(uid_path, UID_KEY, 0600);
    return row;
}

static struct card_scheme scheme_of(const Parkgate__ParkReader *row)
{
    struct card_setup setup;
    struct card_scheme scheme;
    assert_int_equal(card_setup_of_row(row, &setup, NULL), ERR_OK);
    assert_int_equal(card_setup_load(&setup, &scheme, NULL), ERR_OK);
    return scheme;
}

static struct helper_key_wanted wanted_of(uint64_t request)
{
    return (struct helper_key_wanted){
        .request = request,
        .which = HELPER_KEY_OF_CARD,
        .uid = {0x04, 0x78, 0x2e, 0x21, 0x80, 0x1d, 0x80},
        .uid_size = 7
    };
}

static void assert_key(const struct helper_key *answer, const char *hex)
{
    uint8_t wanted[AES_KEY_SIZE];
    assert_true(answer->found && bytes_from_hex(hex, wanted, sizeof(wanted)));
    assert_memory_equal(answer->key, wanted, sizeof(wanted));
}

static void assert_none(const struct helper_key *answer)
{
    static const uint8_t zeros[AES_KEY_SIZE];
    assert_false(answer->found);
    assert_memory_equal(answer->key, zeros, sizeof(zeros));
}

static void a_card_gets_its_own_key(void **state)
{
    (void)state;
    const struct name reader = {"north-1"};
    Parkgate__ParkReader row = good_row();
    struct card_scheme scheme = scheme_of(&row);
    assert_int_equal(scheme.cards.limit_ms, LIMIT_DESFIRE_MS);
    AUTO(card_keys_destroy) struct card_keys *keys = card_keys_create();
    assert_int_equal(card_keys_put(keys, reader, &scheme, NULL), ERR_OK);
    struct helper_key_wanted wanted = wanted_of(77);
    struct helper_key answer = card_keys_answer(keys, reader, &wanted);
    assert_int_equal(answer.request, 77);
    assert_key(&answer, "a8dd63a3b89d54b37ca802473fda9175");
    wanted.uid[6] ^= 1;
    answer = card_keys_answer(keys, reader, &wanted);
    assert_true(answer.found);
    assert_memory_not_equal(answer.key, "\xa8\xdd\x63\xa3", 4);
    wanted.which = HELPER_KEY_OF_UIDS;
    answer = card_keys_answer(keys, reader, &wanted);
    assert_none(&answer); /* there is no such scheme here */
    answer = card_keys_answer(keys, (struct name){"north-2"}, &wanted);
    assert_none(&answer);
    assert_false(card_keys_are_missing(keys, reader));
    card_keys_forget(keys, reader);
    wanted = wanted_of(78);
    answer = card_keys_answer(keys, reader, &wanted);
    assert_none(&answer);
    assert_false(card_keys_cards(keys, reader).desfire);
}

static void the_longest_input(void **state)
{
    (void)state;
    const struct name reader = {"north-1"};
    Parkgate__ParkReader row = good_row();
    row.desfire_system_id = "000102030405060708090a0b0c";
    struct card_scheme scheme = scheme_of(&row);
    AUTO(card_keys_destroy) struct card_keys *keys = card_keys_create();
    assert_int_equal(card_keys_put(keys, reader, &scheme, NULL), ERR_OK);
    struct helper_key_wanted wanted = wanted_of(1);
    wanted.uid_size = HELPER_UID_BYTES;
    struct helper_key answer = card_keys_answer(keys, reader, &wanted);
    assert_true(answer.found);
}

static void the_key_for_uids(void **state)
{
    (void)state;
    const struct name reader = {"north-1"};
    Parkgate__ParkReader row = good_row();
    row.desfire_uid_key_file = uid_path;
    row.desfire_uid_key_no = 2;
    row.exchange_ms = 321;
    struct card_scheme scheme = scheme_of(&row);
    AUTO(card_keys_destroy) struct card_keys *keys = card_keys_create();
    assert_int_equal(card_keys_put(keys, reader, &scheme, NULL), ERR_OK);
    struct helper_cards cards = card_keys_cards(keys, reader);
    assert_true(cards.desfire && cards.has_uid_key);
    assert_int_equal(cards.uid_key_no, 2);
    assert_int_equal(cards.limit_ms, 321);
    assert_memory_equal(cards.aid, "\x30\x42\xf5", 3);
    const struct helper_key_wanted wanted = {.request = 5, .which = HELPER_KEY_OF_UIDS};
    struct helper_key answer = card_keys_answer(keys, reader, &wanted);
    assert_key(&answer, UID_KEY);
}

static void every_reader_has_a_place(void **state)
{
    (void)state;
    Parkgate__ParkReader row = good_row();
    struct card_scheme scheme = scheme_of(&row);
    AUTO(card_keys_destroy) struct card_keys *keys = card_keys_create();
    struct name name = {"r-00"};
    for (int i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        (void)snprintf(name.text, sizeof(name.text), "r-%02d", i);
        assert_int_equal(card_keys_put(keys, name, &scheme, NULL), ERR_OK);
        assert_int_equal(card_keys_put(keys, name, &scheme, NULL), ERR_OK); /* in its place */
    }
    assert_int_equal(card_keys_put(keys, (struct name){"more"}, &scheme, NULL), ERR_FULL);
    card_keys_forget(keys, name);
    assert_int_equal(card_keys_put(keys, (struct name){"more"}, &scheme, NULL), ERR_OK);
}

/* What stands in the file, with which mode, and what is said of it. */
static const struct {
    const char *text;
    mode_t mode;
    enum err err;
    const char *what;
} bad_files[] = {
    {MASTER "\n",                          0640, ERR_REFUSED, "others may read PATH; run: chmod 600 PATH"                    },
    {MASTER "\n",                          0604, ERR_REFUSED, "others may read PATH; run: chmod 600 PATH"                    },
    {"",                                   0600, ERR_INPUT,   "key file PATH: its first line is not one key of 32 hex digits"},
    {"00112233445566778899AABBCCDDEEF\n",  0600, ERR_INPUT,
     "key file PATH: its first line is not one key of 32 hex digits"                                                         },
    {MASTER "0\n",                         0600, ERR_INPUT,
     "key file PATH: its first line is not one key of 32 hex digits"                                                         },
    {"0x112233445566778899AABBCCDDEEFF\n", 0600, ERR_INPUT,
     "key file PATH: its first line is not one key of 32 hex digits"                                                         },
    {"00000000000000000000000000000000\n", 0600, ERR_INPUT,
     "key file PATH: 32 zeros are the factory's key, which everybody knows"                                                  },
};

static void assert_what(const char *what, const char *expected)
{
    char text[FAULT_TEXT_SIZE];
    size_t used = 0;
    for (const char *at = expected; *at != '\0' && used < sizeof(text) - 1;) {
        if (strncmp(at, "PATH", 4) == 0) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", master_path);
            at += 4;
        } else {
            text[used++] = *at++;
        }
    }
    text[used] = '\0';
    assert_string_equal(what, text);
}

static void a_bad_key_file_gives_no_key(void **state)
{
    (void)state;
    const struct name reader = {"north-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad_files); i++) {
        Parkgate__ParkReader row = good_row();
        struct card_setup setup;
        struct card_scheme scheme;
        struct fault fault = {.code = ERR_OK};
        write_file(master_path, bad_files[i].text, bad_files[i].mode);
        assert_int_equal(card_setup_of_row(&row, &setup, NULL), ERR_OK);
        assert_int_equal(card_setup_load(&setup, &scheme, &fault), bad_files[i].err);
        assert_what(fault.what, bad_files[i].what);
        AUTO(card_keys_destroy) struct card_keys *keys = card_keys_create();
        assert_int_equal(card_keys_put(keys, reader, &scheme, NULL), ERR_OK);
        struct helper_key_wanted wanted = wanted_of(1);
        struct helper_key answer = card_keys_answer(keys, reader, &wanted);
        assert_none(&answer);
        assert_true(card_keys_are_missing(keys, reader));
        assert_true(card_keys_cards(keys, reader).desfire); /* nobody is let in by UID alone */
    }
}

static void a_missing_key_file(void **state)
{
    (void)state;
    Parkgate__ParkReader row = good_row();
    struct card_setup setup;
    struct card_scheme scheme;
    struct fault fault = {.code = ERR_OK};
    assert_int_equal(unlink(master_path), 0);
    assert_int_equal(card_setup_of_row(&row, &setup, NULL), ERR_OK);
    assert_int_equal(card_setup_load(&setup, &scheme, &fault), ERR_IO);
    assert_non_null(strstr(fault.what, "No such file or directory"));
    assert_false(scheme.has_master);
}

static void rows_that_make_no_sense(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        Parkgate__ParkReader row = good_row();
        struct card_setup setup = {.cards = {.key_no = 99}};
        row.desfire_aid = i == 0 ? "3042" : row.desfire_aid;
        row.desfire_system_id = i == 1   ? "4e5"
                                : i == 2 ? "zz"
                                : i == 3 ? "000102030405060708090a0b0c0d"
                                         : row.desfire_system_id;
        row.desfire_key_no = i == 4 ? 14 : row.desfire_key_no;
        row.exchange_ms = i == 5 ? 1001 : 0;
        row.desfire_key_file = i == 6 ? "" : row.desfire_key_file;
        assert_int_equal(card_setup_of_row(&row, &setup, NULL), ERR_INPUT);
        assert_int_equal(setup.cards.key_no, 99);
    }
    Parkgate__ParkReader none = PARKGATE__PARK_READER__INIT;
    struct card_scheme scheme = scheme_of(&none);
    assert_false(scheme.cards.desfire);
}

static int start(void **state)
{
    (void)state;
    if (seal_init(NULL) != ERR_OK || mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(master_path, sizeof(master_path), "%s/master", directory);
    (void)snprintf(uid_path, sizeof(uid_path), "%s/uid", directory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(master_path);
    (void)unlink(uid_path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_gets_its_own_key),
        cmocka_unit_test(the_longest_input),
        cmocka_unit_test(the_key_for_uids),
        cmocka_unit_test(every_reader_has_a_place),
        cmocka_unit_test(a_bad_key_file_gives_no_key),
        cmocka_unit_test(a_missing_key_file),
        cmocka_unit_test(rows_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, start, end);
}
