#include "common/base/packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum err address_of(const char *path, struct sockaddr_un *address, struct fault *fault)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path)) {
        return fault_set(fault, ERR_INPUT,
                         "socket path %s is over %zu characters: choose a shorter directory", path,
                         sizeof(address->sun_path) - 1);
    }
    memcpy(address->sun_path, path, strlen(path));
    return ERR_OK;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static enum err close_with(int fd, enum err code)
{
    int number = errno;
    close(fd);
    errno = number;
    return code;
}

enum err packet_listen(const char *path, uid_t owner, int *ret_fd, struct fault *fault)
{
    struct sockaddr_un address;
    TRY(address_of(path, &address, fault));
    int fd = new_socket();
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "socket: %s", strerror(errno));
    }
    (void)unlink(path);
    /* Closed to all until its owner is set: nobody can be waiting in the queue by then. */
    mode_t before = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(before);
    if (bound != 0 || (owner != (uid_t)-1 && chown(path, owner, (gid_t)-1) != 0) ||
        listen(fd, 64) != 0) {
        enum err err = close_with(fd, ERR_IO);
        return fault_set(fault, err, "cannot listen at %s: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return ERR_OK;
}

enum err packet_accept(int listener, struct packet_peer *ret_peer)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return ERR_NOT_FOUND;
    }
    struct ucred who;
    socklen_t size = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
        return close_with(fd, ERR_NOT_FOUND);
    }
    *ret_peer = (struct packet_peer){.fd = fd, .pid = who.pid, .uid = who.uid};
    return ERR_OK;
}

enum err packet_connect(const char *path, int *ret_fd, struct fault *fault)
{
    struct sockaddr_un address;
    TRY(address_of(path, &address, fault));
    int fd = new_socket();
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "socket: %s", strerror(errno));
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        *ret_fd = fd;
        return ERR_OK;
    }
    enum err err = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND
                   : errno == EAGAIN                        ? ERR_BUSY
                                                            : ERR_IO;
    (void)close_with(fd, err);
    return fault_set(fault, err, "cannot connect to %s: %s", path, strerror(errno));
}

enum err packet_send(int fd, struct bytes datagram)
{
    if (send(fd, datagram.data, datagram.size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
        return ERR_OK;
    }
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? ERR_BUSY : ERR_IO;
}

enum err packet_receive(int fd, uint8_t *out, size_t size, size_t *ret_size)
{
    ssize_t got = recv(fd, out, size, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? ERR_NOT_FOUND : ERR_IO;
    }
    if (got == 0) {
        return ERR_IO; /* an empty datagram means the same: we never send one */
    }
    if ((size_t)got > size) {
        return ERR_CORRUPT;
    }
    *ret_size = (size_t)got;
    return ERR_OK;
}
