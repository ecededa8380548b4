/* peer-turnstile: a Modbus relay board with turnstiles, inputs and displays, over TCP or RTU.
 *
 * The register map, the commands of the control socket and the two logs are described in README.md.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/peers/peer_control.h"
#include "tests/peers/peer_util.h"
#include "tests/peers/turnstile_board.h"
#include "tests/peers/turnstile_people.h"
#include "tests/peers/turnstile_wire.h"

#define BOARDS_MAX 16

struct options {
    struct board *boards;
    size_t board_count;
    struct board *board; /* that the next options are for */
    struct wire *wire;
    const char *tcp;
    const char *rtu;
    const char *control;
    const char *turn_log;
    const char *wire_log;
    bool die_with_parent;
};

enum { KEY_PULSE = 256, KEY_NO_FLASH, KEY_NO_COUNTERS, KEY_COUNTER_START, KEY_DIE, KEY_FIRE, KEY_RESET, KEY_STUBBORN };

static const struct argp_option option_list[] = {
    {"tcp",                                  't', "HOST:PORT", 0, "Modbus TCP; port 0 takes a free one", 0},
    {"rtu",                           'r', "LINK", 0, "Modbus RTU on a pseudo-terminal with this link", 0},
    {"unit", 'u', "N", 0, "unit or slave address (default 1)", 0},
    {"board", 'b', "N", 0, "one more board, with unit N, on the same line; what follows is its", 0},
    {"lane",                                      'l', "SPEC", 0,
     "NAME:coil=0,passage=0,tamper=1,button=2,held=3,display=0; repeat for each lane", 0},
    {"control",         'c', "PATH", 0, "listen for commands on the Unix socket PATH", 0},
    {"turn-log",                                     'T', "FILE", 0, "append a line for each turn of an arm", 0},
    {"wire-log",                                     'W', "FILE", 0, "append a line for each write on the wire", 0},
    {"pulse-ms",                                 KEY_PULSE, "MS", 0, "how long a turn holds the passage input (default 120)", 0},
    {"no-flash",                                   KEY_NO_FLASH, NULL, 0, "a board without flash-on registers", 0},
    {"no-counters",   KEY_NO_COUNTERS, NULL, 0, "a board without edge counters", 0},
    {"counter-start",                                      KEY_COUNTER_START, "N", 0, "what the edge counters begin with", 0},
    {"fire", KEY_FIRE, "INPUT", 0, "the fire panel's loop: closed (1) until there is fire", 0},
    {"reset", KEY_RESET, "INPUT", 0, "the key switch", 0},
    {"stubborn", KEY_STUBBORN, NULL, 0, "a flash-on ends in off though the coil was written on", 0},
    {"die-with-parent",KEY_DIE, NULL, 0, "end when the program that started this one ends", 0},
    {0                                    }
};

static long number_option(const char *arg, long low, long high, struct argp_state *state)
{
    long value = 0;

    if (!peer_parse_long(arg, low, high, &value))
        argp_error(state, "%s: a number from %ld to %ld is needed", arg, low, high);
    return value;
}

