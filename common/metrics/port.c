#include "common/metrics/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/metrics/exposition.h"

enum { CONNECTION_MEMORY = 8192, SWEEP_MS = 1000, BACKLOG = 16, RUNS_A_TURN = 4 };

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* One TCP connection. */
struct visit {
    struct MHD_Connection *connection; /* NULL: free */
    struct mono deadline;
    bool ended; /* shut down by us; libmicrohttpd will soon tell */
};

struct metrics_port {
    struct loop *loop;
    struct metrics_port_options options;
    struct MHD_Daemon *daemon;
    struct MHD_Response *empty;
    struct exposition *page;
    const char *text; /* of the page; NULL: it could not be made */
    size_t text_size;
    struct mono made; /* when */
    bool made_once, local;
    bool freed; /* a connection ended in this run */
    struct visit visits[METRICS_PORT_CONNECTIONS];
    uint64_t again, sweep; /* timers; 0: none */
    int fd;
    uint16_t number;
};

/* --- answers --- */

static void make_page(struct metrics_port *port)
{
    struct fault fault = {0};
    struct mono now = loop_mono(port->loop);
    if (port->made_once && now.us - port->made.us < METRICS_PORT_FRESH_MS * INT64_C(1000)) {
        return;
    }
    struct metric_out out = exposition_out(port->page);
    port->made_once = true;
    port->made = now;
    exposition_begin(port->page);
    enum err err = port->options.fill(port->options.ctx, &out, &fault);
    port->text = err == ERR_OK ? exposition_end(port->page, &port->text_size) : NULL;
    if (port->text == NULL) {
        log_warning("metrics_failed", LOG_TEXT("what", err == ERR_OK ? "too long" : fault.what));
    }
}

static enum MHD_Result answer_page(struct metrics_port *port, struct MHD_Connection *connection)
{
    make_page(port);
    struct MHD_Response *response =
        port->text == NULL
            ? NULL
            : MHD_create_response_from_buffer(port->text_size, (void *)(uintptr_t)port->text,
                                              MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, port->empty);
    }
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_TYPE) &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close")) {
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct metrics_port *port = ctx;
    (void)version;
    (void)data;
    (void)size;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
        return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, port->empty);
    }
    if (strcmp(path, "/metrics") != 0) {
        return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, port->empty);
    }
    return answer_page(port, connection);
}

/* --- the loop --- */

static void run_more(void *ctx);
static void sweep(void *ctx);

static bool has_visits(const struct metrics_port *port)
{
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        if (port->visits[i].connection != NULL) {
            return true;
        }
    }
    return false;
}

static void run(struct metrics_port *port)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    /* at its limit the library stops to watch who wants to connect, until the next run */
    port->freed = true;
    for (int i = 0; port->freed && i < RUNS_A_TURN; i++) {
        port->freed = false;
        (void)MHD_run(port->daemon);
    }
    bool more = port->freed || (MHD_get_timeout(port->daemon, &wait_ms) == MHD_YES && wait_ms == 0);
    if (more && port->again == 0) {
        port->again = loop_after(port->loop, 0, 0, run_more, port);
    }
    if (port->sweep == 0 && has_visits(port)) {
        port->sweep = loop_after(port->loop, SWEEP_MS, 0, sweep, port);
    }
}

static void run_more(void *ctx)
{
    struct metrics_port *port = ctx;
    port->again = 0;
    run(port);
}

static void on_ready(void *ctx, unsigned events)
{
    (void)events;
    run(ctx);
}

/* libmicrohttpd counts silence only. The shut down socket is readable, so that a run closes it. */
static void sweep(void *ctx)
{
    struct metrics_port *port = ctx;
    struct mono now = loop_mono(port->loop);
    port->sweep = 0;
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        struct visit *visit = &port->visits[i];
        if (visit->connection == NULL || visit->ended || mono_before(now, visit->deadline)) {
            continue;
        }
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(visit->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL) {
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        }
        visit->ended = true;
    }
    run(port);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct metrics_port *port = ctx;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        port->freed = true;
        if (*socket_context != NULL) {
            *(struct visit *)*socket_context = (struct visit){0};
        }
        return;
    }
    for (size_t i = 0; i < METRICS_PORT_CONNECTIONS; i++) {
        struct visit *visit = &port->visits[i];
        if (visit->connection == NULL) {
            *visit = (struct visit){
                .connection = connection,
                .deadline = mono_after_ms(loop_mono(port->loop), METRICS_PORT_REQUEST_MS)};
            *socket_context = visit;
            return;
        }
    }
}

