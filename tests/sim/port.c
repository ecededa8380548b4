/* The helpers' socket: reader-agent/driver/helper_port.h without a socket. What the agent says
 * reaches the simulated helper processes of boards.c, and theirs come back as events. */
#include "reader-agent/driver/helper_port.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum { EARS_MAX = 8, PORT_FD = 1000 };

struct wanted {
    bool used;
    bool joined;
    enum helper_program program;
    struct name name;
};

struct helper_port {
    unsigned gate;
    struct helper_ear ears[EARS_MAX];
    struct wanted wanted[LIMIT_HELPERS_PER_AGENT];
};

static struct helper_port *ports[GATES_MAX];

enum err helper_port_create(const struct helper_port_options *options,
                            struct helper_port **ret_port, struct fault *fault)
{
    (void)options;
    (void)fault;
    struct helper_port *port = calloc(1, sizeof(*port));
    MUST(port != NULL);
    port->gate = outer_gate_now();
    ports[port->gate] = port;
    *ret_port = port;
    return ERR_OK;
}

void helper_port_destroy(struct helper_port **port)
{
    if (*port != NULL) {
        ports[(*port)->gate] = NULL;
        outer_helpers_left((*port)->gate);
        free(*port);
        *port = NULL;
    }
}

void helper_port_listen(struct helper_port *port, struct helper_ear ear)
{
    MUST((size_t)ear.program < EARS_MAX);
    port->ears[ear.program] = ear;
}

int helper_port_fd(const struct helper_port *port)
{
    (void)port;
    return PORT_FD;
}

bool outer_fd_is_ready(int fd)
{
    (void)fd;
    return false;
}

void helper_port_turn(struct helper_port *port)
{
    (void)port;
}

static struct wanted *find(struct helper_port *port, struct name name)
{
    for (size_t i = 0; port != NULL && i < LIMIT_HELPERS_PER_AGENT; i++) {
        if (port->wanted[i].used && name_equal(port->wanted[i].name, name)) {
            return &port->wanted[i];
        }
    }
    return NULL;
}

enum err helper_port_want(struct helper_port *port, enum helper_program program, struct name name,
                          const char *device, struct fault *fault)
{
    (void)device;
    if (find(port, name) != NULL) {
        return ERR_OK;
    }
    for (size_t i = 0; i < LIMIT_HELPERS_PER_AGENT; i++) {
        if (!port->wanted[i].used) {
            port->wanted[i] = (struct wanted){.used = true, .program = program, .name = name};
            outer_helper_wanted(port->gate, program, name);
            return ERR_OK;
        }
    }
    return fault_set(fault, ERR_FULL, "over %d helpers", LIMIT_HELPERS_PER_AGENT);
}

/* A process a helper here, whether or not it shares its bus. */
enum err helper_port_carry(struct helper_port *port, enum helper_program program, struct name name,
                           struct name carrier, struct fault *fault)
{
    (void)carrier;
    return helper_port_want(port, program, name, NULL, fault);
}

void helper_port_drop(struct helper_port *port, struct name name)
{
    struct wanted *wanted = find(port, name);
    if (wanted != NULL) {
        wanted->used = false;
    }
}

void helper_port_settle(struct helper_port *port)
{
    (void)port;
}

enum err helper_port_send(struct helper_port *port, struct name name,
                          const struct helper_message *message, struct fault *fault)
{
    const struct wanted *wanted = find(port, name);
    if (wanted == NULL || !wanted->joined) {
        return fault_set(fault, ERR_NOT_FOUND, "helper %s is not connected", name.text);
    }
    if (!machine_effect(gate_machine(port->gate))) {
        return ERR_OK; /* said by the dead */
    }
    return outer_helper_told(port->gate, name, message)
               ? ERR_OK
               : fault_set(fault, ERR_NOT_FOUND, "helper %s is gone", name.text);
}

void helper_port_process(struct helper_port *port, const struct launcher_report *report)
{
    (void)port;
    (void)report;
}

/* --- what the helpers say; the gate's code runs, gates.c has seen to that --- */

void outer_port_joined(unsigned gate, enum helper_program program, struct name name)
{
    struct wanted *wanted = find(ports[gate], name);
    if (wanted != NULL) {
        wanted->joined = true;
        ports[gate]->ears[program].joined(ports[gate]->ears[program].self, name);
    }
}

void outer_port_heard(unsigned gate, struct name name, const struct helper_message *message)
{
    const struct wanted *wanted = find(ports[gate], name);
    if (wanted != NULL && wanted->joined) {
        const struct helper_ear *ear = &ports[gate]->ears[wanted->program];
        ear->message(ear->self, name, message);
    }
}

void outer_port_lost(unsigned gate, struct name name, const char *what)
{
    struct wanted *wanted = find(ports[gate], name);
    if (wanted != NULL && wanted->joined) {
        wanted->joined = false;
        const struct helper_ear *ear = &ports[gate]->ears[wanted->program];
        ear->lost(ear->self, name, what);
    }
}
