/* Goal: a batch that does not fit is redone whole with the verdicts already sent, one that the disk
 * does not take is acknowledged to nobody, what meets a damaged row fails alone, and a full one
 * commits by itself. Method: a whole
 * controller without its shell over a store of one megabyte, and RLIMIT_FSIZE for a full disk. */
#include "tests/unit/controller/harness.h"

#include <signal.h>
#include <sys/resource.h>

#include "controller/app/batch.h"
#include "controller/app/recount.h"

enum { PERSONS = 40, SMALL_MAP = 1 << 20 };

static size_t map_size(struct world *w)
{
    struct store_stats stats;
    store_stats_of(w->store, &stats);
    return stats.map_size;
}

static void uid_of(size_t i, char out[16])
{
    (void)snprintf(out, 16, "04%06zx", 0x5000 + i);
}

static void hire(struct world *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char uid[16];
        uid_of(i, uid);
        person_with_badge(w, i % 2 == 0 ? "acme" : "beta", "Li Wei", uid, "day", NULL);
        sent_forget(w);
    }
}

static void recount_is_equal(struct world *w)
{
    static struct recount_report report;
    struct fault fault = {0};
    if (recount_run(w->store, &report, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    assert_int_equal(report.differences, 0);
    assert_true(report.passages > 0);
}

static size_t verdicts_on(const struct world *w, uint64_t sequence)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Verdict *verdict = (const void *)w->sent[i].body;
        count += w->sent[i].kind == MESSAGE_VERDICT && verdict->sequence == sequence;
    }
    return count;
}

/* 49 presentations and their passages in one batch. */
static void crowd(struct world *w, struct gate *gate, const char *lane)
{
    for (size_t i = 0; i < PERSONS; i++) {
        char uid[16];
        uid_of(i, uid);
        uint64_t shown = gate_badge(w, gate, lane, uid);
        (void)gate_passage(w, gate, lane, shown, PASSAGE_PASSED);
    }
}

static void check_round(struct world *w, uint64_t first)
{
    for (uint64_t i = 0; i < 2 * PERSONS; i++) {
        uint64_t sequence = first + i;
        if (answers_to(w, sequence) != 1 || answer_of(w, sequence, NULL) != ANSWER_APPLIED) {
            fail_msg("sequence %llu: %zu answers", (unsigned long long)sequence,
                     answers_to(w, sequence));
        }
        assert_int_equal(verdicts_on(w, sequence), i % 2 == 0 ? 1 : 0);
    }
}

static void a_full_map_grows_and_the_batch_is_redone(void **state)
{
    struct world *w = world_open(&(struct world_options){.map_size = SMALL_MAP});
    struct gate gate;
    size_t grown = 0;
    size_t rounds = 0;
    (void)state;
    hire(w, PERSONS);
    gate_join(w, &gate, "gate-a", 1);
    for (; rounds < 60 && (grown < 2 || rounds < 8); rounds++) {
        size_t before = map_size(w);
        uint64_t head = head_of(w).sequence;
        uint64_t first = gate.sequence + 1;
        sent_forget(w);
        crowd(w, &gate, rounds % 2 == 0 ? "a-in" : "a-out");
        world_turn(w);
        grown += map_size(w) > before;
        check_round(w, first);
        assert_int_equal(entries_of(w, ENTRY_EVENT, head), 2 * PERSONS);
        world_pass(w, MINUTE_US);
    }
    print_message("%zu rounds, the map grew in %zu of them, to %zu\n", rounds, grown, map_size(w));
    assert_true(grown >= 2);
    const Parkgate__Reply *reply = admin(w, "headcount.show", "tenant", "acme", NULL);
    assert_string_equal(cell(reply, 0, "persons"), "20");
    char entries[24];
    (void)snprintf(entries, sizeof(entries), "%zu", PERSONS / 2 * ((rounds + 1) / 2));
    assert_string_equal(cell(reply, 0, "entries"), entries);
    recount_is_equal(w);
    (void)assert_replays(w);
    world_close(w);
}

