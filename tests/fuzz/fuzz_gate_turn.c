/* Fuzzes what a gate does with its controller's words, as a state machine: frames of any kind, in any
 * order, with time between them, into the real agent over real stores, whose connection is a list of
 * bytes. Whatever comes, the agent lives, its events keep their order, and its store and copy open
 * again. The agent goes on from one input to the next and is begun anew after RESTART_EACH of them:
 * what an input finds may need those before it, which a run with the same seed plays again. */
#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/gate.h"
#include "schema/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MAX = 32, RESTART_EACH = 2000, TIMERS_MAX = 64, HEAD = 16, STEP_US = 100000 };

/* --- the loop: common/base/loop.c, turned by the input --- */

struct timer {
    uint64_t id; /* 0: free */
    int64_t at_us, period_ms;
    void (*due)(void *ctx);
    void *ctx;
};

static struct {
    struct timer timers[TIMERS_MAX];
    uint64_t last_id;
    void (*end)(void *ctx);
    void *end_ctx;
    void (*ready)(void *ctx, unsigned events);
    void *ready_ctx;
} turned;

static struct mono mono_now = {.us = 1000000};
static struct wall wall_now = {.us = INT64_C(1772395200000000)};

enum err loop_create(const struct clock *clock, struct loop **ret_loop, struct fault *fault)
{
    (void)clock;
    (void)fault;
    memset(turned.timers, 0, sizeof(turned.timers));
    *ret_loop = (struct loop *)(void *)&turned;
    return ERR_OK;
}

void loop_destroy(struct loop **loop)
{
    *loop = NULL;
}

enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                     void (*ready)(void *ctx, unsigned events), void *ctx)
{
    (void)loop;
    (void)fd;
    (void)events;
    (void)ready;
    (void)ctx;
    return ERR_OK;
}

void loop_want_fd(struct loop *loop, int fd, unsigned events)
{
    (void)loop;
    (void)fd;
    (void)events;
}

void loop_remove_fd(struct loop *loop, int fd)
{
    (void)loop;
    (void)fd;
}

enum err loop_add_socket(struct loop *loop, void *socket,
                         void (*ready)(void *ctx, unsigned events), void *ctx)
{
    (void)loop;
    (void)socket;
    turned.ready = ready;
    turned.ready_ctx = ctx;
    return ERR_OK;
}

void loop_remove_socket(struct loop *loop, void *socket)
{
    (void)loop;
    (void)socket;
    turned.ready = NULL;
}

uint64_t loop_after(struct loop *loop, int64_t delay_ms, int64_t period_ms, void (*due)(void *ctx),
                    void *ctx)
{
    (void)loop;
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (turned.timers[i].id == 0) {
            turned.timers[i] = (struct timer){.id = ++turned.last_id,
                                              .at_us = mono_now.us + delay_ms * 1000,
                                              .period_ms = period_ms,
                                              .due = due,
                                              .ctx = ctx};
            return turned.last_id;
        }
    }
    abort();
}

void loop_cancel(struct loop *loop, uint64_t timer)
{
    (void)loop;
    for (size_t i = 0; timer != 0 && i < TIMERS_MAX; i++) {
        if (turned.timers[i].id == timer) {
            turned.timers[i].id = 0;
        }
    }
}

void loop_at_turn_end(struct loop *loop, void (*end)(void *ctx), void *ctx)
{
    (void)loop;
    turned.end = end;
    turned.end_ctx = ctx;
}

struct mono loop_mono(const struct loop *loop)
{
    (void)loop;
    return mono_now;
}

struct wall loop_wall(const struct loop *loop)
{
    (void)loop;
    return wall_now;
}

enum err loop_stop_on_signals(struct loop *loop, struct fault *fault)
{
    (void)loop;
    (void)fault;
    return ERR_OK;
}

enum err loop_run(struct loop *loop, struct fault *fault)
{
    (void)loop;
    (void)fault;
    return ERR_OK;
}

void loop_stop(struct loop *loop)
{
    (void)loop;
}

static void timers_due(void)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        struct timer timer = turned.timers[i];
        if (timer.id == 0 || timer.at_us > mono_now.us) {
            continue;
        }
        turned.timers[i].id = timer.period_ms > 0 ? timer.id : 0;
        turned.timers[i].at_us = mono_now.us + timer.period_ms * 1000;
        timer.due(timer.ctx);
    }
}

/* --- the connection: common/link/client.c without a network --- */

static struct {
    struct reader in;
    bool taken;   /* one frame a turn */
    int welcomes; /* in this input */
} wire;

static int some_client;

