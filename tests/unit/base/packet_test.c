/* Goal: datagrams arrive whole or not at all, and each trouble has its own answer. Method: a socket
 * in a temporary directory, both ends in this process. */
#include "common/base/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[64];
    char path[80];
};

static int set_up(void **state)
{
    static struct place place;
    snprintf(place.dir, sizeof(place.dir), "/tmp/packet-test-XXXXXX");
    assert_non_null(mkdtemp(place.dir));
    snprintf(place.path, sizeof(place.path), "%s/s", place.dir);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    const struct place *place = *state;
    unlink(place->path);
    return rmdir(place->dir);
}

static void datagrams_and_who_sends_them(void **state)
{
    const struct place *place = *state;
    int listener = -1;
    int caller = -1;
    struct packet_peer peer;
    uint8_t out[8];
    size_t size = 0;
    assert_int_equal(packet_listen(place->path, (uid_t)-1, &listener, NULL), ERR_OK);
    struct stat info;
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(packet_accept(listener, &peer), ERR_NOT_FOUND);
    assert_int_equal(packet_connect(place->path, &caller, NULL), ERR_OK);
    assert_int_equal(packet_accept(listener, &peer), ERR_OK);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, getuid());
    assert_int_equal(packet_receive(peer.fd, out, sizeof(out), &size), ERR_NOT_FOUND);

    assert_int_equal(packet_send(caller, bytes_of_text("one")), ERR_OK);
    assert_int_equal(packet_send(caller, bytes_of_text("two-too-long")), ERR_OK);
    assert_int_equal(packet_send(caller, bytes_of_text("three")), ERR_OK);
    assert_int_equal(packet_receive(peer.fd, out, sizeof(out), &size), ERR_OK);
    assert_int_equal(size, 3);
    assert_int_equal(packet_receive(peer.fd, out, sizeof(out), &size), ERR_CORRUPT);
    assert_int_equal(packet_receive(peer.fd, out, sizeof(out), &size), ERR_OK);
    assert_memory_equal(out, "three", 5);

    enum err err = ERR_OK;
    for (int i = 0; i < 100000 && err == ERR_OK; i++) {
        err = packet_send(caller, bytes_of_text("more"));
    }
    assert_int_equal(err, ERR_BUSY);
    close(peer.fd);
    assert_int_equal(packet_send(caller, bytes_of_text("more")), ERR_IO);
    assert_int_equal(packet_receive(caller, out, sizeof(out), &size), ERR_IO);
    close(caller);
    close(listener);
}

static void nobody_there(void **state)
{
    const struct place *place = *state;
    struct fault fault;
    int fd = -1;
    assert_int_equal(packet_connect(place->path, &fd, &fault), ERR_NOT_FOUND);
    assert_int_equal(packet_listen(place->path, (uid_t)-1, &fd, &fault), ERR_OK);
    close(fd);
    assert_int_equal(packet_connect(place->path, &fd, &fault), ERR_NOT_FOUND);
    /* The file of a dead listener is no hindrance. */
    assert_int_equal(packet_listen(place->path, (uid_t)-1, &fd, &fault), ERR_OK);
    close(fd);
    char long_path[300];
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(packet_connect(long_path, &fd, &fault), ERR_INPUT);
    assert_int_equal(packet_listen("/no/such/dir/s", (uid_t)-1, &fd, &fault), ERR_IO);
    assert_string_equal(fault.what, "cannot listen at /no/such/dir/s: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(datagrams_and_who_sends_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
