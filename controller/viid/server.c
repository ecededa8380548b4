#include "controller/viid/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microhttpd.h>

#include "common/base/must.h"

enum { PEM_BYTES = 65536, CONNECTION_MEMORY = 32768, BODY_STEP = 16384 };

struct server_request {
    struct server *server;
    struct MHD_Connection *connection;
    char target[SERVER_TARGET_SIZE];
    char source[SERVER_SOURCE_SIZE];
    const char *method, *path; /* libmicrohttpd's, for the life of the request */
    void *kept;
    bool begun, served, suspended;
    bool target_cut;
    uint8_t *body;
    size_t size, room, max;
    uint64_t thrown; /* bytes of a body that is not read */
    bool answered;
    unsigned status;
    struct MHD_Response *response;
};

struct server {
    struct MHD_Daemon *daemon;
    struct server_hooks hooks;
    int fd;
    uint16_t port;
};

/* ---- what a request says ---- */

const char *server_method(const struct server_request *request)
{
    return request->method;
}

const char *server_target(const struct server_request *request)
{
    return request->target;
}

const char *server_path(const struct server_request *request)
{
    return request->path;
}

const char *server_source(const struct server_request *request)
{
    return request->source;
}

const char *server_header(const struct server_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *server_query(const struct server_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct bytes server_body(const struct server_request *request)
{
    return (struct bytes){.data = request->body, .size = request->size};
}

void server_keep(struct server_request *request, void *kept)
{
    request->kept = kept;
}

void *server_kept(const struct server_request *request)
{
    return request->kept;
}

/* ---- answers ---- */

void server_answer(struct server_request *request, unsigned status, json_t *body,
                   const char *challenge)
{
    MUST(!request->answered);
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    request->response = MHD_create_response_from_buffer(text == NULL ? 0 : strlen(text), text,
                                                        MHD_RESPMEM_MUST_FREE);
    MUST(request->response != NULL);
    if (text != NULL) {
        (void)MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                      "application/json;charset=utf-8");
    }
    if (challenge != NULL) {
        (void)MHD_add_response_header(request->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                      challenge);
    }
    request->status = status;
    request->answered = true;
    if (request->suspended) {
        request->suspended = false;
        MHD_resume_connection(request->connection);
    }
}

static enum MHD_Result send_answer(struct server_request *request)
{
    return MHD_queue_response(request->connection, request->status, request->response);
}

/* ---- one request ---- */

static void source_of(struct server_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
    const void *number = NULL;
    int family = address == NULL ? AF_UNSPEC : address->sa_family;
    if (family == AF_INET) {
        number = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else if (family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(v6);
        number = mapped ? v6->s6_addr + 12 : v6->s6_addr;
        family = mapped ? AF_INET : AF_INET6;
    }
    if (number == NULL ||
        inet_ntop(family, number, request->source, sizeof(request->source)) == NULL) {
        request->source[0] = '\0';
    }
}

static enum MHD_Result begin(struct server_request *request, const char *path, const char *method)
{
    request->begun = true;
    request->path = path;
    request->method = method;
    source_of(request);
    if (request->target_cut) {
        server_answer(request, MHD_HTTP_URI_TOO_LONG, NULL, NULL);
    } else if (request->server->hooks.admit(request->server->hooks.ctx, request, &request->max)) {
        return MHD_YES;
    }
    MUST(request->answered);
    return MHD_YES;
}

/* libmicrohttpd takes no answer amid a body: what is not read is counted, and cut off when it goes
 * on for ever. */
static enum MHD_Result feed(struct server_request *request, struct bytes piece)
{
    if (request->answered) {
        request->thrown += piece.size;
        return request->thrown > 16 * 1024 * 1024 ? MHD_NO : MHD_YES;
    }
    if (piece.size > request->max - request->size) {
        server_answer(request, MHD_HTTP_CONTENT_TOO_LARGE, NULL, NULL);
        return MHD_YES;
    }
    if (piece.size > request->room - request->size) {
        size_t room = (request->size + piece.size) * 2 + BODY_STEP;
        uint8_t *body = realloc(request->body, room);
        if (body == NULL) {
            return MHD_NO;
        }
        request->body = body;
        request->room = room;
    }
    memcpy(request->body + request->size, piece.data, piece.size);
    request->size += piece.size;
    return MHD_YES;
}

static enum MHD_Result end(struct server_request *request)
{
    if (!request->answered && !request->served) {
        request->served = true;
        request->server->hooks.serve(request->server->hooks.ctx, request);
    }
    if (request->answered) {
        return send_answer(request);
    }
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

/* The first call of a request: its target as it was sent. */
static void *on_target(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    struct server_request *request = calloc(1, sizeof(*request));
    if (request != NULL) {
        request->server = ctx;
        request->connection = connection;
        int size = snprintf(request->target, sizeof(request->target), "%s", uri);
        request->target_cut = size < 0 || (size_t)size >= sizeof(request->target);
    }
    return request;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    (void)ctx;
    (void)connection;
    (void)version;
    struct server_request *request = *state;
    if (request == NULL) {
        return MHD_NO;
    }
    if (!request->begun) {
        return begin(request, path, method);
    }
    if (*upload_size > 0) {
        struct bytes piece = {.data = (const uint8_t *)upload, .size = *upload_size};
        *upload_size = 0;
        return feed(request, piece);
    }
    return end(request);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    (void)ctx;
    (void)connection;
    (void)how;
    struct server_request *request = *state;
    if (request != NULL) {
        if (request->response != NULL) {
            MHD_destroy_response(request->response);
        }
        free(request->body);
        free(request);
        *state = NULL;
    }
}

/* ---- life ---- */

static void text_wipe(char **text)
{
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
    }
    free(*text);
    *text = NULL;
}

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum err read_pem(const char *path, bool secret, char **ret_text, struct fault *fault)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    if (secret && (stat.st_mode & 077) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s: readable by others; chmod 600 it", path);
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0 || stat.st_size > PEM_BYTES) {
        return fault_set(fault, ERR_INPUT, "%s: not a PEM file", path);
    }
    AUTO(text_wipe) char *text = calloc(1, (size_t)stat.st_size + 1);
    if (text == NULL || read(fd, text, (size_t)stat.st_size) != stat.st_size) {
        return fault_set(fault, ERR_IO, "%s: cannot be read", path);
    }
    *ret_text = text;
    text = NULL;
    return ERR_OK;
}

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err endpoint_of(const struct server_options *options, union endpoint *ret,
                            struct fault *fault)
{
    union endpoint endpoint = {.v6 = {0}};
    if (inet_pton(AF_INET, options->address, &endpoint.v4.sin_addr) == 1) {
        endpoint.v4.sin_family = AF_INET;
        endpoint.v4.sin_port = htons(options->port);
    } else if (inet_pton(AF_INET6, options->address, &endpoint.v6.sin6_addr) == 1) {
        endpoint.v6.sin6_family = AF_INET6;
        endpoint.v6.sin6_port = htons(options->port);
    } else {
        return fault_set(fault, ERR_INPUT, "address: %s is no numeric address", options->address);
    }
    *ret = endpoint;
    return ERR_OK;
}

static enum err start(struct server *server, const struct server_options *options,
                      const union endpoint *endpoint, struct fault *fault)
{
    AUTO(text_wipe) char *key = NULL;
    AUTO(text_wipe) char *cert = NULL;
    bool tls = options->key_file != NULL;
    if (tls) {
        TRY(read_pem(options->key_file, true, &key, fault));
        TRY(read_pem(options->cert_file, false, &cert, fault));
    }
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY,    0, key                             },
        {MHD_OPTION_HTTPS_MEM_CERT,   0, cert                            },
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (char *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END,              0, NULL                            },
    };
    struct MHD_OptionItem no_options[] = {
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? (unsigned)MHD_USE_TLS : 0) |
                     (endpoint->any.sa_family == AF_INET6 ? (unsigned)MHD_USE_DUAL_STACK : 0);
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, &endpoint->any,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)SERVER_PER_SOURCE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_REQUEST_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_ARRAY,
        tls ? tls_options : no_options, MHD_OPTION_END);
    return server->daemon != NULL
               ? ERR_OK
               : fault_set(fault, ERR_IO, "cannot listen on %s port %u%s: %s", options->address,
                           options->port, tls ? " with TLS" : "", strerror(errno));
}

