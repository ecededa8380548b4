/* The control socket of a peer: a Unix stream socket, one command a line, one answer line a
 * command.
 *
 * Every answer begins with "ok" or "error". A command may be answered later ("wait", "push"): the
 * client's next lines stay unread until then, so answers never change places. A client that goes
 * away takes its waiting command with it. */
#ifndef PEERS_PEER_CONTROL_H
#define PEERS_PEER_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_CLIENTS_MAX  32
#define PEER_CONTROL_FDS  (PEER_CLIENTS_MAX + 1)
#define PEER_COMMAND_SIZE 1024

struct peer_client {
    int fd; /* -1: free */
    uint32_t generation;
    bool busy;  /* a command is waiting for its answer */
    bool ended; /* the client sends no more */
    size_t used;
    char line[PEER_COMMAND_SIZE];
};

struct peer_control {
    int listener; /* -1: no control socket */
    char path[108];
    struct peer_client clients[PEER_CLIENTS_MAX];
};

/* Names the client that gave a command; stays distinct after the client has gone. */
typedef uint64_t peer_ticket;

/* Called with one line, without its newline. Must answer now or later, exactly once. */
typedef void peer_command_fn(void *context, peer_ticket from, char *line);

/* Listens at path, replacing a socket left by an earlier run; with NULL there is no control socket
 * and the other calls do nothing. */
void peer_control_open(struct peer_control *control, const char *path);
void peer_control_close(struct peer_control *control);

/* Fills PEER_CONTROL_FDS entries of fds. Returns true if a line waits already: do not sleep then.
 */
bool peer_control_watch(const struct peer_control *control, struct pollfd *fds);
/* Takes what arrived on the fds of the last watch and runs the commands. */
void peer_control_serve(struct peer_control *control, const struct pollfd *fds,
                        peer_command_fn *command, void *context);

/* Sends one answer line; dropped without a word if the client has gone. */
void peer_control_answer(struct peer_control *control, peer_ticket to, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* False once the client of the ticket has gone: its command need not be finished. */
bool peer_control_alive(const struct peer_control *control, peer_ticket ticket);

#endif
