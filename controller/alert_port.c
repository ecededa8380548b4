#include "controller/alert_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"

enum { LINE_MAX_BYTES = 32, BACKLOG = 8 };

struct client {
    struct alert_port *port;
    int fd; /* -1: free */
    bool begun;
    uint64_t after;
    size_t line_size, used, sent;
    char line[LINE_MAX_BYTES]; /* what it said first */
    char out[ALERT_PORT_BYTES];
};

struct alert_port {
    struct loop *loop;
    struct alert_port_options options;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int fd;
    struct client clients[ALERT_PORT_CLIENTS];
};

static void drop(struct client *client)
{
    loop_remove_fd(client->port->loop, client->fd);
    (void)close(client->fd);
    client->fd = -1;
}

/* False: the client is gone. */
static bool push(struct client *client)
{
    while (client->sent < client->used) {
        ssize_t sent = send(client->fd, client->out + client->sent, client->used - client->sent,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            loop_want_fd(client->port->loop, client->fd, LOOP_READ | LOOP_WRITE);
            return true;
        }
        if (sent <= 0) {
            drop(client);
            return false;
        }
        client->sent += (size_t)sent;
    }
    client->used = client->sent = 0;
    loop_want_fd(client->port->loop, client->fd, LOOP_READ);
    return true;
}

/* One piece; the rest comes with the next turn. */
static void tell(struct client *client)
{
    struct fault fault = {0};
    const struct alert_port_options *o = &client->port->options;
    if (!client->begun || client->used > 0) {
        return; /* what was told is not read yet */
    }
    if (o->lines(o->ctx, client->after, client->out, sizeof(client->out), &client->used,
                 &client->after, &fault) != ERR_OK) {
        log_error("alert_port_failed", LOG_TEXT("what", fault.what));
        drop(client);
        return;
    }
    (void)push(client);
}

static bool begin_from(struct client *client)
{
    struct fault fault = {0};
    const struct alert_port_options *o = &client->port->options;
    char *end = NULL;
    if (strcmp(client->line, "now") == 0) {
        return o->now(o->ctx, client->out, sizeof(client->out), &client->used, &client->after,
                      &fault) == ERR_OK;
    }
    if (strncmp(client->line, "after ", 6) != 0 || client->line[6] < '0' || client->line[6] > '9') {
        return false;
    }
    client->after = strtoull(client->line + 6, &end, 10);
    return *end == '\0' && client->after < UINT64_MAX;
}

static void take_line(struct client *client)
{
    char *end = memchr(client->line, '\n', client->line_size);
    if (end == NULL && client->line_size < sizeof(client->line)) {
        return;
    }
    if (end == NULL) {
        drop(client);
        return;
    }
    *end = '\0';
    if (!begin_from(client)) {
        drop(client);
        return;
    }
    client->begun = true;
    if (push(client)) {
        tell(client);
    }
}

/* After its first line nothing more is expected; what comes is read and forgotten. */
static void hear(struct client *client)
{
    char unused[256];
    char *to = client->begun ? unused : client->line + client->line_size;
    size_t room = client->begun ? sizeof(unused) : sizeof(client->line) - client->line_size;
    ssize_t size = recv(client->fd, to, room, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    if (size <= 0) {
        drop(client);
        return;
    }
    if (!client->begun) {
        client->line_size += (size_t)size;
        take_line(client);
    }
}

static void on_client(void *ctx, unsigned events)
{
    struct client *client = ctx;
    if ((events & LOOP_WRITE) != 0 && !push(client)) {
        return;
    }
    if ((events & LOOP_READ) != 0) {
        hear(client);
    } else {
        tell(client);
    }
}

static struct client *free_place(struct alert_port *port)
{
    for (size_t i = 0; i < ALERT_PORT_CLIENTS; i++) {
        if (port->clients[i].fd < 0) {
            return &port->clients[i];
        }
    }
    return NULL;
}

static void on_connection(void *ctx, unsigned events)
{
    struct alert_port *port = ctx;
    (void)events;
    int fd = accept4(port->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *client = fd < 0 ? NULL : free_place(port);
    if (fd < 0) {
        return;
    }
    if (client == NULL || loop_add_fd(port->loop, fd, LOOP_READ, on_client, client) != ERR_OK) {
        (void)close(fd);
        return;
    }
    client->port = port;
    client->fd = fd;
    client->begun = false;
    client->line_size = client->used = client->sent = 0;
}

/* A socket that a run before left there gives way; anything else does not. */
static enum err bind_at(struct alert_port *port, struct fault *fault)
{
    struct stat info;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, port->path, sizeof(port->path));
    if (lstat(port->path, &info) == 0 && S_ISSOCK(info.st_mode)) {
        (void)unlink(port->path);
    }
    mode_t before = umask(0177);
    int rc = bind(port->fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(before);
    if (rc != 0 || listen(port->fd, BACKLOG) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", port->path, strerror(errno));
    }
    return loop_add_fd(port->loop, port->fd, LOOP_READ, on_connection, port);
}

enum err alert_port_create(struct loop *loop, const struct alert_port_options *options,
                           struct alert_port **ret_port, struct fault *fault)
{
    AUTO(alert_port_destroy) struct alert_port *port = calloc(1, sizeof(*port));
    MUST(port != NULL);
    port->fd = -1;
    for (size_t i = 0; i < ALERT_PORT_CLIENTS; i++) {
        port->clients[i].fd = -1;
    }
    port->loop = loop;
    port->options = *options;
    if (strlen(options->path) >= sizeof(port->path)) {
        return fault_set(fault, ERR_INPUT, "%s: over %zu characters, too long for a socket",
                         options->path, sizeof(port->path) - 1);
    }
    (void)snprintf(port->path, sizeof(port->path), "%s", options->path);
    port->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (port->fd < 0) {
        return fault_set(fault, ERR_IO, "socket: %s", strerror(errno));
    }
    TRY(bind_at(port, fault));
    *ret_port = port;
    port = NULL;
    return ERR_OK;
}

void alert_port_destroy(struct alert_port **port)
{
    if (*port == NULL) {
        return;
    }
    for (size_t i = 0; i < ALERT_PORT_CLIENTS; i++) {
        if ((*port)->clients[i].fd >= 0) {
            drop(&(*port)->clients[i]);
        }
    }
    if ((*port)->fd >= 0) {
        loop_remove_fd((*port)->loop, (*port)->fd);
        (void)close((*port)->fd);
        (void)unlink((*port)->path);
    }
    free(*port);
    *port = NULL;
}

void alert_port_turn(struct alert_port *port)
{
    for (size_t i = 0; i < ALERT_PORT_CLIENTS; i++) {
        if (port->clients[i].fd >= 0) {
            tell(&port->clients[i]);
        }
    }
}