enum err server_create(const struct server_options *options, struct server **ret_server,
                       struct fault *fault)
{
    union endpoint endpoint;
    AUTO(server_destroy) struct server *server = calloc(1, sizeof(*server));
    MUST(server != NULL);
    server->hooks = options->hooks;
    TRY(endpoint_of(options, &endpoint, fault));
    TRY(start(server, options, &endpoint, fault));
    const union MHD_DaemonInfo *fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->fd = fd != NULL ? fd->epoll_fd : -1;
    const union MHD_DaemonInfo *port =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = port != NULL ? port->port : 0;
    if (server->fd < 0 || server->port == 0) {
        return fault_set(fault, ERR_IO, "libmicrohttpd gives no descriptor to poll");
    }
    *ret_server = server;
    server = NULL;
    return ERR_OK;
}

void server_destroy(struct server **server)
{
    if (*server != NULL) {
        if ((*server)->daemon != NULL) {
            (void)MHD_run((*server)->daemon); /* what was resumed goes on */
            MHD_stop_daemon((*server)->daemon);
        }
        free(*server);
        *server = NULL;
    }
}

int server_fd(const struct server *server)
{
    return server->fd;
}

int server_timeout_ms(const struct server *server)
{
    MHD_UNSIGNED_LONG_LONG theirs = 0;
    if (MHD_get_timeout(server->daemon, &theirs) != MHD_YES) {
        return -1;
    }
    return theirs < INT_MAX ? (int)theirs : INT_MAX;
}

void server_turn(struct server *server)
{
    (void)MHD_run(server->daemon);
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}
