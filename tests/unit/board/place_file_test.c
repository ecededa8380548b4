/* Goal: what a board's helper keeps is there after a torn write, and a disk that takes nothing
 * stops no helper. Method: files in a directory of its own, written as the scribe would; a limit of
 * file sizes plays the full disk. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reader-agent/board/fire_file.h"
#include "reader-agent/board/setup_file.h"

static const struct name board = {"b1"};
static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/place-file-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static const char *path_of(const char *ending)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/b1.%s", dir, ending);
    return path;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)unlink(path_of("board"));
    (void)unlink(path_of("fire"));
    return rmdir(dir);
}

static struct helper_board setup_of(uint16_t coil)
{
    struct helper_board setup = {.transport = HELPER_TCP, .unit = 1, .lane_count = 1};
    snprintf(setup.address, sizeof(setup.address), "127.0.0.1:502");
    setup.lanes[0] =
        (struct helper_lane){.name = {"out"}, .direction = LANE_OUT, .open_coil = coil};
    return setup;
}

static void write_setup(int fd, uint64_t count, uint16_t coil, size_t size)
{
    uint8_t place[SETUP_FILE_PLACE];
    struct helper_board setup = setup_of(coil);
    setup_file_pack(&setup, count, place);
    assert_int_equal(pwrite(fd, place, size, (off_t)setup_file_offset(count)), size);
}

static void a_torn_write_leaves_the_one_before(void **state)
{
    (void)state;
    int fd = -1;
    uint64_t count = 9;
    struct helper_board setup;
    assert_int_equal(setup_file_open(dir, board, &fd, NULL), ERR_OK);
    assert_int_equal(setup_file_read(fd, &setup, &count), ERR_NOT_FOUND);
    assert_int_equal(count, 0);
    write_setup(fd, 1, 3, SETUP_FILE_PLACE);
    write_setup(fd, 2, 4, SETUP_FILE_PLACE);
    assert_int_equal(setup_file_read(fd, &setup, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(setup.lanes[0].open_coil, 4);
    write_setup(fd, 3, 5, 100);
    assert_int_equal(setup_file_read(fd, &setup, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(setup.lanes[0].open_coil, 4);
    close(fd);
}

static void fire_is_kept_beside_it(void **state)
{
    (void)state;
    int fd = -1;
    uint64_t count = 0;
    uint8_t place[FIRE_FILE_PLACE];
    const struct fire_kept kept = {
        .latched = true, .told = true, .ended = true, .number = 7, .order = {.number = 7}};
    assert_int_equal(fire_file_open(dir, board, &fd, NULL), ERR_OK);
    assert_false(fire_file_read(fd, &count).latched);
    fire_file_pack(&kept, 1, place);
    assert_int_equal(pwrite(fd, place, sizeof(place), (off_t)fire_file_offset(1)), sizeof(place));
    close(fd);
    assert_int_equal(fire_file_open(dir, board, &fd, NULL), ERR_OK);
    struct fire_kept again = fire_file_read(fd, &count);
    assert_int_equal(count, 1);
    assert_true(again.latched && again.told && again.ended && !again.held);
    assert_int_equal(again.number, 7);
    close(fd);
}

static void a_full_disk_stops_nobody_and_loses_nothing(void **state)
{
    (void)state;
    int fd = -1;
    uint64_t count = 0;
    struct helper_board setup;
    struct rlimit before;
    struct stat made;
    assert_int_equal(setup_file_open(dir, board, &fd, NULL), ERR_OK);
    write_setup(fd, 1, 3, SETUP_FILE_PLACE);
    assert_int_equal(fstat(fd, &made), 0);
    assert_int_equal(made.st_size, PLACE_FILE_PLACES * SETUP_FILE_PLACE); /* room for the next */
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    enum err with = setup_file_open(dir, board, &fd, NULL);
    int none = -1;
    enum err without = fire_file_open(dir, board, &none, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(with, ERR_OK);
    assert_int_equal(without, ERR_OK);
    assert_int_equal(setup_file_read(fd, &setup, &count), ERR_OK);
    assert_int_equal(setup.lanes[0].open_coil, 3);
    assert_false(fire_file_read(none, &count).latched);
    close(fd);
    close(none);
}

static void a_file_that_cannot_be_made_reads_as_empty(void **state)
{
    (void)state;
    int fd = 7;
    uint64_t count = 3;
    struct helper_board setup;
    assert_int_equal(symlink("nowhere", path_of("board")), 0); /* it follows no link */
    assert_int_equal(setup_file_open(dir, board, &fd, NULL), ERR_OK);
    assert_int_equal(fd, -1);
    assert_int_equal(setup_file_read(fd, &setup, &count), ERR_NOT_FOUND);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_torn_write_leaves_the_one_before, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(fire_is_kept_beside_it, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_full_disk_stops_nobody_and_loses_nothing, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_made_reads_as_empty, make_dir,
                                        remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