/* What operators and gates say in one batch is redone in its order. */
static void mixed_batches_are_redone_in_order(void **state)
{
    struct world *w = world_open(&(struct world_options){.map_size = SMALL_MAP});
    struct gate gate;
    size_t grown = 0;
    (void)state;
    hire(w, 4);
    gate_join(w, &gate, "gate-a", 1);
    for (int round = 0; round < 3000 && grown < 1; round++) {
        size_t before = map_size(w);
        char uid[16];
        uid_of(0, uid);
        sent_forget(w);
        uint64_t shown = gate_badge(w, &gate, "a-in", uid);
        uint64_t passed = gate_passage(w, &gate, "a-in", shown, PASSAGE_PASSED);
        (void)admin(w, round % 2 == 0 ? "lane.free" : "lane.normal", "lane", "a-hall", "reason",
                    "x", NULL);
        assert_int_equal(sent_count(w, MESSAGE_REPLY), 1);
        assert_int_equal(answers_to(w, shown) + answers_to(w, passed), 2);
        grown += map_size(w) > before;
        world_pass(w, MINUTE_US);
    }
    assert_int_equal(grown, 1);
    (void)assert_replays(w);
    world_close(w);
}

/* --- a full disk --- */

static struct rlimit before_full;

static void fill_disk(void)
{
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before_full), 0);
    struct rlimit small = {.rlim_cur = 8192, .rlim_max = before_full.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)fflush(NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

static void free_disk(void)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before_full), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
}

static void a_full_disk_acknowledges_nothing_and_says_so(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct gate other;
    hire(w, PERSONS);
    gate_join(w, &gate, "gate-a", 1);
    gate_join(w, &other, "gate-b", 2);
    struct journal_head before = head_of(w);
    sent_forget(w);
    fill_disk();
    uint64_t first = gate_badge(w, &gate, "a-in", "04005000");
    struct gate again = gate;
    uint64_t passed = gate_passage(w, &gate, "a-in", first, PASSAGE_PASSED);
    const Parkgate__Reply *reply =
        ask(w, w->admin, "lane.lock", "lane", "a-in", "reason", "x", NULL);
    free_disk();
    assert_non_null(reply);
    assert_refused(reply, ERROR_STORE_FULL);
    assert_string_equal(reply->error_arg[0], w->store_dir);
    assert_int_equal(answers_to(w, first) + answers_to(w, passed), 0);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
    /* A question writes nothing: its commit does not say that there is room. */
    for (int i = 0; i < 2; i++) {
        assert_string_equal(note(admin(w, "status", NULL), "state"), "store-full");
    }
    /* Who comes now is not let in, and not kept in. */
    sent_forget(w);
    fill_disk();
    uint64_t entry = gate_badge(w, &other, "b-in", "04005001");
    uint64_t leaving = gate_badge(w, &other, "b-out", "04005002");
    free_disk();
    uint32_t outcome = OUTCOME_GRANT;
    assert_int_equal(verdict_of(w, entry, &outcome), REASON_STORE_FULL);
    assert_int_equal(outcome, OUTCOME_DENY);
    assert_int_equal(verdict_of(w, leaving, &outcome), REASON_EXIT);
    assert_int_equal(outcome, OUTCOME_GRANT);
    assert_int_equal(answers_to(w, entry) + answers_to(w, leaving), 0);
    world_pass(w, 5 * SECOND_US);
    /* There is room again: the same frames, as the gate sends them again. */
    sent_forget(w);
    gate_again(w, &again);
    assert_granted(w, first, REASON_GRANTED);
    gate_again(w, &gate);
    world_turn(w);
    assert_int_equal(answer_of(w, first, NULL), ANSWER_APPLIED);
    assert_int_equal(answer_of(w, passed, NULL), ANSWER_APPLIED);
    assert_false(w->ctl->store_full);
    assert_string_equal(cell(admin(w, "headcount.show", "tenant", "acme", NULL), 0, "persons"),
                        "1");
    (void)assert_replays(w);
}

