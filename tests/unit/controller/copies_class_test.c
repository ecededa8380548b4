/* Goal: a gate whose lanes' rules ask for nobody's place is told how many are where and never who,
 * and gets another copy at once when its rules are others. Method: a controller in the harness with
 * two gates of taker.h; every part that goes to them is searched for handles of persons. */
#include "tests/unit/controller/taker.h"

#include "common/facts/lane_store.h"
#include "common/facts/standing_store.h"
#include "controller/app/copies.h"
#include "controller/app/copies_inside.h"
#include "tests/unit/controller/presence_fixture.h"

static const char *const badges[] = {"04a1b2c3d4e5f6", "04a1b2c3d4e5f7", "04a1b2c3d4e5f8"};

enum { PERSONS = ARRAY_LEN(badges) };

/* gate-a and gate-b in the harness's park, which asks for nobody's place. */
struct two {
    struct world *w;
    struct taker a, b;
};

static void open_two(struct two *two, struct world *w)
{
    static const char *const names[PERSONS] = {"Ma Xiaoming", "Li Wei", "Zhao Yun"};
    two->w = w;
    for (size_t i = 0; i < PERSONS; i++) {
        person_with_badge(w, "acme", names[i], badges[i], "day", NULL);
    }
    taker_open(&two->a, w, "gate-a", 71);
    taker_open(&two->b, w, "gate-b", 72);
    two->a.counts = two->b.counts = true;
}

static void close_two(struct two *two)
{
    taker_close(&two->a);
    taker_close(&two->b);
}

static void go_on(struct two *two, int seconds)
{
    for (int i = 0; i < seconds * 20; i++) {
        if (i % 20 == 0) {
            taker_beat(&two->a);
            taker_beat(&two->b);
        }
        world_pass(two->w, 50 * MS_US);
        turn_tick(two->w->ctl);
        world_turn(two->w);
        taker_pump(&two->a);
        taker_pump(&two->b);
    }
}

/* Somebody goes in, one comes to the entry and stays there, and one goes out. */
static void people_move(struct two *two)
{
    gate_walk(two->w, &two->a.gate, "a-in", badges[0]);
    (void)gate_badge(two->w, &two->b.gate, "b-in", badges[1]);
    go_on(two, 2);
    gate_walk(two->w, &two->b.gate, "b-out", badges[0]);
    go_on(two, 2);
    world_pass(two->w, 30 * SECOND_US);
    gate_walk(two->w, &two->b.gate, "b-in", badges[2]);
    go_on(two, 2);
}

