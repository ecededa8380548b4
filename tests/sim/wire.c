/* Links: ZeroMQ's client of common/link/link.h over simulated connections.
 *
 * A connection keeps the order of its frames and loses none of them while it lives. What breaks is
 * the connection: then frames under way are lost. A line that is cut says so to nobody: frames
 * vanish until both ends give the connection up, as the heartbeats of the link make them. Beyond
 * what a stream can do, a line may be odd for a while: frames are lost, doubled and overtaken one
 * by one, as by a proxy that is broken. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum {
    RECONNECT_US = 100 * 1000,
    GIVES_UP_US = 6 * 1000 * 1000,
    INBOX_MAX = 4096,
    ODD_PER_MILLE = 300
};

struct frame {
    size_t size;
    uint8_t bytes[];
};

struct link {
    int unused;
};

struct wire;
struct link_client {
    struct wire *wire;
    struct frame *payload;
};

struct wire {
    unsigned gate;
    struct link_client *client; /* NULL: the gate has none */
    uint64_t generation;        /* of the connection */
    bool connected;
    int64_t up_since, heard_at;
    struct link_peer peer;
    int64_t to_arrives, from_arrives; /* the last frame each way */
    int64_t cut_until, gives_up_at;
    unsigned cut_ways;
    int64_t slow_us;
    int64_t odd_until; /* frames are lost, doubled and overtaken one by one */
    unsigned odd;
    struct frame *inbox[INBOX_MAX];
    size_t inbox_first, inbox_count;
};

static struct {
    struct wire wires[GATES_MAX];
    uint64_t connections;
    struct random random;
} wires;

static bool is_cut(const struct wire *wire, unsigned way)
{
    return sim.now < wire->cut_until && (wire->cut_ways & way) != 0;
}

static void try_connect(void *ctx, uint64_t generation, uint64_t b);

static void empty_inbox(struct wire *wire)
{
    while (wire->inbox_count > 0) {
        free(wire->inbox[wire->inbox_first]);
        wire->inbox_first = (wire->inbox_first + 1) % INBOX_MAX;
        wire->inbox_count--;
    }
}

void wires_reset(void)
{
    for (size_t i = 0; i < GATES_MAX; i++) {
        struct wire *wire = &wires.wires[i];
        empty_inbox(wire);
        uint64_t generation = wire->generation;
        *wire =
            (struct wire){.gate = (unsigned)i, .up_since = INT64_MAX, .generation = generation + 1};
    }
    wires.connections = 0;
    wires.random.state = sim.plan.seed ^ UINT64_C(0x77697265);
}

static void disconnect(struct wire *wire)
{
    wire->generation++;
    wire->connected = false;
    wire->up_since = INT64_MAX;
    empty_inbox(wire);
    if (wire->client != NULL) {
        sim_after(RECONNECT_US + random_between(&wires.random, 0, 2 * SECOND), try_connect, wire,
                  wire->generation, 0);
    }
}

static void try_connect(void *ctx, uint64_t generation, uint64_t b)
{
    struct wire *wire = ctx;
    (void)b;
    if (wire->generation != generation || wire->client == NULL || wire->connected) {
        return;
    }
    struct machine *controller = controller_machine();
    if (sim.now < wire->cut_until || !controller->on || sim.now < controller->stalled_until ||
        !controller_lets_in(gate_key(wire->gate))) {
        sim_after(random_between(&wires.random, SECOND / 2, 3 * SECOND), try_connect, wire,
                  generation, 0);
        return;
    }
    uint64_t number = ++wires.connections;
    wire->connected = true;
    wire->up_since = sim.now;
    wire->gives_up_at = 0;
    wire->to_arrives = wire->from_arrives = sim.now;
    wire->peer.id[0] = 0;
    for (size_t i = 1; i < sizeof(wire->peer.id); i++) {
        wire->peer.id[i] = (uint8_t)(number >> 8 * (4 - i));
    }
    sim_say("line of gate %u is up, as %llu", wire->gate, (unsigned long long)number);
}

/* --- the client, as the agent calls it --- */

enum err link_create(struct link **ret_link, struct fault *fault)
{
    *ret_link = calloc(1, sizeof(**ret_link));
    return *ret_link == NULL ? fault_set(fault, ERR_IO, "out of memory") : ERR_OK;
}

void link_destroy(struct link **link)
{
    free(*link);
    *link = NULL;
}

enum err link_raise_fds(uint64_t minimum, struct fault *fault)
{
    (void)minimum;
    (void)fault;
    return ERR_OK;
}

