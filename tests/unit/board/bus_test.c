/* Goal: only addresses that can never block a look-up are taken; a board without an answer costs a
 * turn one wait. Method: good and bad addresses by hand; a board that is not there; one that takes
 * connections and says nothing. */
#include "reader-agent/board/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "common/base/must.h"

static enum err try_address(enum helper_transport transport, const char *address, uint8_t unit,
                            struct bus **bus, struct fault *fault)
{
    struct helper_board setup = {.transport = transport, .unit = unit, .baud = 9600};
    snprintf(setup.address, sizeof(setup.address), "%s", address);
    return bus_create(&setup, bus, fault);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:502", "[::1]:502", "10.0.0.7:1"};
    static const char *const bad[] = {"board.local:502", "127.0.0.1",      "127.0.0.1:",
                                      "127.0.0.1:0",     "127.0.0.1:x",    ":502",
                                      "127.0.0.1:65536", "[127.0.0.1:502", ""};
    struct bus *bus = NULL;
    struct fault fault;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(try_address(HELPER_TCP, good[i], 1, &bus, &fault), ERR_OK);
        bus_destroy(&bus);
        assert_null(bus);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(try_address(HELPER_TCP, bad[i], 1, &bus, &fault), ERR_INPUT);
        assert_null(bus);
    }
    assert_int_equal(try_address(HELPER_RTU, "/dev/ttyS9", 255, &bus, &fault), ERR_INPUT);
    assert_string_equal(fault.what,
                        "/dev/ttyS9: not a numeric address:port, serial device, or unit number");
}

static void nobody_there(void **state)
{
    (void)state;
    struct bus *bus = NULL;
    struct fault fault;
    assert_int_equal(try_address(HELPER_TCP, "127.0.0.1:1", 1, &bus, &fault), ERR_OK);
    assert_int_equal(bus_connect(bus, &fault), ERR_IO);
    assert_string_equal(fault.what, "cannot connect: Connection refused");
    assert_false(bus_is_connected(bus));
    bus_destroy(&bus);
    assert_int_equal(try_address(HELPER_RTU, "/dev/no-such-port", 1, &bus, &fault), ERR_OK);
    assert_int_equal(bus_connect(bus, &fault), ERR_IO);
    assert_string_equal(fault.what, "cannot connect: No such file or directory");
    bus_destroy(&bus);
}

static int listen_somewhere(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

/* Bytes that came over the next connection. */
static ssize_t asked(int server)
{
    char bytes[64];
    int fd = accept(server, NULL, NULL);
    assert_true(fd >= 0);
    ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    close(fd);
    return size;
}

static void a_mute_board_is_called_once_a_turn(void **state)
{
    (void)state;
    uint16_t port = 0;
    int server = listen_somewhere(&port);
    char address[32];
    struct bus *bus = NULL;
    struct bus_unit unit = {.unit = 1};
    struct fault fault;
    uint8_t levels[1];
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_int_equal(try_address(HELPER_TCP, address, 1, &bus, &fault), ERR_OK);
    for (int turn = 0; turn < 2; turn++) {
        bus_begin_turn(bus, &unit);
        assert_int_equal(bus_connect(bus, &fault), ERR_OK);
        assert_int_equal(bus_read_levels(bus, 0, 1, levels, &fault), ERR_IO);
        assert_true(asked(server) > 0);
        assert_int_equal(bus_connect(bus, &fault), ERR_OK);
        assert_int_equal(bus_read_levels(bus, 0, 1, levels, &fault), ERR_IO);
        assert_int_equal(bus_write_coil(bus, 0, true, &fault), ERR_IO);
        assert_true(bus_is_connected(bus));
        bus_close(bus);
        assert_int_equal(asked(server), 0);
        assert_int_equal(bus_connect(bus, &fault), ERR_OK);
        assert_int_equal(bus_release(bus, 0, 1, &fault), ERR_IO); /* but for fire */
        assert_true(asked(server) > 0);
    }
    bus_destroy(&bus);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_mute_board_is_called_once_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
