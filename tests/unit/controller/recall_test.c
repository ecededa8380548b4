/* Goal: a controller whose disk was lost counts again what it counted, from a backup and from what
 * its gates keep; until then it gives no verdict, takes no event and changes no gate. Method: a
 * whole controller without its shell, two gates that remember every event they sent; the stores are
 * copied in the middle of a day, the rest of the day follows, and a second controller begins with
 * the copies. */
#include "tests/unit/controller/harness.h"

#include <sys/stat.h>

#include "controller/app/recall.h"

enum { KEPT_MAX = 256, FIGURES_SIZE = 4096 };

/* What a gate's outbox keeps. */
struct outbox {
    struct gate gate;
    size_t count;
    struct {
        uint32_t epoch;
        uint64_t sequence;
        uint32_t outcome, reason;
        size_t size;
        uint8_t event[512];
    } kept[KEPT_MAX];
};

struct scene {
    struct world *w;
    struct outbox a, b;
    char store[128], keys[128];
    uint64_t backup;
};

static void keep(struct scene *s, struct outbox *o, uint64_t sequence)
{
    struct envelope envelope;
    struct complaint c = {0};
    assert_true(envelope_read((struct bytes){.data = o->gate.last_frame, .size = o->gate.last_size},
                              &envelope, &c));
    assert_true(o->count < KEPT_MAX && envelope.body.size <= sizeof(o->kept[0].event));
    o->kept[o->count].epoch = o->gate.epoch;
    o->kept[o->count].sequence = sequence;
    o->kept[o->count].outcome = 0;
    if (has_verdict(s->w, sequence)) {
        uint32_t outcome = 0;
        o->kept[o->count].reason = verdict_of(s->w, sequence, &outcome);
        o->kept[o->count].outcome = outcome + 1;
    }
    o->kept[o->count].size = envelope.body.size;
    memcpy(o->kept[o->count].event, envelope.body.data, envelope.body.size);
    o->count++;
}

static void walk(struct scene *s, struct outbox *o, const char *lane, const char *uid)
{
    sent_forget(s->w);
    uint64_t read = gate_badge(s->w, &o->gate, lane, uid);
    world_turn(s->w);
    keep(s, o, read);
    uint64_t passed = gate_passage(s->w, &o->gate, lane, read, PASSAGE_PASSED);
    world_turn(s->w);
    keep(s, o, passed);
    world_pass(s->w, 20 * SECOND_US);
}

/* The figures of the day, as an operator sees them, without the number of revisions. */
static void figures(struct world *w, char out[FIGURES_SIZE])
{
    size_t used = 0;
    const Parkgate__Reply *reply = admin(w, "headcount.show", NULL);
    static const char *const columns[] = {"tenant",  "date", "persons", "entries",  "exits",
                                          "present", "peak", "peak_us", "unpaired", "unsensed"};
    for (size_t i = 0; i < row_count(reply); i++) {
        for (size_t k = 0; k < ARRAY_LEN(columns); k++) {
            used += (size_t)snprintf(out + used, FIGURES_SIZE - used, "%s=%s ", columns[k],
                                     cell(reply, i, columns[k]));
        }
    }
    reply = admin(w, "who", NULL);
    used += (size_t)snprintf(out + used, FIGURES_SIZE - used, "inside=%s\n", note(reply, "inside"));
    assert_true(used < FIGURES_SIZE);
}

static const char *const badges[] = {"04010203", "04010204", "04010205", "04010206", "04010207"};

static void copy_stores(struct scene *s)
{
    struct fault fault = {0};
    (void)snprintf(s->store, sizeof(s->store), "%s/backup-store", s->w->dir);
    (void)snprintf(s->keys, sizeof(s->keys), "%s/backup-keys", s->w->dir);
    s->backup = head_of(s->w).sequence;
    assert_int_equal(store_copy(s->w->store, s->store, &fault), ERR_OK);
    assert_int_equal(store_copy(s->w->keys, s->keys, &fault), ERR_OK);
}

