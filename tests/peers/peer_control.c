#include "tests/peers/peer_control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/peers/peer_util.h"

void peer_control_open(struct peer_control *control, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *control = (struct peer_control){.listener = -1};
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++)
        control->clients[i].fd = -1;
    if (path == NULL)
        return;
    if (strlen(path) >= sizeof address.sun_path)
        peer_die("the control path %s is too long", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    snprintf(control->path, sizeof control->path, "%s", path);
    unlink(path);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->listener < 0 ||
        bind(control->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(control->listener, PEER_CLIENTS_MAX) != 0)
        peer_die("cannot listen at %s: %s", path, strerror(errno));
}

static void drop_client(struct peer_client *client)
{
    close(client->fd);
    client->fd = -1;
    client->generation++;
    client->used = 0;
    client->busy = client->ended = false; /* or its place would be looked at for ever */
}

void peer_control_close(struct peer_control *control)
{
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++)
        if (control->clients[i].fd >= 0)
            drop_client(&control->clients[i]);
    if (control->listener < 0)
        return;
    close(control->listener);
    unlink(control->path);
    control->listener = -1;
}

static bool has_line(const struct peer_client *client)
{
    return client->fd >= 0 && !client->busy && memchr(client->line, '\n', client->used) != NULL;
}

bool peer_control_watch(const struct peer_control *control, struct pollfd *fds)
{
    bool waiting = false;

    fds[0] = (struct pollfd){.fd = control->listener, .events = POLLIN};
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        const struct peer_client *client = &control->clients[i];
        bool deaf = client->busy || client->ended;

        fds[i + 1] = (struct pollfd){.fd = client->fd, .events = deaf ? 0 : POLLIN};
        waiting = waiting || has_line(client) || (client->ended && !client->busy);
    }
    return waiting;
}

static void accept_clients(struct peer_control *control)
{
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        struct peer_client *client = &control->clients[i];

        if (client->fd >= 0)
            continue;
        client->fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client->fd < 0)
            return;
        client->used = 0;
        client->busy = client->ended = false;
    }
}

static void read_client(struct peer_client *client)
{
    ssize_t got;

    if (client->used == sizeof client->line) {
        drop_client(client); /* a line without an end */
        return;
    }
    got = read(client->fd, client->line + client->used, sizeof client->line - client->used);
    if (got > 0)
        client->used += (size_t)got;
    else if (got == 0)
        client->ended = true;
    else if (errno != EAGAIN && errno != EINTR)
        drop_client(client);
}

/* Runs lines until one of them has to wait for its answer. */
static void run_lines(struct peer_control *control, size_t index, peer_command_fn *command,
                      void *context)
{
    struct peer_client *client = &control->clients[index];
    peer_ticket ticket = (uint64_t)client->generation << 8 | index;

    while (has_line(client) && peer_control_alive(control, ticket)) {
        char line[PEER_COMMAND_SIZE];
        char *end = memchr(client->line, '\n', client->used);
        size_t length = (size_t)(end - client->line);

        memcpy(line, client->line, length);
        line[length] = '\0';
        client->used -= length + 1;
        memmove(client->line, end + 1, client->used);
        client->busy = true;
        command(context, ticket, line);
    }
    if (client->fd >= 0 && client->ended && !client->busy)
        drop_client(client);
}

void peer_control_serve(struct peer_control *control, const struct pollfd *fds,
                        peer_command_fn *command, void *context)
{
    for (size_t i = 0; i < PEER_CLIENTS_MAX; i++) {
        struct peer_client *client = &control->clients[i];
        short revents = fds[i + 1].revents;

        if (client->fd >= 0 && client->fd == fds[i + 1].fd) {
            if ((revents & POLLIN) != 0)
                read_client(client);
            else if ((revents & (POLLHUP | POLLERR)) != 0)
                drop_client(client);
        }
        if (client->fd >= 0)
            run_lines(control, i, command, context);
    }
    if ((fds[0].revents & POLLIN) != 0)
        accept_clients(control);
}

bool peer_control_alive(const struct peer_control *control, peer_ticket ticket)
{
    const struct peer_client *client = &control->clients[(ticket & 0xff) % PEER_CLIENTS_MAX];

    return client->fd >= 0 && client->generation == (uint32_t)(ticket >> 8);
}

void peer_control_answer(struct peer_control *control, peer_ticket to, const char *format, ...)
{
    struct peer_client *client = &control->clients[(to & 0xff) % PEER_CLIENTS_MAX];
    char line[PEER_COMMAND_SIZE * 2];
    va_list args;
    int length;

    if (!peer_control_alive(control, to))
        return;
    va_start(args, format);
    length = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (length < 0 || (size_t)length > sizeof line - 2)
        peer_die("an answer is too long");
    line[length++] = '\n';
    client->busy = false;
    if (send(client->fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
        drop_client(client);
}