/* A roster that leaves stands in the journal, or does not leave. */
static void a_job_whose_entry_was_not_kept_never_begins(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t jobs = w->jobs;
    fill_disk();
    const Parkgate__Reply *reply = ask(w, w->admin, "agent.carry", "gate", "gate-a", "file",
                                       "/media/stick/roster", "reason", "line cut", NULL);
    free_disk();
    assert_refused(reply, ERROR_STORE_FULL);
    world_pass(w, 5 * SECOND_US);
    (void)admin(w, "lane.lock", "lane", "a-in", "reason", "x", NULL);
    world_turn(w);
    assert_int_equal(w->jobs, jobs);
    (void)ask(w, w->admin, "agent.carry", "gate", "gate-a", "file", "/media/stick/roster", "reason",
              "line cut", NULL);
    assert_int_equal(w->jobs, jobs + 1);
}

static void poison_stays_poison_when_its_refusal_was_not_kept(void **state)
{
    struct world *w = *state;
    struct gate gate;
    uint32_t error = 0;
    gate_join(w, &gate, "gate-a", 1);
    (void)gate_badge(w, &gate, "a-out", "04010203"); /* worked off, but never committed ... */
    world_restart(w);
    for (int crash = 0; crash < IN_WORK_CRASHES; crash++) {
        assert_true(in_work_begin(&w->in_work, &gate.last_digest)); /* ... for each time it died */
        in_work_started(&w->in_work);
    }
    Parkgate__Hello hello = gate_hello_message(w, &gate);
    gate_send_hello(w, &gate, &hello);
    sent_forget(w);
    fill_disk();
    gate_again(w, &gate);
    world_turn(w);
    free_disk();
    assert_int_equal(answers_to(w, gate.sequence), 0);
    gate_again(w, &gate);
    world_turn(w);
    assert_int_equal(answer_of(w, gate.sequence, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_POISON);
    assert_false(has_verdict(w, gate.sequence));
}

static void a_configuration_that_was_not_kept_is_not_in_force(void **state)
{
    struct world *w = *state;
    char stage[24];
    (void)snprintf(
        stage, sizeof(stage), "%s",
        note(assert_done(ask_rows(w, w->admin, "park.stage", w->rows.row, w->rows.count, NULL)),
             "stage"));
    fill_disk();
    const Parkgate__Reply *reply =
        ask(w, w->admin, "park.commit", "stage", stage, "config_version", "1", NULL);
    free_disk();
    assert_refused(reply, ERROR_STORE_FULL);
    assert_int_equal(w->ctl->park->config_version, 1);
    reply = admin(w, "park.commit", "stage", stage, "config_version", "1", NULL);
    assert_string_equal(note(reply, "config_version"), "2");
    (void)assert_replays(w);
}

static void a_tenant_that_was_refused_leaves_no_trace(void **state)
{
    struct world *w = *state;
    fill_disk();
    assert_refused(
        ask(w, w->admin, "tenant.add", "name", "new", "title", "New", "zones", "yard", NULL),
        ERROR_STORE_FULL);
    free_disk();
    assert_true(row_with(admin(w, "tenant.list", NULL), "tenant", "new") == SIZE_MAX);
    (void)admin(w, "tenant.add", "name", "new", "title", "New", "zones", "yard", NULL);
    assert_true(row_with(admin(w, "tenant.list", NULL), "tenant", "new") != SIZE_MAX);
    (void)assert_replays(w);
}

/* --- damaged rows --- */

/* Flips the lowest bit of the last byte of the person's row; once more mends it. */
static void flip(struct world *w, const char *person)
{
    uint8_t kept[1024];
    struct handle handle;
    struct bytes value;
    struct store_txn *txn = NULL;
    world_turn(w);
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_get(txn, TABLE_HOLDER, BYTES_OF(handle.bytes), &value, NULL), ERR_OK);
    assert_in_range(value.size, 1, sizeof(kept));
    memcpy(kept, value.data, value.size);
    kept[value.size - 1] ^= 1;
    assert_int_equal(store_put(txn, TABLE_HOLDER, BYTES_OF(handle.bytes),
                               (struct bytes){.data = kept, .size = value.size}, NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void a_request_that_meets_a_damaged_row_fails_alone(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    person_with_badge(w, "acme", "Li Wei", "04010203", "day", li);
    hire(w, 2);
    gate_join(w, &gate, "gate-a", 1);
    uint64_t head = head_of(w).sequence;
    flip(w, li);
    sent_forget(w);
    uint64_t shown = gate_badge(w, &gate, "a-in", "04005000");
    send_rows(w, w->admin, "person.show", NULL, 0, "person", li, "reason", "x", NULL);
    uint64_t passed = gate_passage(w, &gate, "a-in", shown, PASSAGE_PASSED);
    send_rows(w, w->admin, "lane.lock", NULL, 0, "lane", "a-hall", "reason", "x", NULL);
    world_turn(w);
    assert_granted(w, shown, REASON_GRANTED);
    assert_int_equal(verdicts_on(w, shown), 1);
    assert_int_equal(answer_of(w, shown, NULL), ANSWER_APPLIED);
    assert_int_equal(answer_of(w, passed, NULL), ANSWER_APPLIED);
    assert_int_equal(entries_of(w, ENTRY_EVENT, head), 2);
    assert_int_equal(entries_of(w, ENTRY_LANE_STATE, head), 1);
    assert_int_equal(sent_count(w, MESSAGE_REPLY), 2);
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Reply *reply = (const void *)w->sent[i].body;
        if (w->sent[i].kind == MESSAGE_REPLY && reply->error != 0) {
            assert_refused(reply, ERROR_INTERNAL);
            assert_non_null(strstr(reply->error_arg[0], "damaged (CRC)"));
            head = 0;
        }
    }
    assert_int_equal(head, 0); /* one of them was told so */
    flip(w, li);
    (void)assert_replays(w);
}

/* It stays at its gate, neither answered nor refused, and the others of the batch do not. */
static void an_event_that_meets_a_damaged_row_waits_for_it(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct gate again;
    char li[HANDLE_TEXT_SIZE];
    person_with_badge(w, "acme", "Li Wei", "04010203", "day", li);
    hire(w, 2);
    gate_join(w, &gate, "gate-a", 1);
    uint64_t head = head_of(w).sequence;
    flip(w, li);
    sent_forget(w);
    uint64_t before = gate_badge(w, &gate, "a-in", "04005000");
    uint64_t damaged = gate_badge(w, &gate, "a-in", "04010203");
    again = gate;
    uint64_t behind = gate_badge(w, &gate, "a-in", "04005001");
    world_turn(w);
    assert_granted(w, before, REASON_GRANTED);
    assert_granted(w, behind, REASON_GRANTED);
    assert_int_equal(answer_of(w, before, NULL), ANSWER_APPLIED);
    assert_int_equal(answer_of(w, behind, NULL), ANSWER_APPLIED);
    assert_int_equal(answers_to(w, damaged), 0);
    assert_int_equal(entries_of(w, ENTRY_EVENT, head), 2);
    flip(w, li);
    gate_again(w, &again);
    world_turn(w);
    assert_granted(w, damaged, REASON_GRANTED);
    assert_int_equal(answer_of(w, damaged, NULL), ANSWER_APPLIED);
    (void)assert_replays(w);
}

/* --- groups --- */

static void a_full_batch_commits_by_itself(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    sent_forget(w);
    for (int i = 0; i < LIMIT_GROUP_COMMIT_ENTRIES - 1; i++) {
        (void)gate_badge(w, &gate, "a-out", "04010203");
    }
    assert_int_equal(sent_count(w, MESSAGE_ACK), 0);
    uint64_t last = gate_badge(w, &gate, "a-out", "04010203");
    assert_int_equal(sent_count(w, MESSAGE_ACK), 1); /* one letter for all */
    assert_int_equal(answer_of(w, last, NULL), ANSWER_APPLIED);
    assert_int_equal(batch_due_ms(w->ctl), -1);
}

static void a_batch_is_due_after_five_milliseconds(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t sequence = gate_badge(w, &gate, "a-out", "04010203");
    assert_int_equal(turn_end(w->ctl), LIMIT_GROUP_COMMIT_MS);
    world_pass(w, 4 * MS_US);
    assert_int_equal(turn_end(w->ctl), 1);
    assert_int_equal(answers_to(w, sequence), 0);
    world_pass(w, MS_US);
    assert_int_equal(turn_end(w->ctl), -1);
    assert_int_equal(answers_to(w, sequence), 1);
}

static void gates_get_a_letter_each(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct gate b;
    gate_join(w, &a, "gate-a", 1);
    gate_join(w, &b, "gate-b", 2);
    sent_forget(w);
    for (int i = 0; i < 10; i++) {
        (void)gate_badge(w, &a, "a-out", "04010203");
        (void)gate_badge(w, &b, "b-out", "04010203");
    }
    world_turn(w);
    assert_int_equal(sent_count(w, MESSAGE_ACK), 2);
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Ack *ack = (const void *)w->sent[i].body;
        if (w->sent[i].kind == MESSAGE_ACK) {
            assert_int_equal(ack->n_sequence, 10);
            assert_int_equal(ack->n_answer, 10);
            assert_int_equal(ack->n_error, 10);
        }
    }
    assert_int_not_equal(w->sent[w->sent_count - 1].peer.id[4],
                         w->sent[w->sent_count - 2].peer.id[4]);
}

static void followers_are_told_what_was_committed(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    char after[24];
    (void)snprintf(after, sizeof(after), "%s", note(admin(w, "events", NULL), "head"));
    sent_forget(w);
    assert_null(ask(w, w->admin, "events", "after", after, "follow", "yes", NULL));
    uint64_t question = w->last_request;
    (void)gate_badge(w, &gate, "a-out", "04010203");
    assert_int_equal(sent_count(w, MESSAGE_REPLY), 0);
    world_turn(w);
    const struct sent *reply = sent_last(w, MESSAGE_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->sequence, question);
    assert_true(reply->committed > strtoull(after, NULL, 10));
    const Parkgate__Reply *rows = (const void *)reply->body;
    assert_int_equal(row_count(rows), 1);
    assert_string_equal(cell(rows, 0, "verdict"), "grant");
    assert_string_equal(cell(rows, 0, "reason"), "exit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_map_grows_and_the_batch_is_redone),
        cmocka_unit_test(mixed_batches_are_redone_in_order),
        WORLD_TEST(a_full_disk_acknowledges_nothing_and_says_so),
        WORLD_TEST(a_job_whose_entry_was_not_kept_never_begins),
        WORLD_TEST(poison_stays_poison_when_its_refusal_was_not_kept),
        WORLD_TEST(a_configuration_that_was_not_kept_is_not_in_force),
        WORLD_TEST(a_tenant_that_was_refused_leaves_no_trace),
        WORLD_TEST(a_request_that_meets_a_damaged_row_fails_alone),
        WORLD_TEST(an_event_that_meets_a_damaged_row_waits_for_it),
        WORLD_TEST(a_full_batch_commits_by_itself),
        WORLD_TEST(a_batch_is_due_after_five_milliseconds),
        WORLD_TEST(gates_get_a_letter_each),
        WORLD_TEST(followers_are_told_what_was_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
