#include "reader-agent/driver/http_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microhttpd.h>

#include "common/base/must.h"
#include "reader-agent/driver/http_account.h"
#include "reader-agent/driver/http_devices.h"

enum {
    PEM_BYTES = 65536,
    NONCE_SLOTS = 65536, /* one that nobody used is kept for 30 s; when all are, nobody gets in */
    NONCE_SEED_BYTES = 32,
    CONNECTION_MEMORY = 32768, /* headers and one piece of a body */
};

/* One TCP connection. */
struct link {
    struct link *previous, *next;
    struct MHD_Connection *connection;
    struct mono deadline; /* of its next answer */
    bool ended;           /* shut down by us; libmicrohttpd will soon tell */
};

/* One request. */
struct post {
    struct http_slot *slot; /* NULL: answered at once */
    struct http_body *body; /* NULL: nothing of it is read */
    uint64_t size;          /* of the body, so far */
    bool refused;           /* the rest of the body is only counted */
    bool whole;             /* its end was seen */
    enum http_account account;
    const char *method, *subpath;
    struct mono begun;
    struct MHD_Connection *connection;
    uint64_t ticket; /* waits for it, or was answered by it */
    bool suspended;
    bool opens; /* the answer under way opens a lane */
    struct http_outcome outcome;
    struct post *next; /* of those that are suspended */
};

struct http_listener {
    struct MHD_Daemon *daemon;
    struct MHD_Response *empty;
    struct http_devices *devices;
    struct driver_sink sink;
    const struct clock *clock;
    struct http_counters counters;
    struct link *links;
    struct replies *replies;
    struct post *suspended;
    int fd;
    uint16_t port;
    uint8_t nonce_seed[NONCE_SEED_BYTES];
};

static struct mono now_of(const struct http_listener *listener)
{
    return listener->clock->mono(listener->clock->ctx);
}

static void count(struct http_listener *listener, enum http_count what)
{
    listener->counters.of[what]++;
}

/* ---- answers ---- */

static enum MHD_Result answer(struct http_listener *listener, struct MHD_Connection *connection,
                              unsigned status)
{
    return MHD_queue_response(connection, status, listener->empty);
}

/* ---- who posts ---- */

static bool source_of(struct MHD_Connection *connection, struct http_address *ret_source)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL && http_address_of(info->client_addr, ret_source);
}

static const char *query_argument(void *ctx, const char *name)
{
    return MHD_lookup_connection_value(ctx, MHD_GET_ARGUMENT_KIND, name);
}

/* 0: found; else the status of the refusal. */
static unsigned find_device(struct http_listener *listener, struct MHD_Connection *connection,
                            const char *path, struct post *post)
{
    struct http_caller caller = {
        .path = path, .argument = query_argument, .argument_ctx = connection};
    if (!source_of(connection, &caller.source)) {
        count(listener, HTTP_COUNT_WRONG_SOURCE);
        return MHD_HTTP_FORBIDDEN;
    }
    char *user = MHD_digest_auth_get_username(connection);
    caller.user = user;
    enum http_found found =
        http_devices_find(listener->devices, &caller, &post->slot, &post->subpath);
    MHD_free(user);
    switch (found) {
    case HTTP_FOUND:
        return 0;
    case HTTP_FOUND_NO_PATH:
        count(listener, HTTP_COUNT_WRONG_PATH);
        return MHD_HTTP_NOT_FOUND;
    case HTTP_FOUND_NO_SOURCE:
        break;
    }
    count(listener, HTTP_COUNT_WRONG_SOURCE);
    return MHD_HTTP_FORBIDDEN;
}

/* 0: not told, or told badly (libmicrohttpd refuses that itself). */
static uint64_t declared_size(struct MHD_Connection *connection)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* ---- one request ---- */

static struct http_call call_of(const struct post *post)
{
    return (struct http_call){.device = &post->slot->device,
                              .memory = &post->slot->memory,
                              .now = post->begun,
                              .method = post->method,
                              .subpath = post->subpath,
                              .argument = query_argument,
                              .argument_ctx = post->connection};
}

