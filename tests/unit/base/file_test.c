/* Goal: a small file is there whole or not at all. Method: real files in a directory of its own,
 * with leftovers, a limit of the file's size and a directory that cannot be written. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/must.h"

static char root[64];
static char path[96], fresh[96];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/parkgate-file-XXXXXX");
    MUST(mkdtemp(root) != NULL);
    (void)snprintf(path, sizeof(path), "%s/words", root);
    (void)snprintf(fresh, sizeof(fresh), "%s/words.new", root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(fresh);
    return rmdir(root);
}

static void assert_holds(const char *expected)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    (void)close(fd);
    assert_string_equal(text, expected);
}

static void what_is_new_must_not_be_there(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct stat info;
    assert_int_equal(file_write_new(path, 0600, bytes_of_text("one"), &fault), ERR_OK);
    assert_holds("one");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(file_write_new(path, 0600, bytes_of_text("two"), &fault), ERR_REFUSED);
    assert_non_null(strstr(fault.what, "there is such a file"));
    assert_holds("one");
}

static void a_file_is_replaced_over_what_a_killed_process_left(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(file_replace(path, 0600, bytes_of_text("one"), NULL), ERR_OK);
    assert_int_equal(symlink("/nowhere", fresh), 0);
    assert_int_equal(file_replace(path, 0640, bytes_of_text("two"), NULL), ERR_OK);
    assert_holds("two");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(access(fresh, F_OK), -1);
}

/* A limit of the file's size speaks as a full disk does. */
static void on_a_full_disk_the_old_file_stands(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct rlimit before;
    assert_int_equal(file_replace(path, 0600, bytes_of_text("one"), NULL), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 2, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)fflush(NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    enum err replaced = file_replace(path, 0600, bytes_of_text("two"), &fault);
    enum err written = file_write_new(fresh, 0600, bytes_of_text("three"), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(replaced, ERR_FULL);
    assert_non_null(strstr(fault.what, "words.new: "));
    assert_int_equal(written, ERR_FULL);
    assert_holds("one");
    assert_int_equal(access(fresh, F_OK), -1);
}

static void a_directory_that_is_none_is_named(void **state)
{
    (void)state;
    char lost[128];
    struct fault fault = {0};
    (void)snprintf(lost, sizeof(lost), "%s/no/words", root);
    assert_int_equal(file_replace(lost, 0600, bytes_of_text("x"), &fault), ERR_IO);
    assert_non_null(strstr(fault.what, "/no/words.new: "));
    assert_int_equal(file_sync_directory_of(lost, &fault), ERR_IO);
    assert_int_equal(file_sync_directory("/etc/hostname", &fault), ERR_IO);
}

/* A path without a directory is in the one that the process stands in. */
static void a_bare_name_is_in_this_directory(void **state)
{
    (void)state;
    assert_int_equal(chdir(root), 0);
    assert_int_equal(file_replace("words", 0600, bytes_of_text("here"), NULL), ERR_OK);
    assert_holds("here");
    assert_int_equal(chdir("/"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_new_must_not_be_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_replaced_over_what_a_killed_process_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(on_a_full_disk_the_old_file_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(a_directory_that_is_none_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bare_name_is_in_this_directory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
