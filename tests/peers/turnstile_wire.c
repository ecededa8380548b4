#include "tests/peers/turnstile_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLASH_FIRST   0x0100
#define COUNTER_FIRST 0x0200
#define DISPLAY_FIRST 0x0300
#define DISPLAY_SIZE  0x80
#define LINE_FIRST    0x10 /* from the display's first register */
#define LINE_SIZE     0x20
#define HOLDING_END   (DISPLAY_FIRST + DISPLAY_SIZE * BOARD_DISPLAYS)

#define BYTE_TIMEOUT_US 100000 /* a client that stops in the middle of a request is cut off */

enum { CODE_OK = 0 };

struct request {
    const uint8_t *bytes;
    int length;
    int header; /* bytes before the function code */
    uint8_t function;
    uint16_t address;
    uint16_t count;
    const uint8_t *values; /* of a write; register values are 2 bytes, high byte first */
};

/* --- opening and closing --- */

static void make_modbus(struct wire *wire)
{
    /* The backends only frame and check here: the descriptors are ours, see modbus_set_socket. */
    wire->modbus = wire->rtu ? modbus_new_rtu("pty", 115200, 'N', 8, 1)
                             : modbus_new_tcp("127.0.0.1", MODBUS_TCP_DEFAULT_PORT);
    if (wire->modbus == NULL || modbus_set_slave(wire->modbus, wire->boards->unit) != 0 ||
        modbus_set_byte_timeout(wire->modbus, 0, BYTE_TIMEOUT_US) != 0)
        peer_die("libmodbus: %s", modbus_strerror(errno));
}

static void drop_modbus(struct wire *wire)
{
    modbus_set_socket(wire->modbus, -1);
    modbus_free(wire->modbus);
}

static void make_wire(struct wire *wire)
{
    make_modbus(wire);
    wire->map =
        modbus_mapping_new_start_address(0, BOARD_RELAYS, 0, BOARD_INPUTS, FLASH_FIRST,
                                         HOLDING_END - FLASH_FIRST, COUNTER_FIRST, BOARD_INPUTS);
    if (wire->map == NULL)
        peer_die("libmodbus: %s", modbus_strerror(errno));
    wire->listener = wire->pty.master = -1;
    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++)
        wire->connections[i] = -1;
}

static void listen_tcp(struct wire *wire)
{
    socklen_t length = sizeof wire->address;
    int yes = 1;

    wire->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->listener < 0 ||
        setsockopt(wire->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(wire->listener, (struct sockaddr *)&wire->address, length) != 0 ||
        listen(wire->listener, WIRE_CONNECTIONS_MAX) != 0 ||
        getsockname(wire->listener, (struct sockaddr *)&wire->address, &length) != 0)
        peer_die("cannot listen: %s", strerror(errno));
}

void wire_open_tcp(struct wire *wire, const char *host_port)
{
    const char *colon = strrchr(host_port, ':');
    char host[64];
    long port;

    if (colon == NULL || colon - host_port >= (long)sizeof host ||
        !peer_parse_long(colon + 1, 0, 65535, &port))
        peer_die("--tcp %s: HOST:PORT is needed", host_port);
    snprintf(host, sizeof host, "%.*s", (int)(colon - host_port), host_port);
    wire->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &wire->address.sin_addr) != 1)
        peer_die("--tcp %s: the host must be an IPv4 address", host_port);
    wire->rtu = false;
    make_wire(wire);
    listen_tcp(wire);
}

void wire_open_rtu(struct wire *wire, const char *link)
{
    if (strlen(link) >= sizeof wire->link)
        peer_die("--rtu: the path is too long");
    snprintf(wire->link, sizeof wire->link, "%s", link);
    wire->rtu = true;
    make_wire(wire);
    peer_pty_open(&wire->pty, link);
}

static void drop_connection(int *fd)
{
    close(*fd);
    *fd = -1;
}

void wire_vanish(struct wire *wire)
{
    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++)
        if (wire->connections[i] >= 0)
            drop_connection(&wire->connections[i]);
    if (wire->listener >= 0)
        drop_connection(&wire->listener);
    peer_pty_close(&wire->pty);
}

void wire_return(struct wire *wire)
{
    if (wire->rtu && wire->pty.master < 0)
        peer_pty_open(&wire->pty, wire->link);
    if (!wire->rtu && wire->listener < 0)
        listen_tcp(wire);
}

void wire_close(struct wire *wire)
{
    wire_vanish(wire);
    drop_modbus(wire);
    modbus_mapping_free(wire->map);
}