/* 0: a device that uses this method; else the status of the refusal. */
static unsigned find_user(struct http_listener *listener, const char *path, const char *method,
                          struct post *post)
{
    bool gets = strcmp(method, MHD_HTTP_METHOD_GET) == 0;
    post->method = gets ? "GET" : "POST";
    unsigned refused = MHD_HTTP_METHOD_NOT_ALLOWED;
    if (gets || strcmp(method, MHD_HTTP_METHOD_POST) == 0) {
        refused = find_device(listener, post->connection, path, post);
    }
    if (refused == MHD_HTTP_METHOD_NOT_ALLOWED ||
        (refused == 0 && gets && !post->slot->driver->gets)) {
        count(listener, HTTP_COUNT_WRONG_METHOD);
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    }
    return refused;
}

/* Headers are there, nothing of the body is. What is refused here is answered at once and ends the
 * connection; a missing account is answered behind the body, so that the connection lives on. */
static enum MHD_Result post_begin(struct http_listener *listener, struct MHD_Connection *connection,
                                  const char *path, const char *method, struct post *post)
{
    post->connection = connection;
    post->begun = now_of(listener);
    unsigned refused = find_user(listener, path, method, post);
    if (refused != 0) {
        post->slot = NULL;
        return answer(listener, connection, refused);
    }
    uint64_t size = declared_size(connection);
    if (size > LIMIT_HTTP_BODY_BYTES) {
        count(listener, HTTP_COUNT_TOO_LARGE);
        post->slot = NULL;
        return answer(listener, connection, MHD_HTTP_CONTENT_TOO_LARGE);
    }
    post->account = http_account_check(connection, &post->slot->device);
    if (post->account != HTTP_ACCOUNT_GOOD) {
        if (post->account == HTTP_ACCOUNT_WRONG) {
            count(listener, HTTP_COUNT_WRONG_DIGEST);
        }
        return MHD_YES;
    }
    const char *type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    struct http_call call = call_of(post);
    post->body = http_body_create(&call, type, size, &listener->counters);
    return post->body != NULL ? MHD_YES : MHD_NO;
}

/* libmicrohttpd takes no answer amid a body, so that a refused one is read to its end; one that
 * goes on for ever is cut off. */
static enum MHD_Result post_feed(struct post *post, struct bytes piece)
{
    post->size += piece.size;
    if (post->size > 2 * (uint64_t)LIMIT_HTTP_BODY_BYTES) {
        return MHD_NO;
    }
    if (post->body != NULL && !post->refused && !http_body_feed(post->body, piece)) {
        post->refused = true;
    }
    return MHD_YES;
}

/* ---- the answer ---- */

