#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/link/internal.h"

/* ZMQ_ZAP_ENFORCE_DOMAIN: a draft name in 4.3.4, but the option works in release builds. Without a
 * ZAP answer no peer gets in, whatever the domain. */
enum { ZAP_ENFORCE_DOMAIN = 93 };

struct link_server {
    struct link *link;
    void *socket;
    struct link_counters counters;
    uint8_t payload[LINK_FRAME_MAX]; /* of the message last received */
};

/* ROUTER_MANDATORY cannot be read back, so it is tried: nobody is connected yet. */
static enum err prove_mandatory(void *socket, struct fault *fault)
{
    static const uint8_t nobody[sizeof(((struct link_peer *)0)->id)] = {0, 0xff, 0xff, 0xff, 0xff};
    if (zmq_send(socket, nobody, sizeof(nobody), ZMQ_SNDMORE | ZMQ_DONTWAIT) == -1 &&
        zmq_errno() == EHOSTUNREACH) {
        return ERR_OK;
    }
    return fault_set(fault, ERR_UNSUPPORTED,
                     "libzmq ignores ROUTER_MANDATORY; install the distribution's libzmq5");
}

static enum err set_domain(void *socket, const char *domain, struct fault *fault)
{
    char read_back[LINK_DOMAIN_SIZE + 1];
    size_t size = sizeof(read_back);
    MUST(domain[0] != '\0' && strlen(domain) < LINK_DOMAIN_SIZE);
    if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) != 0 ||
        zmq_getsockopt(socket, ZMQ_ZAP_DOMAIN, read_back, &size) != 0) {
        return link_fault("ZAP_DOMAIN", "set", fault);
    }
    MUST(strcmp(read_back, domain) == 0);
    return ERR_OK;
}

static enum err set_options(void *socket, const struct link_server_options *options,
                            struct fault *fault)
{
    static const struct link_option server_options[] = {
        {ZMQ_BACKLOG,          LINK_BACKLOG, "BACKLOG",            false},
        {ZMQ_ROUTER_MANDATORY, 1,            "ROUTER_MANDATORY",   true },
        {ZMQ_ROUTER_HANDOVER,  0,            "ROUTER_HANDOVER",    true },
        {ZMQ_CURVE_SERVER,     1,            "CURVE_SERVER",       false},
        {ZAP_ENFORCE_DOMAIN,   1,            "ZAP_ENFORCE_DOMAIN", false},
    };
    TRY(link_set_options(socket, server_options, ARRAY_LEN(server_options), fault));
    TRY(set_domain(socket, options->domain, fault));
    TRY(link_set_key(socket, ZMQ_CURVE_SECRETKEY, "CURVE_SECRETKEY", &options->keys->secret_key,
                     fault));
    return prove_mandatory(socket, fault);
}

enum err link_server_make(struct link *link, const struct link_server_options *options,
                          struct link_server **ret_server, struct fault *fault)
{
    int hwm = options->hwm_messages != 0 ? options->hwm_messages : LINK_HWM_DEFAULT;
    AUTO(link_server_destroy) struct link_server *server = calloc(1, sizeof(*server));
    MUST(server != NULL);
    server->link = link;
    TRY(link_socket_open(link, ZMQ_ROUTER, hwm, &server->socket, fault));
    TRY(set_options(server->socket, options, fault));
    *ret_server = server;
    server = NULL;
    return ERR_OK;
}

enum err link_server_create(struct link *link, const struct link_zap *zap,
                            const struct link_server_options *options,
                            struct link_server **ret_server, struct fault *fault)
{
    MUST(zap != NULL && link_zap_is_proved(zap));
    return link_server_make(link, options, ret_server, fault);
}

void link_server_destroy(struct link_server **server)
{
    if (*server == NULL) {
        return;
    }
    link_socket_close((*server)->link, &(*server)->socket);
    free(*server);
    *server = NULL;
}

void *link_server_socket(const struct link_server *server)
{
    return server->socket;
}

struct link_counters link_server_counters(const struct link_server *server)
{
    return server->counters;
}

static enum err bind_fault(const char *endpoint, struct fault *fault)
{
    int why = zmq_errno();
    switch (why) {
    case EADDRINUSE:
        return fault_set(fault, ERR_BUSY,
                         "%s is in use; stop the process that listens there, or choose another",
                         endpoint);
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case EPROTONOSUPPORT:
    case ENOCOMPATPROTO:
        return fault_set(fault, ERR_INPUT,
                         "\"%s\" is no address to listen at (%s); example: tcp://0.0.0.0:7700",
                         endpoint, zmq_strerror(why));
    default:
        return link_fault(endpoint, "bind", fault);
    }
}