size_t wire_connection_count(const struct wire *wire)
{
    size_t count = 0;

    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++)
        count += wire->connections[i] >= 0 ? 1 : 0;
    return count;
}

/* --- what may be asked --- */

static bool display_has(uint16_t offset)
{
    return offset < 2 || (offset >= LINE_FIRST && offset < LINE_FIRST + BOARD_LINES * LINE_SIZE);
}

static bool holding_has(const struct wire *wire, uint32_t address)
{
    if (address >= FLASH_FIRST && address < FLASH_FIRST + BOARD_RELAYS)
        return !wire->no_flash;
    return address >= DISPLAY_FIRST && address < HOLDING_END &&
           display_has((uint16_t)((address - DISPLAY_FIRST) % DISPLAY_SIZE));
}

static bool counter_has(const struct wire *wire, uint32_t address)
{
    return !wire->no_counters && address >= COUNTER_FIRST && address < COUNTER_FIRST + BOARD_INPUTS;
}

static bool coil_has(const struct wire *wire, uint32_t address)
{
    (void)wire;
    return address < BOARD_RELAYS;
}

static bool input_has(const struct wire *wire, uint32_t address)
{
    (void)wire;
    return address < BOARD_INPUTS;
}

static bool value_fits(uint16_t address, uint16_t value)
{
    uint16_t offset = (uint16_t)((address - DISPLAY_FIRST) % DISPLAY_SIZE);

    if (address < DISPLAY_FIRST)
        return value >= 1 && value <= BOARD_FLASH_MAX;
    if (offset == 0)
        return value < COLOUR_COUNT;
    return offset != 1 || value < SOUND_COUNT;
}

static uint16_t word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint16_t register_value(const struct request *request, uint16_t index)
{
    return word_at(request->values + 2 * (size_t)index);
}

static bool coil_value(const struct request *request, uint16_t index)
{
    if (request->function == MODBUS_FC_WRITE_SINGLE_COIL)
        return request->values[0] == 0xff;
    return (request->values[index / 8] >> (index % 8) & 1) != 0;
}

static int check_registers(const struct request *request)
{
    for (uint16_t i = 0; i < request->count; i++)
        if (!value_fits((uint16_t)(request->address + i), register_value(request, i)))
            return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    return CODE_OK;
}

static int check_coil(const struct request *request)
{
    uint16_t value = word_at(request->values);

    return value == 0xff00 || value == 0 ? CODE_OK : MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
}

/* --- what is done --- */

static void apply_coils(struct wire *wire, const struct request *request)
{
    for (uint16_t i = 0; i < request->count; i++)
        board_set_relay(wire->board, (size_t)request->address + i, coil_value(request, i),
                        peer_mono_us());
}

static void apply_register(struct board *board, uint16_t address, uint16_t value)
{
    uint16_t offset = (uint16_t)((address - DISPLAY_FIRST) % DISPLAY_SIZE);
    size_t display = (size_t)(address - DISPLAY_FIRST) / DISPLAY_SIZE;

    if (address < DISPLAY_FIRST)
        board_flash(board, (size_t)address - FLASH_FIRST, value, peer_mono_us());
    else if (offset == 0)
        board->displays[display].colour = value;
    else if (offset == 1)
        board_set_sound(board, display, value, peer_mono_us());
    else
        board->displays[display]
            .line[(offset - LINE_FIRST) / LINE_SIZE][(offset - LINE_FIRST) % LINE_SIZE] = value;
}

static void apply_registers(struct wire *wire, const struct request *request)
{
    for (uint16_t i = 0; i < request->count; i++)
        apply_register(wire->board, (uint16_t)(request->address + i), register_value(request, i));
}

static const struct function {
    uint8_t code;
    bool (*has)(const struct wire *wire, uint32_t address);
    uint16_t most;        /* 0: always one, and the value stands where the count would */
    uint8_t bits_a_value; /* of a write with a byte count; 0: none */
    int (*check)(const struct request *request);
    void (*apply)(struct wire *wire, const struct request *request); /* NULL: a read */
} functions[] = {
    {MODBUS_FC_READ_COILS,               coil_has,    2000, 0,  NULL,            NULL           },
    {MODBUS_FC_READ_DISCRETE_INPUTS,     input_has,   2000, 0,  NULL,            NULL           },
    {MODBUS_FC_READ_HOLDING_REGISTERS,   holding_has, 125,  0,  NULL,            NULL           },
    {MODBUS_FC_READ_INPUT_REGISTERS,     counter_has, 125,  0,  NULL,            NULL           },
    {MODBUS_FC_WRITE_SINGLE_COIL,        coil_has,    0,    0,  check_coil,      apply_coils    },
    {MODBUS_FC_WRITE_SINGLE_REGISTER,    holding_has, 0,    0,  check_registers, apply_registers},
    {MODBUS_FC_WRITE_MULTIPLE_COILS,     coil_has,    1968, 1,  NULL,            apply_coils    },
    {MODBUS_FC_WRITE_MULTIPLE_REGISTERS, holding_has, 123,  16, check_registers, apply_registers},
};