static void set_up_day(struct scene *s)
{
    struct world *w = s->w;
    gate_join(w, &s->a.gate, "gate-a", 1);
    gate_join(w, &s->b.gate, "gate-b", 2);
    for (size_t i = 0; i < ARRAY_LEN(badges); i++) {
        person_with_badge(w, i % 2 == 0 ? "acme" : "beta", "somebody", badges[i], "day", NULL);
    }
    walk(s, &s->a, "a-in", badges[0]);
    walk(s, &s->b, "b-in", badges[1]);
    copy_stores(s);
    walk(s, &s->a, "a-in", badges[2]);
    walk(s, &s->b, "b-out", badges[0]);
    walk(s, &s->a, "a-in", badges[3]);
    walk(s, &s->a, "a-out", badges[1]);
    walk(s, &s->b, "b-in", badges[4]);
    walk(s, &s->b, "b-in", badges[0]);
}

/* The erased disk: the copies take its place. */
static void restore(struct scene *s)
{
    struct world *w = s->w;
    struct fault fault = {0};
    struct store *lost_store = w->store;
    struct store *lost_keys = w->keys;
    struct store_options store = {.dir = s->store,
                                  .kind = CONTROLLER_STORE_KIND,
                                  .version = CONTROLLER_STORE_VERSION,
                                  .tables = table_names,
                                  .table_count = TABLE_COUNT};
    struct store_options keys = {.dir = s->keys,
                                 .kind = KEY_STORE_KIND,
                                 .version = KEY_STORE_VERSION,
                                 .tables = key_table_names,
                                 .table_count = KEY_TABLE_COUNT};
    assert_int_equal(store_open(&store, &w->store, &fault), ERR_OK);
    assert_int_equal(store_open(&keys, &w->keys, &fault), ERR_OK);
    world_restart(w);
    store_destroy(&lost_store);
    store_destroy(&lost_keys);
    assert_int_equal(recall_begin(w->ctl, s->backup, &fault), ERR_OK);
}

static const Parkgate__Recall *asked_of(struct world *w, const struct gate *gate)
{
    for (size_t i = w->sent_count; i-- > 0;) {
        const struct sent *sent = &w->sent[i];
        if (sent->kind == MESSAGE_RECALL &&
            memcmp(sent->peer.id, gate->peer.id, sizeof(gate->peer.id)) == 0) {
            return (const void *)sent->body;
        }
    }
    return NULL;
}

static bool behind(const struct outbox *o, size_t i, const Parkgate__Recall *asked)
{
    return o->kept[i].epoch > asked->epoch ||
           (o->kept[i].epoch == asked->epoch && o->kept[i].sequence > asked->from);
}

/* Answers the newest question as the agent does, `most` events at once. False: that was the end. */
static bool give(struct scene *s, struct outbox *o, size_t most)
{
    const Parkgate__Recall *asked = asked_of(s->w, &o->gate);
    static uint8_t packed[KEPT_MAX][1024];
    ProtobufCBinaryData items[KEPT_MAX];
    Parkgate__Recall answer = PARKGATE__RECALL__INIT;
    assert_non_null(asked);
    answer.number = asked->number;
    answer.epoch = asked->epoch;
    answer.from = asked->from;
    for (size_t i = 0; i < o->count && answer.n_item < most; i++) {
        if (!behind(o, i, asked)) {
            continue;
        }
        Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
        item.event = (ProtobufCBinaryData){.len = o->kept[i].size, .data = o->kept[i].event};
        item.epoch = o->kept[i].epoch;
        item.sequence = o->kept[i].sequence;
        item.outcome = o->kept[i].outcome;
        item.reason = o->kept[i].reason;
        item.source = o->kept[i].outcome == 0 ? SOURCE_NONE : SOURCE_CONTROLLER;
        items[answer.n_item] = (ProtobufCBinaryData){
            .data = packed[answer.n_item],
            .len = parkgate__recalled_event__pack(&item, packed[answer.n_item])};
        answer.n_item++;
        answer.epoch = o->kept[i].epoch;
        answer.from = o->kept[i].sequence;
    }
    answer.item = items;
    answer.done = answer.n_item == 0;
    gate_send(s->w, &o->gate, MESSAGE_RECALL, 0, &answer.base);
    world_turn(s->w);
    return !answer.done;
}

static void give_all(struct scene *s, struct outbox *o, size_t most)
{
    while (give(s, o, most)) {
    }
}

static const Parkgate__Welcome *say_hello(struct world *w, struct gate *gate)
{
    Parkgate__Hello hello = gate_hello_message(w, gate);
    gate_send_hello(w, gate, &hello);
    return (const void *)sent_last(w, MESSAGE_WELCOME)->body;
}