enum err link_client_create(struct link *link, const struct link_client_options *options,
                            struct link_client **ret_client, struct fault *fault)
{
    (void)link;
    (void)options;
    (void)fault;
    *ret_client = (struct link_client *)(void *)&some_client;
    return ERR_OK;
}

void link_client_destroy(struct link_client **client)
{
    *client = NULL;
}

void *link_client_socket(const struct link_client *client)
{
    (void)client;
    return &some_client;
}

bool link_client_is_refused(struct link_client *client)
{
    (void)client;
    return false;
}

enum err link_client_send(struct link_client *client, struct bytes frame, struct fault *fault)
{
    (void)client;
    (void)fault;
    MUST(frame.size <= LIMIT_FRAME_BYTES);
    return ERR_OK;
}

/* --- the gate --- */

static struct gate *gate;
static struct clock clock_of_gate;
static char dir[64];

static struct wall wall_of(void *ctx)
{
    (void)ctx;
    return wall_now;
}

static struct mono mono_of(void *ctx)
{
    (void)ctx;
    return mono_now;
}

static size_t left(void)
{
    return wire.in.bad ? 0 : wire.in.in.size - wire.in.at;
}

/* A byte for the kind, one for the time that has passed, the size of the body in two, the body. */
enum err link_client_recv(struct link_client *client, struct bytes *ret_frame, struct fault *fault)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    static const uint8_t mark[] = {'P', 'G', PROTOCOL_VERSION, 0, 0};
    (void)client;
    (void)fault;
    if (left() < 4 || wire.taken) {
        return ERR_NOT_FOUND;
    }
    wire.taken = true;
    uint8_t kind = reader_u8(&wire.in);
    wire.welcomes += kind == MESSAGE_WELCOME;
    uint8_t passed = reader_u8(&wire.in);
    size_t wanted = reader_u16(&wire.in);
    struct bytes body = reader_bytes(&wire.in, wanted < left() ? wanted : left());
    mono_now.us += (int64_t)passed * STEP_US;
    wall_now.us += (int64_t)passed * STEP_US;
    memset(frame, 0, HEAD);
    memcpy(frame, mark, sizeof(mark));
    frame[5] = kind;
    if (body.size > 0) {
        memcpy(frame + HEAD, body.data, body.size);
    }
    *ret_frame = (struct bytes){.data = frame, .size = HEAD + body.size};
    return ERR_OK;
}

static void begin(void)
{
    struct fault fault = {0};
    gate = gate_create(dir, &clock_of_gate, entropy_system(), NULL);
    if (gate_begin(gate, &fault) != ERR_OK) {
        (void)fprintf(stderr, "the gate does not begin: %s\n", fault.what);
        abort();
    }
}

static int forget(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void clean(void)
{
    gate_end(&gate);
    (void)nftw(dir, forget, 16, FTW_PHYS | FTW_DEPTH);
}

static void make(void)
{
    struct link_key_pair keys = {0};
    struct settings settings = {.controller = "tcp://127.0.0.1:7401"};
    char path[sizeof(dir) + 16];
    struct fault fault = {0};
    clock_of_gate = (struct clock){.wall = wall_of, .mono = mono_of};
    (void)snprintf(dir, sizeof(dir), "%s/gate-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(seal_init(NULL) == ERR_OK && mkdtemp(dir) != NULL);
    MUST(link_key_pair_draw(&keys, &fault) == ERR_OK);
    MUST(name_from_text("gate-a", &settings.gate));
    link_key_to_z85(keys.public_key, settings.server_key);
    (void)snprintf(settings.metrics_address, sizeof(settings.metrics_address), "127.0.0.1");
    (void)snprintf(path, sizeof(path), "%s/agent.key", dir);
    MUST(link_key_pair_write(path, &keys, &fault) == ERR_OK &&
         settings_write(dir, &settings, &fault) == ERR_OK);
    begin();
    MUST(atexit(clean) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned played;
    if (gate == NULL) {
        make();
    } else if (++played % RESTART_EACH == 0) {
        gate_end(&gate);
        begin();
    }
    const struct agent_state *state = agent_store_state(gate->store);
    uint32_t epoch = state->epoch;
    uint64_t last = state->last_sequence;
    wire.in = reader_of((struct bytes){.data = data, .size = size});
    wire.welcomes = 0;
    for (int i = 0; i < FRAMES_MAX && left() >= 4; i++) {
        wire.taken = false;
        turned.ready(turned.ready_ctx, LOOP_READ);
        timers_due();
        turned.end(turned.end_ctx);
    }
    state = agent_store_state(gate->store);
    /* No controller orders an epoch twice; this one may, in two words of one input. */
    MUST(wire.welcomes > 1 || state->epoch != epoch || state->last_sequence >= last);
    return 0;
}