static enum MHD_Result send_answer(struct http_listener *listener, struct post *post,
                                   const struct http_answer *made)
{
    if (made->content_type == NULL) {
        return answer(listener, post->connection, made->status);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        made->size, (void *)(uintptr_t)made->body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, made->content_type);
    enum MHD_Result queued = MHD_queue_response(post->connection, made->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* The other end has not closed its side, as far as the kernel knows. */
static bool is_alive(const struct post *post)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(post->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd fd = {.fd = info != NULL ? info->connect_fd : -1, .events = POLLRDHUP};
    return info != NULL && poll(&fd, 1, 0) >= 0 &&
           (fd.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0;
}

/* An answer that opens is given whatever the status: an exit opens though nothing can be written.
 */
static enum MHD_Result finish(struct http_listener *listener, struct post *post)
{
    struct http_answer made = {.status = post->outcome.status};
    struct http_call call = call_of(post);
    if (post->ticket != 0) {
        post->opens = replies_answer(listener->replies, post->ticket, is_alive(post), &made);
    }
    if (post->opens) {
        made.status = MHD_HTTP_OK;
    } else {
        post->slot->driver->answer(&call, &post->outcome, &made);
    }
    return send_answer(listener, post, &made);
}

static void suspend(struct http_listener *listener, struct post *post)
{
    post->suspended = true;
    post->next = listener->suspended;
    listener->suspended = post;
    MHD_suspend_connection(post->connection);
}

static void unlist(struct http_listener *listener, struct post *post)
{
    struct post **at = &listener->suspended;
    while (*at != NULL && *at != post) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = post->next;
    }
    post->suspended = false;
}

/* Of replies: the posts that wait for this ticket go on in the next turn. */
static void on_settled(void *ctx, uint64_t ticket)
{
    struct http_listener *listener = ctx;
    struct post *next;
    for (struct post *post = listener->suspended; post != NULL; post = next) {
        next = post->next;
        if (post->ticket == ticket) {
            unlist(listener, post);
            MHD_resume_connection(post->connection);
        }
    }
}

/* ---- requests whose answer may open a lane ---- */

/* Tells this event from others; without an id of the device's own, its bytes do. */
static void key_of(const struct post *post, const struct reading *reading,
                   char key[REPLIES_KEY_SIZE])
{
    if (reading->device_event[0] != '\0') {
        (void)snprintf(key, REPLIES_KEY_SIZE, "%s", reading->device_event);
    } else {
        http_body_digest(post->body, key);
    }
}

/* The reading that may open the lane; NULL: none. */
static const struct reading *opening_reading(const struct http_parsed *parsed)
{
    for (size_t i = 0; parsed != NULL && i < parsed->reading_count; i++) {
        if (!parsed->readings[i].history) {
            return &parsed->readings[i];
        }
    }
    return NULL;
}

/* False: this event is known; its request waits for, or gets, the answer of its first post. */
static bool take_ticket(struct http_listener *listener, struct post *post,
                        const struct http_parsed *parsed)
{
    const struct http_device *device = &post->slot->device;
    const struct reading *reading = opening_reading(parsed);
    bool first = true;
    if (listener->replies == NULL || device->opens.text[0] == '\0') {
        return true;
    }
    if (parsed != NULL && parsed->polls) {
        post->ticket = replies_poll(listener->replies, device->opens);
    } else if (reading != NULL) {
        char key[REPLIES_KEY_SIZE];
        key_of(post, reading, key);
        post->ticket = replies_begin(listener->replies, device->reader, device->opens, key, &first);
        if (first) {
            http_body_ticket(post->body, post->ticket);
        }
    }
    return first;
}

static void hand_over(struct http_listener *listener, struct post *post)
{
    post->outcome = http_body_finish(post->body, &listener->sink);
    http_slot_report(post->slot, &post->outcome, now_of(listener), &listener->sink);
    if (post->ticket != 0 && post->outcome.status != MHD_HTTP_OK) {
        replies_forget(listener->replies, post->ticket);
    }
}

static enum MHD_Result post_end(struct http_listener *listener, struct MHD_Connection *connection,
                                struct post *post)
{
    if (post->whole) {
        return finish(listener, post); /* its ticket was settled */
    }
    post->whole = true;
    if (post->body == NULL) {
        MUST(post->account != HTTP_ACCOUNT_GOOD);
        return http_account_challenge(connection, post->account == HTTP_ACCOUNT_STALE);
    }
    const struct http_parsed *parsed = http_body_read(post->body);
    if (take_ticket(listener, post, parsed)) {
        hand_over(listener, post);
    } else {
        post->outcome = (struct http_outcome){.status = MHD_HTTP_OK, .understood = true};
    }
    if (post->ticket != 0 && !replies_is_settled(listener->replies, post->ticket)) {
        suspend(listener, post);
        return MHD_YES;
    }
    return finish(listener, post);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    (void)version;
    struct http_listener *listener = ctx;
    struct post *post = *state;
    if (post == NULL) {
        post = calloc(1, sizeof(*post));
        *state = post;
        return post != NULL ? post_begin(listener, connection, path, method, post) : MHD_NO;
    }
    if (*upload_size > 0) {
        struct bytes piece = {.data = (const uint8_t *)upload, .size = *upload_size};
        *upload_size = 0;
        return post_feed(post, piece);
    }
    return post_end(listener, connection, post);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct http_listener *listener = ctx;
    struct post *post = *state;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct link *link = info != NULL ? info->socket_context : NULL;
    if (link != NULL && how == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        link->deadline = mono_after_ms(now_of(listener), HTTP_LISTENER_REQUEST_MS);
    }
    if (post != NULL) {
        if (post->suspended) {
            unlist(listener, post);
        }
        if (post->opens) {
            replies_sent(listener->replies, post->ticket,
                         how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
        }
        if (post->slot != NULL && !post->whole && how != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
            count(listener, HTTP_COUNT_CUT_OFF);
        }
        http_body_destroy(&post->body);
        free(post);
        *state = NULL;
    }
}

/* ---- connections ---- */

static void link_open(struct http_listener *listener, struct MHD_Connection *connection,
                      void **socket_context)
{
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return; /* libmicrohttpd's own timeout still bounds it */
    }
    link->connection = connection;
    link->deadline = mono_after_ms(now_of(listener), HTTP_LISTENER_REQUEST_MS);
    link->next = listener->links;
    if (link->next != NULL) {
        link->next->previous = link;
    }
    listener->links = link;
    *socket_context = link;
}

static void link_close(struct http_listener *listener, void **socket_context)
{
    struct link *link = *socket_context;
    if (link == NULL) {
        return;
    }
    if (link->previous != NULL) {
        link->previous->next = link->next;
    } else {
        listener->links = link->next;
    }
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    free(link);
    *socket_context = NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = ctx;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        link_open(listener, connection, socket_context);
    } else {
        link_close(listener, socket_context);
    }
}

/* libmicrohttpd counts silence only; a sender that trickles is ended here. The shut down socket is
 * readable, so that the next run closes it. */
static void end_overdue(struct http_listener *listener)
{
    struct mono now = now_of(listener);
    for (struct link *link = listener->links; link != NULL; link = link->next) {
        if (link->ended || mono_before(now, link->deadline)) {
            continue;
        }
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(link->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL) {
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        }
        link->ended = true;
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
    *fd = -1;
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

static enum err endpoint_of(const struct http_listener_config *config, union endpoint *ret,
                            struct fault *fault)
{
    union endpoint endpoint = {.v6 = {0}};
    if (inet_pton(AF_INET, config->address, &endpoint.v4.sin_addr) == 1) {
        endpoint.v4.sin_family = AF_INET;
        endpoint.v4.sin_port = htons(config->port);
    } else if (inet_pton(AF_INET6, config->address, &endpoint.v6.sin6_addr) == 1) {
        endpoint.v6.sin6_family = AF_INET6;
        endpoint.v6.sin6_port = htons(config->port);
    } else {
        return fault_set(fault, ERR_INPUT, "HTTP listener: %s is no numeric address",
                         config->address);
    }
    *ret = endpoint;
    return ERR_OK;
}

static enum err start(struct http_listener *l, const struct http_listener_config *config,
                      const union endpoint *endpoint, struct fault *fault)
{
    AUTO(text_wipe) char *key = NULL;
    AUTO(text_wipe) char *cert = NULL;
    bool tls = config->key_file != NULL;
    if (tls) {
        TRY(read_pem(config->key_file, true, &key, fault));
        TRY(read_pem(config->cert_file, false, &cert, fault));
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
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (tls ? (unsigned)MHD_USE_TLS : 0) |
                     (endpoint->any.sa_family == AF_INET6 ? (unsigned)MHD_USE_DUAL_STACK : 0);
    l->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, l, MHD_OPTION_SOCK_ADDR, &endpoint->any,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        l, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_HTTP_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)HTTP_LISTENER_PER_SOURCE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HTTP_LISTENER_REQUEST_MS / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_DIGEST_AUTH_RANDOM, sizeof(l->nonce_seed), l->nonce_seed,
        MHD_OPTION_NONCE_NC_SIZE, (unsigned)NONCE_SLOTS, MHD_OPTION_ARRAY,
        tls ? tls_options : no_options, MHD_OPTION_END);
    if (l->daemon == NULL) {
        return fault_set(fault, ERR_IO, "HTTP listener: cannot listen on %s port %u%s: %s",
                         config->address, config->port, tls ? " with TLS" : "", strerror(errno));
    }
    return ERR_OK;
}

static enum err look_up(struct http_listener *listener, struct fault *fault)
{
    const union MHD_DaemonInfo *fd =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    listener->fd = fd != NULL ? fd->epoll_fd : -1;
    const union MHD_DaemonInfo *port =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT);
    listener->port = port != NULL ? port->port : 0;
    if (listener->fd < 0 || listener->port == 0) {
        return fault_set(fault, ERR_IO, "HTTP listener: no descriptor to poll");
    }
    return ERR_OK;
}

enum err http_listener_create(const struct http_listener_config *config,
                              struct http_listener **ret_listener, struct fault *fault)
{
    if ((config->cert_file == NULL) != (config->key_file == NULL)) {
        return fault_set(fault, ERR_INPUT, "HTTP listener: TLS needs a certificate and a key");
    }
    union endpoint endpoint;
    TRY(endpoint_of(config, &endpoint, fault));
    struct http_address bound;
    MUST(http_address_of(&endpoint.any, &bound));

    AUTO(http_listener_destroy) struct http_listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL || (listener->empty = http_account_empty()) == NULL) {
        return fault_set(fault, ERR_IO, "HTTP listener: no memory");
    }
    listener->sink = config->sink;
    listener->clock = config->clock;
    listener->replies = config->replies;
    entropy_fill(config->entropy, listener->nonce_seed, sizeof(listener->nonce_seed));
    TRY(http_devices_create(config->devices, config->device_count, http_address_is_loopback(bound),
                            &listener->devices, fault));
    TRY(start(listener, config, &endpoint, fault));
    TRY(look_up(listener, fault));
    if (listener->replies != NULL) {
        replies_watch(listener->replies, on_settled, listener);
    }
    *ret_listener = listener;
    listener = NULL;
    return ERR_OK;
}

