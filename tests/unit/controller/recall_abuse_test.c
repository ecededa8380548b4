/* Goal: a hostile gate that answers a recovery stops neither the controller nor the other gates,
 * and lets nobody in. Method: a whole controller without its shell that recovers, and gates that
 * answer its questions as a hostile program would. */
#include "tests/unit/controller/harness.h"

#include "common/facts/people_store.h"
#include "controller/app/recall.h"

#define LI "04010203"

struct scene {
    struct world *w;
    struct gate a, b;
    char li[HANDLE_TEXT_SIZE];
    uint64_t backup;
};

static void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
}

static bool was_asked(struct world *w, const struct gate *gate, Parkgate__Recall *ret)
{
    for (size_t i = w->sent_count; i-- > 0;) {
        const struct sent *sent = &w->sent[i];
        if (sent->kind == MESSAGE_RECALL &&
            memcmp(sent->peer.id, gate->peer.id, sizeof(gate->peer.id)) == 0) {
            *ret = *(const Parkgate__Recall *)(const void *)sent->body;
            return true;
        }
    }
    return false;
}

/* Two gates, a person with a badge; the controller has begun again from a backup of just now, and
 * asks. */
static void scene_open(struct scene *s, struct world *w)
{
    struct fault fault = {0};
    memset(s, 0, sizeof(*s));
    s->w = w;
    gate_join(w, &s->a, "gate-a", 1);
    gate_join(w, &s->b, "gate-b", 2);
    person_with_badge(w, "acme", "Li Wei", LI, "day", s->li);
    s->backup = head_of(w).sequence;
    assert_int_equal(recall_begin(w->ctl, s->backup, &fault), ERR_OK);
    admin(w, "recover.start", "yes", "yes", NULL);
    tick(w);
}

static void answer(struct scene *s, struct gate *gate, Parkgate__Recall *answer)
{
    Parkgate__Recall asked = PARKGATE__RECALL__INIT;
    assert_true(was_asked(s->w, gate, &asked));
    answer->number = asked.number;
    answer->copy_sequence = s->backup + 1000;
    gate_send(s->w, gate, MESSAGE_RECALL, 0, &answer->base);
    world_turn(s->w);
}

static void no_rows(struct scene *s, struct gate *gate)
{
    Parkgate__Recall none = PARKGATE__RECALL__INIT;
    none.rows = none.done = true;
    answer(s, gate, &none);
}

/* Events are asked when all have given their rows. */
static void rows_are_over(struct scene *s)
{
    no_rows(s, &s->a);
    no_rows(s, &s->b);
    tick(s->w);
}

static void give(struct scene *s, struct gate *gate, const Parkgate__RecalledEvent *item)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    size_t size = parkgate__recalled_event__get_packed_size(item);
    assert_true(size <= sizeof(packed));
    ProtobufCBinaryData packed_item = {.data = packed,
                                       .len = parkgate__recalled_event__pack(item, packed)};
    recall.n_item = 1;
    recall.item = &packed_item;
    recall.epoch = gate->epoch;
    recall.from = ++gate->sequence;
    answer(s, gate, &recall);
}

static void give_event(struct scene *s, struct gate *gate, Parkgate__Event *event,
                       const Parkgate__CredentialRecord *credential)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    static uint8_t told[1024];
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    event->epoch = gate->epoch;
    event->sequence = gate->sequence + 1;
    event->received_us = event->captured_us = s->w->now.us;
    assert_true(parkgate__event__get_packed_size(event) <= sizeof(packed));
    item.event = (ProtobufCBinaryData){.data = packed, .len = parkgate__event__pack(event, packed)};
    if (credential != NULL) {
        item.credential = (ProtobufCBinaryData){
            .data = told, .len = parkgate__credential_record__pack(credential, told)};
    }
    give(s, gate, &item);
}

/* A read of a badge, with whose it is. */
static void give_read(struct scene *s, struct gate *gate, const char *lane, size_t size,
                      struct handle holder, uint8_t number)
{
    uint8_t uid[2048];
    uint8_t handle[HANDLE_SIZE];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    Parkgate__CredentialRecord told = PARKGATE__CREDENTIAL_RECORD__INIT;
    memset(uid, number, sizeof(uid));
    memset(handle, number, sizeof(handle));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.credential_kind = told.kind = CREDENTIAL_KIND_BADGE;
    event.credential = (ProtobufCBinaryData){.data = uid, .len = size};
    told.credential = (ProtobufCBinaryData){.data = handle, .len = sizeof(handle)};
    told.holder = people_field(&holder);
    give_event(s, gate, &event, &told);
}

static struct handle handle_of(const char *text)
{
    struct handle handle;
    assert_true(handle_from_text(text, &handle));
    return handle;
}

static size_t credentials_since(struct scene *s)
{
    return entries_of(s->w, ENTRY_CREDENTIAL, s->backup);
}

/* --- what aborted, or stopped the copies --- */

static void a_credential_of_no_size_is_taken(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    rows_are_over(&s);
    for (size_t size = 227; size <= 2000; size += 591) { /* over a field's bound */
        give_read(&s, &s.a, "a-in", size, handle_of(s.li), 7);
    }
    give_read(&s, &s.a, "a-in", 65, handle_of(s.li), 7); /* over a credential's */
    give_read(&s, &s.a, "a-in", 226, handle_of(s.li), 7);
    give_read(&s, &s.a, "a-in", 11, handle_of(s.li), 7); /* no badge is so long */
    assert_int_equal(credentials_since(&s), 0);
    give_read(&s, &s.a, "a-in", 7, handle_of(s.li), 7);
    assert_int_equal(credentials_since(&s), 1);
}

static void a_terminal_of_endless_name(void **state)
{
    static struct scene s;
    char name[2001];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    scene_open(&s, *state);
    rows_are_over(&s);
    event.kind = EVENT_SUBJECT;
    event.lane = text_of("a-in");
    event.order = 1;
    event.subject_result = SUBJECT_DONE;
    event.reader = name;
    for (size_t size = 250; size <= 2000; size += 250) {
        memset(name, 'x', sizeof(name));
        name[size] = '\0';
        give_event(&s, &s.a, &event, NULL);
    }
    assert_int_equal(entries_of(s.w, ENTRY_EVENT, s.backup), 0);
    assert_int_equal(entries_of(s.w, ENTRY_EVENT_REFUSED, s.backup), 1); /* the others are none */
}

/* The same, by itself. */
static void a_device_without_a_name_of_ours_is_refused(void **state)
{
    struct world *w = *state;
    struct gate gate;
    uint32_t error = 0;
    char name[201];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    event.kind = EVENT_SUBJECT;
    event.lane = text_of("a-in");
    event.order = 1;
    event.subject_result = SUBJECT_DONE;
    memset(name, 'x', sizeof(name));
    name[200] = '\0';
    event.reader = name;
    uint64_t sequence = gate_event(w, &gate, &event);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_credential_of_no_size_is_taken),
        WORLD_TEST(a_terminal_of_endless_name),
        WORLD_TEST(a_device_without_a_name_of_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