static const struct function *function_find(uint8_t code)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (functions[i].code == code)
            return &functions[i];
    return NULL;
}

/* Reads count and values out of the request; false if its length does not fit them. */
static bool read_shape(const struct function *function, struct request *request)
{
    const uint8_t *body = request->bytes + request->header + 1;
    int left = request->length - request->header - 1 - (request->function < 15 ? 4 : 5);
    int bytes;

    if (left < 0)
        return false;
    request->address = word_at(body);
    request->count = function->most == 0 ? 1 : word_at(body + 2);
    request->values = body + 2;
    if (request->count == 0 || (function->most != 0 && request->count > function->most))
        return false;
    if (function->bits_a_value == 0)
        return true;
    request->values = body + 5;
    bytes = (request->count * function->bits_a_value + 7) / 8;
    return body[4] == bytes && left >= bytes;
}

static int examine(const struct function *function, struct request *request,
                   const struct wire *wire)
{
    if (function == NULL)
        return MODBUS_EXCEPTION_ILLEGAL_FUNCTION;
    if (!read_shape(function, request))
        return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    for (uint32_t i = 0; i < request->count; i++)
        if (!function->has(wire, request->address + i))
            return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
    return function->check == NULL ? CODE_OK : function->check(request);
}

/* --- the log --- */

static void log_values(FILE *log, const struct request *request)
{
    bool coils = request->function == MODBUS_FC_WRITE_SINGLE_COIL ||
                 request->function == MODBUS_FC_WRITE_MULTIPLE_COILS;

    for (uint16_t i = 0; i < request->count; i++)
        fprintf(log, "%s%u", i == 0 ? " values=" : ",",
                coils ? coil_value(request, i) : register_value(request, i));
}

static void log_write(struct wire *wire, const struct request *request, int code)
{
    wire->writes++;
    if (wire->log == NULL)
        return;
    fprintf(wire->log, "t_us=%lld fn=%u addr=0x%04x", (long long)peer_wall_us(), request->function,
            request->address);
    if (wire->boards->next != NULL)
        fprintf(wire->log, " unit=%d", wire->board->unit);
    if (request->values != NULL && code != MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE)
        log_values(wire->log, request);
    if (code != CODE_OK)
        fprintf(wire->log, " answer=exception-%d\n", code);
    else
        fprintf(wire->log, " answer=%s\n", wire->board->mute == WIRE_ANSWERS ? "ok" : "none");
    if (fflush(wire->log) != 0)
        peer_die("the wire log cannot be written");
}

/* --- one request --- */

static void refresh_map(const struct wire *wire)
{
    const struct board *board = wire->board;
    modbus_mapping_t *map = wire->map;

    for (size_t i = 0; i < BOARD_RELAYS; i++) {
        map->tab_bits[i] = board->relays[i].on ? 1 : 0;
        map->tab_registers[i] = board_flash_left(board, i, peer_mono_us());
    }
    for (size_t i = 0; i < BOARD_INPUTS; i++) {
        map->tab_input_bits[i] = board->inputs[i].level ? 1 : 0;
        map->tab_input_registers[i] = board->inputs[i].edges;
    }
    for (size_t i = 0; i < BOARD_DISPLAYS; i++) {
        uint16_t *at = map->tab_registers + (DISPLAY_FIRST - FLASH_FIRST) + i * DISPLAY_SIZE;

        at[0] = board->displays[i].colour;
        at[1] = board->displays[i].sound;
        memcpy(at + LINE_FIRST, board->displays[i].line, sizeof board->displays[i].line);
    }
}

/* What the addressed board does; returns false if it says nothing. */
static bool obey(struct wire *wire, struct request *request, const struct function *function,
                 int *ret_code)
{
    if (wire->board->mute == WIRE_MUTE)
        return false;
    *ret_code = examine(function, request, wire);
    if (function != NULL && function->apply != NULL) {
        if (*ret_code == CODE_OK)
            function->apply(wire, request);
        log_write(wire, request, *ret_code);
    }
    return wire->board->mute == WIRE_ANSWERS;
}