void http_listener_destroy(struct http_listener **listener)
{
    struct http_listener *l = *listener;
    if (l == NULL) {
        return;
    }
    if (l->replies != NULL) {
        replies_unwatch(l->replies, l);
    }
    for (struct post *post = l->suspended; post != NULL; post = post->next) {
        MHD_resume_connection(post->connection); /* libmicrohttpd ends no suspended one */
    }
    if (l->daemon != NULL) {
        MHD_stop_daemon(l->daemon);
    }
    if (l->empty != NULL) {
        MHD_destroy_response(l->empty);
    }
    http_devices_destroy(&l->devices);
    explicit_bzero(l->nonce_seed, sizeof(l->nonce_seed));
    free(l);
    *listener = NULL;
}

int http_listener_fd(const struct http_listener *listener)
{
    return listener->fd;
}

/* The lesser of `least` (-1: none) and the milliseconds to `at`. */
static int64_t sooner(int64_t least, struct mono at, struct mono now)
{
    int64_t left = (at.us - now.us + 999) / 1000;
    left = left < 0 ? 0 : left;
    return least < 0 || left < least ? left : least;
}

int http_listener_timeout_ms(struct http_listener *listener)
{
    MHD_UNSIGNED_LONG_LONG theirs = 0;
    int64_t least = -1;
    if (MHD_get_timeout(listener->daemon, &theirs) == MHD_YES) {
        least = theirs < INT_MAX ? (int64_t)theirs : INT_MAX;
    }
    struct mono now = now_of(listener);
    for (const struct link *link = listener->links; link != NULL; link = link->next) {
        if (!link->ended) {
            least = sooner(least, link->deadline, now);
        }
    }
    struct mono next;
    if (listener->replies != NULL && replies_next(listener->replies, &next)) {
        least = sooner(least, next, now);
    }
    return (int)least;
}

void http_listener_turn(struct http_listener *listener)
{
    end_overdue(listener);
    if (listener->replies != NULL) {
        replies_turn(listener->replies);
    }
    (void)MHD_run(listener->daemon);
}

size_t http_listener_connections(const struct http_listener *listener)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info != NULL ? info->num_connections : 0;
}

uint16_t http_listener_port(const struct http_listener *listener)
{
    return listener->port;
}

const struct http_counters *http_listener_counters(const struct http_listener *listener)
{
    return &listener->counters;
}
