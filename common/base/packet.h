/* packet: datagrams between processes of one machine, over Unix SOCK_SEQPACKET sockets.
 *
 * All descriptors are non-blocking and close-on-exec. One send is one receive, or nothing.
 */
#pragma once

#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/* A listening socket at `path`, which an older one is replaced at. Owner `owner` ((uid_t)-1: this
 * user) and nobody else may connect. ERR_IO: the fault says why; ERR_INPUT: the path is too long.
 */
MUST_CHECK enum err packet_listen(const char *path, uid_t owner, int *ret_fd, struct fault *fault);

/* The next caller, or ERR_NOT_FOUND when none waits. Who calls is told by the system: its pid and
 * uid when it connected. */
struct packet_peer {
    int fd;
    pid_t pid;
    uid_t uid;
};
MUST_CHECK enum err packet_accept(int listener, struct packet_peer *ret_peer);

/* ERR_NOT_FOUND: nobody listens there. ERR_BUSY: the listener's queue is full. ERR_IO otherwise. */
MUST_CHECK enum err packet_connect(const char *path, int *ret_fd, struct fault *fault);

/* ERR_BUSY: the peer does not read, its buffer is full. ERR_IO: the peer is gone. */
MUST_CHECK enum err packet_send(int fd, struct bytes datagram);

/* ERR_NOT_FOUND: nothing waits. ERR_IO: the peer is gone. ERR_CORRUPT: it was larger than `size`
 * and is lost. */
MUST_CHECK enum err packet_receive(int fd, uint8_t *out, size_t size, size_t *ret_size);
