/* Goal: a daemon's file is read exactly, or refused with line and remedy. Method: one good file,
 * then one row a mistake with its exact text, then real files. */
#include "common/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/ids.h"
#include "common/base/must.h"

struct settings {
    char title[8];
    char dir[16];
    int64_t port;
    bool tls;
    struct name gate;
    char reader[2][8];
    size_t reader_count;
};

static const struct config_key keys[] = {
    {.name = "title",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                        title),
     .example = "north"     },
    {                .name = "dir",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                  dir),
     .required = true,
     .example = "/var/lib/x"},
    {                .name = "port",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                port),
     .min = -1,
     .max = 65535,
     .example = "7000"},
    {                        .name = "tls",
     .type = CONFIG_FLAG,
     .offset = offsetof(struct settings,                       tls),
     .example = "yes"       },
    {                .name = "gate",
     .type = CONFIG_NAME,
     .offset = offsetof(struct settings,                gate),
     .example = "gate-1"  },
    { .name = "reader",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_ARRAY(struct settings, reader,                                                  reader_count),
     .example = "r1"},
};

static enum err parse(const char *text, struct settings *into, struct fault *fault)
{
    return config_parse("a.conf", bytes_of_text(text), keys, ARRAY_LEN(keys), into, fault);
}

static void good_file_fills_the_struct(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct settings got = {.port = 9, .title = "old"};
    assert_int_equal(parse("# comment = no\n\n  dir =\t/a=b # c \r\ntls=yes\ngate = g.1\n"
                           "reader = r1\nreader = r2",
                           &got, &fault),
                     ERR_OK);
    assert_string_equal(got.dir, "/a=b # c");
    assert_string_equal(got.title, "old");
    assert_string_equal(got.gate.text, "g.1");
    assert_string_equal(got.reader[0], "r1");
    assert_string_equal(got.reader[1], "r2");
    assert_int_equal(got.reader_count, 2);
    assert_int_equal(got.port, 9);
    assert_true(got.tls);
    assert_int_equal(parse("dir = /\nport = -1\n", &got, &fault), ERR_OK);
    assert_int_equal(got.port, -1);
}

static void mistakes_name_line_and_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"dir = /a\nprot = 1",
         "a.conf:2: unknown key \"prot\"; known keys: title, dir, port, tls, gate, reader"                             },
        {"dir /a",                             "a.conf:1: not a line of the form: key = value; a comment begins with #"},
        {"dir = /a\ndir = /b",                 "a.conf:2: dir stands more than 1 time; remove this line"               },
        {"reader = 1\nreader = 2\nreader = 3",
         "a.conf:3: reader stands more than 2 times; remove this line"                                                 },
        {"port = 1",                           "a.conf: dir is missing; add a line: dir = /var/lib/x"                  },
        {"dir = a",                            "a.conf:1: dir: a path must begin with /; example: dir = /var/lib/x"    },
        {"dir = /345678901234567",
         "a.conf:1: dir: the value is too long; example: dir = /var/lib/x"                                             },
        {"title =",                            "a.conf:1: title: the value is empty; example: title = north"           },
        {"tls = true",                         "a.conf:1: tls: the value must be yes or no; example: tls = yes"        },
        {"gate = G",                           "a.conf:1: gate: a name is made of a-z 0-9 - and . only; example: gate = "
                     "gate-1"                                                                      },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct settings got = {0};
        struct fault fault = {0};
        assert_int_equal(parse(rows[i].text, &got, &fault), ERR_INPUT);
        assert_string_equal(fault.what, rows[i].what);
    }
}

static void numbers_outside_their_bounds_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "-2", "65536", "", "-", "1x", "0x10", "1 2", " 1.0", "+1", "--1", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[64];
        struct settings got = {0};
        struct fault fault = {0};
        (void)snprintf(text, sizeof(text), "port = %s", bad[i]);
        assert_int_equal(parse(text, &got, &fault), ERR_INPUT);
        assert_string_equal(fault.what, "a.conf:1: port must be a whole number from -1 to 65535; "
                                        "example: port = 7000");
    }
}

static void files_are_read_and_missing_or_huge_ones_named(void **state)
{
    (void)state;
    char path[] = "/tmp/parkgate-config-XXXXXX";
    static char huge[CONFIG_FILE_MAX + 2];
    struct settings got = {0};
    struct fault fault = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "dir = /x\n", 9), 9);
    assert_int_equal(config_read(path, keys, ARRAY_LEN(keys), &got, &fault), ERR_OK);
    assert_string_equal(got.dir, "/x");
    memset(huge, '\n', sizeof(huge));
    assert_true(write(fd, huge, sizeof(huge)) == (ssize_t)sizeof(huge));
    assert_int_equal(config_read(path, keys, ARRAY_LEN(keys), &got, &fault), ERR_INPUT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(config_read(path, keys, ARRAY_LEN(keys), &got, &fault), ERR_NOT_FOUND);
    assert_non_null(strstr(fault.what, ": no such file"));
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_fills_the_struct),
        cmocka_unit_test(mistakes_name_line_and_remedy),
        cmocka_unit_test(numbers_outside_their_bounds_are_refused),
        cmocka_unit_test(files_are_read_and_missing_or_huge_ones_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
