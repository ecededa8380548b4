/* Fuzzes what two gates answer to a controller that recovers: messages within messages (events,
 * credentials, rows of a copy), which no envelope's bounds reach. Each input begins at the same
 * committed state and ends before the commit. Whatever comes, the controller lives. */
#include <stdlib.h>
#include <string.h>

#include "controller/app/recall.h"
#include "tests/unit/controller/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWERS_MAX = 20, ITEMS_MAX = 8, ITEM_MAX = 8192 };

static struct world *w;
static struct gate gates[2];
static struct sessions sessions; /* as they are when each input begins */

static void open_world(void **state)
{
    struct fault fault = {0};
    (void)state;
    w = world_open(&(struct world_options){0});
    gate_join(w, &gates[0], "gate-a", 1);
    gate_join(w, &gates[1], "gate-b", 2);
    person_with_badge(w, "acme", "Li Wei", "04010203", "day", NULL);
    assert_int_equal(recall_begin(w->ctl, head_of(w).sequence, &fault), ERR_OK);
    admin(w, "recover.start", "checked", "yes", NULL);
    turn_tick(w->ctl);
    world_turn(w);
    sessions = w->ctl->sessions;
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

/* Its size in two bytes, then itself. */
static struct bytes chunk(struct reader *r)
{
    size_t wanted = reader_u16(r) % ITEM_MAX;
    size_t there = left(r);
    return reader_bytes(r, wanted < there ? wanted : there);
}

static ProtobufCBinaryData field(struct bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.data};
}

/* An event with what the gate did and whose it says the credential is. */
static size_t pack_event(struct reader *r, uint8_t *out)
{
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    item.outcome = reader_u8(r) % 4;
    item.source = reader_u8(r) % 4;
    item.event = field(chunk(r));
    item.credential = field(chunk(r));
    return parkgate__recalled_event__pack(&item, out);
}

/* A row: its table, then key and value. */
static size_t pack_row(struct reader *r, uint8_t *out)
{
    Parkgate__CopyRow row = PARKGATE__COPY_ROW__INIT;
    row.table = reader_u8(r);
    row.key = field(chunk(r));
    row.value = field(chunk(r));
    return parkgate__copy_row__pack(&row, out);
}

static size_t pack_raw(struct reader *r, uint8_t *out)
{
    struct bytes raw = chunk(r);
    if (raw.size > 0) {
        memcpy(out, raw.data, raw.size);
    }
    return raw.size;
}

/* A byte: bit 0 the gate, bit 1 rows in place of events, bit 2 done, bit 3 items as they are, the
 * rest how many items. Each goes on behind what was asked last. */
static void one_answer(struct reader *r, uint8_t number)
{
    static uint8_t bytes[ITEMS_MAX][4 * ITEM_MAX];
    ProtobufCBinaryData items[ITEMS_MAX];
    Parkgate__Recall answer = PARKGATE__RECALL__INIT;
    uint8_t head = reader_u8(r);
    struct gate *gate = &gates[head & 1];
    const struct session *session = session_of_key(&w->ctl->sessions, &gate->key);
    size_t frame = 0;
    uint8_t cursor[2] = {1, number};
    MUST(session != NULL);
    answer.number = session->recall.number;
    answer.rows = (head & 2) != 0;
    answer.done = (head & 4) != 0;
    answer.copy_sequence = UINT64_MAX;
    answer.cursor = (ProtobufCBinaryData){.len = sizeof(cursor), .data = cursor};
    answer.epoch = session->recall.epoch == 0 ? 1 : session->recall.epoch;
    answer.from = session->recall.sequence + 1;
    answer.item = items;
    for (size_t i = 0; i < (size_t)(head >> 4) % ITEMS_MAX && left(r) > 0; i++) {
        size_t size = (head & 8) != 0 ? pack_raw(r, bytes[i])
                      : answer.rows   ? pack_row(r, bytes[i])
                                      : pack_event(r, bytes[i]);
        frame += size + 8;
        if (frame > LIMIT_FRAME_BYTES - 1024) {
            break;
        }
        items[answer.n_item++] = (ProtobufCBinaryData){.len = size, .data = bytes[i]};
    }
    gate_send(w, gate, MESSAGE_RECALL, 0, &answer.base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){.data = data, .size = size});
    if (w == NULL) {
        set_scene();
    }
    for (uint8_t i = 0; i < ANSWERS_MAX && left(&r) > 0; i++) {
        one_answer(&r, i);
    }
    MUST(w->ctl->txn == NULL);
    sent_forget(w);
    world_restart(w); /* without a commit: the open batch is gone */
    w->ctl->sessions = sessions;
    return 0;
}
