#include "reader-agent/board/bus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/fire_time.h"
#include "common/base/must.h"

enum {
    REQUEST_BYTES = 8, /* a read, or a write of one value */
    HEAD_BYTES = 9,    /* of a write of many values */
    ANSWER_BYTES = 5,  /* of a read, beside its values */
    BROADCAST = 0,     /* unit */
    COILS_AT_ONCE = 16,
};

_Static_assert((int)FIRE_BOARDS_MAX == (int)HELPER_BOARDS_PER_BUS, "apply judges whole buses");

struct bus {
    modbus_t *line;
    int owners;
    bool tcp;
    char address[HELPER_ADDRESS_SIZE];
    uint32_t baud; /* 0: tcp */
    bool connected;
    struct bus_unit own;   /* until another is addressed */
    struct bus_unit *unit; /* addressed */
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

static void set_wait(modbus_t *line, uint32_t wait_ms)
{
    (void)modbus_set_response_timeout(line, wait_ms / 1000, wait_ms % 1000 * 1000);
}

static void set_times(modbus_t *line)
{
    /* A byte timeout of 0: the answer as a whole has the time of the call. No recovery of its own:
     * that would sleep inside a call. */
    set_wait(line, FIRE_LOOK_ALONE_MS);
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
    bus->owners = 1;
    bus->tcp = tcp;
    bus->baud = tcp ? 0 : setup->baud;
    memcpy(bus->address, setup->address, sizeof(bus->address));
    bus->own = (struct bus_unit){.unit = setup->unit, .alone = true};
    bus->unit = &bus->own;
    *ret_bus = bus;
    return ERR_OK;
}

struct bus *bus_share(struct bus *bus)
{
    bus->owners++;
    return bus;
}

void bus_destroy(struct bus **bus)
{
    if (*bus != NULL && --(*bus)->owners == 0) {
        bus_close(*bus);
        modbus_free((*bus)->line);
        free(*bus);
    }
    *bus = NULL;
}

bool bus_serves(const struct bus *bus, const struct helper_board *setup)
{
    bool tcp = setup->transport == HELPER_TCP;
    return bus->tcp == tcp && (tcp || bus->baud == setup->baud) &&
           strcmp(bus->address, setup->address) == 0;
}

void bus_address(struct bus *bus, struct bus_unit *unit)
{
    bus->unit = unit;
    (void)modbus_set_slave(bus->line, unit->unit); /* bus_create() saw that it is one */
}

void bus_begin_turn(struct bus *bus, struct bus_unit *unit)
{
    bus_address(bus, unit);
    unit->mute = false;
}

void bus_forget(struct bus *bus, const struct bus_unit *unit)
{
    if (bus->unit == unit) {
        bus->unit = &bus->own;
    }
}

enum err bus_connect(struct bus *bus, struct fault *fault)
{
    MUST(!bus->connected);
    set_wait(bus->line, FIRE_LOOK_ALONE_MS);
    if (modbus_connect(bus->line) != 0) {
        return fault_set(fault, ERR_IO, "cannot connect: %s", modbus_strerror(errno));
    }
    bus->connected = true;
    bus->unit->broken = 0;
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
        bus->unit->broken = 0;
        return ERR_OK;
    }
    if (is_refusal(number)) {
        bus->unit->broken = 0;
        return fault_set(fault, ERR_REFUSED, "the board refuses: %s", modbus_strerror(number));
    }
    bus->unit->mute = true;
    bus->unit->broken++;
    if (bus->tcp || bus->unit->broken >= BUS_BROKEN_MAX) {
        bus_close(bus);
    } else {
        (void)modbus_flush(bus->line);
    }
    return fault_set(fault, ERR_IO, "the board does not answer: %s", modbus_strerror(number));
}

/* Before each call: its answer has the time that the line needs, and the unit. */
static enum err prepare(struct bus *bus, uint32_t request, uint32_t answer, struct fault *fault)
{
    if (bus->unit->mute) {
        return fault_set(fault, ERR_IO, "the board does not answer");
    }
    set_wait(bus->line, fire_look_wait_ms(bus->unit->alone, bus->baud, request, answer));
    return ERR_OK;
}

enum err bus_read_levels(struct bus *bus, uint16_t first, uint16_t count, uint8_t *out,
                         struct fault *fault)
{
    TRY(prepare(bus, REQUEST_BYTES, ANSWER_BYTES + (count + 7U) / 8U, fault));
    return settle(bus, modbus_read_input_bits(bus->line, first, count, out), fault);
}

enum err bus_read_inputs(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                         struct fault *fault)
{
    TRY(prepare(bus, REQUEST_BYTES, ANSWER_BYTES + 2U * count, fault));
    return settle(bus, modbus_read_input_registers(bus->line, first, count, out), fault);
}

enum err bus_read_holding(struct bus *bus, uint16_t first, uint16_t count, uint16_t *out,
                          struct fault *fault)
{
    TRY(prepare(bus, REQUEST_BYTES, ANSWER_BYTES + 2U * count, fault));
    return settle(bus, modbus_read_registers(bus->line, first, count, out), fault);
}

enum err bus_write_coil(struct bus *bus, uint16_t coil, bool on, struct fault *fault)
{
    TRY(prepare(bus, REQUEST_BYTES, REQUEST_BYTES, fault));
    return settle(bus, modbus_write_bit(bus->line, coil, on ? 1 : 0), fault);
}

enum err bus_write_register(struct bus *bus, uint16_t address, uint16_t value, struct fault *fault)
{
    TRY(prepare(bus, REQUEST_BYTES, REQUEST_BYTES, fault));
    return settle(bus, modbus_write_register(bus->line, address, value), fault);
}

enum err bus_write_registers(struct bus *bus, uint16_t first, uint16_t count,
                             const uint16_t *values, struct fault *fault)
{
    TRY(prepare(bus, HEAD_BYTES + 2U * count, REQUEST_BYTES, fault));
    return settle(bus, modbus_write_registers(bus->line, first, count, values), fault);
}

/* Fire */

enum err bus_release(struct bus *bus, uint16_t first, uint16_t count, struct fault *fault)
{
    uint8_t on[COILS_AT_ONCE];
    int broken = bus->unit->broken;
    MUST(count >= 1 && count <= COILS_AT_ONCE);
    memset(on, 1, sizeof(on));
    bus->unit->broken = 0;
    set_wait(bus->line, fire_write_wait_ms(bus->baud));
    enum err err = settle(bus,
                          count == 1 ? modbus_write_bit(bus->line, first, 1)
                                     : modbus_write_bits(bus->line, first, count, on),
                          fault);
    if (err == ERR_IO) {
        bus->unit->broken = broken;
    }
    return err;
}

void bus_release_all(struct bus *bus, uint16_t first, uint16_t count)
{
    uint8_t frame[9] = {
        BROADCAST,      MODBUS_FC_WRITE_MULTIPLE_COILS, (uint8_t)(first >> 8), (uint8_t)first, 0,
        (uint8_t)count, (uint8_t)((count + 7) / 8)};
    MUST(count >= 1 && count <= COILS_AT_ONCE);
    if (bus->tcp) {
        return;
    }
    for (uint16_t i = 0; i < count; i++) {
        frame[7 + i / 8] |= (uint8_t)(1U << (i % 8));
    }
    int size = 7 + (count + 7) / 8;
    if (modbus_send_raw_request(bus->line, frame, size) > 0) {
        /* A flush would throw away what is not on the wire yet; no unit answers meanwhile. */
        (void)poll(NULL, 0, (int)fire_wire_ms(bus->baud, (uint32_t)size + 2) + 1);
    }
}
