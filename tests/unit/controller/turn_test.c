/* Goal: a turn's work is bounded, whatever the park holds and however full the quarter is. Method:
 * rows of bulk work by the gauge, reads and writes of an event by the store's own count in a small
 * park, a larger one and after many events, and the thread's processor time where the build is a
 * release. */
#include "tests/unit/controller/harness.h"

#include <time.h>

#include "controller/app/batch.h"
#include "schema/limits.h"

enum {
    FEW = 5,
    MANY = 400,
    ROUNDS = 12,
    EVENT_STEPS_MAX = 100,  /* reads, writes and rows walked of a presentation and its passage */
    EVENT_STEPS_SPREAD = 8, /* rows of others must not count */
    SLICE_ROWS = 100,       /* of a request of the command line's import */
};

#if defined(__SANITIZE_ADDRESS__)
static const bool is_release = false;
#else
static const bool is_release = true;
#endif

static int64_t cpu_us(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static uint64_t steps_of(const struct world *w)
{
    struct store_stats store, keys;
    store_stats_of(w->store, &store);
    store_stats_of(w->keys, &keys);
    return store.steps + keys.steps;
}

/* --- events --- */

static const char *uid_of(size_t person, char out[16])
{
    (void)snprintf(out, 16, "04%06zx", 0x6000 + person);
    return out;
}

static void hire(struct world *w, size_t from, size_t until)
{
    char uid[16];
    for (size_t i = from; i < until; i++) {
        person_with_badge(w, i % 2 == 0 ? "acme" : "beta", "Li Wei", uid_of(i, uid), "day", NULL);
        sent_forget(w);
    }
}

/* Steps of one person's read and passage, in a turn of their own. */
static uint64_t steps_of_walk(struct world *w, struct gate *gate, const char *lane, size_t person)
{
    char uid[16];
    uint64_t before = steps_of(w);
    uint64_t read = gate_badge(w, gate, lane, uid_of(person, uid));
    (void)gate_passage(w, gate, lane, read, PASSAGE_PASSED);
    uint64_t steps = steps_of(w) - before;
    world_turn(w);
    assert_granted(w, read, lane[2] == 'i' ? REASON_GRANTED : REASON_EXIT);
    sent_forget(w);
    return steps;
}

static void assert_near(uint64_t steps, uint64_t first)
{
    if (steps > EVENT_STEPS_MAX || steps > first + EVENT_STEPS_SPREAD) {
        fail_msg("%llu steps, and %llu at first", (unsigned long long)steps,
                 (unsigned long long)first);
    }
}

static void an_event_takes_few_steps_however_many_people_there_are(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    hire(w, 0, FEW);
    uint64_t first = steps_of_walk(w, &gate, "a-in", 0);
    assert_near(first, first);
    hire(w, FEW, MANY);
    assert_near(steps_of_walk(w, &gate, "a-in", 1), first);
    for (size_t i = FEW; i < MANY; i++) {
        world_pass(w, SECOND_US);
        assert_near(steps_of_walk(w, &gate, "a-in", i), first);
    }
    assert_near(steps_of_walk(w, &gate, "a-in", 2), first);
}

static void an_event_takes_few_steps_however_often_one_passes(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    hire(w, 0, 1);
    uint64_t in = steps_of_walk(w, &gate, "a-in", 0);
    world_pass(w, 10 * SECOND_US);
    uint64_t out = steps_of_walk(w, &gate, "a-out", 0);
    for (size_t i = 0; i < ROUNDS; i++) {
        world_pass(w, 10 * SECOND_US);
        assert_near(steps_of_walk(w, &gate, "a-in", 0), in);
        world_pass(w, 10 * SECOND_US);
        assert_near(steps_of_walk(w, &gate, "a-out", 0), out);
    }
}

/* --- bulk work --- */

struct rows {
    ProtobufCBinaryData row[LIMIT_ROWS_PER_MESSAGE];
    uint8_t bytes[64 * 1024];
};

static void fill_rows(struct rows *rows, size_t first, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        char name[32], badge[16], external[16];
        Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
        (void)snprintf(name, sizeof(name), "Person %zu", first + i);
        (void)snprintf(external, sizeof(external), "%zu", first + i);
        (void)snprintf(badge, sizeof(badge), "045152%08zx", first + i);
        row.line = (uint32_t)(first + i + 2);
        row.tenant = text_of("acme");
        row.person_name = name;
        row.external = external;
        row.badge = badge;
        row.kind = text_of("day");
        row.shift = text_of("day");
        row.from_date = TUESDAY;
        row.to_date = TUESDAY + 30;
        rows->row[i].data = rows->bytes + used;
        rows->row[i].len = parkgate__roster_row__pack(&row, rows->bytes + used);
        used += rows->row[i].len;
    }
}

static const char *begin_import(struct world *w)
{
    return note(assert_done(ask(w, w->admin, "import.begin", "rows", "100000", NULL)), "import");
}

/* Sends a slice as a turn of its own; returns its processor time, its commit included. */
static int64_t send_slice(struct world *w, const char *import, size_t first, size_t count)
{
    static struct rows rows;
    char text[16];
    fill_rows(&rows, first, count);
    (void)snprintf(text, sizeof(text), "%zu", first);
    int64_t begun_us = cpu_us();
    const Parkgate__Reply *reply = ask_rows(w, w->admin, "import.slice", rows.row, count, "import",
                                            import, "first", text, NULL);
    int64_t took_us = cpu_us() - begun_us;
    assert_done(reply);
    sent_forget(w);
    turn_took(w->ctl, took_us);
    return took_us;
}

