/* The board's Modbus side, TCP or RTU: who is connected, what may be read and written, the wire
 * log. */
#ifndef PEERS_TURNSTILE_WIRE_H
#define PEERS_TURNSTILE_WIRE_H

#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/peers/peer_util.h"
#include "tests/peers/turnstile_board.h"

#define WIRE_CONNECTIONS_MAX 16
#define WIRE_FDS             (WIRE_CONNECTIONS_MAX + 1)

enum wire_mute {
    WIRE_ANSWERS,
    WIRE_MUTE,     /* takes requests, does nothing, never answers */
    WIRE_MUTE_ACTS /* does what it is told and never answers */
};

struct wire {
    struct board *boards; /* the first of those on this line */
    struct board *board;  /* that a request is for */
    modbus_t *modbus;
    modbus_mapping_t *map;
    bool rtu;
    bool no_flash;
    bool no_counters;
    FILE *log; /* NULL: none */
    uint64_t requests;
    uint64_t writes;
    /* TCP */
    struct sockaddr_in address;
    int listener; /* -1: vanished */
    int connections[WIRE_CONNECTIONS_MAX];
    /* RTU */
    struct peer_pty pty;
    char link[PEER_PATH_SIZE];
};

/* Listens on HOST:PORT (IPv4; port 0 takes a free one, which address then holds). */
void wire_open_tcp(struct wire *wire, const char *host_port);
/* Serves a pseudo-terminal behind the link. */
void wire_open_rtu(struct wire *wire, const char *link);
void wire_close(struct wire *wire);

/* Pulls the plug of the line: listener, connections and terminal close. The board goes on. */
void wire_vanish(struct wire *wire);
/* Plugs it in again: the same port, the same link. */
void wire_return(struct wire *wire);
size_t wire_connection_count(const struct wire *wire);

/* Fills WIRE_FDS entries. */
void wire_watch(const struct wire *wire, struct pollfd *fds);
/* Serves at most one request of each connection of the last watch. */
void wire_serve(struct wire *wire, const struct pollfd *fds);

#endif
