/* Fuzzes the message handlers as a state machine: a sequence of frames from one authenticated gate
 * and from an operator, into the real controller over real stores. Each input begins at the same
 * committed state and ends before the commit, so that one input alone brings back what it found.
 * Whatever comes, the controller lives, and its answers can be read. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/controller/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KNOWN "04010203"

enum { FRAMES_MAX = 40 };

static struct world *w;
static struct gate gate;

static void open_world(void **state)
{
    (void)state;
    w = world_open(&(struct world_options){0});
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", KNOWN, "day", NULL);
}

/* The harness's own checks fail by cmocka, so that the scene is set inside a test. */
static void set_scene(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(open_world)};
    MUST(cmocka_run_group_tests_name("scene", tests, NULL, NULL) == 0);
}

static size_t left(const struct reader *r)
{
    return r->bad ? 0 : r->in.size - r->at;
}

/* A byte: bit 7 the operators' port, the rest the message's kind. Then its sequence in one byte,
 * its size in two, and its body. Hello comes first, so that the gate is known from the start. */
static void one_frame(struct reader *r)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    static const uint8_t mark[] = {'P', 'G', PROTOCOL_VERSION, 0, 0};
    uint8_t head = reader_u8(r);
    uint8_t sequence = reader_u8(r);
    size_t wanted = reader_u16(r);
    size_t there = left(r);
    struct bytes body = reader_bytes(r, wanted < there ? wanted : there);
    size_t room = sizeof(frame) - 16;
    memset(frame, 0, 16);
    memcpy(frame, mark, sizeof(mark));
    frame[5] = head & 0x7f;
    frame[15] = sequence;
    body.size = body.size < room ? body.size : room;
    if (body.size > 0) {
        memcpy(frame + 16, body.data, body.size);
    }
    bool operator_ = (head & 0x80) != 0;
    world_frame(w, operator_ ? PORT_OPERATORS : PORT_AGENTS, operator_ ? w->admin : gate.key,
                operator_ ? peer_of(77) : gate.peer,
                (struct bytes){.data = frame, .size = 16 + body.size});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){.data = data, .size = size});
    if (w == NULL) {
        set_scene();
    }
    for (int i = 0; i < FRAMES_MAX && left(&r) >= 4; i++) {
        one_frame(&r);
    }
    turn_tick(w->ctl);
    MUST(w->ctl->txn == NULL);
    sent_forget(w);
    world_restart(w); /* without a commit: the open batch is gone */
    return 0;
}