enum err link_client_create(struct link *link, const struct link_client_options *options,
                            struct link_client **ret_client, struct fault *fault)
{
    (void)link;
    (void)options;
    (void)fault;
    struct wire *wire = &wires.wires[outer_gate_now()];
    struct link_client *client = calloc(1, sizeof(*client));
    MUST(client != NULL);
    client->wire = wire;
    wire->client = client;
    wire->generation++;
    wire->connected = false;
    sim_after(random_between(&wires.random, 2 * MS, 50 * MS), try_connect, wire, wire->generation,
              0);
    *ret_client = client;
    return ERR_OK;
}

void link_client_destroy(struct link_client **client)
{
    if (*client == NULL) {
        return;
    }
    struct wire *wire = (*client)->wire;
    if (wire->client == *client) {
        wire->client = NULL;
        disconnect(wire);
    }
    free((*client)->payload);
    free(*client);
    *client = NULL;
}

void *link_client_socket(const struct link_client *client)
{
    return (void *)(uintptr_t)client;
}

bool link_client_is_refused(struct link_client *client)
{
    (void)client;
    return false;
}

bool outer_socket_is_ready(const void *socket)
{
    const struct link_client *client = socket;
    return client->wire->client == client && client->wire->inbox_count > 0;
}

struct crossing {
    uint64_t generation;
    struct link_peer peer;
    size_t size;
    uint8_t bytes[];
};

static void arrive_at_controller(void *ctx, uint64_t gate, uint64_t b)
{
    struct crossing *crossing = ctx;
    const struct wire *wire = &wires.wires[gate];
    struct machine *controller = controller_machine();
    (void)b;
    if (sim.now < controller->stalled_until) {
        sim_at_owned(controller->stalled_until, arrive_at_controller, crossing, gate, 0);
        return;
    }
    /* Of a broken connection some had arrived; one of two keeps the prefix whole often enough. */
    bool lives = wire->generation == crossing->generation && !is_cut(wire, 1);
    if (controller->on && lives) {
        controller_frame(&crossing->peer, gate_key((unsigned)gate),
                         (struct bytes){.data = crossing->bytes, .size = crossing->size});
    }
    free(crossing);
}

static bool is_odd(const struct wire *wire, enum oddity oddity, unsigned per_mille)
{
    return sim.now < wire->odd_until && (wire->odd & oddity) != 0 &&
           random_chance(&wires.random, per_mille);
}

static int64_t arrival(const struct wire *wire, int64_t after)
{
    if (is_odd(wire, WIRE_OVERTAKES, ODD_PER_MILLE)) {
        return sim.now + random_between(&wires.random, 100, 500 * MS);
    }
    int64_t at = sim.now + random_between(&wires.random, 100, 2 * MS) +
                 (wire->slow_us > 0 ? random_between(&wires.random, 0, wire->slow_us) : 0);
    return at > after ? at : after;
}

/* Puts a frame under way, in the order of all that go there. */
static void cross(struct wire *wire, struct bytes payload, int64_t *arrives, event_run *arrive)
{
    unsigned count = is_odd(wire, WIRE_DOUBLES, ODD_PER_MILLE) ? 2 : 1;
    if (is_odd(wire, WIRE_LOSES, ODD_PER_MILLE)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        struct crossing *crossing = malloc(sizeof(*crossing) + payload.size);
        MUST(crossing != NULL);
        crossing->generation = wire->generation;
        crossing->peer = wire->peer;
        crossing->size = payload.size;
        memcpy(crossing->bytes, payload.data, payload.size);
        int64_t at = arrival(wire, *arrives);
        *arrives = at > *arrives ? at : *arrives;
        sim_at_owned(at, arrive, crossing, wire->gate, 0);
    }
}

enum err link_client_send(struct link_client *client, struct bytes payload, struct fault *fault)
{
    struct wire *wire = client->wire;
    (void)fault;
    if (wire->client != client || !wire->connected) {
        return ERR_BUSY;
    }
    if (!machine_effect(gate_machine(wire->gate)) || is_cut(wire, 1)) {
        return ERR_OK; /* it is gone, and nobody knows yet */
    }
    cross(wire, payload, &wire->to_arrives, arrive_at_controller);
    return ERR_OK;
}

enum err link_client_recv(struct link_client *client, struct bytes *ret_payload,
                          struct fault *fault)
{
    struct wire *wire = client->wire;
    (void)fault;
    free(client->payload);
    client->payload = NULL;
    if (wire->client != client || wire->inbox_count == 0) {
        return ERR_NOT_FOUND;
    }
    wire->heard_at = sim.now;
    client->payload = wire->inbox[wire->inbox_first];
    wire->inbox_first = (wire->inbox_first + 1) % INBOX_MAX;
    wire->inbox_count--;
    *ret_payload = (struct bytes){.data = client->payload->bytes, .size = client->payload->size};
    return ERR_OK;
}