static void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
}

static bool is_recovering(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "recovering") != SIZE_MAX;
}

static void scene_open(struct scene *s, struct world *w)
{
    memset(s, 0, sizeof(*s));
    s->w = w;
    set_up_day(s);
}

static void counts_are_as_before(void **state)
{
    static struct scene s;
    static char before[FIGURES_SIZE], after[FIGURES_SIZE];
    scene_open(&s, *state);
    struct world *w = s.w;
    figures(w, before);
    restore(&s);
    figures(w, after);
    assert_string_not_equal(before, after); /* there is something to get back */
    assert_true(say_hello(w, &s.a.gate)->recovering);
    assert_true(say_hello(w, &s.b.gate)->recovering);
    tick(w);
    assert_null(asked_of(w, &s.a.gate)); /* a person says when */
    const Parkgate__Reply *shown = admin(w, "recover.start", "checked", "yes", NULL);
    assert_string_equal(note(shown, "recovery"), "asking");
    tick(w);
    give_all(&s, &s.b, 3); /* the gate where most of it is later is first */
    assert_true(is_recovering(w));
    shown = admin(w, "recover.show", NULL);
    size_t row = row_with(shown, "gate", "gate-b");
    assert_string_equal(cell(shown, row, "state"), "done");
    assert_string_equal(cell(shown, row, "events"), "8");
    assert_string_equal(cell(shown, row, "fresh"), "6");
    give_all(&s, &s.a, 2);
    assert_false(is_recovering(w));
    figures(w, after);
    assert_string_equal(before, after);
    assert_string_equal(note(admin(w, "recover.show", NULL), "recovery"), "ended");
    assert_string_equal(note(admin(w, "recover.start", "checked", "yes", NULL), "recovery"), "ended");
}

/* A gate gives what it can, and says of what else it keeps. */
static void what_nobody_can_read_is_said(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    struct world *w = s.w;
    char given[24];
    restore(&s);
    (void)say_hello(w, &s.a.gate);
    (void)say_hello(w, &s.b.gate);
    admin(w, "recover.start", "checked", "yes", NULL);
    tick(w);
    s.a.kept[0].size = 0; /* the gate cannot read it itself: the backup has it */
    s.a.kept[5].size = 0; /* nor this one, which came later */
    s.a.kept[2].event[0] ^= 0xff;
    s.a.kept[3].size -= 1;
    uint64_t before = head_of(w).sequence;
    give_all(&s, &s.a, 3);
    give_all(&s, &s.b, 3);
    assert_false(is_recovering(w));
    const Parkgate__Reply *shown = admin(w, "recover.show", NULL);
    size_t row = row_with(shown, "gate", "gate-a");
    (void)snprintf(given, sizeof(given), "%zu", s.a.count - 3);
    assert_string_equal(cell(shown, row, "state"), "done");
    assert_string_equal(cell(shown, row, "lost"), "3");
    assert_string_equal(cell(shown, row, "events"), given);
    assert_string_equal(cell(shown, row_with(shown, "gate", "gate-b"), "lost"), "0");
    assert_int_equal(faults_of(w, "recall-lost", before), 1);
}

static void given_twice_it_counts_once(void **state)
{
    static struct scene s;
    static char before[FIGURES_SIZE], after[FIGURES_SIZE];
    scene_open(&s, *state);
    struct world *w = s.w;
    figures(w, before);
    restore(&s);
    (void)say_hello(w, &s.a.gate);
    (void)say_hello(w, &s.b.gate);
    admin(w, "recover.start", "checked", "yes", NULL);
    tick(w);
    assert_true(give(&s, &s.a, 4));
    world_restart(w); /* with what was given so far */
    (void)say_hello(w, &s.a.gate);
    (void)say_hello(w, &s.b.gate);
    tick(w);
    give_all(&s, &s.a, 100);
    give_all(&s, &s.b, 100);
    assert_false(is_recovering(w));
    figures(w, after);
    assert_string_equal(before, after);
    /* what its outbox had not had answered comes by itself afterwards, too */
    gate_again(w, &s.b.gate);
    world_turn(w);
    figures(w, after);
    assert_string_equal(before, after);
}

