/* Goal: what goes wrong becomes an alert by the same entry, repeats are counted, time escalates,
 * and a replay gives the same alerts. Method: a whole controller without its shell; faults of gates
 * and news made up, time that only the test moves. */
#include "controller/app/alerts.h"
#include "controller/app/batch.h"
#include "controller/store/alert_store.h"
#include "tests/unit/controller/harness.h"

struct raised {
    const struct alert_news *news;
    uint64_t number;
};

static enum err raise_it(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct raised *raised = ctx;
    return alert_raise(ctl, raised->news, &raised->number, fault);
}

static uint64_t raise_in_batch(struct world *w, const struct alert_news *news)
{
    struct raised raised = {.news = news};
    batch_run(w->ctl, raise_it, &raised);
    return raised.number;
}

static uint64_t raise_news(struct world *w, struct alert_news news)
{
    uint64_t number = raise_in_batch(w, &news);
    world_turn(w);
    return number;
}

/* Owned by the test until the next one is asked for. */
static const Parkgate__AlertRecord *kept(struct world *w, uint64_t number)
{
    static Parkgate__AlertRecord *record;
    struct store_txn *txn = NULL;
    if (record != NULL) {
        parkgate__alert_record__free_unpacked(record, NULL);
        record = NULL;
    }
    if (number == 0) {
        return NULL;
    }
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_get(txn, number, &record, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return record;
}

static uint64_t newest(struct world *w)
{
    Parkgate__AlertRecord *record = NULL;
    struct store_txn *txn = NULL;
    uint64_t number = 0;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    if (alert_before(txn, 0, &record, NULL) == ERR_OK) {
        number = record->number;
        parkgate__alert_record__free_unpacked(record, NULL);
    }
    store_txn_destroy(&txn);
    return number;
}

static uint64_t open_count(struct world *w)
{
    uint64_t count = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_open_count(txn, &count, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return count;
}

static void tick_for(struct world *w, int64_t seconds)
{
    for (int64_t i = 0; i < seconds; i++) {
        world_pass(w, SECOND_US - LIMIT_GROUP_COMMIT_MS * MS_US); /* world_turn() takes the rest */
        turn_tick(w->ctl);
        world_turn(w);
    }
}

static struct alert_news news_of(const char *word, const char *about)
{
    return (struct alert_news){.kind = alert_kind(word), .about = about};
}

static void a_fault_is_an_alert_by_the_same_entry(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    (void)gate_passage(w, &gate, "a-in", 0, PASSAGE_FORCED);
    world_turn(w);
    assert_int_equal(head_of(w).sequence, before + 2); /* the event, and its fault */
    const Parkgate__AlertRecord *record = kept(w, newest(w));
    assert_int_equal(record->number, before + 2);
    assert_string_equal(record->kind, "forced");
    assert_string_equal(record->lane, "a-in");
    assert_string_equal(record->gate, "gate-a");
    assert_int_equal(record->state, ALERT_RAISED);
    assert_int_equal(record->priority, 2);
    assert_int_equal(record->count, 1);
    assert_false(record->lasting);
    (void)gate_passage(w, &gate, "a-in", 0, PASSAGE_FORCED);
    world_turn(w);
    assert_int_equal(open_count(w), 1);
    assert_int_equal(kept(w, newest(w))->count, 2);
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void the_end_of_a_fault_is_noted_and_closes_nothing(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_passage(w, &gate, "a-in", 0, PASSAGE_HELD);
    world_turn(w);
    uint64_t number = newest(w);
    assert_true(kept(w, number)->lasting);
    (void)gate_passage(w, &gate, "a-in", 0, PASSAGE_HELD_ENDED);
    world_turn(w);
    assert_string_equal(note(admin(w, "status", NULL), "open_faults"), "0");
    const Parkgate__AlertRecord *record = kept(w, number);
    assert_int_equal(record->state, ALERT_RAISED);
    assert_false(record->lasting);
    assert_true(record->ended_us != 0);
    (void)gate_passage(w, &gate, "a-in", 0, PASSAGE_HELD);
    world_turn(w);
    assert_int_equal(newest(w), number);
    assert_int_equal(kept(w, number)->count, 2);
    assert_true(kept(w, number)->lasting);
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void every_kind_of_the_table_can_be_raised(void **state)
{
    struct world *w = *state;
    size_t count = 0;
    const struct alert_kind *kinds = alert_kind_table(&count);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = raise_news(w, news_of(kinds[i].word, "x"));
        assert_string_equal(kept(w, number)->kind, kinds[i].word);
        assert_int_equal(kept(w, number)->priority, kinds[i].priority);
        assert_int_equal(number, head_of(w).sequence);
    }
    assert_int_equal(open_count(w), count);
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void time_escalates_and_then_rests(void **state)
{
    struct world *w = *state;
    uint64_t number = raise_news(w, news_of("audit-break", "journal"));
    tick_for(w, LIMIT_ALERT_ACKNOWLEDGE_S - 1);
    assert_int_equal(kept(w, number)->level, 0);
    tick_for(w, 1);
    const Parkgate__AlertRecord *record = kept(w, number);
    assert_int_equal(record->level, 1);
    assert_int_equal(record->levels, 2);
    assert_int_equal(record->due_us, 0);
    uint64_t head = head_of(w).sequence;
    tick_for(w, 600);
    assert_int_equal(head_of(w).sequence, head);
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void a_candidate_lapses_after_ten_minutes(void **state)
{
    struct world *w = *state;
    struct alert_news news = news_of("watch-candidate", "");
    news.fold = "one";
    news.candidate = true;
    news.authority = "station";
    news.matcher = "plate-alike";
    uint64_t number = raise_news(w, news);
    tick_for(w, LIMIT_CANDIDATE_S - 1);
    assert_int_not_equal(kept(w, number)->state, ALERT_CLOSED);
    tick_for(w, 1);
    const Parkgate__AlertRecord *record = kept(w, number);
    assert_int_equal(record->state, ALERT_CLOSED);
    assert_int_equal(record->decision, ALERT_HAS_LAPSED);
    assert_int_equal(open_count(w), 0);
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void add_rule(struct world *w, const char *kind, uint32_t priority, uint32_t acknowledge_s,
                     const char *procedure)
{
    char *tell[] = {text_of("guard"), text_of("security"), text_of("root")};
    uint32_t limits[ALERT_LIMIT_COUNT] = {acknowledge_s, 0, 0};
    Parkgate__ParkAlert rule = PARKGATE__PARK_ALERT__INIT;
    rule.priority = priority;
    rule.n_limit_s = ARRAY_LEN(limits);
    rule.limit_s = limits;
    rule.n_tell = strcmp(kind, "default") == 0 ? ARRAY_LEN(tell) : 0;
    rule.tell = tell;
    rule.procedure = text_of(procedure);
    rows_add(&w->rows, PARK_ALERT, kind, &rule.base);
}

static void the_park_says_priority_limits_order_and_procedure(void **state)
{
    struct world *w = *state;
    add_rule(w, "default", 0, 20, "");
    add_rule(w, "audit-break", 4, 10, "call Wang");
    park_apply(w);
    uint64_t own = raise_news(w, news_of("audit-break", "journal"));
    uint64_t general = raise_news(w, news_of("forced", "a-in"));
    assert_int_equal(kept(w, own)->priority, 4);
    assert_int_equal(kept(w, own)->levels, 3);
    assert_int_equal(kept(w, own)->due_us - kept(w, own)->raised_us, 10 * SECOND_US);
    assert_int_equal(kept(w, general)->priority, 2);
    assert_int_equal(kept(w, general)->due_us - kept(w, general)->raised_us, 20 * SECOND_US);
    char number[24];
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)label_of(w, own));
    tick_for(w, 11);
    const Parkgate__Reply *shown = admin(w, "alert.show", "alert", number, NULL);
    assert_string_equal(note(shown, "whom"), "guard,security");
    assert_string_equal(note(shown, "procedure"), "call Wang");
    assert_string_not_equal(note(shown, "procedure_zh"), "");
    const Parkgate__Reply *park = admin(w, "park.show", NULL);
    size_t row = row_with(park, "name", "audit-break");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(park, row, "text"), "alerts, priority 4, acknowledged in 10 s");
    (void)kept(w, 0);
    (void)assert_replays(w);
}

static void a_rule_for_no_kind_is_refused(void **state)
{
    struct world *w = *state;
    add_rule(w, "no-such-kind", 1, 0, "");
    const Parkgate__Reply *staged =
        assert_done(ask_rows(w, w->admin, "park.stage", w->rows.row, w->rows.count, NULL));
    char stage[24];
    (void)snprintf(stage, sizeof(stage), "%s", note(staged, "stage"));
    const Parkgate__Reply *reply = ask(w, w->admin, "park.diff", "stage", stage, NULL);
    assert_refused(reply, ERROR_PARK_VALUE);
    assert_string_equal(reply->error_arg[1], "no-such-kind");
}

static void too_many_are_counted_by_kind(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < LIMIT_ALERTS_OPEN; i++) {
        char about[16];
        (void)snprintf(about, sizeof(about), "%u", i);
        struct alert_news news = news_of(i % 2 == 0 ? "forced" : "tailgated", about);
        (void)raise_in_batch(w, &news);
        if (i % 500 == 499) {
            world_turn(w);
        }
    }
    assert_int_equal(open_count(w), LIMIT_ALERTS_OPEN);
    uint64_t flood = raise_news(w, news_of("forced", "one-more"));
    assert_string_equal(kept(w, flood)->kind, "alert-flood");
    assert_string_equal(kept(w, flood)->about, "forced");
    assert_int_equal(raise_news(w, news_of("forced", "and-one")), flood);
    assert_int_equal(kept(w, flood)->count, 2);
    assert_int_equal(open_count(w), LIMIT_ALERTS_OPEN + 1);
    uint64_t urgent = raise_news(w, news_of("fire", "board-1")); /* that has room of its own */
    assert_string_equal(kept(w, urgent)->kind, "fire");
    (void)kept(w, 0);

    /* With so many open each turn does a bounded piece of work all the same. */
    struct store_stats before;
    struct store_stats after;
    uint64_t head = head_of(w).sequence;
    world_pass(w, LIMIT_ALERT_ACKNOWLEDGE_S * SECOND_US);
    store_stats_of(w->store, &before);
    turn_tick(w->ctl);
    store_stats_of(w->store, &after);
    assert_in_range(after.steps - before.steps, 1, 1000);
    world_turn(w);
    assert_int_equal(head_of(w).sequence, head + 20);
    store_stats_of(w->store, &before);
    assert_int_equal(row_count(admin(w, "alert.list", "lane", "b-out", NULL)), 0);
    store_stats_of(w->store, &after);
    assert_in_range(after.steps - before.steps, 1, 3000);
    for (size_t i = 0; i < 1000 && entries_of(w, ENTRY_ALERT, head) < LIMIT_ALERTS_OPEN; i++) {
        turn_tick(w->ctl);
        world_turn(w);
    }
    assert_true(entries_of(w, ENTRY_ALERT, head) >= LIMIT_ALERTS_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_fault_is_an_alert_by_the_same_entry),
        WORLD_TEST(the_end_of_a_fault_is_noted_and_closes_nothing),
        WORLD_TEST(every_kind_of_the_table_can_be_raised),
        WORLD_TEST(time_escalates_and_then_rests),
        WORLD_TEST(a_candidate_lapses_after_ten_minutes),
        WORLD_TEST(the_park_says_priority_limits_order_and_procedure),
        WORLD_TEST(a_rule_for_no_kind_is_refused),
        WORLD_TEST(too_many_are_counted_by_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