/* --- life --- */

static enum err endpoint_of(const struct metrics_port_options *options, union endpoint *ret,
                            bool *ret_local, struct fault *fault)
{
    *ret = (union endpoint){.v6 = {0}};
    if (inet_pton(AF_INET, options->address, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(options->port);
        *ret_local = ntohl(ret->v4.sin_addr.s_addr) >> 24 == 127;
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, options->address, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(options->port);
        *ret_local = IN6_IS_ADDR_LOOPBACK(&ret->v6.sin6_addr);
        return ERR_OK;
    }
    return fault_set(fault, ERR_INPUT,
                     "metrics_address: %s is no numeric address; for example "
                     "metrics_address = 127.0.0.1",
                     options->address);
}

static enum err start(struct metrics_port *port, const union endpoint *endpoint,
                      struct fault *fault)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (endpoint->any.sa_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);
    port->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, port, MHD_OPTION_SOCK_ADDR,
                         &endpoint->any, MHD_OPTION_NOTIFY_CONNECTION, on_connection, port,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_PORT_CONNECTIONS,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(METRICS_PORT_REQUEST_MS / 1000),
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                         MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG, MHD_OPTION_END);
    if (port->daemon == NULL) {
        return fault_set(fault, ERR_IO, "metrics: cannot listen on %s port %u: %s",
                         port->options.address, port->options.port, strerror(errno));
    }
    return ERR_OK;
}

static enum err join(struct metrics_port *port, struct fault *fault)
{
    const union MHD_DaemonInfo *fd = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int epoll_fd = fd != NULL ? fd->epoll_fd : -1;
    const union MHD_DaemonInfo *number =
        MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_BIND_PORT);
    port->number = number != NULL ? number->port : 0;
    if (epoll_fd < 0 || port->number == 0) {
        return fault_set(fault, ERR_IO, "metrics: no descriptor to poll");
    }
    if (loop_add_fd(port->loop, epoll_fd, LOOP_READ, on_ready, port) != ERR_OK) {
        return fault_set(fault, ERR_FULL, "metrics: the loop has no room");
    }
    port->fd = epoll_fd;
    return ERR_OK;
}

enum err metrics_port_create(struct loop *loop, const struct metrics_port_options *options,
                             struct metrics_port **ret_port, struct fault *fault)
{
    union endpoint endpoint;
    bool local = false;
    TRY(endpoint_of(options, &endpoint, &local, fault));
    AUTO(metrics_port_destroy) struct metrics_port *port = calloc(1, sizeof(*port));
    if (port == NULL) {
        return fault_set(fault, ERR_IO, "metrics: out of memory");
    }
    port->loop = loop;
    port->options = *options;
    port->local = local;
    port->fd = -1;
    port->page = exposition_create(EXPOSITION_EN);
    port->empty = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (port->page == NULL || port->empty == NULL ||
        !MHD_add_response_header(port->empty, MHD_HTTP_HEADER_CONNECTION, "close")) {
        return fault_set(fault, ERR_IO, "metrics: out of memory");
    }
    TRY(start(port, &endpoint, fault));
    TRY(join(port, fault));
    *ret_port = port;
    port = NULL;
    return ERR_OK;
}

void metrics_port_destroy(struct metrics_port **port)
{
    struct metrics_port *p = *port;
    if (p == NULL) {
        return;
    }
    loop_cancel(p->loop, p->again);
    loop_cancel(p->loop, p->sweep);
    if (p->fd >= 0) {
        loop_remove_fd(p->loop, p->fd);
    }
    if (p->daemon != NULL) {
        MHD_stop_daemon(p->daemon);
    }
    if (p->empty != NULL) {
        MHD_destroy_response(p->empty);
    }
    exposition_destroy(&p->page);
    free(p);
    *port = NULL;
}

uint16_t metrics_port_number(const struct metrics_port *port)
{
    return port->number;
}

bool metrics_port_is_local(const struct metrics_port *port)
{
    return port->local;
}