static void meanwhile_nothing_is_decided_taken_or_changed(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    struct world *w = s.w;
    restore(&s);
    uint64_t head = head_of(w).sequence;
    Parkgate__Hello hello = gate_hello_message(w, &s.a.gate);
    hello.config_version = 7; /* the park was changed since the backup */
    sent_forget(w);
    gate_send_hello(w, &s.a.gate, &hello);
    assert_int_equal(sent_count(w, MESSAGE_CONFIG), 0);
    uint64_t read = gate_badge(w, &s.a.gate, "a-in", badges[2]);
    world_turn(w);
    assert_false(has_verdict(w, read));
    assert_int_equal(answer_of(w, read, NULL), ANSWER_RETRY);
    assert_int_equal(entries_of(w, ENTRY_EVENT, head), 0);
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    beat.wall_us = w->now.us;
    gate_send(w, &s.a.gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    assert_true(((const Parkgate__Heartbeat *)(const void *)sent_last(w, MESSAGE_HEARTBEAT)->body)
                    ->recovering);
    assert_refused(ask(w, w->admin, "recover.end", NULL), ERROR_REASON_NEEDED);
    admin(w, "recover.end", "reason", "gate-b burnt down", NULL);
    assert_int_equal(sent_count(w, MESSAGE_CONFIG), 1);
    gate_again(w, &s.a.gate);
    world_turn(w);
    assert_true(has_verdict(w, read));
    assert_int_equal(answer_of(w, read, NULL), ANSWER_APPLIED);
}

/* The park file was applied after the backup: what is of new lanes waits for it. */
static void events_of_lanes_not_known_wait_for_the_park(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    struct world *w = s.w;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_BUTTON;
    event.lane = text_of("a-new");
    event.outcome = OUTCOME_GRANT + 1;
    event.reason = REASON_EXIT_BUTTON;
    uint64_t sequence = gate_event(w, &s.a.gate, &event);
    world_turn(w);
    keep(&s, &s.a, sequence);
    restore(&s);
    (void)say_hello(w, &s.a.gate);
    (void)say_hello(w, &s.b.gate);
    admin(w, "recover.start", "checked", "yes", NULL);
    tick(w);
    give_all(&s, &s.a, 100);
    give_all(&s, &s.b, 100);
    const Parkgate__Reply *shown = admin(w, "recover.show", NULL);
    size_t row = row_with(shown, "gate", "gate-a");
    assert_string_equal(cell(shown, row, "state"), "needs-park");
    assert_string_equal(cell(shown, row, "no_lane"), "1");
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, s.backup), 0);
    ProtobufCMessage *lane =
        rows_get(&w->rows, PARK_LANE, "a-out", &parkgate__park_lane__descriptor);
    ((Parkgate__ParkLane *)(void *)lane)->open_coil = 30;
    ((Parkgate__ParkLane *)(void *)lane)->has_passage_input = false;
    ((Parkgate__ParkLane *)(void *)lane)->has_button_input = false;
    ((Parkgate__ParkLane *)(void *)lane)->has_held_input = false;
    ((Parkgate__ParkLane *)(void *)lane)->has_tamper_input = false;
    rows_put(&w->rows, PARK_LANE, "a-new", lane);
    store_message_destroy(&lane);
    park_apply(w);
    for (int i = 0; i < 10; i++) {
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        beat.wall_us = w->now.us;
        gate_send(w, &s.a.gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        tick(w);
    }
    give_all(&s, &s.a, 100);
    assert_false(is_recovering(w));
}

static void a_backup_without_gates_recovers_nothing(void **state)
{
    struct world *w = *state;
    struct fault fault = {0};
    uint64_t head = head_of(w).sequence;
    assert_int_equal(recall_begin(w->ctl, head, &fault), ERR_OK);
    assert_int_equal(head_of(w).sequence, head);
    assert_string_equal(note(admin(w, "recover.start", "checked", "yes", NULL), "recovery"), "none");
    assert_string_equal(note(admin(w, "recover.end", "reason", "x", NULL), "recovery"), "none");
    assert_int_equal(head_of(w).sequence, head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_are_as_before, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(what_nobody_can_read_is_said, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(given_twice_it_counts_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(meanwhile_nothing_is_decided_taken_or_changed, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(events_of_lanes_not_known_wait_for_the_park, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_backup_without_gates_recovers_nothing, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