static void handle_request(struct wire *wire, const uint8_t *bytes, int length)
{
    int header = modbus_get_header_length(wire->modbus);
    struct request request = {
        .bytes = bytes,
        .length = wire->rtu ? length - 2 : length, /* the CRC has been checked */
        .header = header,
        .function = bytes[header],
    };
    const struct function *function = function_find(request.function);
    int unit = bytes[header - 1];
    bool everybody = wire->rtu && unit == MODBUS_BROADCAST_ADDRESS;
    int code = MODBUS_EXCEPTION_GATEWAY_TARGET;

    wire->requests++;
    wire->board = wire->boards;
    if (everybody) {
        for (; wire->board != NULL; wire->board = wire->board->next)
            (void)obey(wire, &request, function, &code);
        return; /* nobody answers */
    }
    while (wire->board != NULL && wire->board->unit != unit && (wire->rtu || unit != 0xff))
        wire->board = wire->board->next;
    if (wire->board == NULL && wire->rtu)
        return;
    if (wire->board != NULL) {
        if (!obey(wire, &request, function, &code))
            return;
        refresh_map(wire);
    }
    if (code == CODE_OK)
        (void)modbus_reply(wire->modbus, bytes, length, wire->map);
    else
        (void)modbus_reply_exception(wire->modbus, bytes, (unsigned)code);
}

/* --- frames of a serial line: libmodbus would hear one unit only --- */

static uint16_t crc_of(const uint8_t *bytes, int count)
{
    uint16_t crc = 0xffff;

    for (int i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1);
    }
    return crc;
}

/* How long the request is as far as its first bytes tell; 0: not known yet. */
static int frame_length(const uint8_t *bytes, int count)
{
    if (count < 2)
        return 0;
    if (bytes[1] != MODBUS_FC_WRITE_MULTIPLE_COILS && bytes[1] != MODBUS_FC_WRITE_MULTIPLE_REGISTERS)
        return 8;
    return count < 7 ? 0 : 9 + bytes[6];
}

/* One whole frame, or less when the line falls silent in the middle. A frame may be followed by the
 * next without an answer between (a broadcast): no byte behind it is taken. */
static int receive_rtu(int fd, uint8_t *bytes)
{
    int count = 0;
    int wanted = 0;

    while ((wanted = frame_length(bytes, count)) == 0 || count < wanted) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int most = wanted == 0 ? (count < 2 ? 2 - count : 7 - count) : wanted - count;
        ssize_t got;

        if (count > 0 && poll(&ready, 1, BYTE_TIMEOUT_US / 1000) <= 0)
            return 0;
        got = read(fd, bytes + count, (size_t)most);
        if (got <= 0)
            return got < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO) ? 0 : -1;
        count += (int)got;
    }
    return crc_of(bytes, count - 2) == (bytes[count - 2] | bytes[count - 1] << 8) ? count : 0;
}

/* Returns false when the connection has ended. */
static bool serve_one(struct wire *wire, int fd)
{
    uint8_t bytes[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;

    modbus_set_socket(wire->modbus, fd);
    length = wire->rtu ? receive_rtu(fd, bytes) : modbus_receive(wire->modbus, bytes);
    if (length > 0)
        handle_request(wire, bytes, length);
    return length >= 0;
}

void wire_watch(const struct wire *wire, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = wire->rtu ? wire->pty.master : wire->listener, .events = POLLIN};
    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++)
        fds[i + 1] = (struct pollfd){.fd = wire->connections[i], .events = POLLIN};
}

static void accept_connection(struct wire *wire)
{
    int yes = 1;

    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++) {
        if (wire->connections[i] >= 0)
            continue;
        wire->connections[i] = accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC);
        if (wire->connections[i] >= 0)
            setsockopt(wire->connections[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        return;
    }
    close(accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC)); /* a board has few sockets */
}

void wire_serve(struct wire *wire, const struct pollfd *fds)
{
    for (size_t i = 0; i < WIRE_CONNECTIONS_MAX; i++) {
        int *fd = &wire->connections[i];

        if (*fd >= 0 && *fd == fds[i + 1].fd && fds[i + 1].revents != 0 && !serve_one(wire, *fd))
            drop_connection(fd);
    }
    if ((fds[0].revents & POLLIN) == 0)
        return;
    if (wire->rtu)
        (void)serve_one(wire, wire->pty.master);
    else
        accept_connection(wire);
}
