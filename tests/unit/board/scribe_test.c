/* Goal: what a helper was told to keep is on the disk in the end: when a disk that took nothing
 * takes again, and when the process that writes it died. Method: files in a directory of its own; a
 * limit of file sizes, laid on the writing process and lifted, plays the full disk. */
#include "reader-agent/board/scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES = 2, MANY = SCRIBE_FILES_MAX, WAIT_MS = 10000 };

static int fds[MANY]; /* most tests use FILES of them */

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static int make_files(void **state)
{
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < MANY; i++) {
        char path[] = "/tmp/scribe-XXXXXX";
        fds[i] = mkstemp(path);
        if (fds[i] < 0 || unlink(path) != 0) {
            return -1;
        }
    }
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        close(fds[i]);
    }
    return 0;
}

/* The youngest child there is; 0: none. */
static pid_t process_of_scribe(void)
{
    char path[64];
    int pid = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%d", &pid) == 1) {
    }
    fclose(file);
    return (pid_t)pid;
}

static void limit_files(pid_t pid, rlim_t bytes)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static bool holds(int fd, uint32_t offset, const char *text)
{
    char got[64] = "";
    return pread(fd, got, strlen(text), (off_t)offset) == (ssize_t)strlen(text) &&
           strcmp(got, text) == 0;
}

static void wait_for(struct scribe *scribe, int fd, uint32_t offset, const char *text)
{
    struct mono end = mono_after_ms(now_mono(), WAIT_MS);
    while (!holds(fd, offset, text)) {
        assert_true(mono_before(now_mono(), end));
        scribe_tend(scribe, now_mono());
        (void)poll(NULL, 0, 5);
    }
}

static bool keep(struct scribe *scribe, uint8_t index, uint32_t offset, const char *text)
{
    return scribe_write(scribe, index, offset,
                        (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)});
}

static void what_a_disk_refused_is_written_when_it_takes_again(void **state)
{
    (void)state;
    struct scribe *scribe = scribe_start(fds, FILES, NULL, now_mono());
    pid_t pid = process_of_scribe();
    limit_files(pid, 0);
    assert_true(keep(scribe, 0, 0, "old"));
    assert_true(keep(scribe, 0, 512, "fire"));
    assert_true(keep(scribe, 1, 0, "setup"));
    limit_files(pid, RLIM_INFINITY);
    wait_for(scribe, fds[0], 512, "fire");
    wait_for(scribe, fds[1], 0, "setup");
    assert_int_equal(process_of_scribe(), pid);
    scribe_destroy(&scribe);
}

static void what_a_dead_process_was_told_the_next_one_writes(void **state)
{
    (void)state;
    struct scribe *scribe = scribe_start(fds, FILES, NULL, now_mono());
    pid_t pid = process_of_scribe();
    limit_files(pid, 0);
    assert_true(keep(scribe, 0, 0, "fire"));
    assert_int_equal(kill(pid, SIGKILL), 0);
    wait_for(scribe, fds[0], 0, "fire");
    assert_int_not_equal(process_of_scribe(), pid);
    assert_true(keep(scribe, 1, 0, "setup"));
    wait_for(scribe, fds[1], 0, "setup");
    scribe_destroy(&scribe);
}

/* All at once are more than a socket takes. */
static void the_next_process_is_given_whatever_it_has_no_room_for(void **state)
{
    (void)state;
    static uint8_t full[SCRIBE_BYTES];
    struct scribe *scribe = scribe_start(fds, MANY, NULL, now_mono());
    pid_t pid = process_of_scribe();
    memset(full, 'x', sizeof(full));
    memcpy(full, "fire", 4);
    limit_files(pid, 0);
    for (uint8_t i = 0; i < MANY; i++) {
        struct mono end = mono_after_ms(now_mono(), WAIT_MS);
        while (!scribe_write(scribe, i, 0, (struct bytes){.data = full, .size = sizeof(full)})) {
            assert_true(mono_before(now_mono(), end));
            (void)poll(NULL, 0, 5);
        }
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (uint8_t i = 0; i < MANY; i++) {
        wait_for(scribe, fds[i], 0, "fire");
    }
    assert_int_not_equal(process_of_scribe(), pid);
    scribe_destroy(&scribe);
}

/* A lock that outlived its holder would keep the next helper from its board. */
static void the_next_process_holds_nothing_of_its_parent(void **state)
{
    (void)state;
    int ends[2];
    struct scribe *scribe = scribe_start(fds, FILES, NULL, now_mono());
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(kill(process_of_scribe(), SIGKILL), 0);
    assert_true(keep(scribe, 0, 0, "fire"));
    wait_for(scribe, fds[0], 0, "fire");
    pid_t first = process_of_scribe();
    assert_int_equal(kill(first, SIGKILL), 0);
    struct mono end = mono_after_ms(now_mono(), WAIT_MS);
    while (process_of_scribe() == first || process_of_scribe() == 0) {
        assert_true(mono_before(now_mono(), end));
        scribe_tend(scribe, now_mono());
        (void)poll(NULL, 0, 5);
    }
    assert_true(keep(scribe, 1, 0, "setup"));
    wait_for(scribe, fds[1], 0, "setup");
    close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 0); /* nobody else has its other end */
    close(ends[0]);
    scribe_destroy(&scribe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_disk_refused_is_written_when_it_takes_again,
                                        make_files, close_files),
        cmocka_unit_test_setup_teardown(what_a_dead_process_was_told_the_next_one_writes,
                                        make_files, close_files),
        cmocka_unit_test_setup_teardown(the_next_process_is_given_whatever_it_has_no_room_for,
                                        make_files, close_files),
        cmocka_unit_test_setup_teardown(the_next_process_holds_nothing_of_its_parent, make_files,
                                        close_files),
    };
    return cmocka_run_group_tests_name("scribe", tests, NULL, NULL);
}
