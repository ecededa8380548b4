/* Goal: only addresses that can never block a look-up are taken. Method: good and bad addresses by
 * hand; a board that is not there. */
#include "reader-agent/board/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
