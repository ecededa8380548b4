#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/link/internal.h"

struct link_client {
    struct link *link;
    void *socket;
    void *monitor; /* tells handshakes that the server's judge refused; NULL: not watched */
    bool refused;
    uint8_t payload[LINK_FRAME_MAX]; /* of the message last received */
};

static enum err set_options(void *socket, const struct link_client_options *options,
                            struct fault *fault)
{
    /* IMMEDIATE: nothing is queued while there is no connection. What waits there would arrive
     * late and as if it were new; waiting is the outbox's work. */
    static const struct link_option client_options[] = {
        {ZMQ_RECONNECT_IVL,     LINK_RECONNECT_MS,     "RECONNECT_IVL",     false},
        {ZMQ_RECONNECT_IVL_MAX, LINK_RECONNECT_MAX_MS, "RECONNECT_IVL_MAX", false},
        {ZMQ_IMMEDIATE,         1,                     "IMMEDIATE",         false},
    };
    TRY(link_set_options(socket, client_options, ARRAY_LEN(client_options), fault));
    TRY(link_set_key(socket, ZMQ_CURVE_SERVERKEY, "CURVE_SERVERKEY", &options->server_key, fault));
    TRY(link_set_key(socket, ZMQ_CURVE_PUBLICKEY, "CURVE_PUBLICKEY", &options->keys->public_key,
                     fault));
    return link_set_key(socket, ZMQ_CURVE_SECRETKEY, "CURVE_SECRETKEY", &options->keys->secret_key,
                        fault);
}

/* libzmq publishes the socket's handshake failures on a PAIR of its own. */
static enum err watch_handshakes(struct link_client *client, struct fault *fault)
{
    char endpoint[64];
    int linger = 0;
    /* A number of its own: a closed socket keeps its name for a while. */
    (void)snprintf(endpoint, sizeof(endpoint), "inproc://link-client-%llu",
                   (unsigned long long)++client->link->clients_made);
    if (zmq_socket_monitor(client->socket, endpoint, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0) {
        return link_fault("client", "monitor", fault);
    }
    client->monitor = zmq_socket(client->link->context, ZMQ_PAIR);
    if (client->monitor == NULL) {
        return link_fault("client", "monitor", fault);
    }
    client->link->sockets++;
    if (zmq_setsockopt(client->monitor, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
        zmq_connect(client->monitor, endpoint) != 0) {
        return link_fault("client", "monitor", fault);
    }
    return ERR_OK;
}

enum err link_client_create(struct link *link, const struct link_client_options *options,
                            struct link_client **ret_client, struct fault *fault)
{
    int hwm = options->hwm_messages != 0 ? options->hwm_messages : LINK_HWM_DEFAULT;
    AUTO(link_client_destroy) struct link_client *client = calloc(1, sizeof(*client));
    MUST(client != NULL);
    client->link = link;
    TRY(link_socket_open(link, ZMQ_DEALER, hwm, &client->socket, fault));
    TRY(set_options(client->socket, options, fault));
    if (options->watch_refusal) {
        TRY(watch_handshakes(client, fault));
    }
    if (strncmp(options->endpoint, "inproc:", 7) == 0 ||
        zmq_connect(client->socket, options->endpoint) != 0) {
        return fault_set(fault, ERR_INPUT,
                         "\"%s\" is no address to connect to; example: tcp://10.0.0.5:7700",
                         options->endpoint);
    }
    *ret_client = client;
    client = NULL;
    return ERR_OK;
}

void link_client_destroy(struct link_client **client)
{
    if (*client == NULL) {
        return;
    }
    link_socket_close((*client)->link, &(*client)->socket);
    link_socket_close((*client)->link, &(*client)->monitor);
    free(*client);
    *client = NULL;
}

bool link_client_is_refused(struct link_client *client)
{
    uint8_t ignored[256];
    link_check_thread(client->link);
    /* Any frame says it: only refused handshakes are asked for. */
    while (client->monitor != NULL &&
           zmq_recv(client->monitor, ignored, sizeof(ignored), ZMQ_DONTWAIT) >= 0) {
        client->refused = true;
    }
    return client->refused;
}

void *link_client_socket(const struct link_client *client)
{
    return client->socket;
}

enum err link_client_send(struct link_client *client, struct bytes payload, struct fault *fault)
{
    link_check_thread(client->link);
    MUST(payload.size > 0 && payload.size <= LINK_FRAME_MAX);
    int rc = 0;
    do {
        rc = zmq_send(client->socket, payload.data, payload.size, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0) {
        return zmq_errno() == EAGAIN ? ERR_BUSY : link_fault("client", "send", fault);
    }
    return ERR_OK;
}

/* Reads one message; *ret_single says whether it was a single frame of a good size. */
static enum err receive(struct link_client *client, size_t *ret_size, bool *ret_single,
                        struct fault *fault)
{
    size_t frames = 0;
    int more = 1;
    int size = 0;
    size_t more_size = sizeof(more);
    while (more != 0) {
        do {
            size = zmq_recv(client->socket, client->payload, sizeof(client->payload), ZMQ_DONTWAIT);
        } while (size < 0 && zmq_errno() == EINTR);
        if (size < 0) {
            return zmq_errno() == EAGAIN ? ERR_NOT_FOUND : link_fault("client", "receive", fault);
        }
        frames++;
        if (zmq_getsockopt(client->socket, ZMQ_RCVMORE, &more, &more_size) != 0) {
            return link_fault("client", "RCVMORE", fault);
        }
    }
    *ret_size = (size_t)size;
    *ret_single = frames == 1 && size > 0 && size <= LINK_FRAME_MAX;
    return ERR_OK;
}

enum err link_client_recv(struct link_client *client, struct bytes *ret_payload,
                          struct fault *fault)
{
    link_check_thread(client->link);
    for (int i = 0; i < LINK_DROPS_A_TURN; i++) {
        size_t size = 0;
        bool single = false;
        TRY(receive(client, &size, &single, fault));
        if (single) {
            *ret_payload = (struct bytes){.data = client->payload, .size = size};
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