enum err link_server_bind(struct link_server *server, const char *endpoint,
                          char ret_endpoint[LINK_ENDPOINT_SIZE], struct fault *fault)
{
    link_check_thread(server->link);
    if (strncmp(endpoint, "tcp://", 6) != 0 && strncmp(endpoint, "ipc://", 6) != 0) {
        return fault_set(fault, ERR_INPUT,
                         "\"%s\" is no address to listen at; example: tcp://0.0.0.0:7700",
                         endpoint);
    }
    if (zmq_bind(server->socket, endpoint) != 0) {
        return bind_fault(endpoint, fault);
    }
    if (ret_endpoint != NULL) {
        size_t size = LINK_ENDPOINT_SIZE;
        if (zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) != 0) {
            return link_fault(endpoint, "LAST_ENDPOINT", fault);
        }
    }
    return ERR_OK;
}

/* One message as it came. */
struct incoming {
    zmq_msg_t id;
    zmq_msg_t body; /* the last frame */
    size_t frames;
};

static int receive_frame(struct link_server *server, zmq_msg_t *frame)
{
    int rc = 0;
    do {
        rc = zmq_msg_recv(frame, server->socket, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

/* Reads all frames of one message; libzmq hands a message over whole or not at all. */
static enum err receive_frames(struct link_server *server, struct incoming *in, struct fault *fault)
{
    if (receive_frame(server, &in->id) < 0) {
        return zmq_errno() == EAGAIN ? ERR_NOT_FOUND : link_fault("server", "receive", fault);
    }
    in->frames = 1;
    for (bool more = zmq_msg_more(&in->id); more; more = zmq_msg_more(&in->body)) {
        if (receive_frame(server, &in->body) < 0) {
            return link_fault("server", "receive", fault);
        }
        in->frames++;
    }
    return ERR_OK;
}

static bool read_sender(zmq_msg_t *body, struct link_key *ret_key)
{
    /* The last frame carries it; on the first one 4.3.4 loses it after a poll. */
    const char *user = zmq_msg_gets(body, "User-Id");
    return user != NULL && link_key_from_hex(user, ret_key);
}

/* Copies a good message out; false: counted as dropped. */
/* Of a Unix socket there is none. */
static void take_address(zmq_msg_t *body, char out[LINK_ADDRESS_SIZE])
{
    const char *address = zmq_msg_gets(body, "Peer-Address");
    (void)snprintf(out, LINK_ADDRESS_SIZE, "%s", address == NULL ? "" : address);
}

static bool accept(struct link_server *server, struct incoming *in, struct link_msg *msg)
{
    size_t size = zmq_msg_size(&in->body);
    const uint8_t *id = zmq_msg_data(&in->id);
    if (in->frames != 2 || size == 0 || size > LINK_FRAME_MAX) {
        server->counters.dropped_shape++;
        return false;
    }
    /* Ids that ROUTER makes have 5 bytes and begin with 0, which a peer's own choice never does. */
    if (zmq_msg_size(&in->id) != sizeof(msg->peer.id) || id[0] != 0) {
        server->counters.dropped_peer++;
        return false;
    }
    if (!read_sender(&in->body, &msg->key)) {
        server->counters.dropped_key++;
        return false;
    }
    memcpy(msg->peer.id, id, sizeof(msg->peer.id));
    take_address(&in->body, msg->peer.address);
    memcpy(server->payload, zmq_msg_data(&in->body), size);
    msg->payload = (struct bytes){.data = server->payload, .size = size};
    server->counters.received++;
    return true;
}

enum err link_server_recv(struct link_server *server, struct link_msg *ret_msg, struct fault *fault)
{
    link_check_thread(server->link);
    for (int i = 0; i < LINK_DROPS_A_TURN; i++) {
        struct incoming in = {.frames = 0};
        struct link_msg msg;
        (void)zmq_msg_init(&in.id);
        (void)zmq_msg_init(&in.body);
        enum err err = receive_frames(server, &in, fault);
        bool good = err == ERR_OK && accept(server, &in, &msg);
        (void)zmq_msg_close(&in.id);
        (void)zmq_msg_close(&in.body);
        if (err != ERR_OK) {
            return err;
        }
        if (good) {
            *ret_msg = msg;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND; /* the poller comes back for the rest */
}

static int send_frame(struct link_server *server, struct bytes frame, int flags)
{
    int rc = 0;
    do {
        rc = zmq_send(server->socket, frame.data, frame.size, flags | ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

enum err link_server_send(struct link_server *server, const struct link_peer *peer,
                          struct bytes payload, struct fault *fault)
{
    link_check_thread(server->link);
    MUST(payload.size > 0 && payload.size <= LINK_FRAME_MAX);
    if (send_frame(server, BYTES_OF(peer->id), ZMQ_SNDMORE) < 0) {
        if (zmq_errno() == EAGAIN) {
            server->counters.send_busy++;
            return ERR_BUSY;
        }
        if (zmq_errno() == EHOSTUNREACH) {
            server->counters.send_gone++;
            return ERR_NOT_FOUND;
        }
        return link_fault("server", "send", fault);
    }
    if (send_frame(server, payload, 0) < 0) {
        return link_fault("server", "send", fault);
    }
    server->counters.sent++;
    return ERR_OK;
}