static uint64_t rows_in(struct taker *t, enum table table)
{
    uint64_t rows = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(t->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

/* Rows of PRESENCE, and of STANDING with somebody's handle, in all parts for this gate since
 * `from`. */
static size_t places_told(struct taker *t, size_t from)
{
    size_t told = 0;
    struct handle somebody = standing_somebody();
    for (size_t i = from; i < t->w->sent_count; i++) {
        const struct sent *sent = &t->w->sent[i];
        const Parkgate__CopyPart *part = (const void *)sent->body;
        bool ours = sent->kind == MESSAGE_COPY_PART &&
                    memcmp(sent->peer.id, t->gate.peer.id, sizeof(sent->peer.id)) == 0;
        for (size_t r = 0; ours && r < part->n_row; r++) {
            Parkgate__CopyRow *row =
                parkgate__copy_row__unpack(NULL, part->row[r].len, part->row[r].data);
            assert_non_null(row);
            told += row->table == TABLE_PRESENCE;
            if (row->table == TABLE_STANDING && !row->gone) {
                Parkgate__StandingRecord *record =
                    parkgate__standing_record__unpack(NULL, row->value.len, row->value.data);
                assert_non_null(record);
                for (size_t h = 0; h < record->n_journal; h++) {
                    told += memcmp(record->holder.data + h * HANDLE_SIZE, somebody.bytes,
                                   HANDLE_SIZE) != 0;
                }
                parkgate__standing_record__free_unpacked(record, NULL);
            }
            parkgate__copy_row__free_unpacked(row, NULL);
        }
    }
    return told;
}

static uint32_t persons_by(struct taker *t, const char *zone)
{
    struct name name;
    uint32_t persons = 0;
    struct store_txn *txn = NULL;
    MUST(name_from_text(zone, &name));
    assert_int_equal(store_begin_read(t->store, &txn, NULL), ERR_OK);
    assert_int_equal(zone_persons_get(txn, name, &persons, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return persons;
}

static void assert_counts_only(struct taker *t)
{
    assert_taken_whole(t);
    assert_true(t->last->counts_only);
    assert_int_equal(rows_in(t, TABLE_PRESENCE), 0);
}

static void assert_has_presence(struct taker *t, uint64_t rows)
{
    assert_taken_whole(t);
    assert_false(t->last->counts_only);
    assert_int_equal(rows_in(t, TABLE_PRESENCE), rows);
}

static void who_asks_for_nobody_is_told_of_nobody(void **state)
{
    struct two two;
    open_two(&two, *state);
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    go_on(&two, 2);
    people_move(&two);
    assert_counts_only(&two.a);
    assert_counts_only(&two.b);
    assert_int_equal(places_told(&two.a, 0), 0);
    assert_int_equal(places_told(&two.b, 0), 0);
    assert_int_equal(persons_by(&two.a, "yard"), 1);
    taker_have(&two.a, true); /* a snapshot of a park with people inside */
    go_on(&two, 3);
    assert_counts_only(&two.a);
    assert_true(two.a.last->snapshot || two.a.completes > 2);
    assert_int_equal(places_told(&two.a, 0), 0);
    assert_int_equal(rows_in(&two.a, TABLE_HOLDER), PERSONS);
    (void)assert_replays(*state);
    close_two(&two);
}

/* One reading feeds them both, and each gets its own. */
static void a_neighbour_whose_rules_ask_is_told(void **state)
{
    struct two two;
    struct world *w = *state;
    Parkgate__ParkZone *zone = zone_row(w, "bonded"); /* gate-a leads into it, gate-b does not */
    zone->two_person = true;
    zone_put(w, "bonded", zone);
    park_apply(w);
    open_two(&two, w);
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    go_on(&two, 2);
    people_move(&two);
    assert_has_presence(&two.a, 2); /* one left: a row that says so */
    assert_counts_only(&two.b);
    assert_true(places_told(&two.a, 0) > 0);
    assert_int_equal(places_told(&two.b, 0), 0);
    assert_true(two.a.generation != two.b.generation);
    close_two(&two);
}

static void an_agent_of_before_is_told_as_before(void **state)
{
    struct two two;
    open_two(&two, *state);
    two.a.counts = false;
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    go_on(&two, 2);
    people_move(&two);
    assert_has_presence(&two.a, 2);
    assert_counts_only(&two.b);
    uint64_t generation = two.a.generation;
    taker_rejoin(&two.a); /* its program is brought forward: presence goes */
    two.a.counts = true;
    taker_have(&two.a, false);
    go_on(&two, 3);
    assert_counts_only(&two.a);
    assert_true(two.a.generation != generation);
    close_two(&two);
}

static void a_rule_that_comes_and_goes(void **state)
{
    struct two two;
    struct world *w = *state;
    open_two(&two, w);
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    go_on(&two, 2);
    people_move(&two);
    assert_counts_only(&two.a);
    uint64_t counts = two.a.generation;

    set_passback(w, "yard-hard", "yard", PASSBACK_MODE_HARD, 0);
    taker_beat(&two.a);
    go_on(&two, 3);
    assert_has_presence(&two.a, 2);
    assert_has_presence(&two.b, 2);
    assert_true(two.a.generation != counts);
    uint64_t presence = two.a.generation;
    gate_walk(w, &two.a.gate, "a-out", badges[2]);
    go_on(&two, 2);
    assert_has_presence(&two.a, 2);
    assert_false(two.a.last->snapshot);

    set_passback(w, "yard-hard", "hall", PASSBACK_MODE_SOFT, 0); /* gate-b does not lead there */
    go_on(&two, 3);
    assert_has_presence(&two.a, 2);
    assert_int_equal(two.a.generation, presence); /* it asks still: its copy goes on */
    size_t from = w->sent_count;
    assert_counts_only(&two.b); /* what it knew is thrown away */
    people_move(&two);
    assert_counts_only(&two.b);
    assert_int_equal(places_told(&two.b, from), 0);
    close_two(&two);
}

/* It slept while the rules changed, and the controller's memory is gone. */
static void who_comes_back_with_the_other_kind_begins_anew(void **state)
{
    struct two two;
    struct world *w = *state;
    open_two(&two, w);
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    go_on(&two, 2);
    people_move(&two);
    uint64_t counts = two.b.generation;
    set_passback(w, "yard-hard", "yard", PASSBACK_MODE_HARD, 0);
    world_restart(w);
    taker_rejoin(&two.a);
    taker_rejoin(&two.b);
    taker_have(&two.a, false);
    taker_have(&two.b, false);
    go_on(&two, 3);
    assert_has_presence(&two.a, 2);
    assert_has_presence(&two.b, 2);
    assert_true(two.b.generation != counts);
    world_restart(w); /* now it is as it must be: known again */
    counts = two.b.generation;
    taker_rejoin(&two.a);
    taker_rejoin(&two.b);
    taker_have(&two.a, false);
    taker_have(&two.b, false);
    go_on(&two, 3);
    assert_has_presence(&two.b, 2);
    assert_int_equal(two.b.generation, counts);
    close_two(&two);
}

/* In the midst of a delivery with presence. */
static void a_change_in_the_midst_of_a_snapshot(void **state)
{
    enum { MORE = 400 };
    struct two two;
    struct world *w = *state;
    set_passback(w, "yard-hard", "yard", PASSBACK_MODE_HARD, 0);
    open_two(&two, w);
    for (int i = 0; i < MORE; i++) {
        char name[32];
        char uid[16];
        (void)snprintf(name, sizeof(name), "Person %d", i);
        (void)snprintf(uid, sizeof(uid), "0522%010x", (unsigned)i);
        person_with_badge(w, "acme", name, uid, "day", NULL);
    }
    gate_walk(w, &two.a.gate, "a-in", badges[0]);
    taker_have(&two.a, true);
    taker_have(&two.b, true);
    for (int i = 0; i < 5; i++) {
        world_pass(w, MS_US);
        world_turn(w);
    }
    assert_true(w->ctl->copies->snapshot.id != 0); /* it goes on */
    set_passback(w, "yard-hard", "bonded", PASSBACK_MODE_HARD, 0);
    size_t from = w->sent_count;
    go_on(&two, 12);
    assert_has_presence(&two.a, 1);
    assert_counts_only(&two.b);
    gate_walk(w, &two.a.gate, "a-out", badges[0]);
    go_on(&two, 2);
    assert_counts_only(&two.b);
    assert_true(w->sent_count > from);
    close_two(&two);
}

/* The number of a copy names its kind: the same draw for the other one is another number, and for
 * copies with presence it is what it was before there were two kinds. */
static void the_kind_is_in_the_signature(void **state)
{
    static const uint8_t gates_key[SEAL_KEY_SIZE] = {1};
    static const uint8_t gate_key[32] = {2};
    struct seal_key key;
    (void)state;
    memcpy(key.bytes, gates_key, sizeof(gates_key));
    struct copy_generation of = {
        .gate = "gate-a", .key = BYTES_OF(gate_key), .epoch = 3, .nonce = 4};
    uint64_t presence = copies_generation(&key, &of);
    of.class = COPY_COUNTS;
    uint64_t counts = copies_generation(&key, &of);
    assert_true(presence != counts);
    assert_int_equal(presence >> 32, counts >> 32);
    of.recovery = 9;
    assert_true(copies_generation(&key, &of) != counts);
    uint8_t number[8] = {0, 0, 0, 4, 0, 0, 0, 3};
    struct seal_hash before =
        seal_keyed_hash(&key, "parkgate copy generation",
                        SEAL_PARTS(BYTES_OF(number), bytes_of_text("gate-a"), BYTES_OF(gate_key)));
    struct reader r = reader_of(BYTES_OF(before.bytes));
    assert_int_equal(presence & UINT32_MAX, reader_u32(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(who_asks_for_nobody_is_told_of_nobody),
        WORLD_TEST(a_neighbour_whose_rules_ask_is_told),
        WORLD_TEST(an_agent_of_before_is_told_as_before),
        WORLD_TEST(a_rule_that_comes_and_goes),
        WORLD_TEST(who_comes_back_with_the_other_kind_begins_anew),
        WORLD_TEST(a_change_in_the_midst_of_a_snapshot),
        cmocka_unit_test(the_kind_is_in_the_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
