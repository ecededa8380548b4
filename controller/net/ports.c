#include "controller/net/ports.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"

static const char *const domains[PORTS_COUNT] = {"agents", "operators", "enrol", "stations"};

struct port_end {
    struct ports *ports;
    int number;
    struct link_server *server;
    char endpoint[LINK_ENDPOINT_SIZE];
    bool waiting; /* frames were left for the next turn */
};

struct ports {
    struct loop *loop;
    struct link *link;
    struct link_zap *zap;
    struct ports_options options;
    struct port_end ends[PORTS_COUNT];
};

static bool allow(void *ctx, const char *domain, const struct link_key *key)
{
    struct ports *ports = ctx;
    for (int i = 0; i < PORTS_COUNT; i++) {
        if (strcmp(domains[i], domain) == 0) {
            return ports->options.allow(ports->options.ctx, i, key);
        }
    }
    return false;
}

static void judge(void *ctx, unsigned events)
{
    struct ports *ports = ctx;
    struct fault fault = {0};
    (void)events;
    if (link_zap_turn(ports->zap, &fault) != ERR_OK) {
        log_error("zap_failed", LOG_TEXT("what", fault.what));
    }
}

static void receive(void *ctx, unsigned events)
{
    struct port_end *end = ctx;
    struct link_msg msg;
    struct fault fault = {0};
    (void)events;
    const struct ports_options *options = &end->ports->options;
    end->waiting = true;
    for (int i = 0; i < PORTS_FRAMES_A_TURN && options->more(options->ctx, end->number); i++) {
        enum err err = link_server_recv(end->server, &msg, &fault);
        if (err == ERR_NOT_FOUND) {
            end->waiting = false;
            return;
        }
        if (err != ERR_OK) {
            log_error("receive_failed", LOG_TEXT("what", fault.what));
            return;
        }
        options->frame(options->ctx, end->number, &msg);
    }
}

static enum err open_end(struct ports *ports, int number, struct fault *fault)
{
    struct port_end *end = &ports->ends[number];
    struct link_server_options options = {.keys = ports->options.keys, .domain = domains[number]};
    end->ports = ports;
    end->number = number;
    TRY(link_server_create(ports->link, ports->zap, &options, &end->server, fault));
    TRY(link_server_bind(end->server, ports->options.endpoints[number], end->endpoint, fault));
    return loop_add_socket(ports->loop, link_server_socket(end->server), receive, end);
}

static enum err open_all(struct ports *ports, struct fault *fault)
{
    struct link_zap_policy policy = {.allow = allow, .ctx = ports};
    TRY(link_create(&ports->link, fault));
    TRY(link_zap_create(ports->link, policy, &ports->zap, fault));
    TRY(link_zap_self_test(ports->zap, fault));
    TRY(loop_add_socket(ports->loop, link_zap_socket(ports->zap), judge, ports));
    for (int i = 0; i < PORTS_COUNT; i++) {
        if (ports->options.endpoints[i][0] != '\0') {
            TRY(open_end(ports, i, fault));
        }
    }
    return ERR_OK;
}

enum err ports_create(struct loop *loop, const struct ports_options *options,
                      struct ports **ret_ports, struct fault *fault)
{
    struct ports *ports = calloc(1, sizeof(*ports));
    if (ports == NULL) {
        return fault_set(fault, ERR_IO, "ports: out of memory");
    }
    ports->loop = loop;
    ports->options = *options;
    enum err err = open_all(ports, fault);
    if (err != ERR_OK) {
        ports_destroy(&ports);
        return err;
    }
    *ret_ports = ports;
    return ERR_OK;
}

void ports_destroy(struct ports **ports)
{
    struct ports *p = *ports;
    if (p == NULL) {
        return;
    }
    for (int i = 0; i < PORTS_COUNT; i++) {
        if (p->ends[i].server != NULL) {
            loop_remove_socket(p->loop, link_server_socket(p->ends[i].server));
        }
        link_server_destroy(&p->ends[i].server);
    }
    if (p->zap != NULL) {
        loop_remove_socket(p->loop, link_zap_socket(p->zap));
    }
    link_zap_destroy(&p->zap);
    link_destroy(&p->link);
    free(p);
    *ports = NULL;
}

const char *ports_endpoint(const struct ports *ports, int port)
{
    return ports->ends[port].endpoint;
}

bool ports_drained(const struct ports *ports, int port)
{
    return !ports->ends[port].waiting;
}

void ports_send(struct ports *ports, int port, const struct link_peer *peer, struct bytes frame)
{
    struct fault fault = {0};
    if (ports->ends[port].server == NULL) {
        return;
    }
    enum err err = link_server_send(ports->ends[port].server, peer, frame, &fault);
    if (err != ERR_OK && err != ERR_BUSY && err != ERR_NOT_FOUND) {
        log_error("send_failed", LOG_TEXT("what", fault.what));
    }
}