static error_t parse_flag(int key, struct options *options)
{
    switch (key) {
    case KEY_NO_FLASH:
        options->wire->no_flash = true;
        return 0;
    case KEY_NO_COUNTERS:
        options->wire->no_counters = true;
        return 0;
    case KEY_STUBBORN:
        options->board->stubborn = true;
        return 0;
    case KEY_DIE:
        options->die_with_parent = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_path(int key, const char *arg, struct options *options)
{
    const char **place = key == 't'   ? &options->tcp
                         : key == 'r' ? &options->rtu
                         : key == 'c' ? &options->control
                         : key == 'T' ? &options->turn_log
                                      : &options->wire_log;

    *place = arg;
    return 0;
}

static void next_board(struct options *options, int unit, struct argp_state *state)
{
    struct board *last = options->board;

    if (options->board_count == BOARDS_MAX)
        argp_error(state, "the line has room for %d boards", BOARDS_MAX);
    options->board = &options->boards[options->board_count++];
    *options->board = (struct board){.unit = unit, .pulse_us = last->pulse_us, .fire = -1, .reset = -1};
    last->next = options->board;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    const char *wrong;

    switch (key) {
    case 't':
    case 'r':
    case 'c':
    case 'T':
    case 'W':
        return parse_path(key, arg, options);
    case 'u':
        options->board->unit = (int)number_option(arg, 1, 247, state);
        return 0;
    case 'b':
        next_board(options, (int)number_option(arg, 1, 247, state), state);
        return 0;
    case KEY_PULSE:
        options->board->pulse_us = number_option(arg, 1, 60000, state) * 1000;
        return 0;
    case KEY_COUNTER_START:
        options->board->counter_start = (uint16_t)number_option(arg, 0, 65535, state);
        return 0;
    case KEY_FIRE:
        options->board->fire = (int)number_option(arg, 0, BOARD_INPUTS - 1, state);
        return 0;
    case KEY_RESET:
        options->board->reset = (int)number_option(arg, 0, BOARD_INPUTS - 1, state);
        return 0;
    case 'l':
        wrong = board_add_lane(options->board, arg);
        if (wrong != NULL)
            argp_error(state, "--lane %s: %s", arg, wrong);
        return 0;
    case ARGP_KEY_END:
        if ((options->tcp == NULL) == (options->rtu == NULL))
            argp_error(state, "one of --tcp and --rtu is needed");
        return 0;
    default:
        return parse_flag(key, options);
    }
}

static FILE *open_log(const char *path)
{
    FILE *log = path == NULL ? NULL : fopen(path, "ae");

    if (path != NULL && log == NULL)
        peer_die("cannot open %s: %s", path, strerror(errno));
    return log;
}

static void open_wire(struct wire *wire, const struct options *options)
{
    if (options->rtu != NULL) {
        wire_open_rtu(wire, options->rtu);
        return;
    }
    wire_open_tcp(wire, options->tcp);
}

static void say_ready(const struct wire *wire)
{
    char host[INET_ADDRSTRLEN];

    if (wire->rtu)
        printf("ready rtu=%s\n", wire->link);
    else
        printf("ready tcp=%s:%u\n", inet_ntop(AF_INET, &wire->address.sin_addr, host, sizeof host),
               ntohs(wire->address.sin_port));
    fflush(stdout);
}

static void step_boards(struct board *board, int64_t now)
{
    for (; board != NULL; board = board->next)
        board_step(board, now);
}

static void run_board(struct people *people, int signals)
{
    struct pollfd fds[1 + WIRE_FDS + PEER_CONTROL_FDS];

    while (!people->quit) {
        int64_t now = peer_mono_us();
        int64_t until;

        step_boards(people->board, now);
        until = people_step(people, now);
        for (const struct board *b = people->board; b != NULL; b = b->next)
            until = peer_sooner(until, board_next(b));
        fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
        wire_watch(people->wire, fds + 1);
        if (peer_control_watch(people->control, fds + 1 + WIRE_FDS))
            until = 0;
        peer_poll(fds, sizeof fds / sizeof fds[0], until);
        if ((fds[0].revents & POLLIN) != 0)
            return;
        step_boards(people->board, peer_mono_us()); /* what a request finds is not older than it */
        wire_serve(people->wire, fds + 1);
        peer_control_serve(people->control, fds + 1 + WIRE_FDS, people_command, people);
    }
}

static void start_boards(struct board *board, FILE *turn_log)
{
    for (; board != NULL; board = board->next) {
        board->turn_log = turn_log;
        board_set_input(board, board->fire, true);
        board_power_up(board);
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .doc = "An emulated Modbus board with turnstiles.",
    };
    static struct board boards[BOARDS_MAX] = {
        {.unit = 1, .pulse_us = 120000, .fire = -1, .reset = -1}
    };
    static struct wire wire;
    static struct peer_control control;
    static struct people people = {.board = boards, .wire = &wire, .control = &control};
    struct options options = {.boards = boards, .board_count = 1, .board = boards, .wire = &wire};
    int signals;

    argp_parse(&parser, argc, argv, 0, NULL, &options);
    signals = peer_signals(options.die_with_parent);
    wire.boards = wire.board = boards;
    wire.log = open_log(options.wire_log);
    start_boards(boards, open_log(options.turn_log));
    open_wire(&wire, &options);
    peer_control_open(&control, options.control);
    say_ready(&wire);
    run_board(&people, signals);
    peer_control_close(&control);
    wire_close(&wire);
    return 0;
}
