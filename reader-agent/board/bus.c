#include "reader-agent/board/bus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

struct bus {
    modbus_t *line;
    bool tcp;
    bool connected;
    int broken; /* errors running */
};

struct host_port {
    char host[HELPER_ADDRESS_SIZE];
    char port[8];
};

/* Only numeric addresses: looking up a name could block for seconds. */
static bool is_numeric(const struct host_port *at)
{
    uint8_t address[sizeof(struct in6_addr)];
    char *end = NULL;
    long port = strtol(at->port, &end, 10);
    return *end == '\0' && port > 0 && port < 65536 &&
           (inet_pton(AF_INET, at->host, address) == 1 ||
            inet_pton(AF_INET6, at->host, address) == 1);
}

static bool split_address(const char *text, struct host_port *ret_at)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || strlen(colon + 1) >= sizeof(ret_at->port)) {
        return false;
    }
    size_t size = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        size -= 2;
    }
    struct host_port at = {.host = "", .port = ""};
    MUST(size < sizeof(at.host));
    memcpy(at.host, text, size);
    memcpy(at.port, colon + 1, strlen(colon + 1));
    if (!is_numeric(&at)) {
        return false;
    }
    *ret_at = at;
    return true;
}

static modbus_t *new_tcp(const char *address)
{
    struct host_port at;
    return split_address(address, &at) ? modbus_new_tcp_pi(at.host, at.port) : NULL;
}

static void set_times(modbus_t *line)
{
    /* A byte timeout of 0: the answer as a whole has BUS_ANSWER_MS. No recovery of its own: that
     * would sleep inside a call. */
    (void)modbus_set_response_timeout(line, 0, BUS_ANSWER_MS * 1000);
    (void)modbus_set_byte_timeout(line, 0, 0);
    (void)modbus_set_error_recovery(line, MODBUS_ERROR_RECOVERY_NONE);
}

enum err bus_create(const struct helper_board *setup, struct bus **ret_bus, struct fault *fault)
{
    bool tcp = setup->transport == HELPER_TCP;
    modbus_t *line =
        tcp ? new_tcp(setup->address) : modbus_new_rtu(setup->address, (int)setup->baud, 'N', 8, 1);
    if (line == NULL || modbus_set_slave(line, setup->unit) != 0) {
        modbus_free(line);
        return fault_set(fault, ERR_INPUT,
                         "%s: not a numeric address:port, serial device, or unit number",
                         setup->address);
    }
    set_times(line);
    struct bus *bus = calloc(1, sizeof(*bus));
    MUST(bus != NULL);
    bus->line = line;
    bus->tcp = tcp;
    *ret_bus = bus;
    return ERR_OK;
}

void bus_destroy(struct bus **bus)
{
    if (*bus != NULL) {
        bus_close(*bus);
        modbus_free((*bus)->line);
        free(*bus);
        *bus = NULL;
    }
}

enum err bus_connect(struct bus *bus, struct fault *fault)
{
    MUST(!bus->connected);
    if (modbus_connect(bus->line) != 0) {
        return fault_set(fault, ERR_IO, "cannot connect: %s", modbus_strerror(errno));
    }
    bus->connected = true;
    bus->broken = 0;
    return ERR_OK;
}

bool bus_is_connected(const struct bus *bus)
{
    return bus->connected;
}

void bus_close(struct bus *bus)
{
    if (bus->connected) {
        modbus_close(bus->line);
        bus->connected = false;
    }
}

/* libmodbus gives exceptions of the board as errno values of their own. */
static bool is_refusal(int number)
{
    return number >= EMBXILFUN && number <= EMBXGTAR;
}

/* `done` is what libmodbus returned: how many, or -1. */
static enum err settle(struct bus *bus, int done, struct fault *fault)
{
    int number = errno;
    if (done >= 0) {
        bus->broken = 0;
        return ERR_OK;
    }
    if (is_refusal(number)) {
        bus->broken = 0;
        return fault_set(fault, ERR_REFUSED, "the board refuses: %s", modbus_strerror(number));
    }
    bus->broken++;
    if (bus->tcp || bus->broken >= BUS_BROKEN_MAX) {
        bus_close(bus);
    } else {
        (void)modbus_flush(bus->line);
    }
    return fault_set(fault, ERR_IO, "the board does not answer: %s", modbus_strerror(number));
}

enum err bus_read_levels(struct bus *bus, uint16_t first, uint16_t count, uint8_t *out,
                         struct fault *fault)
{
    return settle(bus, modbus_read_input_bits(bus->line, first, count, out), fault);
}

enum err bus_read_inputs(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                         struct fault *fault)
{
    return settle(bus, modbus_read_input_registers(bus->line, first, count, out), fault);
}

enum err bus_read_holding(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                          struct fault *fault)
{
    return settle(bus, modbus_read_registers(bus->line, first, count, out), fault);
}

enum err bus_write_coil(struct bus *bus, uint16_t coil, bool on, struct fault *fault)
{
    return settle(bus, modbus_write_bit(bus->line, coil, on ? 1 : 0), fault);
}

enum err bus_write_register(struct bus *bus, uint16_t address, uint16_t value, struct fault *fault)
{
    return settle(bus, modbus_write_register(bus->line, address, value), fault);
}

enum err bus_write_registers(struct bus *bus, uint16_t first, uint16_t count,
                             const uint16_t *values, struct fault *fault)
{
    return settle(bus, modbus_write_registers(bus->line, first, count, values), fault);
}