static void a_turn_does_at_most_200_rows(void **state)
{
    struct world *w = *state;
    char import[32];
    (void)snprintf(import, sizeof(import), "%s", begin_import(w));
    turn_took(w->ctl, 0);
    assert_false(turn_did_bulk(w->ctl));
    (void)send_slice(w, import, 0, LIMIT_ROWS_PER_MESSAGE);
    (void)send_slice(w, import, LIMIT_ROWS_PER_MESSAGE, 7);
    assert_int_equal(w->ctl->gauges.turn_rows_max, LIMIT_ROWS_PER_MESSAGE);
    assert_int_equal(w->ctl->gauges.rows, LIMIT_ROWS_PER_MESSAGE + 7);
    assert_int_equal(w->ctl->gauges.turn_inputs_max, 1);
}

/* The shell takes no further frame in a turn that did bulk work. */
static void bulk_work_ends_the_turn(void **state)
{
    struct world *w = *state;
    char import[32];
    static struct rows rows;
    (void)snprintf(import, sizeof(import), "%s", begin_import(w));
    turn_took(w->ctl, 0);
    fill_rows(&rows, 0, 1);
    assert_done(
        ask_rows(w, w->admin, "import.slice", rows.row, 1, "import", import, "first", "0", NULL));
    assert_true(turn_did_bulk(w->ctl));
    turn_took(w->ctl, 0);
    assert_false(turn_did_bulk(w->ctl));
}

static void one_row(struct world *w, const char *import, size_t number)
{
    static struct rows rows;
    char first[16];
    fill_rows(&rows, number, 1);
    (void)snprintf(first, sizeof(first), "%zu", number);
    send_rows(w, w->admin, "import.slice", rows.row, 1, "import", import, "first", first, NULL);
    (void)turn_end(w->ctl);
}

/* Slices wait for each other, since only the importing program waits for them; an event does not.
 */
static void slices_share_a_commit(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char import[32];
    gate_join(w, &gate, "gate-a", 1);
    (void)snprintf(import, sizeof(import), "%s", begin_import(w));
    uint64_t commits = w->ctl->commits;
    one_row(w, import, 0);
    assert_int_equal(batch_due_ms(w->ctl), 4 * LIMIT_GROUP_COMMIT_MS);
    world_pass(w, 2 * LIMIT_GROUP_COMMIT_MS * MS_US);
    one_row(w, import, 1);
    assert_int_equal(batch_due_ms(w->ctl), 2 * LIMIT_GROUP_COMMIT_MS);
    (void)gate_badge(w, &gate, "a-in", "04010203040506");
    assert_int_equal(batch_due_ms(w->ctl), LIMIT_GROUP_COMMIT_MS);
    world_pass(w, 2 * MS_US);
    one_row(w, import, 2);
    assert_int_equal(batch_due_ms(w->ctl), LIMIT_GROUP_COMMIT_MS - 2);
    assert_int_equal(w->ctl->commits, commits);
    world_turn(w);
    assert_true(w->ctl->commits > commits);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Half of the slices: a machine that does other things, too, makes single ones longer. */
static void a_slice_takes_less_than_a_turns_time(void **state)
{
    enum { SLICES = 30 };
    struct world *w = *state;
    char import[32];
    int64_t took_us[SLICES];
    (void)snprintf(import, sizeof(import), "%s", begin_import(w));
    for (size_t i = 0; i < SLICES; i++) {
        took_us[i] = send_slice(w, import, i * SLICE_ROWS, SLICE_ROWS);
    }
    qsort(took_us, SLICES, sizeof(took_us[0]), by_size);
    if (is_release && took_us[SLICES / 2] > LIMIT_TURN_MS * MS_US) {
        fail_msg("a slice of %d rows took %lld us of processor time", SLICE_ROWS,
                 (long long)took_us[SLICES / 2]);
    }
}

static void a_crowd_takes_less_than_a_turns_time(void **state)
{
    enum { CROWD = 40 };
    struct world *w = *state;
    struct gate gate;
    int64_t took_us[ROUNDS];
    gate_join(w, &gate, "gate-a", 1);
    hire(w, 0, CROWD);
    for (size_t round = 0; round < ROUNDS; round++) {
        const char *lane = round % 2 == 0 ? "a-in" : "a-out";
        char uid[16];
        world_pass(w, 10 * SECOND_US);
        int64_t begun_us = cpu_us();
        for (size_t i = 0; i < CROWD; i++) {
            uint64_t read = gate_badge(w, &gate, lane, uid_of(i, uid));
            (void)gate_passage(w, &gate, lane, read, PASSAGE_PASSED);
        }
        took_us[round] = cpu_us() - begun_us;
        world_turn(w);
        sent_forget(w);
    }
    qsort(took_us, ROUNDS, sizeof(took_us[0]), by_size);
    if (is_release && took_us[ROUNDS / 2] > LIMIT_TURN_MS * MS_US) {
        fail_msg("%d events took %lld us of processor time", 2 * CROWD,
                 (long long)took_us[ROUNDS / 2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_event_takes_few_steps_however_many_people_there_are),
        WORLD_TEST(an_event_takes_few_steps_however_often_one_passes),
        WORLD_TEST(a_turn_does_at_most_200_rows),
        WORLD_TEST(bulk_work_ends_the_turn),
        WORLD_TEST(slices_share_a_commit),
        WORLD_TEST(a_slice_takes_less_than_a_turns_time),
        WORLD_TEST(a_crowd_takes_less_than_a_turns_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