/* --- from the controller --- */

static void arrive_at_gate(void *ctx, uint64_t gate, uint64_t b)
{
    struct crossing *crossing = ctx;
    struct wire *wire = &wires.wires[gate];
    const struct machine *machine = gate_machine((unsigned)gate);
    (void)b;
    if (machine->on && sim.now < machine->stalled_until) {
        sim_at_owned(machine->stalled_until, arrive_at_gate, crossing, gate, 0);
        return;
    }
    if (wire->generation == crossing->generation && !is_cut(wire, 2) && wire->client != NULL &&
        wire->inbox_count < INBOX_MAX) {
        struct frame *frame = malloc(sizeof(*frame) + crossing->size);
        MUST(frame != NULL);
        frame->size = crossing->size;
        memcpy(frame->bytes, crossing->bytes, crossing->size);
        wire->inbox[(wire->inbox_first + wire->inbox_count++) % INBOX_MAX] = frame;
        gate_turn((unsigned)gate);
    }
    free(crossing);
}

unsigned wire_of_peer(const struct link_peer *peer)
{
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (wires.wires[i].connected && memcmp(&wires.wires[i].peer, peer, sizeof(*peer)) == 0) {
            return i;
        }
    }
    return GATES_MAX;
}

void wire_to_gate(const struct link_peer *peer, struct bytes frame)
{
    for (size_t i = 0; i < sim.plan.gates; i++) {
        struct wire *wire = &wires.wires[i];
        if (!wire->connected || memcmp(&wire->peer, peer, sizeof(*peer)) != 0 || is_cut(wire, 2)) {
            continue;
        }
        cross(wire, frame, &wire->from_arrives, arrive_at_gate);
        return;
    }
}

/* --- faults --- */

void wire_break(unsigned gate)
{
    if (wires.wires[gate].connected) {
        sim_note("line breaks", gate, 0);
        disconnect(&wires.wires[gate]);
    }
}

static void give_up(void *ctx, uint64_t generation, uint64_t b)
{
    struct wire *wire = ctx;
    (void)b;
    if (wire->connected && wire->generation == generation && sim.now < wire->cut_until + SECOND) {
        disconnect(wire);
    }
}

void wire_cut(unsigned gate, int64_t until, unsigned ways)
{
    struct wire *wire = &wires.wires[gate];
    sim_note("line is cut", gate, ways);
    wire->cut_until = until;
    wire->cut_ways = ways;
    /* A frame that was dropped breaks the stream: this connection is not coming back. */
    int64_t gone = until < sim.now + GIVES_UP_US ? until : sim.now + GIVES_UP_US;
    if (wire->connected) {
        wire->up_since = INT64_MAX;
        sim_at(gone, give_up, wire, wire->generation, 0);
    }
}

void wire_slow(unsigned gate, int64_t most_us)
{
    wires.wires[gate].slow_us = most_us;
    if (most_us == 0 && wires.wires[gate].odd_until < sim.now) {
        wires.wires[gate].odd_until = sim.now; /* what was slow may be under way still */
    }
}

void wire_is_odd(unsigned gate, int64_t until, unsigned oddities)
{
    wires.wires[gate].odd_until = until;
    wires.wires[gate].odd = oddities;
}

void wires_heal(void)
{
    for (size_t i = 0; i < sim.plan.gates; i++) {
        struct wire *wire = &wires.wires[i];
        bool was_cut = sim.now < wire->cut_until;
        wire->cut_until = 0;
        wire->slow_us = 0;
        wire->odd_until = 0;
        if (was_cut && wire->connected) {
            disconnect(wire);
        }
    }
}

void wires_controller_gone(void)
{
    for (size_t i = 0; i < sim.plan.gates; i++) {
        if (wires.wires[i].connected) {
            disconnect(&wires.wires[i]);
        }
    }
}

bool wire_is_up(unsigned gate)
{
    return wires.wires[gate].connected && sim.now >= wires.wires[gate].cut_until;
}

int64_t wire_heard_at(unsigned gate)
{
    return wires.wires[gate].heard_at;
}

int64_t wire_up_since(unsigned gate)
{
    const struct wire *wire = &wires.wires[gate];
    if (!wire_is_up(gate) || wire->slow_us > 0 || sim.now < wire->odd_until) {
        return INT64_MAX;
    }
    return wire->odd_until > wire->up_since ? wire->odd_until : wire->up_since;
}
